"""Fifty kills among payments, on each engine: for ``make soak``, too long for every run."""

from __future__ import annotations

import asyncio
import os

import pytest

from tests.books.books_rig import new_stage
from tests.kill import kill_rounds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        os.environ.get("BAKONG_SWITCH_SOAK") != "1", reason="takes minutes: make soak"
    ),
]


def test_killed_fifty_times_among_payments() -> None:
    asyncio.run(kill_rounds.played(new_stage, rounds=50))
