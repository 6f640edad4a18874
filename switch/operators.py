"""What operators ask of the store: two of them end what nothing else ends. Frozen values.

One proposes with evidence, another approves what they saw: how a payment ends, how a member or a
merchant stands from now on, how money gets out of suspense. The surprise: what an approval does is
planned by the shell before it, like any other command, and judged again by the decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from fx.money import Money
    from switch.commands import Conclude, Open, Sealed
    from switch.reasons import Reason
    from switch.standings import PartyState, Step
    from switch.suspense import Ending, Suspended


class Action(StrEnum):
    """What two operators may decide about a payment that nothing else ends."""

    ACCEPTED = "accepted"
    """It was carried out: evidence shows it."""
    REFUSED = "refused"
    """It was not carried out and never will be."""
    RELEASE = "release"
    """It was held, and may go on."""
    BLOCK = "block"
    """It was held, and its money is frozen by law."""
    UNBLOCK = "unblock"
    """The authority orders that frozen money is the payer's again."""
    SURRENDER = "surrender"
    """The authority takes frozen money: it is owed to it from now on."""
    UPHOLD = "uphold"
    """A dispute: what was booked stands, and the other side gives way."""
    AGAIN = "again"
    """A dispute about what was still to be done: it is taken up again."""
    OWE = "owe"
    """A dispute about money on its way back: nobody takes it, and its bearer owes it."""
    MATCH = "match"
    """Money that came back and fitted nothing: it is booked to the payer of its payment."""
    SEND_BACK = "send_back"
    """Such money: the network gets it again, with what is settled next."""
    BOOK = "book"
    """A dispute: it was carried out after all. The answer stays; the loss bearer is exposed."""
    UNBOOK = "unbook"
    """A dispute: it was not carried out after all. The answer stays; what was booked goes back."""


@dataclass(frozen=True, slots=True)
class Propose:
    """An operator proposes how a payment of this version ends; ``sealed`` holds the evidence.

    ``place`` counts the proposals for this version: the newest stands, and ``replaces`` is what the
    one before it claimed. ``turn`` counts those of this operator for it on this day (UTC).
    """

    uetr: str
    version: int
    action: Action
    reason: Reason | None
    operator: str
    sealed: Sealed
    at: datetime
    salt: bytes = field(repr=False)
    place: int = 1
    replaces: str = ""
    turn: int = 1


@dataclass(frozen=True, slots=True)
class Judged:
    """What speaks for or against giving money back that stands in suspense.

    All that is linked to its ``original`` but those ``apart``, which give other money back;
    ``recall`` is the reversal that waits for it, where one still does.
    """

    original: str = ""
    recall: str = ""
    apart: tuple[str, ...] = ()


NOTHING_ELSE: Final = Judged()


@dataclass(frozen=True, slots=True)
class Approve:
    """Another operator approves what was proposed; ``conclude`` is what then becomes of it.

    ``proposal`` is the digest of what was proposed, as the approver saw it.

    ``conclude`` is None for a dispute, which changes no answer. ``opens`` is the linked payment
    that it makes; ``paid`` what a network had paid, where that is not what was held. ``judged``
    says by what else it is judged.
    """

    uetr: str
    version: int
    action: Action
    reason: Reason | None
    proposer: str
    operator: str
    conclude: Conclude | None
    at: datetime
    salt: bytes = field(repr=False)
    opens: Open | None = None
    paid: Money | None = None
    proposal: str = ""
    judged: Judged = NOTHING_ELSE


@dataclass(frozen=True, slots=True)
class Enrol:
    """How a member or merchant stands first, where nothing was decided about it yet."""

    party: str
    state: PartyState
    config_version: str
    at: datetime
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProposeStep:
    """An operator proposes a step of a member or merchant that stands at this version.

    ``reference`` names the decision that it rests on; it is kept in the open and names no person.
    """

    party: str
    version: int
    step: Step
    operator: str
    reference: str
    at: datetime
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApproveStep:
    """Another operator approves the step proposed in this version.

    ``accounts`` are those of the party, which must be square before it is closed.
    """

    party: str
    version: int
    operator: str
    at: datetime
    salt: bytes = field(repr=False)
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProposeClosing:
    """An operator proposes how an item in suspense closes that stands at this version.

    ``begins`` is the item where the first proposal makes it: what is to be paid out of a deposit.
    """

    item: str
    version: int
    ending: Ending
    at: datetime
    salt: bytes = field(repr=False)
    begins: Suspended | None = None


@dataclass(frozen=True, slots=True)
class ApproveClosing:
    """Another operator approves it; ``seen`` is the item as they saw it, with its proposal."""

    item: str
    seen: Suspended
    operator: str
    at: datetime
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SquareExposure:
    """The network's own word ends an exposure; ``seen`` is its item, with how it ends."""

    item: str
    seen: Suspended
    at: datetime
    salt: bytes = field(repr=False)


ItemCommand = ProposeClosing | ApproveClosing | SquareExposure
PartyCommand = Enrol | ProposeStep | ApproveStep
