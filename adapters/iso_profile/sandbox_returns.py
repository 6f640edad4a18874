"""Money that goes back, as this network plays it: pacs.004 of the switch, and its own.

The switch gives back what a guest paid, in parts up to the whole, under one ``RtrId`` each; a shop
gives back what a Cambodian paid. The surprise: both kinds stand in the book under their ``RtrId``
with the UETR of the payment that they belong to, because the wire has no other one for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.iso_profile import sandbox_messages as wire
from adapters.iso_profile.sandbox_messages import StatusOf
from adapters.sandbox_kit import (
    Answered,
    BookFullError,
    ControlError,
    Entry,
    EntryStatus,
    FaultKind,
    as_json,
    read_control,
    refused_control,
    until_heard,
    wanted,
)
from fx.money import Money, MoneyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from adapters.iso_profile.sandbox_messages import Desk, Outgoing
    from adapters.iso_profile.sandbox_payer import Payer
    from adapters.sandbox_kit import Book, Fault, SandboxContext, SandboxKit

REPEATS_MAX: Final = 100
WITHIN_MS_DEFAULT: Final = 15_000

_DONE: Final = ("ACSC", "ACCC")
_STATUS: Final = MappingProxyType(
    {EntryStatus.BOOKED: "ACSC", EntryStatus.PENDING: "ACTC", EntryStatus.REFUSED: "RJCT"}
)


@dataclass(frozen=True, slots=True)
class _Own:
    """A return of ours: its message, and the payment that it gives back."""

    outgoing: Outgoing
    uetr: str


class Returns:
    """What went back, and from which payment."""

    def __init__(
        self,
        context: SandboxContext,
        desk: Desk,
        kit: SandboxKit,
        payer: Payer,
        tombstones: Mapping[str, None],
    ) -> None:
        self._clock = context.clock
        self._tasks = context.tasks
        self._desk = desk
        self._kit = kit
        self._payer = payer
        self._tombstones = tombstones
        self._contents: dict[str, Mapping[str, object]] = {}
        self._back: dict[str, list[str]] = {}
        self._own: dict[str, _Own] = {}

    @property
    def _book(self) -> Book:
        return self._kit.book

    def gave(self, reference: str) -> bool:
        """Whether a line of the book is money that went back."""
        return reference in self._contents or reference in self._own

    def taken(self, values: Mapping[str, object], fault: Fault | None) -> StatusOf:
        """Take a pacs.004 of the switch, once; returns what is answered."""
        reference = str(values.get("return_id", ""))
        content = {name: value for name, value in values.items() if name != "created_at"}
        known = self._contents.get(reference)
        if known is not None and known != content:
            return self._status(values, "RJCT", "DUPL")
        if known is None:
            if reference in self._tombstones:
                return self._status(values, "RJCT", "TM01")
            self._execute(values, fault)
            self._contents[reference] = content
        entry = self._book.find(reference)
        assert entry is not None, "what was taken is in the book"
        return self._status(values, _STATUS[entry.status], entry.reason or "")

    def _execute(self, values: Mapping[str, object], fault: Fault | None) -> None:
        reference, uetr = str(values.get("return_id", "")), str(values["original_uetr"])
        money = values["settlement_amount"]
        assert isinstance(money, Money), "the reader gives an amount"
        reason = self._refusal(values, money)
        status = EntryStatus.REFUSED if reason else EntryStatus.BOOKED
        if fault is not None and fault.kind is FaultKind.REFUSE:
            status, reason = EntryStatus.REFUSED, fault.reason or "AC04"
        elif fault is not None and not reason:
            status = EntryStatus.PENDING
        now = self._clock.now()
        self._book.add(Entry(uetr, reference, "outbound", money, status, now, reason or None))
        if fault is not None and status is EntryStatus.PENDING:
            self._kit.end_later(reference, fault.delay_ms)

    def _refusal(self, values: Mapping[str, object], money: Money) -> str:
        """The reason why nothing can be given back, or not so much, or nothing."""
        if not values.get("return_id") or not values.get("original_transaction_id"):
            return "CH21"
        agents = values.get("instructing_agent"), values.get("instructed_agent")
        if agents != (self._desk.partner, self._desk.own):
            return "AGNT"
        sent = self._payer.sent(str(values["original_uetr"]))
        if sent is None or sent.transaction_id != values["original_transaction_id"]:
            return "NOOR"
        paid = self._book.find(sent.transaction_id)
        if paid is None or paid.status is not EntryStatus.BOOKED:
            return "NOOR"
        if money.currency != sent.debit.currency:
            return "AM03"
        left = sent.debit - self._given(sent.uetr, "outbound", money)
        return "" if money <= left else "AM09"

    def _given(self, uetr: str, direction: str, like: Money) -> Money:
        """What of a payment went back so far; what is pending counts."""
        total = Money(0, like.currency)
        for reference in self._contents:
            entry = self._book.find(reference)
            if entry is None or (entry.uetr, entry.direction) != (uetr, direction):
                continue
            if entry.status is not EntryStatus.REFUSED:
                total += entry.amount
        return total

    def _status(self, values: Mapping[str, object], status: str, reason: str) -> StatusOf:
        return StatusOf(
            str(values["message_id"]),
            str(values.get("return_id", "")),
            str(values["original_uetr"]),
            status,
            reason,
            name=wire.RETURN,
        )

    def _paid(self, reference: str) -> Entry:
        paid = self._book.find(reference)
        if paid is None or paid.direction != "outbound":
            raise ControlError("reference: not a payment that came to us")
        return paid

    async def give_back(self, request: web.Request) -> web.Response:
        """``POST /control/return``: a shop gives back what a Cambodian paid, or a part of it.

        ``booked`` moves the money before it is told; ``repeat`` 0 tells nothing yet, and
        ``return_id`` tells what was given back before.
        """
        try:
            given = await read_control(request)
            repeat, within_ms = _bounded(given)
            return_id = wanted(given, "return_id", str, "") or self._begun(given)
            self._own_of(return_id)
        except (ControlError, MoneyError, BookFullError) as error:
            return refused_control(ControlError(str(error)))
        return self._shown(return_id, await self._told(return_id, repeat, within_ms))

    async def enquire(self, request: web.Request) -> web.Response:
        """``POST /control/enquire``: ask what became of a return of ours, or of a payment."""
        try:
            given = await read_control(request)
            if "return_id" not in given:
                return await self._payer.enquire(request)
            return_id = wanted(given, "return_id", str)
            within_ms = wanted(given, "within_ms", int, WITHIN_MS_DEFAULT)
            own = self._own_of(return_id)
        except ControlError as error:
            return refused_control(error)
        message_id = own.outgoing.message_id
        question = self._desk.asking(message_id, wire.RETURN, return_id, own.uetr)
        return self._shown(return_id, [await self._sent(question, return_id, within_ms)])

    def _shown(self, return_id: str, answers: list[Answered]) -> web.Response:
        entry = self._book.find(return_id)
        assert entry is not None, "a return of ours is in the book"
        last = answers[-1] if answers else Answered()
        return as_json({
            "return_id": return_id,
            "uetr": entry.uetr,
            "status": last.status,
            "reason": last.reason,
            "amount": str(entry.amount),
            "currency": entry.amount.currency.code,
            "answers": [each.shown() for each in answers],
        })  # fmt: skip

    def _begun(self, given: Mapping[str, object]) -> str:
        reference = wanted(given, "reference", str)
        whole = self._paid(reference).amount
        asked = wanted(given, "amount", str, str(whole))
        booked = given.get("booked") is True
        return self._begin(reference, Money.parse(asked, whole.currency.code), booked=booked)

    def _begin(self, reference: str, money: Money, *, booked: bool = False) -> str:
        """Put a return into the book; raises :class:`BookFullError`."""
        paid, return_id = self._paid(reference), self._desk.identification()
        status = EntryStatus.BOOKED if booked else EntryStatus.PENDING
        self._book.add(Entry(paid.uetr, return_id, "inbound", money, status, self._clock.now()))
        self._back.setdefault(reference, []).append(return_id)
        outgoing = self._desk.giving_back(return_id, reference, paid.uetr, money)
        self._own[return_id] = _Own(outgoing, paid.uetr)
        return return_id

    def _own_of(self, return_id: str) -> _Own:
        own = self._own.get(return_id)
        if own is None:
            raise ControlError("return_id: not a return of ours")
        return own

    async def give(
        self, reference: str, money: Money, repeat: int, within_ms: int
    ) -> tuple[str, list[Answered]]:
        """Give back part of what came to us, told so often; its identification, and the answers."""
        return_id = self._begin(reference, money)
        return return_id, await self._told(return_id, repeat, within_ms)

    async def _told(self, return_id: str, repeat: int, within_ms: int) -> list[Answered]:
        """Tell of a return so often, and then until it is heard, if it is told at all."""
        outgoing = self._own_of(return_id).outgoing

        async def heard() -> bool:
            told = await self._sent(outgoing, return_id, within_ms)
            return told.status in (*_DONE, "RJCT")

        answers = [await self._sent(outgoing, return_id, within_ms) for _ in range(repeat)]
        if repeat and not any(each.status in (*_DONE, "RJCT") for each in answers):
            self._tasks.start("iso-sandbox-tells", until_heard(self._clock, heard))
        return answers

    async def _sent(self, outgoing: Outgoing, return_id: str, within_ms: int) -> Answered:
        """Send a message about a return of ours; the book follows the first final answer."""
        uetr = self._own_of(return_id).uetr
        told = await self._payer.told_of(outgoing, return_id, uetr, within_ms)
        if told.status == "RJCT":
            self._book.end(return_id, EntryStatus.REFUSED, told.reason)
        elif told.status in _DONE:
            self._book.end(return_id, EntryStatus.BOOKED)
        return told

    def left(self, reference: str) -> Money:
        """What of a payment that came to us has not gone back, and is not on its way."""
        left = self._paid(reference).amount
        for return_id in self._back.get(reference, ()):
            entry = self._book.find(return_id)
            if entry is not None and entry.status is not EntryStatus.REFUSED:
                left -= entry.amount
        return left


def _bounded(given: Mapping[str, object]) -> tuple[int, int]:
    """How often a return is told, and how long an answer is waited for."""
    repeat = wanted(given, "repeat", int, 1)
    within_ms = wanted(given, "within_ms", int, WITHIN_MS_DEFAULT)
    if not 0 <= repeat <= REPEATS_MAX or within_ms < 1:
        raise ControlError("repeat, within_ms: out of bounds")
    return repeat, within_ms
