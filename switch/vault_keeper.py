"""Keeps the vault while the switch serves: erases, wraps data keys anew, ends what retention ends.

A request to erase is a row that anybody with the database may add; it is carried out here, because
only the owner of a slot writes the journal. When the current wrapping key changes, every data key
that is not under it is wrapped anew, in bounded batches with payments in between. Nothing of that
is remembered: a restart begins again and passes over what is done. The surprise: a data key counts
as destroyed only once no file of the database holds its old bytes any more, which a reader in the
way may hold up. A payment that was being opened during a rotation is stored under the key before
it, so it is looked for again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch import lifecycle
from switch.commands import Done, Erase, Rewrap, Stale
from switch.keys import KeyMissing
from switch.model import UseCase, to_micros
from switch.steady_time import SteadyTime
from switch.store.contract import StoreBusy
from switch.store.vault import VaultError, erasure_mark
from switch.upkeep import is_erased

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.app import Seams
    from switch.config_files import PersonalDays
    from switch.logs import Log
    from switch.model import Payment
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store
    from switch.store.vault import Vault

EVERY_S: Final = 2
"""How often the keeper looks for requests and for a new wrapping key."""

PAUSE_S: Final = 0.05
"""Between two batches of a long pass, so that payments go first."""

PASS_EVERY_S: Final = 86_400
"""How often what is older than the retention is looked for."""

DOUBT_EVERY_S: Final = 3_600
"""How often it is looked whether a clock can be believed again."""

BATCH: Final = 200
"""Data keys read, and at most wrapped anew, at a time."""

BEGAN_WITHIN_S: Final = 300
NOTICED_WITHIN_S: Final = 60
"""A payment whose data key may come late under the wrapping key before began at most so long before
the rotation, and at most so long after it: a process notices a new wrapping key within
:data:`EVERY_S`, and clocks of processes differ."""

LOOK_EVERY_S: Final = 10
WATCH_S: Final = 120
LATER_EVERY_S: Final = 3_600
"""How often such payments are looked for, in the first two minutes after a rotation and then."""

REQUESTS_MAX: Final = 200
"""Requests looked at in one turn; the next goes on behind them."""

LAST: Final = (1 << 63) - 1
"""Above the number of every payment."""

NUMBER_BITS: Final = 20
"""A payment's number is its millisecond since 1970, over this many bits (``Ids.ordered``)."""


class VaultKeeper:
    """Keeps one vault. ``times`` is how long names are kept after the end of a payment.

    ``others_notice_s`` is how long other processes may go on using the wrapping key before, and
    ``written_at`` the time of the newest block before this start.
    """

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        times: Mapping[UseCase, timedelta],
        clock: Clock,
        ids: Ids,
        log: Log,
        others_notice_s: float = EVERY_S,
        written_at: datetime | None = None,
    ) -> None:
        self._store = store
        self._vault = vault
        self._times = times
        self._clock = clock
        self._ids = ids
        self._log = log
        self._time = SteadyTime(clock, log, written_at)
        self._others_notice_s = others_notice_s
        self._scrub_due = True
        self._asked_after = ""
        self._rotation_due = not vault.alone
        self._next_pass = clock.monotonic()
        self._kept_from = 0
        self._began = clock.now()
        self._window = (0, 0)
        self._next_look = clock.monotonic()
        self._watch_until = self._next_look

    async def run(self) -> None:
        """Look now and then until cancelled."""
        while True:
            await self._clock.sleep(EVERY_S)
            await self.turn()

    async def turn(self) -> None:
        """Do all that is due. A store that is busy ends the turn: the next one goes on."""
        try:
            await self._requests()
            if self._refreshed():
                self._began, self._rotation_due = self._clock.now(), True
            if self._rotation_due:
                await self._rotate()
            elif self._clock.monotonic() >= self._next_look:
                await self._look_again()
            if self._clock.monotonic() >= self._next_pass:
                await self._retention()
            await self._scrub()
        except StoreBusy:
            self._log.info("vault_waits")

    async def erase_asked(self) -> None:
        """Erase all that was asked for, and nothing else."""
        while await self._requests():
            await self._clock.sleep(PAUSE_S)
        await self._scrub()

    async def rotate(self) -> None:
        """Wrap every data key under the current wrapping key, and nothing else."""
        await self._rotate()
        await self._scrub()

    def _refreshed(self) -> bool:
        """Look for wrapping keys; those that cannot be read now are used as they were."""
        try:
            return self._vault.refresh()
        except KeyMissing:
            self._log.warning("wrapping_keys_unreadable")
            return False

    async def _requests(self) -> bool:
        """Carry out a page of requests; False where none is behind it: the next is the first.

        Those of open payments wait without being in the way of others. They cost a read each.
        """
        read = self._store.read
        page = await read.erasure_requests(REQUESTS_MAX, self._asked_after)
        more = len(page) == REQUESTS_MAX
        # First of all: one that fails each time must not keep the others waiting either.
        self._asked_after = page[-1] if more else ""
        for uetr in page:
            payment = await read.payment(uetr)
            if payment is None or lifecycle.is_ended(payment):
                await self.erase(uetr, "request")
        return more

    async def erase(self, uetr: str, cause: str) -> bool:
        """Destroy the data key of a payment; False while it is open, and needs its names."""
        at = self._clock.now()
        command = Erase(uetr, cause, erasure_mark(cause, at), at, self._ids.salt())
        result = await self._store.commit(command)
        if isinstance(result, Done):
            self._scrub_due = True
            self._log.info("names_erased", uetr=uetr, cause=cause)
        return not isinstance(result, Stale)

    async def _scrub(self) -> None:
        """Leave no old bytes of a data key in a file of the database."""
        if self._scrub_due and await self._store.scrub():
            self._scrub_due = False

    async def _rotate(self) -> None:
        """Wrap anew until a whole pass finds nothing to wrap: others may still use the old key."""
        self._rotation_due, total = True, 0
        while changed := await self._rewrapped(0, LAST):
            total += changed
            await self._clock.sleep(self._others_notice_s)
        self._rotation_due = False
        self._window = (
            _number(self._began - timedelta(seconds=BEGAN_WITHIN_S)),
            _number(self._clock.now() + timedelta(seconds=NOTICED_WITHIN_S)),
        )
        self._watch_until = self._clock.monotonic() + WATCH_S
        self._watch(total)

    async def _look_again(self) -> None:
        """Look for payments that were being opened while all others were wrapped anew."""
        self._watch(0 if self._vault.alone else await self._rewrapped(*self._window))

    def _watch(self, changed: int) -> None:
        """Say what was wrapped anew, and when it is looked again."""
        now = self._clock.monotonic()
        if changed:
            self._watch_until = now + WATCH_S
            self._scrub_due = True
            self._log.info("keys_rewrapped", wrapping=self._vault.wrapping, keys=changed)
        self._next_look = now + (LOOK_EVERY_S if now < self._watch_until else LATER_EVERY_S)

    async def _rewrapped(self, after: int, before: int) -> int:
        """Wrap anew what is not under the current wrapping key, in one pass; how many that was."""
        changed, lost = 0, 0
        while page := await self._store.read.wrapped_keys(after, before, BATCH):
            after = page[-1].payment_id
            keys = []
            for held in page:
                try:
                    now = self._vault.rewrap(held.uetr, held.wrapped)
                except VaultError:
                    lost += 1
                    continue
                if now is not None:
                    keys.append((held.uetr, held.wrapped, now))
            if keys:
                changed += len(keys)
                at, salt = self._clock.now(), self._ids.salt()
                await self._store.commit(Rewrap(self._vault.wrapping, tuple(keys), at, salt))
                await self._requests()
            await self._clock.sleep(PAUSE_S)
        if lost:
            self._log.warning("data_keys_lost", keys=lost)
        return changed

    async def _retention(self) -> None:
        """Erase the names of payments that ended long enough ago, oldest first.

        While the clock is not believed nothing is, and it is asked again soon.
        """
        now = self._time.now()
        if now is None:
            self._next_pass = self._clock.monotonic() + DOUBT_EVERY_S
            return
        latest = now - min(self._times.values())
        before = _number(latest)
        after, erased, kept = self._kept_from, 0, None
        while page := await self._store.read.wrapped_keys(after, before, BATCH):
            for held in page:
                if is_erased(held.wrapped):
                    continue
                payment = await self._store.read.payment(held.uetr)
                if payment is not None and self._is_old(payment, now):
                    erased += await self.erase(held.uetr, "retention")
                elif kept is None:
                    kept = held.payment_id - 1
            after = page[-1].payment_id
            await self._clock.sleep(PAUSE_S)
        self._kept_from = after if kept is None else kept
        self._next_pass = self._clock.monotonic() + PASS_EVERY_S
        if erased:
            self._log.info("names_retained_long_enough", payments=erased)

    def _is_old(self, payment: Payment, now: datetime) -> bool:
        kept = self._times[payment.use_case]
        return lifecycle.is_ended(payment) and payment.updated_at + kept <= now


def _number(at: datetime) -> int:
    """The number of a payment that is made at a moment, without its last bits."""
    return (to_micros(at) // 1000) << NUMBER_BITS


def keeper_of(days: PersonalDays, seams: Seams, vault: Vault, ids: Ids) -> VaultKeeper:
    """The keeper of a switch's vault."""
    store, clock, log = seams.store, seams.clock, seams.log
    times = times_of(days)
    return VaultKeeper(
        store=store,
        vault=vault,
        times=times,
        clock=clock,
        ids=ids,
        log=log,
        written_at=seams.written_at,
    )


def times_of(days: PersonalDays) -> dict[UseCase, timedelta]:
    """How long names are kept after the end of a payment."""
    return {
        UseCase.MERCHANT: timedelta(days=days.merchant),
        UseCase.TRANSFER: timedelta(days=days.transfer),
    }
