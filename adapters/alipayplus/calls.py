"""The calls that Alipay+ makes, one by one: from the fields of each to a request of the port.

What arrives as acquirer names the order by our own id; what arrives as wallet by the network's,
which is our reference of that payment. The surprise: an order for a code made for one payment (POI
12) is named by what follows from code and customer, so it is the same order however often it is
asked for, until it ends unpaid; one of a printed code is new each time, as guests may buy again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from adapters.alipayplus import results, wire
from adapters.alipayplus.mapping import CUSTOMER, ORDER_ID, payment_id
from adapters.alipayplus.mapping_acquirer import FAR_PAYMENT, WALLET
from switch.inbound_port import (
    InboundAuthorise,
    InboundCancel,
    InboundOrder,
    InboundOrderPay,
    InboundReturn,
    Told,
)
from switch.model import Particulars, Party, Status
from switch.port import reference_digits
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.alipayplus.link import Link
    from switch.model import Payment
    from switch.port import Planning

SCAN: Final = "userInitiatedPay"
NOTIFY: Final = "notifyPayment"
PAY: Final = "pay"
INQUIRY: Final = "inquiryPayment"
CANCEL: Final = "cancelPayment"
REFUND: Final = "refund"

_CALL: Final = "call"


@dataclass(frozen=True, slots=True)
class Call:
    """One verified request: its name, and what reading it needs."""

    name: str
    link: Link = field(repr=False)
    planning: Planning


def read(call: Call, fields: Mapping[str, object]) -> InboundOrder | Told:
    """Return what a call asks for. Raises :class:`wire.Unreadable` or ``MoneyError``."""
    if call.name == SCAN:
        return _order(call, fields)
    key = wire.text(fields, "paymentRequestId")
    asked = {_CALL: call.name, ORDER_ID: key}
    amounts = call.link.amounts
    if call.name == NOTIFY:
        return _notified(call, fields, key, asked)
    if call.name in (PAY, INQUIRY):
        amount = amounts.read(fields.get("paymentAmount")) if call.name == PAY else None
        return InboundAuthorise(key, amount, asked)
    if call.name == CANCEL:
        return InboundCancel(key, asked)
    if call.name == REFUND:
        refund = wire.text(fields, "refundRequestId")
        # What the merchant gives is in its own currency; the payer gets it at the order's price.
        amount = amounts.read(fields.get("refundFromAmount"))
        return InboundReturn(refund, key, amount, {**asked, "refund": refund})
    raise wire.Unreadable("the call is not one of ours")


def _is_for_one_payment(code: str) -> bool:
    """Whether EMV text says (object 01) that it is paid once."""
    at = 0
    while code[at + 2 : at + 4].isascii() and code[at + 2 : at + 4].isdecimal():
        end = at + 4 + int(code[at + 2 : at + 4])
        if code[at : at + 2] == "01":
            return code[at + 4 : end] == "12"
        at = end
    return False


def _order(call: Call, fields: Mapping[str, object], earlier: int = 0) -> InboundOrder:
    """The order of a scan; ``earlier`` ones of the same code and customer have ended unpaid."""
    code = wire.text(fields, "codeValue", wire.CODE_MAX)
    customer = wire.optional(fields, "customerId")
    wallet = wire.optional(fields, "pspId")
    keyed = fields.get("paymentAmount")
    amount = None if keyed is None else call.link.amounts.read(keyed)
    shared = amount is None and _is_for_one_payment(code)
    if shared:
        key = call.link.token("order", code, customer, *([str(earlier)] if earlier else []))
    else:
        planning = call.planning
        digits = reference_digits(planning.message_number, planning.slot)
        key = f"KH{planning.now:%Y%m%d}{digits}"
    extra = wire.given({ORDER_ID: key, CUSTOMER: customer, WALLET: wallet})
    return InboundOrder(
        key=key,
        content={"code": code, "customer": customer},
        payload=code,
        amount=amount,
        particulars=Particulars(
            debtor=Party("", customer),
            creditor=Party("", ""),
            end_to_end_id=key,
            qr_payload=code,
            extra={name: str(value) for name, value in extra.items()},
        ),
        expires_at=None,
        request={_CALL: SCAN, ORDER_ID: key},
        again=partial(_order, call, fields) if shared else None,
    )


def _notified(
    call: Call, fields: Mapping[str, object], key: str, asked: Mapping[str, str]
) -> InboundOrderPay | InboundCancel:
    status, _ = results.read_result(fields, "paymentResult")
    if status == "U":
        raise wire.Unreadable("a notification is final")
    if status == "F":
        return InboundCancel(key, asked, undebited=True)
    far = wire.text(fields, "paymentId")
    return InboundOrderPay(
        key=key,
        amount=call.link.amounts.read(fields.get("paymentAmount")),
        accepted_at=wire.moment(wire.text(fields, "paymentTime")),
        far_reference=far,
        extra={FAR_PAYMENT: far},
        request=asked,
    )


def taken(
    asked: Mapping[str, str],
    payment: Payment | None,
    status: Status | None,
    reason: Reason | None,
    planning: Planning,
) -> dict[str, object]:
    """Return the answer to a call: how the payment stands, or why the call was refused.

    A notification is refused only where it is about no order, or contradicts an earlier one: what
    cannot be credited for another reason is owed, and the network need not tell of it again. An
    order of ours that nobody has confirmed yet is no payment, and not refused for that.
    """
    name = asked[_CALL]
    early = reason is Reason.ORIGINAL_UNKNOWN and name in (PAY, INQUIRY)
    owed = name == NOTIFY and payment is not None and reason is not Reason.DUPLICATE
    if reason is not None and not early and not owed:
        # A refund that we said is of nothing is so for good, also once there is something.
        kept = name == REFUND and reason is Reason.TOMBSTONED
        why = Reason.ORIGINAL_UNKNOWN if kept else reason
        return {"result": results.result(results.code_of(why))}
    if name in (NOTIFY, CANCEL):
        return {"result": results.result(results.OK)}
    if name == REFUND:
        return _refunded(asked, payment, status, planning)
    standing = _standing(payment, status)
    if name == PAY:
        return {"result": standing, **_paid(payment, status)}
    return {
        "result": results.result(results.OK),
        "paymentResult": standing,
        **_paid(payment, status),
    }


def _standing(payment: Payment | None, status: Status | None) -> dict[str, str]:
    """What is known of a debit: done, never to be done, or neither yet."""
    if payment is not None and status is Status.ACCC:
        return results.result(results.OK)
    if payment is not None and status is Status.RJCT:
        reason = payment.reason
        return results.result(results.FAILED if reason is None else results.code_of(reason))
    return results.result(results.IN_PROCESS)


def _paid(payment: Payment | None, status: Status | None) -> dict[str, str]:
    if payment is None or status is not Status.ACCC:
        return {}
    return {"paymentId": payment_id(payment), "paymentTime": wire.instant(payment.accepted_at)}


def _refunded(
    asked: Mapping[str, str], payment: Payment | None, status: Status | None, planning: Planning
) -> dict[str, object]:
    """When a refund was taken is told alike each time; of money put aside only when it is told."""
    if status is not Status.ACCC:
        return {"result": results.result(results.UNKNOWN)}
    return {
        "result": results.result(results.OK),
        "refundId": asked["refund"],
        "refundTime": wire.instant(planning.now if payment is None else payment.accepted_at),
    }
