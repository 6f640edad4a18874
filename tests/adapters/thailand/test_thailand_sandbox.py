"""Adapter and sandbox over real HTTP: a fault leaves the truth in the book, found by enquiry."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fx.money import Money
from switch.port import Merchant, Outcome, OutcomeKind, Unavailable
from switch.reasons import Reason
from tests.adapters.thailand.thailand_link import UNKNOWN
from tests.adapters.thailand.thailand_parts import enquired, outbound_particulars, thai_code

if TYPE_CHECKING:
    from tests.adapters.thailand.thailand_link import Link


async def test_scan_pay_and_both_books_agree(link: Link) -> None:
    merchant = await link.lookup(thai_code(amount="345.00"))
    payment = link.open_payment()
    outcome = await link.pay(payment)
    entry = await link.entry(payment.uetr)
    arrived = await link.shown("/control/requests", "requests")

    assert isinstance(merchant, Merchant)
    assert (merchant.party.name, merchant.city, merchant.category) == (
        "Somchai Coffee",
        "Bangkok",
        "5814",
    )
    assert (merchant.amount, merchant.terminal_label) == (Money.parse("345.00", "THB"), "T01")
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.far_reference
    assert entry is not None
    assert (entry["reference"], entry["direction"], entry["amount"], entry["status"]) == (
        payment.reference,
        "outbound",
        "345.00",
        "booked",
    )
    assert await link.shown("/state", "totals") == {"THB": "345.00"}
    assert [request["operation"] for request in arrived] == ["lookup", "pay"]
    assert arrived[1]["uetr"] == payment.uetr


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (thai_code("099999999999999"), Reason.ACCOUNT_UNKNOWN),
        (thai_code("099400015832200"), Reason.ACCOUNT_CLOSED),
        (thai_code("010753700015501"), Reason.ACCOUNT_BLOCKED),
        (thai_code()[:-1] + "X", Reason.QR_INVALID),
        (thai_code()[:40], Reason.QR_INVALID),
    ],
)
async def test_codes_that_cannot_be_paid(link: Link, payload: str, reason: Reason) -> None:
    assert await link.lookup(payload) == Unavailable(reason)


async def test_a_promptpay_transfer_code_is_found(link: Link) -> None:
    """The payload is a published example of a static phone code (without name and city)."""
    payload = "00020101021129370016A000000677010111011300668123456785802TH530376463045D82"
    merchant = await link.lookup(payload)

    assert isinstance(merchant, Merchant)
    assert merchant.party.name == "Nok Fruit Cart"
    assert merchant.amount is None


@pytest.mark.parametrize("kind", ["drop_answer", "garbage", "wrong_signature", "error_500"])
async def test_a_booked_payment_with_a_bad_answer_is_unknown_until_the_enquiry(
    link: Link, kind: str
) -> None:
    await link.fault("pay", kind)
    payment = link.open_payment()
    outcome = await link.pay(payment)
    entry = await link.entry(payment.uetr)

    assert outcome == UNKNOWN
    assert entry is not None
    assert entry["status"] == "booked"
    assert (await link.enquire(payment)).kind is OutcomeKind.ACCEPTED


async def test_a_dropped_request_is_never_seen_and_can_never_be_executed(link: Link) -> None:
    await link.fault("pay", "drop_request")
    payment = link.open_payment()

    assert await link.pay(payment) == UNKNOWN
    assert await link.entry(payment.uetr) is None
    assert await link.enquire(payment) == Outcome(OutcomeKind.NEVER_SEEN)
    assert (await link.pay(enquired(payment))).reason is Reason.TOO_OLD
    assert await link.entry(payment.uetr) is None


async def test_a_held_answer_is_given_on_release(link: Link) -> None:
    await link.fault("pay", "hold")
    payment = link.open_payment()

    assert await link.pay(payment, within_s=0.2) == UNKNOWN
    assert (await link.enquire(payment)).kind is OutcomeKind.ACCEPTED
    await link.fault("pay", "late", delay_ms=5)
    assert (await link.pay(payment)).kind is OutcomeKind.ACCEPTED
    assert await link.control("/control/release") == {"released": 1}


async def test_pending_ends_on_release_or_after_its_delay(link: Link) -> None:
    await link.fault("pay", "pending")
    await link.fault("enquire", "pending")
    payment = link.open_payment()
    first = await link.pay(payment)
    asked = await link.enquire(payment)
    still = await link.enquire(payment)
    await link.control("/control/release")

    assert [first.kind, asked.kind, still.kind] == [OutcomeKind.PENDING] * 3
    assert (await link.enquire(payment)).kind is OutcomeKind.ACCEPTED
    await link.fault("pay", "pending", delay_ms=5)
    other = link.open_payment()
    assert (await link.pay(other)).kind is OutcomeKind.PENDING
    await link.clock.sleep(0.05)
    assert (await link.enquire(other)).kind is OutcomeKind.ACCEPTED


async def test_refusals_are_final_and_repeat_themselves(link: Link) -> None:
    await link.fault("pay", "refuse", reason="AM04")
    payment = link.open_payment()
    expected = await link.pay(payment)
    entry = await link.entry(payment.uetr)

    assert (expected.kind, expected.reason) == (OutcomeKind.REFUSED, Reason.FUNDS_INSUFFICIENT)
    assert entry is not None
    assert (entry["status"], entry["reason"]) == ("refused", "AM04")
    assert (await link.pay(payment)).reason is Reason.FUNDS_INSUFFICIENT
    assert (await link.enquire(payment)).reason is Reason.FUNDS_INSUFFICIENT


async def test_the_same_content_books_once_and_other_content_is_a_duplicate(link: Link) -> None:
    await link.fault("pay", "twice")
    payment = link.open_payment()
    outcomes = [await link.pay(payment) for _ in range(3)]
    other = replace(payment, terms=replace(payment.terms, destination=Money.parse("1", "THB")))

    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.ACCEPTED] * 3
    assert await link.pay(other) == UNKNOWN
    assert await link.shown("/state", "totals") == {"THB": "345.00"}


@pytest.mark.parametrize(
    ("destination", "reason"),
    [("345.50", Reason.SETTLEMENT_ABORTED), ("200000.00", Reason.AMOUNT_ABOVE_SCHEME)],
)
async def test_the_network_recomputes_the_rate_and_keeps_its_limit(
    link: Link, destination: str, reason: Reason
) -> None:
    """AB04 (rate) is read as a settlement that failed; what counts is that it is refused."""
    payment = link.open_payment()
    thb = Money.parse(destination, "THB")
    wrong = replace(payment, terms=replace(payment.terms, destination=thb))

    assert (await link.pay(wrong)).reason is reason


async def test_lookup_faults(link: Link) -> None:
    unavailable = Unavailable(Reason.COUNTERPARTY_ERROR)
    for kind in ("garbage", "wrong_signature", "error_500"):
        await link.fault("lookup", kind)
        assert await link.lookup(thai_code()) == unavailable
    await link.fault("lookup", "refuse", reason="AC06")
    assert await link.lookup(thai_code()) == Unavailable(Reason.ACCOUNT_BLOCKED)
    await link.fault("enquire", "refuse", reason="AG03")
    assert await link.enquire(link.open_payment()) == UNKNOWN


async def test_a_message_signed_by_a_stranger_is_refused_and_not_booked(link: Link) -> None:
    payment = link.open_payment()
    exchange = link.adapter.plan_pay(payment, outbound_particulars(), link.switch.plan())
    altered = exchange.body.replace(b">345.00<", b">445.00<")
    answer = await link.send(replace(exchange, body=altered))

    assert answer is not None
    assert answer.status == 401
    assert link.adapter.read(exchange, payment, answer) == UNKNOWN
    assert await link.entry(payment.uetr) is None
