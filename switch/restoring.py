"""After a loss: nothing new is paid, and what may have been paid before is asked about, not paid.

A store that comes back from a copy has forgotten what was committed after it. Every payment has a
quote of ours, so one whose quote was given before the store came back, and of which the store knows
nothing, may have been paid already: it is booked as one whose answer was lost, and the network is
asked. The surprise: that rule stays for ever, while new payments are held back only until an
operator says that what partners know has been looked through.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch.model import Funding
from switch.port import lost_reference
from switch.reasons import Reason
from switch.runtime.entropy import made_at
from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from switch.model import Payment
    from switch.port import Adapter, Planning
    from switch.runtime.clock import Clock

ASKED_LINKS: Final = 2
"""So many in a row that never arrived show that nothing more was linked to a payment before a loss.

The first might have been made before the loss and never arrived, and the second then in its place.
"""

LINKS_ASKED_FOR: Final = timedelta(days=3)
"""For so long after a loss, and while it holds, nothing linked to a payment of before is sent."""

NEVER_ARRIVED: Final = frozenset(
    {Reason.CLEARING_TIMED_OUT, Reason.NETWORK_OFFLINE, Reason.NEVER_SEEN}
)
"""Why a payment ends of which the counterparty cannot have executed anything."""

LOOK_EVERY_S: Final = 1.0
"""How often it is looked whether the operator is done."""

LATE: Final = (Reason.TOO_OLD, Reason.CREDITOR_TOO_LATE, Reason.QUOTE_EXPIRED)
"""Checks that fail only because it is later now; when it may have been paid, they did not."""

ENDING: Final = (Reason.QUOTE_USED, Reason.TOMBSTONED, Reason.CANCELLED)
"""What the store declines for good although the payment may have been lost."""

_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class LostHead:
    """The newest head that was published of a slot and is gone; ``kept`` is the newest that stands.

    What was published between the two is gone with it.
    """

    slot: int
    number: int
    hashed: bytes
    kept: int


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss: when the store came back, its newest block's time, and whether it is dealt with.

    ``written_off`` are the published heads that this loss and those before it took, one of a slot:
    that they are gone is no new loss.
    """

    restored_at: datetime
    head_at: datetime | None
    done: bool
    written_off: tuple[LostHead, ...] = ()


def nothing_lost() -> Loss | None:
    """The store never came back from a copy."""
    return None


def later(one: Loss | None, other: Loss | None) -> Loss | None:
    """The loss that counts of two accounts of it: the later one; of the same, the second's word."""
    if one is None or other is None:
        return one or other
    return one if one.restored_at > other.restored_at else other


class Restoring:
    """What a process does differently after a loss; ``look`` reads how it stands.

    ``fetch`` reads what all processes of one database know of it, where they share one.
    """

    def __init__(
        self,
        look: Callable[[], Loss | None] = nothing_lost,
        fetch: Callable[[], Awaitable[Loss | None]] | None = None,
    ) -> None:
        self._look = look
        self._fetch = fetch
        self._fetched: Loss | None = None
        self._loss = look()

    @property
    def holding(self) -> bool:
        """True while nothing new is paid and nobody is told "never seen"."""
        return self._loss is not None and not self._loss.done

    def perhaps_lost(self, issued_at: datetime) -> bool:
        """Whether a payment at a quote of that moment, unknown to the store, may have been paid."""
        return self._loss is not None and issued_at < self._loss.restored_at

    @property
    def lossless(self) -> bool:
        """True where nothing was ever lost."""
        return self._loss is None

    def perhaps_linked(self, original: Payment, linked: Sequence[Payment], now: datetime) -> bool:
        """Whether what is linked to a payment next may be one that was linked before the loss.

        Whoever had no answer then repeats soon. Of what was linked there may have been several, so
        only some in a row that never arrived show that there is no more of it.
        """
        loss = self._loss
        if loss is None or original.opened_at >= loss.restored_at:
            return False
        if loss.done and now >= loss.restored_at + LINKS_ASKED_FOR:
            return False
        lately = linked[-ASKED_LINKS:]
        unseen = [
            each
            for each in lately
            if made_at(each.payment_id) >= loss.restored_at and each.reason in NEVER_ARRIVED
        ]
        return len(unseen) < ASKED_LINKS

    def perhaps_settled(self, start: datetime | None, now: datetime) -> bool:
        """Whether what a file names from ``start`` on, and is not here, may be what was lost.

        That comes back when it is repeated or asked about, so nobody may book it before.
        """
        loss = self._loss
        if loss is None or (loss.done and now >= loss.restored_at + LINKS_ASKED_FOR):
            return False
        return start is None or start < loss.restored_at

    def look(self) -> None:
        """See how it stands now."""
        self._loss = later(self._look(), self._fetched)

    async def fetch(self) -> None:
        """See how it stands now, in the database too. Raises :class:`StoreBusy`."""
        if self._fetch is not None:
            self._fetched = await self._fetch()
        self.look()

    async def run(self, clock: Clock) -> None:
        """Look until the operator is done; for ever where another process may find a loss."""
        while self.holding or self._fetch is not None:
            await clock.sleep(LOOK_EVERY_S)
            with suppress(StoreBusy):
                await self.fetch()


def as_lost_link(linked: Payment, adapter: Adapter, planning: Planning) -> Payment:
    """What is linked as it would have been opened before the loss.

    Money that goes back whole has the name that it had, where that follows from its UETR, and its
    network is asked. Which part of a refund in parts it was nobody knows: that is for people.
    """
    lost = as_lost(linked, adapter, planning)
    whole = linked.funding in (Funding.GROSS, Funding.HELD)
    return lost if whole else replace(lost, reference=lost_reference(linked.uetr))


def as_lost(payment: Payment, adapter: Adapter, planning: Planning) -> Payment:
    """A payment as it would have been opened before the loss: too late to be sent for long.

    Its reference is the one that it had, where that follows from its UETR; else it is lost too, and
    the network is asked by the UETR alone.
    """
    opened_at = min(payment.opened_at, payment.terms.quote_expires_at - _TICK)
    another = replace(
        planning,
        message_number=planning.message_number + 1,
        sequence=2 if planning.sequence == 1 else 1,
        now=planning.now + timedelta(days=1),
    )
    one, other = adapter.reference(planning), adapter.reference(another)
    return replace(
        payment,
        opened_at=opened_at,
        updated_at=opened_at,
        send_by=min(payment.send_by, opened_at),
        reference=one if one == other else lost_reference(payment.uetr),
    )
