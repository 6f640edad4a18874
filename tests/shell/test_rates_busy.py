"""A busy store refuses one sheet, not those taken before it; the board stays as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fx.sheets import RateSheet
from switch.commands import Done
from switch.logs import SilentLog
from switch.rates import Rates
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SeededEntropy
from switch.store.contract import StoreBusy
from tests.fx.fx_strategies import ISSUED_AT, board

if TYPE_CHECKING:
    from fx.board import Board

TERMS: dict[str, object] = {
    "payer_currency": "KHR",
    "payee_currency": "THB",
    "unit_currency": "THB",
    "rate": "118.50",
    "version": "v-0",
    "effective_at": ISSUED_AT.isoformat(),
}


class Quotes:
    """Holds the board."""

    def __init__(self) -> None:
        self.board = board(RateSheet.from_terms({**TERMS, "provider": "acleda"}))

    def replace(self, other: Board) -> None:
        self.board = other


class SecondIsBusy:
    """Takes the first command only."""

    def __init__(self) -> None:
        self.kept: list[object] = []

    @property
    def read(self) -> SecondIsBusy:
        return self

    async def rates(self, newest: int) -> list[object]:
        """Nothing that another process recorded."""
        return []

    async def commit(self, command: object) -> Done:
        if self.kept:
            raise StoreBusy
        self.kept.append(command)
        return Done(None)


async def test_sheets_before_a_busy_moment_stay_taken() -> None:
    quotes: Any = Quotes()
    store: Any = SecondIsBusy()
    clock = SystemClock()
    rates = Rates(
        quotes, store=store, clock=clock, ids=Ids(clock, SeededEntropy(1)), log=SilentLog()
    )
    first = {**TERMS, "version": "v-1", "effective_at": clock.now().isoformat()}
    second = {**TERMS, "payer_currency": "THB", "payee_currency": "KHR", "rate": "118.40"}
    outcomes = await rates.publish("acleda", [first, second])

    assert [(each.outcome, each.code) for each in outcomes] == [
        ("taken", None),
        ("refused", "busy"),
    ]
    standing = quotes.board.current(clock.now())
    assert [posted.sheet.version for posted in standing] == ["v-1"]
