"""A member pays Chinese shops through the whole switch, and nothing that goes wrong loses money.

Each story runs in a world of its own: production code on virtual time, both sides over HTTP. The
price is the network's own, with a provider's hop to dollars before it.
"""

from __future__ import annotations

import pytest

from switch.simulation.town import Town
from tests.adapters.unionpay.unionpay_parts import LINK, emv
from tests.adapters.unionpay.unionpay_stories import (
    MEMBER,
    YUAN,
    Ended,
    begun,
    ended,
    lived,
    paid,
    statuses,
    sums,
)


def test_a_static_code_is_paid_with_the_yuan_that_the_payer_keys() -> None:
    found = lived(paid)

    assert (found.shown["status"], found.shown["reason"]) == ("ACCC", None)
    assert found.shown["debit"] == {"currency": "KHR", "value": "195593"}
    assert found.shown["credit"] == {"currency": "CNY", "value": "345.00"}
    assert statuses(found) == [("booked", "345.00", "CNY")]
    assert found.asked == ["lookup", "quote", "pay"]


@pytest.mark.parametrize("digest_info", ["true", "false"])
def test_the_dialect_with_the_signature_inside_pays_too(digest_info: str) -> None:
    options = (("signature", "embedded"), ("digest_info", digest_info))
    found = lived(lambda town: paid(town, ("pay", "wrong_signature", {})), *options)

    assert found.shown["status"] == "ACCC"
    assert statuses(found) == [("booked", "345.00", "CNY")]
    assert found.asked == ["lookup", "quote", "pay", "enquire"]


@pytest.mark.parametrize(
    ("code", "amount", "yuan"),
    [
        (emv("88.00"), None, "88.00"),
        (LINK, YUAN, "345.00"),
        (LINK[:-2] + "88", None, "90.00"),
        (emv(changes={"54": "88.00", "01": "12", "55": "02", "56": "2.50"}), None, "90.50"),
        (emv(), {"currency": "KHR", "value": "400000"}, "706.02"),
    ],
    ids=["dynamic", "link", "link_with_amount", "fixed_fee", "riel_keyed"],
)
def test_every_kind_of_code_is_paid(code: str, amount: dict[str, str] | None, yuan: str) -> None:
    async def story(town: Town) -> Ended:
        return await ended(town, await begun(town, code, amount))

    found = lived(story)

    assert found.shown["status"] == "ACCC"
    assert statuses(found) == [("booked", yuan, "CNY")]


@pytest.mark.parametrize(
    "code", [emv(mid="500015658120003"), emv(mid="999999999999999"), LINK[:-2] + "99"]
)
def test_a_shop_that_takes_nothing_is_found_out_by_the_scan(code: str) -> None:
    async def story(town: Town) -> Ended:
        scanned = await town.member(MEMBER).scan(code)
        assert scanned.status == 422
        return Ended({}, await town.book("unionpay"), [])

    assert lived(story).book == []


@pytest.mark.parametrize(
    "kind",
    [
        *("drop_answer", "garbage", "wrong_signature", "error_500", "twice", "slow", "reset"),
        *("redirect", "oversize", "slow_body", "answer_twice"),
    ],
)
def test_whatever_becomes_of_the_answer_one_payment_is_booked(kind: str) -> None:
    found = lived(lambda town: paid(town, ("pay", kind, {"delay_ms": 2_000})))

    assert (found.shown["status"], found.shown["reason"]) == ("ACCC", None)
    assert statuses(found) == [("booked", "345.00", "CNY")]


def test_an_instruction_that_never_arrived_ends_once_nothing_can_arrive_any_more() -> None:
    found = lived(lambda town: paid(town, ("pay", "drop_request", {})))

    assert found.shown["status"] == "RJCT"
    assert found.book == []
    assert found.asked.count("pay") == 1


@pytest.mark.parametrize("code", ["04", "78", "92", "94", "96", "98"])
def test_a_code_that_says_nothing_is_asked_about_until_the_truth_is_known(code: str) -> None:
    """The network executes the payment and answers with ``code``."""
    found = lived(lambda town: paid(town, ("pay", "contradict", {"reason": code})))

    assert found.asked == ["lookup", "quote", "pay", "enquire"]
    assert found.shown["status"] == "ACCC"
    assert statuses(found) == [("booked", "345.00", "CNY")]


def test_an_answer_that_comes_too_late_is_found_by_asking() -> None:
    found = lived(lambda town: paid(town, ("pay", "late", {"delay_ms": 50_000})))

    assert found.shown["status"] == "ACCC"
    assert found.asked[3] == "enquire"
    assert statuses(found) == [("booked", "345.00", "CNY")]


def test_a_refusal_is_final_and_books_nothing() -> None:
    found = lived(lambda town: paid(town, ("pay", "refuse", {"reason": "51"})))

    assert (found.shown["status"], found.shown["reason"]) == ("RJCT", "AM04")
    assert statuses(found) == [("refused", "345.00", "CNY")]


def test_what_the_network_has_not_decided_yet_is_waited_for() -> None:
    found = lived(lambda town: paid(town, ("pay", "pending", {"delay_ms": 18_000})))

    assert found.shown["status"] == "ACCC"
    assert found.asked == ["lookup", "quote", "pay", *["enquire"] * 3]
    assert statuses(found) == [("booked", "345.00", "CNY")]


def test_what_is_open_stays_reserved_and_what_ended_does_not() -> None:
    async def story(town: Town) -> tuple[list[tuple[str, int, int]], list[tuple[str, int, int]]]:
        await town.fault("unionpay", "pay", "drop_answer")
        await town.fault("unionpay", "enquire", "error_500", times=3)
        shown = await begun(town, emv())
        await town.world.sleep(1)
        open_sums = sums(town)
        await ended(town, shown)
        return open_sums, sums(town)

    reserved, after = lived(story)

    assert {key.split("/")[0] for key, _, _ in reserved} >= {"ABAAKHPPXXX", "unionpay"}
    assert after == []


def test_enquiries_that_fail_do_not_decide_anything() -> None:
    failing = ("enquire", "error_500", {"times": 3})
    found = lived(lambda town: paid(town, ("pay", "drop_answer", {}), failing))

    assert found.shown["status"] == "ACCC"
    assert found.asked == ["lookup", "quote", "pay", *["enquire"] * 4]
