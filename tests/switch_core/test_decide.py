"""Decisions: money follows from the states and moves once, and nothing booked ever flips."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switch.commands import Done, Stale
from switch.ledger import Phase, Side
from switch.lifecycle import Event
from switch.model import Direction, State
from switch.reasons import Reason
from tests.switch_core.core_values import (
    ENDED,
    HOLDER_KHR,
    HOLDER_THB,
    POOL_KHR,
    SUSPENSE_KHR,
    THAILAND_THB,
    answer,
    capped,
    concluded,
    enquired,
    opened,
    payment,
    received,
)
from tests.switch_core.core_world import POSTED, RELEASED, RESERVED, World, nothing_written


def test_opening_reserves_in_both_currencies_and_books_one_leaf(world: World) -> None:
    held = world.done(opened(payment()))

    assert world.balances() == RESERVED
    assert held == replace(payment(), reservation=world.entries[0].entry_id, block=1)
    assert [leaf.content["kind"] for leaf in world.last.leaves] == ["opened"]
    assert not world.state.claims["quote-1"].released


def test_acceptance_posts_what_was_reserved(world: World) -> None:
    held = world.done(opened(payment()))
    ended = world.done(concluded(held, Event.ACCEPTED))

    assert world.balances() == POSTED
    assert (ended.state, ended.version) == (State.ACCEPTED, 2)
    assert ended.far_reference == "FAR-1"


def test_refusal_releases_by_balances_not_by_state(world: World) -> None:
    held = world.done(opened(payment()))
    world.done(concluded(held, Event.REFUSED, reason=Reason.ACCOUNT_CLOSED))

    assert world.balances() == RELEASED


def test_expiry_before_a_byte_left_releases_by_balances_not_by_state(world: World) -> None:
    """Lesson 1: what expired gives its money back, seen in the balances."""
    held = world.done(opened(payment()))
    world.done(concluded(held, Event.NOT_SENT, reason=Reason.CLEARING_TIMED_OUT))

    assert world.balances() == RELEASED
    assert world.do(opened(payment(2))) == Done(
        replace(payment(2), reservation=world.entries[-5].entry_id, block=3)
    )


def test_never_seen_releases_by_balances_not_by_state(world: World) -> None:
    """Lesson 1: what never arrived gives its money back, seen in the balances."""
    held = world.to(State.UNKNOWN, world.done(opened(payment())))
    world.done(concluded(held, Event.NEVER_SEEN, reason=Reason.NEVER_SEEN))

    assert world.balances() == RELEASED


@pytest.mark.parametrize("state", [State.UNKNOWN, State.PENDING_FAR, State.MANUAL])
def test_a_payment_that_may_have_happened_stays_reserved(world: World, state: State) -> None:
    world.to(state, world.done(opened(payment())))

    assert world.balances() == RESERVED


@pytest.mark.parametrize("state", [State.UNKNOWN, State.PENDING_FAR, State.MANUAL])
@pytest.mark.parametrize(
    ("event", "balances"), [(Event.ACCEPTED, POSTED), (Event.REFUSED, RELEASED)]
)
def test_the_counterpartys_word_ends_it_from_every_open_state(
    world: World, state: State, event: Event, balances: dict[str, tuple[int, int, int, int]]
) -> None:
    held = world.to(state, world.done(opened(payment())))
    world.done(concluded(held, event))

    assert world.balances() == balances


def test_inbound_posts_network_holder_and_pool(world: World) -> None:
    held = world.done(opened(payment(direction=Direction.INBOUND)))
    ended = world.done(concluded(held, Event.ACCEPTED))

    assert ended.state is ENDED[Direction.INBOUND]
    assert world.balances() == {
        THAILAND_THB: (34_500, 0, 0, 0),
        HOLDER_THB: (0, 34_500, 0, 0),
        HOLDER_KHR: (4_100_000, 0, 0, 0),
        POOL_KHR: (0, 4_100_000, 0, 0),
    }


# Versions, disputes, answers.


def test_a_command_about_an_older_version_changes_nothing(world: World) -> None:
    held = world.done(opened(payment()))
    now = world.done(concluded(held, Event.LOST))

    assert world.do(concluded(held, Event.ACCEPTED)) == Stale(now)
    assert nothing_written(world.last)
    assert world.do(enquired(held)) == Stale(now)
    assert nothing_written(world.last)


def test_an_enquiry_is_recorded_with_its_exchange_and_next_timer(world: World) -> None:
    held = world.to(State.UNKNOWN, world.done(opened(payment())))
    command = enquired(held)
    after = world.done(command)

    assert (after.rung, after.version, after.next_at) == (1, 3, command.next_at)
    assert world.last.exchanges == [command.exchange]
    assert world.last.entries == []


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize(
    ("first", "opposite"),
    [
        (Event.ACCEPTED, Event.REFUSED),
        (Event.ACCEPTED, Event.NEVER_SEEN),
        (Event.REFUSED, Event.ACCEPTED),
        (Event.NOT_SENT, Event.ACCEPTED),
    ],
)
def test_a_contradiction_opens_one_dispute_and_flips_nothing(
    direction: Direction, first: Event, opposite: Event
) -> None:
    world = World()
    held = world.done(opened(payment(direction=direction)))
    ended = world.done(concluded(held, first))
    balances, answers = world.balances(), dict(world.state.answers)
    contradiction = concluded(ended, opposite, answer=answer(ended, "other"))
    disputed = world.done(contradiction)

    assert disputed == replace(
        ended, disputed=True, version=ended.version + 1, updated_at=contradiction.at, block=3
    )
    assert world.last.sealed == [contradiction.evidence]
    assert [leaf.content["kind"] for leaf in world.last.leaves] == ["disputed"]
    assert (world.balances(), world.state.answers) == (balances, answers)

    assert world.do(concluded(disputed, opposite)) == Done(disputed)
    assert nothing_written(world.last)


@pytest.mark.parametrize("event", [Event.ACCEPTED, Event.OVERDUE, Event.LOST, Event.PENDING])
def test_a_repeated_or_late_event_after_the_end_changes_nothing(world: World, event: Event) -> None:
    held = world.done(opened(payment()))
    ended = world.done(concluded(held, Event.ACCEPTED))
    answers = dict(world.state.answers)

    assert world.do(concluded(ended, event, answer=answer(ended, "other"))) == Done(ended)
    assert nothing_written(world.last)
    assert world.state.answers == answers


def test_a_final_state_without_its_answer_is_a_bug(world: World) -> None:
    held = world.done(opened(payment()))
    with pytest.raises(AssertionError):
        world.do(concluded(held, Event.ACCEPTED, answer=None))


# Money that arrives.


def test_an_incoming_item_is_posted_once(world: World) -> None:
    first, again = world.do(received()), world.do(received())

    assert (first, again) == (Done(None), Done(None))
    assert nothing_written(world.last)
    assert world.balances() == {
        POOL_KHR: (100_000, 0, 0, 0),
        SUSPENSE_KHR: (0, 100_000, 0, 0),
    }


# One value for the history and the balance.


def test_history_and_balance_are_one_value(world: World) -> None:
    """Replaying the entries gives the balances, reservations included."""
    held = world.done(opened(payment()))
    world.done(concluded(held, Event.ACCEPTED))
    other = world.done(opened(payment(2, quote="quote-2")))
    world.done(concluded(other, Event.REFUSED))
    world.done(opened(payment(3, quote="quote-3")))
    world.do(received())
    by_id = {entry.entry_id: entry for entry in world.entries}
    sums = {key: [0, 0, 0, 0] for key in world.balances()}
    for entry in world.entries:
        column = 0 if entry.line.side is Side.DEBIT else 1
        row = sums[entry.line.account]
        if entry.phase is Phase.PENDING:
            row[column + 2] += entry.line.minor
            continue
        if entry.phase is Phase.POSTED:
            row[column] += entry.line.minor
        if entry.pending_entry is not None:
            assert by_id[entry.pending_entry].line == entry.line
            assert by_id[entry.pending_entry].phase is Phase.PENDING
            row[column + 2] -= entry.line.minor

    assert len(by_id) == len(world.entries)
    assert {key: tuple(row) for key, row in sums.items()} == world.balances()


def test_a_refused_cap_writes_no_history(world: World) -> None:
    """Lesson 8: what was refused for want of room is in no book."""
    world.do(capped(0))
    world.do(opened(payment()))

    assert (world.entries, world.last.leaves) == ([], [])


def test_leaves_hold_the_entries_that_were_written(world: World) -> None:
    world.done(opened(payment()))
    (leaf,) = world.last.leaves

    assert leaf.content["entries"] == [
        [e.entry_id, e.line.account, e.line.side, e.line.currency, e.line.minor, e.phase]
        for e in world.last.entries
    ]
