"""What bearers are exposed by, on every engine: an item that ends once, whole, as it was seen.

Each story ends with the book-keeper's check of the whole store.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switch.commands import Declined, Done
from switch.lifecycle import Event
from switch.model import Direction
from switch.operators import Action, SquareExposure
from switch.reasons import Reason
from switch.suspense import Ending, Way, exposed_item, gives_back, squared, suspended_of, ways_of
from tests.contract.test_care_story import decided, done, moved, net
from tests.contract.test_care_story import engine as engine  # noqa: PLC0414
from tests.contract.test_unbooked_kept import item, standing
from tests.switch_core.core_items import approved, proposed
from tests.switch_core.core_items import ending as end_of
from tests.switch_core.core_values import NOW, POOL_KHR, SPONSOR, THAILAND_THB, opened, payment
from tests.switch_core.core_values import salt as salted

if TYPE_CHECKING:
    from switch.model import Payment
    from tests.contract.contract_engines import AnyEngine

BEARER = "bakong"
EXPOSURE, LOST = (f"{BEARER}/bearer/THB/deferred{kind}" for kind in ("/exposure", ""))


def ending(way: Way, by: str = "one") -> Ending:
    """What an operator proposes for what this bearer is exposed by."""
    ends = end_of(way, by=by)
    return replace(ends, institution=BEARER) if way is Way.WRITTEN_OFF else ends


def exposed(
    engine: AnyEngine, direction: Direction = Direction.INBOUND, *, on_us: bool = False
) -> Payment:
    """A payment that was refused and carried out all the same, as two operators book it."""
    made = payment(1, direction=direction, quote="q-1")
    made = replace(made, institutions=replace(made.institutions, on_us=on_us))
    refused = moved(engine, done(engine, opened(made)), Event.REFUSED)
    booked = decided(engine, moved(engine, refused, Event.ACCEPTED), Action.BOOK)
    assert isinstance(booked, Done)
    assert booked.payment is not None
    return booked.payment


def ended(engine: AnyEngine, name: str, way: Way, taker: str) -> object:
    """What the approval of an ending by a second operator comes to."""
    version = item(engine, name).version
    ends = replace(ending(way), institution=taker)
    assert engine.execute([proposed(name, version, ends)]) == [Done(None)]
    return engine.execute([approved(name, item(engine, name))])[0]


@pytest.mark.parametrize("direction", Direction)
def test_it_is_an_item_of_its_bearer_as_soon_as_it_is_booked(
    engine: AnyEngine, direction: Direction
) -> None:
    held = exposed(engine, direction)
    kept = item(engine, exposed_item(held.uetr))

    assert (kept.account, kept.minor, kept.far) == (EXPOSURE, -34_500, "thailand")
    assert net(engine, EXPOSURE) == 34_500
    assert ways_of(kept) == (Way.RECOVERED, Way.WRITTEN_OFF)
    assert suspended_of(kept.text()) == kept


@pytest.mark.parametrize("direction", Direction)
def test_what_its_network_pays_or_gives_back_ends_it(
    engine: AnyEngine, direction: Direction
) -> None:
    name = exposed_item(exposed(engine, direction).uetr)
    before = net(engine, THAILAND_THB)

    assert ended(engine, name, Way.RECOVERED, "thailand") == Done(None)
    assert (net(engine, EXPOSURE), net(engine, THAILAND_THB)) == (0, before + 34_500)
    assert item(engine, name).closed_by == "two"


@pytest.mark.parametrize("on_us", [False, True])
def test_what_the_payees_bank_gives_back_leaves_nothing_booked(
    engine: AnyEngine, *, on_us: bool
) -> None:
    name = exposed_item(exposed(engine, on_us=on_us).uetr)
    assert net(engine, POOL_KHR) == (0 if on_us else -4_100_000)
    assert gives_back(item(engine, name)) == ("thailand", SPONSOR)

    assert ended(engine, name, Way.RECOVERED, SPONSOR) == Done(None)
    assert standing(engine) == {}


def test_written_off_its_bearer_owes_it(engine: AnyEngine) -> None:
    name = exposed_item(exposed(engine, Direction.OUTBOUND).uetr)

    assert ended(engine, name, Way.WRITTEN_OFF, BEARER) == Done(None)
    assert (net(engine, EXPOSURE), net(engine, LOST)) == (0, 34_500)


@pytest.mark.parametrize(
    ("way", "taker"),
    [
        (Way.RECOVERED, "malaysia"),
        (Way.RECOVERED, BEARER),
        (Way.WRITTEN_OFF, SPONSOR),
        (Way.SETTLED, BEARER),
        (Way.BORNE, BEARER),
    ],
)
def test_nobody_else_ends_it_and_it_leaves_in_no_other_way(
    engine: AnyEngine, way: Way, taker: str
) -> None:
    name = exposed_item(exposed(engine).uetr)
    (refused,) = engine.execute([proposed(name, 0, Ending(way, taker, "one", "letter 12"))])
    ways = (Way.RECOVERED, Way.WRITTEN_OFF)

    assert refused == Declined(Reason.AGENT_INCORRECT if way in ways else Reason.WAY_NOT_OPEN)


def test_it_is_ended_once_by_a_second_operator_in_what_was_seen(engine: AnyEngine) -> None:
    name = exposed_item(exposed(engine).uetr)
    engine.execute([proposed(name, 0, ending(Way.RECOVERED))])
    first = item(engine, name)
    (alone,) = engine.execute([approved(name, first, by="one")])
    engine.execute([proposed(name, 1, ending(Way.WRITTEN_OFF, by="three"))])
    (blind,) = engine.execute([approved(name, first, turn=2)])
    seen = item(engine, name)
    same = [approved(name, seen, turn=3), approved(name, seen, turn=4)]
    results = engine.execute([*same, approved(name, seen, by="four", turn=5)])

    assert (alone, blind) == tuple(map(Declined, (Reason.SAME_OPERATOR, Reason.PROPOSAL_CHANGED)))
    assert results == [Done(None), Done(None), Declined(Reason.ITEM_CLOSED)]
    assert (net(engine, EXPOSURE), net(engine, LOST)) == (0, 34_500)


def test_what_was_not_carried_out_after_all_ends_it_and_booked_again_it_is_open(
    engine: AnyEngine,
) -> None:
    held = exposed(engine)
    name = exposed_item(held.uetr)
    taken = decided(engine, moved(engine, held, Event.REFUSED), Action.UNBOOK)
    assert isinstance(taken, Done)
    assert taken.payment is not None
    closed = item(engine, name)
    assert (closed.closed_by, standing(engine)) == ("two", {})
    decided(engine, moved(engine, taken.payment, Event.ACCEPTED), Action.BOOK)
    again = item(engine, name)

    assert (again.closed_by, again.ending, again.version) == ("", None, closed.version + 1)
    assert net(engine, EXPOSURE) == 34_500


def test_what_was_made_good_is_not_taken_back_as_well(engine: AnyEngine) -> None:
    held = exposed(engine)
    ended(engine, exposed_item(held.uetr), Way.RECOVERED, "thailand")
    refused = decided(engine, moved(engine, held, Event.REFUSED), Action.UNBOOK)

    assert refused == Declined(Reason.ITEM_CLOSED)
    assert net(engine, EXPOSURE) == 0


def test_the_networks_own_word_ends_it_once_whatever_is_proposed(engine: AnyEngine) -> None:
    name = exposed_item(exposed(engine).uetr)
    unseen = squared(item(engine, name), "network", "settlement file")
    engine.execute([proposed(name, 0, ending(Way.WRITTEN_OFF))])
    seen = squared(item(engine, name), "network", "settlement file")
    commands = [
        SquareExposure(name, each, NOW, salted(number, 64))
        for number, each in enumerate((unseen, seen, seen))
    ]

    assert engine.execute(commands) == [
        *(Declined(Reason.PROPOSAL_CHANGED), Done(None), Done(None)),
    ]
    assert (net(engine, EXPOSURE), item(engine, name).closed_by) == (0, "network")
