"""Settlement files as evidence: each line is held against the payment that it is about.

What a network settled it has executed: a payment of ours whose outcome was unknown ends so, with
the line as its evidence, and one that was refused is disputed; the first final outcome stands. A
line that nobody knows is booked to suspense as what the network claims, once. What should be in the
file and is not is listed for people. The surprise: a file is marked as taken last, so one whose
taking was interrupted is simply taken again; every step of it happens once however often.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import orjson

from switch import lifecycle
from switch.answers import amount
from switch.billed import Billed
from switch.dispatch import Happened
from switch.items import Items
from switch.lifecycle import Event, Verdict
from switch.model import Direction, Kind, State
from switch.returns import UNSENT
from switch.runtime.entropy import least_made_at
from switch.settlement_port import FileLine, FileRefused, LineKind, SettlementReader
from switch.squaring import Squaring
from switch.store.vault import VaultError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from fx.money import Money
    from switch.dispatch import Dispatch
    from switch.facts import Facts
    from switch.filed_returns import FiledReturns
    from switch.linked_payments import LinkedPayments
    from switch.logs import Log
    from switch.model import Payment
    from switch.port import Adapter
    from switch.records import Open as Opened
    from switch.restoring import Restoring
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.settlement_port import SettlementFile
    from switch.store.contract import Store

LISTED_MAX: Final = 1_000
"""Payments or lines of one kind that a report names; how many there are is counted in full."""

PAGE: Final = 200
"""Payments read at once; others run in between."""

FIRST_YEAR: Final = 2000
"""No file of before is about anything of ours, and the calendar has no time before its first."""

PERIOD_MAX: Final = timedelta(days=2)
"""Of a longer period only the end is looked through for payments that the file lacks."""

_UNDONE: Final = (State.CANCELLING, State.CANCEL_MANUAL)
_AT_HOME: Final = (
    *(State.CREDITING, State.CREDIT_PENDING, State.CREDIT_UNKNOWN, State.LOOKED_UP, State.READY),
)
_GIVEN_BACK: Final = (State.UNWINDING, State.UNWOUND)


@dataclass(slots=True)
class Report:
    """What became of a file; ``after_loss``: what it alone knows may have been lost here."""

    after_loss: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    named: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    def add(self, what: str, **said: object) -> None:
        """Count one line or payment, and name it where there is room."""
        self.counts[what] = self.counts.get(what, 0) + 1
        listed = self.named.setdefault(what, [])
        if said and len(listed) < LISTED_MAX:
            listed.append(said)


class Settling:
    """Takes settlement files of networks that have them."""

    def __init__(
        self,
        *,
        store: Store,
        dispatch: Dispatch,
        linked: LinkedPayments,
        returned: FiledReturns,
        restoring: Restoring,
        adapters: Mapping[str, Adapter],
        clock: Clock,
        ids: Ids,
        log: Log,
    ) -> None:
        self._store = store
        self._returned = returned
        self._restoring = restoring
        self._dispatch = dispatch
        self._linked = linked
        self._adapters = adapters
        self._clock = clock
        self._items = Items(store, clock, ids)
        self._squaring = Squaring(store, self._items, clock, ids)
        self._billed = Billed(store, self._items)
        self._log = log

    def reader(self, network: str) -> SettlementReader | None:
        """The adapter that reads this network's files; None where there are none."""
        adapter = self._adapters.get(network)
        return adapter if isinstance(adapter, SettlementReader) else None

    async def take(
        self, network: str, name: str, content: bytes, operator: str, others: Collection[str] = ()
    ) -> dict[str, Any]:
        """Take a file; again is the same. Raises ``FileRefused`` with nothing done, and ``Busy``.

        One that no network signed is taken once a second of the operators hands in the same bytes.
        ``StoreBusy`` may be raised in the middle: the file is then taken again.
        """
        reader = self.reader(network)
        assert reader is not None, "only a network with files is asked"
        if b"\x00" in content:
            raise FileRefused("U+0000 is no text")
        found = reader.read_settlement_file(name, content)
        start = None if found.period is None else found.period[0]
        report = Report(self._restoring.perhaps_settled(start, self._clock.now()))
        digest = sha256(content).hexdigest()
        said = {
            "network": network,
            "sha256": digest,
            "lines": len(found.lines),
            "whole": found.period is not None,
        }
        if not found.signed and not await self._seconded(network, digest, operator, others):
            self._log.info("file_waits", network=network, lines=len(found.lines))
            return {**said, "taken": False, "counts": {}}
        seen: dict[str, str] = {}
        own = await self._returned.known(network, found.lines)
        for line in found.lines:
            await self._line(network, line, report, seen, own)
            await self._clock.sleep(0)
        if found.period is not None:
            await self._again(network, found.period[0], report, seen)
        await self._missing(network, found, report, seen)
        await self._items.put(f"file/{network}/{digest}", network, operator=operator)
        self._log.info("file_taken", network=network, lines=len(found.lines))
        return {**said, "taken": True, "counts": report.counts, **report.named}

    async def _seconded(
        self, network: str, digest: str, operator: str, others: Collection[str]
    ) -> bool:
        """Put down that an operator handed a file in; whether another one did."""
        handed = f"handed/{network}/{digest}/"
        await self._items.put(f"{handed}{operator}", network, operator=operator)
        for other in others:
            if other != operator and await self._store.read.has_item(f"{handed}{other}"):
                return True
        return False

    async def _line(
        self,
        network: str,
        line: FileLine,
        report: Report,
        seen: dict[str, str],
        own: Mapping[str, Payment | None],
    ) -> None:
        if own.get(line.returned, line) is None:
            # It stands in suspense, as an item of its own.
            report.add("matched")
            return
        found = await self._found(network, line, seen, own)
        if not found:
            await self._unmatched(network, line, report, seen)
            return
        payment = found[0]
        said = {"uetr": payment.uetr, "reference": line.reference}
        if len(found) > 1 or payment.state in UNSENT or not _agrees(line, payment):
            # Of several that it may be about none is chosen, and what was never sent was carried
            # out by nobody who may: people look.
            report.add("differs", **said, said=amount(line.amounts[0]))
            return
        if payment.uetr in seen:
            # One of the two is not ours to pay; which one, the file does not say.
            report.add("twice", **said, said=amount(line.amounts[0]))
            return
        seen[payment.uetr] = line.reference
        event = _event(payment)
        if event is None:
            settled = lifecycle.is_final(payment)
            late = await self._squaring.filed(payment)
            if late:
                report.add(late, **said)
                return
            report.add("matched" if settled else "waiting", **({} if settled else said))
            return
        opened = await self._opened(payment)
        evidence = line.text.encode() if opened is not None else b""
        if opened is None and (event is Event.PAID_AMISS or not lifecycle.is_final(payment)):
            report.add("unreadable", **said)
            return
        before = payment.state.value
        after = await self._dispatch.conclude(payment, opened, Happened(event, evidence=evidence))
        what = "disputed" if after.disputed else "resolved"
        report.add(what, **said, before=before, state=after.state.value)

    async def _opened(self, payment: Payment) -> Opened | None:
        try:
            return await self._dispatch.open(payment.uetr)
        except VaultError:
            return None

    async def _found(
        self,
        network: str,
        line: FileLine,
        seen: Mapping[str, str],
        own: Mapping[str, Payment | None],
    ) -> list[Payment]:
        """What a line may be about: by our reference, else by its UETR; more than one is a guess.

        Money given back is never the payment itself: it is one of those linked to it, by its own
        key, else one that is no other line's ``own``.
        """
        payment = own.get(line.returned)
        if payment is not None:
            return [payment]
        if line.reference:
            payment = await self._store.read.by_reference(network, line.reference)
        if payment is None and line.uetr:
            payment = await self._store.read.payment(line.uetr)
            if payment is not None and network not in (payment.network, payment.origin):
                payment = None
        if payment is None:
            return []
        if line.kind is LineKind.PAYMENT or payment.kind is not Kind.PAYMENT:
            return [payment]
        others = [each.uetr for each in own.values() if each is not None]
        linked = await self._linked.of(payment)
        fits = [each for each in linked if _agrees(line, each) and each.uetr not in others]
        unseen = [each for each in fits if each.uetr not in seen]
        if unseen and all(lifecycle.is_final(each) and _event(each) is None for each in fits):
            # All are settled as they stand: which of them it is changes nothing.
            return unseen[:1]
        return unseen if len(fits) == 1 else fits

    async def _unmatched(
        self, network: str, line: FileLine, report: Report, seen: dict[str, str]
    ) -> None:
        """Book what came back and was not told yet; what is about nothing of ours, to suspense."""
        payment = await self._returned.booked(network, line)
        if payment is None:
            await self._unknown(network, line, report)
            return
        what = "twice" if payment.uetr in seen else "returned"
        if payment.kind is Kind.RETURN:
            seen[payment.uetr] = line.reference
        said = {"uetr": payment.uetr, "reference": line.reference}
        report.add(what, **said, said=amount(line.amounts[0]), state=payment.state.value)

    async def _unknown(self, network: str, line: FileLine, report: Report) -> None:
        """Book what a network claims and we know nothing of, once; what may be lost comes back."""
        owed = line.amounts[0]
        booked = line.owed_to_us is not None and not report.after_loss
        if booked:
            # What is said of it is part of its name: another amount is another line.
            named = (line.network_reference, line.only_in, line.reference, line.uetr)
            content = (line.kind, *named, owed.currency.code, str(owed.minor), line.owed_to_us)
            digest = sha256(orjson.dumps(content)).hexdigest()
            item = f"line/{network}/{digest}"
            await self._items.put(item, network, owed, to_us=line.owed_to_us is True)
        report.add(
            "lost" if report.after_loss else "unknown",
            reference=line.reference,
            network_reference=line.network_reference,
            amount=amount(owed),
            booked=booked,
        )

    async def _again(
        self,
        network: str,
        start: datetime,
        report: Report,
        seen: Mapping[str, str],
    ) -> None:
        """Name payments that are billed in another period as well: one of the two is not owed."""
        for uetr in await self._billed.again(network, start, tuple(seen)):
            report.add("again", uetr=uetr, reference=seen[uetr])

    async def _missing(
        self, network: str, found: SettlementFile, report: Report, seen: Mapping[str, str]
    ) -> None:
        """List payments of the period that the file should have and has not."""
        if found.period is None or found.period[1].year < FIRST_YEAR:
            return
        facts = self._adapters[network].facts
        margin = _margin(facts)
        end = min(found.period[1], self._clock.now()) - margin
        if found.period[0] >= end:
            return
        start = max(found.period[0], end - PERIOD_MAX) + margin
        after, last = (least_made_at(at) for at in (start, end))
        while page := await self._store.read.listed(after, PAGE):
            for payment in page:
                if payment.payment_id > last:
                    return
                covered = found.direction in (None, payment.direction)
                theirs = covered and network in (payment.network, payment.origin)
                if theirs and payment.uetr not in seen:
                    self._lacking(payment, network, start, report)
            after = page[-1].payment_id
            # Reads of a store in this process never wait, and the lease is renewed in between.
            await self._clock.sleep(0)

    def _lacking(self, payment: Payment, network: str, start: datetime, report: Report) -> None:
        """Name a payment that the file lacks, if it has ended as settled, or is unknown."""
        theirs = payment.origin if payment.direction is Direction.INBOUND else payment.network
        if theirs != network or payment.kind is not Kind.PAYMENT or payment.opened_at < start:
            return
        said = {"uetr": payment.uetr, "reference": payment.reference}
        facts = lifecycle.STATES[payment.state]
        is_owed = payment.direction is Direction.INBOUND or not lifecycle.is_unbooked(payment)
        if facts.stand is lifecycle.Stand.POSTED and is_owed:
            report.add("missing", **said, state=payment.state.value)
        elif not facts.final:
            report.add("still_open", **said, state=payment.state.value)


def _margin(facts: Facts) -> timedelta:
    """How near to its period's edges a file may leave a payment to its neighbour."""
    return timedelta(seconds=facts.clock_skew_max_s, milliseconds=facts.deadline_ms)


def _agrees(line: FileLine, payment: Payment) -> bool:
    """Whether a line says of a payment what it is: its kind, who owes whom, and its amounts.

    One that states our reference of a payment and the UETR of another is about neither. Each amount
    in a currency of the payment must be one of its amounts there, and one of them is.
    """
    kinds = (Kind.PAYMENT,) if line.kind is LineKind.PAYMENT else (Kind.REFUND, Kind.RETURN)
    if payment.kind not in kinds:
        return False
    if line.states_uetr and line.uetr not in ("", payment.uetr, payment.original):
        return False
    if line.owed_to_us is not None and line.owed_to_us is not _owed_to_us(payment):
        return False
    owed = _owed(payment)
    known = [money.currency for money in owed]
    said = [money for money in line.amounts if money.currency in known]
    return bool(said) and all(money in owed for money in said)


def _owed_to_us(payment: Payment) -> bool:
    """Whether its network pays us: for what comes in, and for what it returns."""
    return payment.direction is Direction.INBOUND


def _owed(payment: Payment) -> tuple[Money, ...]:
    """Amounts that a network may state of a payment: what it pays, is paid, or bills."""
    terms = payment.terms
    if payment.direction is Direction.INBOUND and payment.kind is Kind.PAYMENT:
        return terms.debit, terms.source
    hops = [money for hop in terms.hops for money in (hop.source, hop.destination)]
    owed = (terms.destination, terms.paid_out, *hops)
    return owed if payment.kind is Kind.PAYMENT else (*owed, terms.source, terms.debit)


def _event(payment: Payment) -> Event | None:
    """What a line of a settlement file means for a payment; None where it is as we have it."""
    if payment.state in _AT_HOME or payment.state in _GIVEN_BACK:
        # The network's side is settled; what is open, or went back, is our own side of it.
        return None
    inbound = payment.direction is Direction.INBOUND and payment.kind is Kind.PAYMENT
    if inbound and (payment.state is State.MANUAL or lifecycle.is_unbooked(payment)):
        # What operators took back did not reach its payee here: its network owes it all the same.
        return None
    amiss = lifecycle.decided(payment, Event.PAID_AMISS)
    if payment.state is State.LAPSED and amiss.verdict is Verdict.MOVE:
        # Its payer was debited and the advice never came: what a network has told so goes back.
        return Event.PAID_AMISS
    event = Event.TOO_LATE if payment.state in _UNDONE else Event.ACCEPTED
    verdict = lifecycle.decided(payment, event).verdict
    return event if verdict in (Verdict.MOVE, Verdict.DISPUTE) else None
