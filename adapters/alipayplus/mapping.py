"""Alipay+ as a wallet sees it: what we ask and tell about a Cambodian's payment abroad. Pure.

A scanned code is sent to be read (``userInitiatedPay``); the answer is the order with the network's
own price, and the name that the network gives it (``paymentRequestId``). Paying is telling: once
our commit holds the debit, ``notifyPayment`` says so, and it is told again word for word until it
is acknowledged. The surprise: the enquiry about a payment is that same message, because its answer
is what we want to know and one order is executed once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from adapters.alipayplus import results, wire
from fx.money import Money, Rate
from switch.model import Party
from switch.port import Merchant, Operation, Outcome, OutcomeKind, SchemeQuote, Unavailable, is_lost
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.alipayplus.wire import Amounts
    from switch.model import Particulars, Payment

ORDER_ID: Final = "payment_request_id"
"""Name in ``extra`` of the order's id at the network."""

CUSTOMER: Final = "customer_id"
"""Name in ``extra`` of what stands for the payer on the wire."""

_SERVER_ERROR: Final = 500
_PRICE: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sides:
    """Who is who on the wire: ids that Alipay+ assigned to us in either role."""

    acquirer: str
    wallet: str


def scan_values(payload: str, customer: str) -> dict[str, object]:
    """Return ``userInitiatedPay``: the raw code, for the network to read."""
    return {"codeValue": payload, "customerId": customer}


def paid_to_network(payment: Payment) -> Money:
    """What the network is paid: the source of the hop that it priced."""
    terms = payment.terms
    return terms.hops[-1].source if terms.hops else terms.source


def paid_values(payment: Payment, particulars: Particulars, amounts: Amounts) -> dict[str, object]:
    """Return ``notifyPayment``: the payer is debited, so the merchant is owed.

    The same payment gives the same values at any time: what the network compares in a repeat
    (amounts, result, payment id, customer) and the time of payment, which is our acceptance.
    """
    return {
        "paymentResult": results.result(results.OK),
        "paymentRequestId": order_of(payment, particulars),
        "paymentId": payment_id(payment),
        "paymentTime": wire.instant(payment.accepted_at),
        "paymentAmount": amounts.written(paid_to_network(payment)),
        "payToAmount": amounts.written(payment.terms.destination),
        "customerId": particulars.extra[CUSTOMER],
    }


def order_of(payment: Payment, particulars: Particulars) -> str:
    """The network's name of the order; what the lookup said where our own row was lost."""
    return particulars.extra[ORDER_ID] if is_lost(payment.reference) else payment.reference


def payment_id(payment: Payment) -> str:
    """Our own id of a payment at the network: no two payments of one order share it."""
    return payment.uetr.replace("-", "")


def told(body: bytes | None) -> Mapping[str, object] | None:
    """Return the fields of a verified answer, or None where it cannot be read."""
    if body is None:
        return None
    try:
        return wire.read_body(body)
    except wire.Unreadable:
        return None


def paid_outcome(
    fields: Mapping[str, object] | None, payment: Payment, operation: Operation
) -> Outcome:
    """Return what the answer to ``notifyPayment`` means.

    Refused by ``F``, the order is closed for instance, unless that :func:`results.says_nothing`.
    """
    if fields is None:
        return Outcome(OutcomeKind.UNKNOWN)
    try:
        status, code = results.read_result(fields, "result")
    except wire.Unreadable:
        return Outcome(OutcomeKind.UNKNOWN)
    if status == "S":
        return Outcome(OutcomeKind.ACCEPTED)
    first = operation is Operation.PAY and payment.rung == 0
    if status == "U" or results.says_nothing(code, first=first):
        return Outcome(OutcomeKind.UNKNOWN)
    return Outcome(OutcomeKind.REFUSED, results.reason_of(code))


@dataclass(frozen=True, slots=True)
class Read:
    """A code as the network read it: the order, and its price."""

    merchant: Merchant
    quote: SchemeQuote


def read_code(
    fields: Mapping[str, object] | None, customer: str, amounts: Amounts
) -> Read | Unavailable:
    """Return what the answer to ``userInitiatedPay`` says, or why there is nothing to pay.

    ``MoneyError`` is a ``ValueError``, as is what :mod:`wire` raises.
    """
    if fields is None:
        return Unavailable(Reason.COUNTERPARTY_ERROR)
    try:
        status, code = results.read_result(fields, "result")
        if status == "F":
            return Unavailable(results.reason_of(code))
        if status == "U":
            return Unavailable(Reason.COUNTERPARTY_ERROR)
        return _order(fields, customer, amounts)
    except ValueError:
        return Unavailable(Reason.COUNTERPARTY_ERROR)


def _order(fields: Mapping[str, object], customer: str, amounts: Amounts) -> Read | Unavailable:
    if fields.get("codeType", "ORDER_CODE") != "ORDER_CODE":
        # An entry code opens a page of the merchant's, where its customer keys the amount.
        return Unavailable(Reason.TRANSACTION_UNSUPPORTED)
    order = wire.obj(fields.get("order"))
    shop = wire.obj(order.get("merchant"))
    address = shop.get("merchantAddress")
    place = wire.obj(address) if address is not None else {}
    price = wire.obj(fields.get("paymentQuote"))
    paid, paid_to = (
        amounts.read(fields.get("paymentAmount")),
        amounts.read(fields.get("payToAmount")),
    )
    town = wire.optional(place, "city")
    merchant = Merchant(
        party=Party(
            name=wire.text(shop, "merchantName", 256),
            account=wire.text(shop, "referenceMerchantId"),
            town=town,
            country=wire.optional(place, "region", 2),
        ),
        city=town,
        category=wire.optional(shop, "merchantMCC", 32),
        currency=paid_to.currency.code,
        amount=paid_to,
        bill_number=wire.optional(order, "referenceOrderId"),
        extra={ORDER_ID: wire.text(fields, "paymentRequestId"), CUSTOMER: customer},
    )
    until = [wire.moment(wire.text(price, "quoteExpiryTime"))]
    if fields.get("paymentExpiryTime") is not None:
        until.append(wire.moment(wire.text(fields, "paymentExpiryTime")))
    quote = SchemeQuote(
        quote_id=wire.text(price, "quoteId"),
        source=paid,
        destination=paid_to,
        rate=_rate(price, paid, paid_to),
        expires_at=min(until),
        order=merchant.extra[ORDER_ID],
    )
    return Read(merchant, quote)


def _rate(price: Mapping[str, object], paid: Money, paid_to: Money) -> Rate:
    """The rate of a ``Quote``: what one of the first currency is in the second."""
    unit, slash, quoted = wire.text(price, "quoteCurrencyPair").partition("/")
    if not slash or {unit, quoted} != {paid.currency.code, paid_to.currency.code}:
        raise wire.Unreadable("the pair is not that of the two amounts")
    value = wire.text(price, "quotePrice", 32)
    of = wire.optional(price, "quoteUnit", 8) or "1"
    if of == "1":
        return Rate.parse(value, unit, quoted)
    if _PRICE.fullmatch(value) is None:
        raise wire.Unreadable("a price is digits with at most one point")
    each = Decimal(value).scaleb(-_zeros(of))
    return Rate.parse(format(each, "f"), unit, quoted)


def _zeros(of: str) -> int:
    """The power of ten that a price is for."""
    if of[:1] != "1" or of.strip("0") != "1":
        raise wire.Unreadable("a price is for a power of ten")
    return len(of) - 1
