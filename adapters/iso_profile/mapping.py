"""Outbound: payments to ISO 20022 fields, and the answers back to outcomes. Pure.

The MsgId of a payment's pacs.008 *is* its TxId, so that every later answer can be checked against
``payment.reference`` alone, without the message that was sent. The surprise is what a rejection may
mean: only a status report that names this payment, with a reason that speaks of the payment and not
of the message (a duplicate, "never seen"), refuses it; everything else leaves it unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from fx.money import RATE_DECIMALS_MAX, RATE_DIGITS_MAX, Money, Rounding, divide
from switch.model import Flow, Kind, Party, UseCase, from_micros
from switch.port import (
    Merchant,
    Operation,
    Outcome,
    OutcomeKind,
    Unavailable,
    is_lost,
    reference_digits,
)
from switch.reasons import Reason, from_iso

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.iso_profile.profile import Profile
    from iso20022 import Message
    from switch.model import Particulars, Payment, Terms
    from switch.port import Planning

HEADER: Final = "head.001.001.02"
PAYMENT: Final = "pacs.008.001.08"
STATUS: Final = "pacs.002.001.10"
ENQUIRY: Final = "pacs.028.001.03"
QUESTION: Final = "acmt.023.001.04"
REPORT: Final = "acmt.024.001.04"
RETURN: Final = "pacs.004.001.09"
REJECT: Final = "admi.002.001.01"

NEVER_SEEN: Final = "NSEEN"
"""Proprietary reason of a pacs.002 that answers an enquiry about a payment never received (A)."""

PURPOSE_GOODS: Final = "GDDS"
"""Purchase and sale of goods (network survey 10.1)."""

_ACCEPTED: Final = frozenset({"ACSC", "ACCC"})
UNPOSTED: Final = "ACWP"
"""Accepted without posting, of a transfer; what a merchant is paid is only pending then (A)."""

_PENDING: Final = frozenset({"ACTC", "ACSP", "PDNG", "RCVD", UNPOSTED, "BLCK"})
# What is blocked there (BLCK) is frozen by law for as long as that takes, and may be credited in
# the end: it is no refusal, and nothing that anybody could do makes it one.

RESERVED: Final = "ACSP"
"""Set aside until we confirm, of a payment in three legs; of any other it is pending (A)."""

CONFIRMED: Final = "ACSC"
"""What our own pacs.002 says of a payment in three legs: the payer's side is final (A)."""

_THREE_LEGS: Final = (Flow.OUTBOUND_THREE_LEG, Flow.OUTBOUND_GROSS_THREE_LEG)

_OF_THE_MESSAGE: Final = frozenset({"DUPL", "AM05", "DU01", "DU02", "DU03", "DU04", "DU05"})
# These say that an identification was used before: the first use may have been executed.


@dataclass(frozen=True, slots=True)
class Sides:
    """The two ends of the link by BIC, ours first, and whose network it is."""

    own: str
    partner: str
    profile: Profile


def same_agent(one: object, other: str) -> bool:
    """Whether two BICs are the same institution: an absent branch is ``XXX`` (ISO 9362)."""
    return isinstance(one, str) and one.removesuffix("XXX") == other.removesuffix("XXX")


def message_reference(own_bic: str, planning: Planning) -> str:
    """Return a MsgId or TxId: ``KH``, date, participant, 17 digits; 35 characters (10.1).

    The date is that of the number itself, so the digits are unique within the date shown.
    """
    day = from_micros((planning.message_number >> 20) * 1000)
    digits = reference_digits(planning.message_number, planning.slot)
    return f"KH{day:%Y%m%d}{own_bic[:8]}{digits}"


def given(values: Mapping[str, object]) -> dict[str, object]:
    """Return the fields that have something in them: an optional element is never empty."""
    return {name: value for name, value in values.items() if value not in (None, "", ())}


def exchange_rate(terms: Terms) -> Decimal:
    """Return the factor of ``XchgRate``: settlement amount = instructed amount times factor.

    That is the ISO meaning, and it is the small direction (0.0084146752 for 118.84 KHR a baht),
    rounded half up to what eleven digits and ten decimals hold. It only informs: the two amounts
    of the message are frozen and decide.
    """
    rate = terms.rate
    if rate.unit == terms.source.currency:
        return rate.value
    numerator, denominator = rate.value.as_integer_ratio()
    for decimals in range(RATE_DECIMALS_MAX, -1, -1):
        scaled = divide(denominator * 10**decimals, numerator, Rounding.HALF_UP)
        if scaled < 10**RATE_DIGITS_MAX:
            return Decimal(scaled).scaleb(-decimals)
    raise AssertionError("the inverse of a rate has at most eleven digits")


def question_values(
    payload: str, amount: Money | None, message_id: str, sides: Sides, now: datetime
) -> dict[str, object]:
    """Return acmt.023: the raw code, for its owner to read (network survey 2)."""
    return given({
        "message_id": message_id,
        "created_at": now,
        "first_agent": sides.own,
        "assigner_agent": sides.own,
        "assignee_agent": sides.partner,
        "assignee_country": sides.profile.country,
        "verification_id": message_id,
        "agent": sides.partner,
        "sup_qr_payload": payload,
        "sup_amount": amount,
    })  # fmt: skip


def payment_values(
    payment: Payment, particulars: Particulars, sides: Sides, now: datetime
) -> dict[str, object]:
    """Return pacs.008: their currency to be settled, KHR instructed, the rate between them."""
    terms, debtor, creditor = payment.terms, particulars.debtor, particulars.creditor
    merchant = payment.use_case is UseCase.MERCHANT
    return given({
        "message_id": payment.reference,
        "created_at": now,
        "expires_at": payment.deadline,
        "number_of_transactions": "1",
        "settlement_method": "CLRG",
        **sides.profile.clearing,
        "instruction_id": payment.reference,
        "end_to_end_id": particulars.end_to_end_id or "NOTPROVIDED",
        "transaction_id": payment.reference,
        "uetr": payment.uetr,
        "instruction_priority": "HIGH" if merchant else "NORM",
        "settlement_amount": terms.destination,
        "settlement_date": (now + sides.profile.zone).date(),
        "acceptance_at": payment.accepted_at,
        "instructed_amount": terms.source,
        "exchange_rate": exchange_rate(terms),
        "charge_bearer": "SLEV",
        "instructing_agent": sides.own,
        "instructed_agent": sides.partner,
        "debtor_name": debtor.name,
        "debtor_town": debtor.town,
        "debtor_country": debtor.country,
        "debtor_account": debtor.account,
        "debtor_agent": debtor.agent or sides.own,
        "creditor_agent": creditor.agent or sides.partner,
        "creditor_name": creditor.name,
        "creditor_town": creditor.town,
        "creditor_country": creditor.country,
        "creditor_account": creditor.account,
        "purpose": PURPOSE_GOODS if merchant else None,
        "remittance_unstructured": (particulars.remittance,) if particulars.remittance else None,
        "sup_merchant_category": particulars.merchant_category,
        "sup_store_label": particulars.store_label,
        "sup_terminal_label": particulars.terminal_label,
        "sup_bill_number": particulars.bill_number,
        "sup_qr_payload": particulars.qr_payload,
    })  # fmt: skip


def enquiry_values(
    payment: Payment, particulars: Particulars, message_id: str, sides: Sides, now: datetime
) -> dict[str, object]:
    """Return pacs.028: what became of the payment, by our TxId and the UETR.

    A TxId that was lost with our store is left out, and so is what else we do not know.
    """
    lost = is_lost(payment.reference)
    reference = "" if lost else payment.reference
    of_payment = payment.kind is Kind.PAYMENT
    return given({
        "message_id": message_id,
        "created_at": now,
        "status_request_id": message_id,
        "original_message_id": reference,
        "original_message_name": "" if lost else message_of(payment),
        "original_instruction_id": reference if of_payment else "",
        "original_end_to_end_id": particulars.end_to_end_id or "NOTPROVIDED",
        "original_transaction_id": reference,
        "original_uetr": uetr_of(payment),
        "acceptance_at": "" if lost or not of_payment else payment.accepted_at,
        "instructing_agent": sides.own,
        "instructed_agent": sides.partner,
    })  # fmt: skip


def confirmation_values(
    payment: Payment, message_id: str, sides: Sides, now: datetime
) -> dict[str, object]:
    """Return pacs.002 of ours: the payer's side is final, so what was set aside is carried out."""
    return {
        "message_id": message_id,
        "created_at": now,
        "status_id": message_id,
        "original_message_id": payment.reference,
        "original_message_name": PAYMENT,
        "original_transaction_id": payment.reference,
        "original_uetr": payment.uetr,
        "status": CONFIRMED,
        "instructing_agent": sides.own,
        "instructed_agent": sides.partner,
    }


def message_of(payment: Payment) -> str:
    """The message that carries a payment, or what gives one back."""
    return PAYMENT if payment.kind is Kind.PAYMENT else RETURN


def uetr_of(payment: Payment) -> str:
    """The UETR on the wire: what gives a payment back bears that payment's."""
    return payment.uetr if payment.kind is Kind.PAYMENT else payment.original


def outcome(message: Message, payment: Payment, operation: Operation) -> Outcome:
    """Return what a verified answer to our pacs.008, pacs.004 or pacs.028 says of this payment."""
    values = message.values
    if message.name == REJECT:
        return _message_rejected(values, payment, operation)
    if message.name != STATUS or not _names(values, payment):
        return Outcome(OutcomeKind.UNKNOWN)
    far = text(values, "clearing_system_reference") or text(values, "status_id") or None
    status = values["status"]
    if status in _ACCEPTED:
        return Outcome(OutcomeKind.ACCEPTED, far_reference=far)
    if status == RESERVED and payment.flow in _THREE_LEGS:
        return Outcome(OutcomeKind.READY, far_reference=far)
    transfer = payment.kind is Kind.PAYMENT and payment.use_case is UseCase.TRANSFER
    if status == UNPOSTED and transfer:
        return Outcome(OutcomeKind.ACCEPTED_UNPOSTED, far_reference=far)
    if status in _PENDING:
        return Outcome(OutcomeKind.PENDING, far_reference=far)
    if status != "RJCT":
        return Outcome(OutcomeKind.UNKNOWN)
    if values.get("reason_proprietary") == NEVER_SEEN:
        seen = operation is not Operation.ENQUIRE
        return Outcome(OutcomeKind.UNKNOWN if seen else OutcomeKind.NEVER_SEEN)
    code = text(values, "reason")
    if code in _OF_THE_MESSAGE and operation is not Operation.ENQUIRE:
        return Outcome(OutcomeKind.UNKNOWN)
    # Asked about the one message that we ever sent for it, the network speaks of the payment.
    return Outcome(OutcomeKind.REFUSED, from_iso(code), far)


def _message_rejected(
    values: Mapping[str, object], payment: Payment, operation: Operation
) -> Outcome:
    """A rejected message refuses the payment only if it is the first that was ever sent for it.

    After an enquiry the same pacs.008 may be sent again; a rejection of the second copy says
    nothing of the first.
    """
    code = text(values, "reason_code")
    instructs = operation in (Operation.PAY, Operation.REFUND, Operation.RECALL)
    first = instructs and payment.rung == 0
    named = values.get("related_reference") == payment.reference
    if not first or not named or code in _OF_THE_MESSAGE:
        return Outcome(OutcomeKind.UNKNOWN)
    return Outcome(OutcomeKind.REFUSED, from_iso(code))


def _names(values: Mapping[str, object], payment: Payment) -> bool:
    """Whether a status report is about this payment: TxId and UETR, and MsgId where it is given.

    Of one whose TxId was lost with our store only the UETR can be held against it.
    """
    name = message_of(payment)
    if is_lost(payment.reference):
        # Of two that bear one UETR it would not be known which one is meant.
        return name == PAYMENT and values.get("original_uetr") == payment.uetr
    return (
        values.get("original_uetr") == uetr_of(payment)
        and values.get("original_transaction_id") == payment.reference
        and values.get("original_message_id", payment.reference) == payment.reference
        and values.get("original_message_name", name) == name
    )


def merchant(message: Message, reference: str, profile: Profile) -> Merchant | Unavailable:
    """Return the merchant of a verified acmt.024 that answers our acmt.023 ``reference``."""
    values = message.values
    if message.name != REPORT or (
        values.get("original_assignment_id", reference) != reference
        or values.get("original_id") != reference
    ):
        return Unavailable(Reason.COUNTERPARTY_ERROR)
    if not values["verified"]:
        return Unavailable(from_iso(text(values, "reason")))
    amount = values.get("sup_amount")
    name, account = text(values, "party_name"), text(values, "account")
    if not name or not account:
        return Unavailable(Reason.COUNTERPARTY_ERROR)
    if isinstance(amount, Money) and amount.currency.code != profile.currency:
        return Unavailable(Reason.CURRENCY_UNSUPPORTED)
    city = text(values, "sup_merchant_city")
    return Merchant(
        party=Party(name, account, text(values, "agent"), city, profile.country),
        city=city,
        category=text(values, "sup_merchant_category"),
        currency=profile.currency,
        amount=amount if isinstance(amount, Money) else None,
        store_label=text(values, "sup_store_label"),
        terminal_label=text(values, "sup_terminal_label"),
        bill_number=text(values, "sup_bill_number"),
    )


def text(values: Mapping[str, object], name: str) -> str:
    """Return a text field, empty when it is absent."""
    value = values.get(name)
    return value if isinstance(value, str) else ""
