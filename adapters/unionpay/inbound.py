"""UnionPay inbound: verify the raw bytes, translate, and answer in the scheme's dialect. Pure.

What cannot be trusted or read is refused with a response code and binds nothing. An answer repeats
the ``msgInfo`` of its request and, in its token, that request's UUID, so the scheme can tell whose
answer it is. The surprise: every answer is signed as it leaves, not when it is stored, because the
token's time is part of what is signed.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

import orjson

from adapters.unionpay import codes, mapping, mapping_inbound, results
from adapters.unionpay.envelope import CONTENT_TYPE, Unreadable, stamp, uuid_of
from adapters.unionpay.mapping_inbound import Unusable, request_of
from adapters.unionpay.signature import HEADER, UUID, Claims, SignatureWrong
from switch.inbound_port import InboundOrderPay
from switch.model import Status, to_micros
from switch.port import Inbound, Rendered, WireRefusal
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.unionpay.envelope import Envelope, Message
    from switch.facts import Facts
    from switch.inbound_port import InboundOrder, Told
    from switch.merchants import Merchants
    from switch.model import Particulars, Payment
    from switch.port import InboundEnquiry, Merchant, Planning

PATH: Final = "/upi/qr"
"""The one address for everything that the network sends us; the message type decides (A)."""

BODY_BYTES_MAX: Final = 65_536

_OK, _BAD, _UNAUTHORISED, _TOO_LARGE, _WRONG_TYPE = 200, 400, 401, 413, 415
_UUID: Final = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)
_MICROS: Final = 1_000_000


class UnionPayInbound:
    """What the network sends us. :class:`UnionPayAdapter` completes it."""

    def __init__(self, envelope: Envelope, facts: Facts, merchants: Merchants) -> None:
        self._envelope = envelope
        self._facts = facts
        self._merchants = merchants

    @property
    def inbound_path(self) -> str:
        """Path under ``/networks/unionpay``."""
        return PATH

    def translate(self, headers: Mapping[str, str], body: bytes, planning: Planning) -> Inbound:
        """Verify, then read. Raises ``WireRefusal`` with an answer that binds nothing."""
        media = headers.get("content-type", CONTENT_TYPE).partition(";")[0].strip().lower()
        if len(body) > BODY_BYTES_MAX:
            self._refuse(Reason.FORMAT_INVALID, _TOO_LARGE, planning)
        if media != CONTENT_TYPE:
            self._refuse(Reason.FORMAT_INVALID, _WRONG_TYPE, planning)
        try:
            message = self._envelope.open(headers, body)
        except SignatureWrong as wrong:
            reason = Reason.SIGNATURE_MISSING if wrong.missing else Reason.SIGNATURE_INVALID
            self._refuse(reason, _UNAUTHORISED, planning)
        except Unreadable:
            self._refuse(Reason.FORMAT_INVALID, _BAD, planning)
        if message.claims is not None and message.claims.path != PATH:
            self._refuse(Reason.SIGNATURE_INVALID, _UNAUTHORISED, planning)
        if not self._fresh(message, planning):
            self._refuse(Reason.TOO_OLD, _OK, planning, message)
        try:
            return self._command(message, planning)
        except Unusable as refusal:
            self._refuse(refusal.reason, _OK, planning, message)

    def _fresh(self, message: Message, planning: Planning) -> bool:
        """Whether the token was made within the skew; without one, whether a question was.

        News of money may be repeated for long, so in the other dialect its own time is not judged.
        """
        if message.claims is not None:
            apart_s = abs(to_micros(planning.now) // _MICROS - message.claims.timestamp)
        elif message.message_type != mapping_inbound.NOTIFY:
            apart_s = abs(to_micros(planning.now) - to_micros(message.at)) // _MICROS
        else:
            apart_s = 0
        return apart_s <= self._facts.clock_skew_max_s

    def _command(self, message: Message, planning: Planning) -> Inbound:
        if message.message_type == mapping_inbound.VERIFY:
            return mapping_inbound.order(message, self._merchants)
        if message.message_type == mapping_inbound.NOTIFY:
            return mapping_inbound.told(message, planning.now)
        if message.message_type == mapping.RESULT:
            return mapping_inbound.enquiry(message)
        raise Unusable(Reason.TRANSACTION_UNSUPPORTED)

    def _refuse(
        self, reason: Reason, status: int, planning: Planning, message: Message | None = None
    ) -> NoReturn:
        if message is None:
            own = mapping.message_id(self._envelope.institution, planning)
            request = {"message_id": own, "message_type": "", "time_stamp": stamp(planning.now)}
        else:
            request = request_of(message)
        body = self._answer(request, codes.outward(reason), {})
        raise WireRefusal(reason, status, CONTENT_TYPE, body) from None

    def render_order(
        self,
        request: InboundOrder,
        answer: tuple[Merchant, Payment] | Reason,
        planning: Planning,
    ) -> Rendered:
        """Answer ORDER_VERIFY: the merchant and what we claim of the network for it."""
        del planning
        if isinstance(answer, Reason):
            return self._rendered(request.request, codes.outward(answer), {})
        merchant, payment = answer
        paid, claim = payment.terms.destination, payment.terms.debit
        expires_at = payment.next_at or payment.terms.quote_expires_at
        values = {
            "txnID": request.key,
            "trxAmt": str(paid),
            "trxCurrency": paid.currency.numeric,
            "merchantName": merchant.party.name,
            "merchantCity": merchant.city,
            "mcc": merchant.category,
            "settAmt": str(claim),
            "settCurrency": claim.currency.numeric,
            "expiryTime": stamp(expires_at),
        }
        shown = {name: value for name, value in values.items() if value}
        return self._rendered(request.request, _APPROVED, shown)

    def render_taken(
        self,
        request: Told,
        payment: Payment | None,
        status: Status | None,
        reason: Reason | None,
        planning: Planning,
    ) -> Rendered:
        """Acknowledge a notification after its commit, or say why it was not taken.

        An advice whose payment ends refused by it *was* taken: what the payer paid goes back by a
        refund of ours, so a code other than 00 would invite the network to give it back as well.
        """
        del status, planning
        advice = isinstance(request, InboundOrderPay)
        owed = advice and payment is not None and reason is payment.reason
        if reason is not None and not owed:
            return self._rendered(request.request, codes.outward(reason), {})
        if payment is None:
            return self._rendered(request.request, _NOT_FOUND, {})
        values = {"txnID": request.request["txn_id"]} if advice else {}
        return self._rendered(request.request, _APPROVED, values)

    def render_status(
        self, payment: Payment, particulars: Particulars, status: Status, planning: Planning
    ) -> Rendered:
        """Report a payment as the answer to its advice, or to its order where none has come."""
        extra = particulars.extra
        own = mapping.message_id(self._envelope.institution, planning)
        request = {
            "message_id": extra.get("advice", own),
            "message_type": mapping_inbound.NOTIFY,
            "time_stamp": stamp(payment.accepted_at),
            "txn_id": extra.get("original_transaction_id", ""),
        }
        return self._rendered(request, *_told(request, status, payment.reason))

    def render_enquiry(
        self,
        request: InboundEnquiry,
        payment: Payment | None,
        status: Status | None,
        planning: Planning,
    ) -> Rendered:
        """Answer TRX_RESULT_INQUIRY; a payment never seen is code 25."""
        del planning
        if payment is None or status is None:
            return self._rendered(request.request, _NOT_FOUND, {})
        return self._rendered(request.request, *_told(request.request, status, payment.reason))

    def answer_headers(
        self, request: Mapping[str, str], rendered: Rendered, planning: Planning
    ) -> tuple[tuple[str, str], ...]:
        """Sign an answer as it leaves; the UUID is the request's."""
        uuid = _uuid_given(request.get(HEADER.lower(), ""))
        own = mapping.message_id(self._envelope.institution, planning)
        seconds = to_micros(planning.now) // _MICROS
        claims = Claims(uuid or uuid_of(own), seconds, self._envelope.institution)
        return self._envelope.header(rendered.body, claims)

    def _rendered(
        self, request: Mapping[str, str], told: tuple[str, str], values: Mapping[str, Any]
    ) -> Rendered:
        return Rendered(_OK, CONTENT_TYPE, self._answer(request, told, values))

    def _answer(
        self, request: Mapping[str, str], told: tuple[str, str], values: Mapping[str, Any]
    ) -> bytes:
        code, sentence = told
        info = self._envelope.message_info(
            request["message_id"], request["message_type"], request["time_stamp"]
        )
        return self._envelope.seal({
            "msgInfo": info,
            "trxInfo": dict(values),
            "msgResponse": {"responseCode": code, "responseMsg": sentence},
        })  # fmt: skip


_APPROVED: Final = (codes.APPROVED, "Approved")
_NOT_FOUND: Final = (codes.NOT_FOUND, "Unable to locate the original transaction")
_PENDING: Final = ("04", "Pending. Transaction result is unknown. Please check later.")


def _told(
    request: Mapping[str, str], status: Status, reason: Reason | None
) -> tuple[tuple[str, str], dict[str, str]]:
    """Return response code and ``trxInfo`` of how a payment stands."""
    named = {"txnID": request.get("txn_id", "")}
    if status is Status.ACCC:
        return _APPROVED, {**named, "paymentStatus": results.APPROVED}
    if status is not Status.RJCT:
        return _PENDING, named
    code, _ = codes.outward(reason or Reason.UNSPECIFIED)
    return _APPROVED, {**named, "paymentStatus": "REJECTED", "rejectionReason": code}


def _uuid_given(token: str) -> str:
    """Return the UUID of a token that nobody has verified here: good to be repeated, no more."""
    protected = token.partition(".")[0]
    try:
        header = orjson.loads(base64.urlsafe_b64decode(protected + "=" * (-len(protected) % 4)))
    except (binascii.Error, ValueError):
        return ""
    found = header.get(UUID) if isinstance(header, dict) else None
    return found if isinstance(found, str) and _UUID.fullmatch(found) is not None else ""
