"""A rate is posted once and withdrawn once; a payment at a withdrawn one is refused in commit 1."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from switch.commands import Conflict, Declined, Done, Known
from switch.model import to_micros
from switch.reasons import Reason
from tests.switch_core.core_values import (
    HOLDER_KHR,
    HOLDER_THB,
    NOW,
    bridged,
    capped,
    direct,
    opened,
    payment,
    posted,
)
from tests.switch_core.core_world import World, nothing_written


def test_a_posted_rate_is_kept_and_journalled(world: World) -> None:
    command = posted()

    assert world.do(command) == Done(None)
    assert world.state.rates == {("provider-a", "KHR/THB", "r-1"): command.row}
    (leaf,) = world.last.leaves
    assert leaf.content == {
        "kind": "published",
        "provider": "provider-a",
        "pair": "KHR/THB",
        "rate_version": "r-1",
        "effective_at": to_micros(NOW),
        "sheet": command.row.sheet,
        "at": to_micros(NOW),
    }


def test_a_repeated_post_is_known_and_writes_nothing(world: World) -> None:
    world.do(posted())

    assert world.do(posted(second=5)) == Known(None, None)
    assert nothing_written(world.last)


def test_a_version_with_other_content_is_a_conflict(world: World) -> None:
    world.do(posted())
    later = posted()
    moved = replace(later.row, effective_at=NOW + timedelta(seconds=1))

    assert world.do(posted(rate="118.85")) == Conflict("sheet")
    assert world.do(replace(later, row=moved)) == Conflict("sheet")
    assert world.do(posted(rate="118.85", withdrawn=True)) == Conflict("sheet")
    assert nothing_written(world.last)


def test_a_rate_is_withdrawn_once_and_a_repeated_post_does_not_bring_it_back(world: World) -> None:
    world.do(posted())
    withdrawal = posted(withdrawn=True, second=7)

    assert world.do(withdrawal) == Done(None)
    (held,) = world.state.rates.values()
    assert held == replace(posted().row, withdrawn_at=withdrawal.row.withdrawn_at)
    assert world.do(posted(withdrawn=True, second=9)) == Known(None, None)
    assert world.do(posted()) == Known(None, None)
    assert world.state.rates == {held.key: held}


def test_a_rate_that_was_only_configured_is_kept_when_it_is_confirmed(world: World) -> None:
    later = replace(posted(second=7), confirms=True)

    assert world.do(replace(posted(), confirms=True)) == Done(None)
    kinds = [world.last.leaves[0].content["kind"]]
    assert world.do(later) == Done(None)
    kinds.append(world.last.leaves[0].content["kind"])
    assert kinds == ["published", "confirmed"]
    assert world.state.rates == {later.row.key: later.row}
    assert world.do(replace(posted(rate="118.85"), confirms=True)) == Conflict("sheet")


def test_a_network_s_own_price_is_at_no_version_that_could_be_withdrawn(world: World) -> None:
    terms = direct()
    [hop] = terms.hops
    world.do(posted(withdrawn=True))
    held = world.done(
        opened(replace(payment(), terms=replace(terms, hops=(replace(hop, scheme_quote="LKY-1"),))))
    )

    assert held.terms.rate_keys == ()
    assert world.last.leaves[0].content["rates"] == []
    assert world.last.leaves[0].content["scheme_quote"] == "LKY-1"


def test_a_rate_that_was_only_configured_can_be_withdrawn(world: World) -> None:
    assert world.do(posted(withdrawn=True)) == Done(None)
    assert world.last.leaves[0].content["kind"] == "withdrawn"
    assert world.do(opened(replace(payment(), terms=direct()))) == Declined(Reason.RATE_WITHDRAWN)


def test_a_payment_at_a_withdrawn_rate_is_refused_and_another_version_is_not(world: World) -> None:
    world.do(posted(withdrawn=True))

    assert world.do(opened(replace(payment(), terms=direct()))) == Declined(Reason.RATE_WITHDRAWN)
    assert nothing_written(world.last)
    world.done(opened(replace(payment(), terms=direct(version="r-2"))))


def test_either_hop_of_a_bridged_payment_can_be_withdrawn(world: World) -> None:
    held = replace(payment(), terms=bridged())
    second = posted("b-1", withdrawn=True)
    second = replace(second, row=replace(second.row, provider="provider-b", pair="USD/THB"))
    world.do(second)

    assert world.do(opened(held)) == Declined(Reason.RATE_WITHDRAWN)


def test_a_withdrawal_does_not_touch_a_payment_that_is_open(world: World) -> None:
    command = opened(replace(payment(), terms=direct()))
    held = world.done(command)
    world.do(posted(withdrawn=True))

    assert world.state.payments[held.uetr] == held
    assert world.do(command) == Known(held, None, command.binding)


def test_residue_needs_no_room_under_its_holder_s_own_cap(world: World) -> None:
    """The holder gets 41,000 riel and gives 0.20 of them back: it owes nothing in riel."""
    world.do(capped(0, HOLDER_KHR))
    for number in (1, 2):
        quote = f"quote-{number}"
        world.done(opened(replace(payment(number, quote=quote), terms=direct(quote=quote))))

    _, _, pending, coming = world.balances()[HOLDER_KHR]
    assert (pending, coming) == (40, 8_200_000)


def test_what_a_holder_pays_out_still_needs_room_under_its_cap(world: World) -> None:
    world.do(capped(34_499, HOLDER_THB))

    held = replace(payment(), terms=direct())
    assert world.do(opened(held)) == Declined(Reason.FUNDS_INSUFFICIENT)
