"""All networks at once, with faults and kills: in the end every side's books say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from switch.config import default_folder, load_config
from tests.networks.all_networks import AT_ONCE, SHARE, played, ways

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PAYMENTS: Final = 200
KILLS: Final = 2


def test_after_faults_and_kills_all_books_agree_payment_by_payment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = played(tmp_path, monkeypatch, payments=PAYMENTS, kills=KILLS, seed=8)
    print(told)

    assert told.differing == []
    assert told.contradictions == []
    assert told.telling == []
    assert told.opened >= len(told.by_way)
    assert told.report["faults"] == []
    assert told.kills == KILLS
    assert told.customers == PAYMENTS
    # Of a guest whose instruction never arrived there is no row; its network was told so.
    assert told.unheard <= KILLS * AT_ONCE
    assert told.by_way.total() + told.unheard >= PAYMENTS
    assert len(told.by_way) == len(ways(load_config(default_folder())))
    assert told.faults.total() >= told.requests * SHARE / 2
