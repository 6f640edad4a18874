"""The merchant of an order: put into its particulars, and read from them again. Pure.

What the order's lookup told is what every later answer tells: nothing of the merchant is looked up
again between the two. What the payment of it tells is added.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switch.port import Merchant

if TYPE_CHECKING:
    from switch.inbound_port import InboundOrderPay
    from switch.model import Particulars, Payment
    from switch.records import Open


def with_merchant(particulars: Particulars, merchant: Merchant, payload: str) -> Particulars:
    """The particulars of an order with the merchant that its code names."""
    return replace(
        particulars,
        creditor=merchant.party,
        qr_payload=payload,
        merchant_category=merchant.category,
        store_label=merchant.store_label,
        terminal_label=merchant.terminal_label,
        bill_number=merchant.bill_number,
    )


def merchant_of(particulars: Particulars, payment: Payment) -> Merchant:
    """The merchant of an order that is held, as it was told when it was opened."""
    return Merchant(
        party=particulars.creditor,
        city=particulars.creditor.town,
        category=particulars.merchant_category,
        currency=payment.terms.destination.currency.code,
        amount=payment.terms.destination,
        store_label=particulars.store_label,
        terminal_label=particulars.terminal_label,
        bill_number=particulars.bill_number,
    )


def told(opened: Open, request: InboundOrderPay) -> Open:
    """What is known of an order once it is paid, whatever becomes of it."""
    extra = {**opened.particulars.extra, **request.extra}
    return replace(opened, particulars=replace(opened.particulars, extra=extra))
