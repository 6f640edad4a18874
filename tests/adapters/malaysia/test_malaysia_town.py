"""A member pays Malaysian shops through the whole switch, and nothing that goes wrong loses money.

Each story runs in a world of its own: production code on virtual time, both sides over HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.adapters.malaysia.malaysia_parts import (
    MEMBER,
    Ended,
    begun,
    duitnow,
    ended,
    lived,
    paid,
    statuses,
)

if TYPE_CHECKING:
    from switch.simulation.town import Town

BOOKED: Final = [("booked", "42.50", "MYR")]


def test_a_static_code_is_paid_with_the_ringgit_that_the_payer_keys() -> None:
    found = lived(paid)

    assert (found.shown["status"], found.shown["reason"]) == ("ACCC", None)
    assert found.shown["debit"] == {"currency": "KHR", "value": "40974"}
    assert found.shown["credit"] == {"currency": "MYR", "value": "42.50"}
    assert statuses(found) == BOOKED
    assert found.book[0]["uetr"] == found.shown["uetr"]
    assert found.asked == ["lookup", "pay"]


def test_references_are_thirty_characters_counted_on_malaysias_day() -> None:
    async def story(town: Town) -> Ended:
        await ended(town, await begun(town, duitnow()))
        return Ended({}, await town.book("malaysia"), [])

    (line,) = lived(story).book

    assert line["reference"][8:] == "BKSWKHPP031ORB00000001"
    assert len(line["reference"]) == 30


def test_a_code_that_fixes_its_amount_is_paid_as_it_says() -> None:
    async def story(town: Town) -> Ended:
        return await ended(town, await begun(town, duitnow(amount="18.90"), None))

    assert statuses(lived(story)) == [("booked", "18.90", "MYR")]


@pytest.mark.parametrize(
    ("shop", "reason"),
    [("MY100000008", "AG01"), ("MY100000009", "RC04"), ("MY123456789", "RC04")],
)
def test_a_shop_that_takes_nothing_is_found_out_by_the_scan(shop: str, reason: str) -> None:
    async def story(town: Town) -> Ended:
        scanned = await town.member(MEMBER).scan(duitnow(shop))
        assert scanned.status == 422
        return Ended(scanned.json(), await town.book("malaysia"), [])

    found = lived(story)

    assert (found.shown["reason"], found.book) == (reason, [])


@pytest.mark.parametrize(
    "kind",
    [
        "drop_answer",
        "garbage",
        "wrong_signature",
        "error_500",
        "twice",
        "slow",
        "reset",
        "oversize",
    ],
)
def test_whatever_becomes_of_the_answer_one_payment_is_booked(kind: str) -> None:
    found = lived(lambda town: paid(town, ("pay", kind, {"delay_ms": 2_000})))

    assert (found.shown["status"], found.shown["reason"]) == ("ACCC", None)
    assert statuses(found) == BOOKED
    assert found.asked.count("pay") == 1


def test_an_instruction_that_never_arrived_ends_once_nothing_can_arrive_any_more() -> None:
    found = lived(lambda town: paid(town, ("pay", "drop_request", {})))

    assert (found.shown["status"], found.shown["reason"]) == ("RJCT", "AB01")
    assert (found.book, found.asked.count("pay")) == ([], 1)


def test_what_paynet_keeps_in_its_queue_is_pending_and_asked_after_until_it_is_delivered() -> None:
    found = lived(lambda town: paid(town, ("pay", "pending", {"delay_ms": 100_000})))

    assert found.shown["status"] == "ACCC"
    assert statuses(found) == BOOKED
    assert found.asked == ["lookup", "pay", *["enquire"] * 4]


def test_what_paynet_never_delivers_is_neither_given_back_nor_sent_again() -> None:
    async def story(town: Town) -> Ended:
        await town.fault("malaysia", "pay", "pending")
        return await ended(town, await begun(town, duitnow()), within_s=600)

    found = lived(story)

    assert (found.shown["status"], found.shown["final"]) == ("PDNG", False)
    assert statuses(found) == [("pending", "42.50", "MYR")]
    assert found.asked.count("pay") == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [("U100", "AG03"), ("U110", "AG01"), ("U111", "AM06"), ("U112", "AM02"), ("U115", "TM01"),
     ("U121", "RC04"), ("U102", "AB10"), ("U280", "AB10")],
)  # fmt: skip
def test_a_refusal_is_final_and_books_nothing(code: str, reason: str) -> None:
    found = lived(lambda town: paid(town, ("pay", "refuse", {"reason": code})))

    assert (found.shown["status"], found.shown["reason"]) == ("RJCT", reason)
    assert statuses(found) == [("refused", "42.50", "MYR")]
    assert found.asked == ["lookup", "pay"]


def test_a_word_that_nobody_published_is_asked_after_before_it_refuses() -> None:
    found = lived(lambda town: paid(town, ("pay", "refuse", {"reason": "U199"})))

    assert (found.shown["status"], found.shown["reason"]) == ("RJCT", "MS03")
    assert found.asked == ["lookup", "pay", "enquire"]


def test_an_acceptance_that_is_contradicted_is_found_out_by_asking() -> None:
    found = lived(lambda town: paid(town, ("pay", "contradict", {"reason": "U199"})))

    assert found.shown["status"] == "ACCC"
    assert statuses(found) == BOOKED


def test_enquiries_that_fail_do_not_decide_anything() -> None:
    failing: list[tuple[str, str, dict[str, object]]] = [
        ("enquire", kind, {}) for kind in ("error_500", "wrong_signature", "refuse")
    ]
    found = lived(lambda town: paid(town, ("pay", "drop_answer", {}), *failing))

    assert found.shown["status"] == "ACCC"
    assert found.asked == ["lookup", "pay", *["enquire"] * 4]


def test_the_same_seed_gives_the_same_book() -> None:
    def told() -> Ended:
        return lived(lambda town: paid(town, ("pay", "drop_answer", {})), seed=11)

    assert told() == told()
