"""The sandbox's merchants give back what Cambodians paid them: all of an order, or a part of it.

The network asks the wallet, which is the switch, to refund, and asks again until it hears of it.
The surprise: what goes back is said in both currencies, the payer's at the price of the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.alipayplus.sandbox_orders import in_riel
from adapters.alipayplus.sandbox_wallet import PREFIX, REPEATS_MAX, WITHIN_MS_DEFAULT
from adapters.sandbox_kit import (
    ControlError,
    Entry,
    EntryStatus,
    as_json,
    read_control,
    refused_control,
    until_heard,
    wanted,
)
from fx.money import Money, MoneyError

if TYPE_CHECKING:
    from aiohttp import web

    from adapters.alipayplus.sandbox_wire import Answered, Desk
    from adapters.sandbox_kit import Book, SandboxContext


class Back:
    """Gives back what wallets paid."""

    def __init__(self, context: SandboxContext, desk: Desk, book: Book) -> None:
        self._clock, self._tasks = context.clock, context.tasks
        self._desk = desk
        self._book = book

    async def give_back(self, request: web.Request) -> web.Response:
        """``POST /control/return`` ``{"reference", "amount"?, "repeat"?}``, in won."""
        try:
            given = await read_control(request)
            paid = self._book.find(wanted(given, "reference", str))
            if paid is None or paid.direction != "outbound":
                return refused_control(ControlError("reference: not an order that was paid"))
            repeat = wanted(given, "repeat", int, 1)
            within_ms = wanted(given, "within_ms", int, WITHIN_MS_DEFAULT)
            won = Money.parse(wanted(given, "amount", str, str(paid.amount)), "KRW").positive()
        except (ControlError, MoneyError) as error:
            return refused_control(ControlError(str(error)))
        key = self._desk.identification()
        self._book.add(
            Entry(paid.uetr, key, "inbound", won, EntryStatus.PENDING, self._clock.now())
        )
        fields = {
            "acquirerId": "1022188000000000009",
            "pspId": self._desk.wallet,
            "paymentRequestId": paid.reference,
            "refundRequestId": key,
            "refundAmount": self._desk.amount(in_riel(won)),
            "refundFromAmount": self._desk.amount(won),
        }

        async def tell() -> Answered:
            told = await self._desk.call(f"{PREFIX}refund", fields, within_ms)
            status, code = told.result()
            if status == "S":
                self._book.end(key, EntryStatus.BOOKED)
            elif status == "F":
                self._book.end(key, EntryStatus.REFUSED, code)
            return told

        async def heard() -> bool:
            return (await tell()).result()[0] in ("S", "F")

        answers = [await tell() for _ in range(min(max(repeat, 1), REPEATS_MAX))]
        if not any(each.result()[0] in ("S", "F") for each in answers):
            self._tasks.start("alipayplus-sandbox-tells", until_heard(self._clock, heard))
        status, code = answers[-1].result()
        return as_json({
            "reference": key,
            "uetr": paid.uetr,
            "status": {"S": "ACSC", "F": "RJCT"}.get(status or ""),
            "reason": code,
            "amount": str(won),
            "currency": "KRW",
            "answers": [each.shown() for each in answers],
        })  # fmt: skip
