"""What an answer to an event means, and what is kept of a round of sending. Pure.

A receiver that takes nothing is away: it is left alone for a while that doubles, and nothing is
written of its events, because all of them still lie behind where it is. An event that is not taken
while others are has a time of its own, so it holds up nobody. Whatever is not taken in the time
that configuration states is given up; it can be fetched, and sent anew on request. The surprise:
giving up needs an attempt that failed, so a switch that was off for a day gives up nothing by that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from switch.store.outbox_port import Retry, Settlement
from switch.wire.transport import NotSent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from switch.outbox import OutboxRow
    from switch.store.outbox_port import Standing
    from switch.wire.transport import Answer, MaybeSent

GONE: Final = 410
"""The receiver wants no more events: none is sent until it asks for a replay."""

ABOUT_THE_EVENT: Final = (400, 409, 413, 415, 422)
"""Statuses by which a receiver that works refuses this one event."""

PAUSE_FIRST_S: Final = 1
PAUSE_MAX_S: Final = 600
"""Pauses double from the first up to this one; each is cut to a half at most, by chance."""

DOUBLINGS_MAX: Final = 12
_SUCCESS: Final = range(200, 300)
_MICROS: Final = 1_000_000


class Said(Enum):
    """What a receiver said of an event."""

    TAKEN = auto()
    REFUSED = auto()
    """This event is not taken; others may be."""
    AWAY = auto()
    """Nobody answered, or whoever did is not ready for events."""
    STOP = auto()


@dataclass(frozen=True, slots=True)
class Tried:
    """An event that was sent, and what became of it; ``retry`` where it was kept from before."""

    row: OutboxRow
    said: Said
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """How long an event is tried, and ``drawn``: a number from 0 to 65,535 by chance."""

    lasts: timedelta
    drawn: Callable[[], int]

    def pause(self, tries: int) -> timedelta:
        """Time before the next attempt after so many that failed in a row."""
        doubled: int = PAUSE_FIRST_S << min(tries - 1, DOUBLINGS_MAX)
        most = min(doubled, PAUSE_MAX_S) * _MICROS
        return timedelta(microseconds=most // 2 + most * self.drawn() // (2 * 65_536))


def judged(result: Answer | NotSent | MaybeSent) -> Said:
    """What came back, by its status: no body is wanted, however large it is.

    A redirect is followed nowhere: the address is the configuration's.
    """
    status = 0 if isinstance(result, NotSent) else result.status
    if status in _SUCCESS:
        return Said.TAKEN
    if status == GONE:
        return Said.STOP
    return Said.REFUSED if status in ABOUT_THE_EVENT else Said.AWAY


def settlement(
    standing: Standing, tried: Sequence[Tried], now: datetime, rules: Rules
) -> Settlement:
    """What is kept of a round: ``tried`` are the first of what lay behind, and any kept before."""
    said = [each.said for each in tried]
    cleared = tuple(e.retry.number for e in tried if e.retry is not None and e.said is Said.TAKEN)
    fresh = [each for each in tried if each.retry is None]
    if Said.STOP in said:
        done = _prefix(standing.done, fresh)
        after = replace(standing, done=done, tries=0, next_at=None, failing_since=None)
        return Settlement(standing, replace(after, stopped=True), (), cleared)
    if Said.AWAY in said and Said.TAKEN not in said and Said.REFUSED not in said:
        tries = standing.tries + 1
        after = replace(
            standing,
            tries=tries,
            next_at=now + rules.pause(tries),
            failing_since=standing.failing_since or now,
        )
        return Settlement(standing, after, *_later(tried, now, rules, fresh=False))
    kept, given_up = _later(tried, now, rules, fresh=True)
    pause = now + rules.pause(1) if Said.AWAY in said else None
    done = max([standing.done, *(each.row.number for each in fresh)])
    after = replace(standing, done=done, tries=0, next_at=pause, failing_since=None)
    return Settlement(standing, after, kept, cleared + given_up)


def _prefix(done: int, fresh: Sequence[Tried]) -> int:
    """The last event up to which all were taken."""
    for each in sorted(fresh, key=lambda each: each.row.number):
        if each.said is not Said.TAKEN:
            break
        done = each.row.number
    return done


def _later(
    tried: Sequence[Tried], now: datetime, rules: Rules, *, fresh: bool
) -> tuple[tuple[Retry, ...], tuple[int, ...]]:
    """What is to be tried again by itself, and what is not any more."""
    kept, given_up = [], []
    for each in tried:
        if each.said is Said.TAKEN or (each.retry is None and not fresh):
            continue
        before = each.retry or Retry(each.row.number, 0, now, now)
        tries = before.tries + 1
        if before.since + rules.lasts <= now:
            given_up.append(before.number)
        else:
            kept.append(Retry(before.number, tries, before.since, now + rules.pause(tries)))
    return tuple(kept), tuple(given_up)


def overdue(standing: Standing, now: datetime, rules: Rules) -> bool:
    """Whether a receiver has taken nothing for so long that what is old is given up."""
    since = standing.failing_since
    return since is not None and since + rules.lasts <= now
