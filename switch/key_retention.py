"""Lets go of idempotency keys with their stored answers, and of tombstones, when their time is up.

A key is kept as long as the configuration states, counted from the end of its payment, and an open
payment keeps its key for ever. Afterwards the same key may open another payment; the UETR, the
quote and the payment itself are still known, so nothing is paid twice. Batches are bounded, with a
pause between them, and each is one journaled command. The surprise: several processes may do this
at once, because what is gone already is no longer asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch.commands import Forget
from switch.config import ConfigError
from switch.port import Operation
from switch.steady_time import SteadyTime
from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from switch.app import Seams
    from switch.config import Config, Corridor
    from switch.config_files import RetentionSection
    from switch.facts import Facts
    from switch.logs import Log
    from switch.port import Adapter
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store

EVERY_S: Final = 3_600
"""How often old keys are looked for."""

BATCH: Final = 100
"""Keys or tombstones of one command: its journal entry names them all."""

PAUSE_S: Final = 0.05
"""Between two batches, so that payments go first."""

SECONDS_OF_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Kept:
    """How long keys are kept after the end of their payment, and tombstones after they were dug."""

    keys: timedelta
    tombstones: timedelta


def kept(section: RetentionSection) -> Kept:
    """The retention of a configuration."""
    return Kept(timedelta(days=section.bindings_days), timedelta(days=section.tombstone_days))


def too_short(
    section: RetentionSection, facts: Mapping[str, Facts], corridors: Iterable[Corridor]
) -> str | None:
    """What is wrong with a retention, naming its key: shorter than what may still arrive."""
    for name, each in sorted(facts.items()):
        if section.bindings_days * SECONDS_OF_DAY < each.duplicate_window_s:
            return (
                f"retention.bindings_days: shorter than the {each.duplicate_window_s} s in which "
                f"{name} may repeat a request"
            )
        if Operation.REFUND in each.operations and section.bindings_days < each.refund_window_days:
            # A refund has no quote that is used once: its key alone tells a late repeat.
            return (
                f"retention.bindings_days: shorter than the {each.refund_window_days} days in "
                f"which a payment of {name} may be refunded"
            )
        late_s = each.flight_max_s + each.clock_skew_max_s + each.duplicate_window_s
        if section.tombstone_days * SECONDS_OF_DAY < late_s:
            return (
                f"retention.tombstone_days: shorter than the {late_s} s after which a request of "
                f"{name} may still arrive"
            )
    longest_s = max((corridor.quote_valid_s for corridor in corridors), default=0)
    if section.tombstone_days * SECONDS_OF_DAY < longest_s:
        return f"retention.tombstone_days: shorter than the {longest_s} s of a quote"
    return None


class KeyRetention:
    """Looks for what is older than the retention, and lets go of it.

    ``written_at`` is the time of the newest block before this start.
    """

    def __init__(
        self,
        *,
        times: Kept,
        store: Store,
        clock: Clock,
        ids: Ids,
        log: Log,
        written_at: datetime | None = None,
    ) -> None:
        self._times = times
        self._store = store
        self._clock = clock
        self._ids = ids
        self._log = log
        self._time = SteadyTime(clock, log, written_at)

    async def run(self) -> None:
        """Look now and then until cancelled."""
        while True:
            await self.turn()
            await self._clock.sleep(EVERY_S)

    async def turn(self) -> tuple[int, int]:
        """Let go of everything that is old enough; how many keys and tombstones that were.

        A store that is busy ends the turn: the next one goes on. Nothing is let go of while the
        clock is not believed.
        """
        now = self._time.now()
        if now is None:
            return 0, 0
        keys = tombstones = 0
        try:
            keys = await self._keys(now)
            tombstones = await self._tombstones(now)
        except StoreBusy:
            self._log.info("retention_waits")
        if keys or tombstones:
            self._log.info("retention", keys=keys, tombstones=tombstones)
        return keys, tombstones

    async def _keys(self, now: datetime) -> int:
        before, after, count = now - self._times.keys, 0, 0
        while page := await self._store.read.bound(after, BATCH):
            after = page[-1].payment_id
            ended = [each for each in page if each.ended_at is not None]
            old = [each for each in ended if each.ended_at is not None and each.ended_at < before]
            if old:
                keys = tuple(each.key for each in old)
                await self._forget(now, tuple(each.uetr for each in old), (), keys)
                count += len(old)
            elif ended:
                # Payments come in the order of opening: those behind are younger.
                break
        return count

    async def _tombstones(self, now: datetime) -> int:
        before, count = now - self._times.tombstones, 0
        while graves := await self._store.read.graves(before, BATCH):
            await self._forget(now, (), tuple(graves))
            count += len(graves)
        return count

    async def _forget(
        self,
        now: datetime,
        uetrs: tuple[str, ...],
        graves: tuple[tuple[str, str], ...],
        keys: tuple[tuple[str, str], ...] = (),
    ) -> None:
        command = Forget(
            bindings=uetrs,
            tombstones=graves,
            ended_before=now - self._times.keys,
            buried_before=now - self._times.tombstones,
            at=now,
            salt=self._ids.salt(),
            keys=keys,
        )
        await self._store.commit(command)
        await self._clock.sleep(PAUSE_S)


def retention_of(
    config: Config, adapters: Mapping[str, Adapter], seams: Seams, ids: Ids
) -> KeyRetention:
    """The retention of a switch. Raises :class:`ConfigError` where it is too short."""
    facts = {name: adapter.facts for name, adapter in adapters.items()}
    wrong = too_short(config.retention, facts, config.corridors.values())
    if wrong is not None:
        raise ConfigError(f"switch.toml: {wrong}")
    return KeyRetention(
        times=kept(config.retention),
        store=seams.store,
        clock=seams.clock,
        ids=ids,
        log=seams.log,
        written_at=seams.written_at,
    )
