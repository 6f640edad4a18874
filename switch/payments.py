"""Opening payments: commit 1 for both directions, and waiting for the end.

Everything a payment needs is made before the commit and committed at once; then, and only then, its
exchange is sent by a task of its own, so a caller that hangs up takes nothing with it. A check that
fails inside the commit is bound to the key by a second one, so the same key gets the same refusal
for ever.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from iso20022 import IsoError
from switch import lifecycle, terms
from switch.answers import is_in_dialect
from switch.commands import Answer, Bury, Conflict, Declined, Done, Known, Open, Refuse, Stale
from switch.dispatch import Happened
from switch.doors import closed
from switch.exposures import Exposures
from switch.flights import Flights
from switch.given_names import GivenNames
from switch.inbound_port import is_own
from switch.instructions import Bound, Instruction, Standing
from switch.lifecycle import Event
from switch.model import Direction, Funding, Payment, State, changed
from switch.openings import begun
from switch.port import Operation, Planning
from switch.reasons import Reason, from_iso
from switch.records import Open as Opened
from switch.refusals import Busy
from switch.restoring import ENDING, LATE
from switch.runtime.turns import abreast
from switch.screening import NobodyListed
from switch.sequences import NumbersSpent, Sequences
from switch.store.contract import StoreBusy
from switch.store.vault import VaultError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.answers import Answers
    from switch.config import Config
    from switch.dispatch import Dispatch
    from switch.endings import Endings
    from switch.facts import Facts
    from switch.logs import Log
    from switch.model import Particulars, UseCase
    from switch.outstanding import Meter
    from switch.pace import Pace
    from switch.port import Adapter
    from switch.records import Records
    from switch.restoring import Restoring
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.runtime.tasks import Tasks
    from switch.screening import Screening
    from switch.sealing import Priced
    from switch.store.contract import Store

__all__ = ["Bound", "Instruction", "Payments", "Standing"]

_SENT: Final = (State.SENDING, State.CREDITING)

LOOK_AGAIN_S: Final = 1.0
"""How often a waiting caller looks in the store for what another process may have committed."""


class Payments:
    """Opens payments and waits for their end."""

    def __init__(  # the parts it uses
        self,
        *,
        config: Config,
        store: Store,
        records: Records,
        dispatch: Dispatch,
        adapters: Mapping[str, Adapter],
        answers: Answers,
        endings: Endings,
        outstanding: Meter,
        pace: Pace,
        restoring: Restoring,
        clock: Clock,
        ids: Ids,
        tasks: Tasks,
        log: Log,
        screening: Screening | None = None,
    ) -> None:
        self._config = config
        self._screening = screening or NobodyListed()
        self._store = store
        self._records = records
        self._dispatch = dispatch
        self._adapters = adapters
        self._answers = answers
        self._endings = endings
        self._outstanding = outstanding
        self._pace = pace
        self._restoring = restoring
        self._clock = clock
        self._ids = ids
        self._log = log
        most = config.payments.in_flight_max
        self.flights = Flights(most, dispatch=dispatch, tasks=tasks, log=log)
        self.exposures = Exposures(config, store.read, clock, log)
        self._sequences, self._names = Sequences(store), GivenNames(store)

    async def repeated(
        self, scope: str, key: str, content: Mapping[str, str]
    ) -> Standing | Conflict | None:
        """What a key is bound to already: a repeat needs nothing else, whatever changed since."""
        held = await self._records.bound(scope, key)
        if held is None:
            return None
        differs = await self._records.difference(held, content)
        return await self.find(held.uetr) if differs is None else Conflict(differs)

    def uetr(self, scope: str, key: str, token: str) -> str:
        """The UETR of what a key asks for at a quote; a repeat has the same, whatever was lost."""
        return self._records.uetr(scope, key, token)

    def perhaps_lost(self, priced: Priced) -> bool:
        """Whether a payment of this quote may have been made and lost: never at another price."""
        return self._restoring.perhaps_lost(priced.quote.issued_at)

    def refuse_while_restoring(self) -> None:
        """Raise :class:`Busy` where "there is none" may be wrong, because it may have been lost."""
        if self._restoring.holding:
            raise Busy

    async def bury(self, origin: str, uetr: str, named: str = "") -> Payment | None:
        """Commit a tombstone before saying "never seen" or refusing what cannot be bound.

        Returns the payment of that UETR, or the one that pays what its network ``named`` so, where
        there is one. Raises :class:`Busy` after a loss: what is not known may have been paid.
        """
        if self._restoring.holding:
            payment = await self._store.read.payment(uetr)
            if payment is None or payment.origin != origin:
                raise Busy
            return payment
        grave = Bury(origin, uetr, self._clock.now(), self._ids.salt(), named=named)
        result = await self._store.commit(grave)
        if isinstance(result, Declined):
            return await self._store.read.by_reference(origin, named)
        return result.payment if isinstance(result, Stale) else None

    async def open(
        self, instruction: Instruction, refused: Reason | None = None
    ) -> Standing | Conflict:
        """Commit an instruction and start its hop; ``refused`` is a check that already failed.

        One that may have been paid before a loss is not sent: the network is asked about it.
        Raises :class:`Busy`, and ``TooMany`` of the payer's side, with nothing stored.
        """
        if is_own(instruction.uetr):
            # The place of a refund or recall of some payment: nobody may stand there before it.
            return Conflict("uetr")
        priced = instruction.priced
        lost = self.perhaps_lost(priced)
        gross = priced.destination.corridor.funding is Funding.GROSS
        if (self._restoring.holding and not lost) or (lost and gross):
            # What was pushed for a payment that was lost goes back: nothing is asked about it.
            raise Busy
        if lost and refused in LATE:
            refused = None
        if refused is None and not lost:
            refused = await self.shut(priced)
        above = await self._pace.opening(priced.destination.origin, priced.quote.debit)
        refused = refused if lost else refused or above
        with self.flights.room(priced.destination.corridor.destination_network):
            try:
                return await self._open(instruction, refused, lost=lost)
            finally:
                self._names.forget(instruction.uetr)

    async def _open(
        self, instruction: Instruction, refused: Reason | None, *, lost: bool
    ) -> Standing | Conflict:
        started = self._clock.monotonic()
        payment = self.received(instruction)
        bound = self.bound(instruction)
        if refused is not None:
            return await self.refuse(payment, bound, instruction, refused)
        adapter = self._adapters[payment.network]
        planning = Planning(
            now=payment.opened_at,
            message_number=self._ids.ordered(),
            slot=self._config.switch.slot,
            send_by=payment.send_by,
            uetr=payment.uetr,
            sequence=await self.number(adapter.facts, payment.opened_at),
        )
        named = await self._names.named(payment, adapter, instruction, planning, lost=lost)
        if named is None:
            return await self.refuse(payment, bound, instruction, Reason.DUPLICATE)
        hit = None if lost else self._screening.hit(instruction.particulars, payment.use_case)
        if hit is not None and not hit.may_hold(payment):
            return await self.refuse(payment, bound, instruction, Reason.UNSPECIFIED)
        particulars = instruction.particulars if hit is None else hit.noted(instruction.particulars)
        opening = begun(named, instruction.priced, adapter.facts, hit)
        await abreast(self._clock)
        try:
            exchange = adapter.plan_pay(opening, particulars, planning)
        except IsoError as error:
            return await self.refuse(payment, bound, instruction, from_iso(error.code))
        await abreast(self._clock)
        sends = opening.state in _SENT
        command = Open(
            payment=opening,
            binding=bound.binding,
            exchange=self._records.opening(exchange, particulars, bound.key) if sends else None,
            wrapped_key=bound.wrapped,
            salt=self._ids.salt(),
            sealed=None if sends else self._records.held(particulars, bound.key),
            named=not lost and self._names.given(adapter),
            order=self._names.order(adapter, payment.network, particulars),
            parties=self.parties(payment, particulars),
        )
        result = await self._store.commit(command)
        if isinstance(result, Declined):
            if lost and result.reason not in ENDING:
                self._log.warning("lost_payment_unbooked", uetr=payment.uetr, why=result.reason.iso)
                raise Busy
            return await self.refuse(payment, bound, instruction, result.reason)
        if isinstance(result, Done) and result.payment is not None:
            self._outstanding.used(payment.terms.quote_id)
            self._log.info("payment_opened", uetr=payment.uetr, corridor=payment.corridor)
            opened = Opened(bound.key, particulars)
            if sends and lost:
                after = await self._dispatch.conclude(result.payment, opened, Happened(Event.LOST))
                return Standing(after, None)
            if sends:
                self.flights.send(result.payment, opened, exchange, started)
            return Standing(result.payment, None)
        return await self.standing(result, instruction)

    async def admitted(self, priced: Priced) -> Reason | None:
        """As :meth:`shut`, for what is opened now and paid later. Raises ``TooMany``."""
        closed = await self.shut(priced)
        if closed is not None:
            return closed
        return await self._pace.opening(priced.destination.origin, priced.quote.debit)

    def held(self, payment: Payment) -> None:
        """Say that an order is committed: its quote is not open any more."""
        self._outstanding.used(payment.terms.quote_id)
        self._log.info("order_held", uetr=payment.uetr, corridor=payment.corridor)

    async def shut(self, priced: Priced) -> Reason | None:
        """Why nothing may be opened now at this price's corridor; who may is for the commit."""
        corridor = priced.destination.corridor
        shut = closed(corridor.windows, self._clock.now())
        return shut or await self.exposures.shut(corridor)

    def parties(self, payment: Payment, particulars: Particulars) -> tuple[str, ...]:
        """The merchant that an inbound payment comes to, where its network knows it by an id."""
        account = particulars.creditor.account
        known = self._config.merchants.of_account(payment.origin, account)
        return () if known is None else (known.party,)

    def listed(self, particulars: Particulars, use_case: UseCase) -> bool:
        """Whether screening finds somebody; what is asked for so is refused without saying why."""
        return self._screening.hit(particulars, use_case) is not None

    async def number(self, facts: Facts, at: datetime) -> int:
        """The number that a reference of this network counts. Raises :class:`Busy`."""
        try:
            return await self._sequences.for_reference(facts, Operation.PAY, at)
        except NumbersSpent:
            self._log.warning("numbers_spent", network=facts.network)
            raise Busy from None

    async def ended(self, standing: Standing, until: datetime) -> Standing:
        """Wait for a payment's end until a time, and read how it stands then."""
        uetr = standing.payment.uetr
        left_s = (until - self._clock.now()) / timedelta(seconds=1)
        while standing.answer is None and left_s > 0 and not self._endings.released:
            if lifecycle.is_final(standing.payment):
                break  # erased: what was answered never comes again
            if standing.payment.state is State.AWAITING_FUNDS:
                break  # the caller's turn: its money must come first
            # Nothing is awaited between the opening's commit and this: no ending is missed. One
            # that another process commits is found by looking again, unless the store is away.
            ended = await self._endings.wait(uetr, min(left_s, LOOK_AGAIN_S))
            if ended is not None:
                return Standing(*ended)
            left_s -= LOOK_AGAIN_S
            with suppress(StoreBusy):
                standing = await self.find(uetr) or standing
        return standing

    async def find(self, uetr: str) -> Standing | None:
        """A payment as committed, with its final answer where it has one."""
        payment = await self._store.read.payment(uetr)
        if payment is None:
            return None
        return Standing(payment, await self._answer(payment, await self._store.read.answer(uetr)))

    async def _answer(self, payment: Payment, stored: Answer | None) -> Answer | None:
        """A stored answer as it was given; none where it cannot be read, so it is made anew.

        Nor where nobody could open the payment to make it in its origin's dialect.
        """
        if stored is None or not is_in_dialect(payment, stored):
            return None
        try:
            return await self._records.answered(payment.uetr, stored)
        except VaultError:
            return None

    def received(self, instruction: Instruction) -> Payment:
        """The payment before any check, with its roles, terms and deadlines."""
        now = self._clock.now()
        priced = instruction.priced
        corridor = priced.destination.corridor
        outbound = corridor.direction is Direction.OUTBOUND
        network = corridor.destination_network
        facts = self._adapters[network].facts
        origin = priced.destination.origin
        edge = corridor.destination_network if outbound else corridor.source_network
        waited = instruction.deadline - instruction.accepted_at
        needs = self._dispatch.hops.needs(self._adapters[edge].facts, network, waited)
        return Payment(
            payment_id=self._ids.ordered(),
            uetr=instruction.uetr,
            direction=corridor.direction,
            use_case=corridor.use_case,
            corridor=corridor.name,
            origin=origin,
            channel=instruction.channel,
            network=network,
            # Until it is opened; it names a refused one in answers, at most 35 characters.
            reference=f"R{instruction.uetr.replace('-', '')}",
            terms=terms.frozen(priced.quote),
            institutions=terms.institutions(priced, network),
            config_version=self._config.switch.config_version,
            state=State.RECEIVED,
            version=1,
            funding=corridor.funding,
            finality=corridor.finality,
            opened_at=now,
            accepted_at=instruction.accepted_at,
            deadline=instruction.deadline,
            send_by=min(
                now + timedelta(milliseconds=facts.send_within_ms), instruction.deadline - needs
            ),
            updated_at=now,
        )

    def bound(self, instruction: Instruction) -> Bound:
        """A new data key, and the idempotency key bound under it."""
        key, wrapped = self._records.new_key(instruction.uetr)
        scope, name, content = instruction.scope, instruction.key, instruction.content
        return Bound(key, wrapped, self._records.binding(key, scope, name, content))

    async def refuse(
        self, payment: Payment, bound: Bound, instruction: Instruction, reason: Reason
    ) -> Standing | Conflict:
        """Bind a refusal to the key of an instruction."""
        _, refused = lifecycle.advance(
            payment, Event.CHECK_FAILED, at=payment.opened_at, next_at=None, reason=reason
        )
        refused = changed(refused, version=1)
        answer = self._answers.render(
            refused, instruction.particulars, self._dispatch.planning(refused)
        )
        command = Refuse(
            payment=refused,
            binding=bound.binding,
            answer=self._records.answer(refused, answer, bound.key),
            wrapped_key=bound.wrapped,
            salt=self._ids.salt(),
        )
        result = await self._store.commit(command)
        if isinstance(result, Done) and result.payment is not None:
            self._log.info("payment_refused", uetr=payment.uetr, reason=reason.iso)
            return Standing(result.payment, answer)
        return await self.standing(result, instruction)

    async def standing(
        self, result: Known | Conflict | Declined | Done | Stale, instruction: Instruction
    ) -> Standing | Conflict:
        """A key that was bound before: the payment it is bound to, or the field that differs."""
        if isinstance(result, Conflict):
            return result
        assert isinstance(result, Known), "an opening is done, declined, known or in conflict"
        assert result.payment is not None, "what a key is bound to is a payment"
        assert result.binding is not None, "what a key is bound to has its binding"
        differs = await self._records.difference(result.binding, instruction.content)
        if differs is not None:
            return Conflict(differs)
        return Standing(result.payment, await self._answer(result.payment, result.answer))
