"""Brings members the events of the outbox, until each is taken or given up.

One round of one receiver sends what lies behind where it is, several at once up to a bound, and
ends at the first that nobody takes; what became of it is a row before the next round begins, so a
restart goes on there and at worst sends a round again under the same identifiers. Every receiver
has rounds of its own: one that is dead costs nobody else anything. Events begin in the order of
their sequence and may arrive in another. The surprise: nothing tells this part of new events; it
looks, several times a second, at one row of each receiver.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch.delivery_rules import Rules, Said, Tried, overdue, settlement
from switch.event_view import payments_of
from switch.steady_time import SteadyTime
from switch.store.contract import StoreBusy
from switch.store.outbox_port import Settlement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from switch.config_files import EventsSection
    from switch.logs import Log
    from switch.model import Payment
    from switch.outbox import OutboxRow
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Entropy
    from switch.runtime.tasks import Tasks
    from switch.store.contract import Store
    from switch.store.outbox_port import Retry, Standing
    from switch.webhooks import Webhooks

LOOK_EVERY_S: Final = 0.2
RETRIES_EVERY_S: Final = 1.0
"""How often a receiver's events are looked for whose time to be tried again has come."""

PAGE: Final = 64
"""Events of one round at most, and again as many that are tried again."""

KEPT_MAX: Final = 1_000
"""Events of one receiver that are tried again by themselves; beyond, no new one is begun."""

MARKS_GATHER_S: Final = 0.03
"""Marks of several receivers share a transaction when they come within this time."""

TRIM_EVERY_S: Final = 600
TRIM: Final = 500
"""Old events that are let go of in one transaction."""


class Marks:
    """Keeps what became of rounds, those of several receivers in one transaction."""

    def __init__(self, store: Store, clock: Clock, tasks: Tasks) -> None:
        self._store = store
        self._clock = clock
        self._tasks = tasks
        self._waiting: list[tuple[Settlement, asyncio.Future[bool]]] = []

    async def keep(self, made: Settlement) -> bool:
        """Return when it is kept; False: the store or the process is busy, and nothing was."""
        future: asyncio.Future[bool] = asyncio.Future()
        if not self._waiting and self._tasks.start_if_room("event-marks", self._flush()) is None:
            return False
        self._waiting.append((made, future))
        return await future

    async def _flush(self) -> None:
        await self._clock.sleep(MARKS_GATHER_S)
        waiting, self._waiting = self._waiting, []
        kept = False
        with suppress(StoreBusy):
            await self._store.outbox.settle([made for made, _ in waiting])
            kept = True
        for _, future in waiting:
            if not future.done():
                future.set_result(kept)


class Deliveries:
    """Sends to ``receivers``, in as far as this process serves them."""

    def __init__(
        self,
        *,
        receivers: Sequence[str],
        section: EventsSection,
        webhooks: Webhooks,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        tasks: Tasks,
        log: Log,
    ) -> None:
        self._receivers = tuple(receivers)
        self._at_once_max = section.at_once_max
        lasts = timedelta(hours=section.retry_for_h)
        self._rules = Rules(lasts, lambda: int.from_bytes(entropy.bytes(2), "big"))
        self._webhooks = webhooks
        self._store = store
        self._clock = clock
        self._tasks = tasks
        self._log = log
        self._marks = Marks(store, clock, tasks)
        self._busy: dict[str, None] = {}
        self._looked_at: dict[str, float] = {}

    async def run(self) -> None:
        """Look for events until cancelled."""
        while True:
            with suppress(StoreBusy):
                await self.look()
            await self._clock.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Begin a round of every receiver that has something due and no round."""
        idle = [name for name in self._receivers if name not in self._busy]
        for standing in await self._store.outbox.held(idle):
            if self._is_due(standing) and self._has_work(standing):
                self._busy[standing.receiver] = None
                if self._tasks.start_if_room("events", self._rounds(standing)) is None:
                    del self._busy[standing.receiver]
                    return

    def _is_due(self, standing: Standing) -> bool:
        waits = standing.next_at is not None and standing.next_at > self._clock.now()
        return not standing.stopped and not waits

    def _has_work(self, standing: Standing) -> bool:
        """Something new, or the time to look for something to be tried again."""
        looked_at = self._looked_at.get(standing.receiver)
        now = self._clock.monotonic()
        return (
            standing.last > standing.done or looked_at is None or now - looked_at >= RETRIES_EVERY_S
        )

    async def _rounds(self, standing: Standing) -> None:
        """Rounds until nothing is left or the receiver has to be left alone."""
        name = standing.receiver
        try:
            with suppress(StoreBusy):
                while self._is_due(standing):
                    before = standing
                    if not await self._round(standing):
                        break
                    found = await self._store.outbox.held([name])
                    if not found or found[0].done == before.done:
                        # Another process serves it now, or it is to be left alone.
                        break
                    standing = found[0]
        finally:
            self._busy.pop(name, None)

    async def _round(self, standing: Standing) -> bool:
        """One round; whether there may be more."""
        outbox, name, now = self._store.outbox, standing.receiver, self._clock.now()
        failing = standing.tries > 0
        fresh: list[OutboxRow] = []
        if await outbox.kept(name) < KEPT_MAX:
            fresh = await outbox.events(name, standing.done, PAGE)
        again: list[tuple[Retry, OutboxRow]] = []
        if not (failing and fresh):
            # Who was away is asked with what is new: an event that nobody takes must not be it.
            again = await outbox.retries(name, now, PAGE)
            self._looked_at[name] = self._clock.monotonic()
        if not fresh and not again:
            return False
        asked = [*((row, None) for row in fresh), *((row, retry) for retry, row in again)]
        if failing:
            asked = asked[: min(standing.tries + 1, self._at_once_max)]
        tried = await self._sent(asked)
        made = settlement(standing, tried, self._clock.now(), self._rules)
        self._say(standing, made)
        if not await self._marks.keep(made):
            return False
        if overdue(made.after, self._clock.now(), self._rules):
            await self._give_up(made.after)
        return bool(fresh)

    async def _sent(self, asked: Sequence[tuple[OutboxRow, Retry | None]]) -> list[Tried]:
        """Send in order, several at once, and begin no more once one was not taken by anybody."""
        payments = await payments_of(self._store.read, [row for row, _ in asked])
        waiting = list(reversed(asked))
        tried: list[Tried] = []

        async def lane() -> None:
            while waiting and not any(t.said in (Said.AWAY, Said.STOP) for t in tried):
                row, retry = waiting.pop()
                said = await self._one(row, payments[row.uetr])
                tried.append(Tried(row, said, retry))

        lanes = min(self._at_once_max, len(asked))
        started = [self._tasks.start_if_room("event", lane()) for _ in range(lanes)]
        for task in started:
            if task is not None:
                await task
        if not any(started):
            await lane()
        return tried

    async def _one(self, row: OutboxRow, payment: Payment) -> Said:
        said = await self._webhooks.send(row, payment)
        if said is not Said.TAKEN:
            told = {"receiver": row.receiver, "sequence": row.number, "why": said.name.lower()}
            self._log.info("event_not_taken", **told)
        return said

    def _say(self, before: Standing, made: Settlement) -> None:
        after = made.after
        if after.stopped:
            self._log.warning("events_stopped", receiver=after.receiver)
        elif after.tries == 1:
            self._log.warning("receiver_away", receiver=after.receiver)
        elif before.tries and not after.tries:
            self._log.info("receiver_back", receiver=after.receiver, tries=before.tries)

    async def _give_up(self, standing: Standing) -> None:
        """Pass over what is older than the time in which an event is tried."""
        oldest = self._clock.now() - self._rules.lasts
        while True:
            page = await self._store.outbox.events(standing.receiver, standing.done, PAGE)
            old = [row for row in page if row.at <= oldest]
            if not old:
                return
            after = replace(standing, done=old[-1].number)
            self._log.warning("events_given_up", receiver=after.receiver, count=len(old))
            if not await self._marks.keep(Settlement(standing, after)) or len(old) < len(page):
                return
            standing = after


class EventRetention:
    """Lets go of events that can be fetched no more."""

    def __init__(
        self,
        *,
        receivers: Sequence[str],
        keep_days: int,
        store: Store,
        clock: Clock,
        log: Log,
        written_at: datetime | None,
    ) -> None:
        self._receivers = tuple(receivers)
        self._keep = timedelta(days=keep_days)
        self._store = store
        self._clock = clock
        self._log = log
        self._time = SteadyTime(clock, log, written_at)

    async def run(self) -> None:
        """Look now and then until cancelled."""
        while True:
            with suppress(StoreBusy):
                await self.turn()
            await self._clock.sleep(TRIM_EVERY_S)

    async def turn(self) -> int:
        """Let go of everything that is old enough; returns how many events that were."""
        now, count = self._time.now(), 0
        if now is None:
            return 0
        for name in self._receivers:
            while gone := await self._store.outbox.trim(name, now - self._keep, TRIM):
                count += gone
        if count:
            self._log.info("events_forgotten", count=count)
        return count
