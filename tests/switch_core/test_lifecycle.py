"""The table decides every pair and leaves no payment without a way out.

No clock of ours ends a payment once a byte may have left; the page of states is the table.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from switch.lifecycle import (
    STATES,
    TABLE,
    Event,
    Stand,
    Timer,
    Verdict,
    advance,
    is_final,
    moves_of,
    states_of,
    status,
)
from switch.lifecycle_diagram import page
from switch.model import Direction, State, Status
from switch.reasons import Reason
from tests.switch_core.core_values import ENDED, NOW, SENT, payment

DIRECTIONS: Final = tuple(Direction)
LATER: Final = NOW + timedelta(seconds=1)


def after(direction: Direction, state: State, event: Event) -> tuple[Verdict, State, bool]:
    """Apply an event with whatever the target state needs."""
    decision = TABLE[direction, state, event]
    timed = STATES[decision.target].timer is not Timer.NONE
    reason = Reason.UNSPECIFIED if decision.target is State.REFUSED else None
    held = replace(
        payment(direction=direction),
        state=state,
        reason=Reason.ACCOUNT_CLOSED if state is State.REFUSED else None,
        next_at=None,
    )
    verdict, moved = advance(held, event, at=LATER, next_at=LATER if timed else None, reason=reason)
    return verdict, moved.state, moved.disputed


def test_every_pair_is_decided() -> None:
    pairs = {(d, s, e) for d in Direction for s in State for e in Event}

    assert pairs == TABLE.keys()


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_row_is_stated_once(direction: Direction) -> None:
    causes = [(source, event) for source, event, _ in moves_of(direction)]

    assert len(set(causes)) == len(causes)


def test_every_state_maps_to_one_outside_status() -> None:
    assert STATES.keys() == set(State)
    assert {facts.status for facts in STATES.values()} == set(Status)
    assert status(payment()) is Status.PDNG


def test_every_state_is_reached_in_some_direction() -> None:
    reached = {state for direction in Direction for state in states_of(direction)}

    assert reached == set(State)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_state_has_a_way_to_an_end(direction: Direction) -> None:
    ends = {state for state in states_of(direction) if STATES[state].final}
    leading = set(ends)
    for _ in State:
        leading |= {source for source, _, target in moves_of(direction) if target in leading}

    assert leading == set(states_of(direction))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_state_that_waits_has_a_timer_unless_a_person_ends_it(direction: Direction) -> None:
    untimed = {
        state
        for state in states_of(direction)
        if not STATES[state].final and STATES[state].timer is Timer.NONE
    }

    assert untimed == {State.RECEIVED, State.MANUAL}


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_timed_state_has_a_move_for_its_timer(direction: Direction) -> None:
    fires = {
        Timer.ANSWER: (Event.OVERDUE,),
        Timer.POLL: (Event.RUNG, Event.SPENT),
        Timer.LADDER: (Event.RUNG, Event.SPENT),
        Timer.NONE: (),
    }
    for state in states_of(direction):
        for event in fires[STATES[state].timer]:
            assert TABLE[direction, state, event].verdict is Verdict.MOVE


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_manual_ends_only_by_accepted_or_refused(direction: Direction) -> None:
    moves = {
        event: TABLE[direction, State.MANUAL, event].target
        for event in Event
        if TABLE[direction, State.MANUAL, event].verdict is Verdict.MOVE
    }

    assert moves == {Event.ACCEPTED: ENDED[direction], Event.REFUSED: State.REFUSED}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("event", [Event.OVERDUE, Event.SPENT, Event.RUNG, Event.LOST])
def test_neither_our_clock_nor_a_lost_answer_ends_a_payment(
    direction: Direction, event: Event
) -> None:
    targets = [target for _, cause, target in moves_of(direction) if cause is event]

    assert targets
    assert not any(STATES[target].final for target in targets)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_not_sent_is_the_only_end_we_make_once_money_is_reserved(direction: Direction) -> None:
    far_side = {Event.ACCEPTED, Event.REFUSED, Event.NEVER_SEEN}
    own_ends = {
        event
        for source, event, target in moves_of(direction)
        if STATES[source].stand is Stand.RESERVED and STATES[target].final and event not in far_side
    }

    assert own_ends == {Event.NOT_SENT}


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_not_sent_ends_nothing_that_a_counterparty_has_seen(direction: Direction) -> None:
    seen = {Direction.OUTBOUND: State.PENDING_FAR, Direction.INBOUND: State.CREDIT_PENDING}

    for state in (seen[direction], State.MANUAL):
        assert TABLE[direction, state, Event.NOT_SENT].verdict is Verdict.IGNORE


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("event", list(Event))
def test_a_final_state_never_changes_except_its_dispute_flag(
    direction: Direction, event: Event
) -> None:
    for state in (s for s in states_of(direction) if STATES[s].final):
        decision = TABLE[direction, state, event]

        assert decision.target is state
        assert decision.verdict is not Verdict.MOVE
        if decision.verdict is not Verdict.IMPOSSIBLE:
            disputes = decision.verdict is Verdict.DISPUTE
            assert after(direction, state, event) == (decision.verdict, state, disputes)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_only_the_opposite_answer_opens_a_dispute(direction: Direction) -> None:
    disputes = {
        (state, event)
        for state in State
        for event in Event
        if TABLE[direction, state, event].verdict is Verdict.DISPUTE
    }
    posted = {(s, e) for s in ENDED.values() for e in (Event.REFUSED, Event.NEVER_SEEN)}

    assert disputes == posted | {(State.REFUSED, Event.ACCEPTED)}


def test_a_second_contradiction_changes_nothing() -> None:
    held = replace(payment(), state=State.ACCEPTED, next_at=None)
    verdict, disputed = advance(held, Event.REFUSED, at=LATER, next_at=None)
    again = advance(disputed, Event.NEVER_SEEN, at=LATER, next_at=None)

    assert (verdict, disputed.disputed, disputed.version) == (Verdict.DISPUTE, True, 2)
    assert again == (Verdict.IGNORE, disputed)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_money_moves_only_from_reserved_and_only_once(direction: Direction) -> None:
    steps = {(STATES[s].stand, STATES[t].stand) for s, _, t in moves_of(direction)}

    assert steps == {
        (Stand.NONE, Stand.RESERVED),
        (Stand.NONE, Stand.VOIDED),
        (Stand.RESERVED, Stand.RESERVED),
        (Stand.RESERVED, Stand.POSTED),
        (Stand.RESERVED, Stand.VOIDED),
    }


def test_posted_is_accepted_outside_and_voided_is_refused() -> None:
    outside = {facts.stand: facts.status for facts in STATES.values() if facts.final}

    assert outside == {Stand.POSTED: Status.ACCC, Stand.VOIDED: Status.RJCT}


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_move_raises_the_version_and_keeps_the_terms(direction: Direction) -> None:
    for source, event, target in moves_of(direction):
        held = replace(payment(direction=direction), state=source, version=3, rung=2)
        timed = STATES[target].timer is not Timer.NONE
        reason = Reason.ACCOUNT_CLOSED if target is State.REFUSED else None
        verdict, moved = advance(
            held, event, at=LATER, next_at=LATER if timed else None, reason=reason
        )

        assert verdict is Verdict.MOVE
        assert moved == replace(
            held,
            state=target,
            version=4,
            updated_at=LATER,
            next_at=LATER if timed else None,
            rung=3 if event is Event.RUNG else 2,
            reason=reason,
        )


def test_an_impossible_pair_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        advance(payment(), Event.OPENED, at=LATER, next_at=LATER)


def test_a_timer_must_be_given_where_one_runs() -> None:
    with pytest.raises(AssertionError):
        advance(payment(), Event.OVERDUE, at=LATER, next_at=None)


def test_a_refusal_must_have_its_reason() -> None:
    with pytest.raises(AssertionError):
        advance(payment(), Event.REFUSED, at=LATER, next_at=None)


def test_a_reference_of_the_far_side_is_kept_by_later_events() -> None:
    _, pending = advance(payment(), Event.PENDING, at=LATER, next_at=LATER, far_reference="FAR-1")
    _, ended = advance(pending, Event.ACCEPTED, at=LATER, next_at=None)

    assert (ended.far_reference, is_final(ended)) == ("FAR-1", True)


def test_a_payment_opens_where_the_table_says() -> None:
    for direction, state in SENT.items():
        assert TABLE[direction, State.RECEIVED, Event.OPENED].target is state


def test_the_page_of_states_is_the_table(root: Path) -> None:
    written = (root / "docs" / "developer" / "states.md").read_text("utf-8")

    assert page() == written, "run python -m switch.lifecycle_diagram > docs/developer/states.md"


def test_the_page_draws_every_move_and_every_state() -> None:
    text = page()
    for direction in Direction:
        for source, event, target in moves_of(direction):
            arrow = f"    {source.value} --> {target.value}: "
            drawn = [line.removeprefix(arrow) for line in text.splitlines() if arrow in line]
            assert any(event.value in line.split(", ") for line in drawn)
        for state in states_of(direction):
            assert f"| `{state.value}` | {STATES[state].status.value} | " in text


def test_the_module_prints_the_page(root: Path) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "switch.lifecycle_diagram"],
        cwd=root,
        capture_output=True,
        check=True,
        timeout=30,
    )

    assert page() == printed.stdout.decode("utf-8")
