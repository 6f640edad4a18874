"""What the sandbox tells the switch of payments that Cambodians made: outcomes, and money back.

A merchant abroad gives back all of what it got or a part; the switch is told until it answers. The
surprise: money that goes back is booked before the switch is told, whatever it answers, under the
news' own message id and without a UETR, because nothing on this wire carries one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from adapters.sandbox_kit import (
    ControlError,
    Entry,
    EntryStatus,
    as_json,
    read_control,
    refused_control,
    wanted,
)
from adapters.unionpay.sandbox_payer import PATH, REPEATS_MAX, WITHIN_MS
from fx.money import Money, MoneyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from adapters.sandbox_kit import Book, SandboxContext
    from adapters.unionpay.sandbox_payer import Payer
    from adapters.unionpay.sandbox_wire import Desk

NEWS: Final = "TRX_STATUS_NOTIFICATION"


class Back:
    """Tells of payments that came from Cambodia; ``payer`` knows how to tell."""

    def __init__(self, context: SandboxContext, desk: Desk, book: Book, payer: Payer) -> None:
        self._context = context
        self._desk = desk
        self._book = book
        self._payer = payer

    def add_to(self, app: web.Application) -> None:
        """Add the controls."""
        app.router.add_post("/control/notify", self.notify)
        app.router.add_post("/control/return", self.give_back)

    async def notify(self, request: web.Request) -> web.Response:
        """``POST /control/notify``: tell about a payment that a Cambodian made.

        ``reference``; ``kind`` (the payment's own type, REFUND or CANCELLATION); ``amount`` given
        back; ``status`` and ``reason``; ``repeat``.
        """
        try:
            given = await read_control(request)
            repeat = wanted(given, "repeat", int, 1)
            values = self._values(given)
        except ControlError as error:
            return refused_control(error)
        message_id, body, headers = self._desk.request(NEWS, values, PATH)
        return as_json({"answers": await self._told(message_id, body, headers, repeat)})

    def _values(self, given: Mapping[str, object]) -> dict[str, Any]:
        reference = wanted(given, "reference", str)
        entry = self._book.find(reference)
        values = {
            "token": self._context.options["token"],
            "trxMsgType": wanted(given, "kind", str, "MPQRC_PAYMENT_EMV"),
            "origMsgID": reference,
            "origTrxType": "MPQRC_PAYMENT_EMV",
            "trxAmt": wanted(given, "amount", str, str(entry.amount) if entry else "0"),
            "trxCurrency": "156",
            "paymentStatus": wanted(given, "status", str, "APPROVED"),
        }
        reason = wanted(given, "reason", str, "")
        return {**values, "rejectionReason": reason} if reason else values

    async def _told(
        self, message_id: str, body: bytes, headers: Mapping[str, str], repeat: int
    ) -> list[dict[str, Any]]:
        answers = []
        for _ in range(min(repeat, REPEATS_MAX)):
            answers.append(await self._payer.post(message_id, body, headers, WITHIN_MS))
            headers = self._desk.again(message_id, body, PATH)
        return answers

    async def give_back(self, request: web.Request) -> web.Response:
        """``POST /control/return``: a merchant gives back what a Cambodian paid, or a part of it.

        ``reference`` of the payment here; ``amount`` in yuan; ``repeat``.
        """
        try:
            given = await read_control(request)
            repeat = wanted(given, "repeat", int, 1)
            values = self._values({**given, "kind": "REFUND"})
            amount = Money.parse(values["trxAmt"], "CNY").positive()
        except (ControlError, MoneyError) as error:
            return refused_control(ControlError(str(error)))
        message_id, body, headers = self._desk.request(NEWS, values, PATH)
        now = self._context.clock.now()
        self._book.add(Entry("", message_id, "inbound", amount, EntryStatus.BOOKED, now))
        answers = await self._told(message_id, body, headers, repeat)
        codes = [each["code"] for each in answers if each["code"]]
        if not codes:
            self._payer.go_on(message_id, body)
        last = codes[-1] if codes else None
        words = {"00": "ACCC", None: None}
        return as_json({
            "reference": message_id,
            "status": words.get(last, "RJCT"),
            "reason": None if last in words else last,
            "amount": str(amount),
            "currency": amount.currency.code,
            "answers": answers,
        })  # fmt: skip
