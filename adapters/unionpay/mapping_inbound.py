"""UnionPay inbound: what the scheme asks of an acquirer and tells a wallet, to commands. Pure.

As acquirer we verify an order (``ORDER_VERIFY``) and hear later that its payer was debited; as
wallet we hear what became of a payment, and of money that comes back. One message type carries all
news, so what it is about decides: an ``origMsgID`` is a payment of ours, a ``txnID`` an order that
we verified (A). The surprise: a merchant is paid only when the registry knows it under the id in
its code *and* with the account in its code, so a sticker pasted over another pays nobody.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from adapters.unionpay import mapping, results
from adapters.unionpay.envelope import NETWORK, stamp, text
from adapters.unionpay.mapping import MERCHANT_CURRENCY
from fx.money import Money, MoneyError, currency
from switch.inbound_port import (
    InboundCancel,
    InboundNotice,
    InboundOrder,
    InboundOrderPay,
    InboundReturn,
    derived_uetr,
)
from switch.model import Particulars, Party
from switch.port import InboundEnquiry, OutcomeKind
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.unionpay.envelope import Message
    from switch.inbound_port import Told
    from switch.merchants import Merchants

VERIFY: Final = "ORDER_VERIFY"
NOTIFY: Final = "TRX_STATUS_NOTIFICATION"

_PAYMENTS: Final = frozenset({mapping.PAY_EMV, mapping.PAY_URL})
_TRANSACTION: Final = re.compile(r"[0-9A-Za-z]{8,64}", re.ASCII)


class Unusable(Exception):  # noqa: N818 - a refusal to be rendered, not an error of ours
    """A verified message that cannot be acted on; nothing is bound."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


def request_of(message: Message) -> dict[str, str]:
    """Return what the answer repeats of its request."""
    found = {
        "message_id": message.message_id,
        "message_type": message.message_type,
        "time_stamp": stamp(message.at),
    }
    return found | {"txn_id": text(message.values, "txnID")}


def order(message: Message, merchants: Merchants) -> InboundOrder:
    """Return the order of an ORDER_VERIFY; raises :class:`Unusable`."""
    values = message.values
    payload, key = text(values, "mpqrcPayload"), _transaction(values)
    if not payload or mapping.is_url(payload):
        raise Unusable(Reason.QR_INVALID)
    amount = _amount(values, MERCHANT_CURRENCY)
    _check_merchant(payload, amount, merchants)
    written = {name: text(values, name) for name in ("mpqrcPayload", "trxAmt", "trxCurrency")}
    return InboundOrder(
        key=key,
        content=written,
        payload=payload,
        amount=amount,
        particulars=Particulars(
            debtor=Party("UNIONPAY CARDHOLDER", text(values, "token")),
            creditor=Party("", ""),
            end_to_end_id="",
            qr_payload=payload,
            extra={"original_transaction_id": key, "trx_amount": str(amount)},
        ),
        expires_at=None,
        request=request_of(message),
    )


def _check_merchant(payload: str, amount: Money, merchants: Merchants) -> None:
    tags = mapping.objects(payload)
    known = merchants.find(NETWORK, mapping.merchant_of(payload).get("mid", ""))
    accounts = {mapping.objects(tags.get(tag, "")).get("00", "") for tag in ("29", "30")} - {""}
    if known is None or accounts != {known.account}:
        raise Unusable(Reason.ACCOUNT_UNKNOWN)
    if not known.eligible or known.currency != MERCHANT_CURRENCY:
        raise Unusable(Reason.TRANSACTION_FORBIDDEN)
    if tags.get("53") != currency(MERCHANT_CURRENCY).numeric:
        raise Unusable(Reason.CURRENCY_UNSUPPORTED)
    try:
        fixed = Money.parse(tags["54"], MERCHANT_CURRENCY) if "54" in tags else amount
    except MoneyError:
        raise Unusable(Reason.QR_INVALID) from None
    if fixed != amount:
        raise Unusable(Reason.AMOUNT_DIFFERS)


def told(message: Message, now: datetime) -> Told:
    """Return what a notification tells; raises :class:`Unusable`."""
    values = message.values
    kind, ours = text(values, "trxMsgType"), text(values, "origMsgID")
    request = request_of(message)
    if ours and kind in (mapping.CANCELLATION, mapping.REFUND):
        if results.reported(values, None).kind is not OutcomeKind.ACCEPTED:
            # Nothing has moved, or nobody says so: what the file says is looked at when it comes.
            raise Unusable(Reason.TRANSACTION_UNSUPPORTED)
        # News of what has happened, so whatever we think of it the money is here. A cancellation is
        # of all of a payment, so once: told again under another msgID it is the same.
        key = f"{kind}/{ours}" if kind == mapping.CANCELLATION else message.message_id
        return InboundReturn(key, ours, _amount(values), request, settled=True)
    if ours and kind in _PAYMENTS:
        judge = partial(results.reported, values)
        return InboundNotice(ours, judge(None), request, judge=judge)
    if ours:
        raise Unusable(Reason.TRANSACTION_UNSUPPORTED)
    key = _transaction(values)
    if kind == mapping.CANCELLATION:
        if results.reported(values, None).kind is OutcomeKind.REFUSED:
            # It was not taken back: the order stands as it did.
            raise Unusable(Reason.TRANSACTION_UNSUPPORTED)
        return InboundCancel(key, request, undebited=True)
    if kind not in _PAYMENTS:
        raise Unusable(Reason.TRANSACTION_UNSUPPORTED)
    outcome = results.reported(values, None)
    if outcome.kind is OutcomeKind.REFUSED:
        # The payer was not debited, so the order is not going to be paid.
        return InboundCancel(key, request, undebited=True)
    voucher = results.voucher(values)
    if outcome.kind is not OutcomeKind.ACCEPTED or voucher is None:
        raise Unusable(Reason.ELEMENT_MISSING)
    claim = _amount(values, name="settAmt", unit="settCurrency")
    extra = {
        "voucher": voucher,
        "advice": message.message_id,
        "advised_on": stamp(message.at)[:8],
        "claim": f"{claim} {claim.currency.code}",
    }
    return InboundOrderPay(
        key=key,
        amount=claim,
        accepted_at=min(message.at, now),
        far_reference=voucher,
        extra=extra,
        request=request,
    )


def enquiry(message: Message) -> InboundEnquiry:
    """Return the question of a TRX_RESULT_INQUIRY; raises :class:`Unusable`."""
    key = _transaction(message.values)
    uetr = derived_uetr(NETWORK, key)
    return InboundEnquiry(uetr=uetr, key=key, request=request_of(message), reference=key)


def _transaction(values: Mapping[str, Any]) -> str:
    key = text(values, "txnID")
    if _TRANSACTION.fullmatch(key) is None:
        raise Unusable(Reason.ELEMENT_MISSING if not key else Reason.FORMAT_INVALID)
    return key


def _amount(
    values: Mapping[str, Any], code: str = "", *, name: str = "trxAmt", unit: str = "trxCurrency"
) -> Money:
    numeric = text(values, unit)
    try:
        money = Money.parse(text(values, name), numeric).positive()
    except MoneyError as error:
        zero = error.code == "amount_zero"
        unknown = error.code == "currency_unknown"
        reason = Reason.AMOUNT_ZERO if zero else Reason.AMOUNT_MALFORMED
        raise Unusable(Reason.CURRENCY_UNSUPPORTED if unknown else reason) from None
    if numeric != money.currency.numeric or (code and money.currency.code != code):
        raise Unusable(Reason.CURRENCY_UNSUPPORTED)
    return money
