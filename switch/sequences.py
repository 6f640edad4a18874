"""Numbers that a partner wants counted: unique per network, kind and day, across every process.

A block of numbers is leased from the store and handed out from memory, so most payments cost no
commit more. What a process had left when it ended is never used: there are gaps, and never a
repeat. The surprise: the day is the network's, not ours, because it is there that a number may come
again on the next one.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch.port import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from switch.facts import Facts
    from switch.store.contract import Store

LEASED_AT_ONCE: Final = 500
"""Numbers of one lease: at most so many are lost when a process ends."""

NAMES_KEPT_MAX: Final = 64
"""Networks, kinds and days of which numbers are kept; the one not used for longest goes."""

LOST_PART: Final = 4
"""After a loss this part of a day's numbers is passed over, at each start that holds."""

Name = tuple[str, str, str]
"""Network, kind and day of a sequence."""


class NumbersSpent(Exception):  # noqa: N818  the name says what happened
    """The last number of the day has been given; nothing may be sent that would need another."""


class Sequences:
    """The numbers of one process."""

    def __init__(self, store: Store, leased_at_once: int = LEASED_AT_ONCE) -> None:
        self._store = store
        self._leased_at_once = leased_at_once
        self._left: dict[Name, Iterator[int]] = {}
        self._leasing = asyncio.Lock()

    async def for_reference(self, facts: Facts, kind: str, at: datetime) -> int:
        """The number for a reference made at ``at``; zero where the network counts none.

        Raises :class:`NumbersSpent` and :class:`~switch.store.contract.StoreBusy`.
        """
        if not facts.reference_sequence_digits:
            return 0
        last = 10**facts.reference_sequence_digits - 1
        return await self.next((facts.network, kind, day_of(facts, at)), last)

    async def next(self, name: Name, last: int) -> int:
        """The next number, from 1 to ``last``. Raises as :meth:`for_reference`."""
        number = self._taken(name)
        if number is None:
            # One lease at a time: whoever waited finds numbers in the block of the one before.
            async with self._leasing:
                number = self._taken(name)
                if number is None:
                    leased = await self._store.lease_numbers(name, self._leased_at_once, last)
                    self._left[name] = iter(leased)
                    number = self._taken(name)
        if number is None:
            raise NumbersSpent(name[0])
        return number

    def _taken(self, name: Name) -> int | None:
        left = self._left.pop(name, None)
        if left is None:
            return None
        # Put back behind the others, so the first is the one not used for longest.
        self._left[name] = left
        if len(self._left) > NAMES_KEPT_MAX:
            del self._left[next(iter(self._left))]
        return next(left, None)


async def skip_lost(store: Store, facts: Iterable[Facts], at: datetime) -> None:
    """After a loss: pass over numbers of today that may have been given and forgotten.

    A quarter of the day's numbers each time; a network that would be given one again would take a
    new payment for the old one. Where none is left, nothing is sent there until tomorrow.
    """
    for each in facts:
        if each.reference_sequence_digits:
            last = 10**each.reference_sequence_digits - 1
            name = (each.network, Operation.PAY, day_of(each, at))
            await store.lease_numbers(name, (last + 1) // LOST_PART, last)


def day_of(facts: Facts, at: datetime) -> str:
    """The network's day at a moment."""
    return (at + timedelta(minutes=facts.reference_day_ahead_min)).date().isoformat()
