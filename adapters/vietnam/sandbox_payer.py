"""The sandbox's own customers: they scan a KHQR in Cambodia and pay it in dong.

An entry stays pending until a final answer or an enquiry ends it. The surprise: the book follows
the first final answer and never flips, so a switch that contradicts itself shows up as a difference
between ``answers`` and the book.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from adapters.sandbox_kit import (
    BOOK_ENTRIES_MAX,
    Answered,
    BookFullError,
    ControlError,
    Entry,
    EntryStatus,
    as_json,
    read_control,
    refused_control,
    shown,
    wanted,
)
from adapters.vietnam.sandbox_door import SPOILT, altered, made_wrong, outcome
from adapters.vietnam.sandbox_messages import ENQUIRY, LOOKUP, PAYMENT
from fx.money import Money, MoneyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from adapters.sandbox_kit import Book, SandboxContext
    from adapters.vietnam.sandbox_door import Door
    from adapters.vietnam.sandbox_messages import Desk

REPEATS_MAX: Final = 100
WITHIN_MS_DEFAULT: Final = 30_000

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a customer is to do; ``wait_ms`` passes between the lookup and the payment."""

    payload: str = field(repr=False)
    keyed: Mapping[str, str]
    account: str = field(repr=False)
    repeat: int
    within_ms: int
    age_ms: int
    wait_ms: int
    spoil: str


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
        door: Door,
        book: Book,
    ) -> None:
        self._context = context
        self._desk = desk
        self._door = door
        self._book = book
        self._sent: dict[str, _Sent] = {}
        self._by_uetr: dict[str, _Sent] = {}
        self._given: dict[str, None] = {}

    def add_to(self, app: web.Application) -> None:
        """Add the controls of customers."""
        app.router.add_post("/control/pay-khqr", self.pay)
        app.router.add_post("/control/enquire", self.enquire)

    def given_back(self, original: str, reference: str, amount: Money) -> str:
        """Take back what a customer paid; returns the code of the refusal, or nothing."""
        sent = self._sent.get(original)
        if sent is None or sent.result.status == "RJCT":
            return "25" if sent is None else "12"
        # Nobody gives back what was not paid: this is news where no answer had come.
        self._learn(sent, Answered(None, "ACSC"))
        back = [each for name, each in sent.returns.items() if name != reference]
        total = sum((each.minor for each in back), amount.minor)
        if total > sent.debit.minor:
            return "61"
        sent.returns[reference] = amount
        return ""

    async def pay(self, request: web.Request) -> web.Response:
        """``POST /control/pay-khqr``: ask for the merchant, pay the order, tell what came."""
        try:
            wish = _wish(await read_control(request))
        except (ControlError, MoneyError) as error:
            return refused_control(ControlError(str(error)))
        if len(self._sent) >= BOOK_ENTRIES_MAX:
            return refused_control(ControlError("payments: as many as can be held"))
        reference = self.reference()
        asked = {"payment_reference": reference, "qr_string": wish.payload} | dict(wish.keyed)
        outgoing = self._desk.request(LOOKUP, asked)
        http, body = await self._door.post("lookup", outgoing, wish.within_ms)
        answered = outcome(http, body)
        if body is None or answered.status != "ACSC":
            return as_json(shown(None, answered, None, (answered,)))
        sent = self._order(body["payload"], reference, wish.account)
        try:
            self._book.add(
                Entry(sent.uetr, reference, "inbound", sent.debit, EntryStatus.PENDING,
                      self._context.clock.now())
            )  # fmt: skip
        except BookFullError as error:
            return refused_control(ControlError(str(error)))
        self._sent[reference] = self._by_uetr[sent.uetr] = sent
        if wish.wait_ms:
            await self._context.clock.sleep(wish.wait_ms / 1000)
        return await self._instruct(sent, wish)

    def reference(self) -> str:
        """A fresh payment_reference: the date and ten digits of the time, or the next ones free."""
        millisecond, counter = divmod(self._context.ids.ordered(), 1 << 20)
        day, number = self._desk.today(), millisecond % _DAY_MS * 10 + counter % 10
        while (reference := f"{day}9{number:09d}") in self._given:
            number = (number + 1) % (_DAY_MS * 10)
        # Kept from now on: another customer may ask while this one's lookup is on its way.
        self._given[reference] = None
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

    async def _instruct(self, sent: _Sent, wish: _Wish) -> web.Response:
        payload = made_wrong(sent.payload, wish.spoil)
        stranger = "999999" if wish.spoil == "requestor" else ""
        outgoing = self._desk.request(PAYMENT, payload, wish.age_ms, requestor=stranger)
        outgoing = altered(outgoing, wish.spoil)
        answers: list[Answered] = []
        for _ in range(wish.repeat):
            answered = outcome(*await self._door.post("payment", outgoing, wish.within_ms))
            answers.append(answered)
            self._learn(sent, answered)
        return as_json(shown(sent.uetr, sent.result, sent.debit, tuple(answers)))

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
        http, body = await self._door.post("payment-enquiry", outgoing, within_ms)
        answered = outcome(http, body)
        if body is not None and answered.status == "ACSC":
            found = body["payload"]["payment_result"]
            answered = outcome(http, {"result": found})
        self._learn(sent, answered)
        return as_json(shown(sent.uetr, sent.result, sent.debit, (answered,)))

    def _learn(self, sent: _Sent, answered: Answered) -> None:
        """Take the first final answer; until then the latest interim one."""
        if answered.status is None or sent.result.status in ("ACSC", "RJCT"):
            return
        sent.result = answered
        if answered.status == "RJCT":
            self._book.end(sent.reference, EntryStatus.REFUSED, answered.reason)
        elif answered.status == "ACSC":
            self._book.end(sent.reference, EntryStatus.BOOKED)


def _wish(given: Mapping[str, object]) -> _Wish:
    """Read what a customer is to do; raises :class:`ControlError` and :class:`MoneyError`."""
    keyed: dict[str, str] = {}
    if given.get("amount") is not None:
        keyed = _keyed(wanted(given, "amount", str), wanted(given, "currency", str, "KHR"))
    wish = _Wish(
        payload=wanted(given, "payload", str),
        keyed=keyed,
        account=wanted(given, "debtor_account", str, "0021000234567"),
        repeat=wanted(given, "repeat", int, 1),
        within_ms=wanted(given, "within_ms", int, WITHIN_MS_DEFAULT),
        age_ms=wanted(given, "age_ms", int, 0),
        wait_ms=wanted(given, "wait_ms", int, 0),
        spoil=wanted(given, "spoil", str, ""),
    )
    if not 1 <= wish.repeat <= REPEATS_MAX or wish.within_ms < 1 or wish.wait_ms < 0:
        raise ControlError("repeat, within_ms, wait_ms: out of bounds")
    if wish.spoil not in SPOILT:
        raise ControlError("spoil: no such fault")
    return wish


def _keyed(amount: str, code: str) -> dict[str, str]:
    """What a customer keyed, in riel or in dong, as a lookup carries it."""
    keyed = Money.parse(amount, code).positive()
    text = str(keyed) if keyed.currency.exponent else f"{keyed}.00"
    return {"amount": text, "currency": keyed.currency.code}
