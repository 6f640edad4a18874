"""Inbound: what the network asks of us, to commands, and our words back to ISO 20022. Pure.

A true repeat of a payment must get its stored answer however late it comes, so the age of a message
is not judged here: ``accepted_at`` carries the earlier of acceptance and creation time, and the
switch judges it after it has looked for a duplicate. What is wrong with a readable instruction goes
along as its ``refused``, so that the refusal is bound like any other end. The surprise is ACSC as
final success: 10.1 of the network survey names it, where the switch inside says ACCC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.iso_profile.mapping import NEVER_SEEN, PAYMENT, Sides, given, same_agent, text
from fx.money import Money
from iso20022.originals import as_text, originals_of
from switch.model import Particulars, Party, Status
from switch.port import InboundEnquiry, InboundLookup, InboundPay
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fx.quotes import Quote
    from iso20022 import Message
    from switch.model import Payment
    from switch.port import Merchant

ORIGINALS: Final = (
    "original_message_id",
    "original_message_name",
    "original_instruction_id",
    "original_end_to_end_id",
    "original_transaction_id",
    "original_uetr",
)
"""What our status report repeats of the payment it speaks of."""

_OUTWARD: Final = MappingProxyType(
    {Status.RCVD: "RCVD", Status.PDNG: "PDNG", Status.ACCC: "ACSC", Status.RJCT: "RJCT"}
)

_CONTENT: Final = (
    "transaction_id", "instruction_id", "end_to_end_id", "uetr", "acceptance_at",
    "settlement_amount", "instructed_amount", "exchange_rate", "settlement_date",
    "instruction_priority", "charge_bearer", "purpose", "instructing_agent", "instructed_agent",
    "debtor_name", "debtor_account", "debtor_agent", "debtor_town", "debtor_country",
    "creditor_name", "creditor_account", "creditor_agent", "creditor_town", "creditor_country",
    "sup_qr_payload", "sup_quote_token", "sup_bill_number", "sup_store_label",
    "sup_terminal_label", "sup_merchant_category", "remittance_unstructured",
)  # fmt: skip

_RETURNS: Final = "pacs.004."
"""How the name of every version of a return begins."""

_NARRATIVE: Final = "NARR"
_INFORMATION_MAX: Final = 105


class Unusable(Exception):  # noqa: N818 - a refusal to be rendered, not an error of ours
    """A verified message that lacks what its command is made of, so that nothing can be bound."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Report:
    """One status to be reported: what it is about, the word, and why."""

    originals: Mapping[str, str] = field(repr=False)
    status: Status
    reason: Reason | None = None
    never_seen: bool = False
    acceptance_at: datetime | None = None
    status_id: str = ""


def lookup(message: Message) -> InboundLookup:
    """Return the question of an acmt.023; raises :class:`Unusable`."""
    values = message.values
    payload, amount = text(values, "sup_qr_payload"), values.get("sup_amount")
    if not payload:
        raise Unusable(Reason.ELEMENT_MISSING)
    request = {
        "message_id": text(values, "message_id"),
        "created_at": as_text(values["created_at"]),
        "verification_id": text(values, "verification_id"),
    }
    return InboundLookup(payload, amount if isinstance(amount, Money) else None, request)


def pay(message: Message, sides: Sides, *, latest: datetime) -> InboundPay:
    """Return the instruction of a pacs.008; raises :class:`Unusable` when an element is missing.

    ``latest`` is the last acceptance time that the clocks of two houses can explain. What is wrong
    with a complete instruction is its ``refused``: never part of ``content``, because the same
    bytes are judged otherwise when the clock has moved.
    """
    values = message.values
    accepted, created = values.get("acceptance_at"), values["created_at"]
    amount = values["settlement_amount"]
    if not isinstance(accepted, datetime) or not text(values, "sup_quote_token"):
        raise Unusable(Reason.ELEMENT_MISSING)
    if not text(values, "transaction_id"):
        raise Unusable(Reason.ELEMENT_MISSING)
    assert isinstance(amount, Money)
    assert isinstance(created, datetime)
    refused = misdirected(values, sides)
    if refused is None and amount.currency.code != sides.profile.currency:
        refused = Reason.CURRENCY_UNSUPPORTED
    if refused is None and max(accepted, created) > latest:
        refused = Reason.TOO_OLD
    return InboundPay(
        uetr=text(values, "uetr"),
        # A repeat bears a message id of its own, and the same TxId (network survey 10.1).
        key=text(values, "transaction_id"),
        content={name: as_text(values[name]) for name in _CONTENT if name in values},
        quote_token=text(values, "sup_quote_token"),
        settlement_amount=amount,
        accepted_at=min(accepted, created, latest),
        particulars=_particulars(values, accepted),
        refused=refused,
    )


def misdirected(values: Mapping[str, object], sides: Sides) -> Reason | None:
    """Return the refusal of an instruction between other agents, or cleared elsewhere."""
    if (
        same_agent(values.get("instructing_agent"), sides.partner)
        and same_agent(values.get("instructed_agent"), sides.own)
        and values.items() >= sides.profile.clearing.items()
    ):
        return None
    return Reason.AGENT_INCORRECT


def enquiry(message: Message) -> InboundEnquiry:
    """Return the question of a pacs.028; raises :class:`Unusable`."""
    values = message.values
    if not text(values, "original_transaction_id") or not text(values, "original_message_id"):
        raise Unusable(Reason.ELEMENT_MISSING)
    request = {name: text(values, name) for name in ORIGINALS if text(values, name)}
    identification = text(values, "original_transaction_id")
    # A return bears the UETR of what it gives back, which is another thing to ask about.
    back = text(values, "original_message_name").startswith(_RETURNS)
    return InboundEnquiry(
        uetr="" if back else text(values, "original_uetr"),
        key=identification,
        request=request,
        reference=identification,
        returned=identification if back else "",
    )


def _particulars(values: Mapping[str, object], accepted: datetime) -> Particulars:
    def party(role: str) -> Party:
        return Party(
            name=text(values, f"{role}_name"),
            account=text(values, f"{role}_account"),
            agent=text(values, f"{role}_agent"),
            town=text(values, f"{role}_town"),
            country=text(values, f"{role}_country"),
        )

    remittance = values.get("remittance_unstructured", ())
    assert isinstance(remittance, tuple)
    return Particulars(
        debtor=party("debtor"),
        creditor=party("creditor"),
        end_to_end_id=text(values, "end_to_end_id"),
        qr_payload=text(values, "sup_qr_payload"),
        merchant_category=text(values, "sup_merchant_category"),
        store_label=text(values, "sup_store_label"),
        terminal_label=text(values, "sup_terminal_label"),
        bill_number=text(values, "sup_bill_number"),
        remittance=" ".join(remittance),
        extra=originals_of(values, PAYMENT) | {"acceptance_at": as_text(accepted)},
    )


def originals_kept(uetr: str, particulars: Particulars) -> dict[str, str]:
    """Return what a status report repeats, from what was kept; only the UETR is sure to be."""
    extra = particulars.extra
    found = {name: extra[name] for name in ORIGINALS if extra.get(name)} | {"original_uetr": uetr}
    if "original_message_id" in found:
        found.setdefault("original_message_name", PAYMENT)
    else:
        # The two are one group of the report, and it is not there without the identification.
        found.pop("original_message_name", None)
    if particulars.end_to_end_id:
        found.setdefault("original_end_to_end_id", particulars.end_to_end_id)
    return found


def report_of_payment(payment: Payment, particulars: Particulars, status: Status) -> Report:
    """Return the status of a payment, about the message that brought it."""
    accepted = particulars.extra.get("acceptance_at")
    return Report(
        originals=originals_kept(payment.uetr, particulars),
        status=status,
        reason=payment.reason if status is Status.RJCT else None,
        acceptance_at=datetime.fromisoformat(accepted) if accepted else None,
        status_id=payment.reference,
    )


def status_values(
    report: Report, message_id: str, sides: Sides, now: datetime
) -> dict[str, object]:
    """Return pacs.002. A refusal always carries a code, and the sentence that explains it."""
    values: dict[str, object] = {
        "message_id": message_id,
        "created_at": now,
        **report.originals,
        "status_id": report.status_id,
        "status": _OUTWARD[report.status],
        "acceptance_at": report.acceptance_at,
        "instructing_agent": sides.own,
        "instructed_agent": sides.partner,
    }
    if report.never_seen:
        values["reason_proprietary"] = NEVER_SEEN
    elif report.status is Status.RJCT:
        reason = report.reason or Reason.UNSPECIFIED
        # NOOR belongs to camt.029 only; a pacs.002 says it in words (network survey 10.0).
        values["reason"] = _NARRATIVE if reason is Reason.NEVER_SEEN else reason.iso
        values["additional_information"] = (reason.sentence[:_INFORMATION_MAX],)
    return given(values)


def merchant_values(
    request: InboundLookup,
    answer: tuple[Merchant, Quote, str] | Reason,
    message_id: str,
    sides: Sides,
    now: datetime,
) -> dict[str, object]:
    """Return acmt.024: the merchant and a quote in their currency, or why it cannot be paid."""
    asked = request.request
    values: dict[str, object] = {
        "message_id": message_id,
        "created_at": now,
        "assigner_agent": sides.own,
        "assignee_agent": sides.partner,
        "original_assignment_id": asked["message_id"],
        "original_assignment_created_at": datetime.fromisoformat(asked["created_at"]),
        "original_id": asked["verification_id"],
        "verified": not isinstance(answer, Reason),
    }
    if isinstance(answer, Reason):
        values |= {"reason": answer.iso, "sup_reason_text": answer.sentence}
        return given(values)
    merchant, quote, token = answer
    values |= {
        "party_name": merchant.party.name,
        "account": merchant.party.account,
        "agent": merchant.party.agent,
        "sup_merchant_city": merchant.city,
        "sup_merchant_category": merchant.category,
        "sup_amount": merchant.amount,
        "sup_store_label": merchant.store_label,
        "sup_terminal_label": merchant.terminal_label,
        "sup_bill_number": merchant.bill_number,
        "sup_quote_token": token,
        "sup_quote_rate": str(quote.rate),
        "sup_quote_debit": quote.debit,
        "sup_quote_credit": quote.credit,
        "sup_quote_expires_at": quote.expires_at,
    }
    return given(values)


def fresh(message: Message, now: datetime, skew_max_s: int) -> bool:
    """Whether the header's creation time is within the allowed skew of now."""
    created = (message.header or {}).get("created_at")
    return isinstance(created, datetime) and abs(now - created) <= timedelta(seconds=skew_max_s)
