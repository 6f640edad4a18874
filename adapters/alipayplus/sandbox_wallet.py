"""The sandbox's guests: they scan a KHQR, are debited, and the switch is told until it answers.

The guest's money is gone when the switch hears of it, so the book has the payment before the first
notification leaves; a cancel or a refund of the switch gives it back. The surprise: whoever is not
acknowledged goes on telling by itself, as the real network does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.alipayplus.sandbox_wire import Answered, Fields, Refused, moment, result
from adapters.sandbox_kit import (
    BOOK_ENTRIES_MAX,
    ControlError,
    Entry,
    EntryStatus,
    FaultKind,
    Reply,
    as_json,
    read_control,
    refused_control,
    until_heard,
    wanted,
)
from fx.money import Money, MoneyError
from switch.inbound_port import derived_uetr
from switch.port import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

    from adapters.alipayplus.sandbox_wire import Desk
    from adapters.sandbox_kit import Book, Fault, SandboxContext, SandboxKit

PREFIX: Final = "/networks/alipayplus/aps/api/v1/payments/"
"""Where the switch takes our calls."""

WITHIN_MS_DEFAULT: Final = 15_000
REPEATS_MAX: Final = 100
AGAIN_S: Final = (5, 10, 20, 40, 60, 120, 300, 900, 3600)
"""Pauses before a notification is told again that nobody acknowledged."""

REFUND_DAYS: Final = timedelta(days=365)
BEIJING: Final = timedelta(hours=8)
CANCEL_AFTER_MIDNIGHT: Final = timedelta(minutes=15)

_OPERATIONS: Final = MappingProxyType({
    "inquiryPayment": Operation.ENQUIRE,
    "cancelPayment": Operation.CANCEL,
    "refund": Operation.REFUND,
})  # fmt: skip


@dataclass(slots=True)
class Guest:
    """An order of the switch that a guest has before him, and what became of it."""

    name: str
    debit: Money
    far: str
    asked_at: datetime
    paid_at: datetime | None = None
    closed: bool = False
    refunds: dict[str, Money] = field(default_factory=dict)

    def cancel_until(self) -> datetime:
        """00:15 in UTC+8 of the day after."""
        local = self.asked_at.astimezone(UTC) + BEIJING
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return midnight + CANCEL_AFTER_MIDNIGHT - BEIJING

    def given_back(self) -> int:
        """Minor units refunded so far."""
        return sum(money.minor for money in self.refunds.values())


class Wallets:
    """The payer's side of the network."""

    def __init__(
        self, desk: Desk, book: Book, context: SandboxContext, closed: Callable[[str], None]
    ) -> None:
        self._closed = closed
        self._desk = desk
        self._book = book
        self._clock, self._tasks = context.clock, context.tasks
        self._guests: dict[str, Guest] = {}

    def add_to(self, app: web.Application) -> None:
        """Add the controls."""
        app.router.add_post("/control/pay-khqr", self._pay)
        app.router.add_post("/control/notify", self._notify_again)
        app.router.add_post("/control/call", self._call)

    # What the switch asks as acquirer.

    async def asked(
        self, kit: SandboxKit, request: web.Request, call: str, fields: Fields
    ) -> web.StreamResponse:
        """Serve an inquiry, a cancel or a refund. Raises :class:`Refused`."""
        operation = _OPERATIONS.get(call)
        if operation is None:
            raise Refused("PARAM_ILLEGAL")
        if (fields.get("acquirerId"), fields.get("pspId")) != (
            self._desk.acquirer,
            self._desk.wallet,
        ):
            raise Refused("PARAM_ILLEGAL")
        name = str(fields["paymentRequestId"])
        guest = self._guests.get(name)
        reference = str(fields.get("refundRequestId", name))
        return await kit.serve(
            request, operation, reference, derived_uetr("alipayplus", name),
            lambda fault: self._answered(request.path, call, fields, guest, fault),
        )  # fmt: skip

    def _answered(
        self, path: str, call: str, fields: Fields, guest: Guest | None, fault: Fault | None
    ) -> Reply:
        if guest is None:
            return self._desk.refusal(path, "ORDER_NOT_EXIST")
        if fault is not None and fault.kind is FaultKind.REFUSE:
            return self._desk.refusal(path, fault.reason or "PROCESS_FAIL")
        if fault is not None:
            return self._desk.refusal(path, "UNKNOWN_EXCEPTION", "U")
        try:
            if call == "inquiryPayment":
                return self._desk.reply(path, self._standing(guest))
            if call == "cancelPayment":
                return self._desk.reply(path, self._cancelled(guest))
            return self._desk.reply(path, self._refunded(fields, guest))
        except Refused as refused:
            return self._desk.refusal(path, refused.code)

    def _standing(self, guest: Guest) -> dict[str, object]:
        paid = result("PAYMENT_IN_PROCESS", "U")
        more: dict[str, object] = {}
        if guest.closed:
            paid = result("ORDER_IS_CLOSED")
        elif guest.paid_at is not None:
            paid = result("SUCCESS", "S")
            more = {
                "paymentId": guest.far,
                "paymentTime": moment(guest.paid_at),
                "paymentAmount": self._desk.amount(guest.debit),
            }
        return {"result": result("SUCCESS", "S"), "paymentResult": paid, **more}

    def _cancelled(self, guest: Guest) -> dict[str, object]:
        if not guest.closed:
            if self._clock.now() >= guest.cancel_until() or guest.refunds:
                raise Refused("CANCEL_WINDOW_EXCEED")
            guest.closed = True
            if guest.paid_at is not None:
                self._book.end(guest.name, EntryStatus.CANCELLED)
        return {"result": result("SUCCESS", "S"), "cancelTime": self._desk.now()}

    def _refunded(self, fields: Fields, guest: Guest) -> dict[str, object]:
        key, amount = str(fields["refundRequestId"]), self._desk.money(fields["refundAmount"])
        known = guest.refunds.get(key)
        if known is not None and known != amount:
            raise Refused("REPEAT_REQ_INCONSISTENT")
        if known is None:
            if guest.paid_at is None or guest.closed:
                raise Refused("ORDER_STATUS_INVALID")
            if self._clock.now() > guest.paid_at + REFUND_DAYS:
                raise Refused("REFUND_WINDOW_EXCEED")
            if amount.currency != guest.debit.currency or not amount.minor:
                raise Refused("PARAM_ILLEGAL")
            if guest.given_back() + amount.minor > guest.debit.minor:
                raise Refused("REFUND_AMOUNT_EXCEED")
            guest.refunds[key] = amount
            now = self._clock.now()
            self._book.add(Entry("", key, "outbound", amount, EntryStatus.BOOKED, now))
        return {
            "result": result("SUCCESS", "S"),
            "refundId": f"R{key}",
            "refundTime": self._desk.now(),
        }

    # What guests do, and what the network asks a wallet.

    async def _pay(self, request: web.Request) -> web.Response:
        """``POST /control/pay-khqr``: read the code, debit the guest, tell the switch."""
        try:
            given = await read_control(request)
            payload = wanted(given, "payload", str)
            customer = wanted(given, "customer", str, "guest-1")
            keyed = wanted(given, "amount", str, "")
            within_ms = wanted(given, "within_ms", int, WITHIN_MS_DEFAULT)
            repeat = wanted(given, "repeat", int, 1)
            amount = Money.parse(keyed, "KHR") if keyed else None
        except (ControlError, MoneyError) as error:
            return refused_control(ControlError(str(error)))
        if not 0 <= repeat <= REPEATS_MAX or len(self._guests) >= BOOK_ENTRIES_MAX:
            return refused_control(ControlError("repeat: out of bounds, or the book is full"))
        asked: dict[str, object] = {
            "acquirerId": self._desk.acquirer,
            "pspId": self._desk.wallet,
            "codeValue": payload,
            "customerId": customer,
        }
        if amount is not None:
            asked["paymentAmount"] = self._desk.amount(amount)
        scanned = await self._desk.call(f"{PREFIX}userInitiatedPay", asked, within_ms)
        try:
            guest = self._guest(scanned)
        except Refused:
            return as_json(_shown(None, scanned, ()))
        if not repeat:
            return as_json(_shown(guest, scanned, ()))
        return await self._tell(guest, scanned, within_ms, repeat)

    def _guest(self, scanned: Answered) -> Guest:
        """The guest before the order that was answered. Raises :class:`Refused`."""
        fields = scanned.fields
        if fields is None or scanned.result()[0] != "S":
            raise Refused("none")
        try:
            name, debit = str(fields["paymentRequestId"]), self._desk.money(fields["paymentAmount"])
        except KeyError:
            raise Refused("none") from None
        known = self._guests.get(name)
        if known is None:
            far, now = self._desk.identification(), self._clock.now()
            known = self._guests[name] = Guest(name, debit, far, now)
        return known

    async def _tell(
        self, guest: Guest, scanned: Answered, within_ms: int, repeat: int
    ) -> web.Response:
        """Debit the guest once, tell the switch, and go on telling where nobody answers."""
        if guest.closed:
            return as_json(_shown(guest, scanned, ()))
        if guest.paid_at is None:
            guest.paid_at = self._clock.now()
            uetr = derived_uetr("alipayplus", guest.name)
            self._book.add(
                Entry(uetr, guest.name, "inbound", guest.debit, EntryStatus.BOOKED, guest.paid_at)
            )
        answers = [await self._told(guest, within_ms) for _ in range(repeat)]
        if not any(acknowledged(answer) for answer in answers):
            heard = partial(self._heard, guest)
            self._tasks.start("alipayplus-sandbox-tells", until_heard(self._clock, heard, AGAIN_S))
        return as_json(_shown(guest, answers[-1], tuple(answers)))

    async def _told(self, guest: Guest, within_ms: int) -> Answered:
        assert guest.paid_at is not None, "only a debit is told of"
        return await self._desk.call(
            f"{PREFIX}notifyPayment",
            {
                "paymentResult": result("SUCCESS", "S"),
                "paymentRequestId": guest.name,
                "paymentId": guest.far,
                "paymentTime": moment(guest.paid_at),
                "paymentAmount": self._desk.amount(guest.debit),
                "payToAmount": self._desk.amount(guest.debit),
                "customerId": "guest-1",
                "acquirerId": self._desk.acquirer,
                "pspId": self._desk.wallet,
            },
            within_ms,
        )

    async def _heard(self, guest: Guest) -> bool:
        return guest.closed or acknowledged(await self._told(guest, WITHIN_MS_DEFAULT))

    async def _notify_again(self, request: web.Request) -> web.Response:
        """``POST /control/notify``: pay an order scanned before, or tell of it again."""
        try:
            given = await read_control(request)
            guest = self._guests.get(wanted(given, "order", str))
            repeat = wanted(given, "repeat", int, 1)
        except ControlError as error:
            return refused_control(error)
        if guest is None or not 1 <= repeat <= REPEATS_MAX:
            return refused_control(ControlError("order: none of ours; repeat: out of bounds"))
        return await self._tell(guest, Answered(), WITHIN_MS_DEFAULT, repeat)

    async def _call(self, request: web.Request) -> web.Response:
        """``POST /control/call``: make any call to the switch and show its answer."""
        try:
            given = await read_control(request)
            call, fields = wanted(given, "call", str), given.get("fields")
        except ControlError as error:
            return refused_control(error)
        if not isinstance(fields, dict):
            return refused_control(ControlError("fields: an object"))
        answered = await self._desk.call(PREFIX + call, fields, WITHIN_MS_DEFAULT)
        if call == "cancelPayment" and acknowledged(answered):
            self._closed(str(fields.get("paymentRequestId", "")))
        return as_json({"http": answered.http, "fields": answered.fields})


def acknowledged(answered: Answered) -> bool:
    """Whether the switch took what it was told."""
    return answered.result()[0] == "S"


def _shown(
    guest: Guest | None, last: Answered, answers: tuple[Answered, ...]
) -> Mapping[str, object]:
    status, code = last.result()
    words = {"S": "ACSC", "F": "RJCT"}
    return {
        "uetr": None if guest is None else derived_uetr("alipayplus", guest.name),
        "order": None if guest is None else guest.name,
        "status": words.get(status or ""),
        "reason": code,
        "amount": None if guest is None else str(guest.debit),
        "currency": None if guest is None else guest.debit.currency.code,
        "answers": [answer.shown() for answer in answers],
    }
