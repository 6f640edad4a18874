"""The sandbox's own customers: they scan a KHQR in Cambodia and pay it in dong; and what goes back.

What the switch answers is verified with its pinned certificate and must answer this very request;
anything else counts as no answer, and the entry stays pending until an enquiry ends it. The
surprise: the book follows the first final answer and never flips, so a switch that contradicts
itself shows up as a difference between ``answers`` and the book.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from adapters.sandbox_kit import (
    BOOK_ENTRIES_MAX,
    BookFullError,
    ControlError,
    Entry,
    EntryStatus,
    as_json,
    read_control,
    refused_control,
    wanted,
)
from adapters.vietnam.sandbox_messages import ENQUIRY, LOOKUP, PAYMENT, RETURN, NotTaken
from fx.money import Money, MoneyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

    from adapters.sandbox_kit import Book, SandboxContext
    from adapters.vietnam.sandbox_messages import Desk, Outgoing

PATH: Final = "/networks/vietnam/qr/v1/"
"""Where the switch takes our messages; the operation follows."""

REPEATS_MAX: Final = 100
WITHIN_MS_DEFAULT: Final = 30_000
ANSWER_BYTES_MAX: Final = 65_536

_DAY_MS: Final = 86_400_000
_OK: Final = 200
_WORDS: Final = MappingProxyType({"00": "ACSC", "68": "PDNG"})
_NOT_AN_OUTCOME: Final = ("001", "011", "96", "99")


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of the switch: nothing but what a payer may act on."""

    http: int | None = None
    status: str | None = None
    reason: str | None = None

    def shown(self) -> dict[str, object]:
        """As JSON."""
        return {"http": self.http, "status": self.status, "reason": self.reason}


@dataclass(slots=True)
class _Sent:
    """A payment of a customer: what it is, and what is known of it."""

    uetr: str
    reference: str
    end_to_end: str
    debit: Money
    payload: Mapping[str, object] = field(repr=False)
    result: Answered = field(default_factory=Answered)
    returns: dict[str, Money] = field(default_factory=dict)


class Payer:
    """The payer's side of the network."""

    def __init__(
        self,
        context: SandboxContext,
        desk: Desk,
        book: Book,
        paid: Callable[[str], Entry | None],
    ) -> None:
        self._context = context
        self._desk = desk
        self._book = book
        self._paid = paid
        self._sent: dict[str, _Sent] = {}
        self._by_uetr: dict[str, _Sent] = {}

    def add_to(self, app: web.Application) -> None:
        """Add the controls of customers."""
        app.router.add_post("/control/pay-khqr", self.pay)
        app.router.add_post("/control/enquire", self.enquire)
        app.router.add_post("/control/return", self.give_back)
        app.router.add_post("/control/notify", self.notify)

    def given_back(self, original: str, reference: str, amount: Money) -> str:
        """Take back what a customer paid; returns the code of the refusal, or nothing."""
        sent = self._sent.get(original)
        if sent is None or sent.result.status != "ACSC":
            return "25" if sent is None else "12"
        back = [each for name, each in sent.returns.items() if name != reference]
        total = sum((each.minor for each in back), amount.minor)
        if total > sent.debit.minor:
            return "61"
        sent.returns[reference] = amount
        return ""

    async def pay(self, request: web.Request) -> web.Response:
        """``POST /control/pay-khqr``: ask for the merchant, pay the order, tell what came."""
        try:
            given = await read_control(request)
            payload = wanted(given, "payload", str)
            keyed = {} if given.get("amount") is None else _keyed(wanted(given, "amount", str))
            repeat = wanted(given, "repeat", int, 1)
            within_ms = wanted(given, "within_ms", int, WITHIN_MS_DEFAULT)
            age_ms = wanted(given, "age_ms", int, 0)
            account = wanted(given, "debtor_account", str, "0021000234567")
        except (ControlError, MoneyError) as error:
            return refused_control(ControlError(str(error)))
        if not 1 <= repeat <= REPEATS_MAX or within_ms < 1 or len(self._sent) >= BOOK_ENTRIES_MAX:
            return refused_control(ControlError("repeat, within_ms: out of bounds"))
        reference = self._reference()
        asked = {"payment_reference": reference, "qr_string": payload} | keyed
        outgoing = self._desk.request(LOOKUP, asked)
        http, body = await self._post("lookup", outgoing, within_ms)
        answered = _outcome(http, body)
        if body is None or answered.status != "ACSC":
            return as_json(_shown(None, answered, None, (answered,)))
        sent = self._order(body["payload"], reference, account)
        try:
            self._book.add(
                Entry(sent.uetr, reference, "inbound", sent.debit, EntryStatus.PENDING,
                      self._context.clock.now())
            )  # fmt: skip
        except BookFullError as error:
            return refused_control(ControlError(str(error)))
        self._sent[reference] = self._by_uetr[sent.uetr] = sent
        return await self._instruct(sent, repeat, within_ms, age_ms)

    def _reference(self) -> str:
        """A fresh payment_reference: the date and ten digits of the time."""
        while True:
            millisecond, counter = divmod(self._context.ids.ordered(), 1 << 20)
            digits = f"9{millisecond % _DAY_MS:08d}{counter % 10}"
            if (reference := self._desk.today() + digits) not in self._sent:
                return reference

    def _order(self, found: Mapping[str, Any], reference: str, account: str) -> _Sent:
        """The payment of an order as the switch answered the lookup."""
        told = {each["key"]: each["value"] for each in found["additional_info"]["instruction"]}
        end_to_end = found["payment"]["end_to_end_reference"]
        secrecy = self._desk.secrecy
        recipient = secrecy.open(found["recipient_account"])
        payload = {
            "payment": {
                "funding_reference": f"F{reference}",
                "type": "QR_PUSH",
                "generation_method": found["payment"]["generation_method"],
                "channel": "07",
                "device_id": "VIETQR",
                "location": "VN",
                "transaction_local_date_time": self._desk.local(),
                "interbank_amount": told["INTERBANK_AMOUNT"],
                "interbank_currency": "704",
                "exchange_rate": found["payment"]["exchange_rate"],
                "payment_reference": reference,
                "end_to_end_reference": end_to_end,
                "trace": reference[-6:],
            },
            "amount": found["amount"],
            "currency": found["currency"],
            "sender_account": secrecy.seal(account, f"{reference} sender"),
            "sender": {"full_name": "NAPAS", "address": {"line1": "HANOI", "country": "VN"}},
            "participant": {"originating_institution_id": "970436"} | found["participant"],
            "recipient_account": secrecy.seal(recipient, f"{reference} recipient"),
            "recipient": found["recipient"],
        }
        debit = Money.parse(told["INTERBANK_AMOUNT"].removesuffix(".00"), "VND")
        return _Sent(told["UETR"], reference, end_to_end, debit, payload)

    async def _instruct(
        self, sent: _Sent, repeat: int, within_ms: int, age_ms: int
    ) -> web.Response:
        outgoing = self._desk.request(PAYMENT, sent.payload, age_ms)
        answers: list[Answered] = []
        for _ in range(repeat):
            answered = _outcome(*await self._post("payment", outgoing, within_ms))
            answers.append(answered)
            self._learn(sent, answered)
        return as_json(_shown(sent.uetr, sent.result, sent.debit, tuple(answers)))

    async def enquire(self, request: web.Request) -> web.Response:
        """``POST /control/enquire``: ask the switch what became of a payment."""
        try:
            given = await read_control(request)
            sent = self._by_uetr.get(wanted(given, "uetr", str))
            within_ms = wanted(given, "within_ms", int, WITHIN_MS_DEFAULT)
        except ControlError as error:
            return refused_control(error)
        if sent is None:
            return refused_control(ControlError("uetr: not a payment of ours"))
        named = {"payment_reference": sent.reference, "end_to_end_reference": sent.end_to_end}
        outgoing = self._desk.request(ENQUIRY, {"payment": named})
        http, body = await self._post("payment-enquiry", outgoing, within_ms)
        answered = _outcome(http, body)
        if body is not None and answered.status == "ACSC":
            found = body["payload"]["payment_result"]
            answered = _outcome(http, {"result": found})
        self._learn(sent, answered)
        return as_json(_shown(sent.uetr, sent.result, sent.debit, (answered,)))

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
        answers = []
        for _ in range(min(repeat, REPEATS_MAX)):
            http, body = await self._post("return", outgoing, within_ms)
            answers.append(_outcome(http, body))
            if answers[-1].status == "ACSC" and body and self._book.find(reference) is None:
                uetr = str(body["payload"]["payment"]["funding_reference"])
                now = self._context.clock.now()
                self._book.add(Entry(uetr, reference, "inbound", amount, EntryStatus.BOOKED, now))
        return as_json(_shown(paid.uetr, answers[0], amount, tuple(answers)))

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
        http, body = await self._post("payment-notification", outgoing, within_ms)
        answered = _outcome(http, body)
        return as_json(_shown(paid.uetr, answered, paid.amount, (answered,)))

    def _learn(self, sent: _Sent, answered: Answered) -> None:
        """Take the first final answer; until then the latest interim one."""
        if answered.status is None or sent.result.status in ("ACSC", "RJCT"):
            return
        sent.result = answered
        if answered.status == "RJCT":
            self._book.end(sent.reference, EntryStatus.REFUSED, answered.reason)
        elif answered.status == "ACSC":
            self._book.end(sent.reference, EntryStatus.BOOKED)

    async def _post(
        self, operation: str, outgoing: Outgoing, within_ms: int
    ) -> tuple[int | None, dict[str, Any] | None]:
        """Send one message; return the HTTP status and the verified answer, where there are any."""
        net = self._context.net
        try:
            async with (
                asyncio.timeout(within_ms / 1000),
                net.session("switch").post(
                    net.url("switch") + PATH + operation,
                    data=outgoing.body,
                    headers=outgoing.headers,
                    allow_redirects=False,
                ) as response,
            ):
                http = response.status
                raw = await response.content.read(ANSWER_BYTES_MAX)
                while more := await response.content.read(ANSWER_BYTES_MAX):
                    raw += more
                    if len(raw) > ANSWER_BYTES_MAX:
                        return http, None
                headers = response.headers
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None, None
        try:
            return http, self._desk.read(headers, raw, outgoing.reference_id)
        except NotTaken:
            return http, None


def _keyed(amount: str) -> dict[str, str]:
    """What a customer keyed, in riel, as a lookup carries it."""
    return {"amount": str(Money.parse(amount, "KHR").positive()), "currency": "KHR"}


def _outcome(http: int | None, body: Mapping[str, Any] | None) -> Answered:
    """What a verified answer says; one of HTTP 4xx is about the message and no outcome."""
    if body is None:
        return Answered(http)
    code = str(body["result"].get("code", ""))
    if http != _OK or code in _NOT_AN_OUTCOME or not code:
        return Answered(http, None, code)
    word = _WORDS.get(code, "RJCT")
    return Answered(http, word, code if word == "RJCT" else None)


def _shown(
    uetr: str | None, result: Answered, debit: Money | None, answers: tuple[Answered, ...]
) -> dict[str, object]:
    return {
        "uetr": uetr,
        "status": result.status,
        "reason": result.reason,
        "amount": None if debit is None else str(debit),
        "currency": None if debit is None else debit.currency.code,
        "answers": [answer.shown() for answer in answers],
    }
