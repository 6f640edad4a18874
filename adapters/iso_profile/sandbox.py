"""A network of this profile to test against, on its own wire, with its own book and mistakes.

It reads its own codes, answers the switch's acmt.023, pacs.008 and pacs.028, and lets its customers
pay KHQR merchants (``sandbox_payer``). One TxId is executed once: the same content is answered the
same, other content is refused, and what was reported as never seen is never executed. The surprise:
a fault never changes what the book says, so the book is the truth that the switch is held to.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from aiohttp import web

from adapters.iso_profile import sandbox_messages as wire
from adapters.iso_profile.sandbox_country import CodeRefused
from adapters.iso_profile.sandbox_messages import Desk, Found, Outgoing, StatusOf
from adapters.iso_profile.sandbox_payer import Payer
from adapters.iso_profile.sandbox_recalls import Recalls
from adapters.iso_profile.sandbox_returns import Returns
from adapters.iso_profile.sandbox_statement import Statements
from adapters.sandbox_kit import (
    BOOK_ENTRIES_MAX,
    BookFullError,
    Entry,
    EntryStatus,
    FaultKind,
    Reply,
    SandboxKit,
    answer,
)
from fx.money import Money
from iso20022 import IsoError
from switch.model import Finality
from switch.port import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.iso_profile.sandbox_country import Country
    from adapters.sandbox_kit import Fault, SandboxContext
    from iso20022 import Message

PATH: Final = "/iso20022/v1/messages"
CONTENT_TYPE: Final = "application/xml"

SKEW_MAX: Final = timedelta(minutes=5)
"""Oldest and newest acceptance time that is taken."""

NEVER_SEEN: Final = "NSEEN"
"""Proprietary reason of an enquiry about a payment that never arrived, and now never will."""

RESERVED_S: Final = 24 * 3600
"""What is set aside and not confirmed ends refused after this: later than confirmations repeat."""

_BAD, _UNAUTHORISED = 400, 401

_TAKEN: Final = (wire.QUESTION, wire.PAYMENT, wire.ENQUIRY, wire.RETURN, wire.RECALL)

_WORD_MISSING: Final = "TM01"
"""Why what was set aside came to nothing: nobody gave the word for it in time."""

_STATUS: Final = MappingProxyType(
    {
        EntryStatus.BOOKED: "ACSC",
        EntryStatus.PENDING: "ACTC",
        EntryStatus.RESERVED: "ACSP",
        EntryStatus.REFUSED: "RJCT",
    }
)


def application(context: SandboxContext, country: Country) -> web.Application:
    """Return the application of a network's sandbox.

    Options ``own_bic`` (the network), ``partner_bic`` (the switch) and ``finality``, where what is
    paid waits for the switch's word; keys: private ``<network>`` with its certificate, and the
    pinned certificate ``switch-<network>``.
    """
    network = Network(context, country)
    app = network.kit.application()
    app.router.add_post(PATH, network.receive)
    app.router.add_post("/control/pay-khqr", network.payer.pay)
    app.router.add_post("/control/enquire", network.returns.enquire)
    app.router.add_post("/control/return", network.returns.give_back)
    app.router.add_post("/control/decide-recall", network.recalls.decide)
    app.router.add_post("/control/ask-back", network.recalls.ask_back)
    app.router.add_get("/control/statement", network.statements.give)
    return app


def _spoil(reply: Reply) -> Reply:
    """Alter one signed character."""
    body = reply.body.replace(b"</BizMsgIdr>", b"X</BizMsgIdr>", 1)
    return Reply(body, reply.content_type, reply.status)


def _xml(message: Outgoing, status: int = 200) -> Reply:
    return Reply(message.body, CONTENT_TYPE, status)


class Network:
    """The payee's side of the network."""

    def __init__(self, context: SandboxContext, country: Country) -> None:
        self.desk = Desk(context, country)
        self._country = country
        operations = (
            *(Operation.LOOKUP, Operation.PAY, Operation.CONFIRM, Operation.ENQUIRE),
            *(Operation.REFUND, Operation.RECALL),
        )
        self._word = context.options.get("finality") == Finality.THREE_LEG.value
        self._taken = EntryStatus.RESERVED if self._word else EntryStatus.BOOKED
        self.kit = SandboxKit(context, country.network, operations, _spoil)
        self._clock, self._tasks = context.clock, context.tasks
        self._contents: dict[str, Mapping[str, object]] = {}
        self._references: dict[str, str] = {}
        self._tombstones: dict[str, None] = {}
        self.payer = Payer(context, country, self.desk, self.kit.book)
        self.returns = Returns(context, self.desk, self.kit, self.payer, self._tombstones)
        self.recalls = Recalls(context, self.desk, self.kit, self.payer, self.returns)
        self.statements = Statements(
            context, self.desk, self.kit.book, self.returns, country.currency
        )

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Take one message of the switch."""
        raw = await request.read()
        try:
            message = self.desk.open(raw, *_TAKEN, *((wire.STATUS,) if self._word else ()))
        except IsoError as error:
            status = _UNAUTHORISED if error.code.startswith("DS") else _BAD
            return answer(_xml(self.desk.reject("", error.code, error.detail), status))
        values = message.values
        header = message.header or {}
        if header["from_bic"] != self.desk.partner or header["to_bic"] != self.desk.own:
            related = str(values["message_id"])
            return answer(_xml(self.desk.reject(related, "AGNT", "not between us"), _BAD))
        if message.name == wire.QUESTION:
            return await self.kit.serve(
                request, Operation.LOOKUP, str(values["message_id"]), "",
                lambda fault: self._find(values, fault),
            )  # fmt: skip
        if message.name == wire.PAYMENT:
            reference, uetr = str(values.get("transaction_id", "")), str(values["uetr"])
            return await self.kit.serve(
                request, Operation.PAY, reference, uetr, lambda fault: self._pay(message, fault)
            )
        if message.name == wire.RETURN:
            reference, uetr = str(values.get("return_id", "")), str(values["original_uetr"])
            return await self.kit.serve(
                request, Operation.REFUND, reference, uetr,
                lambda fault: _xml(self.desk.status(self.returns.taken(values, fault))),
            )  # fmt: skip
        if message.name == wire.RECALL:
            reference, uetr = str(values.get("cancellation_id", "")), str(values["original_uetr"])
            return await self.kit.serve(
                request, Operation.RECALL, reference, uetr,
                lambda fault: _xml(self.recalls.taken(values, fault)),
            )  # fmt: skip
        reference, uetr = (
            str(values.get("original_transaction_id", "")),
            str(values["original_uetr"]),
        )
        if message.name == wire.STATUS:
            return await self.kit.serve(
                request, Operation.CONFIRM, reference, uetr,
                lambda fault: self._confirmed(values, fault),
            )  # fmt: skip
        return await self.kit.serve(
            request, Operation.ENQUIRE, reference, uetr, lambda fault: self._enquire(values, fault)
        )

    def _find(self, values: Mapping[str, object], fault: Fault | None) -> Reply:
        question, original = str(values["message_id"]), str(values["verification_id"])
        if fault is not None and fault.kind is FaultKind.REFUSE:
            return _xml(self.desk.report(question, original, fault.reason or "AC01"))
        try:
            found: Found | str = self._merchant(str(values["sup_qr_payload"]))
        except CodeRefused as refused:
            found = refused.reason
        return _xml(self.desk.report(question, original, found))

    def _pay(self, message: Message, fault: Fault | None) -> Reply:
        values = message.values
        reference, uetr = str(values.get("transaction_id", "")), str(values["uetr"])
        content = {name: value for name, value in values.items() if name != "created_at"}
        known = self._contents.get(reference)
        if known is not None and known != content:
            return self._status(values, "RJCT", "DUPL")
        if known is None and self._references.get(uetr, reference) != reference:
            buried = self._references[uetr] in self._tombstones
            return self._status(values, "RJCT", "TM01" if buried else "DUPL")
        if reference in self._tombstones:
            return self._status(values, "RJCT", "TM01")
        entry = self.kit.book.find(reference) if known is not None else None
        if entry is None:
            entry = self._execute(values, content, fault)
        return self._status(values, self._said(entry), entry.reason or "")

    def _said(self, entry: Entry) -> str:
        """How an entry stands; of a transfer what is pending is accepted, and not posted yet."""
        unposted = entry.status is EntryStatus.PENDING and self._is_transfer(entry.reference)
        return wire.UNPOSTED if unposted else _STATUS[entry.status]

    def _is_transfer(self, reference: str) -> bool:
        content = self._contents.get(reference, {})
        return content.get("instruction_priority") == wire.TRANSFER

    def _execute(
        self, values: Mapping[str, object], content: Mapping[str, object], fault: Fault | None
    ) -> Entry:
        """Book a payment seen for the first time."""
        reference, uetr = str(values.get("transaction_id", "")), str(values["uetr"])
        settled = values["settlement_amount"]
        assert isinstance(settled, Money)
        reason = self._refusal(values, settled)
        status = EntryStatus.REFUSED if reason else self._taken
        if fault is not None and fault.kind is FaultKind.REFUSE:
            status, reason = EntryStatus.REFUSED, fault.reason or "AC01"
        elif fault is not None and not reason:
            status = EntryStatus.PENDING
        now = self._clock.now()
        entry = Entry(uetr, reference, "outbound", settled, status, now, reason or None)
        self.kit.book.add(entry)
        self._contents[reference] = content
        self._references[uetr] = reference
        if fault is not None and status is EntryStatus.PENDING:
            unpostable = fault.reason if self._is_transfer(reference) else ""
            status = EntryStatus.REFUSED if unpostable else self._taken
            self.kit.end_later(reference, fault.delay_ms, status, unpostable or None)
        if self._word and status is not EntryStatus.REFUSED:
            self._tasks.start("iso-sandbox-reserved", self._lapse(reference))
        return entry

    async def _lapse(self, reference: str) -> None:
        """End what is set aside and was never confirmed."""
        await self._clock.sleep(RESERVED_S)
        self.kit.book.end(reference, EntryStatus.REFUSED, _WORD_MISSING)

    def _confirmed(self, values: Mapping[str, object], fault: Fault | None) -> Reply:
        """Carry out what is set aside; whatever is said again is answered as the book stands."""
        reference, uetr = (
            str(values.get("original_transaction_id", "")),
            str(values["original_uetr"]),
        )
        named = str(values.get("original_message_id", "")) or reference
        of = StatusOf(named, reference, uetr, "RJCT")
        entry = self.kit.book.find(reference)
        if entry is None or entry.uetr != uetr or entry.direction != "outbound":
            return _xml(self.desk.status(_replaced(of, "RJCT", reason="NOOR")))
        if values["status"] != "ACSC":
            return _xml(self.desk.reject(str(values["message_id"]), "FF01", "no word"), _BAD)
        if entry.status is EntryStatus.RESERVED:
            refused = fault is not None and fault.kind is FaultKind.REFUSE
            status = EntryStatus.REFUSED if refused else EntryStatus.BOOKED
            reason = (fault.reason or "AC04") if fault is not None and refused else None
            if fault is None or refused:
                entry = self.kit.book.end(reference, status, reason)
        return _xml(
            self.desk.status(_replaced(of, _STATUS[entry.status], reason=entry.reason or ""))
        )

    def _refusal(self, values: Mapping[str, object], settled: Money) -> str:
        """Return the reason why this payment cannot be taken, or nothing."""
        accepted, now = values.get("acceptance_at"), self._clock.now()
        shop = self._country.accounts.get(str(values.get("creditor_account", "")))
        if not values.get("transaction_id") or not isinstance(accepted, datetime):
            return "CH21"
        clearing = values.get("clearing_system_code", values.get("clearing_system_proprietary"))
        if clearing != self._country.clearing or values["charge_bearer"] != "SLEV":
            return "FF01"
        expires = values.get("expires_at")
        late = isinstance(expires, datetime) and now - expires > SKEW_MAX
        if abs(now - accepted) > SKEW_MAX or late:
            return "TM01"
        if (values.get("instructing_agent"), values.get("instructed_agent")) != (
            self.desk.partner,
            self.desk.own,
        ):
            return "AGNT"
        if settled.currency.code != self._country.currency:
            return "AM03"
        if settled > self._country.amount_max:
            return "AM02"
        if not _rate_holds(values, settled):
            return "AB04"
        if shop is None:
            return "AC01"
        if values["creditor_agent"] != shop.agent:
            return "RC04"
        return shop.refusal or self._code_disagrees(values, settled)

    def _merchant(self, payload: str) -> Found:
        """Return the merchant of a code; raises ``CodeRefused``."""
        code = self._country.read_code(payload)
        shop = code.shop
        if shop.refusal:
            raise CodeRefused(shop.refusal)
        return Found(
            shop.name, shop.account, shop.agent, shop.city, shop.category, code.amount,
            code.bill_number, code.store_label, code.terminal_label,
        )  # fmt: skip

    def _code_disagrees(self, values: Mapping[str, object], settled: Money) -> str:
        """Return AM09 when the scanned code fixes another amount, or its own refusal."""
        payload = values.get("sup_qr_payload")
        if not isinstance(payload, str):
            return ""
        try:
            code = self._country.read_code(payload)
        except CodeRefused as refused:
            return refused.reason
        return "" if code.amount is None or code.amount == settled else "AM09"

    def _enquire(self, values: Mapping[str, object], fault: Fault | None) -> Reply:
        if fault is not None and fault.kind is FaultKind.REFUSE:
            related = str(values["message_id"])
            return _xml(self.desk.reject(related, fault.reason or "AG03", "not now"), _BAD)
        uetr = str(values["original_uetr"])
        reference = str(values.get("original_transaction_id", ""))
        if not reference:
            # Whoever lost its own TxId asks by the UETR alone; a UETR never seen is as final.
            reference = self._references.setdefault(uetr, f"UETR{uetr.replace('-', '')[:31]}")
        entry = self.kit.book.find(reference)
        named = str(values.get("original_message_id", "")) or reference
        about = str(values.get("original_message_name", wire.PAYMENT))
        of = StatusOf(named, reference, uetr, "RJCT", name=about)
        if entry is None or entry.uetr != uetr:
            if reference not in self._tombstones and len(self._tombstones) >= BOOK_ENTRIES_MAX:
                raise BookFullError("tombstones")
            self._tombstones[reference] = None
            return _xml(self.desk.status(_replaced(of, "RJCT", proprietary=NEVER_SEEN)))
        if fault is not None:
            return _xml(self.desk.status(_replaced(of, "PDNG")))
        said = self._said(entry)
        return _xml(self.desk.status(_replaced(of, said, reason=entry.reason or "")))

    def _status(self, values: Mapping[str, object], status: str, reason: str = "") -> Reply:
        of = StatusOf(
            str(values["message_id"]),
            str(values.get("transaction_id", "")),
            str(values["uetr"]),
            status,
            reason,
        )
        return _xml(self.desk.status(of))


def _replaced(of: StatusOf, status: str, *, reason: str = "", proprietary: str = "") -> StatusOf:
    return replace(of, status=status, reason=reason, proprietary=proprietary)


def _rate_holds(values: Mapping[str, object], settled: Money) -> bool:
    """Whether instructed amount times rate is the settled amount, to a step of either currency."""
    instructed, rate = values.get("instructed_amount"), values.get("exchange_rate")
    if not isinstance(instructed, Money):
        return rate is None
    if instructed.currency == settled.currency:
        return rate is None and instructed == settled
    if not isinstance(rate, Decimal):
        return False
    difference = abs(Decimal(str(instructed)) * rate - Decimal(str(settled)))
    return difference <= Decimal("0.01") + rate
