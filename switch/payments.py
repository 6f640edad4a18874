"""Opening payments: commit 1 for both directions, and waiting for the end.

Everything a payment needs is made before the commit and committed at once; then, and only then, its
exchange is sent by a task of its own, so a caller that hangs up takes nothing with it. A check that
fails inside the commit is bound to the key by a second one, so the same key gets the same refusal
for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from iso20022 import IsoError
from switch import lifecycle, terms, timers
from switch.commands import (
    Answer,
    Binding,
    Bury,
    Conflict,
    Declined,
    Done,
    Known,
    Open,
    Refuse,
    Sealed,
    Stale,
)
from switch.decide import first_difference
from switch.dispatch import Open as Opened
from switch.lifecycle import Event
from switch.model import Channel, Direction, Particulars, Payment, State
from switch.port import Planning
from switch.reasons import from_iso
from switch.refusals import Busy
from switch.store.rows import particulars_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.answers import Answers
    from switch.config import Config
    from switch.dispatch import Dispatch
    from switch.endings import Endings
    from switch.logs import Log
    from switch.outstanding import Meter
    from switch.port import Adapter
    from switch.reasons import Reason
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.runtime.tasks import Tasks
    from switch.sealing import Priced
    from switch.store.contract import Store
    from switch.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Instruction:
    """A payment that somebody asks for, translated and authenticated.

    ``scope`` and ``key`` bind it: the same key with the same ``content`` is the same instruction.
    ``deadline`` is the total deadline of the waiting side.
    """

    uetr: str
    channel: Channel
    priced: Priced = field(repr=False)
    particulars: Particulars = field(repr=False)
    scope: str
    key: str = field(repr=False)
    content: Mapping[str, str] = field(repr=False)
    accepted_at: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How a payment stands for its caller: final with the stored answer, or still open."""

    payment: Payment
    answer: Answer | None


class Payments:
    """Opens payments and waits for their end."""

    def __init__(  # the parts it uses
        self,
        *,
        config: Config,
        store: Store,
        vault: Vault,
        dispatch: Dispatch,
        adapters: Mapping[str, Adapter],
        answers: Answers,
        endings: Endings,
        outstanding: Meter,
        clock: Clock,
        ids: Ids,
        tasks: Tasks,
        log: Log,
    ) -> None:
        self._config = config
        self._store = store
        self._vault = vault
        self._dispatch = dispatch
        self._adapters = adapters
        self._answers = answers
        self._endings = endings
        self._outstanding = outstanding
        self._clock = clock
        self._ids = ids
        self._tasks = tasks
        self._log = log
        self._in_flight = 0

    def repeated(
        self, scope: str, key: str, content: Mapping[str, str]
    ) -> Standing | Conflict | None:
        """What a key is bound to already: a repeat needs nothing else, whatever changed since."""
        held = self._store.read.binding(scope, self._vault.commitment(scope, "key", key))
        if held is None:
            return None
        differs = first_difference(held.content, self._vault.commitments(scope, content))
        return self.find(held.uetr) if differs is None else Conflict(differs)

    async def bury(self, origin: str, uetr: str) -> Payment | None:
        """Commit a tombstone before saying "never seen" or refusing what cannot be bound.

        Returns the origin's payment of that UETR instead, where there is one.
        """
        result = await self._store.commit(Bury(origin, uetr, self._clock.now(), self._ids.salt()))
        return result.payment if isinstance(result, Stale) else None

    async def open(
        self, instruction: Instruction, refused: Reason | None = None
    ) -> Standing | Conflict:
        """Commit an instruction and start its hop; ``refused`` is a check that already failed.

        Raises :class:`Busy` where a bound is reached, with nothing stored.
        """
        if self._in_flight >= self._config.payments.in_flight_max:
            raise Busy
        self._in_flight += 1
        try:
            return await self._open(instruction, refused)
        finally:
            self._in_flight -= 1

    async def _open(self, instruction: Instruction, refused: Reason | None) -> Standing | Conflict:
        started = self._clock.monotonic()
        payment = self._received(instruction)
        binding = self._binding(instruction)
        if refused is not None:
            return await self._refuse(payment, binding, instruction, refused)
        key, wrapped = self._vault.new_key(payment.uetr)
        adapter = self._adapters[payment.network]
        planning = Planning(
            now=payment.opened_at,
            message_number=self._ids.ordered(),
            slot=self._config.switch.slot,
            send_by=payment.send_by,
            uetr=payment.uetr,
        )
        payment = replace(payment, reference=adapter.reference(planning))
        _, opening = lifecycle.advance(
            payment,
            Event.OPENED,
            at=payment.opened_at,
            next_at=timers.answer_due(payment.send_by, adapter.facts),
        )
        opening = replace(opening, version=1)
        try:
            exchange = adapter.plan_pay(opening, instruction.particulars, planning)
        except IsoError as error:
            return await self._refuse(payment, binding, instruction, from_iso(error.code))
        record_id = self._ids.ordered()
        plain = particulars_bytes(instruction.particulars)
        blob = self._vault.seal(key, record_id, "particulars", plain)
        command = Open(
            payment=opening,
            binding=binding,
            exchange=self._dispatch.sealed_exchange(exchange, key),
            particulars=Sealed(record_id, payment.uetr, "particulars", blob),
            wrapped_key=wrapped,
            salt=self._ids.salt(),
        )
        result = await self._store.commit(command)
        if isinstance(result, Declined):
            return await self._refuse(payment, binding, instruction, result.reason)
        if isinstance(result, Done) and result.payment is not None:
            self._outstanding.used(payment.terms.quote_id)
            self._log.info("payment_opened", uetr=payment.uetr, corridor=payment.corridor)
            opened = Opened(key, instruction.particulars)
            self._in_flight += 1
            hop = self._hop(result.payment, opened, exchange.exchange_id, started)
            self._tasks.start("hop", hop)
            return Standing(result.payment, None)
        return _standing(result)

    async def _hop(
        self, payment: Payment, opened: Opened, exchange_id: int, started: float
    ) -> None:
        try:
            await self._dispatch.first(payment, opened, exchange_id, started)
        finally:
            self._in_flight -= 1

    async def ended(self, standing: Standing, until: datetime) -> Standing:
        """Wait for a payment's end until a time, and read how it stands then."""
        if standing.answer is not None:
            return standing
        uetr = standing.payment.uetr
        found = self.find(uetr)
        if found is not None and found.answer is None:
            left = (until - self._clock.now()) / timedelta(seconds=1)
            if left > 0:
                await self._endings.wait(uetr, left)
                found = self.find(uetr)
        return found or standing

    def has_reference(self, payment: Payment, reference: str) -> bool:
        """True when the origin's own identification of a payment is this one, or none is given."""
        wrapped = self._store.read.wrapped_key(payment.uetr)
        if not reference or wrapped is None:
            # A refused payment was never sealed: its UETR is all there is to go by.
            return True
        held = self._dispatch.open(payment.uetr).particulars.extra
        return held.get("original_transaction_id", reference) == reference

    def find(self, uetr: str) -> Standing | None:
        """A payment as committed, with its final answer where it has one."""
        payment = self._store.read.payment(uetr)
        if payment is None:
            return None
        return Standing(payment, self._store.read.answer(uetr))

    def _received(self, instruction: Instruction) -> Payment:
        """The payment before any check, with its roles, terms and deadlines."""
        now = self._clock.now()
        priced = instruction.priced
        corridor = priced.destination.corridor
        outbound = corridor.direction is Direction.OUTBOUND
        network = corridor.destination_network
        facts = self._adapters[network].facts
        origin = priced.destination.origin
        edge = corridor.destination_network if outbound else corridor.source_network
        needs = timedelta(milliseconds=self._adapters[edge].facts.hop_needs_ms)
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
            opened_at=now,
            accepted_at=instruction.accepted_at,
            deadline=instruction.deadline,
            send_by=min(
                now + timedelta(milliseconds=facts.send_within_ms), instruction.deadline - needs
            ),
            updated_at=now,
        )

    def _binding(self, instruction: Instruction) -> Binding:
        scope = instruction.scope
        return Binding(
            scope=scope,
            key=self._vault.commitment(scope, "key", instruction.key),
            content=self._vault.commitments(scope, instruction.content),
            uetr=instruction.uetr,
        )

    async def _refuse(
        self, payment: Payment, binding: Binding, instruction: Instruction, reason: Reason
    ) -> Standing | Conflict:
        _, refused = lifecycle.advance(
            payment, Event.CHECK_FAILED, at=payment.opened_at, next_at=None, reason=reason
        )
        refused = replace(refused, version=1)
        answer = self._answers.render(
            refused, instruction.particulars, self._dispatch.planning(refused)
        )
        command = Refuse(refused, binding, answer, self._ids.salt())
        result = await self._store.commit(command)
        if isinstance(result, Done) and result.payment is not None:
            self._log.info("payment_refused", uetr=payment.uetr, reason=reason.iso)
            return Standing(result.payment, answer)
        return _standing(result)


def _standing(result: Known | Conflict | Declined | Done | Stale) -> Standing | Conflict:
    """A key that was bound before: the payment it is bound to, or the field that differs."""
    if isinstance(result, Conflict):
        return result
    assert isinstance(result, Known), "an opening is done, declined, known or in conflict"
    assert result.payment is not None, "what a key is bound to is a payment"
    return Standing(result.payment, result.answer)
