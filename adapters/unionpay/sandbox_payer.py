"""The sandbox's own cardholders: they scan a KHQR in Cambodia, are debited, and may be given back.

An order is verified with the switch, the cardholder is debited, and the switch is told until it
acknowledges; what the switch then cannot credit it refunds. The surprise: an entry is booked before
the switch hears of it, because that is what an advice means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from adapters.sandbox_kit import (
    BOOK_ENTRIES_MAX,
    ControlError,
    Entry,
    EntryStatus,
    FaultKind,
    as_json,
    posted,
    read_control,
    refused_control,
    until_heard,
    wanted,
)
from adapters.unionpay.sandbox_wire import Refused
from fx.money import Money, MoneyError
from switch.inbound_port import derived_uetr

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aiohttp import web

    from adapters.sandbox_kit import Book, Fault, Reply, SandboxContext
    from adapters.unionpay.sandbox_wire import Desk, Incoming

PATH: Final = "/upi/qr"
"""The token's request path; the switch serves it under ``/networks/unionpay``."""

WITHIN_MS: Final = 15_000
REPEATS_MAX: Final = 100
AGAIN_S: Final = (5, 15, 30, 60, 120, *(300,) * 40)
"""Pauses before an advice that nobody answered is told again."""

_CHINA: Final = timedelta(hours=8)


@dataclass(slots=True)
class Order:
    """One purchase of a cardholder in Cambodia."""

    key: str
    claim: Money
    paid: Money
    voucher: str
    at: datetime
    refunded: int = 0


@dataclass(frozen=True, slots=True)
class Refund:
    """What the switch gave back: the content it came with, and the code it was answered with."""

    content: Mapping[str, Any] = field(repr=False)
    code: str


class Payer:
    """The payer's side of the network, and whoever gives money back to Cambodia."""

    def __init__(self, context: SandboxContext, desk: Desk, book: Book) -> None:
        self._context = context
        self._desk = desk
        self._book = book
        self._orders: dict[str, Order] = {}
        self._refunds: dict[str, Refund] = {}

    def add_to(self, app: web.Application) -> None:
        """Add the controls."""
        app.router.add_post("/control/pay-khqr", self.pay)
        app.router.add_post("/control/verify", self.verify)
        app.router.add_post("/control/advise", self.advise)
        app.router.add_post("/control/enquire", self.enquire)
        app.router.add_post("/control/cancel", self.cancel)

    async def pay(self, request: web.Request) -> web.Response:
        """``POST /control/pay-khqr``: verify, debit, tell; the same news ``repeat`` times."""
        try:
            given = await read_control(request)
            order, answers = await self._verified(given, wanted(given, "within_ms", int, WITHIN_MS))
            if order is None:
                return as_json(_shown(None, answers))
            return as_json(_shown(order, answers + await self._advised(order, given)))
        except (ControlError, MoneyError) as error:
            return refused_control(ControlError(str(error)))

    async def advise(self, request: web.Request) -> web.Response:
        """``POST /control/advise`` ``{"key"}``: debit for an order verified before, and tell."""
        try:
            given = await read_control(request)
            order = self._ours(wanted(given, "key", str))
            return as_json(_shown(order, await self._advised(order, given)))
        except (ControlError, MoneyError) as error:
            return refused_control(ControlError(str(error)))

    def _ours(self, key: str) -> Order:
        if key not in self._orders:
            raise ControlError("key: not an order of ours")
        return self._orders[key]

    async def _advised(self, order: Order, given: Mapping[str, object]) -> list[dict[str, Any]]:
        repeat = wanted(given, "repeat", int, 1)
        within_ms = wanted(given, "within_ms", int, WITHIN_MS)
        off = wanted(given, "claim_off", int, 0)
        if not 1 <= repeat <= REPEATS_MAX:
            raise ControlError("repeat: out of bounds")
        claim = Money(order.claim.minor + off, order.claim.currency)
        uetr, now = derived_uetr("unionpay", order.key), self._context.clock.now()
        if self._book.find(order.key) is None:
            self._book.add(Entry(uetr, order.key, "inbound", claim, EntryStatus.BOOKED, now))
        values = {**self._news(order), "settAmt": str(claim)}
        message_id, body, headers = self._desk.request("TRX_STATUS_NOTIFICATION", values, PATH)
        answers = []
        for _ in range(repeat):
            answers.append(await self.post(message_id, body, headers, within_ms))
            headers = self._desk.again(message_id, body, PATH)
        if not any(answer["code"] for answer in answers):
            self.go_on(message_id, body)
        return answers

    def go_on(self, message_id: str, body: bytes) -> None:
        """Tell the same news until anything is answered to it."""

        async def heard() -> bool:
            headers = self._desk.again(message_id, body, PATH)
            return bool((await self.post(message_id, body, headers, WITHIN_MS))["code"])

        telling = until_heard(self._context.clock, heard, AGAIN_S)
        self._context.tasks.start("unionpay-sandbox-tells", telling)

    async def verify(self, request: web.Request) -> web.Response:
        """``POST /control/verify``: an order that is verified and not paid."""
        try:
            given = await read_control(request)
            order, answers = await self._verified(given, WITHIN_MS)
        except (ControlError, MoneyError) as error:
            return refused_control(ControlError(str(error)))
        return as_json(_shown(order, answers))

    def _news(self, order: Order) -> dict[str, Any]:
        return {
            "txnID": order.key,
            "trxMsgType": "MPQRC_PAYMENT_EMV",
            "trxAmt": str(order.paid),
            "trxCurrency": order.paid.currency.numeric,
            "settAmt": str(order.claim),
            "settCurrency": order.claim.currency.numeric,
            "qrcVoucherNo": order.voucher,
            "paymentStatus": "APPROVED",
        }

    async def _verified(
        self, given: Mapping[str, object], within_ms: int
    ) -> tuple[Order | None, list[dict[str, Any]]]:
        if len(self._orders) >= BOOK_ENTRIES_MAX:
            raise ControlError("orders: too many")
        paid = Money.parse(wanted(given, "amount", str), "KHR")
        number = self._context.ids.ordered()
        key = wanted(given, "key", str, f"UPI{number:020d}")
        values = {
            "txnID": key,
            "mpqrcPayload": wanted(given, "payload", str),
            "trxAmt": str(paid),
            "trxCurrency": paid.currency.numeric,
            "token": "6292610308700265602",
        }
        message_id, body, headers = self._desk.request("ORDER_VERIFY", values, PATH)
        told = await self.post(message_id, body, headers, within_ms)
        if told["code"] != "00":
            return None, [told]
        claim = Money.parse(told["values"]["settAmt"], told["values"]["settCurrency"])
        at = self._context.clock.now()
        order = Order(key, claim, paid, f"{number % 10**20:020d}", at)
        self._orders[key] = order
        return order, [told]

    async def enquire(self, request: web.Request) -> web.Response:
        """``POST /control/enquire`` ``{"key"}``: ask the switch what became of an order."""
        return await self._about(request, "TRX_RESULT_INQUIRY", {"origMsgType": "ORDER_VERIFY"})

    async def cancel(self, request: web.Request) -> web.Response:
        """``POST /control/cancel`` ``{"key"}``: an order is not going to be paid."""
        return await self._about(request, "TRX_STATUS_NOTIFICATION", {"trxMsgType": "CANCELLATION"})

    async def _about(
        self, request: web.Request, kind: str, more: Mapping[str, str]
    ) -> web.Response:
        try:
            key = wanted(await read_control(request), "key", str)
        except ControlError as error:
            return refused_control(error)
        message_id, body, headers = self._desk.request(kind, {"txnID": key, **more}, PATH)
        told = await self.post(message_id, body, headers, WITHIN_MS)
        return as_json(_shown(self._orders.get(key), [told]))

    def refund(self, incoming: Incoming, fault: Fault | None) -> Reply:
        """Take a REFUND or CANCELLATION of the switch; one msgID is executed once."""
        reference, content = incoming.message_id, dict(incoming.values)
        known = self._refunds.get(reference)
        if known is not None and known.content != content:
            raise Refused("94")
        if known is None:
            back = _settled(incoming)
            code = self._given_back(incoming, back, fault)
            status = EntryStatus.REFUSED if code != "00" else EntryStatus.BOOKED
            now, reason = self._context.clock.now(), None if code == "00" else code
            self._book.add(Entry("", reference, "outbound", back, status, now, reason))
            known = self._refunds[reference] = Refund(content, code)
        if fault is not None and fault.kind is FaultKind.PENDING:
            return self._desk.reply(incoming, "04")
        voucher = f"{int(reference[-18:]):020d}"
        values = {"txnID": incoming.text("txnID"), "qrcVoucherNo": voucher}
        return self._desk.reply(incoming, known.code, values if known.code == "00" else {})

    def _given_back(self, incoming: Incoming, back: Money, fault: Fault | None) -> str:
        if fault is not None and fault.kind is FaultKind.REFUSE:
            return fault.reason or "12"
        order = self._orders.get(incoming.text("txnID"))
        if order is None or incoming.text("qrcVoucherNo") != order.voucher:
            return "25"
        entry = self._book.find(order.key)
        if entry is None or back.currency != entry.amount.currency:
            return "13"
        whole = back == entry.amount and order.refunded == 0
        today = (self._context.clock.now() + _CHINA).date() == (order.at + _CHINA).date()
        if incoming.info["msgType"] == "CANCELLATION" and not (whole and today):
            return "12"
        if order.refunded + back.minor > entry.amount.minor:
            return "13"
        order.refunded += back.minor
        return "00"

    async def post(
        self, message_id: str, body: bytes, headers: Mapping[str, str], within_ms: int
    ) -> dict[str, Any]:
        """Send one message; return HTTP status, code and values of a verified answer."""
        heard = await posted(
            self._context.net, f"/networks/unionpay{PATH}", body, headers, within_ms
        )
        if heard.body is None or heard.headers is None:
            return {"http": heard.http, "code": None, "values": {}}
        answered = self._desk.answered(message_id, heard.headers, heard.body)
        if answered is None:
            return {"http": heard.http, "code": None, "values": {}}
        return {"http": heard.http, "code": answered[0], "values": dict(answered[1])}


def _settled(incoming: Incoming) -> Money:
    try:
        return Money.parse(incoming.text("settAmt"), incoming.text("settCurrency")).positive()
    except MoneyError:
        raise Refused("13") from None


def _shown(order: Order | None, answers: list[dict[str, Any]]) -> dict[str, Any]:
    last = answers[-1]["code"]
    words = {"00": "ACCC", "04": "PDNG", None: None}
    return {
        "uetr": None if order is None else derived_uetr("unionpay", order.key),
        "key": None if order is None else order.key,
        "status": words.get(last, "RJCT"),
        "reason": None if last in words else last,
        "amount": None if order is None else str(order.claim),
        "currency": None if order is None else order.claim.currency.code,
        "answers": answers,
    }
