"""The table decides every pair and leaves no payment without a way out.

No clock of ours ends a payment once a byte may have left; the page of states is the table.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from switch.lifecycle import (
    STATES,
    TABLE,
    Event,
    Stand,
    Timer,
    Verdict,
    advance,
    is_ended,
    is_final,
    moves_of,
    states_of,
    status,
)
from switch.lifecycle_diagram import page
from switch.model import Direction, Finality, Flow, Funding, Kind, Payment, State, Status
from switch.reasons import Reason
from tests.switch_core.core_values import NOW, SENT, payment

FLOWS: Final = tuple(Flow)
PEOPLES: Final = {State.MANUAL, State.CANCEL_MANUAL, State.BLOCKED}
LATER: Final = NOW + timedelta(seconds=1)

SHAPES: Final[dict[Flow, dict[str, Any]]] = {
    Flow.OUTBOUND: {},
    Flow.OUTBOUND_THREE_LEG: {"finality": Finality.THREE_LEG},
    Flow.OUTBOUND_GROSS: {"funding": Funding.GROSS},
    Flow.OUTBOUND_GROSS_THREE_LEG: {"funding": Funding.GROSS, "finality": Finality.THREE_LEG},
    Flow.INBOUND: {"direction": Direction.INBOUND},
    Flow.INBOUND_BOUND: {"direction": Direction.INBOUND, "finality": Finality.ADVICE},
    Flow.GIVEN_BACK: {"direction": Direction.INBOUND, "kind": Kind.RETURN},
    Flow.RECALLED: {"direction": Direction.INBOUND, "kind": Kind.RECALL},
}
OUTBOUND: Final = tuple(flow for flow in FLOWS if flow.value.startswith("outbound"))
HOPS: Final = tuple(flow for flow in FLOWS if flow not in (Flow.GIVEN_BACK, Flow.RECALLED))
OWN_ENDS: Final = {Event.NOT_SENT, Event.EXPIRED}
"""What we end ourselves once money is reserved: nothing was sent, and nothing will be."""


def in_flow(flow: Flow, state: State = State.RECEIVED, **more: Any) -> Payment:
    """A payment that follows a flow, in a state."""
    refused = STATES[state].status is Status.RJCT
    changes: dict[str, Any] = {
        "next_at": None,
        "reason": Reason.ACCOUNT_CLOSED if refused else None,
        **SHAPES[flow],
        **more,
    }
    held = payment(direction=SHAPES[flow].get("direction", Direction.OUTBOUND))
    return replace(held, state=state, **changes)


def needs(held: Payment, target: State) -> tuple[bool, Reason | None]:
    """Whether a target state has a timer, and the reason that it must be given."""
    refuses = STATES[target].status is Status.RJCT and held.reason is None
    timed = STATES[target].timer is not Timer.NONE
    return timed, Reason.UNSPECIFIED if refuses else None


def after(flow: Flow, state: State, event: Event) -> tuple[Verdict, State, bool]:
    """Apply an event with whatever the target state needs."""
    held = in_flow(flow, state)
    timed, reason = needs(held, TABLE[flow, state, event].target)
    verdict, moved = advance(held, event, at=LATER, next_at=LATER if timed else None, reason=reason)
    return verdict, moved.state, moved.disputed


@pytest.mark.parametrize("flow", FLOWS)
def test_a_payment_follows_the_flow_of_its_direction_funding_and_finality(flow: Flow) -> None:
    assert in_flow(flow).flow is flow


def test_a_refund_is_a_hop_of_its_own_whatever_it_gives_back() -> None:
    shapes = [in_flow(flow, kind=Kind.REFUND, finality=Finality.TWO_LEG).flow for flow in HOPS]

    assert set(shapes) == {Flow.OUTBOUND}


def test_a_recall_of_ours_is_a_hop_and_a_networks_is_put_to_the_payees_side() -> None:
    ours = replace(payment(), kind=Kind.RECALL, finality=Finality.THREE_LEG)

    assert ours.flow is Flow.OUTBOUND
    assert replace(ours, direction=Direction.INBOUND).flow is Flow.RECALLED


def test_every_pair_is_decided() -> None:
    pairs = {(f, s, e) for f in Flow for s in State for e in Event}

    assert pairs == TABLE.keys()


@pytest.mark.parametrize("flow", FLOWS)
def test_a_row_is_stated_once(flow: Flow) -> None:
    causes = [(source, event) for source, event, _ in moves_of(flow)]

    assert len(set(causes)) == len(causes)


def test_every_state_maps_to_one_outside_status() -> None:
    """Lesson 3: inside names stay inside."""
    assert STATES.keys() == set(State)
    assert {facts.status for facts in STATES.values()} == set(Status)
    assert status(payment()) is Status.PDNG


def test_every_state_is_reached_in_some_flow() -> None:
    reached = {state for flow in Flow for state in states_of(flow)}

    assert reached == set(State)


def test_every_event_moves_something_in_some_flow() -> None:
    causes = {event for flow in Flow for _, event, _ in moves_of(flow)}

    assert causes == set(Event)


@pytest.mark.parametrize("flow", FLOWS)
def test_every_state_has_a_way_to_an_end(flow: Flow) -> None:
    ends = {
        state
        for state in states_of(flow)
        if STATES[state].final and STATES[state].timer is Timer.NONE
    }
    leading = set(ends)
    for _ in State:
        leading |= {source for source, _, target in moves_of(flow) if target in leading}

    assert leading == set(states_of(flow))


@pytest.mark.parametrize("flow", FLOWS)
def test_a_state_that_waits_has_a_timer_unless_a_person_ends_it(flow: Flow) -> None:
    untimed = {
        state
        for state in states_of(flow)
        if not STATES[state].final and STATES[state].timer is Timer.NONE
    }
    assert untimed - PEOPLES == {State.RECEIVED}


@pytest.mark.parametrize("flow", FLOWS)
def test_a_timed_state_has_a_move_for_its_timer_and_an_end_of_it(flow: Flow) -> None:
    moves = {
        Timer.ANSWER: (Event.OVERDUE,),
        Timer.POLL: (Event.RUNG, Event.SPENT),
        Timer.LADDER: (Event.RUNG, Event.SPENT),
        Timer.CANCEL: (Event.RUNG, Event.SPENT),
        Timer.EXPIRY: (Event.EXPIRED,),
        Timer.CONFIRM: (Event.RUNG, Event.ACKNOWLEDGED),
        Timer.CHILD: (Event.RUNG, Event.GIVEN_BACK),
        Timer.NONE: (),
    }
    for state in states_of(flow):
        for event in moves[STATES[state].timer]:
            assert TABLE[flow, state, event].verdict is Verdict.MOVE
        if STATES[state].timer in (Timer.CONFIRM, Timer.CHILD):
            spent = TABLE[flow, state, Event.SPENT]
            assert spent.verdict is (Verdict.DISPUTE if STATES[state].final else Verdict.MOVE)


@pytest.mark.parametrize("flow", HOPS)
def test_manual_ends_only_by_a_final_word_from_outside(flow: Flow) -> None:
    moves = {event for event in Event if TABLE[flow, State.MANUAL, event].verdict is Verdict.MOVE}
    more = {Event.CANCELLED, Event.READY} if "three_leg" in flow.value else {Event.CANCELLED}

    assert moves == {Event.ACCEPTED, Event.REFUSED} | (more if flow in OUTBOUND else set())


@pytest.mark.parametrize("flow", HOPS)
@pytest.mark.parametrize("event", [Event.OVERDUE, Event.SPENT, Event.LOST, Event.GIVEN_UP])
def test_neither_our_clock_nor_a_lost_answer_ends_a_payment(flow: Flow, event: Event) -> None:
    targets = [target for _, cause, target in moves_of(flow) if cause is event]

    assert targets or (event is Event.GIVEN_UP and flow not in OUTBOUND)
    assert not any(STATES[target].final for target in targets)


@pytest.mark.parametrize("flow", FLOWS)
def test_only_what_was_never_sent_is_ended_by_us_once_money_is_reserved(flow: Flow) -> None:
    outside = {
        *(Event.ACCEPTED, Event.REFUSED, Event.NEVER_SEEN, Event.CANCELLED, Event.TOO_LATE),
        *(Event.READY, Event.TAKEN_BACK, Event.PAID_AMISS, Event.GIVEN_BACK),
    }
    own_ends = {
        event
        for source, event, target in moves_of(flow)
        if STATES[source].stand is Stand.RESERVED and STATES[target].final and event not in outside
    }

    assert own_ends <= OWN_ENDS


@pytest.mark.parametrize("flow", HOPS)
def test_what_expires_or_is_withdrawn_was_never_sent(flow: Flow) -> None:
    sources = {
        source for source, event, _ in moves_of(flow) if event in (Event.EXPIRED, Event.TAKEN_BACK)
    }

    assert sources <= {State.LOOKED_UP, State.READY, State.AWAITING_FUNDS, State.HELD}


@pytest.mark.parametrize("flow", HOPS)
def test_not_sent_ends_nothing_that_a_counterparty_has_seen(flow: Flow) -> None:
    for state in (State.PENDING_FAR, State.CREDIT_PENDING, State.CANCELLING, State.MANUAL):
        if state in states_of(flow):
            assert TABLE[flow, state, Event.NOT_SENT].verdict is Verdict.IGNORE


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("event", list(Event))
def test_the_answer_of_a_final_state_never_changes(flow: Flow, event: Event) -> None:
    for state in (s for s in states_of(flow) if STATES[s].final):
        decision = TABLE[flow, state, event]

        assert STATES[decision.target].final
        assert STATES[decision.target].status is STATES[state].status
        if decision.verdict is Verdict.DISPUTE:
            assert after(flow, state, event) == (Verdict.DISPUTE, state, True)
        if decision.verdict is Verdict.IGNORE:
            assert after(flow, state, event) == (Verdict.IGNORE, state, False)


@pytest.mark.parametrize("flow", FLOWS)
def test_only_the_opposite_answer_or_a_spent_step_opens_a_dispute(flow: Flow) -> None:
    for state in states_of(flow):
        disputes = {
            event for event in Event if TABLE[flow, state, event].verdict is Verdict.DISPUTE
        }
        facts = STATES[state]
        expected: set[Event] = set()
        if facts.final and facts.stand is Stand.POSTED:
            expected = {Event.REFUSED, Event.NEVER_SEEN, Event.CANCELLED}
        elif facts.final:
            expected = {Event.ACCEPTED, Event.TOO_LATE}
        if facts.final and facts.timer is not Timer.NONE:
            expected.add(Event.SPENT)
        assert disputes == expected, state


def test_a_dispute_stops_what_was_still_to_be_done() -> None:
    held = in_flow(Flow.INBOUND_BOUND, State.UNWINDING, next_at=LATER)
    _, disputed = advance(held, Event.ACCEPTED, at=LATER, next_at=LATER)

    assert (disputed.disputed, disputed.next_at, is_ended(disputed)) == (True, None, False)
    assert not is_ended(held)


def test_a_second_contradiction_changes_nothing() -> None:
    held = replace(payment(), state=State.ACCEPTED, next_at=None)
    verdict, disputed = advance(held, Event.REFUSED, at=LATER, next_at=None)
    again = advance(disputed, Event.NEVER_SEEN, at=LATER, next_at=None)

    assert (verdict, disputed.disputed, disputed.version) == (Verdict.DISPUTE, True, 2)
    assert again == (Verdict.IGNORE, disputed)


def test_a_late_success_while_we_cancel_is_evidence_only() -> None:
    decision = TABLE[Flow.OUTBOUND, State.CANCELLING, Event.ACCEPTED]

    assert decision.verdict is Verdict.IGNORE
    assert TABLE[Flow.OUTBOUND, State.CANCELLING, Event.TOO_LATE].target is State.ACCEPTED


def test_what_cannot_be_credited_is_given_back_where_the_payer_is_debited() -> None:
    for event in (Event.REFUSED, Event.NOT_SENT):
        decision = TABLE[Flow.INBOUND_BOUND, State.CREDITING, event]
        assert decision.target is State.UNWINDING
    assert TABLE[Flow.INBOUND_BOUND, State.LAPSED, Event.PAID_AMISS].target is State.UNWINDING
    assert TABLE[Flow.INBOUND, State.CREDITING, Event.REFUSED].target is State.REFUSED


@pytest.mark.parametrize("flow", FLOWS)
def test_money_moves_from_reserved_and_only_once(flow: Flow) -> None:
    steps = {(STATES[s].stand, STATES[t].stand) for s, _, t in moves_of(flow)}

    assert steps <= {
        (Stand.NONE, Stand.NONE),
        (Stand.NONE, Stand.RESERVED),
        (Stand.NONE, Stand.VOIDED),
        (Stand.NONE, Stand.POSTED),
        (Stand.RESERVED, Stand.RESERVED),
        (Stand.RESERVED, Stand.POSTED),
        (Stand.RESERVED, Stand.VOIDED),
        *((Stand.RESERVED, Stand.FROZEN), (Stand.FROZEN, Stand.VOIDED)),
        (Stand.VOIDED, Stand.VOIDED),
        (Stand.POSTED, Stand.POSTED),
    }
    assert (Stand.NONE, Stand.POSTED) not in steps or flow is Flow.GIVEN_BACK


def test_posted_is_accepted_outside_and_voided_is_refused() -> None:
    outside = {facts.stand: facts.status for facts in STATES.values() if facts.final}

    assert outside == {Stand.POSTED: Status.ACCC, Stand.VOIDED: Status.RJCT}


@pytest.mark.parametrize("flow", FLOWS)
def test_every_move_raises_the_version_and_keeps_the_terms(flow: Flow) -> None:
    for source, event, target in moves_of(flow):
        held = in_flow(flow, source, version=3, rung=2)
        timed, reason = needs(held, target)
        verdict, moved = advance(
            held, event, at=LATER, next_at=LATER if timed else None, reason=reason
        )
        anew = STATES[target].timer in (Timer.CANCEL, Timer.CONFIRM, Timer.CHILD)
        rung = 3 if event is Event.RUNG else 0 if anew else 2

        assert verdict is Verdict.MOVE
        assert moved == replace(
            held,
            state=target,
            version=4,
            updated_at=LATER,
            next_at=LATER if timed else None,
            rung=rung,
            reason=held.reason or reason,
        )


def test_no_event_is_called_what_another_entry_of_the_journal_is() -> None:
    others = {
        *("received", "buried", "configured", "published", "confirmed", "withdrawn", "erased"),
        *("rewrapped", "forgotten", "key", "held", "enquired", "disputed"),
    }

    assert others.isdisjoint(event.value for event in Event)


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
        flow = payment(direction=direction).flow
        assert TABLE[flow, State.RECEIVED, Event.OPENED].target is state


def test_the_page_of_states_is_the_table(root: Path) -> None:
    written = (root / "docs" / "developer" / "states.md").read_text("utf-8")

    assert page() == written, "run python -m switch.lifecycle_diagram > docs/developer/states.md"


def test_the_page_draws_every_move_and_every_state() -> None:
    text = page()
    for flow in Flow:
        for source, event, target in moves_of(flow):
            arrow = f"    {source.value} --> {target.value}: "
            drawn = [line.removeprefix(arrow) for line in text.splitlines() if arrow in line]
            assert any(event.value in line.split(", ") for line in drawn)
        for state in states_of(flow):
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
