"""Items in suspense as tests make them: put down, proposed for, approved by another operator."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fx.money import Money, currency
from switch.model import to_micros
from switch.operators import ApproveClosing, ProposeClosing
from switch.suspense import Ending, Way, item_claim, suspended_of, withdrawal
from tests.switch_core.core_values import MEMBER, NOW, SPONSOR, received, salt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.commands import Receive
    from switch.delta import Claim
    from switch.suspense import Suspended

ITEM: Final = "line/thailand/1"
BEARER: Final = "BKSWKHPPXXX"
TAKERS: Final = {
    Way.SETTLED: "thailand",
    Way.ASSIGNED: MEMBER,
    Way.BORNE: BEARER,
    Way.DEPOSITED: MEMBER,
    Way.WITHDRAWN: SPONSOR,
    Way.RECOVERED: "thailand",
    Way.WRITTEN_OFF: BEARER,
}
DEPOSIT: Final = f"{MEMBER}/member/KHR/bakong"
WITHDRAWAL: Final = f"withdrawal/{MEMBER}/LETTER-7"


def claimed(item: str = ITEM, minor: int = 34_500) -> Receive:
    """Baht that a network says it owes, or below zero is owed, and nothing is known of."""
    shown = replace(received(item, abs(minor)), minor=minor, salt=salt(abs(minor), 60))
    return replace(shown, sponsor="thailand", currency="THB", claimed=True)


def ending(
    way: Way, *, pool: bool = False, by: str = "one", reference: str = "letter 12"
) -> Ending:
    """What an operator proposes for an item of the network, or of the pool."""
    taker = SPONSOR if pool and way is Way.SETTLED else TAKERS[way]
    return Ending(way, taker, by, reference)


def proposed(item: str, version: int, end: Ending) -> ProposeClosing:
    """An operator proposes it for the version that they saw."""
    return ProposeClosing(item, version, end, NOW, salt(version, 61))


def withdrawn(minor: int, item: str = WITHDRAWAL, by: str = "one", turn: int = 0) -> ProposeClosing:
    """An operator asks that riel are paid out of a deposit."""
    begins = withdrawal(item, Money(minor, currency("KHR")), to_micros(NOW))
    return replace(
        proposed(item, 0, ending(Way.WITHDRAWN, by=by)), begins=begins, salt=salt(turn, 63)
    )


def approved(item: str, seen: Suspended, by: str = "two", turn: int = 0) -> ApproveClosing:
    """An operator approves what they saw."""
    return ApproveClosing(item, seen, by, NOW, salt(turn, 62))


def item_of(claims: Mapping[str, Claim], item: str = ITEM) -> Suspended:
    """An item as it is kept."""
    return suspended_of(claims[item_claim(item)].uetr)
