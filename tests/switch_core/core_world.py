"""A world that applies each decision to a snapshot, as an engine would.

With it a test of ``decide`` reads like a story: one command after the other, and the balances.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from switch.commands import Command, Done, Result
from switch.decide import decide
from switch.delta import Delta, Snapshot
from switch.ledger import Entry
from switch.lifecycle import Event
from switch.model import State
from tests.switch_core.core_values import (
    FEE_KHR,
    HOLDER_KHR,
    HOLDER_THB,
    MEMBER_KHR,
    THAILAND_THB,
    concluded,
)

if TYPE_CHECKING:
    from switch.model import Payment

RESERVED: Final = {
    MEMBER_KHR: (0, 0, 4_125_000, 0),
    HOLDER_KHR: (0, 0, 0, 4_100_000),
    FEE_KHR: (0, 0, 0, 25_000),
    HOLDER_THB: (0, 0, 34_500, 0),
    THAILAND_THB: (0, 0, 0, 34_500),
}
POSTED: Final = {
    MEMBER_KHR: (4_125_000, 0, 0, 0),
    HOLDER_KHR: (0, 4_100_000, 0, 0),
    FEE_KHR: (0, 25_000, 0, 0),
    HOLDER_THB: (34_500, 0, 0, 0),
    THAILAND_THB: (0, 34_500, 0, 0),
}
RELEASED: Final = dict.fromkeys(POSTED, (0, 0, 0, 0))


@dataclass
class World:
    """Everything that was ever written, and what a batch of one command does to it."""

    state: Snapshot = field(default_factory=Snapshot)
    entries: list[Entry] = field(default_factory=list)
    block: int = 0
    last: Delta = field(default_factory=Delta)

    def do(self, command: Command) -> Result:
        """Decide one command; the snapshot is what was loaded and what was written since."""
        self.block += 1
        self.last, (result,) = decide(self.state, [command], self.block)
        self.entries += self.last.entries
        return result

    def done(self, command: Command) -> Payment:
        """Decide a command that must be carried out on a payment."""
        result = self.do(command)
        assert isinstance(result, Done)
        assert result.payment is not None
        return result.payment

    def balances(self) -> dict[str, tuple[int, int, int, int]]:
        """Posted debits and credits, pending debits and credits, by account."""
        return {
            a.key: (a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending)
            for a in self.state.accounts.values()
        }

    def to(self, state: State, held: Payment) -> Payment:
        """Bring an open payment to a state by the events that lead there."""
        routes = {
            State.UNKNOWN: (Event.LOST,),
            State.PENDING_FAR: (Event.PENDING,),
            State.CREDIT_UNKNOWN: (Event.LOST,),
            State.CREDIT_PENDING: (Event.PENDING,),
            State.MANUAL: (Event.LOST, Event.SPENT),
        }
        for event in routes.get(state, ()):
            held = self.done(concluded(held, event))
        assert held.state is state
        return held


def nothing_written(delta: Delta) -> bool:
    """Tell whether a decision wrote nothing at all."""
    return Delta() == delta
