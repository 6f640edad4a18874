"""The sandbox's own customers: they scan a KHQR in Cambodia and pay it in their own currency.

What the switch answers is verified with its pinned certificate and must name this payment; anything
else counts as no answer, and the entry stays pending until an enquiry ends it. The surprise: the
book follows the first final answer and never flips, so a switch that contradicts itself shows up as
a difference between ``answers`` and the book.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapters.iso_profile import sandbox_messages as wire
from adapters.iso_profile.sandbox_messages import Credit
from adapters.sandbox_kit import (
    BOOK_ENTRIES_MAX,
    Answered,
    BookFullError,
    ControlError,
    Entry,
    EntryStatus,
    as_json,
    posted,
    read_control,
    refused_control,
    shown,
    wanted,
)
from fx.money import Money, MoneyError
from iso20022 import IsoError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from adapters.iso_profile.sandbox_country import Country
    from adapters.iso_profile.sandbox_messages import Desk, Outgoing
    from adapters.sandbox_kit import Book, SandboxContext
    from iso20022 import Message

PATH: Final = "/networks/{}/iso20022/v1/messages"
"""Where the switch takes the messages of a network."""

REPEATS_MAX: Final = 100
WITHIN_MS_DEFAULT: Final = 15_000

_FINAL: Final = frozenset({"ACSC", "ACCC", "RJCT"})


@dataclass(slots=True)
class _Sent:
    """A payment of ours: its message, and what is known of it."""

    message_id: str
    credit: Credit = field(repr=False)
    result: Answered


class Payer:
    """The payer's side of the network."""

    def __init__(self, context: SandboxContext, country: Country, desk: Desk, book: Book) -> None:
        self._context = context
        self._country = country
        self._desk = desk
        self._book = book
        self._sent: dict[str, _Sent] = {}

    async def pay(self, request: web.Request) -> web.Response:
        """``POST /control/pay-khqr``: ask for the merchant, pay the quote, tell what came."""
        try:
            given = await read_control(request)
            payload = wanted(given, "payload", str)
            asked = wanted(given, "amount", str) if given.get("amount") is not None else None
            repeat = wanted(given, "repeat", int, 1)
            within_ms = wanted(given, "within_ms", int, WITHIN_MS_DEFAULT)
            age_ms = wanted(given, "age_ms", int, 0)
            name = wanted(given, "debtor_name", str, self._country.guest_name)
            account = wanted(given, "debtor_account", str, self._country.guest_account)
            khr = None if asked is None else Money.parse(asked, "KHR")
        except (ControlError, MoneyError) as error:
            return refused_control(ControlError(str(error)))
        if not 1 <= repeat <= REPEATS_MAX or within_ms < 1:
            return refused_control(ControlError("repeat, within_ms: out of bounds"))
        found, answered = await self._ask(payload, khr, within_ms)
        if found is None:
            return as_json(shown(None, answered, None, (answered,)))
        try:
            credit = self._credit(found, payload, (name, account), age_ms)
        except BookFullError as error:
            return refused_control(ControlError(str(error)))
        return await self._instruct(credit, repeat, within_ms)

    async def enquire(self, request: web.Request) -> web.Response:
        """``POST /control/enquire``: ask the switch what became of a payment."""
        try:
            given = await read_control(request)
            uetr = wanted(given, "uetr", str)
            within_ms = wanted(given, "within_ms", int, WITHIN_MS_DEFAULT)
        except ControlError as error:
            return refused_control(error)
        sent = self._sent.get(uetr)
        if sent is None:
            return refused_control(ControlError("uetr: not a payment of ours"))
        outgoing = self._desk.enquiry(sent.message_id, sent.credit)
        credit = sent.credit
        answered = await self.told_of(outgoing, credit.transaction_id, credit.uetr, within_ms)
        self._learn(sent, answered)
        return as_json(shown(uetr, sent.result, credit.debit, (answered,)))

    async def _ask(
        self, payload: str, khr: Money | None, within_ms: int
    ) -> tuple[Mapping[str, object] | None, Answered]:
        """Send acmt.023; return the merchant with a quote, or why there is none."""
        outgoing = self._desk.question(payload, khr)
        http, message = await self.post(outgoing, within_ms)
        if message is None:
            return None, Answered(http)
        values = message.values
        if message.name == wire.REJECT:
            return None, Answered(http, "RJCT", str(values["reason_code"]))
        if message.name != wire.ANSWER or values["original_id"] != outgoing.message_id:
            return None, Answered(http)
        if not values["verified"]:
            return None, Answered(http, "RJCT", str(values.get("reason", "")))
        return values, Answered(http)

    def _credit(
        self,
        found: Mapping[str, object],
        payload: str,
        debtor: tuple[str, str],
        age_ms: int,
    ) -> Credit:
        if len(self._sent) >= BOOK_ENTRIES_MAX:
            raise BookFullError("payments")
        debit, credit = found["sup_quote_debit"], found["sup_quote_credit"]
        assert isinstance(debit, Money)
        assert isinstance(credit, Money)
        now = self._context.clock.now()
        reference = self._desk.identification()
        return Credit(
            transaction_id=reference,
            uetr=self._context.ids.uetr(),
            end_to_end_id=f"E2E{reference[-17:]}",
            accepted_at=now - timedelta(milliseconds=age_ms),
            debit=debit,
            credit=credit,
            debtor_name=debtor[0],
            debtor_account=debtor[1],
            creditor_name=str(found["party_name"]),
            creditor_account=str(found["account"]),
            creditor_agent=str(found.get("agent", self._desk.partner)),
            payload=payload,
            quote_token=str(found["sup_quote_token"]),
        )

    async def _instruct(self, credit: Credit, repeat: int, within_ms: int) -> web.Response:
        outgoing = self._desk.payment(credit)
        sent = self._sent[credit.uetr] = _Sent(outgoing.message_id, credit, Answered())
        now = self._context.clock.now()
        self._book.add(
            Entry(credit.uetr, credit.transaction_id, "inbound", credit.debit,
                  EntryStatus.PENDING, now)
        )  # fmt: skip
        answers: list[Answered] = []
        for _ in range(repeat):
            answered = await self.told_of(outgoing, credit.transaction_id, credit.uetr, within_ms)
            answers.append(answered)
            self._learn(sent, answered)
            # A repeat is another message about the same transaction.
            outgoing = self._desk.payment(credit)
        return as_json(shown(credit.uetr, sent.result, credit.debit, tuple(answers)))

    def sent(self, uetr: str) -> Credit | None:
        """The payment of ours with this UETR."""
        found = self._sent.get(uetr)
        return None if found is None else found.credit

    async def told_of(
        self, outgoing: Outgoing, reference: str, uetr: str, within_ms: int
    ) -> Answered:
        """Send a message; return what a verified answer says of it, if it is about it."""
        http, message = await self.post(outgoing, within_ms)
        if message is None:
            return Answered(http)
        values = message.values
        if message.name == wire.REJECT:
            # A message-level rejection: never an outcome of the payment.
            return Answered(http, None, str(values["reason_code"]))
        if message.name != wire.STATUS or (
            values.get("original_uetr") != uetr
            or values.get("original_transaction_id") != reference
        ):
            return Answered(http)
        reason = values.get("reason", values.get("reason_proprietary"))
        return Answered(http, str(values["status"]), None if reason is None else str(reason))

    def _learn(self, sent: _Sent, answered: Answered) -> None:
        """Take the first final answer; until then the latest interim one."""
        if answered.status is None or sent.result.status in _FINAL:
            return
        sent.result = answered
        reference = sent.credit.transaction_id
        if answered.status == "RJCT":
            self._book.end(reference, EntryStatus.REFUSED, answered.reason)
        elif answered.status in _FINAL:
            self._book.end(reference, EntryStatus.BOOKED)

    async def post(self, outgoing: Outgoing, within_ms: int) -> tuple[int | None, Message | None]:
        """Send one message; return the HTTP status and the verified answer, where there are any."""
        path, headers = PATH.format(self._country.network), {"Content-Type": "application/xml"}
        heard = await posted(self._context.net, path, outgoing.body, headers, within_ms)
        if heard.body is None:
            return heard.http, None
        try:
            return heard.http, self._desk.open(
                heard.body, wire.STATUS, wire.ANSWER, wire.REJECT, wire.RESOLUTION
            )
        except IsoError:
            return heard.http, None
