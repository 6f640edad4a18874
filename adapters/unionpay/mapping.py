"""UnionPay outbound: merchants, prices, and payments to ``trxInfo``. Pure.

UnionPay prices itself and binds no quote: the price is asked for, and frozen here. The surprise: a
code may fix a fee as well (objects 55 to 57), which is paid with its amount.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from adapters.unionpay import codes
from adapters.unionpay.envelope import BEIJING, stamp, text
from fx.money import Money, MoneyError, Rate, Rounding, currency, divide
from switch.model import Kind, Party, from_micros
from switch.port import Merchant, SchemeQuote, Unavailable, is_lost, reference_digits
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.unionpay.envelope import Message
    from switch.model import Particulars, Payment
    from switch.port import Planning

LOOKUP: Final = "QRC_INFO_INQUIRY"
RATE: Final = "EXCHANGE_RATE_INQUIRY"
PAY_EMV: Final = "MPQRC_PAYMENT_EMV"
PAY_URL: Final = "MPQRC_PAYMENT_URL"
RESULT: Final = "TRX_RESULT_INQUIRY"
CANCELLATION: Final = "CANCELLATION"
REFUND: Final = "REFUND"

PATHS: Final[Mapping[str, str]] = MappingProxyType({
    LOOKUP: "/scis/switch/qrcinfoinquiry",
    RATE: "/scis/switch/exchangerateinquiry",
    PAY_EMV: "/scis/switch/qremvpayment",
    PAY_URL: "/scis/switch/qrurlpayment",
    RESULT: "/scis/switch/trxresultinquiry",
    CANCELLATION: "/scis/switch/cancellation",
    REFUND: "/scis/switch/refund",
})  # fmt: skip
"""Where each message type is sent; the last two are assumed."""

QUOTE_VALID_S: Final = 300
"""How long a price is taken to hold (A): the network states none."""

MERCHANT_CURRENCY: Final = "KHR"
"""What a KHQR merchant must be paid in to take UnionPay (network survey 9)."""

DAY_ENDS_EARLY: Final = timedelta(minutes=5)

URL: Final = "https://"

_ACCOUNT: Final = re.compile(r"([0-9]{8})([0-9]{8})(.{15})", re.DOTALL)
_RATE_DECIMALS: Final = 10
_RATE_DIGITS: Final = 11
_LABELS: Final = (
    ("billNo", "01"), ("mobileNo", "02"), ("storeLabel", "03"), ("loyaltyNumber", "04"),
    ("referenceLabel", "05"), ("customerLabel", "06"), ("terminalLabel", "07"),
    ("trxPurpose", "08"),
)  # fmt: skip
"""Members of ``additionalData`` and where EMV text has them in object 62."""


def message_id(institution: str, planning: Planning) -> str:
    """Return a msgID: ``A``, institution (8), Beijing time (17 digits), slot (2), counter (7).

    The time is that of the number itself, to the millisecond, so the whole is unique.
    """
    millisecond = planning.message_number >> 20
    at = from_micros(millisecond * 1000).astimezone(BEIJING)
    slot_and_counter = reference_digits(planning.message_number, planning.slot)
    return (
        f"A{institution}{at:%Y%m%d%H%M%S}{millisecond % 1000:03d}"
        f"{slot_and_counter[:2]}{slot_and_counter[-7:]}"
    )


def payer(token: str, seed: str) -> dict[str, str]:
    """Return who pays, as the network may know it: our token, and pseudonyms of one payment.

    ``seed`` is the payment's UETR, or the msgID of a question that belongs to none.
    """
    digest = sha256(f"unionpay payer {seed}".encode()).hexdigest()
    return {
        "deviceID": digest[:32],
        "userID": f"{int(digest[32:], 16) % 10**16:016d}",
        "token": token,
    }


def is_url(payload: str) -> bool:
    """Whether a code is a link to UnionPay and not EMV text."""
    return payload.lower().startswith(URL)


def objects(payload: str) -> dict[str, str]:
    """Return the objects of EMV text by tag; what does not add up ends the reading.

    The switch has recognised the code; this only takes the parts that the message wants apart.
    """
    found: dict[str, str] = {}
    at = 0
    while payload[at + 2 : at + 4].isdecimal() and payload[at : at + 4].isascii():
        size = int(payload[at + 2 : at + 4])
        found.setdefault(payload[at : at + 2], payload[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def merchant_of(payload: str) -> dict[str, str]:
    """Return acquirer, forwarder and merchant id of EMV text: 8, 8 and 15 characters."""
    tags = objects(payload)
    for tag in ("15", "16"):
        parts = _ACCOUNT.fullmatch(tags.get(tag, ""))
        if parts is not None:
            return {"acquirerIIN": parts[1], "fwdIIN": parts[2], "mid": parts[3].strip()}
    return {}


def lookup_values(payload: str, token: str, seed: str) -> dict[str, Any]:
    """Return ``trxInfo`` of QRC_INFO_INQUIRY: the raw code, for its owner to read."""
    who = payer(token, seed)
    return {"deviceID": who["deviceID"], "userID": who["userID"], "mpqrcPayload": payload}


def merchant(message: Message, payload: str, agent: str, code: str) -> Merchant | Unavailable:
    """Return the merchant of a verified answer; ``code`` is the currency that we pay in."""
    if message.code != codes.APPROVED:
        return Unavailable(codes.REFUSALS.get(message.code, Reason.COUNTERPARTY_ERROR))
    values, tags = message.values, objects(payload)
    name, place = text(values, "merchantName"), merchant_of(payload)
    if not name or text(values, "trxCurrency") != currency(code).numeric:
        return Unavailable(Reason.CURRENCY_UNSUPPORTED if name else Reason.COUNTERPARTY_ERROR)
    try:
        amount = _fixed(text(values, "trxAmt"), tags, code)
    except MoneyError:
        return Unavailable(Reason.AMOUNT_MALFORMED)
    city = text(values, "merchantCity") or tags.get("60", "")
    labels = objects(tags.get("62", ""))
    account = place.get("mid") or payload.rpartition("/")[2][-34:]
    kind = PAY_URL if is_url(payload) else PAY_EMV
    return Merchant(
        party=Party(name, account, agent, city, text(values, "merchantCountry")[:2]),
        city=city,
        category=text(values, "mcc"),
        currency=code,
        amount=amount,
        store_label=labels.get("03", ""),
        terminal_label=labels.get("07", "") or text(values, "terminalID"),
        bill_number=labels.get("01", ""),
        extra={"message_type": kind, "inquiry": message.message_id},
    )


def _fixed(told: str, tags: Mapping[str, str], code: str) -> Money | None:
    """Return the amount that is payable: the network's word, or the code's with its fixed fee.

    Object 56 is added to 54 (network survey 5). A fee in percent is added by who read the code,
    so no amount is named without it; an open tip is the payer's.
    """
    if told:
        return Money.parse(told, code).positive()
    if "54" not in tags or tags.get("55") == "03":
        return None
    amount = Money.parse(tags["54"], code)
    if tags.get("55") == "02" and "56" in tags:
        amount = amount + Money.parse(tags["56"], code)
    return amount.positive()


def rate_values(amount: Money, other: str) -> dict[str, Any]:
    """Return ``trxInfo`` of EXCHANGE_RATE_INQUIRY: what is this amount in the other currency."""
    return {
        "origCurrency": amount.currency.numeric,
        "origAmt": str(amount),
        "exchangeCurrency": currency(other).numeric,
    }


def quote(
    message: Message, asked: Mapping[str, Any], code: str, expires_at: datetime
) -> SchemeQuote | Unavailable:
    """Return the price of a verified answer to what was ``asked``; its id is the inquiry's.

    ``code`` is the merchant's currency. The rate follows from the two amounts, since the network
    tells none.
    """
    if message.code != codes.APPROVED:
        return Unavailable(codes.REFUSALS.get(message.code, Reason.RATE_UNAVAILABLE))
    told = message.values
    if any(told.get(name, asked[name]) != asked[name] for name in asked):
        return Unavailable(Reason.COUNTERPARTY_ERROR)
    try:
        given = Money.parse(asked["origAmt"], asked["origCurrency"]).positive()
        found = Money.parse(text(told, "exchangeAmt"), asked["exchangeCurrency"]).positive()
        source, destination = (found, given) if given.currency.code == code else (given, found)
        rate = rate_between(source, destination)
    except MoneyError:
        return Unavailable(Reason.COUNTERPARTY_ERROR)
    return SchemeQuote(message.message_id, source, destination, rate, expires_at)


def rate_between(one: Money, other: Money) -> Rate:
    """Return the rate that two amounts state, in the direction of the bigger number.

    Rounded half up to what eleven digits and ten decimals hold; raises :class:`MoneyError`.
    """
    scaled = one.minor * other.currency.minor_per_major, other.minor * one.currency.minor_per_major
    unit, quoted, numerator, denominator = one.currency, other.currency, scaled[1], scaled[0]
    if numerator < denominator:
        unit, quoted, numerator, denominator = quoted, unit, denominator, numerator
    for decimals in range(_RATE_DECIMALS, -1, -1):
        value = divide(numerator * 10**decimals, denominator, Rounding.HALF_UP)
        if value < 10**_RATE_DIGITS:
            return Rate(Decimal(value).scaleb(-decimals), unit, quoted)
    raise MoneyError("rate_malformed", "the amounts are too far apart for a rate")


def payment_values(payment: Payment, particulars: Particulars, token: str) -> dict[str, Any]:
    """Return ``trxInfo`` of a payment by EMV text or by link."""
    amount, payload = payment.terms.destination, particulars.qr_payload
    shop = {
        **merchant_of(payload),
        "merchantName": particulars.creditor.name,
        "mcc": particulars.merchant_category,
    }
    values = {
        **payer(token, payment.uetr),
        "trxAmt": str(amount),
        "trxCurrency": amount.currency.numeric,
        "mpqrcPayload": payload,
        "merchantInfo": {name: value for name, value in shop.items() if value},
    }
    if payment_type(particulars) == PAY_URL:
        return {**values, "origTrxMsgID": particulars.extra.get("inquiry", "")}
    labels = objects(objects(payload).get("62", ""))
    more = {name: labels[tag] for name, tag in _LABELS if labels.get(tag)}
    return {**values, "additionalData": more} if more else values


def payment_type(particulars: Particulars) -> str:
    """Return the message type that pays a code."""
    return PAY_URL if is_url(particulars.qr_payload) else PAY_EMV


def refund_type(payment: Payment, particulars: Particulars) -> str:
    """Return how a linked payment gives back: whole and on the same day a cancellation (10.4).

    The day is Beijing's and ends five minutes early, so that none is late for it.
    """
    extra, back = particulars.extra, payment.terms.destination
    whole = extra.get("claim") == f"{back} {back.currency.code}"
    today = stamp(payment.opened_at + DAY_ENDS_EARLY)[:8]
    return CANCELLATION if whole and extra.get("advised_on") == today else REFUND


def refund_values(payment: Payment, particulars: Particulars) -> dict[str, Any]:
    """Return ``trxInfo`` of what gives a cardholder's money back, in full or in part.

    The claim goes back in what the network owed us; the amount in the merchant's currency is the
    order's where nothing was converted back, because the merchant never got it.
    """
    extra, back = particulars.extra, payment.terms.destination
    paid = payment.terms.source
    unmoved = paid.currency == back.currency
    return {
        "txnID": extra.get("original_transaction_id", ""),
        "origMsgID": extra.get("advice", ""),
        "qrcVoucherNo": extra.get("voucher", ""),
        "trxAmt": extra.get("trx_amount", "") if unmoved else str(paid),
        "trxCurrency": currency(MERCHANT_CURRENCY).numeric,
        "settAmt": str(back),
        "settCurrency": back.currency.numeric,
    }


def enquiry_values(payment: Payment, particulars: Particulars, token: str) -> dict[str, Any]:
    """Return ``trxInfo`` of TRX_RESULT_INQUIRY; a msgID lost with our store is left out."""
    amount, kind = payment.terms.destination, payment_type(particulars)
    asked = {"trxAmt": str(amount), "trxCurrency": amount.currency.numeric}
    if payment.kind is Kind.REFUND:
        kind, back = refund_type(payment, particulars), refund_values(payment, particulars)
        asked = {name: back[name] for name in asked}
    named = {} if is_lost(payment.reference) else {"origMsgID": payment.reference}
    return {**payer(token, payment.uetr), **named, "origMsgType": kind, **asked}
