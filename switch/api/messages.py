"""ISO 20022 with members, both ways and pure: pacs.008 and pacs.028 in, pacs.002 and admi.002 out.

The key of a payment is its MsgId, its identity the UETR that the member chose. What a member is
answered is written from the payment and from the identifications that its own message carried, so
the final answer can be made whenever the payment ends. The surprise: the creditor of a member's
message decides nothing; the merchant in the sealed quote is paid, and a message that names another
account is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn

from fx.money import Money
from iso20022 import IsoError, Message, build, read
from iso20022.originals import as_text, originals_of
from iso20022.refusals import NO_REFERENCE, refusal_of
from switch import lifecycle
from switch.api.recall_messages import (
    RECALL,
    RESOLUTION,
    MemberRecall,
    recall_of,
    resolution_values,
)
from switch.commands import Answer
from switch.model import Party, Status, from_micros
from switch.port import reference_digits
from switch.reasons import Reason, from_iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.model import Particulars, Payment
    from switch.port import Planning

HEADER: Final = "head.001.001.04"
PAYMENT: Final = "pacs.008.001.13"
ENQUIRY: Final = "pacs.028.001.06"
STATUS: Final = "pacs.002.001.15"
REJECT: Final = "admi.002.001.01"

BUSINESS_SERVICE: Final = "kh.xb.instant.01"
CONTENT_TYPE: Final = "application/xml"
NOT_RECEIVED: Final = "NARR"
"""The answer to an enquiry after a payment that this switch never had from this member."""

NOT_RECEIVED_TEXT: Final = "No payment of this member with this UETR was received."

ORIGINALS: Final = (
    "original_message_id",
    "original_message_name",
    "original_instruction_id",
    "original_end_to_end_id",
    "original_transaction_id",
    "original_uetr",
)
"""What a status report repeats of the payment it speaks of."""

_CONTENT: Final = (
    "uetr", "end_to_end_id", "instruction_id", "transaction_id", "settlement_amount",
    "instructed_amount", "exchange_rate", "agreed_rate", "quote_id", "charge_bearer",
    "debtor_name", "debtor_account", "debtor_agent", "debtor_town", "debtor_country",
    "creditor_name", "creditor_account", "creditor_agent", "remittance_unstructured",
    "sup_quote_token",
)  # fmt: skip
"""Fields that must be equal in a true repeat."""

_OK, _OPEN, _BAD, _UNBOUND = 200, 202, 400, 422
_INFORMATION_MAX: Final = 105


class Refused(Exception):  # noqa: N818  the name says what it is
    """A message that is refused before anything was bound; ``answer`` is ready to send.

    ``uetr`` is given where the answer refuses a payment: that is final, so a tombstone goes before
    it, and where the payment exists already ``otherwise`` refuses the message alone.
    """

    def __init__(
        self, reason: Reason, answer: Answer, *, uetr: str = "", otherwise: Answer | None = None
    ) -> None:
        super().__init__(reason.name)
        self.reason = reason
        self.answer = answer
        self.uetr = uetr
        self.otherwise = otherwise


@dataclass(frozen=True, slots=True)
class MemberPayment:
    """A member's pacs.008, translated. ``refused`` is a check that already failed."""

    uetr: str
    key: str = field(repr=False)
    content: Mapping[str, str] = field(repr=False)
    quote_token: str = field(repr=False)
    settlement_amount: Money
    debtor: Party = field(repr=False)
    creditor_account: str = field(repr=False)
    quote_id: str
    end_to_end_id: str = field(repr=False)
    remittance: str = field(repr=False)
    originals: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class MemberEnquiry:
    """A member's pacs.028: what became of this payment."""

    uetr: str
    originals: Mapping[str, str] = field(repr=False)


class MemberMessages:
    """Reads and writes members' messages; ``own_bic`` is the switch's."""

    def __init__(self, own_bic: str) -> None:
        self._own = own_bic

    def read(
        self, body: bytes, member: str, planning: Planning
    ) -> MemberPayment | MemberEnquiry | MemberRecall:
        """Translate a verified body of this member. Raises :class:`Refused`."""
        try:
            message = read(body, names=(PAYMENT, ENQUIRY, RECALL), header=True)
        except IsoError as error:
            self._unreadable(body, error, member, planning)
        values, header = message.values, message.header or {}
        originals = _originals(message)
        if message.header_name != HEADER:
            self._refuse(Reason.FORMAT_INVALID, message, member, planning)
        if header["from_bic"] != member or not _same(header["to_bic"], self._own):
            self._refuse(Reason.AGENT_INCORRECT, message, member, planning)
        if message.name == RECALL:
            return recall_of(message)
        if message.name == ENQUIRY:
            return MemberEnquiry(_text(values, "original_uetr"), originals)
        token, account = _text(values, "sup_quote_token"), _text(values, "debtor_account")
        if not token or not account:
            self._refuse(Reason.ELEMENT_MISSING, message, member, planning)
        if not _same(values["debtor_agent"], member):
            self._refuse(Reason.AGENT_INCORRECT, message, member, planning)
        return _payment(message, originals, member)

    def render_status(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Answer:
        """The pacs.002 that answers a member's pacs.008; HTTP 200 when final, else 202."""
        extra = particulars.extra
        originals = {name: extra[name] for name in ORIGINALS if name in extra}
        return self._report(payment, originals, planning)

    def render_interim(self, asked: MemberPayment, payment: Payment, planning: Planning) -> Answer:
        """The pacs.002 while the payment is open."""
        return self._report(payment, asked.originals, planning)

    def render_enquiry(
        self, enquiry: MemberEnquiry, payment: Payment | None, member: str, planning: Planning
    ) -> Answer:
        """The pacs.002 that answers a pacs.028; a payment never seen is RJCT NARR."""
        if payment is None:
            values = {
                **enquiry.originals,
                "status": Status.RJCT.value,
                "reason": NOT_RECEIVED,
                "additional_information": (NOT_RECEIVED_TEXT,),
            }
            return self._status(_OK, values, member, planning)
        answer = self._report(payment, enquiry.originals, planning)
        # The question is answered, whatever the payment's state.
        return Answer(_OK, answer.content_type, answer.body)

    def render_resolution(
        self,
        recall: MemberRecall,
        status: Status | None,
        reason: Reason | None,
        member: str,
        planning: Planning,
    ) -> Answer:
        """The camt.029 that answers a camt.056: HTTP 202 while nobody has decided, 422 unbound."""
        message_id = message_reference(self._own, planning)
        values = resolution_values(recall, status, reason, message_id, member)
        values |= {"created_at": planning.now, "assigner_agent": self._own}
        http = _OPEN if status not in (None, Status.ACCC, Status.RJCT) else _OK
        http = _UNBOUND if status is None else http
        return Answer(http, CONTENT_TYPE, self._write(RESOLUTION, values, member, planning))

    def render_refusal(
        self,
        originals: Mapping[str, str],
        reason: Reason,
        member: str,
        planning: Planning,
        *,
        status: int = _UNBOUND,
    ) -> Answer:
        """The pacs.002 RJCT of a message that did not become a payment; it binds nothing."""
        return self._status(status, _refusal(originals, reason), member, planning)

    def render_rejection(
        self, asked: MemberPayment, reason: Reason, member: str, planning: Planning
    ) -> Answer:
        """The admi.002 of a message whose payment stands as it stands (HTTP 409)."""
        error = IsoError("rule", reason.iso, "", reason.sentence)
        related = asked.originals.get("original_message_id", "")
        answer = self._rejected(error, related, member, planning)
        return Answer(409, answer.content_type, answer.body)

    def _report(self, payment: Payment, originals: Mapping[str, str], planning: Planning) -> Answer:
        status = lifecycle.status(payment)
        values: dict[str, object] = {
            **originals,
            "status_id": payment.reference[:35] if status is Status.ACCC else None,
            "status": status.value,
            "acceptance_at": payment.accepted_at,
        }
        if payment.reason is not None and status is Status.RJCT:
            values |= _refusal(originals, payment.reason)
        http = _OK if lifecycle.is_final(payment) else _OPEN
        return self._status(http, values, payment.origin, planning)

    def _status(
        self, http: int, values: Mapping[str, object], member: str, planning: Planning
    ) -> Answer:
        return Answer(http, CONTENT_TYPE, self._write(STATUS, values, member, planning))

    def _write(
        self, name: str, values: Mapping[str, object], member: str, planning: Planning
    ) -> bytes:
        message_id = str(values.get("message_id") or message_reference(self._own, planning))
        header = {
            "from_bic": self._own,
            "to_bic": member,
            "business_message_id": message_id,
            "message_definition": name,
            "business_service": BUSINESS_SERVICE,
            "created_at": planning.now,
        }
        own: dict[str, object] = {}
        if name == STATUS:
            own = {"message_id": message_id, "created_at": planning.now}
            own |= {"instructing_agent": self._own, "instructed_agent": member}
        return build(name, {**own, **values}, header_name=HEADER, header=header)

    def _unreadable(
        self, body: bytes, error: IsoError, member: str, planning: Planning
    ) -> NoReturn:
        """Refuse by pacs.002 where the UETR can be read, else by admi.002.

        Payments are known by their UETR. Under other identifications one may be on its way already,
        and a rejection by those would be taken for its end.
        """
        reason, refusal = from_iso(error.code), refusal_of(body, error)
        rejected = self._rejected(error, refusal.related, member, planning)
        uetr = refusal.originals.get("original_uetr")
        if uetr is None:
            raise Refused(reason, rejected) from None
        answer = self._status(_UNBOUND, refusal.values(planning.now), member, planning)
        raise Refused(reason, answer, uetr=uetr, otherwise=rejected) from None

    def _rejected(self, error: IsoError, related: str, member: str, planning: Planning) -> Answer:
        values = {
            "related_reference": related or NO_REFERENCE,
            "reason_code": error.code,
            "rejected_at": planning.now,
            "error_location": error.path or None,
            "reason_description": error.detail,
        }
        return Answer(_BAD, CONTENT_TYPE, self._write(REJECT, values, member, planning))

    def _refuse(
        self, reason: Reason, message: Message, member: str, planning: Planning
    ) -> NoReturn:
        """Refuse a sound message: a pacs.008 for good, a pacs.028 as a question."""
        originals = _originals(message)
        answer = self.render_refusal(originals, reason, member, planning)
        if message.name != PAYMENT:
            raise Refused(reason, answer)
        error = IsoError("rule", reason.iso, "", reason.sentence)
        related = originals.get("original_message_id", "")
        otherwise = self._rejected(error, related, member, planning)
        raise Refused(reason, answer, uetr=originals["original_uetr"], otherwise=otherwise)


def message_reference(own_bic: str, planning: Planning) -> str:
    """A message id: ``KH``, date, participant, 17 digits; 35 characters (network survey 10.1)."""
    day = from_micros((planning.message_number >> 20) * 1000)
    digits = reference_digits(planning.message_number, planning.slot)
    return f"KH{day:%Y%m%d}{own_bic[:8]}{digits}"


def _payment(message: Message, originals: Mapping[str, str], member: str) -> MemberPayment:
    values = message.values
    amount = values["settlement_amount"]
    assert isinstance(amount, Money), "the schema requires a settlement amount"
    remittance = values.get("remittance_unstructured", ())
    assert isinstance(remittance, tuple), "the element repeats"
    return MemberPayment(
        uetr=_text(values, "uetr"),
        key=_text(values, "message_id"),
        content={name: as_text(values[name]) for name in _CONTENT if name in values},
        quote_token=_text(values, "sup_quote_token"),
        settlement_amount=amount,
        debtor=Party(
            name=_text(values, "debtor_name"),
            account=_text(values, "debtor_account"),
            agent=member,
            town=_text(values, "debtor_town"),
            country=_text(values, "debtor_country"),
        ),
        creditor_account=_text(values, "creditor_account"),
        quote_id=_text(values, "quote_id"),
        end_to_end_id=_text(values, "end_to_end_id"),
        remittance=" ".join(remittance)[:140],
        originals=originals,
    )


def _originals(message: Message) -> dict[str, str]:
    values = message.values
    if message.name != PAYMENT:
        return {name: _text(values, name) for name in ORIGINALS if _text(values, name)}
    return originals_of(values, PAYMENT)


def _refusal(originals: Mapping[str, str], reason: Reason) -> dict[str, object]:
    return {
        **originals,
        "status": Status.RJCT.value,
        "reason": reason.iso,
        "additional_information": (reason.sentence[:_INFORMATION_MAX],),
    }


def _text(values: Mapping[str, object], name: str) -> str:
    found = values.get(name, "")
    assert isinstance(found, str), "the field is text"
    return found


def _same(one: object, other: str) -> bool:
    """Whether two BICs are the same institution: an absent branch is ``XXX`` (ISO 9362)."""
    return isinstance(one, str) and one.removesuffix("XXX") == other.removesuffix("XXX")
