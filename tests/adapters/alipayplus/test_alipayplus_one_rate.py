"""A ``paymentQuote`` is a rate and says no amount: orders share it, and each is priced once."""

from __future__ import annotations

from typing import Any

from adapters.alipayplus.sandbox_orders import order_code
from switch.simulation.town import Town
from tests.adapters.alipayplus.alipayplus_parts import DEBTOR, MEMBER, lived


def test_two_orders_priced_by_one_quote_of_the_network_are_both_paid() -> None:
    async def story(town: Town) -> tuple[list[str], list[Any]]:
        member = town.member(MEMBER)
        ids, found = [], []
        for place, won in enumerate((12000, 15000)):
            again, scanned = [
                (await member.scan(order_code(won))).json()["quotes"][0] for _ in range(2)
            ]
            ids += [again["quote_id"], scanned["quote_id"]]
            asked = {"quote": scanned["quote"], "debtor": DEBTOR}
            found.append((await member.pay(f"key-{place}", asked)).json()["status"])
        return ids, found

    (first, same, other, also), found = lived(story)

    assert (first, other) == (same, also)
    assert first != other
    assert found == ["ACCC", "ACCC"]
