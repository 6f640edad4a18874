"""Malaysia inbound: what PayNet asks of us, to commands, and our words back to ISO 20022. Pure.

The 521's BizMsgIdr is the order's key; the 031 names it in EndToEndId, the first message of its
chain. What is needed for later answers and for a refund goes along in ``extra``. The surprise is
PDNG as ACTC U002: PayNet's own word for a payment that is stored and goes on, which its banks
neither refund nor repeat.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.iso_profile.mapping import given, text
from adapters.malaysia import codes, mapping
from adapters.malaysia.business_id import ENQUIRY, STATUS, TRANSFER, day_of, read_business_id
from fx.money import Money
from iso20022.originals import as_text, originals_of
from switch.inbound_port import InboundOrder, InboundOrderPay, InboundReturn, derived_uetr
from switch.model import Kind, Particulars, Party, Status
from switch.port import InboundEnquiry
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.malaysia.envelope import Envelope
    from iso20022 import Message
    from switch.model import Payment
    from switch.port import Merchant

CODES: Final[Mapping[str, str]] = MappingProxyType({
    mapping.ANSWER: ENQUIRY, mapping.REPORT: TRANSFER, mapping.FOUND: STATUS,
})  # fmt: skip
"""Transaction code of each answer of ours."""

ORIGINALS: Final = (
    "original_message_id",
    "original_message_name",
    "original_instruction_id",
    "original_end_to_end_id",
    "original_transaction_id",
    "original_uetr",
)
"""What our status report repeats of the transfer it speaks of."""

_OUTWARD: Final = MappingProxyType({
    Status.ACCC: codes.ACCEPTED, Status.PDNG: codes.STORED, Status.RCVD: codes.STORED,
})  # fmt: skip

_CONTENT: Final = (
    "message_id", "verification_id", "creator_name", "sup_qr_payload", "sup_amount",
)  # fmt: skip

_PAYER: Final = ("debtor_name", "debtor_account", "debtor_agent")

_INFORMATION_MAX: Final = 105

ORDER_ONLY: Final = "ACPD"
"""Pending status of an order whose transfer has not come."""


class Unusable(Exception):  # noqa: N818 - a refusal to be rendered, not an error of ours
    """A verified message that lacks what its command is made of, or that is of another time."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


def check_fresh(message: Message, now: datetime, skew_max_s: int) -> None:
    """Raise :class:`Unusable` for a question that is not of today and of about now."""
    header = message.header or {}
    created, number = header.get("created_at"), read_business_id(_id_of(message))
    if number is None:
        raise Unusable(Reason.FORMAT_INVALID)
    assert isinstance(created, datetime)
    late = abs(now - created) > timedelta(seconds=skew_max_s)
    if late or number.day != day_of(created):
        raise Unusable(Reason.TOO_OLD)


def order(message: Message) -> InboundOrder:
    """Return the order that a 521 opens; raises :class:`Unusable`."""
    values = message.values
    payload, amount = text(values, "sup_qr_payload"), values.get("sup_amount")
    if not payload:
        raise Unusable(Reason.ELEMENT_MISSING)
    key = _id_of(message)
    payer = Party(text(values, "creator_name"), "", text(values, "first_agent"))
    return InboundOrder(
        key=key,
        content={name: as_text(values[name]) for name in _CONTENT if name in values},
        payload=payload,
        amount=amount if isinstance(amount, Money) else None,
        particulars=Particulars(
            debtor=payer, creditor=Party("", ""), end_to_end_id=key, qr_payload=payload
        ),
        expires_at=None,
        request={
            "message_id": text(values, "message_id"),
            "created_at": as_text(values["created_at"]),
            "verification_id": text(values, "verification_id"),
        },
    )


def transfer(
    message: Message, link: Envelope, now: datetime, skew_max_s: int
) -> InboundOrderPay | InboundReturn:
    """Return what a 031 instructs: to pay an order, or to take money back.

    Raises :class:`Unusable`. One that is too old is not refused here: it may be a true repeat.
    """
    values = message.values
    identification = text(values, "transaction_id")
    if read_business_id(identification) is None or identification != _id_of(message):
        raise Unusable(Reason.FORMAT_INVALID)
    if (
        values.get("instructing_agent"),
        values.get("instructed_agent"),
        values.get("clearing_system_proprietary"),
    ) != (link.partner, link.own, mapping.CLEARING_SYSTEM):
        raise Unusable(Reason.AGENT_INCORRECT)
    accepted, created = values.get("acceptance_at"), values["created_at"]
    amount = values["settlement_amount"]
    assert isinstance(amount, Money)
    assert isinstance(created, datetime)
    if not isinstance(accepted, datetime):
        accepted = created
    if max(accepted, created) > now + timedelta(seconds=skew_max_s):
        raise Unusable(Reason.TOO_OLD)
    originals = originals_of(values, mapping.PAYMENT)
    if values.get("purpose_proprietary") == mapping.REFUND:
        reference = text(values, "remittance_reference")
        if not reference:
            raise Unusable(Reason.ELEMENT_MISSING)
        return InboundReturn(identification, reference, amount, originals)
    payer = {name: text(values, name) for name in _PAYER if text(values, name)}
    return InboundOrderPay(
        key=text(values, "end_to_end_id"),
        amount=amount,
        accepted_at=min(accepted, created),
        far_reference=identification,
        extra={**originals, **payer},
        request=originals,
        payer=Party(payer.get("debtor_name", ""), payer.get("debtor_account", "")),
    )


def enquiry(message: Message, network: str) -> InboundEnquiry:
    """Return the question of a 630; raises :class:`Unusable`."""
    values = message.values
    key, reference = (
        text(values, name) for name in ("original_end_to_end_id", "original_transaction_id")
    )
    if not key or not reference:
        raise Unusable(Reason.ELEMENT_MISSING)
    request = {
        "message_id": text(values, "message_id"),
        "original_transaction_id": reference,
        "original_end_to_end_id": key,
    }
    # Nothing in a 630 says whether it asks about a payment or about a refund of theirs.
    return InboundEnquiry(derived_uetr(network, key), key, request, reference, returned=reference)


def report_values(
    known: Mapping[str, str], status: Status, reason: Reason | None, link: Envelope, now: datetime
) -> dict[str, object]:
    """Return pacs.002 about a transfer whose ``original_…`` fields are known."""
    values: dict[str, object] = {
        "created_at": now,
        **{name: known[name] for name in ORIGINALS if known.get(name)},
        "instructing_agent": link.own,
        "instructed_agent": link.partner,
    }
    if status is Status.RJCT:
        reason = reason or Reason.UNSPECIFIED
        values |= {
            "status": codes.REJECTED,
            "reason_proprietary": codes.code_of(reason),
            "additional_information": (reason.sentence[:_INFORMATION_MAX],),
        }
    else:
        values["status"], values["reason_proprietary"] = _OUTWARD[status]
    return given(values)


def found_values(
    request: InboundEnquiry, payment: Payment | None, status: Status | None, now: datetime
) -> dict[str, object]:
    """Return camt.006: the status of the transfer and its code, or that it was never seen."""
    values: dict[str, object] = {
        "created_at": now,
        "request_type": STATUS,
        "query_id": request.request["message_id"],
        "query_name": mapping.SEARCH,
        "original_transaction_id": request.reference,
    }
    if status is None:
        return {**values, "business_error_proprietary": codes.NEVER_SEEN}
    values |= {"original_message_id": request.reference, "end_to_end_id": request.key}
    if status is Status.RCVD:
        return {**values, "pending_status": ORDER_ONLY}
    if status is Status.RJCT:
        reason = None if payment is None else payment.reason
        code = codes.code_of(reason or Reason.UNSPECIFIED)
        return {**values, "status_proprietary": codes.REJECTED, "reason_proprietary": code}
    word, code = _OUTWARD[status]
    values |= {"status_proprietary": word, "reason_proprietary": code}
    if payment is None:
        return values
    # What was given back is in ringgit where it came out of a payment: as the shop got it.
    back = payment.kind is Kind.RETURN
    return {
        **values,
        "instructed_amount": payment.terms.destination if back else payment.terms.debit,
    }


def merchant_values(
    request: InboundOrder,
    answer: tuple[Merchant, Payment] | Reason,
    link: Envelope,
    now: datetime,
) -> dict[str, object]:
    """Return acmt.024: the merchant and the price in ringgit, or why the code cannot be paid."""
    asked = request.request
    values: dict[str, object] = {
        "created_at": now,
        "assigner_agent": link.own,
        "assignee_agent": link.partner,
        "original_assignment_id": asked["message_id"],
        "original_assignment_created_at": datetime.fromisoformat(asked["created_at"]),
        "original_id": asked["verification_id"],
        "verified": not isinstance(answer, Reason),
    }
    if isinstance(answer, Reason):
        values |= {
            "reason_proprietary": codes.code_of(answer),
            "sup_reason_text": answer.sentence,
        }
        return given(values)
    merchant, payment = answer
    terms = payment.terms
    values |= {
        "reason_proprietary": codes.ACCEPTED[1],
        "party_name": merchant.party.name,
        "account": merchant.party.account,
        "agent": merchant.party.agent,
        "sup_merchant_city": merchant.city,
        "sup_merchant_category": merchant.category,
        "sup_amount": merchant.amount,
        "sup_store_label": merchant.store_label,
        "sup_terminal_label": merchant.terminal_label,
        "sup_bill_number": merchant.bill_number,
        "sup_quote_rate": str(terms.rate),
        "sup_quote_debit": terms.debit,
        "sup_quote_credit": terms.destination,
        "sup_quote_expires_at": payment.next_at or terms.quote_expires_at,
    }
    return given(values)


def _id_of(message: Message) -> str:
    return str((message.header or {})["business_message_id"])
