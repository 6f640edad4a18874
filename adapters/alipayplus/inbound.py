"""What Alipay+ sends us: verify the raw bytes, translate, and answer in its own dialect. Pure.

The calls share one path, whose last step names each. As acquirer we get ``userInitiatedPay`` and
``notifyPayment``; as wallet ``pay``, ``inquiryPayment``, ``cancelPayment``, ``refund``. Every
answer is HTTP 200 with a result, a refusal too, and is signed as it leaves. The surprise: a
notification is acknowledged whatever then becomes of the credit, because it only tells that the
payer is debited; what cannot be credited is given back by a refund of its own.
"""

# ruff: noqa: ARG002 - other networks need what is given here and not used

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NoReturn

from adapters.alipayplus import calls, mapping_acquirer, results, wire
from adapters.alipayplus.calls import Call
from adapters.alipayplus.signature import CONTENT_TYPE, NotSigned
from fx.money import MoneyError
from switch.port import Rendered, WireRefusal
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.alipayplus.link import Link
    from switch.facts import Facts
    from switch.inbound_port import InboundOrder, Told
    from switch.model import Particulars, Payment, Status
    from switch.port import Merchant, Planning

PATH: Final = f"{wire.PREFIX}{{call}}"
"""The one path, at our side."""

BODY_BYTES_MAX: Final = 65_536

_OK, _TOO_LARGE, _WRONG_TYPE = 200, 413, 415


class AlipayPlusInbound:
    """What the network sends us. :class:`AlipayPlusAdapter` completes it."""

    def __init__(self, link: Link, facts: Facts) -> None:
        self._link = link
        self._facts = facts

    @property
    def facts(self) -> Facts:
        """The declared data of this network."""
        return self._facts

    @property
    def inbound_path(self) -> str:
        """Path under ``/networks/alipayplus``."""
        return PATH

    def translate(
        self, headers: Mapping[str, str], body: bytes, planning: Planning
    ) -> InboundOrder | Told:
        """Verify, then read. Raises ``WireRefusal``; nothing is bound by one.

        In order: size, media type, signature, time, fields.
        """
        path = headers[":path"]
        if len(body) > BODY_BYTES_MAX:
            _refuse("PARAM_ILLEGAL", Reason.FORMAT_INVALID, _TOO_LARGE)
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != "application/json":
            _refuse("PARAM_ILLEGAL", Reason.FORMAT_INVALID, _WRONG_TYPE)
        try:
            asked_at = wire.moment(self._link.request_time(headers, path, body))
        except NotSigned as error:
            _refuse(error.code, Reason.SIGNATURE_INVALID)
        except wire.Unreadable:
            _refuse("PARAM_ILLEGAL", Reason.FORMAT_INVALID)
        if abs(planning.now - asked_at) > timedelta(seconds=self._facts.clock_skew_max_s):
            _refuse("INVALID_SIGNATURE", Reason.TOO_OLD)
        call = Call(path.partition("?")[0].rpartition("/")[2], self._link, planning)
        try:
            return calls.read(call, wire.read_body(body))
        except (wire.Unreadable, MoneyError):
            _refuse("PARAM_ILLEGAL", Reason.FORMAT_INVALID)

    def answer_headers(
        self, request: Mapping[str, str], rendered: Rendered, planning: Planning
    ) -> tuple[tuple[str, str], ...]:
        """Return the headers that sign an answer over the path of its request."""
        at = wire.instant(planning.now)
        return self._link.answer_headers(request[":path"], rendered.body, at)

    def render_order(
        self,
        request: InboundOrder,
        answer: tuple[Merchant, Payment] | Reason,
        planning: Planning,
    ) -> Rendered:
        """Answer ``userInitiatedPay``: the order as we hold it, or why there is none."""
        if isinstance(answer, Reason):
            return _failed(results.code_of(answer))
        merchant, payment = answer
        shop = self._link.token("shop", merchant.party.account)
        order = mapping_acquirer.Order(request.key, merchant, payment, shop)
        link = self._link
        return _rendered(mapping_acquirer.order_values(order, link.amounts, link.notify_url))

    def render_taken(
        self,
        request: Told,
        payment: Payment | None,
        status: Status | None,
        reason: Reason | None,
        planning: Planning,
    ) -> Rendered:
        """Answer what was told, after the commit that holds it."""
        values = calls.taken(request.request, payment, status, reason, planning)
        return _rendered(values)

    def render_status(
        self, payment: Payment, particulars: Particulars, status: Status, planning: Planning
    ) -> Rendered:
        """Return the acknowledgement of a notification, which is the same however it ended."""
        return _rendered({"result": results.result(results.OK)})


def _refuse(code: str, reason: Reason, status: int = _OK) -> NoReturn:
    answer = _failed(code)
    raise WireRefusal(reason, status, answer.content_type, answer.body) from None


def _failed(code: str) -> Rendered:
    return _rendered({"result": results.result(code)})


def _rendered(values: Mapping[str, object]) -> Rendered:
    return Rendered(_OK, CONTENT_TYPE, wire.body_of(values))
