"""An answer ends a payment only when it is NAPAS' word on this very payment; else it is unknown."""

from __future__ import annotations

from typing import Any, Final

import pytest

from adapters.vietnam import codes, mapping
from fx.money import Money, MoneyError
from switch.model import State
from switch.port import (
    Exchange,
    Merchant,
    Outcome,
    OutcomeKind,
    Unavailable,
    WireAnswer,
    lost_reference,
)
from switch.reasons import Reason
from tests.adapters.vietnam.vietnam_parts import (
    REFERENCE,
    SHOP,
    UETR,
    adapter,
    answered,
    code,
    outbound,
    particulars,
    planning,
    signed,
    theirs,
)

UNKNOWN: Final = Outcome(OutcomeKind.UNKNOWN)
NAMED: Final = {"payment_reference": REFERENCE, "reference": "VN77"}


def paid() -> Exchange:
    return adapter().plan_pay(outbound(), particulars(), planning())


def asked() -> Exchange:
    return adapter().plan_enquire(enquired(), particulars(), planning(counter=8))


def enquired(**changes: object) -> Any:
    return outbound(state=State.UNKNOWN, rung=1, version=2, **changes)


def result(exchange: Exchange, code_: str) -> dict[str, str]:
    return {"id": mapping.message_id(exchange.exchange_id), "code": code_, "message": "x"}


def said(code_: str, **more: Any) -> Outcome:
    exchange = paid()
    answer = answered(result(exchange, code_), {"payment": NAMED}, **more)
    return adapter().read(exchange, outbound(), answer)


def found_out(code_: str, far: str | None = None, payment: Any = None) -> Outcome:
    exchange = asked()
    payload = None if far is None else {"payment": NAMED, "payment_result": {"code": far}}
    answer = answered(result(exchange, code_), payload)
    return adapter().read(exchange, payment or enquired(), answer)


def test_success_is_accepted_with_their_reference() -> None:
    assert said("00") == Outcome(OutcomeKind.ACCEPTED, far_reference="VN77")


def test_success_of_another_amount_is_unknown() -> None:
    exchange = paid()
    other = {"payment": NAMED | {"interbank_amount": "1.00", "interbank_currency": "704"}}
    answer = answered(result(exchange, "00"), other)
    found = asked()
    far = answered(result(found, "00"), other | {"payment_result": {"code": "00"}})

    assert adapter().read(exchange, outbound(), answer) == UNKNOWN
    assert adapter().read(found, enquired(), far) == UNKNOWN


@pytest.mark.parametrize(("code_", "reason"), codes.REFUSALS.items())
def test_each_refusal_has_its_reason_also_when_an_enquiry_finds_it(
    code_: str, reason: Reason
) -> None:
    assert said(code_) == Outcome(OutcomeKind.REFUSED, reason)
    assert found_out("00", code_) == Outcome(OutcomeKind.REFUSED, reason)


@pytest.mark.parametrize(
    ("code_", "iso"),
    [("14", "AC01"), ("51", "AM04"), ("61", "AM14"), ("41", "AC06"), ("007", "RC04"),
     ("004", "FF01"), ("010", "FF01"), ("008", "TK01"), ("57", "AG01"), ("59", "FRAD")],
)  # fmt: skip
def test_the_table_is_as_surveyed(code_: str, iso: str) -> None:
    assert codes.REFUSALS[code_].iso == iso


@pytest.mark.parametrize(
    "code_", ["68", "001", "06", "91", "96", "99", "011", "94", "25", "77", ""]
)
def test_what_does_not_speak_of_this_payment_leaves_it_unknown(code_: str) -> None:
    assert said(code_) == UNKNOWN
    if code_:
        assert found_out(code_, "00") == UNKNOWN
        assert found_out("00", code_) == UNKNOWN


def test_never_seen_is_said_to_an_enquiry_without_a_payment() -> None:
    assert found_out("25") == Outcome(OutcomeKind.NEVER_SEEN)
    assert found_out("25", "00") == UNKNOWN


def test_another_request_or_payment_is_not_ours() -> None:
    exchange = paid()
    good = result(exchange, "00")
    for told, payload in (
        (good | {"id": mapping.message_id(1)}, {"payment": NAMED}),
        ({"code": "00"}, {"payment": NAMED}),
        (good, {"payment": NAMED | {"payment_reference": REFERENCE[:-1] + "3"}}),
        (good, {"payment": {"reference": "VN77"}}),
        (good, None),
        (good | {"code": 0}, {"payment": NAMED}),
    ):
        assert adapter().read(exchange, outbound(), answered(told, payload)) == UNKNOWN


def test_a_refused_message_refuses_only_the_first_copy() -> None:
    exchange = paid()
    answer = answered(result(exchange, "004"), status=400)

    assert adapter().read(exchange, outbound(), answer).reason is Reason.FORMAT_INVALID
    assert adapter().read(exchange, enquired(), answer) == UNKNOWN
    duplicate = answered(result(exchange, "011"), status=400)
    assert adapter().read(exchange, outbound(), duplicate) == UNKNOWN


def test_wrong_key_altered_byte_server_error_and_garbage_are_unknown() -> None:
    exchange = paid()
    good = answered(result(exchange, "14"), {"payment": NAMED})
    assert adapter().read(exchange, outbound(), good).kind is OutcomeKind.REFUSED
    stranger = answered(result(exchange, "14"), {"payment": NAMED}, key="stranger")
    for answer in (
        stranger,
        WireAnswer(200, good.headers, good.body.replace(b"14", b"41", 1)),
        WireAnswer(200, good.headers, good.body + b" "),
        WireAnswer(200, {}, good.body),
        WireAnswer(200, {"signature": ""}, good.body),
        WireAnswer(500, good.headers, good.body),
        WireAnswer(503, {}, b""),
        WireAnswer(200, good.headers, b"\x00\xff<garbage"),
    ):
        assert adapter().read(exchange, outbound(), answer) == UNKNOWN


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"result":1}', b'{"result":{"id":1,"code":"00"}}',
     b'{"result":{"code":"00","code":"14"}}', b'{"result":NaN}', b"\xff", b"[" * 5000],
)  # fmt: skip
def test_a_signed_body_that_cannot_be_read_is_unknown(body: bytes) -> None:
    answer = WireAnswer(200, {"signature": signed(body)}, body)

    assert adapter().read(paid(), outbound(), answer) == UNKNOWN
    found = adapter().read_lookup(adapter().plan_lookup(code(), None, planning()), answer)
    assert found == Unavailable(Reason.COUNTERPARTY_ERROR)


def test_a_lost_reference_is_asked_about_by_its_uetr() -> None:
    """Lesson 16: where our own row is lost its identity is left to ask by."""
    payment = enquired(reference=lost_reference(UETR))
    exchange = adapter().plan_enquire(payment, particulars(), planning(counter=8))
    good = {"payment": NAMED | {"funding_reference": UETR}, "payment_result": {"code": "00"}}
    other = {"payment": NAMED, "payment_result": {"code": "00"}}

    assert b"payment_reference" not in exchange.body
    assert UETR.encode() in exchange.body
    told = answered(result(exchange, "00"), good)
    assert adapter().read(exchange, payment, told).kind is OutcomeKind.ACCEPTED
    assert adapter().read(exchange, payment, answered(result(exchange, "00"), other)) == UNKNOWN


def test_planning_is_pure_and_each_enquiry_is_a_new_message() -> None:
    assert paid() == paid()
    again = adapter().plan_enquire(enquired(), particulars(), planning(counter=9))
    assert again.body != asked().body
    assert again.reference != asked().reference


def test_the_reference_is_the_date_in_viet_nam_and_a_number_of_that_day() -> None:
    late = planning().now.replace(hour=16, minute=59)
    early = planning().now.replace(hour=17, minute=0)

    assert adapter().reference(planning(late, sequence=42)) == "202611210000000042"
    assert adapter().reference(planning(early, sequence=1)) == "202611220000000001"


def test_what_is_planned_shows_nothing_personal() -> None:
    exchange = paid()

    for word in ("Sok Dara", "000123456", "E2E-000123"):
        assert word not in repr(exchange)
        assert word.encode() not in exchange.body


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [("10000.00", "VND", "10000"), ("10000", "704", "10000"), ("0.43", "840", "0.43"),
     ("41250.00", "KHR", "41250"), ("41250.00", "116", "41250")],
)  # fmt: skip
def test_amounts_are_read_with_two_decimals_or_none(
    text: str, currency: str, expected: str
) -> None:
    assert mapping.read_amount(text, currency) == Money.parse(expected, currency)


@pytest.mark.parametrize(
    "text",
    ["10000.50", "10000.5", "10000.0", "10000.000", "1e4", "1,000.00", "-1.00", " 1.00", "1.00 ",
     "", ".00", "0.00", "0", "1.", "\uff11.00", "1" * 16, 10000, 10000.0, None, True, ["1.00"]],
)  # fmt: skip
def test_other_amounts_of_dong_are_refused(text: object) -> None:
    with pytest.raises(MoneyError):
        mapping.read_amount(text, "VND")


@pytest.mark.parametrize("currency", ["XXX", "", None, 704, "vnd", "0704"])
def test_other_currencies_are_refused(currency: object) -> None:
    with pytest.raises(MoneyError):
        mapping.read_amount("1.00", currency)


def test_amounts_are_written_with_two_decimals_in_every_currency() -> None:
    assert mapping.amount_text(Money.parse("10000", "VND")) == "10000.00"
    assert mapping.amount_text(Money.parse("41250", "KHR")) == "41250.00"
    assert mapping.amount_text(Money.parse("0.43", "USD")) == "0.43"


def merchant_payload(reference: str, **changes: Any) -> dict[str, Any]:
    """What NAPAS answers to a lookup of a shop."""
    return {
        "payment": {
            "type": "QR_PUSH",
            "generation_method": "DYNAMIC",
            "payment_reference": reference,
            "fee_fixed": "0.00",
        },
        "participant": {
            "receiving_institution_id": "970436",
            "merchant_id": SHOP,
            "merchant_category_code": "5812",
            "card_acceptor_name": "BUN CHA HANOI",
            "card_acceptor_city": "HANOI",
            "card_acceptor_country": "VN",
        },
        "amount": "65000.00",
        "currency": "VND",
        "recipient_account": theirs().seal("0011004172839", reference),
        "order_info": {"bill_number": "HD0001"},
    } | changes


def looked_up(code_: str = "00", **changes: Any) -> Merchant | Unavailable:
    exchange = adapter().plan_lookup(code(), None, planning())
    payload = merchant_payload(exchange.reference, **changes)
    return adapter().read_lookup(exchange, answered(result(exchange, code_), payload))


def test_the_merchant_is_read_and_what_the_payment_needs_is_handed_back() -> None:
    found = looked_up()

    assert isinstance(found, Merchant)
    assert (found.party.name, found.party.account) == ("BUN CHA HANOI", "0011004172839")
    assert (found.amount, found.currency) == (Money.parse("65000", "VND"), "VND")
    assert (found.category, found.bill_number) == ("5812", "HD0001")
    assert found.extra["receiving_institution_id"] == "970436"
    assert found.extra["generation_method"] == "DYNAMIC"
    assert "0011004172839" not in repr(found)


@pytest.mark.parametrize("amount", ["", "0", "0.00", None])
def test_a_code_without_an_amount_has_none(amount: str | None) -> None:
    found = looked_up(amount=amount)

    assert isinstance(found, Merchant)
    assert found.amount is None


def test_a_merchant_that_cannot_be_used() -> None:
    unusable = Unavailable(Reason.COUNTERPARTY_ERROR)
    fee = {"payment_reference": "", "fee_percentage": "1.5"}
    exchange = adapter().plan_lookup(code(), None, planning())

    assert looked_up("14") == Unavailable(Reason.ACCOUNT_UNKNOWN)
    assert looked_up("68") == unusable
    assert looked_up(recipient_account="no token") == unusable
    assert looked_up(amount="1.50") == unusable
    assert looked_up(amount=65000) == unusable
    assert looked_up(amount="1.00", currency="USD") == Unavailable(Reason.CURRENCY_UNSUPPORTED)
    assert looked_up(participant={}) == unusable
    assert looked_up(payment={"payment_reference": "1"}) == unusable
    costly = fee | {"payment_reference": exchange.reference}
    assert looked_up(payment=costly) == Unavailable(Reason.TRANSACTION_UNSUPPORTED)
    stranger = answered(
        result(exchange, "00"), merchant_payload(exchange.reference), key="stranger"
    )
    assert adapter().read_lookup(exchange, stranger) == unusable


def test_a_return_names_the_original_by_what_napas_called_it() -> None:
    extra = {"payment_reference": "449316143527", "end_to_end_reference": "20261121449316143527"}
    back = outbound()
    exchange = adapter().plan_refund(back, particulars(extra=extra), planning())

    assert exchange.path == "/qr/v1/return"
    for text in (b'"original_payment_reference":"449316143527"', b'"amount":"65000.00"'):
        assert text in exchange.body
    answer = answered(result(exchange, "00"), {"payment": NAMED})
    assert adapter().read(exchange, back, answer).kind is OutcomeKind.ACCEPTED
