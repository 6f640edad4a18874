"""A Malaysian network to test against: PayNet's RPP on its own wire, with its book and mistakes.

It reads DuitNow codes, answers 521, 031 and 630, and lets its customers pay KHQR merchants
(``sandbox_payer``). One BizMsgIdr is executed once: the same content is answered the same, other
content is refused. The surprise: what was reported as never seen is executed when it comes after
all, because nothing public says that PayNet promises otherwise.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from aiohttp import web

from adapters.malaysia import sandbox_messages as wire
from adapters.malaysia.sandbox_codes import ACCOUNTS, read_code
from adapters.malaysia.sandbox_messages import Desk, StatusOf, Transfer
from adapters.malaysia.sandbox_payer import Payer
from adapters.malaysia.sandbox_wire import ANSWER_HEADER, PREFIX, Untrusted, form_holds
from adapters.sandbox_kit import Entry, EntryStatus, FaultKind, Reply, SandboxKit, answer
from fx.money import Money
from iso20022 import IsoError
from switch.port import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.malaysia.sandbox_wire import Outgoing
    from adapters.sandbox_kit import Fault, SandboxContext
    from iso20022 import Message

PATH: Final = "/rpp/v1/messages"
CONTENT_TYPE: Final = "application/json"

SKEW_MAX: Final = timedelta(minutes=5)
"""Oldest and newest acceptance time that is taken."""

AMOUNT_MIN: Final = Money.parse("0.10", "MYR")
AMOUNT_MAX: Final = Money.parse("50000.00", "MYR")
"""Payments below and above are refused U111 and U112."""

NEVER_SEEN: Final = "NSEEN"
"""Answer to an enquiry about a transfer that has not arrived."""

USED_BEFORE: Final = "DUPL"
"""An identification that came before with other content."""

_BAD, _UNAUTHORISED = 400, 401

_STATED: Final = MappingProxyType({
    EntryStatus.BOOKED: ("ACSP", "U000"), EntryStatus.PENDING: ("ACTC", "U002"),
})  # fmt: skip


def create(context: SandboxContext) -> web.Application:
    """Return the application of this sandbox.

    Options ``own_bic`` (the network) and ``partner_bic`` (the switch); keys: private ``malaysia``
    with its certificate, and the pinned certificate ``switch-malaysia``.
    """
    network = Network(context)
    app = network.kit.application()
    app.router.add_post(PATH, network.receive)
    payer = Payer(context, network.desk, network.kit.book)
    app.router.add_post("/control/pay-khqr", payer.pay)
    app.router.add_post("/control/enquire", payer.enquire)
    app.router.add_post("/control/return", payer.give_back)
    return app


def _spoil(reply: Reply) -> Reply:
    """Alter one signed character."""
    body = reply.body.replace(b"<BizSvc>RPP", b"<BizSvc>RPX", 1)
    return Reply(body, reply.content_type, reply.status, reply.headers)


def _reply(message: Outgoing, status: int = 200) -> Reply:
    return Reply(message.body, CONTENT_TYPE, status, ((ANSWER_HEADER, message.token),))


class Network:
    """The payee's side of the network."""

    def __init__(self, context: SandboxContext) -> None:
        self.desk = Desk(context)
        operations = (Operation.LOOKUP, Operation.PAY, Operation.ENQUIRE, Operation.REFUND)
        self.kit = SandboxKit(context, "malaysia", operations, _spoil)
        self._contents: dict[str, Mapping[str, object]] = {}
        self._transfers: dict[str, Transfer] = {}
        self._chains: dict[str, str] = {}
        self._returned: dict[str, Money] = {}

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Take one message of the switch."""
        raw, token = await request.read(), request.headers.get("Authorization", "")
        try:
            message = self.desk.open(
                raw, token.removeprefix(PREFIX), wire.QUESTION, wire.PAYMENT, wire.SEARCH
            )
        except Untrusted:
            return answer(_reply(self.desk.gateway("API.007", "Unauthorized"), _UNAUTHORISED))
        except IsoError:
            return answer(_reply(self.desk.gateway("API.002", "Invalid format"), _BAD))
        values, header = message.values, message.header or {}
        if header["from_bic"] != self.desk.partner or header["to_bic"] != self.desk.own:
            return answer(_reply(self.desk.gateway("API.004", "Invalid value"), _BAD))
        asked = str(values["message_id"])
        if message.name == wire.QUESTION:
            return await self.kit.serve(
                request, Operation.LOOKUP, asked, "", lambda fault: self._find(values, fault)
            )
        if message.name == wire.PAYMENT:
            back = values.get("purpose_proprietary") == "REFUND"
            return await self.kit.serve(
                request, Operation.REFUND if back else Operation.PAY, asked, str(values["uetr"]),
                lambda fault: self._pay(message, fault),
            )  # fmt: skip
        reference = str(values.get("original_transaction_id", ""))
        return await self.kit.serve(
            request, Operation.ENQUIRE, reference, "", lambda fault: self._enquire(values, fault)
        )

    def _find(self, values: Mapping[str, object], fault: Fault | None) -> Reply:
        question = str(values["message_id"])
        if fault is not None and fault.kind is FaultKind.REFUSE:
            return _reply(self.desk.report(question, fault.reason or "U121"))
        if not form_holds(question, "521", self.desk.partner):
            return _reply(self.desk.report(question, "U115"))
        return _reply(self.desk.report(question, read_code(str(values["sup_qr_payload"]))))

    def _pay(self, message: Message, fault: Fault | None) -> Reply:
        values = message.values
        reference, uetr = str(values.get("transaction_id", "")), str(values["uetr"])
        content = {name: value for name, value in values.items() if name != "created_at"}
        known = self._contents.get(reference)
        if known is not None and known != content:
            return self._status(reference, uetr, "RJCT", USED_BEFORE)
        chain = str(values["end_to_end_id"])
        if known is None and self._chains.get(chain, reference) != reference:
            return self._status(reference, uetr, "RJCT", USED_BEFORE)
        entry = self.kit.book.find(reference) if known is not None else None
        if entry is None:
            entry = self._execute(message, content, fault)
        status, code = _STATED.get(entry.status, ("RJCT", entry.reason or ""))
        return self._status(reference, uetr, status, code)

    def _execute(
        self, message: Message, content: Mapping[str, object], fault: Fault | None
    ) -> Entry:
        """Book a transfer seen for the first time."""
        values = message.values
        reference, uetr = str(values["transaction_id"]), str(values["uetr"])
        settled = values["settlement_amount"]
        assert isinstance(settled, Money)
        code = self._refusal(values, settled)
        status = EntryStatus.REFUSED if code else EntryStatus.BOOKED
        if fault is not None and fault.kind is FaultKind.REFUSE:
            status, code = EntryStatus.REFUSED, fault.reason or "U110"
        elif fault is not None and not code:
            status = EntryStatus.PENDING
        entry = Entry(uetr, reference, "outbound", settled, status, self.desk.now(), code or None)
        self.kit.book.add(entry)
        chain = str(values["end_to_end_id"])
        self._contents[reference] = content
        self._chains[chain] = reference
        self._transfers[reference] = Transfer(
            reference, chain, uetr, self.desk.now(), settled, ("", ""), ("", "", "")
        )
        original = str(values.get("remittance_reference", ""))
        if original and status is not EntryStatus.REFUSED:
            given = self._returned.get(original)
            self._returned[original] = settled if given is None else given + settled
        if fault is not None and status is EntryStatus.PENDING:
            self.kit.end_later(reference, fault.delay_ms)
        return entry

    def _refusal(self, values: Mapping[str, object], settled: Money) -> str:
        """Return the code why this transfer cannot be taken, or nothing."""
        reference = str(values.get("transaction_id", ""))
        if reference != values["message_id"] or not form_holds(reference, "031", self.desk.partner):
            return "U115"
        accepted = values.get("acceptance_at")
        late = isinstance(accepted, datetime) and abs(self.desk.now() - accepted) > SKEW_MAX
        if late or reference[:8] != f"{self.desk.today():%Y%m%d}":
            return "U115"
        if (values.get("clearing_system_proprietary"), values.get("local_instrument")) != (
            "RPP",
            "031",
        ):
            return "U100"
        if settled.currency.code != "MYR":
            return "U110"
        if settled < AMOUNT_MIN:
            return "U111"
        if settled > AMOUNT_MAX:
            return "U112"
        if values.get("purpose_proprietary") == "REFUND":
            return self._return_refused(str(values.get("remittance_reference", "")), settled)
        shop = ACCOUNTS.get(str(values.get("creditor_account", "")))
        if shop is None or values["creditor_agent"] != shop.agent:
            return "U121"
        code = read_code(str(values.get("sup_qr_payload", "")))
        if isinstance(code, str):
            return shop.refusal or code
        return "U110" if code.amount is not None and code.amount != settled else shop.refusal

    def _return_refused(self, original: str, settled: Money) -> str:
        """Return the code why money is not taken back, or nothing: all of a payment, and once."""
        entry = self.kit.book.find(original)
        if entry is None or entry.direction != "inbound":
            return "U110"
        if entry.status is not EntryStatus.BOOKED:
            return "U110"
        given = self._returned.get(original)
        total = settled if given is None else given + settled
        return "U112" if total > entry.amount else ""

    def _enquire(self, values: Mapping[str, object], fault: Fault | None) -> Reply:
        query = str(values["message_id"])
        if fault is not None and fault.kind is FaultKind.REFUSE:
            return _reply(self.desk.not_found_out(query, fault.reason or "U102"))
        chain = str(values.get("original_end_to_end_id", ""))
        reference = str(values.get("original_transaction_id", "")) or self._chains.get(chain, "")
        entry = self.kit.book.find(reference)
        if entry is None or reference not in self._transfers:
            return _reply(self.desk.found(query, reference or "NOTPROVIDED", NEVER_SEEN, None))
        status, code = _STATED.get(entry.status, ("RJCT", entry.reason or ""))
        if fault is not None:
            status, code = _STATED[EntryStatus.PENDING]
        told = StatusOf(reference, entry.uetr, status, code)
        return _reply(self.desk.found(query, reference, told, self._transfers[reference]))

    def _status(self, reference: str, uetr: str, status: str, code: str) -> Reply:
        return _reply(self.desk.status(StatusOf(reference, uetr, status, code)))
