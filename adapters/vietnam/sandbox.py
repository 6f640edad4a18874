"""A Vietnamese network to test against: NAPAS on its own wire, with its own book and mistakes.

It reads VietQR codes, answers the switch's lookups, payments, enquiries and returns, and lets its
customers pay KHQR merchants (``sandbox_payer``). One payment_reference is executed once: the same
content is answered the same, other content is 011. The surprise: it promises nothing when it says
that it does not know a payment, so a request that is still on its way is executed after that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from adapters.sandbox_kit import Entry, EntryStatus, FaultKind, Reply, SandboxKit, answer
from adapters.vietnam.jose import SecrecyError
from adapters.vietnam.sandbox_back import Back
from adapters.vietnam.sandbox_codes import ACCOUNTS, CodeRefused, Shop, payable, read_code
from adapters.vietnam.sandbox_door import Door
from adapters.vietnam.sandbox_messages import (
    ENQUIRY,
    LOOKUP,
    PAYMENT,
    RETURN,
    Desk,
    NotTaken,
    Taken,
)
from adapters.vietnam.sandbox_payer import Payer
from fx.money import Money
from switch.port import Operation

if TYPE_CHECKING:
    from adapters.sandbox_kit import Fault, SandboxContext

Check = Callable[[Mapping[str, Any], Mapping[str, Any]], str]
"""Says with which code a request is refused, or nothing."""

AMOUNT_MAX: Final = 60_000_000
"""Largest payment in dong; one above it is refused with 61."""

_DONG: Final = re.compile(r"([1-9][0-9]{0,14})\.00\Z", re.ASCII)
_REFERENCE: Final = re.compile(r"[0-9]{12,18}\Z", re.ASCII)
_RATE: Final = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,10})?\Z", re.ASCII)
_OPERATIONS: Final = MappingProxyType(
    {
        LOOKUP: ("lookup", Operation.LOOKUP),
        PAYMENT: ("payment", Operation.PAY),
        ENQUIRY: ("payment-enquiry", Operation.ENQUIRE),
        RETURN: ("return", Operation.REFUND),
    }
)
_PAYMENT_MEMBERS: Final = (
    "funding_reference", "type", "generation_method", "channel", "device_id", "location",
    "transaction_local_date_time", "interbank_amount", "interbank_currency", "exchange_rate",
    "payment_reference", "end_to_end_reference", "trace",
)  # fmt: skip


def create(context: SandboxContext) -> web.Application:
    """Return the application of this sandbox.

    Options ``network_id`` (the network) and ``own_id`` (the switch); keys: private ``vietnam`` and
    ``vietnam-kek``, the certificates ``switch-vietnam`` and ``switch-vietnam-kek``.
    """
    network = Network(context)
    app = network.kit.application()
    app.router.add_post("/qr/v1/{operation}", network.receive)
    network.payer.add_to(app)
    network.back.add_to(app)
    return app


def _spoil(reply: Reply) -> Reply:
    """Alter one signed character."""
    body = reply.body.replace(b'"code":"', b'"code" :"', 1)
    return Reply(body, reply.content_type, reply.status, reply.headers)


class Network:
    """The payee's side of the network."""

    def __init__(self, context: SandboxContext) -> None:
        self.desk = Desk(context)
        operations = (Operation.LOOKUP, Operation.PAY, Operation.ENQUIRE, Operation.REFUND)
        self.kit = SandboxKit(context, "vietnam", operations, _spoil)
        door = Door(context, self.desk)
        self.payer = Payer(context, self.desk, door, self.kit.book)
        reference = self.payer.reference
        self.back = Back(context, self.desk, door, self.kit.book, self._paid, reference)
        self._contents: dict[str, Mapping[str, Any]] = {}
        self._funding: dict[str, str] = {}

    def _paid(self, uetr: str) -> Entry | None:
        """What came from the switch under this UETR."""
        return self.kit.book.find(self._funding.get(uetr, ""))

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Take one message of the switch."""
        raw = await request.read()
        try:
            taken = self.desk.take(request.headers, raw)
            operation, named = _operation(taken, request.match_info["operation"]), _named(taken)
        except NotTaken as refused:
            return answer(self.desk.reply(refused.code, "", None, refused.http))
        reference = str(named.get("payment_reference", ""))
        uetr = str(named.get("funding_reference", ""))
        do = {
            LOOKUP: self._find, PAYMENT: self._pay, ENQUIRY: self._enquire, RETURN: self._return,
        }[taken.operation]  # fmt: skip
        return await self.kit.serve(
            request, operation, reference, uetr, lambda fault: do(taken, named, fault)
        )

    def _find(self, taken: Taken, named: Mapping[str, Any], fault: Fault | None) -> Reply:
        if fault is not None:
            return self.desk.reply(fault.reason or "14", taken.reference_id, None)
        try:
            code = payable(read_code(str(taken.payload.get("qr_string", ""))))
        except CodeRefused as refused:
            return self.desk.reply(refused.code, taken.reference_id, None)
        reference, shop = str(named["payment_reference"]), code.shop
        order = {
            "bill_number": code.bill_number,
            "store_label": code.store_label,
            "terminal_label": code.terminal_label,
        }
        payload: dict[str, object] = {
            "payment": {
                "type": "QR_PUSH",
                "generation_method": "DYNAMIC" if code.dynamic else "STATIC",
                "payment_reference": reference,
                "end_to_end_reference": reference,
                "trace": reference[-6:],
            },
            "participant": _participant(shop) | {"originating_institution_id": self.desk.partner},
            "recipient": {"full_name": shop.name, "address": {"line1": shop.city, "country": "VN"}},
            "currency": "VND",
            "recipient_account": self.desk.secrecy.seal(shop.account, f"{reference} lookup"),
            "order_info": {name: value for name, value in order.items() if value},
        }
        if code.dong:
            payload["amount"] = f"{code.dong}.00"
        return self.desk.reply("00", taken.reference_id, payload)

    def _pay(self, taken: Taken, named: Mapping[str, Any], fault: Fault | None) -> Reply:
        return self._booked(taken, named, fault, self._refusal)

    def _return(self, taken: Taken, named: Mapping[str, Any], fault: Fault | None) -> Reply:
        return self._booked(taken, named, fault, self._return_refusal)

    def _booked(
        self, taken: Taken, named: Mapping[str, Any], fault: Fault | None, check: Check
    ) -> Reply:
        """Book a reference once; answer the same content the same, other content 011."""
        reference = str(named["payment_reference"])
        known = self._contents.get(reference)
        if known is not None and known != taken.payload:
            return self.desk.reply("011", taken.reference_id, None)
        if known is None:
            refused = fault is not None and fault.kind is FaultKind.REFUSE
            refusal = "" if refused else check(taken.payload, named)
            self._execute(taken, named, fault, refusal)
        entry = self.kit.book.find(reference)
        assert entry is not None, "what was executed is in the book"
        return self._told(taken, entry)

    def _execute(
        self, taken: Taken, named: Mapping[str, Any], fault: Fault | None, refusal: str
    ) -> None:
        reference, uetr = str(named["payment_reference"]), str(named["funding_reference"])
        status = EntryStatus.REFUSED if refusal else EntryStatus.BOOKED
        if fault is not None and fault.kind is FaultKind.REFUSE:
            status, refusal = EntryStatus.REFUSED, fault.reason or "14"
        elif fault is not None and not refusal:
            status = EntryStatus.PENDING
        amount = _dong(taken.payload.get("amount")) or Money.parse("0", "VND")
        now = self.desk.clock.now()
        entry = Entry(uetr, reference, "outbound", amount, status, now, refusal or None)
        self.kit.book.add(entry)
        self._contents[reference], self._funding[uetr] = taken.payload, reference
        if fault is not None and status is EntryStatus.PENDING:
            self.kit.end_later(reference, fault.delay_ms)

    def _told(self, taken: Taken, entry: Entry) -> Reply:
        """The answer that a booked, pending or refused entry gives to its own request."""
        if entry.status is not EntryStatus.BOOKED:
            code = "68" if entry.status is EntryStatus.PENDING else entry.reason or "05"
            return self.desk.reply(code, taken.reference_id, {"payment": _echo(entry)})
        payload = {
            "payment": _echo(entry) | {"authorization_code": entry.reference[-6:]},
            "settlement_amount": f"{entry.amount}.00",
            "settlement_currency": "VND",
            "settlement_date": self.desk.today(),
        }
        return self.desk.reply("00", taken.reference_id, payload)

    def _enquire(self, taken: Taken, named: Mapping[str, Any], fault: Fault | None) -> Reply:
        if fault is not None and fault.kind is FaultKind.REFUSE:
            return self.desk.reply(fault.reason or "96", taken.reference_id, None)
        uetr = str(named.get("funding_reference", ""))
        reference = str(named.get("payment_reference", "")) or self._funding.get(uetr, "")
        entry = self.kit.book.find(reference) if reference in self._contents else None
        if entry is None or entry.uetr != uetr:
            return self.desk.reply("25", taken.reference_id, None)
        code = {EntryStatus.BOOKED: "00", EntryStatus.PENDING: "68"}.get(entry.status)
        if fault is not None:
            code = "68"
        payload = {
            "payment": _echo(entry),
            "payment_result": {"code": code or entry.reason or "05", "description": "as booked"},
        }
        return self.desk.reply("00", taken.reference_id, payload)

    def _refusal(self, payload: Mapping[str, Any], named: Mapping[str, Any]) -> str:
        """Return the code with which this payment is refused, or nothing."""
        amount = _dong(payload.get("amount"))
        if any(not isinstance(named.get(name), str) for name in _PAYMENT_MEMBERS):
            return "004"
        if payload.get("currency") != "VND" or named["interbank_currency"] != "704":
            return "12"
        if amount is None or named["interbank_amount"] != payload["amount"]:
            return "13"
        if _RATE.match(named["exchange_rate"]) is None:
            return "004"
        if amount.minor > AMOUNT_MAX:
            return "61"
        try:
            shop = ACCOUNTS.get(self.desk.secrecy.open(str(payload.get("recipient_account"))))
            self.desk.secrecy.open(str(payload.get("sender_account")))
        except SecrecyError:
            return "010"
        if shop is None:
            return "14"
        wanted = _participant(shop) | {"originating_institution_id": self.desk.partner}
        if payload.get("participant") != wanted:
            return "007"
        return shop.refusal

    def _return_refusal(self, payload: Mapping[str, Any], named: Mapping[str, Any]) -> str:
        """Return the code with which this return of a payment of our customers is refused."""
        amount = _dong(payload.get("amount"))
        original = str(named.get("original_payment_reference", ""))
        if payload.get("currency") != "VND" or amount is None:
            return "13"
        return self.payer.given_back(original, str(named["payment_reference"]), amount)


def _operation(taken: Taken, path: str) -> Operation:
    """Return what is asked, if it is asked where it belongs; raises :class:`NotTaken`."""
    known = _OPERATIONS.get(taken.operation)
    if known is None or known[0] != path:
        raise NotTaken(400, "12")
    return known[1]


def _named(taken: Taken) -> Mapping[str, Any]:
    """Return the members that name the payment; raises :class:`NotTaken`."""
    if taken.operation == LOOKUP:
        named: object = taken.payload
    else:
        named = taken.payload.get("payment")
    if not isinstance(named, dict):
        raise NotTaken(400, "004")
    reference, uetr = named.get("payment_reference", ""), named.get("funding_reference", "")
    lost = taken.operation == ENQUIRY and reference == "" and uetr != ""
    if not isinstance(reference, str) or not (lost or _REFERENCE.match(reference)):
        raise NotTaken(400, "004")
    return named


def _dong(text: object) -> Money | None:
    found = _DONG.match(text) if isinstance(text, str) else None
    return None if found is None else Money.parse(found.group(1), "VND")


def _participant(shop: Shop) -> dict[str, str]:
    return {
        "receiving_institution_id": shop.bank,
        "merchant_id": shop.merchant_id,
        "merchant_category_code": shop.category,
        "card_acceptor_id": shop.merchant_id[-8:],
        "card_acceptor_name": shop.name,
        "card_acceptor_city": shop.city,
        "card_acceptor_country": "VN",
    }


def _echo(entry: Entry) -> dict[str, str]:
    return {
        "payment_reference": entry.reference,
        "end_to_end_reference": entry.reference,
        "funding_reference": entry.uetr,
        "reference": f"VN{entry.reference}",
    }
