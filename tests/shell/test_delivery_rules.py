"""What a round of sending leaves: nobody is held up, nothing is lost, and all of it is bounded."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Final

import pytest

from switch.delivery_rules import PAUSE_MAX_S, Rules, Said, Tried, judged, overdue, settlement
from switch.model import Status
from switch.outbox import Kind, OutboxRow
from switch.store.outbox_port import Retry, Standing
from switch.wire.transport import Answer, MaybeSent, NotSent
from tests.switch_core.core_values import MEMBER, NOW, uetr

DAY: Final = timedelta(days=1)
RULES: Final = Rules(DAY, lambda: 0)
STANDING: Final = Standing(MEMBER, last=10, done=4)
NOTHING: Final = MappingProxyType[str, str]({})


def row(number: int) -> OutboxRow:
    """An event."""
    return OutboxRow(MEMBER, number, number, uetr(number), 2, Kind.ENDED, Status.ACCC, NOW)


def tried(**said: Said) -> list[Tried]:
    """Events by sequence (``e5``) and what was said of each."""
    return [Tried(row(int(name[1:])), each) for name, each in said.items()]


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (Answer(200, NOTHING, b""), Said.TAKEN),
        (Answer(204, NOTHING, b""), Said.TAKEN),
        (Answer(410, NOTHING, b""), Said.STOP),
        (Answer(422, NOTHING, b""), Said.REFUSED),
        (Answer(302, NOTHING, b""), Said.AWAY),
        (Answer(401, NOTHING, b""), Said.AWAY),
        (Answer(429, NOTHING, b""), Said.AWAY),
        (Answer(500, NOTHING, b""), Said.AWAY),
        (NotSent("connect_refused"), Said.AWAY),
        (MaybeSent("timeout"), Said.AWAY),
        (MaybeSent("answer_too_large", 200), Said.TAKEN),
        (MaybeSent("answer_too_large", 410), Said.STOP),
        (MaybeSent("answer_too_large", 503), Said.AWAY),
    ],
)
def test_an_answer_is_judged_by_its_status(
    result: Answer | NotSent | MaybeSent, said: Said
) -> None:
    assert judged(result) is said


def test_what_is_taken_moves_on_and_ends_a_failure() -> None:
    failing = replace(STANDING, tries=3, next_at=NOW, failing_since=NOW)
    made = settlement(failing, tried(e6=Said.TAKEN, e5=Said.TAKEN), NOW, RULES)

    assert made.after == replace(STANDING, done=6)
    assert (made.kept, made.cleared) == ((), ())


def test_who_is_away_keeps_its_place_and_is_left_alone_for_longer_each_time() -> None:
    made = settlement(STANDING, tried(e5=Said.AWAY, e6=Said.AWAY), NOW, RULES)
    again = settlement(made.after, tried(e5=Said.AWAY), NOW + DAY / 2, RULES)

    assert (made.after.done, made.after.tries, made.after.failing_since) == (4, 1, NOW)
    assert made.after.next_at == NOW + timedelta(seconds=0.5)
    assert made.kept == ()
    assert (again.after.tries, again.after.failing_since) == (2, NOW)
    assert again.after.next_at == NOW + DAY / 2 + timedelta(seconds=1)


def test_one_that_is_not_taken_among_others_gets_a_time_of_its_own() -> None:
    for said in (Said.AWAY, Said.REFUSED):
        made = settlement(STANDING, tried(e5=said, e6=Said.TAKEN), NOW, RULES)
        assert made.after.done == 6
        assert made.after.tries == 0
        assert made.kept == (Retry(5, 1, NOW, NOW + timedelta(seconds=0.5)),)


def test_one_that_is_tried_again_is_cleared_when_taken_kept_when_not_and_given_up_in_time() -> None:
    kept = Retry(2, 3, NOW - DAY / 2, NOW)
    old = Retry(3, 9, NOW - DAY, NOW)
    taken = Retry(4, 1, NOW, NOW)
    more = [
        Tried(row(2), Said.REFUSED, kept),
        Tried(row(3), Said.REFUSED, old),
        Tried(row(4), Said.TAKEN, taken),
    ]
    made = settlement(STANDING, more, NOW, RULES)

    assert made.after == STANDING
    assert made.kept == (Retry(2, 4, NOW - DAY / 2, NOW + timedelta(seconds=4)),)
    assert made.cleared == (4, 3)


def test_stop_keeps_what_was_taken_before_it_and_nothing_behind() -> None:
    made = settlement(STANDING, tried(e5=Said.TAKEN, e6=Said.STOP, e7=Said.TAKEN), NOW, RULES)

    assert made.after == replace(STANDING, done=5, stopped=True)


def test_pauses_double_up_to_a_bound_and_chance_cuts_at_most_half() -> None:
    least, most = Rules(DAY, lambda: 0), Rules(DAY, lambda: 65_535)
    pauses = [(least.pause(n).total_seconds(), most.pause(n).total_seconds()) for n in range(1, 99)]

    assert [pair[0] for pair in pauses[:5]] == [0.5, 1, 2, 4, 8]
    assert all(2 * low * 0.99 <= high <= 2 * low for low, high in pauses)
    assert pauses[-1][0] == PAUSE_MAX_S / 2


def test_only_who_failed_for_the_whole_time_is_given_up_on() -> None:
    assert not overdue(STANDING, NOW + 9 * DAY, RULES)
    failing = replace(STANDING, tries=1, failing_since=NOW)
    assert not overdue(failing, NOW + DAY - timedelta(microseconds=1), RULES)
    assert overdue(failing, NOW + DAY, RULES)
