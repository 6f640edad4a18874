"""What a batch needs loaded, what it works on, and what it leaves to be written. Pure.

:func:`wanted` and :func:`accounts_wanted` name the keys that an engine loads into a
:class:`Snapshot`; ``decide`` fills a :class:`Delta`, which an engine writes whole or not at all.
Accounts come second, because which ones a conclusion touches is known only from its payment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import orjson

from switch.commands import (
    Attempt,
    Bury,
    Conclude,
    Configure,
    Erase,
    Forget,
    Open,
    Publish,
    Receive,
    Refuse,
    Rewrap,
)
from switch.model import to_micros
from switch.operators import (
    Action,
    Approve,
    ApproveClosing,
    ApproveStep,
    Enrol,
    Propose,
    ProposeClosing,
    ProposeStep,
    SquareExposure,
)
from switch.parts import linked_places
from switch.postings import incoming_lines, lines_at_once, lines_of
from switch.proposals import lines_for, lines_gone, out_of_suspense, proposal_claims
from switch.standings import Door, asked_of, claim_of, member_party
from switch.states import Event
from switch.suspense import Way, closing_lines, exposed_item, item_claim, unbooked_item, upheld_item

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from switch.commands import Answer, Binding, Command, PlannedExchange, RateRow, Sealed
    from switch.ledger import Account, Entry, Line
    from switch.model import Institutions, Payment, RateKey, Terms
    from switch.outbox import OutboxRow
    from switch.suspense import Ending


ROW_DIGITS: Final = 32
BLOCK_BITS: Final = 34
"""Bits of a block's number; the slot (seven bits) stands above them, an entry's place (twelve bits)
below, so an entry's number fits the 53 bits that every reader of JSON can hold."""


def across_slots(slot: int, number: int) -> int:
    """A block's number that is unique across the slots of one store."""
    assert number < 1 << BLOCK_BITS, "blocks of a slot are numbered in 34 bits"
    return slot << BLOCK_BITS | number


@dataclass(frozen=True, slots=True)
class Claim:
    """A quote used by a payment; ``released`` ones may be claimed again."""

    quote_id: str
    uetr: str
    released: bool


@dataclass(frozen=True, slots=True)
class Leaf:
    """One journal entry: salted, canonical when hashed, free of personal data."""

    salt: bytes = field(repr=False)
    content: Mapping[str, object]


def answer_digest(answer: Answer) -> str:
    """What the journal says of a stored answer: SHA-256 of status, type and body as stored."""
    kind = "sealed" if answer.sealed else ""
    head = f"{answer.status}\n{answer.content_type}\n{kind}".encode()
    return sha256(head + answer.body).hexdigest()


def binding_digest(binding: Binding) -> str:
    """What the journal says of a bound key: 128 bits of SHA-256 of scope, key and contents."""
    content = orjson.dumps(binding.content, option=orjson.OPT_SORT_KEYS).decode()
    return row_digest(binding.scope, binding.key, content)


def exchange_digest(exchange: PlannedExchange) -> str:
    """What the journal says of an exchange beside its sealed record."""
    return row_digest(
        exchange.exchange_id,
        *(exchange.network, exchange.operation.value, exchange.reference),
        *(exchange.method, exchange.path, to_micros(exchange.send_by)),
        *(exchange.answer_within_ms, exchange.sealed.record_id),
    )


def row_digest(*values: object) -> str:
    """128 bits of SHA-256 of a row's values, none of which holds a line break."""
    text = "\n".join(map(str, values)).encode("utf-8", "replace")
    return sha256(text).hexdigest()[:ROW_DIGITS]


@dataclass(slots=True)
class Snapshot:
    """What was loaded for a batch; ``decide`` works on it and never writes through it."""

    payments: dict[str, Payment] = field(default_factory=dict)
    bindings: dict[tuple[str, str], Binding] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    tombstones: dict[tuple[str, str], datetime] = field(default_factory=dict)
    incoming: set[str] = field(default_factory=set)
    accounts: dict[str, Account] = field(default_factory=dict)
    rates: dict[RateKey, RateRow] = field(default_factory=dict)
    wrapped: dict[str, bytes] = field(default_factory=dict)
    receivers: dict[str, int] = field(default_factory=dict)
    """Number of the newest event of each institution that subscribes to events."""
    named: dict[tuple[str, str], str] = field(default_factory=dict)
    """Whose the references are that networks gave, by network and reference."""
    made: dict[str, tuple[Terms, Institutions, tuple[Line, ...]]] = field(default_factory=dict)
    """Lines of the batch's payments by UETR, with what they were made of."""

    def lines_of(self, payment: Payment) -> tuple[Line, ...]:
        """A payment's lines, made once; two that claim one UETR have lines of their own each."""
        made = self.made.get(payment.uetr)
        terms, institutions = payment.terms, payment.institutions
        if made is None or made[0] is not terms or made[1] is not institutions:
            made = self.made[payment.uetr] = (terms, institutions, lines_of(payment))
        return made[2]


@dataclass(slots=True)
class Delta:
    """What an engine must write, all of it or nothing. Upserts are keyed by identity."""

    payments: dict[str, Payment] = field(default_factory=dict)
    bindings: list[Binding] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    tombstones: dict[tuple[str, str], datetime] = field(default_factory=dict)
    incoming: list[str] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    rates: dict[RateKey, RateRow] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    exchanges: list[PlannedExchange] = field(default_factory=list)
    sealed: list[Sealed] = field(default_factory=list)
    wrapped_keys: list[tuple[str, bytes]] = field(default_factory=list)
    rewrapped: dict[str, bytes] = field(default_factory=dict)
    erased: list[str] = field(default_factory=list)
    """Payments whose request to erase is done; it goes even where nothing else is written."""
    outbox: list[OutboxRow] = field(default_factory=list)
    receivers: dict[str, int] = field(default_factory=dict)
    """Number of the newest event of each institution that ``outbox`` tells something."""
    numbers: dict[str, int] = field(default_factory=dict)
    """Numbers of payments, by UETR, of which a record is kept though they did not change."""
    frozen: dict[str, str] = field(default_factory=dict)
    """Text of what never changes of a payment, by UETR, where it was needed for the journal."""
    leaves: list[Leaf] = field(default_factory=list)
    unbound: list[int] = field(default_factory=list)
    """Payments, by number, whose key and answer go; deleted before anything is written."""
    unburied: list[tuple[str, str]] = field(default_factory=list)
    retained: dict[str, int] = field(default_factory=dict)
    """How far back (microseconds since 1970) answers and tombstones were let go of."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Keys that a batch needs loaded, each list in the order of the commands."""

    payments: tuple[str, ...]
    bindings: tuple[tuple[str, str], ...]
    claims: tuple[str, ...]
    tombstones: tuple[tuple[str, str], ...]
    incoming: tuple[str, ...]
    rates: tuple[RateKey, ...]
    wrapped: tuple[str, ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    """References by network, of which it must be known who has them."""


def wanted(commands: Sequence[Command]) -> Wanted:
    """The keys to load first. Payments bound to a loaded key must be loaded with their answer."""
    payments: dict[str, None] = {}
    bindings: dict[tuple[str, str], None] = {}
    claims: dict[str, None] = {}
    tombstones: dict[tuple[str, str], None] = {}
    incoming: dict[str, None] = {}
    rates: dict[RateKey, None] = {}
    wrapped: dict[str, None] = {}
    named: dict[tuple[str, str], None] = {}
    for command in _with_opened(commands):
        claims.update(dict.fromkeys(_claims_of(command)))
        tombstones.update(dict.fromkeys(_graves_of(command)))
        named.update(dict.fromkeys(_names_of(command)))
        match command:
            case Open(payment=payment, binding=binding) | Refuse(payment=payment, binding=binding):
                payments[payment.uetr] = None
                bindings[binding.scope, binding.key] = None
                if payment.original:
                    payments[payment.original] = None
                rates.update(dict.fromkeys(payment.terms.rate_keys))
                if isinstance(command, Open) and command.item_hash:
                    incoming[command.item_hash] = None
            case Attempt(uetr=uetr) | Conclude(uetr=uetr):
                payments[uetr] = None
                if isinstance(command, Conclude) and command.item_hash:
                    incoming[command.item_hash] = None
            case Forget(bindings=uetrs, keys=keys):
                bindings.update(dict.fromkeys(keys))
                payments.update(dict.fromkeys(uetrs))
            case Bury(scope=scope, key=key):
                payments[key] = None
                bindings |= {(scope, command.bound): None} if command.bound else {}
                incoming |= {command.item: None} if command.item else {}
            case Receive(item_hash=item_hash):
                incoming[item_hash] = None
            case Publish(row=row):
                rates[row.key] = None
            case Erase(uetr=uetr):
                payments[uetr] = None
                wrapped[uetr] = None
            case Rewrap(keys=changes):
                wrapped.update(dict.fromkeys(uetr for uetr, _, _ in changes))
            case Propose(uetr=uetr) | Approve(uetr=uetr):
                payments[uetr] = None
                payments.update(dict.fromkeys(_judged_by(command)))
            case _:
                pass
    return Wanted(
        payments=tuple(payments),
        bindings=tuple(bindings),
        claims=tuple(claims),
        tombstones=tuple(tombstones),
        incoming=tuple(incoming),
        rates=tuple(rates),
        wrapped=tuple(wrapped),
        named=tuple(named),
    )


def _graves_of(command: Command) -> Sequence[tuple[str, str]]:
    """The tombstones by which a command is judged, or that it lets go of: scope and name."""
    match command:
        case Open(payment=payment, order=order):
            own = payment.origin, command.grave or payment.uetr
            return (own, (payment.network, order)) if order else (own,)
        case Refuse(payment=payment):
            return ((payment.origin, payment.uetr),)
        case Bury(scope=scope, key=key):
            return ((scope, key),)
        case Receive(sponsor=scope, grave=grave) if grave:
            return ((scope, grave),)
        case Forget(tombstones=graves):
            return graves
        case _:
            return ()


def _names_of(command: Command) -> Sequence[tuple[str, str]]:
    """The names of networks for what is paid, by whose holders a command is judged."""
    match command:
        case Open(payment=payment, named=True):
            return ((payment.network, payment.reference),)
        case Bury(scope=scope, named=named) if named:
            return ((scope, named),)
        case _:
            return ()


def _claims_of(command: Command) -> tuple[str, ...]:
    """The names by whose claims a command is judged."""
    match command:
        case Open(payment=payment):
            doors = [claim_of(name) for name, _ in doors_of(command)]
            return (payment.terms.quote_id, *doors)
        case Refuse(payment=payment):
            return (payment.terms.quote_id,)
        case Approve(uetr=uetr, action=Action.UPHOLD):
            return (*proposal_claims(command), item_claim(upheld_item(uetr)))
        case Approve(uetr=uetr, action=Action.BOOK | Action.UNBOOK):
            items = unbooked_item(uetr), exposed_item(uetr)
            return (*proposal_claims(command), *map(item_claim, items))
        case Propose() | Approve():
            return proposal_claims(command)
        case ProposeClosing(item=item, ending=ending):
            return (item_claim(item), *ending_claims(ending))
        case ApproveClosing(item=item, seen=seen):
            return (item_claim(item), *ending_claims(seen.ending))
        case SquareExposure(item=item):
            return (item_claim(item),)
        case Enrol(party=party) | ProposeStep(party=party) | ApproveStep(party=party):
            return (claim_of(party),)
        case _:
            return ()


def ending_claims(ending: Ending | None) -> tuple[str, ...]:
    """How the member stands that an item in suspense would be given to."""
    if ending is None or ending.way not in (Way.ASSIGNED, Way.DEPOSITED):
        return ()
    return (claim_of(member_party(ending.institution)),)


def doors_of(command: Open) -> Iterator[tuple[str, Door]]:
    """Whose doors an opening comes through: its payment's own, and those that it names."""
    if not command.item_hash:
        yield from asked_of(command.payment, command.binding.scope)
        for party in command.parties:
            yield party, Door.PAID


def _judged_by(command: Propose | Approve) -> tuple[str, ...]:
    """What gave a payment's money back, or may: what is owed or taken back is judged by it.

    What gives back itself is judged by its payment, and by what else is linked to that.
    """
    if isinstance(command, Approve) and command.judged.original:
        original, recall = command.judged.original, command.judged.recall
        return (original, *((recall,) if recall else ()), *linked_places(original))
    if command.action not in (Action.OWE, Action.UNBOOK):
        return ()
    return linked_places(command.uetr)


def _with_opened(commands: Sequence[Command]) -> Iterator[Command]:
    """The commands, and what an approval opens."""
    for command in commands:
        yield command
        if isinstance(command, Approve) and command.opens is not None:
            yield command.opens


def accounts_wanted(commands: Sequence[Command], snapshot: Snapshot) -> tuple[str, ...]:
    """The accounts to load (and lock) once payments are known, in name order."""
    keys: set[str] = set()
    for command in _with_opened(commands):
        match command:
            case Open(payment=payment):
                keys.update([line.account for line in snapshot.lines_of(payment)])
                if command.item_hash:
                    lines = lines_at_once(payment, Event.UNASKED)
                    keys.update([line.account for line in lines])
            case Conclude(uetr=uetr, event=event) if uetr in snapshot.payments:
                payment = snapshot.payments[uetr]
                keys.update([line.account for line in snapshot.lines_of(payment)])
                keys.update([line.account for line in lines_at_once(payment, event, command.paid)])
            case Approve(uetr=uetr) if uetr in snapshot.payments:
                payment = snapshot.payments[uetr]
                booked = lines_for(payment, command.action, command.paid)
                lines = (*snapshot.lines_of(payment), *booked)
                if command.action is Action.BOOK and out_of_suspense(payment):
                    lines += lines_gone(payment, owed=True) + lines_gone(payment, owed=False)
                if command.conclude is not None:
                    lines += lines_at_once(payment, command.conclude.event)
                keys.update([line.account for line in lines])
            case Receive():
                lines = incoming_lines(command)
                keys.update(line.account for line in lines)
            case ApproveClosing(seen=seen) | SquareExposure(seen=seen) if seen.ending is not None:
                keys.update(line.account for line in closing_lines(seen))
            case Configure(accounts=accounts):
                keys.update(account.key for account in accounts)
            case ApproveStep(accounts=square):
                keys.update(square)
            case _:
                pass
    return tuple(sorted(keys))
