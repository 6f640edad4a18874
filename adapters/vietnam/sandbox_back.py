"""What the sandbox tells the switch of its payments: money given back, and outcomes unasked.

A merchant gives back, in part or in full, what the switch paid it. The surprise: a return that the
switch does not take is not booked, and one that it takes twice is booked once, under its own UETR
as the switch named it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.sandbox_kit import (
    Answered,
    ControlError,
    Entry,
    EntryStatus,
    as_json,
    read_control,
    refused_control,
    shown,
    until_heard,
    wanted,
)
from adapters.vietnam.sandbox_door import outcome
from adapters.vietnam.sandbox_messages import RETURN
from adapters.vietnam.sandbox_payer import REPEATS_MAX, WITHIN_MS_DEFAULT
from fx.money import Money, MoneyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

    from adapters.sandbox_kit import Book, SandboxContext
    from adapters.vietnam.sandbox_door import Door
    from adapters.vietnam.sandbox_messages import Desk

_FINAL: Final = ("ACSC", "RJCT")


class Back:
    """Returns and notifications about what the switch paid; ``paid`` finds it by UETR."""

    def __init__(
        self,
        context: SandboxContext,
        desk: Desk,
        door: Door,
        book: Book,
        paid: Callable[[str], Entry | None],
        reference: Callable[[], str],
    ) -> None:
        self._context = context
        self._desk = desk
        self._door = door
        self._book = book
        self._paid = paid
        self._reference = reference

    def add_to(self, app: web.Application) -> None:
        """Add the controls."""
        app.router.add_post("/control/return", self.give_back)
        app.router.add_post("/control/notify", self.notify)

    async def give_back(self, request: web.Request) -> web.Response:
        """``POST /control/return``: a merchant gives back, in part or in full, what it was paid."""
        try:
            given = await read_control(request)
            paid = self._known(given)
            within_ms = wanted(given, "within_ms", int, WITHIN_MS_DEFAULT)
            repeat = wanted(given, "repeat", int, 1)
            amount = Money.parse(wanted(given, "amount", str, str(paid.amount)), "VND").positive()
        except (ControlError, MoneyError) as error:
            return refused_control(ControlError(str(error)))
        reference = self._reference()
        outgoing = self._desk.request(RETURN, self._return(paid, reference, amount))

        async def tell() -> Answered:
            http, body = await self._door.post("return", outgoing, within_ms)
            told = outcome(http, body)
            if told.status == "ACSC" and body and self._book.find(reference) is None:
                uetr = str(body["payload"]["payment"]["funding_reference"])
                now = self._context.clock.now()
                self._book.add(Entry(uetr, reference, "inbound", amount, EntryStatus.BOOKED, now))
            return told

        async def heard() -> bool:
            return (await tell()).status in _FINAL

        answers = [await tell() for _ in range(min(repeat, REPEATS_MAX))]
        if not any(each.status in _FINAL for each in answers):
            clock = self._context.clock
            self._context.tasks.start("vietnam-sandbox-tells", until_heard(clock, heard))
        return as_json(shown(paid.uetr, answers[0], amount, tuple(answers)))

    def _known(self, given: Mapping[str, object]) -> Entry:
        """What the switch paid under the UETR of a control; raises :class:`ControlError`."""
        paid = self._paid(wanted(given, "uetr", str))
        if paid is None:
            raise ControlError("uetr: not a payment that is known here")
        return paid

    def _return(self, paid: Entry, reference: str, amount: Money) -> dict[str, object]:
        text = f"{amount}.00"
        return {
            "payment": {
                "type": "QR_PUSH",
                "transaction_local_date_time": self._desk.local(),
                "interbank_amount": text,
                "interbank_currency": "704",
                "payment_reference": reference,
                "original_payment_reference": paid.reference,
                "trace": reference[-6:],
            },
            "amount": text,
            "currency": "VND",
        }

    async def notify(self, request: web.Request) -> web.Response:
        """``POST /control/notify``: tell the switch unasked what its payment has come to."""
        try:
            given = await read_control(request)
            paid = self._known(given)
            within_ms = wanted(given, "within_ms", int, WITHIN_MS_DEFAULT)
            code = wanted(given, "code", str, "")
        except ControlError as error:
            return refused_control(error)
        booked = {EntryStatus.BOOKED: "00", EntryStatus.PENDING: "68"}
        code = code or booked.get(paid.status) or paid.reason or "05"
        outgoing = self._desk.notification({
            "result": {"code": code, "description": "as booked"},
            "payment": {
                "reference": f"VN{paid.reference}",
                "payment_reference": paid.reference,
                "end_to_end_reference": paid.reference,
            },
            "amount": f"{paid.amount}.00",
            "currency": "VND",
        })  # fmt: skip
        http, body = await self._door.post("payment-notification", outgoing, within_ms)
        answered = outcome(http, body)
        return as_json(shown(paid.uetr, answered, paid.amount, (answered,)))
