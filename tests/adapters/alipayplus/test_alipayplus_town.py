"""A member pays merchants abroad over Alipay+, and nothing that goes wrong loses money.

Each story runs in a world of its own: production code on virtual time, both sides over HTTP.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from adapters.alipayplus.sandbox_orders import order_code
from switch.simulation.town import Town
from tests.adapters.alipayplus.alipayplus_parts import (
    DEBTOR,
    MEMBER,
    Ended,
    begun,
    ended,
    lived,
    paid,
)


def statuses(found: Ended) -> list[tuple[str, str, str]]:
    return [(line["status"], line["amount"], line["currency"]) for line in found.book]


BOOKED = [("booked", "12000", "KRW")]


def test_an_order_is_priced_by_the_network_and_told_once() -> None:
    found = lived(paid)

    assert (found.shown["status"], found.shown["reason"]) == ("ACCC", None)
    assert found.shown["debit"] == {"currency": "KHR", "value": "35188"}
    assert found.shown["credit"] == {"currency": "KRW", "value": "12000"}
    assert statuses(found) == BOOKED
    assert found.book[0]["uetr"] == found.shown["uetr"]
    assert found.asked == ["lookup", "quote", "pay"]


def test_the_networks_name_of_the_order_is_the_reference_of_the_payment() -> None:
    async def story(town: Town) -> tuple[str, str]:
        found = await paid(town)
        page = (await town.overseer().call("GET", "/v1/oversight/payments?after=0&limit=5")).json()
        return page["payments"][0]["reference"], found.book[0]["reference"]

    ours, theirs = lived(story)

    assert ours == theirs


@pytest.mark.parametrize(
    "kind",
    ["drop_request", "drop_answer", "garbage", "wrong_signature", "error_500", "twice", "slow",
     "late", "redirect", "oversize", "answer_twice"],
)  # fmt: skip
def test_whatever_becomes_of_the_answer_the_order_is_paid_once(kind: str) -> None:
    found = lived(lambda town: paid(town, ("pay", kind, {"delay_ms": 20_000})))

    assert (found.shown["status"], found.shown["reason"]) == ("ACCC", None)
    assert statuses(found) == BOOKED


def test_it_is_told_again_every_three_seconds_until_it_is_acknowledged() -> None:
    async def story(town: Town) -> list[str]:
        await town.fault("alipayplus", "pay", "drop_answer")
        await town.fault("alipayplus", "enquire", "error_500", times=3)
        found = await ended(town, await begun(town, order_code(12000)))
        assert found.shown["status"] == "ACCC"
        requests = await town.sandbox("alipayplus", "GET", "/control/requests")
        return [each["at"] for each in requests["requests"] if each["operation"] == "enquire"]

    told = lived(story)

    assert len(told) == 4
    seconds = [int(at[17:19]) + 60 * int(at[14:16]) for at in told]
    # Three seconds, and up to a quarter more by chance.
    assert {later - first for first, later in pairwise(seconds)} <= {3, 4}


def test_an_outcome_that_the_network_does_not_know_yet_is_waited_for() -> None:
    found = lived(lambda town: paid(town, ("pay", "pending", {"delay_ms": 10_000})))

    assert found.shown["status"] == "ACCC"
    assert statuses(found) == BOOKED
    assert found.asked.count("enquire") in (3, 4)


@pytest.mark.parametrize(
    ("code", "reason"),
    [("ORDER_IS_CLOSED", "DS24"), ("RISK_REJECT", "AG01"), ("PROCESS_FAIL", "MS03"),
     ("USER_STATUS_ABNORMAL", "AC06"), ("PAYMENT_AMOUNT_EXCEED_LIMIT", "AM14"),
     ("INVALID_SIGNATURE", "DS0B")],
)  # fmt: skip
def test_a_refusal_is_final_and_books_nothing(code: str, reason: str) -> None:
    found = lived(lambda town: paid(town, ("pay", "refuse", {"reason": code})))

    assert (found.shown["status"], found.shown["reason"]) == ("RJCT", reason)
    assert statuses(found) == [("refused", "12000", "KRW")]


def test_one_order_is_paid_once_however_many_scan_it() -> None:
    async def story(town: Town) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        member = town.member(MEMBER)
        tokens = []
        for _ in range(2):
            scanned = (await member.scan(order_code(12000))).json()
            tokens.append(scanned["quotes"][0]["quote"])
        answers = [
            (await member.pay(f"key-{place}", {"quote": token, "debtor": DEBTOR})).json()
            for place, token in enumerate(tokens)
        ]
        return answers, await town.book("alipayplus")

    (first, second), book = lived(story)

    assert first["status"] == "ACCC"
    assert (second["reason"], len(book)) == ("DUPL", 1)


def test_an_order_that_is_scanned_again_is_the_same_quote_and_held_once() -> None:
    async def story(town: Town) -> tuple[set[str], int]:
        ids = set()
        for _ in range(5):
            scanned = (await town.member(MEMBER).scan(order_code(12000))).json()
            ids.add(scanned["quotes"][0]["quote_id"])
        held = (await town.ready()).switch._quoting.outstanding.all(town.clock.now())
        return ids, held[MEMBER, "alipayplus"]

    ids, held = lived(story)

    assert (len(ids), held) == (1, 1)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (order_code(12000, shop="03"), "DS24"),
        (order_code(12000, shop="04"), "AG01"),
        (order_code(12000, shop="99"), "TK01"),
        (order_code(5_000_001), "AM14"),
    ],
)
def test_an_order_that_cannot_be_paid_is_found_out_by_the_scan(code: str, reason: str) -> None:
    async def story(town: Town) -> tuple[int, str]:
        scanned = await town.member(MEMBER).scan(code)
        return scanned.status, scanned.json()["reason"]

    assert lived(story) == (422, reason)


def test_a_code_without_an_order_is_not_one_for_us() -> None:
    held = "0004005A1B2C"
    code = f"https://qr.alipayplus.example/MPM/3/GPLD{len(held):03d}{held}"

    async def story(town: Town) -> tuple[int, str]:
        scanned = await town.member(MEMBER).scan(code)
        return scanned.status, scanned.json()["reason"]

    assert lived(story) == (422, "AG03")


def test_an_answer_to_the_scan_that_is_not_signed_is_not_believed() -> None:
    async def story(town: Town) -> int:
        await town.fault("alipayplus", "lookup", "wrong_signature")
        return (await town.member(MEMBER).scan(order_code(12000))).status

    assert lived(story) == 422
