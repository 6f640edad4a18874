"""Messages have the shape of the published ones; answers mean what the network says they mean."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.alipayplus import mapping, results, signature, wire
from adapters.alipayplus.signature import Signer
from adapters.alipayplus.wire import Amounts, Unreadable
from fx.money import Money, MoneyError, Rate
from switch.inbound_port import derived_uetr
from switch.model import Direction, Kind, Payment, changed
from switch.port import Exchange, Merchant, Operation, OutcomeKind, Unavailable, WireAnswer
from switch.reasons import Reason
from switch.settlement_port import FileRefused, LineKind, SettlementFile
from switch.simulation.town import TownKeys
from tests.adapters.alipayplus.alipayplus_parts import (
    NOW,
    OPTIONS,
    ORDER,
    new_adapter,
    outbound_payment,
    particulars,
    planning,
)

ADAPTER = new_adapter()
REPORT = (
    b"transactionId,originalTransactionId,transactionRequestId,transactionType,transactionTime,"
    b"transactionAmountValue,transactionCurrency,settlementAmountValue,settlementCurrency\n"
    b"1,,2,PAYMENT,2026-11-21T11:00:00+08:00,1023,USD,1023,USD\n"
)
KEYS = TownKeys()


@pytest.fixture
def samples(shared: Path) -> Path:
    """The published messages, where they are at hand."""
    return shared / "samples" / "networks" / "alipayplus"


def sample(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return found


def shape(value: object) -> object:
    """The names and kinds of a message, without its values."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in sorted(value.items())}
    return type(value).__name__


def body(exchange: Exchange) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(exchange.body)
    return found


def refund_payment() -> Payment:
    """A refund of 4.98 dollars to a guest."""
    terms = replace(
        outbound_payment().terms,
        debit=Money.parse("4.98", "USD"),
        fee=Money.parse("0", "USD"),
        source=Money.parse("4.98", "USD"),
        destination=Money.parse("4.98", "USD"),
    )
    return changed(outbound_payment(), terms=terms, kind=Kind.REFUND, reference="KH2026112100001")


def answered(exchange: Exchange, values: object, *, key: str = "alipayplus") -> WireAnswer:
    """The network's signed answer to an exchange."""
    raw = values if isinstance(values, bytes) else json.dumps(values).encode()
    signer = Signer(OPTIONS["partner_client_id"], "1", KEYS.rsa_private(key))
    signed = signer.headers(exchange.path, wire.instant(NOW), raw, signature.RESPONSE_TIME)
    return WireAnswer(200, {name.lower(): value for name, value in signed}, raw)


def said(code: str, status: str = "F") -> dict[str, Any]:
    return {"result": {"resultCode": code, "resultStatus": status, "resultMessage": "x"}}


def paid() -> Exchange:
    return ADAPTER.plan_pay(outbound_payment(), particulars(), planning())


def test_what_we_tell_has_the_shape_of_the_published_notification(samples: Path) -> None:
    genuine = sample(samples, "notifyPayment.request")
    # What a promotion gave is the wallet's; we have none.
    del genuine["paymentPromoInfo"]

    assert shape(body(paid())) == shape(genuine)


def test_inquiry_and_refund_have_the_shape_of_the_published_ones(samples: Path) -> None:
    order = changed(outbound_payment(), direction=Direction.INBOUND)
    inquiry = body(ADAPTER.plan_enquire(order, particulars(), planning()))
    refund = body(ADAPTER.plan_refund(refund_payment(), particulars(), planning()))

    assert shape(inquiry) == shape(sample(samples, "inquiryPayment.request"))
    assert shape(refund) == shape(sample(samples, "refund.request"))
    assert inquiry == body(ADAPTER.plan_cancel(order, particulars(), planning()))


def test_the_published_answer_to_an_inquiry_is_read(samples: Path) -> None:
    order = changed(outbound_payment(), direction=Direction.INBOUND)
    exchange = ADAPTER.plan_enquire(order, particulars(), planning())
    genuine = sample(samples, "inquiryPayment.response")
    outcome = ADAPTER.read(exchange, order, answered(exchange, genuine))

    assert (outcome.kind, outcome.far_reference) == (
        OutcomeKind.ACCEPTED, "20200101234567890133333",
    )  # fmt: skip


@pytest.mark.parametrize(
    "name", ["wallet_pay.request", "notifyPayment.request", "inquiryPayment.response",
             "inquiryPayment.request", "refund.request"],
)  # fmt: skip
def test_every_published_message_keeps_the_rules_of_writing(samples: Path, name: str) -> None:
    assert wire.read_body((samples / f"{name}.json").read_bytes())


def test_amounts_of_the_published_messages_are_minor_units(samples: Path) -> None:
    amounts = Amounts(2)
    told = sample(samples, "notifyPayment.request")

    assert amounts.read(told["paymentAmount"]) == Money.parse("100", "JPY")
    assert amounts.read(told["payToAmount"]) == Money.parse("1000", "KRW")


@pytest.mark.parametrize(("exponent", "value"), [(2, "410000"), (0, "4100")])
def test_the_decimals_of_the_riel_are_a_setting(exponent: int, value: str) -> None:
    amounts, riel = Amounts(exponent), Money.parse("4100", "KHR")

    assert amounts.written(riel) == {"currency": "KHR", "value": value}
    assert amounts.read({"currency": "KHR", "value": value}) == riel
    assert body(new_adapter(khr_exponent=str(exponent)).plan_pay(
        outbound_payment(), particulars(), planning()
    ))["paymentAmount"]["value"] == ("3493800" if exponent else "34938")  # fmt: skip


def test_a_fraction_of_a_riel_or_of_a_yen_is_no_amount() -> None:
    with pytest.raises(MoneyError):
        Amounts(2).read({"currency": "KHR", "value": "410050"})
    with pytest.raises(Unreadable):
        Amounts(2).read({"currency": "JPY", "value": "1.5"})


def test_the_same_payment_is_told_in_the_same_words_at_any_time() -> None:
    later = planning(NOW + timedelta(minutes=5))
    again = ADAPTER.plan_enquire(outbound_payment(), particulars(), later)

    assert again.body == paid().body
    assert (paid().operation, again.operation) == (Operation.PAY, Operation.ENQUIRE)
    assert paid().reference == again.reference == ORDER == ADAPTER.given_reference(particulars())


def test_a_refund_is_asked_after_by_the_same_refund() -> None:
    first = ADAPTER.plan_refund(refund_payment(), particulars(), planning())
    again = ADAPTER.plan_enquire(refund_payment(), particulars(), planning())

    assert (first.body, first.path) == (again.body, again.path)
    assert body(first)["refundRequestId"] == "KH2026112100001"


@pytest.mark.parametrize(
    ("values", "first", "repeat"),
    [
        (said("SUCCESS", "S"), OutcomeKind.ACCEPTED, OutcomeKind.ACCEPTED),
        (said("ORDER_IS_CLOSED"), OutcomeKind.REFUSED, OutcomeKind.REFUSED),
        (said("NEVER_HEARD_OF"), OutcomeKind.REFUSED, OutcomeKind.REFUSED),
        (said("INVALID_SIGNATURE"), OutcomeKind.REFUSED, OutcomeKind.UNKNOWN),
        (said("ACCESS_DENIED"), OutcomeKind.REFUSED, OutcomeKind.UNKNOWN),
        (said("PAYMENT_IN_PROCESS", "U"), OutcomeKind.UNKNOWN, OutcomeKind.UNKNOWN),
        (said("ORDER_IS_CLOSED", "S"), OutcomeKind.UNKNOWN, OutcomeKind.UNKNOWN),
        (said("SUCCESS", "F"), OutcomeKind.UNKNOWN, OutcomeKind.UNKNOWN),
        (said("ORDER_IS_CLOSED", "X"), OutcomeKind.UNKNOWN, OutcomeKind.UNKNOWN),
        ({}, OutcomeKind.UNKNOWN, OutcomeKind.UNKNOWN),
        (b"[]", OutcomeKind.UNKNOWN, OutcomeKind.UNKNOWN),
        (b"", OutcomeKind.UNKNOWN, OutcomeKind.UNKNOWN),
    ],
)
def test_an_answer_to_what_we_told_means(
    values: object, first: OutcomeKind, repeat: OutcomeKind
) -> None:
    again = ADAPTER.plan_enquire(outbound_payment(), particulars(), planning())
    asked = changed(outbound_payment(), rung=1)

    assert ADAPTER.read(paid(), outbound_payment(), answered(paid(), values)).kind is first
    assert ADAPTER.read(again, asked, answered(again, values)).kind is repeat


def test_an_answer_that_is_not_the_networks_own_says_nothing() -> None:
    exchange, payment = paid(), outbound_payment()
    sound = answered(exchange, said("SUCCESS", "S"))
    other = answered(replace(exchange, path="/aps/api/v1/payments/refund"), said("SUCCESS", "S"))
    for answer in (
        replace(sound, status=500),
        replace(sound, body=sound.body + b" "),
        replace(sound, headers={}),
        other,
        answered(exchange, said("SUCCESS", "S"), key="switch-alipayplus"),
    ):
        assert ADAPTER.read(exchange, payment, answer).kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (said("SUCCESS", "S"), OutcomeKind.CANCELLED),
        (said("CANCEL_WINDOW_EXCEED"), OutcomeKind.ACCEPTED),
        (said("PROCESS_FAIL"), OutcomeKind.UNKNOWN),
        (said("UNKNOWN_EXCEPTION", "U"), OutcomeKind.UNKNOWN),
    ],
)
def test_only_a_confirmed_cancel_undoes(values: object, kind: OutcomeKind) -> None:
    order = changed(outbound_payment(), direction=Direction.INBOUND)
    exchange = ADAPTER.plan_cancel(order, particulars(), planning())

    assert ADAPTER.read(exchange, order, answered(exchange, values)).kind is kind


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("S", "SUCCESS", OutcomeKind.ACCEPTED),
        ("F", "ORDER_IS_CLOSED", OutcomeKind.REFUSED),
        ("U", "PAYMENT_IN_PROCESS", OutcomeKind.PENDING),
    ],
)
def test_an_inquiry_tells_the_payment_and_itself_apart(
    status: str, code: str, kind: OutcomeKind
) -> None:
    order = changed(outbound_payment(), direction=Direction.INBOUND)
    exchange = ADAPTER.plan_enquire(order, particulars(), planning())
    worked = {**said("SUCCESS", "S"), "paymentResult": said(code, status)["result"]}
    failed = {**said("ORDER_NOT_EXIST"), "paymentResult": said("SUCCESS", "S")["result"]}

    assert ADAPTER.read(exchange, order, answered(exchange, worked)).kind is kind
    assert ADAPTER.read(exchange, order, answered(exchange, failed)).kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize(("code", "reason"), sorted(results.REASONS.items()))
def test_each_published_code_has_its_reason(code: str, reason: Reason) -> None:
    outcome = ADAPTER.read(paid(), outbound_payment(), answered(paid(), said(code)))

    # That a key was used with other content refuses nothing: what used it may be executed.
    assert outcome.reason is (None if code == results.DIFFERS else reason)


@pytest.mark.parametrize("reason", list(Reason))
def test_each_reason_has_a_code_that_is_no_success(reason: Reason) -> None:
    assert results.result(results.code_of(reason))["resultStatus"] in ("F", "U")


def order_answer(**changes: object) -> dict[str, Any]:
    """The network's answer to a scan."""
    return {
        **said("SUCCESS", "S"),
        "codeType": "ORDER_CODE",
        "paymentRequestId": ORDER,
        "order": {
            "referenceOrderId": "01000001",
            "orderAmount": {"currency": "KRW", "value": "12000"},
            "merchant": {
                "referenceMerchantId": "SHOP01",
                "merchantName": "Seoul Noodle House",
                "merchantMCC": "5812",
                "merchantAddress": {"region": "KR", "city": "Seoul"},
            },
        },
        "paymentAmount": {"currency": "KHR", "value": "3493800"},
        "payToAmount": {"currency": "KRW", "value": "12000"},
        "paymentQuote": {
            "quoteId": "Q1",
            "quoteCurrencyPair": "KRW/KHR",
            "quotePrice": "2.9115",
            "quoteExpiryTime": "2026-11-21T11:25:00+08:00",
        },
        "paymentExpiryTime": "2026-11-21T11:20:00+08:00",
        **changes,
    }


def scanned(values: object) -> Merchant | Unavailable:
    exchange = ADAPTER.plan_lookup("https://x/28100604", None, planning())
    return ADAPTER.read_lookup(exchange, answered(exchange, values))


def asked_again(**changes: object) -> Exchange:
    """The question for a price of the order that was scanned."""
    merchant = scanned(order_answer(**changes))
    assert isinstance(merchant, Merchant)
    return ADAPTER.plan_quote(
        merchant, "https://x/28100604", Money.parse("12000", "KRW"), "KHR", planning()
    )


def test_the_price_of_another_order_is_none_of_the_one_that_was_scanned() -> None:
    exchange = asked_again(paymentRequestId="28100604999")

    assert ADAPTER.read_quote(exchange, answered(exchange, order_answer())) == Unavailable(
        Reason.QR_EXPIRED
    )


def test_an_order_brings_its_merchant_and_its_price() -> None:
    merchant = scanned(order_answer())
    assert isinstance(merchant, Merchant)
    exchange = asked_again()
    price = ADAPTER.read_quote(exchange, answered(exchange, order_answer()))

    assert (merchant.party.name, merchant.amount) == (
        "Seoul Noodle House", Money.parse("12000", "KRW"),
    )  # fmt: skip
    assert merchant.extra[mapping.ORDER_ID] == ORDER
    assert not isinstance(price, Unavailable)
    assert price.rate == Rate.parse("2.9115", "KRW", "KHR")
    assert (price.source, price.quote_id) == (Money.parse("34938", "KHR"), "Q1")
    assert wire.instant(price.expires_at) == "2026-11-21T03:20:00+00:00"


def test_a_price_for_a_hundred_is_a_hundredth_for_one() -> None:
    quote = {**order_answer()["paymentQuote"], "quotePrice": "291.15", "quoteUnit": "100"}
    exchange = asked_again()
    price = ADAPTER.read_quote(exchange, answered(exchange, order_answer(paymentQuote=quote)))

    assert not isinstance(price, Unavailable)
    assert price.rate == Rate.parse("2.9115", "KRW", "KHR")


@pytest.mark.parametrize(
    "changes",
    [
        {"paymentRequestId": None},
        {"order": None},
        {"order": {"merchant": {"merchantName": "x"}}},
        {"paymentAmount": {"currency": "KHR", "value": "0"}},
        {"payToAmount": None},
        {"payToAmount": {"currency": "USD", "value": "100"}},
        {"paymentQuote": None},
        {"paymentQuote": {"quoteId": "Q", "quoteCurrencyPair": "KRW/KHR", "quotePrice": "x",
                          "quoteExpiryTime": "2026-11-21T11:25:00+08:00"}},
        {"paymentExpiryTime": "soon"},
        {"result": {}},
    ],
)  # fmt: skip
def test_an_order_that_lacks_something_is_no_merchant(changes: dict[str, object]) -> None:
    assert scanned(order_answer(**changes)) == Unavailable(Reason.COUNTERPARTY_ERROR)


def test_why_there_is_no_order_is_told() -> None:
    assert scanned(said("EXPIRED_CODE")) == Unavailable(Reason.QR_EXPIRED)
    assert scanned(said("UNKNOWN_EXCEPTION", "U")) == Unavailable(Reason.COUNTERPARTY_ERROR)
    assert scanned(order_answer(codeType="ENTRY_CODE")) == Unavailable(
        Reason.TRANSACTION_UNSUPPORTED
    )


def test_reports_are_read_by_their_names_and_name_a_payment_both_ways() -> None:
    head = "clearingBatchId,totalCount,settlementAmountValue,settlementCurrency,direction\n"
    wallet, acquirer = OPTIONS["psp_id"], OPTIONS["acquirer_id"]
    total = ADAPTER.read_settlement_file(
        f"summary_{wallet}_USD_2_3_000.csv", f"{head}B,0,0,USD,D".encode()
    )
    items = ADAPTER.read_settlement_file(f"transactionItems_{acquirer}_USD_2_3_000.csv", REPORT)
    ours = ADAPTER.read_settlement_file(f"transactionItems_{wallet}_USD_2_3_000.csv", REPORT)
    assert (items.direction, ours.direction) == (Direction.INBOUND, Direction.OUTBOUND)
    assert total == SettlementFile(())
    (line,) = items.lines
    assert (line.kind, line.reference, line.network_reference) == (LineKind.PAYMENT, "2", "1")
    assert line.uetr == derived_uetr("alipayplus", "2")
    assert (line.amounts[0], line.owed_to_us) == (Money.parse("10.23", "USD"), None)
    # A clearing cycle is a day of UTC+8.
    day = datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert items.period == (day, day + timedelta(days=1))


@pytest.mark.parametrize(
    "name",
    ["transactionItems_1_USD_2_3_000.csv", f"transactionItems_{OPTIONS['psp_id']}_KRW_2_3_000.csv"],
)
def test_a_report_of_another_participant_or_currency_is_refused(name: str) -> None:
    with pytest.raises(FileRefused):
        ADAPTER.read_settlement_file(name, REPORT)


@pytest.mark.parametrize(
    "name", ["items.csv", f"transactionItems_{OPTIONS['psp_id']}_USD_2_3_000.csv"]
)
def test_a_report_that_cannot_be_read_is_refused_whole(name: str) -> None:
    with pytest.raises(FileRefused):
        ADAPTER.read_settlement_file(name, b"transactionId\n1\n")
