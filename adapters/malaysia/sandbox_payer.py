"""The sandbox's own customers: they scan a KHQR in Cambodia and pay it in ringgit; shops give back.

What the switch answers is verified with its pinned certificate and must name this transfer; all
else counts as no answer, and the entry stays pending until an enquiry ends it. The surprise: the
book names a payment by the UETR that the switch derives from the first message of its chain,
because nothing else on this wire is known to both sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapters.malaysia import sandbox_messages as wire
from adapters.malaysia.sandbox_messages import Transfer
from adapters.malaysia.sandbox_wire import ANSWER_HEADER, PREFIX, Untrusted
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
    until_heard,
    wanted,
)
from fx.money import Money, MoneyError
from iso20022 import IsoError
from switch.inbound_port import derived_uetr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from adapters.malaysia.sandbox_messages import Desk
    from adapters.malaysia.sandbox_wire import Outgoing
    from adapters.sandbox_kit import Book, SandboxContext
    from iso20022 import Message

PATH: Final = "/networks/malaysia/rpp/v1/messages"
"""Where the switch takes our messages."""

REPEATS_MAX: Final = 100
WITHIN_MS_DEFAULT: Final = 60_000
"""How long an issuer waits (PayNet)."""

_FINAL: Final = frozenset({"ACSP", "RJCT"})


@dataclass(slots=True)
class _Sent:
    """A transfer of ours, and what is known of it."""

    transfer: Transfer = field(repr=False)
    result: Answered


class Payer:
    """The payer's side of the network."""

    def __init__(self, context: SandboxContext, desk: Desk, book: Book) -> None:
        self._context = context
        self._desk = desk
        self._book = book
        self._sent: dict[str, _Sent] = {}

    async def pay(self, request: web.Request) -> web.Response:
        """``POST /control/pay-khqr``: ask for the merchant, pay the price, tell what came."""
        try:
            given = await read_control(request)
            payload = wanted(given, "payload", str)
            asked = wanted(given, "amount", str) if given.get("amount") is not None else None
            repeat = wanted(given, "repeat", int, 1)
            within_ms = wanted(given, "within_ms", int, WITHIN_MS_DEFAULT)
            age_ms, waits_ms = (wanted(given, name, int, 0) for name in ("age_ms", "waits_ms"))
            chain = wanted(given, "chain", str, "")
            guest = wanted(given, "debtor_name", str, "Aisyah binti Ahmad")
            account = wanted(given, "debtor_account", str, "164012345678")
            khr = None if asked is None else Money.parse(asked, "KHR")
            other = given.get("pays")
            pays = None if other is None else Money.parse(wanted(given, "pays", str), "MYR")
        except (ControlError, MoneyError) as error:
            return refused_control(ControlError(str(error)))
        if not 1 <= repeat <= REPEATS_MAX or within_ms < 1:
            return refused_control(ControlError("repeat, within_ms: out of bounds"))
        question = self._desk.question(payload, khr, guest)
        found, answered = self._merchant(question, *await self._post(question, within_ms))
        if found is None:
            return as_json(shown(None, answered, None, (answered,)))
        if len(self._sent) >= BOOK_ENTRIES_MAX:
            return refused_control(ControlError("payments"))
        debit = found["sup_quote_debit"]
        assert isinstance(debit, Money)
        if waits_ms:
            await self._context.clock.sleep(waits_ms / 1000)
        earlier = self._sent.get(chain)
        transfer = Transfer(
            transaction_id=self._desk.identification("031"),
            chain=earlier.transfer.chain if earlier else chain or question.business_id,
            uetr=self._context.ids.uetr(),
            accepted_at=self._desk.now() - timedelta(milliseconds=age_ms),
            settled=pays or debit,
            payer=(guest, account),
            payee=(str(found["party_name"]), str(found["account"]), str(found["agent"])),
        )
        return await self._instruct(transfer, "", repeat, within_ms)

    async def enquire(self, request: web.Request) -> web.Response:
        """``POST /control/enquire``: ask the switch what became of a transfer."""
        try:
            given = await read_control(request)
            uetr = wanted(given, "uetr", str)
            within_ms = wanted(given, "within_ms", int, WITHIN_MS_DEFAULT)
        except ControlError as error:
            return refused_control(error)
        sent = self._sent.get(uetr)
        if sent is None:
            return refused_control(ControlError("uetr: not a payment of ours"))
        query = self._desk.search(sent.transfer)
        answered = _found(query, sent.transfer, *await self._post(query, within_ms))
        self._learn(sent, answered)
        return as_json(shown(uetr, sent.result, sent.transfer.settled, (answered,)))

    async def give_back(self, request: web.Request) -> web.Response:
        """``POST /control/return``: a shop gives back a payment of the switch, named by its UETR.

        ``repeat`` sends the same message again, 0 sends none yet; ``amount`` is in ringgit, all of
        it when absent. ``returned`` instead sends what was given back before.
        """
        try:
            given = await read_control(request)
            repeat = wanted(given, "repeat", int, 1)
            within_ms = wanted(given, "within_ms", int, WITHIN_MS_DEFAULT)
            before = self._sent.get(wanted(given, "returned", str, ""))
            if before is not None:
                return await self._told(before, repeat, within_ms)
            line = self._line(wanted(given, "uetr", str))
            some = given.get("amount")
            sum_back = (
                line.amount if some is None else Money.parse(wanted(given, "amount", str), "MYR")
            )
        except (ControlError, MoneyError) as error:
            return refused_control(ControlError(str(error)))
        if not 0 <= repeat <= REPEATS_MAX:
            return refused_control(ControlError("repeat: out of bounds"))
        identification = self._desk.identification("031")
        transfer = Transfer(
            transaction_id=identification,
            chain=identification,
            uetr=self._context.ids.uetr(),
            accepted_at=self._desk.now(),
            settled=sum_back,
            payer=("Kopi Pak Din", "514011223344"),
            payee=("NOTPROVIDED", "NOTPROVIDED", self._desk.partner),
            returned=line.reference,
        )
        return await self._instruct(transfer, line.uetr, repeat, within_ms)

    def _line(self, uetr: str) -> Entry:
        entry = self._book.of_payment(uetr, "outbound")
        if entry is None:
            raise ControlError("uetr: not a payment that we got")
        return entry

    def _merchant(
        self, question: Outgoing, http: int | None, message: Message | None
    ) -> tuple[Mapping[str, object] | None, Answered]:
        """Return the merchant with a price, or why there is none."""
        if message is None:
            return None, Answered(http)
        values = message.values
        if message.name == wire.REJECT:
            return None, Answered(http, "RJCT", str(values["reason_code"]))
        if message.name != wire.ANSWER or values["original_id"] != question.business_id:
            return None, Answered(http)
        if not values["verified"]:
            return None, Answered(http, "RJCT", str(values.get("reason_proprietary", "")))
        return values, Answered(http)

    async def _instruct(
        self, transfer: Transfer, returned: str, repeat: int, within_ms: int
    ) -> web.Response:
        """Book and send a transfer; ``returned`` is the UETR of what it gives back, if it does."""
        uetr = derived_uetr("malaysia", transfer.chain)
        sent = self._sent[uetr] = _Sent(transfer, Answered())
        try:
            self._book.add(
                Entry(returned or uetr, transfer.transaction_id, "inbound", transfer.settled,
                      EntryStatus.PENDING, self._desk.now())
            )  # fmt: skip
        except BookFullError as error:
            return refused_control(ControlError(str(error)))
        return await self._told(sent, repeat, within_ms)

    async def _told(self, sent: _Sent, repeat: int, within_ms: int) -> web.Response:
        """Send a transfer so often; one that gives back until it is heard, if it is sent at all."""
        transfer = sent.transfer
        outgoing = self._desk.transfer(transfer)

        async def tell() -> Answered:
            answered = _reported(transfer, *await self._post(outgoing, within_ms))
            self._learn(sent, answered)
            return answered

        async def heard() -> bool:
            return (await tell()).status in _FINAL

        answers = [await tell() for _ in range(repeat)]
        if transfer.returned and repeat and sent.result.status not in _FINAL:
            clock = self._context.clock
            self._context.tasks.start("malaysia-sandbox-tells", until_heard(clock, heard))
        uetr = derived_uetr("malaysia", transfer.chain)
        return as_json(shown(uetr, sent.result, transfer.settled, tuple(answers)))

    def _learn(self, sent: _Sent, answered: Answered) -> None:
        """Take the first final answer; until then the latest interim one."""
        if answered.status is None or sent.result.status in _FINAL:
            return
        sent.result = answered
        reference = sent.transfer.transaction_id
        if answered.status == "RJCT":
            self._book.end(reference, EntryStatus.REFUSED, answered.reason)
        elif (answered.status, answered.reason) == ("ACSP", "U000"):
            self._book.end(reference, EntryStatus.BOOKED)

    async def _post(self, outgoing: Outgoing, within_ms: int) -> tuple[int | None, Message | None]:
        """Send one message; return the HTTP status and the verified answer, where there are any."""
        headers = {"Content-Type": "application/json", "Authorization": PREFIX + outgoing.token}
        heard = await posted(self._context.net, PATH, outgoing.body, headers, within_ms)
        if heard.body is None or heard.headers is None:
            return heard.http, None
        token = heard.headers.get(ANSWER_HEADER, "")
        try:
            names = (wire.STATUS, wire.ANSWER, wire.FOUND, wire.REJECT)
            return heard.http, self._desk.open(heard.body, token, *names)
        except (Untrusted, IsoError):
            return heard.http, None


def _reported(transfer: Transfer, http: int | None, message: Message | None) -> Answered:
    """Return what a pacs.002 says of this transfer, if it is about it."""
    if message is None:
        return Answered(http)
    values = message.values
    if message.name == wire.REJECT:
        # The message was rejected: never an outcome of the transfer.
        return Answered(http, None, str(values["reason_code"]))
    if message.name != wire.STATUS or (
        values.get("original_uetr") != transfer.uetr
        or values.get("original_transaction_id") != transfer.transaction_id
    ):
        return Answered(http)
    return Answered(http, str(values["status"]), str(values.get("reason_proprietary", "")))


def _found(
    query: Outgoing, transfer: Transfer, http: int | None, message: Message | None
) -> Answered:
    """Return what a camt.006 says of this transfer, if it answers this query."""
    if message is None or message.name != wire.FOUND:
        return Answered(http)
    values = message.values
    if values.get("query_id") != query.business_id or (
        values.get("original_transaction_id") != transfer.transaction_id
    ):
        return Answered(http)
    error = values.get("business_error_proprietary")
    if error is not None:
        return Answered(http, "RJCT", str(error))
    status = values.get("status_proprietary", values.get("pending_status"))
    reason = values.get("reason_proprietary")
    return Answered(http, str(status), None if reason is None else str(reason))
