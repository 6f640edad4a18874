"""Checks of a decision: duplicates come first, then tombstone, quote, expiry and caps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from switch.batch import ENTRIES_PER_BLOCK_BITS
from switch.commands import Command, Conflict, Declined, Done, Known, Stale
from switch.delta import Snapshot, accounts_wanted, wanted
from switch.ledger import Account
from switch.lifecycle import Event
from switch.model import Direction, State
from switch.postings import lines_of
from switch.reasons import Reason
from switch.standings import claim_of, member_party
from tests.switch_core.core_values import (
    EXPIRY,
    MEMBER_KHR,
    buried,
    capped,
    concluded,
    opened,
    payment,
    received,
    refused,
)
from tests.switch_core.core_world import POSTED, RESERVED, World, nothing_written

# Duplicates.


def test_the_same_key_and_content_is_known_and_books_nothing(world: World) -> None:
    held = world.done(opened(payment()))
    result = world.do(opened(payment(2), "key-1"))

    assert result == Known(held, None, opened(payment()).binding)
    assert nothing_written(world.last)
    assert world.balances() == RESERVED


def test_a_known_key_gives_the_stored_answer_once_final(world: World) -> None:
    held = world.done(opened(payment()))
    command = concluded(held, Event.ACCEPTED)
    ended = world.done(command)

    bound = opened(payment()).binding

    assert world.do(opened(payment(2), "key-1")) == Known(ended, command.answer, bound)
    assert nothing_written(world.last)


def test_the_same_key_with_other_content_is_known_with_what_it_is_bound_to(world: World) -> None:
    """Only the shell can compare contents: they are committed to under the payment's data key."""
    first = opened(payment())
    held = world.done(first)
    other = opened(payment(2), "key-1", amount="a1")

    assert world.do(other) == Known(held, None, first.binding)
    assert nothing_written(world.last)
    assert world.do(refused(payment(2), Reason.TOO_OLD, "key-1", amount="a1")) == Known(
        held, None, first.binding
    )
    assert nothing_written(world.last)


def test_a_key_belongs_to_its_scope(world: World) -> None:
    world.done(opened(payment()))
    other = opened(payment(2, quote="quote-2"), "key-1")
    other = replace(other, binding=replace(other.binding, scope="ABAAKHPPXXX"))

    assert isinstance(world.do(other), Done)


def test_an_identity_under_another_key_is_a_conflict(world: World) -> None:
    world.done(opened(payment()))

    assert world.do(opened(payment(), "key-9")) == Conflict("uetr")
    assert world.do(refused(payment(), key="key-9")) == Conflict("uetr")


def test_a_refusal_is_repeated_and_never_becomes_a_payment(world: World) -> None:
    first = refused(payment(), Reason.FUNDS_INSUFFICIENT)
    held = world.done(first)

    known = Known(held, first.answer, first.binding)

    assert world.do(opened(payment(2), "key-1")) == known
    assert world.do(refused(payment(3), Reason.TOO_OLD, "key-1")) == known
    assert world.state.answers == {held.uetr: first.answer}
    assert world.balances() == {}


def test_the_duplicate_check_comes_before_every_other(world: World) -> None:
    """Lesson 5: nothing is looked at before the key."""
    held = world.done(opened(payment()))
    world.done(concluded(held, Event.LOST))
    late = replace(payment(2), opened_at=EXPIRY)
    world.do(capped(0))

    assert isinstance(world.do(opened(late, "key-1")), Known)


# What commit 1 declines, in order.


def test_precedence_of_what_is_declined(world: World) -> None:
    """Tombstone, quote used, quote expired, caps: each fault is added before the last is cured."""
    world.done(opened(payment(quote="used")))
    world.do(buried(2, payment().origin))
    world.do(capped(0))
    late = replace(payment(2, quote="used"), opened_at=EXPIRY)
    fresh = replace(payment(3, quote="used"), opened_at=EXPIRY)
    unused = replace(payment(3, quote="new"), opened_at=EXPIRY)

    assert world.do(opened(late)) == Declined(Reason.TOMBSTONED)
    assert world.do(opened(fresh)) == Declined(Reason.QUOTE_USED)
    assert world.do(opened(unused)) == Declined(Reason.QUOTE_EXPIRED)
    assert world.do(opened(payment(3, quote="new"))) == Declined(Reason.FUNDS_INSUFFICIENT)
    assert nothing_written(world.last)


def test_a_declined_opening_leaves_the_key_free(world: World) -> None:
    world.do(capped(0))
    world.do(opened(payment()))
    bound = world.done(refused(payment()))

    assert (bound.state, bound.reason) == (State.REFUSED, Reason.FUNDS_INSUFFICIENT)


@pytest.mark.parametrize(("early", "carried_out"), [(1, True), (0, False), (-1, False)])
def test_a_quote_may_be_claimed_until_just_before_it_expires(
    world: World, early: int, carried_out: bool
) -> None:
    """Lesson 12: a price is judged when it is used."""
    held = replace(payment(), opened_at=EXPIRY - timedelta(microseconds=early))

    assert isinstance(world.do(opened(held)), Done) is carried_out


def test_a_cap_counts_what_is_reserved(world: World) -> None:
    world.do(capped(2 * 4_125_000 - 1))
    world.done(opened(payment()))

    assert world.do(opened(payment(2, quote="quote-2"))) == Declined(Reason.FUNDS_INSUFFICIENT)


def test_a_cap_can_be_used_to_the_unit(world: World) -> None:
    world.do(capped(2 * 4_125_000))
    world.done(opened(payment()))

    assert isinstance(world.do(opened(payment(2, quote="quote-2"))), Done)


def test_a_released_reservation_gives_its_room_back(world: World) -> None:
    world.do(capped(4_125_000))
    held = world.done(opened(payment()))
    second = opened(payment(2, quote="quote-2"))

    assert world.do(second) == Declined(Reason.FUNDS_INSUFFICIENT)
    world.done(concluded(held, Event.REFUSED))
    assert isinstance(world.do(second), Done)


def test_a_lowered_cap_stops_new_payments_and_ends_open_ones(world: World) -> None:
    held = world.done(opened(payment()))
    world.do(capped(1))

    assert world.do(opened(payment(2, quote="quote-2"))) == Declined(Reason.FUNDS_INSUFFICIENT)
    world.done(concluded(held, Event.ACCEPTED))
    assert world.balances() == POSTED


def test_configuration_keeps_balances(world: World) -> None:
    world.done(opened(payment()))
    world.do(capped(5_000_000))

    assert world.balances() == RESERVED
    assert world.state.accounts[MEMBER_KHR] == Account(
        MEMBER_KHR, "KHR", debits_pending=4_125_000, net_debit_max=5_000_000
    )


# Quotes.


@pytest.mark.parametrize("event", [Event.ACCEPTED, Event.REFUSED])
def test_a_far_side_answer_consumes_the_quote(world: World, event: Event) -> None:
    held = world.done(opened(payment()))
    world.done(concluded(held, event))

    assert world.do(opened(payment(2))) == Declined(Reason.QUOTE_USED)


@pytest.mark.parametrize("direction", list(Direction))
def test_only_not_sent_releases_the_quote(direction: Direction) -> None:
    released = set()
    for event in (Event.ACCEPTED, Event.REFUSED, Event.NOT_SENT, Event.LOST, Event.PENDING):
        world = World()
        held = world.done(opened(payment(direction=direction)))
        world.done(concluded(held, event))
        if world.state.claims["quote-1"].released:
            released.add(event)

    assert released == {Event.NOT_SENT}


def test_never_seen_consumes_the_quote(world: World) -> None:
    held = world.to(State.UNKNOWN, world.done(opened(payment())))
    world.done(concluded(held, Event.NEVER_SEEN))

    assert world.do(opened(payment(2))) == Declined(Reason.QUOTE_USED)


def test_a_released_quote_is_claimed_by_the_next_payment_only(world: World) -> None:
    held = world.done(opened(payment()))
    world.done(concluded(held, Event.NOT_SENT))
    world.done(opened(payment(2)))

    assert (world.state.claims["quote-1"].uetr, world.state.claims["quote-1"].released) == (
        payment(2).uetr,
        False,
    )
    assert world.do(opened(payment(3))) == Declined(Reason.QUOTE_USED)


def test_a_refusal_at_the_boundary_claims_no_quote(world: World) -> None:
    world.done(refused(payment()))

    assert isinstance(world.do(opened(payment(2))), Done)


# Tombstones.


def test_whoever_was_told_never_seen_is_never_executed(world: World) -> None:
    held = payment(direction=Direction.INBOUND)
    assert world.do(buried(1)) == Done(None)

    assert world.do(opened(held)) == Declined(Reason.TOMBSTONED)


def test_a_tombstone_is_written_once(world: World) -> None:
    world.do(buried(1))
    again = world.do(buried(1))

    assert again == Done(None)
    assert nothing_written(world.last)


def test_a_payment_that_exists_is_not_buried(world: World) -> None:
    held = world.done(opened(payment(direction=Direction.INBOUND)))

    assert world.do(buried(1)) == Stale(held)
    assert nothing_written(world.last)


def test_a_tombstone_of_one_origin_does_not_reach_another(world: World) -> None:
    world.do(buried(1, "malaysia"))

    assert isinstance(world.do(opened(payment(direction=Direction.INBOUND))), Done)


# What an engine has to load.


def test_an_opening_wants_its_keys_and_the_accounts_of_its_lines() -> None:
    command = opened(payment())
    keys = wanted([command])

    assert keys.payments == (payment().uetr,)
    assert keys.bindings == ((payment().origin, "key-1"),)
    assert keys.claims == ("quote-1", claim_of(member_party(payment().origin)))
    assert keys.tombstones == ((payment().origin, payment().uetr),)
    assert accounts_wanted([command], Snapshot()) == tuple(
        sorted({line.account for line in lines_of(payment())})
    )


def test_a_conclusion_wants_the_accounts_of_the_payment_it_ends() -> None:
    held = payment()
    snapshot = Snapshot(payments={held.uetr: held})

    assert wanted([concluded(held, Event.LOST)]).payments == (held.uetr,)
    assert accounts_wanted([concluded(held, Event.LOST)], snapshot) == tuple(sorted(RESERVED))


def test_wanted_names_each_key_once_in_the_order_of_the_commands() -> None:
    commands: list[Command] = [
        received("b"),
        received("a"),
        received("b"),
        buried(2),
        buried(1),
        buried(2),
    ]
    keys = wanted(commands)

    assert keys.incoming == ("b", "a")
    assert keys.tombstones == (("thailand", payment(2).uetr), ("thailand", payment(1).uetr))


def test_entry_numbers_rise_with_the_block() -> None:
    first, second = World(block=0), World(block=7)
    first.done(opened(payment()))
    second.done(opened(payment()))

    ones, eights = 1 << ENTRIES_PER_BLOCK_BITS, 8 << ENTRIES_PER_BLOCK_BITS
    assert [e.entry_id for e in first.entries] == [ones + n for n in range(5)]
    assert [e.entry_id for e in second.entries] == [eights + n for n in range(5)]
