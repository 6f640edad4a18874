"""Money in suspense that no payment waits for: what is kept of an item, and what closes it. Pure.

An item is kept where claims are, under its name: one name holds one thing, and the journal says of
each change what it was before. Two operators close it, and then nothing of it is left in suspense.
The surprise: what is claimed of us stands there below zero, and every way out is turned round.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import orjson

from fx.money import Money, currency
from switch import ledger
from switch.ledger import Asset, Line, Role, Side, account_key, place_of
from switch.model import Direction, Funding, Kind
from switch.postings import exchanged, filled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.ledger import Place
    from switch.model import Payment

FIRST_CLAIM: Final = "suspense/"
"""No item's claim is before it, and all begin so."""


class Way(StrEnum):
    """How an item of suspense is closed."""

    SETTLED = "settled"
    """It is squared with where it came from: the network's position, or the pool in Bakong."""
    ASSIGNED = "assigned"
    """It is a member's: its position is given it, or bears what was claimed of us."""
    BORNE = "borne"
    """It is nobody's: the bearer of a corridor owes it, or bears what was claimed of us."""
    DEPOSITED = "deposited"
    """It is a member's deposit: what came into the pool, and nothing else."""
    WITHDRAWN = "withdrawn"
    """A member's deposit is paid out of the pool of the institution that is named."""
    RECOVERED = "recovered"
    """What was paid against an answer came back: from its network, or from whom it went to."""
    WRITTEN_OFF = "written_off"
    """What was paid against an answer does not come back: its bearer owes it from now on."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What an operator proposes for an item; ``institution`` is whose account takes it.

    ``reference`` names what shows it; it is kept in the open and names no person.
    """

    way: Way
    institution: str
    operator: str
    reference: str


@dataclass(frozen=True, slots=True)
class Suspended:
    """An item: ``minor`` units on the credit side of ``account``, on the debit side below zero.

    Each proposal is a version. Times are microseconds since 1970. ``turns`` says how often each
    operator proposed on the day (UTC) of the newest proposal. An exposure stands on the account of
    its bearer; ``far`` is the network that may pay it after all, ``booked`` the set that made it.
    """

    account: str
    minor: int
    since: int
    version: int = 0
    ending: Ending | None = None
    closed_by: str = ""
    closed_at: int = 0
    day: str = ""
    turns: tuple[tuple[str, int], ...] = ()
    far: str = ""
    booked: tuple[Line, ...] = ()

    def turned(self, operator: str, day: str) -> int:
        """How often an operator proposed on this day."""
        return dict(self.turns).get(operator, 0) if self.day == day else 0

    def proposed(self, ending: Ending, day: str) -> Suspended:
        """The item with another proposal, made on this day."""
        turns = dict(self.turns) if self.day == day else {}
        turns[ending.operator] = turns.get(ending.operator, 0) + 1
        version = self.version + 1
        return replace(self, version=version, ending=ending, day=day, turns=tuple(turns.items()))

    @property
    def place(self) -> Place:
        """Whose account it stands on, and in which currency."""
        return place_of(self.account)

    @property
    def amount(self) -> Money:
        """How much it is, without its side."""
        return Money(abs(self.minor), currency(self.place.currency))

    @property
    def seen(self) -> Suspended:
        """The item as its proposal was approved, or would be."""
        return replace(self, closed_by="", closed_at=0)

    def text(self) -> str:
        """As it is kept: one line, always the same for the same."""
        ending = self.ending
        said = None
        if ending is not None:
            said = [ending.way, ending.institution, ending.operator, ending.reference]
        closed = [self.closed_by, self.closed_at] if self.closed_by else None
        held = [self.account, self.minor, self.since, self.version, said, closed]
        counted = [self.day, self.turns] if self.turns or self.booked else []
        lines = [[line.account, line.side, line.currency, line.minor] for line in self.booked]
        exposed = [self.far, lines] if self.booked else []
        return orjson.dumps([*held, *counted, *exposed]).decode()


def suspended_of(text: str) -> Suspended:
    """The opposite of :meth:`Suspended.text`."""
    account, minor, since, version, said, closed, *counted = orjson.loads(text)
    ending = None if said is None else Ending(Way(said[0]), *said[1:])
    by, at = closed or ("", 0)
    day, turns, *exposed = counted or ("", ())
    each = tuple((operator, number) for operator, number in turns)
    far, lines = exposed or ("", ())
    booked = tuple(Line(key, Side(side), code, units) for key, side, code, units in lines)
    return Suspended(account, minor, since, version, ending, by, at, day, each, far, booked)


_WITHDRAWAL: Final = re.compile(r"withdrawal/([A-Z0-9]{11})/[0-9A-Za-z._-]{1,35}")
"""Names what is to be paid out of a deposit: the member's BIC and a reference of its letter."""


def withdrawal(item: str, amount: Money, since: int) -> Suspended | None:
    """What an operator asks to be paid out of a deposit; None where the name names no member.

    It stands on the deposit itself: nothing is in suspense before it is approved.
    """
    named = _WITHDRAWAL.fullmatch(item)
    if named is None:
        return None
    code = amount.currency.code
    key = account_key(named[1], Role.MEMBER, code, Asset.BAKONG)
    return Suspended(key, amount.minor, since)


def ways_of(held: Suspended) -> tuple[Way, ...]:
    """How an item can be closed, by where it stands."""
    if is_exposure(held):
        return (Way.RECOVERED, Way.WRITTEN_OFF)
    if held.place.role == Role.MEMBER:
        return (Way.WITHDRAWN,)
    came = held.place.asset == Asset.BAKONG and held.minor > 0
    return (Way.SETTLED, Way.ASSIGNED, Way.BORNE, *((Way.DEPOSITED,) if came else ()))


def item_claim(item: str) -> str:
    """Under which name an item is kept."""
    return FIRST_CLAIM + item


def upheld_item(uetr: str) -> str:
    """The item of a return that was upheld and that nothing gives to its payer."""
    return f"upheld/{uetr}"


def unbooked_item(uetr: str) -> str:
    """The item of a payment that was not carried out after all and whose money nothing moves on."""
    return f"unbooked/{uetr}"


def exposed_item(uetr: str) -> str:
    """The item of a payment that was refused, and is booked as carried out all the same."""
    return f"exposed/{uetr}"


def late_item(uetr: str) -> str:
    """The item of what a network pays for such a payment after its exposure ended otherwise."""
    return f"late/{uetr}"


def is_exposure(held: Suspended) -> bool:
    """Whether an item is what a bearer is exposed by, rather than money in suspense."""
    return held.place.kind == ledger.Kind.EXPOSURE


def exposure_of(payment: Payment, booked: Sequence[Line], since: int) -> Suspended | None:
    """The item of an exposure that a set makes for a payment; None where it makes none."""
    end = f"/{ledger.Kind.EXPOSURE}"
    line = next((each for each in booked if each.account.endswith(end)), None)
    if line is None:
        return None
    minor = line.minor if line.side is Side.CREDIT else -line.minor
    far = payment.network if payment.direction is Direction.OUTBOUND else payment.origin
    if payment.kind is Kind.REFUND and payment.funding is Funding.GROSS:
        far = ""  # it went back at home: its bank can give it back, out of the pool it left
    return Suspended(line.account, minor, since, far=far, booked=tuple(booked))


def squared(held: Suspended, by: str, reference: str) -> Suspended:
    """An exposure as it is closed by what its network itself says; ``by`` stands for who did."""
    return replace(held, ending=Ending(Way.RECOVERED, held.far, by, reference))


def gives_back(held: Suspended) -> tuple[str, ...]:
    """Who can give back what a bearer is exposed by: the network, and at home whom it went to."""
    home = (Role.POOL, Role.MEMBER)
    places = [place_of(line.account) for line in held.booked if line.side is Side.CREDIT]
    far = (held.far,) if held.far else ()
    return (*far, *(place.institution for place in places if place.role in home))


def is_owed_by_hand(payment: Payment) -> bool:
    """Whether a payment's money stands in suspense once its dispute is upheld.

    Nothing pushes on over Bakong what came back for one that was paid in advance.
    """
    return payment.kind is Kind.RETURN and payment.funding is Funding.GROSS


def put_down(lines: Sequence[Line], since: int) -> Suspended | None:
    """The item that a set which is booked leaves in suspense, on one account; None of nothing."""
    line = next((each for each in lines if place_of(each.account).role == Role.SUSPENSE), None)
    if line is None:
        return None
    return Suspended(line.account, line.minor if line.side is Side.CREDIT else -line.minor, since)


def proposal_digest(item: str, held: Suspended) -> str:
    """What an approval names: the item with all that was seen of it, and what is proposed."""
    return sha256(f"{item}\n{held.seen.text()}".encode()).hexdigest()


def origin_of(held: Suspended) -> str:
    """Whose account takes an item that is settled: the network's, or the pool's sponsor's."""
    return held.place.institution


def payer_of(lines: Sequence[Line]) -> str:
    """The member's account that is made to pay by a set, and so needs room in its cap; or none.

    What a member is given needs none, nor what is between us and a network or a bearer.
    """
    debited = (each.account for each in lines if each.side is Side.DEBIT)
    return next((key for key in debited if place_of(key).role == Role.MEMBER), "")


def closing_lines(held: Suspended) -> tuple[Line, ...]:
    """What closes an item in the way that is proposed."""
    ending, place = held.ending, held.place
    assert ending is not None, "an item is closed as two operators say"
    if is_exposure(held):
        return _exposure_lines(held, ending)
    if place.role == Role.MEMBER:
        paid = {"payer_side": place.institution, "sponsor": ending.institution}
        return filled("deposit_withdrawn", {"debit": held.amount}, paid)
    pool = "_pool" if place.asset == Asset.BAKONG else ""
    places = {"payee_side": place.institution, "sponsor": place.institution}
    places |= {"payer_side": ending.institution, "bearer": ending.institution}
    amounts = {"debit": held.amount}
    name = f"suspense_{ending.way}{pool}"
    return filled(name, amounts, places, exchanged=held.minor < 0)


def _exposure_lines(held: Suspended, ending: Ending) -> tuple[Line, ...]:
    """What ends an exposure: its network pays it, its set is taken back, or its bearer owes it."""
    amounts, places = {"debit": held.amount}, {"bearer": held.place.institution}
    if ending.way is Way.WRITTEN_OFF:
        return filled("late_credit_lost", amounts, places)
    if ending.institution == held.far:
        return filled("exposure_recovered", amounts, {**places, "payer_side": held.far})
    return exchanged(held.booked)
