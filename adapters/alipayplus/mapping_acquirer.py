"""Alipay+ as an acquirer sees it: a guest pays a KHQR merchant, and what may follow. Pure.

The network has us read the code (``userInitiatedPay``), tells when its customer is debited
(``notifyPayment``), and takes an order back (``cancelPayment``) or money (``refund``). We name the
order: its ``paymentRequestId`` follows from the code and the customer, so the same code gives the
same order. The surprise: the merchant is shown by a name that stands for its account, because a
KHQR account may be that of a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from adapters.alipayplus import results, wire
from adapters.alipayplus.mapping import ORDER_ID
from switch.port import Operation, Outcome, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.alipayplus.mapping import Sides
    from adapters.alipayplus.wire import Amounts
    from switch.model import Particulars, Payment
    from switch.port import Merchant

FAR_PAYMENT: Final = "far_payment_id"
"""Name in ``extra`` of the network's own id of a payment."""

WALLET: Final = "psp_id"
"""Name in ``extra`` of the wallet that the payer uses."""

DESCRIPTION_MAX: Final = 256

_TOO_LATE: Final = frozenset({"CANCEL_WINDOW_EXCEED", "ORDER_STATUS_INVALID"})
# The cancel came after its window, or met a refund: the payment stands (A).


@dataclass(frozen=True, slots=True)
class Order:
    """An order that we hold: the shop behind the code, and the payment that was opened for it.

    ``shop`` stands for the merchant's account on the wire.
    """

    key: str
    merchant: Merchant = field(repr=False)
    payment: Payment
    shop: str


def order_values(of: Order, amounts: Amounts, notify_url: str) -> dict[str, object]:
    """Return the answer to ``userInitiatedPay``: the order as the guest's wallet shows it.

    ``orderAmount`` is what the merchant gets, ``paymentAmount`` what the network owes us for it.
    """
    merchant, terms, key = of.merchant, of.payment.terms, of.key
    party = merchant.party
    expires_at = of.payment.next_at or terms.quote_expires_at
    address = wire.given({"region": party.country, "city": party.town or merchant.city})
    store = {"referenceStoreId": merchant.store_label, "storeName": party.name}
    order = {
        "referenceOrderId": merchant.bill_number or key,
        "orderDescription": f"{party.name} {merchant.bill_number}".strip()[:DESCRIPTION_MAX],
        "orderAmount": amounts.written(terms.destination),
        "merchant": wire.given({
            "referenceMerchantId": of.shop,
            "merchantName": party.name,
            "merchantMCC": merchant.category,
            "merchantAddress": address,
            "store": store if merchant.store_label else {},
        }),
    }  # fmt: skip
    return wire.given({
        "result": results.result(results.OK),
        "codeType": "ORDER_CODE",
        "paymentRequestId": key,
        "order": order,
        "paymentAmount": amounts.written(terms.debit),
        "paymentFactor": {"isInStorePayment": "true", "inStorePaymentScenario": "OrderCode"},
        "settlementStrategy": {"settlementCurrency": terms.debit.currency.code},
        "paymentExpiryTime": wire.instant(min(expires_at, terms.quote_expires_at)),
        "paymentNotifyUrl": notify_url,
    })  # fmt: skip


def inquiry_values(particulars: Particulars, sides: Sides) -> dict[str, object]:
    """Return ``inquiryPayment`` and ``cancelPayment``: both name the order and nothing else."""
    return {
        "acquirerId": sides.acquirer,
        "pspId": particulars.extra.get(WALLET, sides.wallet),
        "paymentRequestId": particulars.extra[ORDER_ID],
    }


def refund_values(
    payment: Payment, particulars: Particulars, sides: Sides, amounts: Amounts
) -> dict[str, object]:
    """Return ``refund``: ``terms.destination`` goes back to the guest, from what the shop gives."""
    terms = payment.terms
    return {
        **inquiry_values(particulars, sides),
        "refundRequestId": payment.reference,
        "refundAmount": amounts.written(terms.destination),
        "refundFromAmount": amounts.written(terms.source),
    }


def outcome(
    call: str, fields: Mapping[str, object] | None, payment: Payment, operation: Operation
) -> Outcome:
    """Return what the answer to an inquiry, a cancel or a refund means."""
    if fields is None:
        return Outcome(OutcomeKind.UNKNOWN)
    try:
        status, code = results.read_result(fields, "result")
        if call == "inquiryPayment":
            return _inquired(fields, status)
        far = wire.optional(fields, "refundId") or None
    except wire.Unreadable:
        return Outcome(OutcomeKind.UNKNOWN)
    if call == "cancelPayment":
        if status == "S":
            return Outcome(OutcomeKind.CANCELLED)
        late = status == "F" and code in _TOO_LATE
        return Outcome(OutcomeKind.ACCEPTED if late else OutcomeKind.UNKNOWN)
    if status == "S":
        return Outcome(OutcomeKind.ACCEPTED, far_reference=far)
    first = operation is not Operation.ENQUIRE and payment.rung == 0
    if status == "U" or results.says_nothing(code, first=first):
        return Outcome(OutcomeKind.UNKNOWN)
    return Outcome(OutcomeKind.REFUSED, results.reason_of(code))


def _inquired(fields: Mapping[str, object], status: str) -> Outcome:
    """``result`` says whether the inquiry worked, ``paymentResult`` what the payment did."""
    if status != "S":
        return Outcome(OutcomeKind.UNKNOWN)
    paid, code = results.read_result(fields, "paymentResult")
    far = wire.optional(fields, "paymentId") or None
    if paid == "S":
        return Outcome(OutcomeKind.ACCEPTED, far_reference=far)
    if paid == "F":
        return Outcome(OutcomeKind.REFUSED, results.reason_of(code), far)
    return Outcome(OutcomeKind.PENDING, far_reference=far)
