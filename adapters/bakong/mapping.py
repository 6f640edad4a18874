"""Between the switch's words and Bakong's: pain.001 out, pain.002 and transaction items back.

Pure both ways. What is read never becomes more than it says: ACSP is pending, a refusal that may
hide an earlier acceptance is unknown, and an item that is not ours is not an answer. The surprise:
a genuine pain.002 of the backbone carries no ids at all, only a status and the ledger's hash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.bakong import soap
from adapters.bakong.mapping_items import NOTED, Transaction, long_bic, read_transaction
from iso20022 import IsoError, read
from iso20022 import elements as e
from switch.model import Kind
from switch.port import IncomingItem, Outcome, OutcomeKind, reference_digits
from switch.reasons import Reason, from_iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.model import Particulars, Party, Payment
    from switch.port import Planning

PAIN_001: Final = "pain.001.001.05"
PAIN_002: Final = "pain.002.001.06"

CAMBODIA: Final = timezone(timedelta(hours=7))
"""Indochina time, without daylight saving: the day on which a transfer is executed."""

UNKNOWN: Final = Outcome(OutcomeKind.UNKNOWN)

_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BIC_LENGTH_SHORT: Final = 8
_SHORT_HEX_DIGITS: Final = 14
_SHORT_CHARACTERS: Final = 11
_PENDING_STATUSES: Final = frozenset({"ACSP", "PDNG", "ACTC", "ACCP", "RCVD"})
_CHAIN: Final[Mapping[str, OutcomeKind]] = MappingProxyType({
    "AUTHORIZED_AND_SENT": OutcomeKind.PENDING,
    "RECEIVED_AT_FAST": OutcomeKind.PENDING,
    "FAILED_AT_FAST": OutcomeKind.REFUSED,
    "RECEIVED_AT_FI": OutcomeKind.PENDING,
    "FAILED_AT_FI": OutcomeKind.REFUSED,
    "ACKNOWLEDGED_BY_FI": OutcomeKind.PENDING,
    "SETTLED": OutcomeKind.ACCEPTED,
    "CANNOT_SETTLED": OutcomeKind.REFUSED,
    "CANNOT_SETTLE": OutcomeKind.REFUSED,
})  # fmt: skip
_WORDS: Final[Mapping[str, Reason]] = MappingProxyType({
    "ACCOUNT_NOT_FOUND": Reason.ACCOUNT_UNKNOWN,
    "INSUFFICIENT_FUNDS": Reason.FUNDS_INSUFFICIENT,
    "WRONG_REQUEST_DATA": Reason.FORMAT_INVALID,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sponsor:
    """The participant we act as. ``banks`` maps the suffix of ``name@bank`` to a BIC.

    ``pool_account`` is the sponsor's own account on the ledger, which pays; ``name`` stands as
    debtor and initiating party, because the payer's name is not for the merchant's side.
    """

    bic: str
    name: str
    pool_account: str
    banks: Mapping[str, str] = field(repr=False)


def parse_banks(listed: str) -> Mapping[str, str]:
    """Read the option ``banks``, such as ``aclb=ACLBKHPPXXX,abaa=ABAAKHPPXXX``.

    Raises :class:`ValueError` for an entry of another form or a suffix named twice.
    """
    banks: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in listed.split(","))):
        suffix, _, bic = entry.partition("=")
        if not suffix or suffix in banks or len(bic) not in (_BIC_LENGTH_SHORT, 11):
            raise ValueError("banks: each entry is suffix=BIC, each suffix once")
        banks[suffix] = long_bic(bic)
    return MappingProxyType(banks)


def reference_of(planning: Planning) -> str:
    """Our reference for a hop: ``XB`` and the UETR's 32 hexadecimal digits, within Max35Text."""
    return "XB" + planning.uetr.replace("-", "").upper()


def message_id(kind: str, sponsor: Sponsor, planning: Planning) -> str:
    """An id of a request that moves nothing, such as ``ACKACLBKHPPXXX`` and 17 digits."""
    return f"{kind}{sponsor.bic}{reference_digits(planning.message_number, planning.slot)}"


def short_reference(reference: str) -> str:
    """Eleven characters for ``PmtInfId``, whose 35 (Max35Text) hold two BICs and two slashes.

    The last 56 bits of the reference in base 36; ``ext_ref`` has the whole of it.
    """
    number = int(reference[-_SHORT_HEX_DIGITS:], 16)
    digits = ""
    for _ in range(_SHORT_CHARACTERS):
        number, digit = divmod(number, 36)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
    return digits


def payee_agent(creditor: Party, banks: Mapping[str, str]) -> str:
    """The BIC of the payee's bank: named, or known by the suffix of the Bakong account.

    Raises :class:`iso20022.IsoError` RC04 when neither says it, AGNT when they contradict.
    """
    place = f"{e.CREDITOR_AGENT}/{e.FINANCIAL_INSTITUTION_IDENTIFICATION}/{e.BIC}"
    named, known = long_bic(creditor.agent), banks.get(creditor.account.rpartition("@")[2])
    if not (named or known):
        raise IsoError("rule", "RC04", place, "no bank is known for this Bakong account")
    if named and known and named != known:
        raise IsoError("rule", "AGNT", place, "the account is not one of the bank named")
    return named or known or ""


def transfer(
    payment: Payment, particulars: Particulars, sponsor: Sponsor, planning: Planning
) -> Mapping[str, object]:
    """The fields of the pain.001 that pays the merchant's bank from the sponsor's pool."""
    amount = payment.terms.destination
    agent = payee_agent(particulars.creditor, sponsor.banks)
    notes = (particulars.remittance or particulars.bill_number, NOTED + payment.uetr)
    return {
        "message_id": payment.reference,
        "created_at": planning.now,
        "number_of_transactions": "1",
        "control_sum": amount.short(),
        "initiating_party": sponsor.name,
        "payment_information_id": f"{sponsor.bic}/{agent}/{short_reference(payment.reference)}",
        "payment_method": "TRF",
        "batch_booking": False,
        "requested_execution_date": planning.now.astimezone(CAMBODIA).date(),
        "debtor_name": sponsor.name,
        "debtor_account": sponsor.pool_account,
        "debtor_account_currency": amount.currency.code,
        "debtor_agent": sponsor.bic,
        "instruction_id": payment.reference,
        "end_to_end_id": payment.reference,
        "instructed_amount": amount,
        "charge_bearer": "CRED",
        "creditor_agent": agent,
        "creditor_name": particulars.creditor.name,
        "creditor_account": particulars.creditor.account,
        "purpose_proprietary": "GDDS",
        "remittance_unstructured": tuple(note for note in notes if note),
    }


def read_transfer_answer(reply: soap.Reply, reference: str, payment: Payment) -> Outcome:
    """What the answer to makeFullFundTransfer or makeReverseTransaction means."""
    if reply.fault is not None:
        # Assumed: the gateway says this before the ledger takes anything. Any other fault may
        # come after.
        refused = reply.fault == "WRONG_REQUEST_DATA"
        return Outcome(OutcomeKind.REFUSED, Reason.FORMAT_INVALID) if refused else UNKNOWN
    if len(reply.returns) != 1 or not reply.understood:
        return UNKNOWN
    values = _report(reply)
    if values is None or not _ours(values, reference, payment):
        return UNKNOWN
    status = _status(values)
    far = _ledger_hash(values.get("remittance_unstructured"))
    if status == "ACSC":
        return Outcome(OutcomeKind.ACCEPTED, far_reference=far)
    if status in _PENDING_STATUSES:
        return Outcome(OutcomeKind.PENDING, far_reference=far)
    if status == "RJCT":
        return _refused(values.get("reason"), values.get("reason_proprietary"))
    return UNKNOWN


def rejects(reply: soap.Reply) -> bool:
    """True when the answer to an acknowledgement refuses it, or says what we cannot read."""
    values = _report(reply) if reply.returns else None
    return not reply.understood or (values is not None and _status(values) == "RJCT")


def _report(reply: soap.Reply) -> Mapping[str, object] | None:
    report = "".join(map(str, reply.returns[0].itertext())).strip()
    try:
        return read(report.encode(), names=(PAIN_002,), header=False).values
    except IsoError:
        return None


def _status(values: Mapping[str, object]) -> object:
    names = ("status", "payment_status", "group_status")
    return next((values[name] for name in names if name in values), None)


def _ours(values: Mapping[str, object], reference: str, payment: Payment) -> bool:
    """True when every id and amount that the report does carry is the one we sent."""
    named = str(values.get("original_payment_information_id", "/" + short_reference(reference)))
    ids = ("original_message_id", "original_instruction_id", "original_end_to_end_id")
    amount = payment.terms.destination
    return (
        all(values.get(name, reference) == reference for name in ids)
        # What a reversal names there is the transfer that it gives back.
        and (payment.kind is Kind.REFUND or named.endswith("/" + short_reference(reference)))
        and values.get("instructed_amount", amount) == amount
    )


def _refused(code: object, word: object, default: Reason = Reason.UNSPECIFIED) -> Outcome:
    if isinstance(code, str):
        reason = from_iso(code)
    else:
        reason = _WORDS.get(word, default) if isinstance(word, str) else default
    if reason.iso == Reason.DUPLICATE.iso:
        # Said of a repeat, it tells that the first one arrived, not that no money moved.
        return UNKNOWN
    return Outcome(OutcomeKind.REFUSED, reason)


def _ledger_hash(lines: object) -> str | None:
    for line in lines if isinstance(lines, tuple) else ():
        found = _HASH.fullmatch(str(line).lower().removeprefix("trx_hash:"))
        if found is not None:
            return found.group()
    return None


def read_outgoing(reply: soap.Reply, reference: str, payment: Payment, sponsor: Sponsor) -> Outcome:
    """What the answer to getOutgoingTransaction says; only a named or an empty "none" is none."""
    if reply.fault is not None:
        absent = reply.fault == "TRANSACTION_NOT_FOUND"
        return Outcome(OutcomeKind.NEVER_SEEN) if absent else UNKNOWN
    if not reply.understood:
        return UNKNOWN
    if not reply.returns:
        return Outcome(OutcomeKind.NEVER_SEEN)
    found = read_transaction(reply.returns[0]) if len(reply.returns) == 1 else None
    if (
        found is None
        or (found.payer, found.ext_ref) != (sponsor.bic, reference)
        or found.amount != payment.terms.destination
        or found.reversal is not (payment.kind is Kind.REFUND)
    ):
        return UNKNOWN
    kind = _CHAIN.get(found.status, OutcomeKind.UNKNOWN)
    if kind is OutcomeKind.UNKNOWN:
        return UNKNOWN
    if kind is not OutcomeKind.REFUSED:
        return Outcome(kind, far_reference=found.ledger_hash)
    at_bank = found.status == "FAILED_AT_FI"
    default = Reason.COUNTERPARTY_ERROR if at_bank else Reason.UNSPECIFIED
    # The item itself says that it failed, so DUPL here hides no other transfer of ours.
    if found.reason in _WORDS:
        return Outcome(kind, _WORDS[found.reason])
    return Outcome(kind, from_iso(found.reason) if found.reason else default)


def has_failed(found: Transaction) -> bool:
    """Whether a listed item says itself that it never becomes money."""
    return _CHAIN.get(found.status) is OutcomeKind.REFUSED


def incoming_item(found: Transaction) -> IncomingItem:
    """The port's form of an item, with what its acknowledgement has to name."""
    return IncomingItem(
        item_hash=found.ledger_hash,
        amount=found.amount,
        payer_agent=found.payer,
        payee_agent=found.payee,
        acknowledgement=MappingProxyType(
            {
                "message_id": found.message_id,
                "message_name": found.message_name,
                "created_at": found.created_at,
                "payment_information_id": found.payment_information_id,
            }
        ),
        reversal=found.reversal,
        uetr=found.uetr,
        reverses=found.reverses,
    )


def acknowledgement(
    item: IncomingItem, sponsor: Sponsor, planning: Planning
) -> Mapping[str, object]:
    """The fields of the pain.002 that lets Bakong settle an item to us."""
    original = item.acknowledgement
    values: dict[str, object] = {
        "message_id": message_id("ACK", sponsor, planning),
        "created_at": planning.now,
        "initiating_party": sponsor.bic,
        "debtor_agent": item.payer_agent,
        "creditor_agent": item.payee_agent,
        "original_message_id": original["message_id"],
        "original_message_name": original["message_name"],
        "original_payment_information_id": original["payment_information_id"],
        "status": "ACSC",
        "instructed_amount": item.amount,
        "debtor_name": item.payer_agent,
        "creditor_name": item.payee_agent,
    }
    created_at = _moment(original["created_at"])
    if created_at is not None:
        values["original_created_at"] = created_at
    return values


def _moment(text: str) -> datetime | None:
    """The time, or None for one that UTC does not have or without an offset, which is no guess."""
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
