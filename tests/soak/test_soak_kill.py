"""Fifty kills among payments, on each engine: for ``make soak``, too long for every run."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from tests.books.books_rig import new_stage
from tests.kill import kill_rounds
from tests.kill.postgres_stage import SHORT_LEASE, stage_maker

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.processes import PostgresServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        os.environ.get("BAKONG_SWITCH_SOAK") != "1", reason="takes minutes: make soak"
    ),
]


def test_killed_fifty_times_among_payments() -> None:
    asyncio.run(kill_rounds.played(new_stage, rounds=50))


def test_killed_fifty_times_among_payments_on_postgresql(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = stage_maker(postgres_server, tmp_path, monkeypatch, SHORT_LEASE)
    asyncio.run(kill_rounds.played(make, rounds=50, embedded=False))
