"""What a batch needs loaded, what it works on, and what it leaves to be written. Pure.

:func:`wanted` and :func:`accounts_wanted` name the keys that an engine loads into a
:class:`Snapshot`; ``decide`` fills a :class:`Delta`, which an engine writes whole or not at all.
Accounts come second, because which ones a conclusion touches is known only from its payment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from switch import ledger
from switch.commands import Attempt, Bury, Conclude, Configure, Open, Publish, Receive, Refuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switch.commands import Answer, Binding, Command, PlannedExchange, RateRow, Sealed
    from switch.ledger import Account, Entry
    from switch.model import Payment, RateKey


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


@dataclass(slots=True)
class Snapshot:
    """What was loaded for a batch; ``decide`` works on it and never writes through it."""

    payments: dict[str, Payment] = field(default_factory=dict)
    bindings: dict[tuple[str, str], Binding] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    tombstones: set[tuple[str, str]] = field(default_factory=set)
    incoming: set[str] = field(default_factory=set)
    accounts: dict[str, Account] = field(default_factory=dict)
    rates: dict[RateKey, RateRow] = field(default_factory=dict)


@dataclass(slots=True)
class Delta:
    """What an engine must write, all of it or nothing. Upserts are keyed by identity."""

    payments: dict[str, Payment] = field(default_factory=dict)
    bindings: list[Binding] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    tombstones: list[tuple[str, str]] = field(default_factory=list)
    incoming: list[str] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    rates: dict[RateKey, RateRow] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    exchanges: list[PlannedExchange] = field(default_factory=list)
    sealed: list[Sealed] = field(default_factory=list)
    wrapped_keys: list[tuple[str, bytes]] = field(default_factory=list)
    leaves: list[Leaf] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Keys that a batch needs loaded, each list in the order of the commands."""

    payments: tuple[str, ...]
    bindings: tuple[tuple[str, str], ...]
    claims: tuple[str, ...]
    tombstones: tuple[tuple[str, str], ...]
    incoming: tuple[str, ...]
    rates: tuple[RateKey, ...]


def wanted(commands: Sequence[Command]) -> Wanted:
    """The keys to load first. Payments bound to a loaded key must be loaded with their answer."""
    payments: dict[str, None] = {}
    bindings: dict[tuple[str, str], None] = {}
    claims: dict[str, None] = {}
    tombstones: dict[tuple[str, str], None] = {}
    incoming: dict[str, None] = {}
    rates: dict[RateKey, None] = {}
    for command in commands:
        match command:
            case Open(payment=payment, binding=binding) | Refuse(payment=payment, binding=binding):
                payments[payment.uetr] = None
                bindings[binding.scope, binding.key] = None
                claims[payment.terms.quote_id] = None
                tombstones[payment.origin, payment.uetr] = None
                rates.update(dict.fromkeys(payment.terms.rate_keys))
            case Attempt(uetr=uetr) | Conclude(uetr=uetr):
                payments[uetr] = None
            case Bury(scope=scope, key=key):
                tombstones[scope, key] = None
                payments[key] = None
            case Receive(item_hash=item_hash):
                incoming[item_hash] = None
            case Publish(row=row):
                rates[row.key] = None
            case Configure():
                pass
    return Wanted(
        payments=tuple(payments),
        bindings=tuple(bindings),
        claims=tuple(claims),
        tombstones=tuple(tombstones),
        incoming=tuple(incoming),
        rates=tuple(rates),
    )


def accounts_wanted(commands: Sequence[Command], snapshot: Snapshot) -> tuple[str, ...]:
    """The accounts to load (and lock) once payments are known, in name order."""
    keys: set[str] = set()
    for command in commands:
        match command:
            case Open(payment=payment):
                keys.update(line.account for line in ledger.lines_of(payment))
            case Conclude(uetr=uetr) if uetr in snapshot.payments:
                lines = ledger.lines_of(snapshot.payments[uetr])
                keys.update(line.account for line in lines)
            case Receive(sponsor=sponsor, currency=currency, minor=minor):
                lines = ledger.incoming_lines(sponsor, currency, minor)
                keys.update(line.account for line in lines)
            case Configure(accounts=accounts):
                keys.update(account.key for account in accounts)
            case _:
                pass
    return tuple(sorted(keys))
