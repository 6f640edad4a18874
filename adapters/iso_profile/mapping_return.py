"""Money that goes back, both ways, as pacs.004: ours to the network, and the network's to us. Pure.

A return has an identification of its own (``RtrId``) and none of the standard's unique ones: its
``OrgnlUETR`` is that of the payment it gives back, of which there may be several parts. So answers
about a return name our message and our ``RtrId`` beside that UETR, and an enquiry about one is told
from an enquiry about the payment by the name of the message. The surprise: the reason is always
CUST, because what a merchant gives back is nobody's error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.iso_profile.mapping import RETURN, given, text
from adapters.iso_profile.mapping_inbound import Report, Unusable, misdirected
from fx.money import Money
from switch.inbound_port import InboundNotice, InboundReturn
from switch.model import Status
from switch.reasons import Reason

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.iso_profile.mapping import Sides
    from iso20022 import Message
    from switch.model import Particulars, Payment

ASKED_FOR: Final = "CUST"
"""Reason of a return: the customer asked for it (network survey 10.1: FOCR or CUST)."""

_NAMED: Final = ("message_id", "return_id", "original_transaction_id", "original_uetr")


def refund_values(
    payment: Payment, particulars: Particulars, sides: Sides, now: datetime
) -> dict[str, object]:
    """Return our pacs.004: part or all of what a guest paid goes back, in the guest's currency."""
    extra = particulars.extra
    return given({
        "message_id": payment.reference,
        "created_at": now,
        "number_of_transactions": "1",
        "settlement_method": "CLRG",
        **sides.profile.clearing,
        "return_id": payment.reference,
        "original_message_id": extra.get("original_message_id"),
        "original_message_name": extra.get("original_message_name"),
        "original_instruction_id": extra.get("original_instruction_id"),
        "original_end_to_end_id": extra.get("original_end_to_end_id"),
        "original_transaction_id": extra.get("original_transaction_id"),
        "original_uetr": payment.original,
        "settlement_amount": payment.terms.destination,
        "settlement_date": (now + sides.profile.zone).date(),
        "charge_bearer": "SLEV",
        "instructing_agent": sides.own,
        "instructed_agent": sides.partner,
        "reason": ASKED_FOR,
    })  # fmt: skip


def returned(message: Message, sides: Sides) -> InboundReturn:
    """Return what a pacs.004 of the network gives back; raises :class:`Unusable`."""
    values = message.values
    amount = values["settlement_amount"]
    assert isinstance(amount, Money)
    request = {name: text(values, name) for name in _NAMED}
    if not all(request.values()):
        raise Unusable(Reason.ELEMENT_MISSING)
    refused = misdirected(values, sides)
    if refused is not None:
        raise Unusable(refused)
    if amount.currency.code != sides.profile.currency:
        raise Unusable(Reason.CURRENCY_UNSUPPORTED)
    if amount.minor == 0:
        raise Unusable(Reason.AMOUNT_ZERO)
    return InboundReturn(
        # A repeat bears a message id of its own, and the same identification of the return.
        key=request["return_id"],
        reference=request["original_transaction_id"],
        amount=amount,
        request=request,
        settled=True,
        uetr=text(values, "original_uetr"),
    )


def report_of_return(
    request: InboundReturn, payment: Payment | None, status: Status | None, reason: Reason | None
) -> Report:
    """Return how a return was taken, about the message that brought it."""
    named = request.request
    originals = {
        "original_message_id": named["message_id"],
        "original_message_name": RETURN,
        "original_transaction_id": named["return_id"],
        "original_uetr": named["original_uetr"],
    }
    if reason is not None or status is None:
        return Report(originals, Status.RJCT, reason or Reason.NEVER_SEEN)
    return Report(originals, status, status_id="" if payment is None else payment.reference)


def report_of_notice(request: InboundNotice, reason: Reason | None) -> Report:
    """Return how an answer was taken that came unasked: received, or of nothing that we know."""
    named = request.request
    originals = {
        "original_message_id": named["message_id"],
        "original_message_name": "camt.029.001.09",
        "original_transaction_id": request.reference,
        "original_uetr": named.get("original_uetr", ""),
    }
    status = Status.RCVD if reason is None else Status.RJCT
    return Report({name: held for name, held in originals.items() if held}, status, reason)
