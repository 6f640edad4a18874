"""UnionPay outbound: the answers back to outcomes. Pure.

What the cardholder is billed comes with the payment's answer. It is recomputed and held against the
price that was frozen; beyond a cent the answer is not believed, so the payment waits for the result
inquiry and, in the end, for an operator. The surprise: a result inquiry's answer names no payment,
only the inquiry, so it is bound by the inquiry's own msgID, and by what it repeats of it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from adapters.unionpay import codes
from adapters.unionpay.envelope import text
from adapters.unionpay.mapping import RESULT
from fx.money import Money, MoneyError, Rate
from switch.model import Kind
from switch.port import Operation, Outcome, OutcomeKind, is_lost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.unionpay.envelope import Message
    from switch.model import Payment

APPROVED: Final = "APPROVED"

_VOUCHER: Final = re.compile(r"[0-9]{20}", re.ASCII)
_ECHOED: Final = ("origMsgType", "trxCurrency")
"""What an answer repeats of its request as it stood there, where it does."""

BILL_TOLERANCE: Final = Decimal("0.01")
"""By how much a bill may differ from what was computed, in the billing currency."""


def is_about(values: Mapping[str, Any], asked: Mapping[str, Any], payment: Payment) -> bool:
    """Whether what an answer repeats of its request is what was asked.

    The amount of a payment is judged with its bill (:func:`as_frozen`): a discount may be off it.
    """
    if any(
        text(values, name) != asked[name] for name in _ECHOED if {name} <= values.keys() & asked
    ):
        return False
    if payment.kind is not Kind.REFUND:
        return True
    back = payment.terms.destination
    expected = {"trxAmt": asked["trxAmt"], "settAmt": str(back)}
    try:
        same = all(
            Decimal(text(values, n)) == Decimal(expected[n]) for n in expected if n in values
        )
    except ArithmeticError:
        return False
    return same and text(values, "settCurrency") in ("", back.currency.numeric)


def outcome(message: Message, payment: Payment, operation: Operation) -> Outcome:
    """Return what a verified answer, bound to our message, says of the payment.

    A refund that was not located is sent again, so that is no news; and what refuses the second
    copy of it may speak of the first, so only an approval or an inquiry ends it then.
    """
    refund = payment.kind is Kind.REFUND
    if message.message_type == RESULT:
        if message.code == codes.NOT_FOUND and not refund and not is_lost(payment.reference):
            return Outcome(OutcomeKind.NEVER_SEEN)
        if message.code != codes.APPROVED:
            # The inquiry failed, which says nothing of the payment.
            return Outcome(OutcomeKind.UNKNOWN)
        return reported(message.values, payment)
    if message.code in codes.REFUSALS and operation is not Operation.ENQUIRE:
        return Outcome(OutcomeKind.REFUSED, codes.REFUSALS[message.code])
    if message.code != codes.APPROVED or not _agrees(message.values, payment):
        return Outcome(OutcomeKind.UNKNOWN)
    return Outcome(OutcomeKind.ACCEPTED, far_reference=voucher(message.values))


def reported(values: Mapping[str, Any], payment: Payment | None) -> Outcome:
    """Return what ``paymentStatus`` and ``rejectionReason`` say, in an answer or a notification."""
    reason = text(values, "rejectionReason")
    if text(values, "paymentStatus") == APPROVED:
        if reason or (payment is not None and not _agrees(values, payment)):
            return Outcome(OutcomeKind.UNKNOWN)
        return Outcome(OutcomeKind.ACCEPTED, far_reference=voucher(values))
    if reason in codes.REFUSALS:
        return Outcome(OutcomeKind.REFUSED, codes.REFUSALS[reason], voucher(values))
    return Outcome(OutcomeKind.UNKNOWN)


def _agrees(values: Mapping[str, Any], payment: Payment) -> bool:
    """Whether an approval fits; one of a refund has nothing that could differ."""
    return payment.kind is Kind.REFUND or as_frozen(values, payment)


def voucher(values: Mapping[str, Any]) -> str | None:
    """Return the network's own number of a payment, where there is one."""
    number = text(values, "qrcVoucherNo")
    return number if _VOUCHER.fullmatch(number) else None


def as_frozen(values: Mapping[str, Any], payment: Payment) -> bool:
    """Whether an answer speaks of the amount that we pay and bills what was quoted.

    Where the network took a discount off, ``originalAmount`` is ours, and the bill is as much less
    than what was quoted.
    """
    paid, billed = payment.terms.destination, payment.terms.hops[-1:]
    if text(values, "trxCurrency") != paid.currency.numeric:
        return False
    try:
        told = Money.parse(
            text(values, "originalAmount") or text(values, "trxAmt"), paid.currency.code
        )
        trx = Money.parse(text(values, "trxAmt"), paid.currency.code)
        if told != paid or not 0 < trx.minor <= told.minor:
            return False
        if "cdhldrBillAmt" not in values:
            return True
        code = text(values, "cdhldrBillCurrency")
        bill = Money.parse(text(values, "cdhldrBillAmt"), code)
        rate = Rate.parse(text(values, "cdhldrBillConvRate"), paid.currency.code, code)
    except MoneyError:
        return False
    source = billed[0].source if billed else payment.terms.source
    if bill.currency != source.currency:
        return False
    computed = Decimal(str(trx)) * rate.value
    if abs(Decimal(str(bill)) - computed) > BILL_TOLERANCE:
        return False
    quoted = Decimal(str(source)) * trx.minor / told.minor
    return abs(Decimal(str(bill)) - quoted) <= BILL_TOLERANCE
