"""Japan: payments to the fields of the network's JSON, and answers back to outcomes. Pure.

Our identification of a payment *is* its UETR, so nothing that is lost with a store is needed to ask
about it. ``resultInfo`` says how the call went and ``data.status`` how the payment stands: only a
status about this very payment and amount, or a refusal of the first instruction, says anything of
it. The surprise: answers bear no signature (TLS is all there is), so everything else is unknown.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from fx.money import Money, MoneyError
from iso20022 import IsoError
from switch.model import Kind, Party, to_micros
from switch.port import Merchant, Operation, Outcome, OutcomeKind, Unavailable
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.model import Particulars, Payment

CURRENCY: Final = "JPY"
COUNTRY: Final = "JP"

SUCCESS: Final = "SUCCESS"
NOT_FOUND: Final = "DYNAMIC_QR_PAYMENT_NOT_FOUND"
"""Asked about a payment: it never happened (network survey 10.6)."""

TAKEN: Final = "REQUEST_ACCEPTED"
"""Taken, with HTTP 202; what became of it is to be asked."""

NO_REFUND: Final = "NO_SUCH_REFUND_ORDER"
"""The same of a refund (L)."""

TOO_LATE: Final = "ORDER_NOT_REVERSIBLE"
"""The only refusal of a cancel that tells how the payment stands for good (A)."""

ASKED_FOR: Final = "refund to the customer"
"""``reason`` of a refund: nothing personal, and nothing of the merchant's own words."""

DIGITS_MAX: Final = 11
"""Most digits of an amount (H)."""

REFUSALS: Final[Mapping[str, Reason]] = MappingProxyType({
    "OPA_CLIENT_NOT_FOUND": Reason.ACCOUNT_UNKNOWN,
    "DYNAMIC_QR_NOT_FOUND": Reason.QR_EXPIRED,
    "OP_OUT_OF_SCOPE": Reason.TRANSACTION_FORBIDDEN,
    "INVALID_REQUEST_PARAMS": Reason.FORMAT_INVALID,
    "INVALID_PARAMS": Reason.FORMAT_INVALID,
    "MISSING_REQUEST_PARAMS": Reason.ELEMENT_MISSING,
    "MAINTENANCE_MODE": Reason.CREDITOR_OFFLINE,
    "SERVICE_ERROR": Reason.UNSPECIFIED,
})  # fmt: skip
"""Codes that refuse what was asked. A duplicate, a wrong or used signature and a rate limit are not
among them: each may speak of a copy of an instruction that is executed."""

_OF_STATUS: Final[Mapping[str, Outcome]] = MappingProxyType({
    "CREATED": Outcome(OutcomeKind.PENDING),
    "AUTHORIZED": Outcome(OutcomeKind.PENDING),
    "COMPLETED": Outcome(OutcomeKind.ACCEPTED),
    "FAILED": Outcome(OutcomeKind.REFUSED, Reason.UNSPECIFIED),
    "EXPIRED": Outcome(OutcomeKind.REFUSED, Reason.TOO_OLD),
    "CANCELED": Outcome(OutcomeKind.CANCELLED),
    "REFUNDED": Outcome(OutcomeKind.CANCELLED),
})  # fmt: skip
"""What ``data.status`` says of a payment. One that was paid back in full is undone."""

_OF_REFUND: Final[Mapping[str, Outcome]] = MappingProxyType({
    "CREATED": Outcome(OutcomeKind.PENDING),
    "COMPLETED": Outcome(OutcomeKind.ACCEPTED),
    "REFUNDED": Outcome(OutcomeKind.ACCEPTED),
    "FAILED": Outcome(OutcomeKind.REFUSED, Reason.UNSPECIFIED),
})  # fmt: skip
"""What ``data.status`` says of a refund; there it is the refund's own."""

_MAY_BE_UNDONE: Final = (OutcomeKind.ACCEPTED, OutcomeKind.PENDING)
_UNKNOWN: Final = Outcome(OutcomeKind.UNKNOWN)
_OK, _BAD, _SERVER_ERROR = 200, 400, 500
_NAMED: Final = re.compile(r"\A[0-9A-Za-z_-]{1,64}\Z", re.ASCII)
_CATEGORY: Final = re.compile(r"\A[0-9]{4}\Z", re.ASCII)
_NAME_MAX: Final = 140


def amount_of(money: Money) -> dict[str, object]:
    """An amount as the network writes it: a whole number of the currency's unit.

    Raises ``IsoError`` AM12 for one that is none, and for one of more than eleven digits.
    """
    whole, rest = divmod(money.minor, 10**money.currency.exponent)
    if rest or len(str(whole)) > DIGITS_MAX:
        raise IsoError("rule", "AM12", "amount", "the network takes whole units, eleven digits")
    return {"amount": whole, "currency": money.currency.code}


def payment_values(payment: Payment, particulars: Particulars) -> dict[str, object]:
    """The instruction. Raises ``IsoError`` for a value that it cannot hold."""
    extra, terms = particulars.extra, payment.terms
    return {
        "merchantPaymentId": payment.reference,
        "merchantId": extra.get("merchantId", ""),
        "storeId": extra.get("storeId", ""),
        "amount": amount_of(terms.destination),
        "payerAmount": amount_of(terms.source),
        "fxQuoteId": terms.quote_id,
        "requestedAt": seconds(payment),
    }


def refund_values(payment: Payment) -> dict[str, object]:
    """The instruction to give back, in part or in full. Raises ``IsoError`` as a payment's.

    The payment is named by our own identification of it (A): the network's is not needed for
    anything else, and ours cannot be lost.
    """
    return {
        "merchantRefundId": payment.reference,
        "paymentId": payment.original,
        "amount": amount_of(payment.terms.destination),
        "requestedAt": seconds(payment),
        "reason": ASKED_FOR,
    }


def seconds(payment: Payment) -> int:
    """When the payer's side accepted a payment, in seconds since 1970."""
    return to_micros(payment.accepted_at) // 1_000_000


def outcome(
    operation: Operation, payment: Payment, status: int, answer: Mapping[str, Any]
) -> Outcome:
    """What an answer about a payment says of it; ``status`` is that of HTTP."""
    code, data = read_code(answer), answer.get("data")
    if status >= _SERVER_ERROR or not code:
        return _UNKNOWN
    if isinstance(data, dict) and data:
        late = operation is Operation.CANCEL and code == TOO_LATE
        if code != SUCCESS and not late:
            return _UNKNOWN
        stands = _stands(payment, data)
        if operation is Operation.CANCEL and not late and stands.kind in _MAY_BE_UNDONE:
            # A cancel was taken, and what it shows is how the payment stood before.
            return _UNKNOWN
        return stands
    asks = operation in (Operation.PAY, Operation.REFUND)
    if asks and code == TAKEN:
        return Outcome(OutcomeKind.PENDING)
    if operation in (Operation.ENQUIRE, Operation.CANCEL) and code in (NOT_FOUND, NO_REFUND):
        of_payment = payment.kind is Kind.PAYMENT
        same = code == (NOT_FOUND if of_payment else NO_REFUND)
        return Outcome(OutcomeKind.NEVER_SEEN) if same else _UNKNOWN
    if operation is Operation.CANCEL:
        done = code == SUCCESS and status == _OK
        return Outcome(OutcomeKind.CANCELLED) if done else _UNKNOWN
    reason = REFUSALS.get(code)
    if operation is Operation.REFUND and code == NOT_FOUND:
        reason = Reason.UNSPECIFIED  # there is no payment that could be given back
    if asks and payment.rung == 0 and status >= _BAD and reason is not None:
        return Outcome(OutcomeKind.REFUSED, reason)
    return _UNKNOWN


def _stands(payment: Payment, data: Mapping[str, Any]) -> Outcome:
    """What the network shows of a payment or refund, where it is this one for this amount."""
    status, of_payment = data.get("status"), payment.kind is Kind.PAYMENT
    words = _OF_STATUS if of_payment else _OF_REFUND
    known = words.get(status, _UNKNOWN) if isinstance(status, str) else _UNKNOWN
    if data.get("merchantPaymentId" if of_payment else "merchantRefundId") != payment.reference:
        return _UNKNOWN
    if yen(data.get("amount")) != payment.terms.destination:
        return _UNKNOWN
    return _with_far(known, data.get("paymentId"))


def _with_far(known: Outcome, far: object) -> Outcome:
    if known.kind is OutcomeKind.UNKNOWN or not isinstance(far, str) or not _NAMED.match(far):
        return known
    return Outcome(known.kind, known.reason, far)


def merchant(status: int, answer: Mapping[str, Any], agent: str) -> Merchant | Unavailable:
    """The shop that the network names for a code; ``agent`` stands for its unnamed bank."""
    code, data = read_code(answer), answer.get("data")
    if code != SUCCESS or status != _OK:
        return Unavailable(REFUSALS.get(code, Reason.COUNTERPARTY_ERROR))
    if not isinstance(data, dict):
        return Unavailable(Reason.COUNTERPARTY_ERROR)
    merchant_id, store_id = _text(data, "merchantId"), _text(data, "storeId")
    name, city = _text(data, "storeName"), _text(data, "city")
    if not (_NAMED.match(merchant_id) and _NAMED.match(store_id) and name):
        return Unavailable(Reason.COUNTERPARTY_ERROR)
    fixed = data.get("fixedAmount")
    amount = yen(fixed)
    if fixed is not None and amount is None:
        return Unavailable(Reason.COUNTERPARTY_ERROR)
    category = _text(data, "category")
    return Merchant(
        party=Party(name, store_id, agent, city, COUNTRY),
        city=city,
        category=category if _CATEGORY.match(category) else "",
        currency=CURRENCY,
        amount=amount,
        extra={"merchantId": merchant_id, "storeId": store_id},
    )


def yen(value: object) -> Money | None:
    """An amount of yen, above zero; None for anything else, a decimal point included."""
    if not isinstance(value, dict) or value.get("currency") != CURRENCY:
        return None
    whole = value.get("amount")
    if type(whole) is not int or not 0 < whole < 10**DIGITS_MAX:
        return None
    try:
        return Money.parse(str(whole), CURRENCY)
    except MoneyError:
        return None


def read_code(answer: Mapping[str, Any]) -> str:
    """``resultInfo.code``; empty where there is none."""
    info = answer.get("resultInfo")
    code = info.get("code") if isinstance(info, dict) else None
    return code if isinstance(code, str) else ""


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) and len(value) <= _NAME_MAX else ""
