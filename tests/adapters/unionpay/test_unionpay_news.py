"""What UnionPay tells of payments that Cambodians made: results, and money that comes back.

An outcome told unasked is taken like the answer to an enquiry, the first final one; money that
comes back is a payment of its own at the original rate, once however often it is told.
"""

from __future__ import annotations

from typing import Any

import pytest

from switch.simulation.town import Town
from tests.adapters.unionpay.unionpay_parts import emv
from tests.adapters.unionpay.unionpay_stories import (
    begun,
    control,
    ended,
    ledger,
    lived,
    paid,
    sums,
)


def codes(told: dict[str, Any]) -> list[str]:
    return [each["code"] for each in told["answers"]]


async def reference(town: Town) -> str:
    """The network's key of the one payment in its book."""
    (line,) = await town.book("unionpay")
    key: str = line["reference"]
    return key


async def accepted(town: Town) -> str:
    found = await paid(town)
    assert found.shown["status"] == "ACCC"
    return await reference(town)


@pytest.mark.parametrize(("status", "reason", "shown"), [
    ("APPROVED", "", ("ACCC", None)),
    ("REJECTED", "51", ("RJCT", "AM04")),
])  # fmt: skip
def test_a_notification_before_any_answer_ends_the_payment(
    status: str, reason: str, shown: tuple[str, str | None]
) -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        await town.fault("unionpay", "pay", "drop_answer")
        await town.fault("unionpay", "enquire", "error_500", times=20)
        begun_as = await begun(town, emv())
        key = await reference(town)
        told = await control(town, "notify", reference=key, status=status, reason=reason, repeat=3)
        found = await ended(town, begun_as)
        return begun_as["status"], codes(told), (found.shown["status"], found.shown["reason"])

    assert lived(story) == ("PDNG", ["00"] * 3, shown)


def test_an_approval_of_another_amount_ends_nothing_and_one_of_the_right_one_does() -> None:
    """The first is answered, because it is news of a payment of ours, and changes nothing."""

    async def story(town: Town) -> tuple[Any, ...]:
        await town.fault("unionpay", "pay", "drop_answer")
        await town.fault("unionpay", "enquire", "error_500", times=20)
        begun_as = await begun(town, emv())
        key = await reference(town)
        other = await control(town, "notify", reference=key, amount="344.99")
        (still,) = await ledger(town)
        same = await control(town, "notify", reference=key)
        found = await ended(town, begun_as)
        return codes(other), still["final"], codes(same), found.shown["status"]

    assert lived(story) == (["00"], False, ["00"], "ACCC")


def test_a_notification_that_contradicts_what_is_final_changes_nothing_and_is_disputed() -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        key = await accepted(town)
        same = await control(town, "notify", reference=key)
        other = await control(town, "notify", reference=key, status="REJECTED", reason="51")
        (line,) = await ledger(town)
        return codes(same), codes(other), line["status"], line["disputed"]

    assert lived(story) == (["00"], ["00"], "ACCC", True)


def test_news_of_nothing_is_answered_and_moves_nothing() -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        told = await control(town, "notify", reference="A3999011620261121110000000000000000")
        back = await control(
            town, "notify", reference="A3999011620261121110000000000000000", kind="REFUND",
            amount="1.00",
        )  # fmt: skip
        return codes(told), codes(back), await ledger(town)

    assert lived(story) == (["25"], ["25"], [])


def test_what_comes_back_is_booked_once_at_the_original_rate() -> None:
    """News of more than was paid is money too: it is held for people, in the queue."""

    async def story(town: Town) -> tuple[Any, ...]:
        key = await accepted(town)
        part = await control(
            town, "notify", reference=key, kind="REFUND", amount="100.00", repeat=3
        )
        rest = await control(town, "notify", reference=key, kind="REFUND", amount="245.00")
        more = await control(town, "notify", reference=key, kind="REFUND", amount="0.01")
        return codes(part), codes(rest), codes(more), await ledger(town), sums(town)

    part, rest, more, lines, pending = lived(story)
    payment, first, second, held = lines

    assert (part, rest, more) == (["00"] * 3, ["00"], ["00"])
    assert [each["status"] for each in lines] == ["ACCC"] * 4
    assert [each["disputed"] for each in lines] == [False] * 3 + [True]
    assert held["credit"] == {"currency": "CNY", "value": "0.01"}
    assert (first["credit"]["value"], second["credit"]["value"]) == ("100.00", "245.00")
    # 195,343 riel were converted for 345.00 yuan; the fee stays.
    given_back = int(first["debit"]["value"]) + int(second["debit"]["value"])
    assert int(first["debit"]["value"]) == 195_343 * 100 // 345
    assert given_back == 195_343
    assert payment["debit"]["value"] == "195593"
    assert pending == []


async def before_it_ends(town: Town, **news: str) -> tuple[Any, ...]:
    """News that money is back comes while nobody knows what became of its payment."""
    await town.fault("unionpay", "pay", "drop_answer")
    await town.fault("unionpay", "enquire", "error_500", times=3)
    begun_as = await begun(town, emv())
    key = await reference(town)
    told = await control(town, "notify", reference=key, repeat=2, **news)
    found = await ended(town, begun_as)
    lines = await ledger(town)
    assert town.running is not None
    aside = await town.running.store.read.account("unionpay/suspense/CNY/deferred")
    assert aside is not None
    held = aside.credits_posted - aside.debits_posted
    return codes(told), found.shown["status"], [each["disputed"] for each in lines], held


@pytest.mark.parametrize(
    ("kind", "amount", "held"), [("CANCELLATION", "345.00", 34_500), ("REFUND", "45.00", 4_500)]
)
def test_money_that_comes_back_before_its_payment_has_ended_is_held_and_not_refused(
    kind: str, amount: str, held: int
) -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        return await before_it_ends(town, kind=kind, amount=amount)

    assert lived(story) == (["00"] * 2, "ACCC", [False, True], held)


def test_a_shop_that_gives_back_too_much_has_done_so_in_both_books() -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        key = await accepted(town)
        told = [
            await control(town, "return", reference=key, amount=amount)
            for amount in ("300.00", "45.01")
        ]
        book = [line for line in await town.book("unionpay") if line["direction"] == "inbound"]
        lines = [each["credit"]["value"] for each in (await ledger(town))[1:]]
        return [each["status"] for each in told], [each["amount"] for each in book], lines

    amounts = ["300.00", "45.01"]
    assert lived(story) == (["ACCC"] * 2, amounts, amounts)


def test_a_cancellation_gives_all_of_it_back() -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        key = await accepted(town)
        told = await control(town, "notify", reference=key, kind="CANCELLATION")
        return codes(told), [each["debit"]["value"] for each in await ledger(town)]

    assert lived(story) == (["00"], ["195593", "195343"])
