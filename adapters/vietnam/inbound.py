"""Viet Nam inbound: verify the raw bytes, translate, and answer in NAPAS' own dialect. Pure.

What cannot be trusted, read or understood is refused by a signed HTTP 4xx, which binds nothing and
says nothing of any payment; HTTP 200 with a code is our word on the payment. The surprise: a
payment that is too old is not refused here, because it may be a true repeat of one that was carried
out; what bounds it is that its order expires.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

from adapters.vietnam import codes, mapping, mapping_inbound
from adapters.vietnam.envelope import (
    CONTENT_TYPE,
    SIGNATURE,
    EnvelopeError,
    Heading,
    answer_body,
    heading,
)
from adapters.vietnam.mapping_inbound import Unusable
from switch.inbound_port import InboundNotice, InboundOrder, InboundOrderPay, InboundReturn, Told
from switch.model import Status
from switch.port import Inbound, Rendered, WireRefusal
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.vietnam.envelope import Envelope, Names
    from switch.facts import Facts
    from switch.model import Particulars, Payment
    from switch.port import InboundEnquiry, Merchant, Planning

PATH: Final = "/qr/v1/{operation}"
"""Where NAPAS calls us; the operation that a body names must be the one of its path."""

CALLED: Final = ":path"

_OK, _BAD, _UNAUTHORISED, _TOO_LARGE, _WRONG_TYPE = 200, 400, 401, 413, 415
_BYTES_MAX: Final = 65_536
_NOTIFICATION: Final = "payment-notification"
_WORDS: Final = "see code"


class VietnamInbound:
    """What the network sends us. :class:`VietnamAdapter` completes it."""

    def __init__(self, facts: Facts, names: Names, envelope: Envelope) -> None:
        self._facts = facts
        self._names = names
        self._envelope = envelope

    @property
    def inbound_path(self) -> str:
        """Path under ``/networks/vietnam``."""
        return PATH

    def answer_headers(
        self, request: Mapping[str, str], rendered: Rendered, planning: Planning
    ) -> tuple[tuple[str, str], ...]:
        """Sign whatever leaves, stored answers and refusals included."""
        del request, planning
        return ((SIGNATURE, self._envelope.signature(rendered.body)),)

    def translate(
        self, headers: Mapping[str, str], body: bytes, planning: Planning
    ) -> Inbound | InboundOrder | Told:
        """Verify, then read. Raises ``WireRefusal`` with the answer; it binds nothing."""
        media = headers.get("content-type", CONTENT_TYPE).partition(";")[0].strip().lower()
        if len(body) > _BYTES_MAX:
            _refuse(Reason.FORMAT_INVALID, _TOO_LARGE, "004")
        if media != CONTENT_TYPE:
            _refuse(Reason.FORMAT_INVALID, _WRONG_TYPE, "004")
        called = headers.get(CALLED, "").rpartition("/")[2]
        try:
            opened = self._envelope.opened(headers, body, planning.now)
            if "apiOperation" in opened:
                return self._told(opened, called, planning)
            top = heading(opened)
        except EnvelopeError as error:
            if error.signature:
                _refuse(Reason.SIGNATURE_INVALID, _UNAUTHORISED, "63")
            _refuse(Reason.FORMAT_INVALID, _BAD, "004")
        except Unusable as refusal:
            _refuse(Reason.FORMAT_INVALID, _BAD, refusal.code)
        payload = opened.get("payload")
        if not isinstance(payload, dict):
            _refuse(Reason.FORMAT_INVALID, _BAD, "004", top)
        if top.requestor != self._names.network:
            _refuse(Reason.AGENT_INCORRECT, _BAD, "007", top)
        try:
            return self._command(top, payload, called, planning)
        except Unusable as refusal:
            reason = codes.REFUSALS.get(refusal.code, Reason.FORMAT_INVALID)
            _refuse(reason, _BAD, refusal.code, top)

    def _command(
        self, top: Heading, payload: Mapping[str, Any], called: str, planning: Planning
    ) -> Inbound | InboundOrder | Told:
        skew_max_s = self._facts.clock_skew_max_s
        if mapping.PATHS.get(top.operation, "").rpartition("/")[2] != called:
            raise Unusable("12")
        if top.operation == mapping.PAYMENT:
            latest = planning.now + timedelta(seconds=skew_max_s)
            secrecy = self._envelope.secrecy
            return mapping_inbound.order_pay(top, payload, secrecy, latest=latest)
        if top.operation == mapping.RETURN:
            return mapping_inbound.returned(top, payload)
        if not mapping_inbound.fresh(top.at, planning.now, skew_max_s):
            raise Unusable("54")
        if top.operation == mapping.LOOKUP:
            return mapping_inbound.order(top, payload)
        return mapping_inbound.enquiry(top, payload)

    def _told(self, body: Mapping[str, Any], called: str, planning: Planning) -> InboundNotice:
        """A notification: an outcome of a payment of ours, told unasked."""
        told, at = mapping_inbound.notice(body, self._names.own)
        if called != _NOTIFICATION:
            raise Unusable("12")
        if not mapping_inbound.fresh(at, planning.now, self._facts.clock_skew_max_s):
            raise Unusable("54")
        return told

    def render_order(
        self, request: InboundOrder, answer: tuple[Merchant, Payment] | Reason, planning: Planning
    ) -> Rendered:
        """Answer a lookup: the merchant and the price of the order that is held, or a refusal."""
        del planning
        if isinstance(answer, Reason):
            return _answer(codes.refusal_code(answer), request.request)
        merchant, payment = answer
        payload = mapping_inbound.order_payload(
            request.request, merchant, payment, self._names, self._envelope.secrecy
        )
        return _answer(codes.SUCCESS, request.request, payload)

    def render_taken(
        self,
        request: Told,
        payment: Payment | None,
        status: Status | None,
        reason: Reason | None,
        planning: Planning,
    ) -> Rendered:
        """Answer a payment, a return or a notification after the commit that holds it."""
        del planning
        ids = request.request
        if isinstance(request, InboundOrderPay) and payment is not None and status is not None:
            if reason is None or status is Status.RJCT:
                return _status(ids, payment, status, payment.reason or reason)
            return _answer(codes.refusal_code(reason), ids, None, _BAD)
        if payment is None or reason is not None:
            http = _OK if isinstance(request, InboundReturn) else _BAD
            return _answer(codes.refusal_code(reason), ids, None, http)
        named = mapping_inbound.payment_named(ids, payment)
        return _answer(codes.SUCCESS, ids, {"payment": named})

    def render_status(
        self, payment: Payment, particulars: Particulars, status: Status, planning: Planning
    ) -> Rendered:
        """The answer to a payment as it is stored with its end."""
        del planning
        return _status(particulars.extra, payment, status, payment.reason)

    def render_enquiry(
        self,
        request: InboundEnquiry,
        payment: Payment | None,
        status: Status | None,
        planning: Planning,
    ) -> Rendered:
        """Answer an enquiry: ``result`` says that it worked, ``payment_result`` the rest."""
        del planning
        if payment is None or status is None:
            return _answer(codes.NOT_FOUND, request.request)
        code = mapping_inbound.status_code(status, payment.reason)
        named = mapping_inbound.payment_named(request.request, payment)
        found = {"payment": named, "payment_result": {"code": code, "description": _WORDS}}
        return _answer(codes.SUCCESS, request.request, found)


def _status(
    ids: Mapping[str, str], payment: Payment, status: Status, reason: Reason | None
) -> Rendered:
    code = mapping_inbound.status_code(status, reason)
    if code == codes.SUCCESS:
        return _answer(code, ids, mapping_inbound.paid_payload(ids, payment))
    return _answer(code, ids, {"payment": mapping_inbound.payment_named(ids, payment)})


def _answer(
    code: str,
    ids: Mapping[str, str],
    payload: Mapping[str, object] | None = None,
    http: int = _OK,
) -> Rendered:
    words = "Success" if code == codes.SUCCESS else "Not successful"
    request_id = ids.get(mapping_inbound.REFERENCE_ID, "")
    return Rendered(http, CONTENT_TYPE, answer_body(code, words, request_id, payload))


def _refuse(reason: Reason, http: int, code: str, top: Heading | None = None) -> NoReturn:
    """Refuse the message alone."""
    ids = {} if top is None else {mapping_inbound.REFERENCE_ID: top.reference_id}
    rendered = _answer(code, ids, None, http)
    raise WireRefusal(reason, http, CONTENT_TYPE, rendered.body) from None
