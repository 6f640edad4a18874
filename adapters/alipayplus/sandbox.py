"""An Alipay+ to test against: on its own wire, with its own book and its own mistakes.

It reads codes and prices them, takes a wallet's word that an order is paid, answers an acquirer's
inquiries, cancels and refunds, and lets its guests pay KHQR merchants (``sandbox_wallet``). One
order is paid once: the same notification is answered the same, another one about it is refused. The
surprise: a fault never changes what the book says, so the book is the truth that the switch is held
to.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from aiohttp import web

from adapters.alipayplus.sandbox_back import Back
from adapters.alipayplus.sandbox_orders import PAID_MAX, PRICE, QUOTE_S, Order, in_riel, read_code
from adapters.alipayplus.sandbox_wallet import PREFIX as CALLS
from adapters.alipayplus.sandbox_wallet import WITHIN_MS_DEFAULT, Wallets, acknowledged
from adapters.alipayplus.sandbox_wire import Desk, Fields, Refused, moment, result
from adapters.sandbox_kit import (
    ControlError,
    Entry,
    EntryStatus,
    FaultKind,
    Reply,
    SandboxKit,
    answer,
    as_json,
    read_control,
    refused_control,
    wanted,
)
from switch.port import Operation

if TYPE_CHECKING:
    from adapters.sandbox_kit import Fault, SandboxContext

PREFIX: Final = "/aps/api/v1/payments/"

_OPERATIONS: Final = (
    Operation.LOOKUP, Operation.QUOTE, Operation.PAY, Operation.ENQUIRE, Operation.CANCEL,
    Operation.REFUND,
)  # fmt: skip
_COMPARED: Final = ("paymentAmount", "paymentResult", "paymentId", "payToAmount", "customerId")
"""What must be equal in a repeated notification."""

_OF_THE_MESSAGE: Final = ("PARAM_ILLEGAL", "REPEAT_REQ_INCONSISTENT")
"""Failures that leave the order as it is."""


def create(context: SandboxContext) -> web.Application:
    """Return the application of this sandbox.

    Options are those of the switch's section; keys: private ``alipayplus``, and the pinned
    certificate ``switch-alipayplus``.
    """
    network = Network(context)
    app = network.kit.application()
    app.router.add_post(PREFIX + "{call}", network.receive)
    network.wallets.add_to(app)
    back = Back(context, network.desk, network.kit.book)
    app.router.add_post("/control/return", back.give_back)
    app.router.add_post("/control/cancel", network.cancel)
    return app


def _spoil(reply: Reply) -> Reply:
    """Alter one signed byte."""
    body = reply.body.replace(b"result", b"resulf", 1)
    return Reply(body, reply.content_type, reply.status, reply.headers)


class Network:
    """The hub: what a wallet and an acquirer can ask of it."""

    def __init__(self, context: SandboxContext) -> None:
        self.desk = Desk(context)
        self.kit = SandboxKit(context, "alipayplus", _OPERATIONS, _spoil)
        self.wallets = Wallets(self.desk, self.kit.book, context, self._closed)
        self._clock = context.clock
        self._codes: dict[str, str] = {}
        self._orders: dict[str, Order] = {}

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Take one call of the switch."""
        body = await request.read()
        call, path = request.match_info["call"], request.path
        try:
            fields = self.desk.open(path, request.headers, body)
            if call == "userInitiatedPay":
                code = str(fields["codeValue"])
                known = code in self._codes
                return await self.kit.serve(
                    request, Operation.QUOTE if known else Operation.LOOKUP, "", "",
                    lambda fault: self._scan(path, fields, fault),
                )  # fmt: skip
            name = str(fields["paymentRequestId"])
            if call == "notifyPayment":
                return await self._notified(request, fields, name)
            return await self.wallets.asked(self.kit, request, call, fields)
        except (KeyError, Refused) as refused:
            code = refused.code if isinstance(refused, Refused) else "PARAM_ILLEGAL"
            return answer(self.desk.refusal(path, code))

    def _scan(self, path: str, fields: Fields, fault: Fault | None) -> Reply:
        if fault is not None and fault.kind is FaultKind.REFUSE:
            return self.desk.refusal(path, fault.reason or "INVALID_CODE")
        try:
            order = self._order(str(fields["codeValue"]), str(fields["customerId"]))
        except Refused as refused:
            return self.desk.refusal(path, refused.code)
        if order is None:
            values = {"result": result("SUCCESS", "S"), "codeType": "ENTRY_CODE"}
            return self.desk.reply(path, values)
        scanned = read_code(str(fields["codeValue"]))
        assert scanned.shop is not None
        shop = scanned.shop
        started = order.expires_at - timedelta(seconds=QUOTE_S)
        return self.desk.reply(path, {
            "result": result("SUCCESS", "S"),
            "codeType": "ORDER_CODE",
            "acquirerId": "1022188000000000009",
            "pspId": self.desk.wallet,
            "paymentRequestId": order.name,
            "order": {
                "referenceOrderId": scanned.number,
                "orderDescription": shop.name,
                "orderAmount": self.desk.amount(order.paid_to),
                "merchant": {
                    "referenceMerchantId": f"SHOP{scanned.number[:2]}",
                    "merchantName": shop.name,
                    "merchantMCC": shop.category,
                    "merchantAddress": {"region": "KR", "city": shop.city},
                },
            },
            "paymentAmount": self.desk.amount(order.paid),
            "payToAmount": self.desk.amount(order.paid_to),
            "paymentQuote": {
                "quoteId": order.quote,
                "quoteCurrencyPair": "KRW/KHR",
                "quotePrice": str(PRICE),
                "quoteUnit": "1",
                "baseCurrency": "KRW",
                "quoteStartTime": moment(started),
                "quoteExpiryTime": moment(order.expires_at),
            },
            "paymentExpiryTime": moment(order.expires_at),
        })  # fmt: skip

    def _order(self, code: str, customer: str) -> Order | None:
        """The order of a code: the same one until it can be paid no more. Raises Refused."""
        scanned = read_code(code)
        if scanned.price is None:
            return None
        known = self._orders.get(self._codes.get(code, ""))
        now = self._clock.now()
        if known is not None and known.customer != customer:
            raise Refused("REPEAT_REQ_INCONSISTENT")
        if known is not None:
            if known.told is not None or known.closed:
                raise Refused("ORDER_IS_CLOSED")
            if now < known.expires_at:
                return known
        name = self.desk.identification()
        order = Order(
            name=name,
            customer=customer,
            paid_to=scanned.price,
            paid=in_riel(scanned.price),
            quote=f"FX{now:%Y%m%d}KRWKHR",  # of the rate: orders share it
            expires_at=now + timedelta(seconds=QUOTE_S),
        )
        self._codes[code], self._orders[name] = name, order
        return order

    async def _notified(
        self, request: web.Request, fields: Fields, name: str
    ) -> web.StreamResponse:
        order = self._orders.get(name)
        repeated = order is not None and order.arrived
        if order is not None:
            order.arrived = True
        uetr = _dashed(str(fields.get("paymentId", "")))
        return await self.kit.serve(
            request, Operation.ENQUIRE if repeated else Operation.PAY, name, uetr,
            lambda fault: self._paid(request.path, fields, order, fault),
        )  # fmt: skip

    def _paid(self, path: str, fields: Fields, order: Order | None, fault: Fault | None) -> Reply:
        if order is None:
            return self.desk.refusal(path, "ORDER_NOT_EXIST")
        if order.closed:
            # A success after a cancel is heard and changes nothing.
            return self.desk.refusal(path, "SUCCESS", "S")
        told = {name: fields.get(name) for name in _COMPARED}
        if order.told is None:
            refusal = self._refusal(fields, order)
            if refusal in _OF_THE_MESSAGE:
                return self.desk.refusal(path, refusal)
            if fault is not None and fault.kind is FaultKind.REFUSE:
                refusal = fault.reason or "ORDER_IS_CLOSED"
            self._book(fields, order, fault, refusal)
            order.told = told
        if order.told != told:
            return self.desk.refusal(path, "REPEAT_REQ_INCONSISTENT")
        entry = self.kit.book.find(order.name)
        assert entry is not None, "an order that was told of is booked"
        if entry.status is EntryStatus.PENDING:
            return self.desk.refusal(path, "UNKNOWN_EXCEPTION", "U")
        if entry.status is EntryStatus.REFUSED:
            return self.desk.refusal(path, entry.reason or "ORDER_IS_CLOSED")
        return self.desk.refusal(path, "SUCCESS", "S")

    async def cancel(self, request: web.Request) -> web.Response:
        """``POST /control/cancel`` ``{"payload"}``: take back the order of a scanned code."""
        try:
            name = self._codes.get(wanted(await read_control(request), "payload", str))
        except ControlError as error:
            return refused_control(error)
        if name is None:
            return refused_control(ControlError("payload: nobody scanned it"))
        fields: dict[str, object] = {
            "acquirerId": "1022188000000000009",
            "pspId": self.desk.wallet,
            "paymentRequestId": name,
        }
        answered = await self.desk.call(f"{CALLS}cancelPayment", fields, WITHIN_MS_DEFAULT)
        if acknowledged(answered):
            self._closed(name)
        return as_json({"reference": name, **answered.shown()})

    def _closed(self, name: str) -> None:
        """The wallet agreed to a cancel: whatever it says later, its order is not paid."""
        order = self._orders.get(name)
        if order is None:
            return
        order.closed = True
        if self.kit.book.find(name) is not None:
            self.kit.book.end(name, EntryStatus.CANCELLED)

    def _refusal(self, fields: Fields, order: Order) -> str:
        """Why an order cannot be paid like this, or nothing."""
        try:
            amounts = (
                self.desk.money(fields["paymentAmount"]),
                self.desk.money(fields["payToAmount"]),
            )
            paid = fields["paymentResult"]["resultStatus"]
            identified = bool(fields["paymentId"]) and bool(fields["paymentTime"])
        except (KeyError, TypeError, Refused):
            return "PARAM_ILLEGAL"
        if paid != "S" or not identified:
            return "PARAM_ILLEGAL"
        if amounts != (order.paid, order.paid_to) or fields.get("customerId") != order.customer:
            return "REPEAT_REQ_INCONSISTENT"
        if self._clock.now() >= order.expires_at:
            return "ORDER_IS_CLOSED"
        return "PAYMENT_AMOUNT_EXCEED_LIMIT" if order.paid_to.minor > PAID_MAX else ""

    def _book(self, fields: Fields, order: Order, fault: Fault | None, refusal: str) -> None:
        pending = fault is not None and fault.kind is FaultKind.PENDING and not refusal
        status = EntryStatus.PENDING if pending else EntryStatus.BOOKED
        if refusal:
            status = EntryStatus.REFUSED
        uetr, now = _dashed(str(fields["paymentId"])), self._clock.now()
        entry = Entry(uetr, order.name, "outbound", order.paid_to, status, now, refusal or None)
        self.kit.book.add(entry)
        if fault is not None and pending:
            self.kit.end_later(order.name, fault.delay_ms)


def _dashed(text: str) -> str:
    """A UETR as it is written elsewhere, from the payment id that is made of it."""
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
