"""When the timer of a state fires, from the facts of the network. Pure.

The ladder of enquiries is counted from the moment the outcome became unknown; after its last rung
enquiries repeat at a slow pace until the budget is used up. A credit that Bakong has taken is
polled with a pause that doubles between the network's two bounds until the deadline of the waiting
side, then it climbs the same ladder. The surprise: chance only ever makes a pause longer, by up
to a quarter, because the network's schedule says how early it may be asked.
"""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from typing import TYPE_CHECKING, Final

from switch.port import Operation
from switch.states import STATES, Timer

if TYPE_CHECKING:
    from datetime import datetime

    from switch.facts import Facts
    from switch.model import State


CANCELS_AT_PACE: Final = 24
"""Cancels that follow each other at the network's own pace; later ones wait twice as long each."""

CANCEL_EVERY_MAX_S: Final = 300

CHILD_EVERY_S: Final = 1
CHILD_EVERY_MAX_S: Final = 600
"""Pause between looks at the linked payment that gives money back: doubling between the two."""

CHANCES: Final = 65_536
"""A draw is a number from 0 up to and without this."""


def answer_due(send_by: datetime, facts: Facts) -> datetime:
    """When the answer to a first send is overdue (T_answer), whatever became of the sender."""
    return send_by + timedelta(milliseconds=facts.answer_within_ms)


def next_due(
    state: State, facts: Facts, *, rung: int, at: datetime, deadline: datetime, drawn: int
) -> datetime | None:
    """When the timer of a state entered (or kept) at ``at`` fires; None where it has none.

    ``rung`` is how many enquiries have been made; ``deadline`` is the waiting side's; ``drawn`` is
    what keeps payments apart that fell due together (:func:`spread`).
    """
    timer = STATES[state].timer
    if timer is Timer.NONE:
        return None
    assert timer not in (Timer.ANSWER, Timer.EXPIRY), "set when a hop or a wait begins"
    if timer is Timer.CANCEL:
        return at + spread(timedelta(seconds=_cancel_pause_s(facts, rung)), drawn)
    if timer is Timer.CONFIRM and rung == 0:
        return at
    if timer is Timer.CHILD:
        child_s = min(CHILD_EVERY_S << min(rung, 16), CHILD_EVERY_MAX_S)
        return at + spread(timedelta(seconds=child_s), drawn)
    if timer is Timer.POLL and at < deadline:
        pause_ms = min(facts.poll_fast_ms << min(rung, 16), facts.poll_slow_ms)
        slowest = timedelta(milliseconds=facts.poll_slow_ms)
        return at + min(spread(timedelta(milliseconds=pause_ms), drawn), slowest)
    return at + spread(timedelta(seconds=_pause_s(facts, rung)), drawn)


def spread(pause: timedelta, drawn: int) -> timedelta:
    """A pause, and up to a quarter more by chance; ``drawn`` is below :data:`CHANCES`.

    A quarter, because "each 4 to 5 s" and "after 45 to 60 s" are what networks say.
    """
    return pause + pause * drawn // (4 * CHANCES)


def longest_pause_s(facts: Facts) -> int:
    """The longest that a repeated step of a payment ever waits for its next turn."""
    ladder = [_pause_s(facts, rung) for rung in range(len(facts.enquiry_delays_s) + 1)]
    others = (facts.cancel_every_s, -(-facts.poll_slow_ms // 1000), CHILD_EVERY_MAX_S)
    stated = timedelta(seconds=max(*ladder, *others))
    return -(-spread(stated, CHANCES) // timedelta(seconds=1))


def _cancel_pause_s(facts: Facts, rung: int) -> int:
    """The pause before the next cancel: the network's own pace first, then twice as long each.

    A window may be open for more than a day, and a network that is gone for so long is asked by
    every payment that it left open.
    """
    slower = facts.cancel_every_s << min(max(rung - CANCELS_AT_PACE, 0), 16)
    return max(facts.cancel_every_s, min(slower, CANCEL_EVERY_MAX_S))


def budget_spent(facts: Facts, rung: int) -> bool:
    """True when no further enquiry may be made for this payment."""
    return rung >= facts.enquiries_max


def gives_up(facts: Facts, rung: int) -> bool:
    """True when enquiries have said nothing for long enough, and the network has a cancel."""
    return 0 < facts.cancel_after_rungs <= rung and Operation.CANCEL in facts.operations


def may_confirm(facts: Facts, deadline: datetime, at: datetime) -> bool:
    """True while a payment in three legs may be confirmed: its payer is still waiting for an end.

    Later it may have been given up at both ends; only two operators confirm it then.
    """
    return at < deadline - timedelta(milliseconds=facts.answer_margin_ms)


def cancel_until(facts: Facts, send_by: datetime) -> datetime:
    """When the cancel window of a payment ends: a time of the day after the network was asked.

    What waited for its money or for people may have been opened the day before it was sent.
    """
    zone = timezone(timedelta(minutes=facts.cancel_zone_min))
    day = send_by.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return (day + timedelta(days=1, minutes=facts.cancel_until_min)).astimezone(UTC)


def _pause_s(facts: Facts, rung: int) -> int:
    delays = facts.enquiry_delays_s
    if rung >= len(delays):
        return facts.enquiry_repeat_s
    return delays[rung] - (delays[rung - 1] if rung else 0)


def may_believe_never_seen(
    facts: Facts, send_by: datetime, at: datetime, rung: int, timer: Timer = Timer.LADDER
) -> bool:
    """True when a network's "never seen", asked for at ``at``, proves that nothing will execute.

    Either it promises a tombstone, or a request sent at the last moment can no longer be in flight
    and its clock's tolerance has passed too. That time must have passed twice over: by the wall
    clock, which may be set forward, and by the pauses between the steps made so far (``rung``), of
    which a step of the clock can skip only one. ``timer`` says of which kind they were: cancels
    follow each other at a pace of their own.
    """
    if facts.never_seen_is_promise:
        return True
    settled_s = facts.flight_max_s + facts.clock_skew_max_s
    cancels = timer is Timer.CANCEL
    waited_s = [facts.cancel_every_s if cancels else _pause_s(facts, made) for made in range(rung)]
    slept_s = sum(waited_s) - max(waited_s, default=0)
    return at >= send_by + timedelta(seconds=settled_s) and slept_s >= settled_s
