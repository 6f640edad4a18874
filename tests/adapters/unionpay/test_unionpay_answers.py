"""What UnionPay's answers mean: codes, bills, prices, refunds, and what is to be trusted at all.

An answer ends a payment only when it is signed, answers this very message, and speaks of the amount
and the bill that were frozen. Everything else is unknown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest

from adapters.unionpay import codes, mapping
from fx.money import Money, Rate
from switch.port import Merchant, Outcome, OutcomeKind, Unavailable, WireAnswer
from switch.port import lost_reference as lost
from switch.reasons import Reason
from tests.adapters.unionpay.unionpay_parts import (
    NOW,
    SAMPLES,
    UETR,
    Keys,
    answer_to,
    claims_of,
    embedded_answer,
    emv,
    new_adapter,
    outbound_payment,
    particulars,
    planning,
    sample,
)

if TYPE_CHECKING:
    from adapters.unionpay import UnionPayAdapter
    from switch.model import Payment
    from switch.port import Exchange

UNKNOWN: Final = Outcome(OutcomeKind.UNKNOWN)
VOUCHER: Final = "20196220855800073135"
needs_samples = pytest.mark.skipif(
    not (SAMPLES / "unionpay").exists(), reason="the network samples are not here"
)
SENT_AT: Final = datetime(2019, 8, 8, 3, 2, 16, 974_000, tzinfo=UTC)
BILL: Final = {
    "cdhldrBillAmt": "48.46",
    "cdhldrBillCurrency": "840",
    "cdhldrBillConvRate": "0.1404494",
}


@pytest.fixture
def payment(unionpay: UnionPayAdapter) -> Payment:
    return outbound_payment(unionpay.reference(planning()))


@pytest.fixture
def pay(unionpay: UnionPayAdapter, payment: Payment) -> Exchange:
    return unionpay.plan_pay(payment, particulars(), planning())


@pytest.fixture
def ask(unionpay: UnionPayAdapter, payment: Payment) -> Exchange:
    return unionpay.plan_enquire(payment, particulars(), planning(counter=8))


def sent(exchange: Exchange) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(exchange.body)
    return found


def receipt(**changes: object) -> dict[str, object]:
    """What an approval says of 345.00 yuan."""
    values = {"trxAmt": "345.00", "trxCurrency": "156", "qrcVoucherNo": VOUCHER, **BILL}
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


MERCHANT: Final = Merchant(particulars().creditor, "Kunming", "5812", "CNY", None)


# The table of codes.


@needs_samples
def test_the_table_knows_every_published_code_and_no_other() -> None:
    known = {codes.APPROVED, *codes.REFUSALS, *codes.UNKNOWN}

    assert known == set(sample("response_codes.json"))
    assert codes.REFUSALS.keys() & codes.UNKNOWN == set()
    assert len(known) == 47


@pytest.mark.parametrize("code", sorted({*codes.REFUSALS, *codes.UNKNOWN, "A7", "", "0", "000"}))
def test_each_code_refuses_with_its_reason_or_says_nothing(
    keys: Keys, unionpay: UnionPayAdapter, pay: Exchange, ask: Exchange, payment: Payment, code: str
) -> None:
    reason = codes.REFUSALS.get(code)
    wanted = UNKNOWN if reason is None else Outcome(OutcomeKind.REFUSED, reason)
    asked = Outcome(OutcomeKind.NEVER_SEEN) if code == "25" else UNKNOWN

    assert unionpay.read(pay, payment, answer_to(keys, pay, receipt(), code)) == wanted
    # A code to the inquiry is about the inquiry.
    assert unionpay.read(ask, payment, answer_to(keys, ask, receipt(), code)) == asked
    told = {**receipt(), "paymentStatus": "REJECTED", "rejectionReason": code}
    reported = wanted if reason is None else replace(wanted, far_reference=VOUCHER)
    assert unionpay.read(ask, payment, answer_to(keys, ask, told)) == reported


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_of_ours_has_a_published_code(reason: Reason) -> None:
    code, _ = codes.outward(reason)

    assert code in {*codes.REFUSALS, *codes.UNKNOWN}


# When an approval is believed.


def test_an_approval_with_the_frozen_amount_and_bill_is_accepted(
    keys: Keys, unionpay: UnionPayAdapter, pay: Exchange, payment: Payment
) -> None:
    told = unionpay.read(pay, payment, answer_to(keys, pay, receipt()))

    assert told == Outcome(OutcomeKind.ACCEPTED, far_reference=VOUCHER)


@pytest.mark.parametrize(
    ("changes", "believed"),
    [
        ({"cdhldrBillAmt": "48.47"}, False),
        ({"cdhldrBillAmt": "48.45"}, True),
        ({"cdhldrBillAmt": "48.48"}, False),
        ({"cdhldrBillAmt": "48.44"}, False),
        ({"cdhldrBillAmt": "50.00", "cdhldrBillConvRate": "0.1449275"}, False),
        ({"cdhldrBillConvRate": "0.1504494"}, False),
        ({"cdhldrBillCurrency": "116"}, False),
        ({"cdhldrBillConvRate": "none"}, False),
        ({"cdhldrBillAmt": None, "cdhldrBillCurrency": None, "cdhldrBillConvRate": None}, True),
        ({"trxAmt": "344.00"}, False),
        ({"trxCurrency": "344"}, False),
        ({"trxAmt": None}, False),
        (
            {"trxAmt": "340.00", "originalAmount": "345.00", "cdhldrBillAmt": "47.75"},
            True,
        ),
        ({"trxAmt": "340.00", "originalAmount": "346.00", "cdhldrBillAmt": "47.75"}, False),
    ],
)
def test_a_bill_is_recomputed_and_held_against_the_price_to_a_cent(
    keys: Keys,
    unionpay: UnionPayAdapter,
    pay: Exchange,
    payment: Payment,
    changes: dict[str, object],
    *,
    believed: bool,
) -> None:
    told = unionpay.read(pay, payment, answer_to(keys, pay, receipt(**changes)))

    assert (told.kind is OutcomeKind.ACCEPTED) == believed
    assert believed or told == UNKNOWN


def bad_answers(keys: Keys, exchange: Exchange) -> dict[str, WireAnswer]:
    """Answers that nothing may be taken from."""
    good = answer_to(keys, exchange, receipt())
    claims = claims_of(exchange)
    return {
        "server_error": replace(good, status=502),
        "unsigned": replace(good, headers={}),
        "altered": replace(good, body=good.body.replace(b"345.00", b"345.01")),
        "stranger": answer_to(keys, exchange, receipt(), name="stranger"),
        "other_request": answer_to(
            keys, exchange, receipt(), claims=replace(claims, uuid="f" * 32)
        ),
        "a_request": answer_to(keys, exchange, receipt(), claims=replace(claims, path="/upi/qr")),
        "other_institution": answer_to(
            keys, exchange, receipt(), claims=replace(claims, app_id="39999998")
        ),
        "other_id": answer_to(
            keys, exchange, receipt(), info={"msgID": "A3999999920190808110216974868"}
        ),
        "other_type": answer_to(keys, exchange, receipt(), info={"msgType": "REFUND"}),
        "other_version": answer_to(keys, exchange, receipt(), info={"versionNo": "2.0.0"}),
        "no_code": answer_to(keys, exchange, receipt(), ""),
        "bad_time": answer_to(keys, exchange, receipt(), info={"timeStamp": "20261340000000"}),
    }


@pytest.mark.parametrize("name", [
    "server_error", "unsigned", "altered", "stranger", "other_request", "a_request",
    "other_institution", "other_id", "other_type", "other_version", "no_code", "bad_time",
])  # fmt: skip
def test_what_cannot_be_trusted_says_nothing(
    keys: Keys, unionpay: UnionPayAdapter, pay: Exchange, payment: Payment, name: str
) -> None:
    assert unionpay.read(pay, payment, bad_answers(keys, pay)[name]) == UNKNOWN


@pytest.mark.parametrize("digest_info", [True, False])
def test_an_answer_with_the_signature_inside_is_read(keys: Keys, *, digest_info: bool) -> None:
    adapter = new_adapter(keys, signature="embedded", digest_info=str(digest_info).lower())
    paid = outbound_payment(adapter.reference(planning()))
    exchange = adapter.plan_pay(paid, particulars(), planning())
    good = embedded_answer(keys, exchange, receipt(), digest_info=digest_info)
    bad = embedded_answer(keys, exchange, receipt(), digest_info=not digest_info)

    assert adapter.read(exchange, paid, good).kind is OutcomeKind.ACCEPTED
    assert adapter.read(exchange, paid, bad) == UNKNOWN
    changed = replace(good, body=good.body.replace(b"345.00", b"345.01"))
    assert adapter.read(exchange, paid, changed) == UNKNOWN


def test_a_lost_payment_is_asked_about_by_its_device_and_never_called_unseen(
    keys: Keys, unionpay: UnionPayAdapter
) -> None:
    payment = outbound_payment(lost(UETR))
    ask = unionpay.plan_enquire(payment, particulars(), planning())
    told = {**receipt(), "paymentStatus": "APPROVED"}

    assert "origMsgID" not in sent(ask)["trxInfo"]
    assert unionpay.read(ask, payment, answer_to(keys, ask, {}, "25")) == UNKNOWN
    assert unionpay.read(ask, payment, answer_to(keys, ask, told)).kind is OutcomeKind.ACCEPTED


# Prices and merchants.


@pytest.mark.parametrize(
    ("one", "other", "rate"),
    [
        (("48.46", "USD"), ("345.00", "CNY"), ("7.1192736277", "USD", "CNY")),
        (("345.00", "CNY"), ("48.46", "USD"), ("7.1192736277", "USD", "CNY")),
        (("1.00", "USD"), ("1.00", "CNY"), ("1", "USD", "CNY")),
        (("41250", "KHR"), ("72.85", "CNY"), ("566.23198353", "CNY", "KHR")),
    ],
)
def test_a_rate_is_that_of_its_two_amounts_in_the_bigger_direction(
    one: tuple[str, str], other: tuple[str, str], rate: tuple[str, str, str]
) -> None:
    made = mapping.rate_between(Money.parse(*one), Money.parse(*other))

    assert (made.value.normalize(), made.unit.code, made.quoted.code) == (
        *(Decimal(rate[0]), rate[1], rate[2]),
    )


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({}, "00"),
        ({"exchangeAmt": "0.00"}, "00"),
        ({"exchangeAmt": "90"}, "96"),
        ({"exchangeAmt": "-1"}, "00"),
        ({"exchangeAmt": 90}, "00"),
        ({"exchangeAmt": "48.46", "origAmt": "346.00"}, "00"),
        ({"exchangeAmt": "48.46", "exchangeCurrency": "392"}, "00"),
    ],
)
def test_a_price_that_is_none_is_unavailable(
    keys: Keys, unionpay: UnionPayAdapter, told: dict[str, object], code: str
) -> None:
    amount = Money.parse("345.00", "CNY")
    asked = unionpay.plan_quote(MERCHANT, emv(), amount, "USD", planning())

    found = unionpay.read_quote(asked, answer_to(keys, asked, told, code))
    assert isinstance(found, Unavailable)


@pytest.mark.parametrize(
    ("amount", "other", "told", "sides"),
    [
        (("345.00", "CNY"), "USD", "48.46", ("48.46", "345.00")),
        (("48.46", "USD"), "CNY", "345.03", ("48.46", "345.03")),
    ],
)
def test_a_price_says_what_is_paid_and_what_the_merchant_gets(
    keys: Keys,
    unionpay: UnionPayAdapter,
    amount: tuple[str, str],
    other: str,
    told: str,
    sides: tuple[str, str],
) -> None:
    asked = unionpay.plan_quote(MERCHANT, emv(), Money.parse(*amount), other, planning())
    found = unionpay.read_quote(asked, answer_to(keys, asked, {"exchangeAmt": told}))

    assert not isinstance(found, Unavailable)
    assert (str(found.source), str(found.destination)) == sides
    assert found.quote_id == asked.reference
    assert (found.expires_at - NOW).total_seconds() == pytest.approx(300)
    assert isinstance(found.rate, Rate)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"trxCurrency": "344", "merchantName": "HK Shop"}, Reason.CURRENCY_UNSUPPORTED),
        ({"trxCurrency": "156"}, Reason.COUNTERPARTY_ERROR),
        ({"trxCurrency": "156", "merchantName": "X", "trxAmt": "1.005"}, Reason.AMOUNT_MALFORMED),
        ({"trxCurrency": "156", "merchantName": "X", "trxAmt": "0.00"}, Reason.AMOUNT_MALFORMED),
    ],
)
def test_a_merchant_that_cannot_be_paid_is_none(
    keys: Keys, unionpay: UnionPayAdapter, values: dict[str, object], reason: Reason
) -> None:
    asked = unionpay.plan_lookup(emv(), None, planning())

    assert unionpay.read_lookup(asked, answer_to(keys, asked, values)) == Unavailable(reason)


def test_no_amount_is_named_without_the_fee_in_percent_of_its_code(
    keys: Keys, unionpay: UnionPayAdapter
) -> None:
    code = emv(changes={"54": "88.00", "01": "12", "55": "03", "57": "10"})
    asked = unionpay.plan_lookup(code, None, planning())
    values = {"trxCurrency": "156", "merchantName": "X"}

    found = unionpay.read_lookup(asked, answer_to(keys, asked, values))

    assert not isinstance(found, Unavailable)
    assert found.amount is None
