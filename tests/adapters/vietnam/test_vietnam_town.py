"""A member pays Vietnamese shops through the whole switch, and nothing that goes wrong loses money.

Each story runs in a world of its own: production code on virtual time, both sides over HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.adapters.vietnam.vietnam_town import MEMBER, Ended, begun, code, ended, lived, paid

if TYPE_CHECKING:
    from switch.simulation.town import Town


def test_a_static_code_is_paid_with_the_dong_that_the_payer_keys() -> None:
    found = lived(paid)

    assert (found.shown["status"], found.shown["reason"]) == ("ACCC", None)
    assert found.shown["debit"] == {"currency": "KHR", "value": "10250"}
    assert found.shown["credit"] == {"currency": "VND", "value": "65000"}
    assert found.booked == [("booked", "65000", "VND")]
    assert found.book[0]["uetr"] == found.shown["uetr"]
    assert found.asked == ["lookup", "pay"]


def test_a_code_that_fixes_its_amount_is_paid_as_it_says() -> None:
    async def story(town: Town) -> Ended:
        return await ended(town, await begun(town, code(dong="150000", bill="HD0001"), None))

    assert lived(story).booked == [("booked", "150000", "VND")]


@pytest.mark.parametrize("shop", ["104765941000078", "104765941000091"])
def test_a_shop_that_takes_nothing_is_found_out_by_the_scan(shop: str) -> None:
    async def story(town: Town) -> Ended:
        scanned = await town.member(MEMBER).scan(code(shop))
        assert scanned.status == 422
        return Ended({}, await town.book("vietnam"), [])

    assert lived(story).book == []


@pytest.mark.parametrize(
    "kind",
    [
        *("drop_answer", "garbage", "wrong_signature", "error_500", "twice", "slow"),
        *("answer_twice", "redirect", "oversize", "slow_body", "reset"),
    ],
)
def test_whatever_becomes_of_the_answer_one_payment_is_booked(kind: str) -> None:
    found = lived(lambda town: paid(town, ("pay", kind, {"delay_ms": 2_000})))

    assert (found.shown["status"], found.shown["reason"]) == ("ACCC", None)
    assert found.booked == [("booked", "65000", "VND")]


def test_an_instruction_that_never_arrived_ends_once_nothing_can_arrive_any_more() -> None:
    """NAPAS promises nothing, so "never seen" is believed after flight time and clock tolerance."""
    found = lived(lambda town: paid(town, ("pay", "drop_request", {})))

    assert (found.shown["status"], found.shown["reason"]) == ("RJCT", "AB01")
    assert found.book == []
    assert found.asked == ["lookup", "pay", *["enquire"] * 8]


def test_an_answer_that_comes_too_late_is_found_by_asking() -> None:
    found = lived(lambda town: paid(town, ("pay", "late", {"delay_ms": 90_000})))

    assert found.shown["status"] == "ACCC"
    assert found.asked[:3] == ["lookup", "pay", "enquire"]
    assert found.booked == [("booked", "65000", "VND")]


@pytest.mark.parametrize(("code_", "reason"), [("14", "AC01"), ("51", "AM04"), ("61", "AM14")])
def test_a_refusal_is_final_and_books_nothing(code_: str, reason: str) -> None:
    found = lived(lambda town: paid(town, ("pay", "refuse", {"reason": code_})))

    assert (found.shown["status"], found.shown["reason"]) == ("RJCT", reason)
    assert found.booked == [("refused", "65000", "VND")]


def test_code_68_is_unknown_and_the_enquiry_tells() -> None:
    found = lived(lambda town: paid(town, ("pay", "pending", {"delay_ms": 20_000})))

    assert found.shown["status"] == "ACCC"
    assert found.asked == ["lookup", "pay", *["enquire"] * 3]


def test_enquiries_that_fail_do_not_decide_anything() -> None:
    failing = ("enquire", "error_500", {"times": 3})
    found = lived(lambda town: paid(town, ("pay", "drop_answer", {}), failing))

    assert found.shown["status"] == "ACCC"
    assert found.asked == ["lookup", "pay", *["enquire"] * 4]
