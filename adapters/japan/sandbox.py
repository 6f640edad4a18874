"""A Japanese network to test against: the JPQR Global switch, with its own book and mistakes.

It reads its shops' codes, takes payments, tells of them, cancels them until 00:14:59 of the next
day in Japan, and refunds them once, in full or in part. One ``merchantPaymentId`` is executed once:
the same content is answered the same, other content is refused. The surprise: "not found" promises
nothing, an instruction that arrives later is executed while its epoch is good.
"""

from __future__ import annotations

from datetime import timedelta, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import orjson
from aiohttp import web

from adapters.japan.sandbox_body import BodyRefused, read_body
from adapters.japan.sandbox_guard import CONTENT_TYPE, Guard
from adapters.japan.sandbox_refunds import Refunds
from adapters.japan.sandbox_shops import STORES, CodeRefused, read_code
from adapters.sandbox_kit import Entry, EntryStatus, FaultKind, Reply, SandboxKit, answer
from fx.money import Money
from switch.port import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from adapters.sandbox_kit import Fault, SandboxContext

SECRET: Final = "japan-secret"  # noqa: S105  the name of a file, not what is in it

JAPAN: Final = timezone(timedelta(hours=9))
CANCEL_UNTIL: Final = timedelta(minutes=15)
"""After midnight of the next day: 00:15:00 is too late."""

AMOUNT_MAX: Final = 500_000
"""Largest payment, in yen; one above it is refused."""

_STATUS: Final = MappingProxyType({
    EntryStatus.BOOKED: "COMPLETED",
    EntryStatus.PENDING: "CREATED",
    EntryStatus.REFUSED: "FAILED",
    EntryStatus.CANCELLED: "CANCELED",
})  # fmt: skip

_CODES: Final = MappingProxyType({
    "AC01": "OPA_CLIENT_NOT_FOUND",
    "AC04": "OPA_CLIENT_NOT_FOUND",
    "AC06": "OP_OUT_OF_SCOPE",
    "AG01": "OP_OUT_OF_SCOPE",
    "AM02": "OP_OUT_OF_SCOPE",
    "FF01": "INVALID_REQUEST_PARAMS",
    "DUPL": "DUPLICATE_DYNAMIC_QR_REQUEST",
})  # fmt: skip
"""Our word for an ISO reason that a fault names; any other text is sent as it is."""

_HTTP: Final = MappingProxyType({
    "SUCCESS": 200,
    "REQUEST_ACCEPTED": 202,
    "UNAUTHORIZED": 401,
    "OPA_CLIENT_NOT_FOUND": 404,
    "DYNAMIC_QR_PAYMENT_NOT_FOUND": 404,
    "NO_SUCH_REFUND_ORDER": 404,
    "RATE_LIMIT": 429,
    "SERVICE_ERROR": 500,
    "INTERNAL_SERVER_ERROR": 500,
    "MAINTENANCE_MODE": 503,
})  # fmt: skip

_OPERATIONS: Final = (
    *(Operation.LOOKUP, Operation.PAY, Operation.ENQUIRE, Operation.CANCEL),
    Operation.REFUND,
)

NOT_FOUND: Final = "DYNAMIC_QR_PAYMENT_NOT_FOUND"
NO_REFUND: Final = "NO_SUCH_REFUND_ORDER"
TOO_LATE: Final = "ORDER_NOT_REVERSIBLE"


def create(context: SandboxContext) -> web.Application:
    """Return the application of this sandbox.

    Option ``api_key``; shared secret ``japan-secret``.
    """
    network = Network(context)
    app = network.kit.application()
    app.router.add_post("/v2/merchant_codes/lookup", network.lookup)
    app.router.add_post("/v2/payments", network.pay)
    app.router.add_get("/v2/payments/{id}", network.enquire)
    app.router.add_delete("/v2/payments/{id}", network.cancel)
    app.router.add_post("/v2/refunds", network.refund)
    app.router.add_get("/v2/refunds/{id}", network.enquire_refund)
    return app


def _spoil(reply: Reply) -> Reply:
    """Answers bear no signature, so an altered one is about another payment or refund."""
    body = reply.body.replace(b'"merchantPaymentId":"', b'"merchantPaymentId":"x', 1)
    body = body.replace(b'"merchantRefundId":"', b'"merchantRefundId":"x', 1)
    return Reply(body, reply.content_type, reply.status)


def _reply(code: str, data: Mapping[str, object] | None = None) -> Reply:
    told: dict[str, object] = {
        "resultInfo": {"code": code, "message": code.capitalize(), "codeId": "08100001"}
    }
    if data is not None:
        told["data"] = data
    return Reply(orjson.dumps(told), CONTENT_TYPE, _HTTP.get(code, 400))


def _fault_code(fault: Fault, default: str) -> str:
    return _CODES.get(fault.reason, fault.reason) or default


class Network:
    """The payee's side of the network."""

    def __init__(self, context: SandboxContext) -> None:
        self.kit = SandboxKit(context, "japan", _OPERATIONS, _spoil)
        self._clock = context.clock
        self._guard = Guard(context.options["api_key"], context.keys.secret(SECRET))
        self._contents: dict[str, Mapping[str, object]] = {}
        self._refunds = Refunds(self.kit, context.clock, self._contents)

    async def _admitted(self, request: web.Request) -> bytes | None:
        """The raw body of a request that is the partner's, or None."""
        raw = await request.read()
        headers, now = request.headers, self._clock.now()
        admits = self._guard.admits(request.method, request.path, headers, raw, now)
        return raw if admits else None

    async def lookup(self, request: web.Request) -> web.StreamResponse:
        """``POST /v2/merchant_codes/lookup``."""
        return await self._served(request, Operation.LOOKUP, "lookup", self._found)

    async def pay(self, request: web.Request) -> web.StreamResponse:
        """``POST /v2/payments``."""
        return await self._served(request, Operation.PAY, "payment", self._paid)

    async def _served(
        self,
        request: web.Request,
        operation: Operation,
        shape: str,
        do: Callable[[Mapping[str, object], Fault | None], Reply],
    ) -> web.StreamResponse:
        raw = await self._admitted(request)
        if raw is None:
            return answer(_reply("UNAUTHORIZED"))
        try:
            given = read_body(raw, shape)
        except BodyRefused as refused:
            return answer(_reply(refused.code))
        named = str(given.get("merchantPaymentId", given.get("merchantRefundId", "")))
        return await self.kit.serve(
            request, operation, named, named, lambda fault: do(given, fault)
        )

    async def refund(self, request: web.Request) -> web.StreamResponse:
        """``POST /v2/refunds``."""
        return await self._served(request, Operation.REFUND, "refund", self._refunded)

    async def enquire_refund(self, request: web.Request) -> web.StreamResponse:
        """``GET /v2/refunds/{merchantRefundId}``."""
        return await self._about(request, Operation.ENQUIRE, self._refund_told)

    async def enquire(self, request: web.Request) -> web.StreamResponse:
        """``GET /v2/payments/{merchantPaymentId}``."""
        return await self._about(request, Operation.ENQUIRE, self._told)

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """``DELETE /v2/payments/{merchantPaymentId}``."""
        return await self._about(request, Operation.CANCEL, self._cancelled)

    async def _about(
        self, request: web.Request, operation: Operation, do: Callable[[str, Fault | None], Reply]
    ) -> web.StreamResponse:
        if await self._admitted(request) is None:
            return answer(_reply("UNAUTHORIZED"))
        named = request.match_info["id"]
        return await self.kit.serve(
            request, operation, named, named, lambda fault: do(named, fault)
        )

    def _found(self, given: Mapping[str, object], fault: Fault | None) -> Reply:
        if fault is not None and fault.kind is FaultKind.REFUSE:
            return _reply(_fault_code(fault, "OPA_CLIENT_NOT_FOUND"))
        try:
            shop, amount = read_code(str(given["qr"]))
        except CodeRefused as refused:
            return _reply(refused.code)
        data: dict[str, object] = {
            "merchantId": shop.merchant_id,
            "storeId": shop.store_id,
            "storeName": shop.name,
            "city": shop.city,
            "category": shop.category,
        }
        if amount is not None:
            data["fixedAmount"] = {"amount": amount, "currency": "JPY"}
        return _reply("SUCCESS", data)

    def _paid(self, given: Mapping[str, object], fault: Fault | None) -> Reply:
        named = str(given["merchantPaymentId"])
        known = self._contents.get(named)
        if known is not None and known != given:
            return _reply("DUPLICATE_DYNAMIC_QR_REQUEST")
        if known is None:
            code = self._refusal(given)
            if fault is not None and fault.kind is FaultKind.REFUSE:
                code = _fault_code(fault, "OPA_CLIENT_NOT_FOUND")
            self._execute(given, code, fault)
        entry = self.kit.book.find(named)
        assert entry is not None, "what is known is in the book"
        if entry.status is EntryStatus.REFUSED and entry.reason is not None:
            return _reply(_CODES.get(entry.reason, entry.reason))
        return _reply("SUCCESS", self._shown(entry))

    def _execute(self, given: Mapping[str, object], code: str, fault: Fault | None) -> None:
        """Book a payment seen for the first time."""
        named, now = str(given["merchantPaymentId"]), self._clock.now()
        amount = given["amount"]
        assert isinstance(amount, dict), "the body was read"
        status = EntryStatus.REFUSED if code else EntryStatus.BOOKED
        if fault is not None and not code:
            status = EntryStatus.PENDING
        yen = Money.parse(str(amount["amount"]), "JPY")
        self.kit.book.add(Entry(named, named, "outbound", yen, status, now, code or None))
        self._contents[named] = given
        if fault is not None and status is EntryStatus.PENDING:
            self.kit.end_later(named, fault.delay_ms)

    def _refusal(self, given: Mapping[str, object]) -> str:
        """The code why this payment cannot be taken, or nothing."""
        amount = given["amount"]
        assert isinstance(amount, dict), "the body was read"
        shop = STORES.get((str(given["merchantId"]), str(given["storeId"])))
        if shop is None:
            return "OPA_CLIENT_NOT_FOUND"
        if shop.refusal:
            return shop.refusal
        return "OP_OUT_OF_SCOPE" if amount["amount"] > AMOUNT_MAX else ""

    def _told(self, named: str, fault: Fault | None) -> Reply:
        if fault is not None and fault.kind is FaultKind.REFUSE:
            return _reply(_fault_code(fault, "RATE_LIMIT"))
        entry = self.kit.book.find(named)
        if entry is None:
            return _reply(NOT_FOUND)
        shown = self._shown(entry)
        return _reply("SUCCESS", shown if fault is None else {**shown, "status": "CREATED"})

    def _cancelled(self, named: str, fault: Fault | None) -> Reply:
        if fault is not None and fault.kind is FaultKind.REFUSE:
            return _reply(_fault_code(fault, "RATE_LIMIT"))
        entry = self.kit.book.find(named)
        if entry is None:
            return _reply(NOT_FOUND)
        late = self._clock.now() >= cancel_ends(entry.at)
        if entry.status is EntryStatus.REFUSED or (
            late and entry.status is not EntryStatus.CANCELLED
        ):
            return _reply(TOO_LATE, self._shown(entry))
        self.kit.book.end(named, EntryStatus.CANCELLED)
        return _reply("SUCCESS" if fault is None else "REQUEST_ACCEPTED")

    def _refunded(self, given: Mapping[str, object], fault: Fault | None) -> Reply:
        refused = ""
        if fault is not None and fault.kind is FaultKind.REFUSE:
            refused = _fault_code(fault, "OP_OUT_OF_SCOPE")
        code, data = self._refunds.taken(given, fault, refused)
        return _reply(_CODES.get(code, code), data)

    def _refund_told(self, named: str, fault: Fault | None) -> Reply:
        if fault is not None and fault.kind is FaultKind.REFUSE:
            return _reply(_fault_code(fault, "RATE_LIMIT"))
        data = self._refunds.told(named)
        if data is None:
            return _reply(NO_REFUND)
        return _reply("SUCCESS", data if fault is None else {**data, "status": "CREATED"})

    def _shown(self, entry: Entry) -> dict[str, object]:
        given = self._contents[entry.reference]
        return {
            "paymentId": f"0{entry.reference.replace('-', '')[:19]}",
            "status": _STATUS[entry.status],
            "acceptedAt": int(entry.at.timestamp()),
            "merchantPaymentId": entry.reference,
            "amount": given["amount"],
            "requestedAt": given["requestedAt"],
            "storeId": given["storeId"],
        }


def cancel_ends(at: datetime) -> datetime:
    """The first moment at which a payment taken at ``at`` can no longer be cancelled."""
    day = at.astimezone(JAPAN).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1) + CANCEL_UNTIL
