"""Malaysia inbound: verify the raw body, translate, and answer in PayNet's dialect. Pure.

PayNet carries no token of ours, so its enquiry (521) opens an order that its transfer (031) names
in EndToEndId. A message that cannot be trusted or read is answered by admi.002, PayNet's REJECT,
which binds nothing; a business refusal is a status report. The surprise: a transfer of yesterday
is not refused here, because it may be a true repeat, and the one that it repeats was carried out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from adapters.iso_profile.mapping import given
from adapters.malaysia import mapping, mapping_inbound
from adapters.malaysia.business_id import STATUS
from adapters.malaysia.envelope import (
    ANSWER_HEADER,
    CONTENT_TYPE,
    Envelope,
    NotTrusted,
    token_of_request,
)
from adapters.malaysia.mapping_inbound import Unusable
from iso20022 import IsoError
from iso20022.refusals import NO_REFERENCE
from switch.model import Status
from switch.port import Rendered, WireRefusal
from switch.reasons import Reason, from_iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iso20022 import Message
    from switch.facts import Facts
    from switch.inbound_port import InboundOrder, InboundOrderPay, InboundReturn, Told
    from switch.model import Particulars, Payment
    from switch.port import AdapterContext, InboundEnquiry, Merchant, Planning

PATH: Final = "/rpp/v1/messages"
"""The one endpoint, at either side."""

BODY_BYTES_MAX: Final = 131_072
"""Largest body: a message of 64 KiB, escaped in JSON."""

_OK, _BAD, _UNAUTHORISED, _TOO_LARGE = 200, 400, 401, 413

_ACCEPTED: Final = (mapping.QUESTION, mapping.PAYMENT, mapping.SEARCH)


class MalaysiaInbound:
    """What PayNet sends us. :class:`MalaysiaAdapter` completes it."""

    def __init__(self, context: AdapterContext, facts: Facts) -> None:
        self._link = Envelope(context)
        self._facts = facts

    @property
    def inbound_path(self) -> str:
        """Path under ``/networks/malaysia``."""
        return PATH

    def translate(
        self, headers: Mapping[str, str], body: bytes, planning: Planning
    ) -> InboundOrder | InboundOrderPay | InboundReturn | InboundEnquiry:
        """Verify, then read. Raises ``WireRefusal`` with the answer."""
        if len(body) > BODY_BYTES_MAX:
            self._reject(Reason.FORMAT_INVALID, _TOO_LARGE, planning)
        try:
            self._link.verify(token_of_request(headers), body, planning.now)
        except NotTrusted as error:
            missing = error.why == "missing"
            reason = Reason.SIGNATURE_MISSING if missing else Reason.SIGNATURE_INVALID
            self._reject(reason, _UNAUTHORISED, planning)
        try:
            message = self._link.read(body, _ACCEPTED)
        except IsoError as error:
            self._reject(from_iso(error.code), _BAD, planning, error)
        if isinstance(message, str):
            self._reject(Reason.FORMAT_INVALID, _BAD, planning)
        return self._command(message, planning)

    def _command(
        self, message: Message, planning: Planning
    ) -> InboundOrder | InboundOrderPay | InboundReturn | InboundEnquiry:
        related = str((message.header or {}).get("business_message_id", ""))
        if not self._link.between_us(message):
            self._reject(Reason.AGENT_INCORRECT, _BAD, planning, related=related)
        skew_max_s = self._facts.clock_skew_max_s
        try:
            if message.name == mapping.PAYMENT:
                return mapping_inbound.transfer(message, self._link, planning.now, skew_max_s)
            mapping_inbound.check_fresh(message, planning.now, skew_max_s)
            if message.name == mapping.QUESTION:
                return mapping_inbound.order(message)
            return mapping_inbound.enquiry(message, self._facts.network)
        except Unusable as refusal:
            self._reject(refusal.reason, _BAD, planning, related=related)

    def _reject(
        self,
        reason: Reason,
        status: int,
        planning: Planning,
        error: IsoError | None = None,
        *,
        related: str = "",
    ) -> NoReturn:
        """Refuse the message: admi.002, which says nothing of any payment."""
        values = given({
            "related_reference": related or NO_REFERENCE,
            "reason_code": error.code if error is not None else reason.iso,
            "rejected_at": planning.now,
            "error_location": error.path if error is not None else "",
            "reason_description": error.detail if error is not None else reason.sentence,
        })  # fmt: skip
        rendered = self._rendered(mapping.REJECT, values, planning, status)
        raise WireRefusal(reason, status, CONTENT_TYPE, rendered.body) from None

    def answer_headers(
        self, request: Mapping[str, str], rendered: Rendered, planning: Planning
    ) -> tuple[tuple[str, str], ...]:
        """The signature of an answer, over its raw body."""
        del request, planning
        return ((ANSWER_HEADER.title(), self._link.signature(rendered.body)),)

    def render_order(
        self,
        request: InboundOrder,
        answer: tuple[Merchant, Payment] | Reason,
        planning: Planning,
    ) -> Rendered:
        """Answer a 521 by acmt.024: the merchant and the price in ringgit, or why there is none."""
        values = mapping_inbound.merchant_values(request, answer, self._link, planning.now)
        return self._rendered(mapping.ANSWER, values, planning)

    def render_taken(
        self,
        request: Told,
        payment: Payment | None,
        status: Status | None,
        reason: Reason | None,
        planning: Planning,
    ) -> Rendered:
        """Answer a 031 by pacs.002, of a payment and of a refund alike."""
        outward = status if reason is None and status is not None else Status.RJCT
        if reason is None and payment is None:
            # A return that is booked has nothing more to come.
            outward = Status.ACCC
        found = payment.reason if payment is not None and outward is Status.RJCT else None
        values = mapping_inbound.report_values(
            request.request, outward, reason or found, self._link, planning.now
        )
        return self._rendered(mapping.REPORT, values, planning)

    def render_status(
        self, payment: Payment, particulars: Particulars, status: Status, planning: Planning
    ) -> Rendered:
        """Answer a 031 by pacs.002: ACSP U000, ACTC U002, or RJCT with its code."""
        reason = payment.reason if status is Status.RJCT else None
        # Of an order that lapsed there was no transfer: its key is all that names it.
        known = {"original_end_to_end_id": particulars.end_to_end_id, **particulars.extra}
        values = mapping_inbound.report_values(known, status, reason, self._link, planning.now)
        return self._rendered(mapping.REPORT, values, planning)

    def render_enquiry(
        self,
        request: InboundEnquiry,
        payment: Payment | None,
        status: Status | None,
        planning: Planning,
    ) -> Rendered:
        """Answer a 630 by camt.006; a transfer never seen is a business error."""
        values = mapping_inbound.found_values(request, payment, status, planning.now)
        return self._rendered(mapping.FOUND, values, planning)

    def _rendered(
        self, name: str, values: Mapping[str, object], planning: Planning, status: int = _OK
    ) -> Rendered:
        # Our answer is a message of ours, numbered as what it answers is; it moves nothing.
        code = mapping_inbound.CODES.get(name, STATUS)
        business_id = mapping.question_id(self._link.own, code, planning)
        named = values if name == mapping.REJECT else {**values, "message_id": business_id}
        body = self._link.write(name, named, business_id, planning.now)
        return Rendered(status, CONTENT_TYPE, body)
