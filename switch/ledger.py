"""The double-entry ledger: accounts, entries, reservations and caps. Pure.

A payment reserves all its lines at once and resolves them at once: posted, posted in part with the
rest voided, voided, or expired. A reservation counts against caps as if it were posted; credits
that are only reserved give no room. What is booked, and for what, is in ``postings``. Balances are
four running sums per account, so a statement can always tell pending from posted; ``books`` keeps
them while a batch is decided.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Side(StrEnum):
    """Side of a line."""

    DEBIT = "debit"
    CREDIT = "credit"


class Phase(StrEnum):
    """What an entry row records; rows are never changed, later ones point at earlier ones."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"
    """Released by the counterparty's word."""
    EXPIRED = "expired"
    """Released because provably nothing was sent, and nothing will be."""


class Role(StrEnum):
    """Role of the institution that an account belongs to."""

    MEMBER = "member"
    HOLDER = "holder"
    NETWORK = "network"
    POOL = "pool"
    FEE = "fee"
    SUSPENSE = "suspense"
    RESIDUE = "residue"
    NOSTRO = "nostro"
    """Money at a bank abroad or in the RTGS, as that side's advice shows it."""
    BEARER = "bearer"
    """Bears what is lost where a corridor says so."""
    AUTHORITY = "authority"
    """What a member's customer had and an authority is owed by law."""


class Kind(StrEnum):
    """What an amount on an account is to its institution."""

    POSITION = "position"
    SETTLING = "settling"
    """In a window that is closing: it uses the cap until its discharge is confirmed."""
    FROZEN = "frozen"
    """Blocked by law."""
    EXPOSURE = "exposure"
    """Credited at home though the foreign side gave up."""


class Asset(StrEnum):
    """What settles an account."""

    BAKONG = "bakong"
    """A mirror of a pool, settled gross and reconciled to Bakong. A member's is its deposit there,
    which never goes below zero."""
    DEFERRED = "deferred"
    """A bilateral claim, netted in a window."""
    ADVISED = "advised"
    """Money elsewhere, settled by what its bank advises."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a posting: ``minor`` units of ``currency`` on one side of one account."""

    account: str
    side: Side
    currency: str
    minor: int


@dataclass(frozen=True, slots=True)
class Place:
    """What an account is: whose, in which role, currency, settlement asset, and of which kind."""

    institution: str
    role: str
    currency: str
    asset: str
    kind: str = Kind.POSITION.value


@dataclass(frozen=True, slots=True)
class Account:
    """Running sums of an account in minor units, and what bounds it.

    ``net_debit_max`` bounds posted and pending debits less posted credits; ``net_credit_max`` the
    mirror image. None means unbounded.
    """

    key: str
    currency: str
    debits_posted: int = 0
    credits_posted: int = 0
    debits_pending: int = 0
    credits_pending: int = 0
    net_debit_max: int | None = None
    net_credit_max: int | None = None

    def within_caps(self) -> bool:
        """True when neither cap is exceeded, pending amounts on the capped side included."""
        net_debit = self.debits_posted + self.debits_pending - self.credits_posted
        net_credit = self.credits_posted + self.credits_pending - self.debits_posted
        return (self.net_debit_max is None or net_debit <= self.net_debit_max) and (
            self.net_credit_max is None or net_credit <= self.net_credit_max
        )

    @property
    def place(self) -> Place:
        """What the account is, as its name says."""
        return place_of(self.key)


@dataclass(frozen=True, slots=True)
class Entry:
    """One immutable ledger row. ``pending_entry`` is the reservation row it resolves.

    The rows that resolve one reservation row add up to it: one of the whole amount, or a posted one
    and one of the rest.
    """

    entry_id: int
    uetr: str
    line: Line
    phase: Phase
    pending_entry: int | None


Part: TypeAlias = tuple[int, Line, Phase]
"""What becomes of a line, or of part of it; the number is its place in the set that was reserved.

A plain tuple: one is made for each line of each commit.
"""


def account_key(
    institution: str, role: Role, currency: str, asset: str, kind: Kind = Kind.POSITION
) -> str:
    """Name of an account: institution, role, currency, settlement asset, and kind if no position.

    ``asset`` is a value of :class:`Asset`.
    """
    name = f"{institution}/{role}/{currency}/{asset}"
    return name if kind is Kind.POSITION else f"{name}/{kind}"


def place_of(key: str) -> Place:
    """What an account of this name is. Raises :class:`ValueError` for what names no account."""
    parts = key.split("/")
    if len(parts) not in (4, 5) or not all(parts):
        raise ValueError("an account is named institution/role/currency/asset[/kind]")
    return Place(*parts)


def balanced(lines: Iterable[Line]) -> None:
    """Assert that lines sum to zero in each currency; anything else is a bug."""
    sums: dict[str, int] = {}
    for line in lines:
        signed = line.minor if line.side is Side.DEBIT else -line.minor
        sums[line.currency] = sums.get(line.currency, 0) + signed
    assert not any(sums.values()), "a posting does not sum to zero"


def reserving(lines: Sequence[Line]) -> list[Part]:
    """The parts that reserve a set of lines."""
    return [(place, line, Phase.PENDING) for place, line in enumerate(lines)]


def posting(lines: Sequence[Line]) -> list[Part]:
    """The parts that post a whole set of lines, reserved before or not."""
    return [(place, line, Phase.POSTED) for place, line in enumerate(lines)]


def releasing(lines: Sequence[Line], phase: Phase) -> list[Part]:
    """The parts that void a reserved set of lines, or let it expire."""
    assert phase in (Phase.VOIDED, Phase.EXPIRED), "what is released was not booked"
    return [(place, line, phase) for place, line in enumerate(lines)]


def posting_in_part(reserved: Sequence[Line], posted: Sequence[Line]) -> list[Part]:
    """The parts that post less than was reserved, line by line, and void the rest.

    ``posted`` has the reserved lines in their order with amounts that are not larger; one of zero
    posts nothing of its line. Both sum to zero in each currency, so what is voided does too.
    """
    assert len(reserved) == len(posted), "each reserved line is posted in part, whole, or with zero"
    balanced(posted)
    parts: list[Part] = []
    for place, (held, given) in enumerate(zip(reserved, posted, strict=True)):
        assert replace(held, minor=given.minor) == given, "a line is posted where it was reserved"
        assert 0 <= given.minor <= held.minor, "no more is posted than was reserved"
        if given.minor:
            parts.append((place, given, Phase.POSTED))
        if given.minor < held.minor:
            rest = replace(held, minor=held.minor - given.minor)
            parts.append((place, rest, Phase.VOIDED))
    return parts
