"""Two thousand payments over all networks, with faults and five kills: for ``make soak``.

It is the run of ``tests/networks`` with other numbers.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import pytest

from switch.config import default_folder, load_config
from tests.networks.all_networks import ANSWERED_BADLY, AT_ONCE, DECIDED_BADLY, SHARE, played, ways

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        os.environ.get("BAKONG_SWITCH_SOAK") != "1", reason="takes minutes: make soak"
    ),
]

PAYMENTS: Final = 2_000
KILLS: Final = 5


def test_two_thousand_payments_over_all_networks_end_the_same_in_all_books(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = played(tmp_path, monkeypatch, payments=PAYMENTS, kills=KILLS, seed=2_000)
    sys.stderr.write(f"{told}\n")

    assert told.differing == []
    assert told.contradictions == []
    assert told.report["faults"] == []
    assert told.kills == KILLS
    assert told.customers == PAYMENTS
    # Of a guest whose instruction never arrived there is no row; its network was told so.
    assert told.unheard <= KILLS * AT_ONCE
    assert told.by_way.total() + told.unheard >= PAYMENTS
    assert len(told.by_way) == len(ways(load_config(default_folder())))
    assert told.faults.total() >= told.requests * SHARE * 0.8
    assert set(told.faults) == {*ANSWERED_BADLY, *DECIDED_BADLY}
