"""Malaysia outbound: payments to ISO 20022 fields, and PayNet's answers back to outcomes. Pure.

The BizMsgIdr of a transfer *is* its MsgId and TxId, so that every later answer can be checked
against ``payment.reference`` alone. EndToEndId is the UETR without hyphens: camt.005 of this
version cannot ask by a UETR, and a payment whose BizMsgIdr was lost with our store is asked about
by it. The surprise: ACTC U002 is neither success nor failure, but PayNet's promise to go on trying.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from adapters.iso_profile.mapping import exchange_rate, given, text
from adapters.malaysia import codes
from adapters.malaysia.business_id import STATUS, TRANSFER, BusinessId, day_of
from fx.money import Money
from switch.model import Party
from switch.port import Merchant, Operation, Outcome, OutcomeKind, Unavailable, is_lost
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.malaysia.envelope import Envelope
    from iso20022 import Message
    from switch.model import Particulars, Payment
    from switch.port import Planning

PAYMENT: Final = "pacs.008.001.08"
REPORT: Final = "pacs.002.001.10"
QUESTION: Final = "acmt.023.001.02"
ANSWER: Final = "acmt.024.001.02"
SEARCH: Final = "camt.005.001.08"
FOUND: Final = "camt.006.001.08"
REJECT: Final = "admi.002.001.01"

CURRENCY: Final = "MYR"
COUNTRY: Final = "MY"
CLEARING_SYSTEM: Final = "RPP"

REFUND: Final = "REFUND"
"""``Purp/Prtry`` of a payment that gives back another; the other is in ``CdtrRefInf/Ref`` (A)."""

REFERENCE_KIND: Final = "RPIN"
"""``CdtrRefInf/Tp``: the reference is of a payment that was instructed before."""

ACCOUNT_TYPE: Final = "DFLT"
"""Type of an account whose kind we are not told: PayNet's default account."""

CHAIN: Final = "enquiry_id"
"""Name in ``extra`` of the BizMsgIdr of the enquiry that found the merchant."""

_UNKNOWN: Final = Outcome(OutcomeKind.UNKNOWN)
_NUMBERS: Final = 100_000_000


def transfer_id(own_bic: str, planning: Planning) -> str:
    """The BizMsgIdr of a transfer; its number is counted per day of Malaysia, and kept."""
    assert 0 < planning.sequence < _NUMBERS, "the facts declare a sequence of eight digits"
    return str(BusinessId(day_of(planning.now), own_bic[:8], TRANSFER, planning.sequence))


def question_id(own_bic: str, code: str, planning: Planning) -> str:
    """The BizMsgIdr of a question, which moves nothing.

    No number is kept for it: eight digits follow from our own number, which is unique. Two of a day
    are the same with a chance of one in a thousand at 100,000 a day, and then one is asked again.
    """
    own = f"{planning.slot} {planning.message_number}".encode()
    number = int.from_bytes(sha256(own).digest()[:8]) % _NUMBERS
    return str(BusinessId(day_of(planning.now), own_bic[:8], code, number))


def end_to_end_id(uetr: str) -> str:
    """Our EndToEndId: the UETR without its hyphens."""
    return uetr.replace("-", "")


def question_values(
    payload: str, amount: Money | None, business_id: str, link: Envelope, now: datetime
) -> dict[str, object]:
    """Return acmt.023 of code 521: the raw code, for PayNet to read."""
    return given({
        "message_id": business_id,
        "created_at": now,
        "first_agent": link.own,
        "assigner_agent": link.own,
        "assignee_agent": link.partner,
        "assignee_country": COUNTRY,
        "verification_id": business_id,
        "agent": link.partner,
        "sup_qr_payload": payload,
        "sup_amount": amount,
    })  # fmt: skip


def payment_values(
    payment: Payment, particulars: Particulars, link: Envelope, now: datetime
) -> dict[str, object]:
    """Return pacs.008 of code 031: MYR to be settled, KHR instructed, the rate between them."""
    debtor, creditor = particulars.debtor, particulars.creditor
    return given({
        **_transfer(payment, link, now),
        "instruction_id": particulars.extra.get(CHAIN, ""),
        **_party("debtor", debtor, link.own),
        **_party("creditor", creditor, link.partner),
        "purpose": "GDDS",
        "remittance_unstructured": (particulars.remittance,) if particulars.remittance else None,
        "sup_merchant_category": particulars.merchant_category,
        "sup_store_label": particulars.store_label,
        "sup_terminal_label": particulars.terminal_label,
        "sup_bill_number": particulars.bill_number,
        "sup_qr_payload": particulars.qr_payload,
    })  # fmt: skip


def refund_values(
    payment: Payment, particulars: Particulars, link: Envelope, now: datetime
) -> dict[str, object]:
    """Return the pacs.008 that gives a guest's payment back, in part or in full.

    The merchant of the payment that is refunded pays, its payer gets; ``extra`` has who that was.
    """
    extra = particulars.extra
    payer = Party(
        extra.get("debtor_name", ""), extra.get("debtor_account", ""), extra.get("debtor_agent", "")
    )
    return given({
        **_transfer(payment, link, now),
        **_party("debtor", particulars.creditor, link.own),
        **_party("creditor", payer, link.partner),
        "purpose_proprietary": REFUND,
        "remittance_reference_type": REFERENCE_KIND,
        "remittance_reference": extra.get("original_transaction_id", ""),
    })  # fmt: skip


def _transfer(payment: Payment, link: Envelope, now: datetime) -> dict[str, object]:
    """What a payment and a refund have in common."""
    terms = payment.terms
    return {
        "message_id": payment.reference,
        "created_at": now,
        "number_of_transactions": "1",
        "settlement_method": "CLRG",
        "clearing_system_proprietary": CLEARING_SYSTEM,
        "end_to_end_id": end_to_end_id(payment.uetr),
        "transaction_id": payment.reference,
        "uetr": payment.uetr,
        "local_instrument": TRANSFER,
        "settlement_amount": terms.destination,
        "settlement_date": day_of(now),
        "acceptance_at": payment.accepted_at,
        "instructed_amount": terms.source,
        "exchange_rate": exchange_rate(terms),
        "charge_bearer": "SLEV",
        "instructing_agent": link.own,
        "instructed_agent": link.partner,
    }


def _party(role: str, party: Party, otherwise: str) -> dict[str, object]:
    """A party with its account and its agent, which is ``otherwise`` where none is named."""
    fields: dict[str, object] = {
        f"{role}_name": party.name or "NOTPROVIDED",
        f"{role}_town": party.town,
        f"{role}_country": party.country,
        f"{role}_account": party.account,
        f"{role}_agent": party.agent or otherwise,
    }
    if role == "debtor" and party.account:
        fields["debtor_account_scheme"] = ACCOUNT_TYPE
    return fields


def search_values(payment: Payment, business_id: str, now: datetime) -> dict[str, object]:
    """Return camt.005 of code 630: our BizMsgIdr and EndToEndId; the latter alone if that is lost.

    What is lost is left out, and then any answer with this EndToEndId is about the payment.
    """
    reference = "" if is_lost(payment.reference) else payment.reference
    return given({
        "message_id": business_id,
        "created_at": now,
        "request_type": STATUS,
        "original_message_id": reference,
        "original_transaction_id": reference,
        "original_end_to_end_id": end_to_end_id(payment.uetr),
    })  # fmt: skip


def outcome(message: Message, payment: Payment, operation: Operation, reference: str) -> Outcome:
    """Return what a verified answer says of this payment; ``reference`` is the request's id."""
    if operation is Operation.ENQUIRE:
        return _found(message, payment, reference)
    values = message.values
    if message.name != REPORT or not _reported(values, payment):
        return _UNKNOWN
    status, code = text(values, "status"), text(values, "reason_proprietary")
    far = text(values, "clearing_system_reference") or text(values, "status_id") or None
    if status == codes.REJECTED and codes.reason_of(code) is None:
        # A word that nobody published may speak of a copy: the enquiry tells what it meant.
        return _UNKNOWN
    if code == codes.DATE_OUTSIDE and payment.rung:
        # The day has changed since the first copy was sent, which may have been carried out.
        return _UNKNOWN
    return _stated(status, code, far)


def gateway_outcome(code: str, rung: int) -> Outcome:
    """What the gateway's signed word about a transfer means: it passed nothing on, or who knows."""
    reason = codes.GATEWAY.get(code)
    return _UNKNOWN if reason is None or rung else Outcome(OutcomeKind.REFUSED, reason)


def _stated(status: str, code: str, far: str | None) -> Outcome:
    if (status, code) == codes.ACCEPTED:
        return Outcome(OutcomeKind.ACCEPTED, far_reference=far)
    if status == codes.STORED[0]:
        return Outcome(OutcomeKind.PENDING, far_reference=far)
    if status == codes.REJECTED:
        return Outcome(OutcomeKind.REFUSED, codes.reason_of(code) or Reason.UNSPECIFIED, far)
    return _UNKNOWN


def _reported(values: Mapping[str, object], payment: Payment) -> bool:
    """Whether a status report names this payment: TxId and UETR, and MsgId where it is given."""
    return (
        values.get("original_uetr") == payment.uetr
        and values.get("original_transaction_id") == payment.reference
        and values.get("original_message_id", payment.reference) == payment.reference
    )


def _found(message: Message, payment: Payment, reference: str) -> Outcome:
    """Return what camt.006 says: of the payment, or that there is none."""
    values = message.values
    if message.name != FOUND or values.get("query_id") != reference:
        return _UNKNOWN
    lost = is_lost(payment.reference)
    if values.get("business_error_proprietary") == codes.NEVER_SEEN:
        named = lost or values.get("original_transaction_id") == payment.reference
        return Outcome(OutcomeKind.NEVER_SEEN) if named else _UNKNOWN
    chain = values.get("end_to_end_id")
    if chain != end_to_end_id(payment.uetr):
        return _UNKNOWN
    if not lost and values.get("original_transaction_id") != payment.reference:
        return _UNKNOWN
    if values.get("instructed_amount", payment.terms.destination) != payment.terms.destination:
        return _UNKNOWN
    return _stated(text(values, "status_proprietary"), text(values, "reason_proprietary"), far=None)


def merchant(message: Message, reference: str) -> Merchant | Unavailable:
    """Return the merchant of a verified acmt.024 that answers our question ``reference``."""
    values = message.values
    if message.name != ANSWER or (
        values.get("original_assignment_id", reference) != reference
        or values.get("original_id") != reference
    ):
        return Unavailable(Reason.COUNTERPARTY_ERROR)
    code = text(values, "reason_proprietary")
    if not values["verified"]:
        return Unavailable(codes.reason_of(code) or Reason.ACCOUNT_UNKNOWN)
    name, account = text(values, "party_name"), text(values, "account")
    if code not in ("", codes.ACCEPTED[1]) or not name or not account:
        return Unavailable(Reason.COUNTERPARTY_ERROR)
    amount = values.get("sup_amount")
    if isinstance(amount, Money) and amount.currency.code != CURRENCY:
        return Unavailable(Reason.CURRENCY_UNSUPPORTED)
    city = text(values, "sup_merchant_city")
    return Merchant(
        party=Party(name, account, text(values, "agent"), city, COUNTRY),
        city=city,
        category=text(values, "sup_merchant_category"),
        currency=CURRENCY,
        amount=amount if isinstance(amount, Money) else None,
        store_label=text(values, "sup_store_label"),
        terminal_label=text(values, "sup_terminal_label"),
        bill_number=text(values, "sup_bill_number"),
        extra={CHAIN: reference},
    )
