"""The outbox of the model store.

The model of :mod:`switch.store.outbox_port`: the same answers as a database gives, from dicts, so
that the engines are compared with it. A slot whose lease has ended serves no receiver.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switch.store.contract import Fenced
from switch.store.memory_tables import Delivery
from switch.store.outbox_port import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from switch.outbox import OutboxRow
    from switch.runtime.clock import Clock
    from switch.store.memory_tables import MemoryTables
    from switch.store.outbox_port import Retry, Settlement


class MemoryOutbox:
    """The outbox as one process holds it; ``owner`` is its slot and epoch."""

    def __init__(self, tables: MemoryTables, owner: tuple[int, int], clock: Clock) -> None:
        self._tables = tables
        self._owner = owner
        self._clock = clock
        self.enrolled: frozenset[str] = frozenset()

    def load(self, wanted: Iterable[str]) -> dict[str, int]:
        """Numbers of the newest events."""
        return {name: self.last(name) for name in wanted if name in self.enrolled}

    def enrol(self, receivers: Sequence[str], delivered: Sequence[str]) -> None:
        """Write events for these from now on."""
        self._fence()
        for name in receivers:
            self._tables.receivers.setdefault(name, 0)
        for name in delivered:
            if name not in self._tables.deliveries:
                last = self._tables.receivers[name]
                self._tables.deliveries[name] = Delivery(Standing(name, last, last))
        self.enrolled = frozenset(receivers)

    def free(self, receivers: Sequence[str]) -> list[str]:
        """Those that nobody alive serves."""
        return [name for name in receivers if self._is_free(self._tables.deliveries.get(name))]

    def _is_free(self, delivery: Delivery | None) -> bool:
        if delivery is None or delivery.owner == self._owner:
            return False
        slot, _ = delivery.owner
        row = self._tables.slots.get(slot)
        return row is None or slot == self._owner[0] or row.lease_until <= self._clock.now()

    def take(self, receivers: Sequence[str]) -> None:
        """Serve those of them that nobody alive serves."""
        self._fence()
        for name in self.free(receivers):
            self._tables.deliveries[name].owner = self._owner

    def mine(self, receivers: Sequence[str]) -> list[Standing]:
        """Those that this process serves."""
        found = (self._tables.deliveries.get(name) for name in receivers)
        return [self._standing(d) for d in found if d is not None and d.owner == self._owner]

    def _standing(self, delivery: Delivery) -> Standing:
        name = delivery.standing.receiver
        return replace(delivery.standing, last=self._tables.receivers[name])

    def standing(self, receiver: str) -> Standing | None:
        """How a receiver's deliveries stand."""
        delivery = self._tables.deliveries.get(receiver)
        return None if delivery is None else self._standing(delivery)

    def last(self, receiver: str) -> int:
        """Number of the newest event of a receiver."""
        return self._tables.receivers.get(receiver, 0)

    def events(self, receiver: str, after: int, limit: int) -> list[OutboxRow]:
        """Events behind a number, in the order of numbers."""
        found = [row for row in self._of(receiver) if row.number > after]
        return found[:limit]

    def _of(self, receiver: str) -> list[OutboxRow]:
        rows = [row for row in self._tables.outbox.values() if row.receiver == receiver]
        return sorted(rows, key=lambda row: row.number)

    def retries(self, receiver: str, at: datetime, limit: int) -> list[tuple[Retry, OutboxRow]]:
        """Events to be tried again whose time has come, the most overdue first."""
        found = [
            (retry, self._tables.outbox[name, number])
            for (name, number), retry in self._tables.retries.items()
            if name == receiver and retry.next_at <= at and (name, number) in self._tables.outbox
        ]
        return sorted(found, key=lambda pair: (pair[0].next_at, pair[0].number))[:limit]

    def kept(self, receiver: str) -> int:
        """How many events are to be tried again."""
        return sum(name == receiver for name, _ in self._tables.retries)

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Keep what became of sending, where the receiver is still served by this process."""
        self._fence()
        for each in settlements:
            name = each.after.receiver
            delivery = self._tables.deliveries.get(name)
            if delivery is None or delivery.owner != self._owner:
                continue
            if delivery.standing.done != each.before.done:
                continue
            delivery.standing = each.after
            self._tables.retries.update({(name, retry.number): retry for retry in each.kept})
            for number in each.cleared:
                self._tables.retries.pop((name, number), None)

    def replay(self, receiver: str, after: int) -> Standing | None:
        """Send what is kept behind a number once more, and go on where the receiver said stop."""
        self._fence()
        delivery = self._tables.deliveries.get(receiver)
        if delivery is None:
            return None
        done = min(delivery.standing.done, after)
        delivery.standing, delivery.owner = Standing(receiver, delivery.standing.last, done), (0, 0)
        for name, number in list(self._tables.retries):
            if name == receiver and number > after:
                del self._tables.retries[name, number]
        return self.standing(receiver)

    def trim(self, receiver: str, before: datetime, limit: int) -> int:
        """Let go of at most so many of the oldest events from before a moment."""
        self._fence()
        old = [row for row in self._of(receiver)[:limit] if row.at < before]
        for row in old:
            del self._tables.outbox[receiver, row.number]
        for place in [place for place in self._tables.retries if place not in self._tables.outbox]:
            if place[0] == receiver:
                del self._tables.retries[place]
        return len(old)

    def _fence(self) -> None:
        slot, epoch = self._owner
        if self._tables.slots[slot].epoch != epoch:
            raise Fenced
