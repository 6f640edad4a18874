"""Partners of every kind play: transfers that are not posted yet, and orders that are called off.

A short run of a seed of that kind takes the rows that only such a partner leads to. The surprise:
which kinds a seed has is said by the seed alone, so the seeds here are named by what they have.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import pytest

from switch.model import Finality, Funding
from switch.simulation.corridors import CAPPED, kinds
from switch.simulation.plan import Kind, Mishap, Payment, Plan, Store
from switch.simulation.trial import Simulator

if TYPE_CHECKING:
    from collections.abc import Sequence

SIMULATOR: Final = cache(Simulator)
TO_PEOPLE, TO_SHOPS = 51, 1
"""Seeds whose payments next door are capped, in two legs, and go to people or to shops."""

PUSHED: Final = 36
"""A seed in which payers' banks push what is paid to a shop of Alipay+."""


def taken(seed: int, others: Sequence[str], ways: Sequence[str], word: str = "") -> list[str]:
    """The rows that a healthy run takes of what is paid, but for one mishap of each payment."""
    store = Store.DISK if seed % 2 else Store.SERVER
    payments = tuple(Payment(n, 60_000 * n, way, 50_000) for n, way in enumerate(ways))
    mishaps = [Mishap(Kind.PARTNER, n, "thailand", ms=20_000, word=word) for n in range(len(ways))]
    networks = tuple(sorted(("bakong", "thailand", *others)))
    outcome = SIMULATOR().run(Plan(seed, store, networks, payments, tuple(mishaps if word else ())))
    assert outcome.findings == []
    return sorted(" ".join(move) for move in outcome.moves)


@pytest.mark.parametrize(
    ("seed", "word", "told"),
    [
        (TO_PEOPLE, "pay pending", ["accepted_unposted", "accepted_unposted accepted accepted"]),
        (TO_PEOPLE, "pay pending AC04", ["accepted_unposted refused refused"]),
        (TO_SHOPS, "pay pending", ["pending_far"]),
    ],
)
def test_what_is_paid_to_people_is_accepted_before_it_is_posted(
    seed: int, word: str, told: list[str]
) -> None:
    rows = " | ".join(taken(seed, (), ["member thailand"], word))
    assert [each for each in told if each not in rows] == []
    assert ("accepted_unposted" in rows) is kinds(seed).transfers


def test_an_order_is_called_off_while_its_money_is_awaited_and_never_sent() -> None:
    # Of the first the money is pushed nevertheless; of the second it never is.
    rows = taken(PUSHED, ("alipayplus",), ["called off alipayplus"] * 2)
    assert "outbound_gross awaiting_funds taken_back refused" in rows
    assert not [row for row in rows if row.startswith("outbound_gross") and "sending" in row]


def test_next_door_is_paid_to_people_in_each_kind_of_funding_and_finality() -> None:
    of = [kinds(seed) for seed in range(1, 201)]
    assert {each.next_door for each in of if each.transfers} == {each.next_door for each in of}
    fundings = {Funding.CAPPED, Funding.PREFUNDED, Funding.GROSS}
    assert {each.next_door[0] for each in of} == fundings
    assert kinds(TO_PEOPLE).next_door == kinds(TO_SHOPS).next_door == CAPPED
    assert Finality.THREE_LEG in {each.next_door[1] for each in of}
