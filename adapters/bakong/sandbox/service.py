"""The member web service of the simulated backbone, over its ledger.

Each call is authenticated for one participant, checked, then executed once per (payer, reference):
the same document again gets the same answer, another document under that reference is refused. The
surprise: a fault of the kit that leaves a payment pending ends through the book, and the ledger
follows the book.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from aiohttp import web

from adapters.bakong.sandbox import messages
from adapters.bakong.sandbox.control import Control
from adapters.bakong.sandbox.ledger import (
    ASSETS,
    PARTICIPANTS,
    Condition,
    Ledger,
    Stage,
    Transfer,
    default_accounts,
    parse_accounts,
)
from adapters.bakong.sandbox.messages import Call, CallError
from adapters.bakong.sandbox.outcome import Outcomes, Script
from adapters.bakong.sandbox.reversals import Reversals
from adapters.sandbox_kit import Entry, EntryStatus, FaultKind, Reply, SandboxKit, answer
from fx.money import Money, MoneyError
from iso20022 import IsoError, read
from switch.port import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.sandbox_kit import Execute, Fault, SandboxContext

PATH: Final = "/BakongWebService/NBCInterface"
PAGE_MAX: Final = 200
EXT_REF_CHARACTERS_MAX: Final = 70

_BIC_LENGTH_SHORT: Final = 8

_OPERATIONS: Final = (
    *(Operation.PAY, Operation.ENQUIRE, Operation.COLLECT, Operation.ACKNOWLEDGE),
    Operation.REFUND,
)


@dataclass(frozen=True, slots=True)
class Job:
    """A checked call, ready to be executed: how the kit lists it and what to do."""

    operation: Operation
    reference: str
    uetr: str
    do: Execute


class Backbone:
    """One simulated backbone.

    Options: ``users`` (``name=BIC`` with commas, beside ``aclb-switch`` and its like for every
    participant, and ``bakong-switch`` for the first), ``accounts`` (see :func:`parse_accounts`),
    ``settle_ms``. Secret: ``bakong-password``, shared by all users.
    """

    def __init__(self, context: SandboxContext) -> None:
        options = context.options
        self._clock = context.clock
        self._password = context.keys.secret("bakong-password").encode()
        self._users = _users(options.get("users", ""))
        self._ledger = Ledger(default_accounts() | parse_accounts(options.get("accounts", "")))
        self._kit = SandboxKit(
            context,
            "bakong",
            _OPERATIONS,
            messages.spoil,
        )
        self._outcomes = Outcomes(self._kit, self._ledger, context)
        self._control = Control(self._ledger, self._outcomes, context)
        self._calls: Mapping[str, Callable[[Mapping[str, str], str], Job]] = MappingProxyType(
            {
                "makeFullFundTransfer": self._transfer,
                "getOutgoingTransaction": self._outgoing,
                "getIncomingTransaction": self._incoming,
                "makeAcknowledgement": self._acknowledge,
                "makeReverseTransaction": self._reverse,
            }
        )
        self._reversals = Reversals(self._ledger, self._outcomes, context)

    def application(self) -> web.Application:
        """Return the service with the kit's and its own control endpoints."""
        app = self._kit.application()
        app.router.add_post(PATH, self._serve)
        self._control.add_to(app)
        return app

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if "User-Agent" not in request.headers:
            # The firewall before the service, as members report it.
            return web.Response(status=403, text="Forbidden")
        if request.content_type != "text/xml" or "SOAPAction" not in request.headers:
            return web.Response(status=415)
        self._outcomes.follow_the_clock()
        try:
            call = messages.read_call(await request.read())
            job = self._calls[call.operation](call.parts, self._authenticate(call))
        except CallError as error:
            return answer(messages.fault(error.word))
        return await self._kit.serve(request, job.operation, job.reference, job.uetr, job.do)

    def _authenticate(self, call: Call) -> str:
        """The participant code that the credentials stand for."""
        participant = self._users.get(call.parts["cm_user_name"])
        given = call.parts["cm_password"].encode()
        if not hmac.compare_digest(given, self._password) or participant is None:
            raise CallError("AUTHENTICATION_FAILED")
        return participant

    def _transfer(self, parts: Mapping[str, str], participant: str) -> Job:
        ext_ref = parts["ext_ref"].strip()
        document = messages.read_inner(parts["iso_message"])
        try:
            values = read(document, names=("pain.001.001.05",), header=False).values
        except IsoError:
            raise CallError("WRONG_REQUEST_DATA") from None
        amount = values["instructed_amount"]
        assert isinstance(amount, Money), "the reader gives an amount"
        payer, payee = (_long(values[f"{side}_agent"]) for side in ("debtor", "creditor"))
        if (
            not 0 < len(ext_ref) <= EXT_REF_CHARACTERS_MAX
            or not str(values["payment_information_id"]).startswith(f"{payer}/{payee}/")
            or not _adds_up(values.get("control_sum"), amount)
        ):
            raise CallError("WRONG_REQUEST_DATA")
        if payer != participant:
            raise CallError("NOT_AUTHORISED")
        content = sha256(document).hexdigest()
        asked = Transfer(
            payer=payer,
            payee=payee,
            ext_ref=ext_ref,
            content=content,
            amount=amount,
            ledger_hash=sha256(f"{payer} {ext_ref} {content}".encode()).hexdigest(),
            stage=Stage.AUTHORIZED,
            document=document.decode(),
            information_id=str(values["payment_information_id"]),
            notes=_notes(values.get("remittance_unstructured")),
        )
        uetr = messages.uetr_of(ext_ref, asked.notes)
        debtor, creditor = (str(values.get(f"{side}_account")) for side in ("debtor", "creditor"))

        def do(fault: Fault | None) -> Reply:
            known = self._ledger.find(payer, ext_ref)
            if known is not None:
                return self._again(known, content)
            reason = self._refusal(asked, debtor, creditor)
            if not reason and fault is not None and fault.kind is FaultKind.REFUSE:
                reason = fault.reason or "AC01"
            return self._execute(asked, creditor, uetr, reason, fault)

        return Job(Operation.PAY, ext_ref, uetr, do)

    def _again(self, known: Transfer, content: str) -> Reply:
        if known.content != content:
            return messages.response("makeFullFundTransfer", [messages.report("RJCT", "", "DUPL")])
        return messages.response("makeFullFundTransfer", [known.answer])

    def _refusal(self, asked: Transfer, debtor: str, creditor: str) -> str:
        """The reason against a transfer, or empty."""
        account = self._ledger.account(creditor)
        code = asked.amount.currency.code
        if code not in ASSETS:
            return "AM03"
        if debtor != self._ledger.pool_account(asked.payer):
            return "AC02"
        if asked.payee not in PARTICIPANTS:
            return "RC04"
        if account is None:
            return "AC01"
        if account.bank != asked.payee:
            return "AGNT"
        if account.condition in (Condition.CLOSED, Condition.BLOCKED):
            return str(account.condition)
        if code not in account.assets:
            return "AM03"
        return "" if self._ledger.covers(asked.payer, asked.amount) else "AM04"

    def _execute(
        self, asked: Transfer, creditor: str, uetr: str, reason: str, fault: Fault | None
    ) -> Reply:
        """Enter a new transfer and start what becomes of it; a full ledger changes nothing."""
        account = self._ledger.account(creditor)
        if reason:
            script, report = Script(Stage.CANNOT_SETTLE), messages.report("RJCT", "", reason)
        elif fault is not None:
            script = Script(Stage.AT_FAST, delay_ms=fault.delay_ms)
            report = messages.report("PDNG", asked.ledger_hash)
        else:
            script, report = self._control.next_script(), messages.report("ACSP", asked.ledger_hash)
            if account is not None and account.condition is Condition.VANISHING:
                script = Script(Stage.FAILED_AT_BANK, "AC04")
        entry = Entry(
            uetr=uetr,
            reference=asked.ext_ref,
            direction="inbound",
            amount=asked.amount,
            status=EntryStatus.REFUSED if reason else EntryStatus.PENDING,
            at=self._clock.now(),
            reason=reason or None,
        )
        self._outcomes.begin(asked, report, entry, script)
        return messages.response("makeFullFundTransfer", [report])

    def _reverse(self, parts: Mapping[str, str], participant: str) -> Job:
        asked = self._reversals.read(messages.read_inner(parts["content_message"]), participant)
        uetr = messages.uetr_of(asked.ext_ref, ())

        def do(fault: Fault | None) -> Reply:
            report = self._reversals.taken(asked, uetr, fault)
            return messages.response("makeReverseTransaction", [report])

        return Job(Operation.REFUND, asked.ext_ref, uetr, do)

    def _outgoing(self, parts: Mapping[str, str], participant: str) -> Job:
        ext_ref = parts["ext_ref"].strip()
        if parts["payer_participant_code"].strip() != participant:
            raise CallError("NOT_AUTHORISED")

        def do(fault: Fault | None) -> Reply:
            if fault is not None and fault.kind is FaultKind.REFUSE:
                return messages.fault(fault.reason or "INTERNAL_ERROR")
            found = self._ledger.find(participant, ext_ref)
            if found is None:
                return messages.response("getOutgoingTransaction", [])
            stage = found.stage if fault is None else Stage.AT_BANK
            return messages.response("getOutgoingTransaction", [messages.item(found, stage)])

        found = self._ledger.find(participant, ext_ref)
        uetr = messages.uetr_of(ext_ref, () if found is None else found.notes)
        return Job(Operation.ENQUIRE, ext_ref, uetr, do)

    def _incoming(self, parts: Mapping[str, str], participant: str) -> Job:
        size = parts["size"].strip()
        if parts["payee_participant_code"].strip() != participant:
            raise CallError("NOT_AUTHORISED")
        if not size.isdecimal() or not 0 < int(size) <= PAGE_MAX:
            raise CallError("WRONG_REQUEST_DATA")

        def do(fault: Fault | None) -> Reply:
            if fault is not None and fault.kind is FaultKind.REFUSE:
                return messages.fault(fault.reason or "INTERNAL_ERROR")
            waiting = () if fault is not None else self._ledger.waiting(participant, int(size))
            items = [messages.item(transfer, transfer.stage) for transfer in waiting]
            return messages.response("getIncomingTransaction", items)

        return Job(Operation.COLLECT, participant, "", do)

    def _acknowledge(self, parts: Mapping[str, str], participant: str) -> Job:
        document = messages.read_inner(parts["content_message"])
        try:
            values = read(document, names=("pain.002.001.06",), header=False).values
        except IsoError:
            raise CallError("WRONG_REQUEST_DATA") from None
        information_id = str(values.get("original_payment_information_id"))
        if values.get("status") != "ACSC":
            raise CallError("WRONG_REQUEST_DATA")

        def do(fault: Fault | None) -> Reply:
            if fault is not None:
                return messages.fault(fault.reason or "INTERNAL_ERROR")
            waiting = self._ledger.waiting_for(participant, information_id)
            if waiting is None:
                return messages.fault("TRANSACTION_NOT_FOUND")
            if waiting.amount != values.get("instructed_amount"):
                return messages.fault("WRONG_REQUEST_DATA")
            self._ledger.advance(waiting, Stage.SETTLED)
            report = messages.report("ACSC", waiting.ledger_hash)
            return messages.response("makeAcknowledgement", [report])

        return Job(Operation.ACKNOWLEDGE, information_id, "", do)


def _users(listed: str) -> Mapping[str, str]:
    users = {f"{code}-switch": bic for bic, code in PARTICIPANTS.items()}
    users["bakong-switch"] = next(iter(PARTICIPANTS))
    for entry in filter(None, (part.strip() for part in listed.split(","))):
        name, _, bic = entry.partition("=")
        if bic not in PARTICIPANTS:
            raise ValueError("users: each entry is name=BIC of a participant")
        users[name] = bic
    return MappingProxyType(users)


def _long(bic: object) -> str:
    text = str(bic)
    return f"{text}XXX" if len(text) == _BIC_LENGTH_SHORT else text


def _adds_up(control_sum: object, amount: Money) -> bool:
    try:
        return Money.parse(str(control_sum), amount.currency.code) == amount
    except MoneyError:
        return False


def _notes(lines: object) -> tuple[str, ...]:
    return tuple(map(str, lines)) if isinstance(lines, tuple) else ()
