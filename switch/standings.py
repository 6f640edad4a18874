"""The machines of members and merchants: how one stands, what it may do, what comes next. Pure.

Each kind has its own rows; every pair of a state and a step is decided: it leads somewhere, or it
cannot be taken. A state shuts doors: what is opened through them is declined in its commit. The
surprise: of whom nobody decided anything yet, nothing is kept, and the configuration's word counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import orjson

from switch.model import Direction, Funding, Kind
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switch.model import Payment


class PartyKind(StrEnum):
    """What stands somewhere."""

    MEMBER = "member"
    """A Cambodian institution, by its BIC."""
    MERCHANT = "merchant"
    """A registration at one network: the network, a colon, and its own id of the merchant."""


class PartyState(StrEnum):
    """How a party stands."""

    APPLIED = "applied"
    CERTIFIED = "certified"
    """Its tests are passed; it may do nothing yet."""
    REGISTERED = "registered"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    SUSPENDED_NEW_ONLY = "suspended_new_only"
    """It debits itself by nothing new; its customers are still paid."""
    SUSPENDED_ALL = "suspended_all"
    """Nothing new is debited or credited."""
    EXITING = "exiting"
    """Nothing new, but what it was paid may be given back."""
    CLOSED = "closed"


class Step(StrEnum):
    """What two operators can decide about a party."""

    APPLY = "apply"
    CERTIFY = "certify"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    SUSPEND_NEW = "suspend_new"
    SUSPEND_ALL = "suspend_all"
    LEAVE = "leave"
    CLOSE = "close"


class Door(StrEnum):
    """What a payment comes in through."""

    PAY = "pay"
    """Its customers pay: quotes and payments that debit it."""
    REFUND = "refund"
    """It asks that its customers give something back, which debits it."""
    RECALL = "recall"
    """It asks for money back."""
    PAID = "paid"
    """Its customers are paid, or this merchant is."""


Row = tuple[PartyState, Step, PartyState]

_S: Final = PartyState
_SUSPENDED: Final = (_S.SUSPENDED_NEW_ONLY, _S.SUSPENDED_ALL)

_MEMBER: Final[tuple[Row, ...]] = (
    (_S.APPLIED, Step.CERTIFY, _S.CERTIFIED),
    (_S.APPLIED, Step.CLOSE, _S.CLOSED),
    (_S.CERTIFIED, Step.ACTIVATE, _S.ACTIVE),
    (_S.CERTIFIED, Step.CLOSE, _S.CLOSED),
    *(
        (state, step, target)
        for state in (_S.ACTIVE, *_SUSPENDED, _S.EXITING)
        for step, target in (
            (Step.ACTIVATE, _S.ACTIVE),
            (Step.SUSPEND_NEW, _S.SUSPENDED_NEW_ONLY),
            (Step.SUSPEND_ALL, _S.SUSPENDED_ALL),
            (Step.LEAVE, _S.EXITING),
        )
        if target is not state and not (state is _S.EXITING and step is Step.SUSPEND_NEW)
    ),
    (_S.EXITING, Step.CLOSE, _S.CLOSED),
    (_S.CLOSED, Step.APPLY, _S.APPLIED),
)

_MERCHANT: Final[tuple[Row, ...]] = (
    (_S.REGISTERED, Step.ACTIVATE, _S.ACTIVE),
    (_S.REGISTERED, Step.CLOSE, _S.CLOSED),
    (_S.ACTIVE, Step.SUSPEND, _S.SUSPENDED),
    (_S.ACTIVE, Step.CLOSE, _S.CLOSED),
    (_S.SUSPENDED, Step.ACTIVATE, _S.ACTIVE),
    (_S.SUSPENDED, Step.CLOSE, _S.CLOSED),
    (_S.CLOSED, Step.APPLY, _S.REGISTERED),
)

STEPS: Final[Mapping[PartyKind, tuple[Row, ...]]] = MappingProxyType(
    {PartyKind.MEMBER: _MEMBER, PartyKind.MERCHANT: _MERCHANT}
)
"""Every row that leads somewhere; what is no row cannot be taken."""

OPEN: Final[Mapping[PartyState, tuple[Door, ...]]] = MappingProxyType(
    {
        **dict.fromkeys(_S, ()),
        _S.ACTIVE: tuple(Door),
        _S.SUSPENDED_NEW_ONLY: (Door.RECALL, Door.PAID),
        _S.EXITING: (Door.REFUND, Door.RECALL),
    }
)
"""What a party may do as it stands; what is on its way goes on wherever it stands."""

_SHUT: Final = MappingProxyType(
    {
        (PartyKind.MEMBER, Door.PAID): Reason.PAYEE_BANK_SUSPENDED,
        (PartyKind.MERCHANT, Door.PAID): Reason.MERCHANT_SUSPENDED,
    }
)

_BIC: Final = 11
VERSION_MAX: Final = (1 << 31) - 1
"""No party is ever proposed so many steps."""
"""A BIC of eight characters names the head office, which is the same with XXX behind it."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A step that one operator proposes; ``reference`` names the decision that it rests on."""

    step: Step
    operator: str
    reference: str


@dataclass(frozen=True, slots=True)
class Stands:
    """How a party stands. Each proposal and each step is a version of its own."""

    state: PartyState
    version: int = 0
    proposed: Proposed | None = None

    def text(self) -> str:
        """As it is kept: one line, always the same for the same."""
        held = None
        if self.proposed is not None:
            held = [self.proposed.step, self.proposed.operator, self.proposed.reference]
        return orjson.dumps([self.version, self.state, held]).decode()


def stands_of(text: str) -> Stands:
    """The opposite of :meth:`Stands.text`."""
    version, state, held = orjson.loads(text)
    proposed = None if held is None else Proposed(Step(held[0]), held[1], held[2])
    return Stands(PartyState(state), version, proposed)


def target_of(kind: PartyKind, state: PartyState, step: Step) -> PartyState | None:
    """Where a step leads; None where it cannot be taken."""
    return next((to for at, by, to in STEPS[kind] if at is state and by is step), None)


def steps_from(kind: PartyKind, state: PartyState) -> tuple[Step, ...]:
    """What can be proposed for a party as it stands."""
    return tuple(by for at, by, _ in STEPS[kind] if at is state)


def first_of(kind: PartyKind) -> PartyState:
    """The first state of all."""
    return STEPS[kind][0][0]


def member_party(bic: str) -> str:
    """What a member is called here."""
    return f"{PartyKind.MEMBER}/{bic.ljust(_BIC, 'X')}"


def merchant_party(network: str, merchant_id: str) -> str:
    """What a merchant is called here that a network knows by this id."""
    return f"{PartyKind.MERCHANT}/{network}:{merchant_id}"


def kind_of(party: str) -> PartyKind:
    """The kind of a party, by its name. Raises :class:`ValueError`."""
    return PartyKind(party.partition("/")[0])


def claim_of(party: str) -> str:
    """Under which name it is kept how a party stands, where there is one of each name."""
    return f"standing/{party}"


def shut_by(party: str, state: PartyState, door: Door) -> Reason | None:
    """Why a door is shut for a party that stands so."""
    if door in OPEN[state]:
        return None
    return _SHUT.get((kind_of(party), door), Reason.MEMBER_SUSPENDED)


def asked_of(payment: Payment, scope: str) -> Iterator[tuple[str, Door]]:
    """Whose doors an opening comes through; ``scope`` is whose key it is bound to.

    What has arrived, and what we ourselves give back, comes through none.
    """
    held = payment.institutions
    if payment.kind is Kind.PAYMENT:
        if payment.direction is Direction.OUTBOUND and payment.reason is None:
            yield member_party(held.payer_side), Door.PAY
        elif payment.direction is Direction.INBOUND and held.payee_bank:
            yield member_party(held.payee_bank), Door.PAID
    elif _own(scope) == payment.origin and payment.direction is Direction.OUTBOUND:
        if payment.kind is Kind.RECALL:
            yield member_party(payment.origin), Door.RECALL
        elif payment.funding is Funding.CAPPED:
            yield member_party(payment.origin), Door.REFUND


def _own(scope: str) -> str:
    """Whose keys a scope holds; those of its ISO 20022 messages have one behind it."""
    return scope.partition("/")[0]
