"""The bench that a network is put on: its real adapter, the real transport, and the far side.

A case plans with the adapter, sends over HTTP and reads what came, as the switch does, and it asks
the far side for its book where that shows one. The surprise: the bench has no ledger, since what is
judged is the link; what the switch makes of an outcome is proven elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson

from adapters.conformance.case import CaseFailed, NotRun, demand
from adapters.conformance.payments import Ready, made
from adapters.conformance.plan import DEBTOR
from switch.abilities import NamedByNetwork
from switch.model import Particulars
from switch.port import Merchant, Operation, Outcome, OutcomeKind, Planning, Unavailable, WireAnswer
from switch.wire.transport import Answer, MaybeSent, NotSent, Request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.conformance.home import Home
    from adapters.conformance.plan import Plan
    from fx.money import Money
    from switch.facts import Facts
    from switch.port import Exchange, SchemeQuote
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.wire.net import Net
    from switch.wire.transport import Transport

SLOT: Final = 1
CONTROL_WITHIN_S: Final = 20.0
SEND_TRIES: Final = 3
POLLS_MAX: Final = 10

ENDED: Final = (OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.NEVER_SEEN,
                OutcomeKind.CANCELLED)  # fmt: skip
"""Outcomes that say for good whether money was moved."""


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one exchange. ``silent``: nothing that an adapter could read."""

    outcome: Outcome
    silent: str = ""
    answer: WireAnswer | None = None

    @property
    def kind(self) -> OutcomeKind:
        """The kind of the outcome."""
        return self.outcome.kind

    def __str__(self) -> str:
        reason = "" if self.outcome.reason is None else f" {self.outcome.reason.iso}"
        return f"{self.kind}{reason}{f' ({self.silent})' if self.silent else ''}"


@dataclass(slots=True)
class Bench:
    """One network on the bench.

    ``patience_ms`` is how long an answer is waited for; where the far side can be steered it is
    short, and what is late is a multiple of it. ``said`` is the last that was said for good of each
    reference, ``begun`` the references of the case that runs, and ``reported`` those of cases that
    failed, which are not held against the network twice.
    """

    adapter: Any
    plan: Plan
    network: str
    transport: Transport
    net: Net
    clock: Clock
    ids: Ids
    patience_ms: int
    home: Home | None = None
    homeless: str = "no switch stands behind this check"
    ahead: timedelta = timedelta()
    said: dict[str, OutcomeKind] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)
    _numbers: int = 0
    _merchant: Merchant | None = None
    _code: str = ""

    @property
    def facts(self) -> Facts:
        """What is declared about the network."""
        facts: Facts = self.adapter.facts
        return facts

    def now(self) -> datetime:
        """The time that messages are written at."""
        return self.clock.now() + self.ahead

    def planning(self, uetr: str = "", rung: int = 0) -> Planning:
        """What the switch would give the adapter now."""
        self._numbers += 1
        now = self.now()
        digits = self.facts.reference_sequence_digits
        moment = (now.hour * 3600 + now.minute * 60 + now.second) * 100 + self._numbers
        return Planning(
            now=now,
            message_number=self.ids.ordered(),
            slot=SLOT,
            send_by=now + timedelta(milliseconds=self.facts.send_within_ms),
            rung=rung,
            uetr=uetr,
            sequence=moment % 10**digits if digits else 0,
        )

    async def sent(
        self, exchange: Exchange, *, patience_ms: int = 0
    ) -> Answer | NotSent | MaybeSent:
        """Send an exchange over the real transport: once, and again what provably did not leave."""
        within = patience_ms or min(self.patience_ms, exchange.answer_within_ms)
        result: Answer | NotSent | MaybeSent = NotSent("")
        for _ in range(SEND_TRIES):
            result = await self.transport.send(
                self.network,
                Request(exchange.method, exchange.path, exchange.headers, exchange.body),
                may_send=lambda: True,
                answer_within_s=within / 1000,
                answer_bytes_max=self.facts.answer_bytes_max,
            )
            if not isinstance(result, NotSent):
                break
        return result

    async def looked_up(self, payload: str) -> Merchant | Unavailable:
        """Ask the network for the merchant of a code; an unread answer fails the case."""
        exchange = self.adapter.plan_lookup(payload, None, self.planning())
        result = await self.sent(exchange)
        if not isinstance(result, Answer):
            raise CaseFailed(f"no answer to a lookup: {result.why}")
        found: Merchant | Unavailable = self.adapter.read_lookup(exchange, _wire(result))
        return found

    def code(self, amount: Money) -> str:
        """The plan's code; of an order for this amount that was never used, where it is one."""
        if not self.plan.orders:
            return self.plan.payload
        self._numbers += 1
        now = self.clock.now()
        second = now.hour * 3600 + now.minute * 60 + now.second
        number = f"{second:05d}{self._numbers % 100_000:05d}"
        return self.plan.payload.format(number=number, amount=amount.minor)

    async def merchant(self, amount: Money | None = None) -> Merchant:
        """The merchant of the plan's code, asked for once; or for each order."""
        if self._merchant is None or self.plan.orders:
            if Operation.LOOKUP not in self.facts.operations:
                self._code, self._merchant = self.plan.payload, self._known()
                return self._merchant
            self._code = self.code(amount or self.plan.amount)
            found = await self.looked_up(self._code)
            if isinstance(found, Unavailable):
                raise CaseFailed(f"the merchant of the plan is refused: {found.reason.iso}")
            self._merchant = found
        return self._merchant

    def _known(self) -> Merchant:
        """Who the plan says is paid."""
        if self.plan.payee is None:
            raise NotRun("the network has no lookup, and the plan names no payee")
        return Merchant(self.plan.payee, "Phnom Penh", "", self.facts.currency, None)

    async def quoted(self, merchant: Merchant, amount: Money, other: str) -> SchemeQuote:
        """The network's own price of a fixed amount at the code that was looked up last."""
        exchange = self.adapter.plan_quote(merchant, self._code, amount, other, self.planning())
        result = await self.sent(exchange)
        if not isinstance(result, Answer):
            raise CaseFailed(f"no answer to a question for a price: {result.why}")
        found = self.adapter.read_quote(exchange, _wire(result))
        if isinstance(found, Unavailable):
            raise CaseFailed(f"no price: {found.reason.iso}")
        quote: SchemeQuote = found
        return quote

    async def ready(
        self, amount: Money | None = None, *, text: str = DEBTOR[0], reference: str = ""
    ) -> Ready:
        """A payment that could be sent now."""
        amount = amount or self.plan.amount
        merchant = await self.merchant(amount)
        quote = None
        if Operation.QUOTE in self.facts.operations:
            quote = await self.quoted(merchant, amount, self.plan.payer_currency)
        planning = self.planning(self.ids.uetr())
        reference = reference or self._reference(merchant, planning)
        self.begun.append(reference)
        return made(
            self.facts, self.plan, merchant, amount, planning,
            reference=reference, debtor=text, quote=quote, payload=self._code,
        )  # fmt: skip

    def _reference(self, merchant: Merchant, planning: Planning) -> str:
        """A new reference of ours, or the network's own name of what is paid."""
        adapter = self.adapter
        if not isinstance(adapter, NamedByNetwork):
            name: str = adapter.reference(planning)
            return name
        party = merchant.party
        return adapter.given_reference(Particulars(party, party, "", extra=merchant.extra))

    async def ready_at_wrong_time(self) -> Ready:
        """A payment written at a wrong time, of a merchant that was asked for at the right one."""
        ahead, self.ahead = self.ahead, timedelta()
        ready = await self.ready()
        self.ahead = ahead
        now, merchant = self.now(), self._merchant
        assert merchant is not None, "a payment has its merchant"
        ready.payment = replace(
            ready.payment,
            opened_at=now,
            accepted_at=now,
            reference=self._reference(merchant, self.planning(ready.payment.uetr)),
        )
        self.begun.append(ready.payment.reference)
        return ready

    def planned(self, ready: Ready) -> Exchange:
        """The instruction of a payment."""
        planning = self.planning(ready.payment.uetr)
        exchange: Exchange = self.adapter.plan_pay(ready.payment, ready.particulars, planning)
        return exchange

    async def pay(self, ready: Ready, *, patience_ms: int = 0) -> Said:
        """Instruct a payment and read what came."""
        return await self.instruct(ready, self.planned(ready), patience_ms=patience_ms)

    async def instruct(self, ready: Ready, exchange: Exchange, *, patience_ms: int = 0) -> Said:
        """Send an instruction as it was planned, and read what came."""
        said = self._read(ready, exchange, await self.sent(exchange, patience_ms=patience_ms))
        return await self._polled(ready, said)

    async def enquire(self, ready: Ready) -> Said:
        """Ask what became of a payment, by our own reference."""
        return await self._polled(ready, await self._asked(ready))

    async def _polled(self, ready: Ready, said: Said) -> Said:
        """What a network says in the end that takes everything first, and is polled for it."""
        for _ in range(POLLS_MAX if self.facts.poll_fast_ms else 0):
            if said.kind is not OutcomeKind.PENDING:
                break
            await self.clock.sleep(self.facts.poll_fast_ms / 1000)
            said = await self._asked(ready)
        return said

    async def _asked(self, ready: Ready) -> Said:
        ready.rung += 1
        payment = replace(ready.payment, rung=ready.rung)
        planning = self.planning(payment.uetr, ready.rung)
        exchange = self.adapter.plan_enquire(payment, ready.particulars, planning)
        return self._read(ready, exchange, await self.sent(exchange))

    async def cancel(self, ready: Ready) -> Said:
        """Ask that a payment be undone."""
        planning = self.planning(ready.payment.uetr, 1)
        exchange = self.adapter.plan_cancel(ready.payment, ready.particulars, planning)
        return self._read(ready, exchange, await self.sent(exchange))

    async def refund(self, ready: Ready, exchange: Exchange | None = None) -> Said:
        """Give back what a linked payment says; ``ready`` is that payment."""
        if exchange is None:
            planning = self.planning(ready.payment.uetr)
            exchange = self.adapter.plan_refund(ready.payment, ready.particulars, planning)
        return self._read(ready, exchange, await self.sent(exchange))

    def read(self, ready: Ready, exchange: Exchange, answer: WireAnswer) -> Outcome:
        """What the adapter makes of an answer."""
        outcome: Outcome = self.adapter.read(exchange, ready.payment, answer)
        return outcome

    def _read(self, ready: Ready, exchange: Exchange, result: Answer | NotSent | MaybeSent) -> Said:
        if not isinstance(result, Answer):
            return Said(Outcome(OutcomeKind.UNKNOWN), silent=result.why)
        answer = _wire(result)
        said = Said(self.read(ready, exchange, answer), answer=answer)
        if said.kind in ENDED and (
            exchange.operation is not Operation.PAY or said.kind is not OutcomeKind.NEVER_SEEN
        ):
            self.said[ready.payment.reference] = said.kind
        return said

    async def late(self, times: int = 1) -> None:
        """Wait until whatever was late has happened."""
        await self.clock.sleep(times * self.late_ms / 1000)

    @property
    def late_ms(self) -> int:
        """A delay beyond our patience."""
        return 2 * self.patience_ms

    async def fault(self, operation: Operation, kind: str, **more: object) -> None:
        """Have the far side spoil its next answer to an operation."""
        await self.control("POST", "/control/faults",
                           {"operation": operation.value, "kind": kind, **more})  # fmt: skip

    async def release(self) -> None:
        """Have the far side end what is pending."""
        await self.control("POST", "/control/release", {})

    async def control(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Any:
        """Ask the far side's controls; raises NotRun where it has none."""
        data = None if body is None else orjson.dumps(dict(body))
        try:
            async with self.net.session(self.network).request(
                method,
                self.net.url(self.network) + path,
                data=data,
                timeout=aiohttp.ClientTimeout(total=CONTROL_WITHIN_S),
            ) as response:
                raw = await response.read()
                status = response.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise NotRun(f"{method} {path}: no answer") from None
        if status in (404, 405):
            raise NotRun(f"the far side has no {path}")
        if status != 200:  # noqa: PLR2004  what every control answers
            raise NotRun(f"{method} {path}: HTTP {status}")
        return orjson.loads(raw)

    async def book(self, ready: Ready) -> list[dict[str, Any]]:
        """What the far side has in its book under a payment's reference."""
        reference = ready.payment.reference
        return [
            line
            for line in await self.whole_book()
            if line["reference"] == reference or line["reference"].endswith(f"/{reference}")
        ]

    async def whole_book(self) -> list[dict[str, Any]]:
        """The far side's book."""
        lines: list[dict[str, Any]] = (await self.control("GET", "/state"))["book"]
        return lines

    async def moved(self) -> set[str]:
        """References under which the far side has moved money."""
        return {each["reference"] for each in await self.whole_book()
                if each["status"] == "booked"}  # fmt: skip

    async def booked_once(self, ready: Ready) -> None:
        """Demand one line of the payment in the far book, booked with its amount."""
        lines = await self.book(ready)
        demand(len(lines) == 1, f"{len(lines)} lines in the far book, one expected")
        (line,) = lines
        demand(line["status"] == "booked", f"the far book says {line['status']}")
        seen = f"{line['amount']} {line['currency']}"
        sums = {f"{each} {each.currency.code}" for each in ready.amounts}
        demand(seen in sums, f"the far book has {seen}, {' or '.join(sorted(sums))} expected")

    async def not_booked(self, ready: Ready) -> None:
        """Demand that the far side has moved nothing for the payment."""
        moved = [each for each in await self.book(ready) if each["status"] == "booked"]
        demand(not moved, "the far book has booked it")


def _wire(answer: Answer) -> WireAnswer:
    return WireAnswer(answer.status, answer.headers, answer.body)
