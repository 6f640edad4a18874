"""Inbound: verify the raw bytes, translate, and answer in the network's own dialect. Pure.

What cannot be trusted or read is answered by a signed admi.002, which binds nothing. An instruction
that is trusted is refused for good: a complete one by its ``refused``, bound like a payment; one
that only has readable identifications by a pacs.002 RJCT, which leaves after its UETR is buried.
Money that goes back (pacs.004) is taken or refused by the switch, which knows what was paid.
The surprise: a pacs.008 that is too old is *not* refused here, because it may be a true repeat
whose stored answer is owed; see ``mapping_inbound``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NoReturn

from adapters.iso_profile import mapping, mapping_inbound, mapping_recall, mapping_return
from adapters.iso_profile.envelope import CONTENT_TYPE, Envelope
from adapters.iso_profile.mapping_inbound import Report, Unusable
from iso20022 import SIZE_BYTES_MAX, IsoError
from iso20022.originals import originals_of
from iso20022.refusals import NO_REFERENCE, refusal_of_tree
from switch.inbound_port import InboundNotice, InboundRecall, InboundReturn
from switch.model import Kind, Status
from switch.port import Inbound, InboundPay, Rendered, WireRefusal
from switch.reasons import Reason, from_iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element

    from adapters.iso_profile.profile import Profile
    from fx.quotes import Quote
    from iso20022 import Message
    from switch.facts import Facts
    from switch.inbound_port import Told
    from switch.model import Particulars, Payment
    from switch.port import AdapterContext, InboundEnquiry, InboundLookup, Merchant, Planning

PATH: Final = "/iso20022/v1/messages"
"""The one endpoint, at either side."""

_OK, _BAD, _UNAUTHORISED, _TOO_LARGE, _WRONG_TYPE = 200, 400, 401, 413, 415

_ACCEPTED: Final = (
    *(mapping.QUESTION, mapping.PAYMENT, mapping.ENQUIRY, mapping.RETURN),
    *(mapping_recall.RECALL, mapping_recall.RESOLUTION),
)

_NAMING: Final = frozenset({"original_message_id", "original_transaction_id", "original_uetr"})

_SIGNATURE_CODES: Final = frozenset({"DS0A", "DS0B", "DS0C", "DS0D"})


class IsoProfileInbound:
    """What the network sends us. :class:`IsoProfileAdapter` completes it."""

    def __init__(self, context: AdapterContext, profile: Profile, facts: Facts) -> None:
        self._envelope = Envelope(context, profile)
        self._facts = facts

    @property
    def inbound_path(self) -> str:
        """Path under ``/networks/<network>``."""
        return PATH

    def translate(self, headers: Mapping[str, str], body: bytes, planning: Planning) -> Inbound:
        """Verify, then read. Raises ``WireRefusal`` with the signed answer.

        A refusal that names a UETR is final: the switch buries the UETR before it leaves.
        """
        media = headers.get("content-type", CONTENT_TYPE).partition(";")[0].strip().lower()
        if len(body) > SIZE_BYTES_MAX:
            self._reject(Reason.FORMAT_INVALID, _TOO_LARGE, planning, detail="above 64 KiB")
        if media not in (CONTENT_TYPE, "text/xml"):
            self._reject(Reason.FORMAT_INVALID, _WRONG_TYPE, planning, detail="not XML")
        try:
            tree = self._envelope.verify(body, planning.now)
        except IsoError as error:
            status = _UNAUTHORISED if error.code in _SIGNATURE_CODES else _BAD
            self._reject(from_iso(error.code), status, planning, error)
        try:
            message = self._envelope.read(tree, _ACCEPTED)
        except IsoError as error:
            self._unreadable(tree, error, planning)
        return self._command(message, planning)

    def _command(self, message: Message, planning: Planning) -> Inbound:
        related = mapping.text(message.values, "message_id")
        if not self._envelope.between_us(message):
            self._reject(Reason.AGENT_INCORRECT, _BAD, planning, related=related)
        skew_max_s = self._facts.clock_skew_max_s
        try:
            if message.name == mapping.PAYMENT:
                latest = planning.now + timedelta(seconds=skew_max_s)
                return mapping_inbound.pay(message, self._envelope.sides, latest=latest)
            if message.name == mapping.RETURN:
                # However old: a repeat is owed the answer that the first one got.
                return mapping_return.returned(message, self._envelope.sides)
            if message.name == mapping_recall.RECALL:
                return mapping_recall.asked(message, self._envelope.sides)
            if message.name == mapping_recall.RESOLUTION:
                return mapping_recall.told(message)
            if not mapping_inbound.fresh(message, planning.now, skew_max_s):
                self._reject(Reason.TOO_OLD, _BAD, planning, related=related)
            if message.name == mapping.QUESTION:
                return mapping_inbound.lookup(message)
            return mapping_inbound.enquiry(message)
        except Unusable as refusal:
            if message.name == mapping.PAYMENT:
                originals = originals_of(message.values, mapping.PAYMENT)
                self._refuse_payment(originals, refusal.reason, planning)
            self._reject(refusal.reason, _BAD, planning, related=related)

    def _unreadable(self, tree: _Element, error: IsoError, planning: Planning) -> NoReturn:
        """Refuse a message that the partner signed and that breaks the schema or a rule.

        It speaks of a payment only where all that names one here can be read.
        """
        reason, refusal = from_iso(error.code), refusal_of_tree(tree, error)
        named = refusal.originals.keys() >= _NAMING and self._envelope.addressed(tree)
        if named and refusal.related != NO_REFERENCE:
            self._refuse_payment(refusal.originals, reason, planning, error)
        self._reject(reason, _BAD, planning, error, related=refusal.related)

    def _refuse_payment(
        self,
        originals: Mapping[str, str],
        reason: Reason,
        planning: Planning,
        error: IsoError | None = None,
    ) -> NoReturn:
        """Refuse the payment that is named, or only the message if that payment exists.

        A broken copy says nothing of a payment that was taken before: RJCT would be a lie.
        """
        body = self._status(Report(originals, Status.RJCT, reason), planning)
        related = originals["original_message_id"]
        rejection = self._rejection(reason, planning, error, related=related)
        raise WireRefusal(
            reason,
            _OK,
            CONTENT_TYPE,
            body,
            uetr=originals["original_uetr"],
            otherwise=Rendered(_BAD, CONTENT_TYPE, rejection),
        ) from None

    def _reject(
        self,
        reason: Reason,
        status: int,
        planning: Planning,
        error: IsoError | None = None,
        *,
        related: str = "",
        detail: str = "",
    ) -> NoReturn:
        body = self._rejection(reason, planning, error, related=related, detail=detail)
        raise WireRefusal(reason, status, CONTENT_TYPE, body) from None

    def _rejection(
        self,
        reason: Reason,
        planning: Planning,
        error: IsoError | None,
        *,
        related: str,
        detail: str = "",
    ) -> bytes:
        """Return a signed admi.002; what the reader found wrong is told in its own words."""
        return self._envelope.write_reject(
            related,
            error.code if error is not None else reason.iso,
            self._message_id(planning),
            planning.now,
            path=error.path if error is not None else "",
            detail=error.detail if error is not None else detail or reason.sentence,
        )

    def render_lookup(
        self,
        request: InboundLookup,
        answer: tuple[Merchant, Quote, str] | Reason,
        planning: Planning,
    ) -> Rendered:
        """Answer an acmt.023 by a signed acmt.024."""
        message_id, sides = self._message_id(planning), self._envelope.sides
        values = mapping_inbound.merchant_values(request, answer, message_id, sides, planning.now)
        body = self._envelope.write(mapping.REPORT, values, message_id, planning.now)
        return Rendered(_OK, CONTENT_TYPE, body)

    def render_status(
        self, payment: Payment, particulars: Particulars, status: Status, planning: Planning
    ) -> Rendered:
        """Report a payment by a signed pacs.002: ACSC, PDNG, RCVD, or RJCT with its reason.

        A recall of theirs is answered by a camt.029.
        """
        if payment.kind is Kind.RECALL:
            request = mapping_recall.kept_request(particulars)
            return self._resolution(request, status, payment.reason, planning)
        report = mapping_inbound.report_of_payment(payment, particulars, status)
        return Rendered(_OK, CONTENT_TYPE, self._status(report, planning))

    def render_enquiry(
        self,
        request: InboundEnquiry,
        payment: Payment | None,
        status: Status | None,
        planning: Planning,
    ) -> Rendered:
        """Answer a pacs.028; what was never seen is RJCT with our proprietary reason."""
        if status is None:
            report = Report(request.request, Status.RJCT, never_seen=True)
        else:
            reason = payment.reason if payment is not None and status is Status.RJCT else None
            named = "" if payment is None else payment.reference
            report = Report(request.request, status, reason, status_id=named)
        return Rendered(_OK, CONTENT_TYPE, self._status(report, planning))

    def render_refusal(self, request: InboundPay, reason: Reason, planning: Planning) -> Rendered:
        """Refuse an instruction that did not become a payment."""
        originals = mapping_inbound.originals_kept(request.uetr, request.particulars)
        report = Report(originals, Status.RJCT, reason)
        return Rendered(_OK, CONTENT_TYPE, self._status(report, planning))

    def render_rejection(self, request: InboundPay, reason: Reason, planning: Planning) -> Rendered:
        """Reject the message by a signed admi.002; the payment that it names stays as it is."""
        related = request.particulars.extra.get("original_message_id", "")
        body = self._rejection(reason, planning, None, related=related)
        return Rendered(_BAD, CONTENT_TYPE, body)

    def render_taken(
        self,
        request: Told,
        payment: Payment | None,
        status: Status | None,
        reason: Reason | None,
        planning: Planning,
    ) -> Rendered:
        """Answer a pacs.004 or an unasked camt.029 by a pacs.002, and a camt.056 by a camt.029."""
        if isinstance(request, InboundRecall):
            return self._resolution(request.request, status, reason, planning)
        if isinstance(request, InboundNotice):
            report = mapping_return.report_of_notice(request, reason)
            return Rendered(_OK, CONTENT_TYPE, self._status(report, planning))
        assert isinstance(request, InboundReturn), "nothing else is translated"
        report = mapping_return.report_of_return(request, payment, status, reason)
        return Rendered(_OK, CONTENT_TYPE, self._status(report, planning))

    def _resolution(
        self,
        request: Mapping[str, str],
        status: Status | None,
        reason: Reason | None,
        planning: Planning,
    ) -> Rendered:
        message_id, now = self._message_id(planning), planning.now
        values = mapping_recall.resolution_values(
            request, status, reason, message_id, self._envelope.sides, now
        )
        body = self._envelope.write(mapping_recall.RESOLUTION, values, message_id, now)
        return Rendered(_OK, CONTENT_TYPE, body)

    def _status(self, report: Report, planning: Planning) -> bytes:
        message_id, now = self._message_id(planning), planning.now
        values = mapping_inbound.status_values(report, message_id, self._envelope.sides, now)
        return self._envelope.write(mapping.STATUS, values, message_id, now)

    def _message_id(self, planning: Planning) -> str:
        return mapping.message_reference(self._envelope.sides.own, planning)
