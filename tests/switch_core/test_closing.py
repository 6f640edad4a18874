"""What is in suspense gets out of it once, whole, by two operators, in the way that was seen."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest

from switch.commands import Declined, Done, Sealed
from switch.leaves import sealed_digest
from switch.model import Direction, Funding, Kind, State
from switch.operators import Action, Approve, ApproveStep, Enrol, Propose, ProposeStep
from switch.proposals import PROPOSALS_A_DAY, actions_for
from switch.reasons import Reason
from switch.standings import PartyState, Step, member_party
from switch.store.replay import Replay, leaf_items
from switch.suspense import (
    Suspended,
    Way,
    item_claim,
    proposal_digest,
    put_down,
    suspended_of,
    upheld_item,
    ways_of,
)
from tests.switch_core.core_items import BEARER, ITEM, approved, claimed, ending, item_of, proposed
from tests.switch_core.core_linked import fitted
from tests.switch_core.core_values import (
    MEMBER,
    NOW,
    POOL_KHR,
    SPONSOR,
    SUSPENSE_KHR,
    capped,
    opened,
    payment,
    received,
    salt,
    uetr,
    waiting,
)
from tests.switch_core.core_world import World, nothing_written

SUSPENSE, NETWORK = (f"thailand/{role}/THB/deferred" for role in ("suspense", "network"))
PUSHED = "a" * 64


def put(minor: int = 34_500) -> World:
    world = World()
    assert world.do(claimed(minor=minor)) == Done(None)
    return world


def net(world: World, account: str) -> int:
    """What an account owes: credits less debits."""
    debited, credited, *_ = world.balances().get(account, (0, 0, 0, 0))
    return credited - debited


def test_what_is_put_down_is_kept_with_its_account_side_and_time() -> None:
    ours, theirs = put(), put(-34_500)
    pool = World()
    pool.do(received(PUSHED))

    assert item_of(ours.state.claims).account == SUSPENSE
    assert item_of(ours.state.claims).minor == 34_500
    assert item_of(theirs.state.claims).minor == -34_500
    assert item_of(pool.state.claims, PUSHED).account == SUSPENSE_KHR


def test_an_item_without_money_is_none_of_suspense() -> None:
    world = put(0)
    assert world.state.claims == {}
    assert put_down((), 0) is None


@pytest.mark.parametrize("minor", [34_500, -34_500])
@pytest.mark.parametrize(
    ("way", "taker"),
    [
        (Way.SETTLED, NETWORK),
        (Way.ASSIGNED, f"{MEMBER}/member/THB/deferred"),
        (Way.BORNE, f"{BEARER}/bearer/THB/deferred"),
    ],
)
def test_each_way_leaves_nothing_in_suspense(way: Way, taker: str, minor: int) -> None:
    world = put(minor)
    assert net(world, SUSPENSE) == minor
    assert world.do(proposed(ITEM, 0, ending(way))) == Done(None)
    assert net(world, SUSPENSE) == minor
    assert world.do(approved(ITEM, item_of(world.state.claims))) == Done(None)

    assert net(world, SUSPENSE) == 0
    assert net(world, taker) == (0 if way is Way.SETTLED else minor)
    assert net(world, NETWORK) == (0 if way is Way.SETTLED else -minor)


@pytest.mark.parametrize("way", ways_of(Suspended(SUSPENSE_KHR, 1, 0)))
def test_what_came_into_the_pool_gets_out_as_well(way: Way) -> None:
    world = World()
    world.do(received(PUSHED))
    world.do(proposed(PUSHED, 0, ending(way, pool=True)))
    world.do(approved(PUSHED, item_of(world.state.claims, PUSHED)))

    assert net(world, SUSPENSE_KHR) == 0
    assert net(world, POOL_KHR) == (0 if way is Way.SETTLED else -100_000)


def test_it_needs_two_operators_and_what_was_seen() -> None:
    world = put()
    world.do(proposed(ITEM, 0, ending(Way.SETTLED)))
    seen = item_of(world.state.claims)
    alone = world.do(approved(ITEM, seen, by="one"))
    stale = world.do(proposed(ITEM, 0, ending(Way.BORNE, by="three")))
    world.do(proposed(ITEM, 1, ending(Way.BORNE, by="three")))
    blind = world.do(approved(ITEM, seen))

    assert (alone, stale) == (
        Declined(Reason.SAME_OPERATOR),
        Declined(Reason.PROPOSAL_CHANGED),
    )
    assert blind == Declined(Reason.PROPOSAL_CHANGED)
    assert net(world, SUSPENSE) == 34_500


def test_the_id_of_a_proposal_is_of_all_that_was_seen() -> None:
    held = Suspended(SUSPENSE, 1, 0, 1, ending(Way.SETTLED))
    others = (
        replace(held, version=2),
        replace(held, minor=2),
        replace(held, ending=ending(Way.BORNE)),
        replace(held, ending=ending(Way.SETTLED, by="three")),
        replace(held, ending=ending(Way.SETTLED, reference="letter 13")),
    )
    ids = {proposal_digest(ITEM, each) for each in (held, *others)} | {proposal_digest("x", held)}

    assert len(ids) == 7
    assert proposal_digest(ITEM, replace(held, closed_by="two", closed_at=5)) in ids
    assert all(suspended_of(each.text()) == each for each in (held, *others))


def test_closed_is_closed_and_the_same_approval_is_answered_alike() -> None:
    world = put()
    world.do(proposed(ITEM, 0, ending(Way.SETTLED)))
    seen = item_of(world.state.claims)
    first = world.do(approved(ITEM, seen))
    again = world.do(approved(ITEM, seen, turn=1))
    assert nothing_written(world.last)
    other = world.do(approved(ITEM, seen, by="three"))
    later = world.do(proposed(ITEM, 1, ending(Way.BORNE)))
    put_again = world.do(claimed())

    assert (first, again, put_again) == (Done(None), Done(None), Done(None))
    assert (other, later) == (Declined(Reason.ITEM_CLOSED), Declined(Reason.ITEM_CLOSED))
    assert net(world, SUSPENSE) == 0


def test_the_same_proposal_again_is_no_other_one() -> None:
    world = put()
    world.do(proposed(ITEM, 0, ending(Way.SETTLED)))
    again = world.do(proposed(ITEM, 1, ending(Way.SETTLED)))

    assert again == Done(None)
    assert nothing_written(world.last)
    assert item_of(world.state.claims).version == 1


def test_only_what_is_an_item_is_closed_and_only_with_where_it_came_from() -> None:
    world = put()
    world.done(opened(payment()))
    for name in (uetr(1), "line/thailand/2"):
        assert world.do(proposed(name, 0, ending(Way.SETTLED))) == Declined(Reason.NOT_SUSPENDED)
    elsewhere = replace(ending(Way.SETTLED), institution="laos")
    assert world.do(proposed(ITEM, 0, elsewhere)) == Declined(Reason.AGENT_INCORRECT)


def test_nothing_is_given_to_a_member_that_is_closed() -> None:
    world, party = put(), member_party(MEMBER)
    world.do(proposed(ITEM, 0, ending(Way.ASSIGNED)))
    world.do(Enrol(party, PartyState.EXITING, "c-1", NOW, salt(1, 63)))
    world.do(ProposeStep(party, 1, Step.CLOSE, "one", "letter", NOW, salt(1, 64)))
    assert world.do(ApproveStep(party, 2, "two", NOW, salt(1, 65))) == Done(None)
    late = world.do(approved(ITEM, item_of(world.state.claims)))
    new = world.do(proposed(ITEM, 1, ending(Way.ASSIGNED, by="three")))

    assert (late, new) == (
        Declined(Reason.PAYEE_BANK_SUSPENDED),
        Declined(Reason.PAYEE_BANK_SUSPENDED),
    )
    assert net(world, SUSPENSE) == 34_500


BEARS = f"{MEMBER}/member/THB/deferred"


def asked_to_bear(cap: int) -> World:
    """A world in which a member with this cap is to bear what a network claims."""
    world = put(-34_500)
    world.do(capped(cap, BEARS))
    world.do(proposed(ITEM, 0, ending(Way.ASSIGNED)))
    return world


def test_a_member_bears_no_more_than_its_position_may_be() -> None:
    world = asked_to_bear(34_499)
    refused = world.do(approved(ITEM, item_of(world.state.claims)))
    assert nothing_written(world.last)
    before = (net(world, SUSPENSE), net(world, BEARS), item_of(world.state.claims).closed_by)
    world.do(capped(34_500, BEARS, "c-2"))
    done = world.do(approved(ITEM, item_of(world.state.claims), turn=1))

    assert refused == Declined(Reason.FUNDS_INSUFFICIENT)
    assert before == (-34_500, 0, "")
    assert (done, net(world, SUSPENSE), net(world, BEARS)) == (Done(None), 0, -34_500)


def test_what_a_member_is_given_needs_no_room() -> None:
    world = asked_to_bear(34_500)
    world.do(approved(ITEM, item_of(world.state.claims)))
    world.do(capped(1, BEARS, "c-2"))
    second = "line/thailand/2"
    world.do(claimed(second, 7_000))
    world.do(proposed(second, 0, ending(Way.ASSIGNED)))

    assert world.do(approved(second, item_of(world.state.claims, second))) == Done(None)
    assert net(world, BEARS) == -27_500


def test_nobody_puts_something_else_in_the_place_of_what_was_seen_for_ever() -> None:
    world = put()
    ends = [ending(Way.BORNE, reference=f"letter {n}") for n in range(PROPOSALS_A_DAY + 1)]
    taken = [world.do(proposed(ITEM, n, each)) for n, each in enumerate(ends[:-1])]
    held = item_of(world.state.claims)
    late = proposed(ITEM, PROPOSALS_A_DAY, ends[-1])
    spent = world.do(late)
    assert nothing_written(world.last)
    same = world.do(proposed(ITEM, PROPOSALS_A_DAY, ends[-2]))
    other = deepcopy(world).do(replace(late, ending=ending(Way.BORNE, by="three")))
    tomorrow = deepcopy(world).do(replace(late, at=late.at + timedelta(days=1)))

    assert taken == [Done(None)] * PROPOSALS_A_DAY
    assert (spent, same) == (Declined(Reason.PROPOSALS_SPENT), Done(None))
    assert (other, tomorrow) == (Done(None), Done(None))
    assert suspended_of(held.text()) == held
    assert world.do(approved(ITEM, held)) == Done(None)


def test_how_often_is_counted_for_each_operator_and_of_the_newest_day_alone() -> None:
    held = Suspended(SUSPENSE, 1, 0)
    for by, day in (("one", "2026-11-21"), ("one", "2026-11-22"), ("two", "2026-11-22")):
        held = held.proposed(ending(Way.BORNE, by=by), day)

    assert (held.version, held.turns) == (3, (("one", 1), ("two", 1)))
    assert (held.turned("one", "2026-11-22"), held.turned("one", "2026-11-21")) == (1, 0)
    assert held.turned("three", "2026-11-22") == 0


def test_an_item_that_was_kept_before_proposals_were_counted_is_read() -> None:
    before = f'["{SUSPENSE}",5,7,2,["borne","{BEARER}","one","letter"],null]'

    assert suspended_of(before).text() == before
    assert suspended_of(before).turned("one", "2026-11-22") == 0


def test_every_entry_of_an_item_is_of_its_name() -> None:
    world = put()
    world.do(proposed(ITEM, 0, ending(Way.BORNE)))
    world.do(approved(ITEM, item_of(world.state.claims)))

    assert [entry.uetr for entry in world.entries] == [ITEM] * 4


def test_entries_of_before_items_had_names_are_checked_as_they_were_written() -> None:
    world = put()
    (leaf,) = world.last.leaves
    before = {key: value for key, value in leaf.content.items() if key not in ("of", "kept")}

    assert {row[1] for row in Replay().take(before, 1)} == {""}
    assert {row[1] for row in Replay().take(leaf.content, 1)} == {ITEM}


def test_the_journal_says_of_each_change_what_it_was_before() -> None:
    world, kept = World(), dict[bytes, int]()
    for command in (claimed(), proposed(ITEM, 0, ending(Way.BORNE))):
        world.do(command)
        for leaf in world.last.leaves:
            for found, sign in leaf_items(leaf.content):
                kept[found] = kept.get(found, 0) + sign
    world.do(approved(ITEM, item_of(world.state.claims)))
    (closed,) = world.last.leaves
    for found, sign in leaf_items(closed.content):
        kept[found] = kept.get(found, 0) + sign
    name, text = item_claim(ITEM), item_of(world.state.claims).text()

    assert closed.content["kind"] == "item_closed"
    assert len(world.last.entries) == 2
    claims = [found for found, count in kept.items() if count and found.startswith(b'["claim"')]
    assert claims == [f'["claim","{name}",{_quoted(text)},0]'.encode()]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def upheld(world: World) -> str:
    """A return of what was paid in advance, upheld by two operators; its item."""
    gross = replace(payment(), funding=Funding.GROSS)
    gross = replace(gross, institutions=replace(gross.institutions, sponsor=SPONSOR))
    original = replace(gross, state=State.ACCEPTED)
    world.state.payments[original.uetr] = original
    number = 3
    back = waiting(
        payment(number, direction=Direction.INBOUND, quote="q-3"),
        State.ACCEPTED,
        kind=Kind.RETURN,
        original=original.uetr,
    )
    back = replace(fitted(back, original), disputed=True)
    held = world.done(opened(back))
    assert actions_for(held) == (Action.UPHOLD,)
    record = Sealed(900, held.uetr, "evidence", b"sealed")
    case = (held.uetr, held.version, Action.UPHOLD, None)
    world.do(Propose(*case, "one", record, NOW, salt(1, 66)))
    seen = sealed_digest(record)
    world.done(Approve(*case, "one", "two", None, NOW, salt(1, 67), proposal=seen))
    return upheld_item(held.uetr)


def test_what_is_owed_to_a_payer_by_hand_is_an_item_once_it_is_upheld() -> None:
    world = World()
    item = upheld(world)
    held = item_of(world.state.claims, item)
    assert (held.account, held.minor) == (SUSPENSE_KHR, 4_100_000)
    assert net(world, SUSPENSE_KHR) == 4_100_000
    world.do(proposed(item, 0, ending(Way.SETTLED, pool=True)))
    world.do(approved(item, item_of(world.state.claims, item)))

    assert (net(world, SUSPENSE_KHR), net(world, POOL_KHR)) == (0, 4_100_000)


def test_while_a_payment_has_it_it_is_no_item() -> None:
    world = World()
    back = waiting(payment(3, direction=Direction.INBOUND), State.ACCEPTED, kind=Kind.RETURN)
    assert item_claim(upheld_item(back.uetr)) not in world.state.claims
    refused = world.do(proposed(upheld_item(back.uetr), 0, ending(Way.SETTLED, pool=True)))
    assert refused == Declined(Reason.NOT_SUSPENDED)
