"""What is linked to a payment is of its network, its institutions, its currencies, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hypothesis import given
from hypothesis import strategies as st

from fx.money import Money, currency
from switch.commands import Declined, Done
from switch.fitting import unlinkable
from switch.lifecycle import Event
from switch.model import Direction, Finality, Funding, Kind, Payment, State
from switch.reasons import Reason
from tests.switch_core.core_linked import fitted, with_amounts
from tests.switch_core.core_values import concluded, opened, payment, waiting
from tests.switch_core.core_world import World

if TYPE_CHECKING:
    from switch.model import Institutions

OUT, IN = Direction.OUTBOUND, Direction.INBOUND
Change = Callable[[Payment], Payment]


def accepted(world: World, direction: Direction) -> Payment:
    held = world.done(opened(payment(1, direction=direction, quote="q-1")))
    return world.done(concluded(held, Event.ACCEPTED))


def unwinding(world: World) -> Payment:
    order = payment(1, direction=IN, quote="q-1")
    held = world.done(opened(waiting(order, State.READY, finality=Finality.ADVICE)))
    return world.done(concluded(world.done(concluded(held, Event.PAID)), Event.REFUSED))


def shape(direction: Direction, kind: Kind, funding: Funding = Funding.CAPPED) -> Payment:
    held = replace(payment(2, quote="q-2"), direction=direction, kind=kind, funding=funding)
    if kind is Kind.RETURN:
        return waiting(held, State.ACCEPTED)
    if kind is Kind.RECALL and direction is IN:
        return waiting(held, State.PUT)
    return held


CASES: Final[tuple[tuple[Callable[[World], Payment], Payment], ...]] = (
    (lambda world: accepted(world, IN), shape(OUT, Kind.REFUND)),
    (unwinding, shape(OUT, Kind.REFUND, Funding.HELD)),
    (lambda world: accepted(world, OUT), shape(IN, Kind.RETURN)),
    (lambda world: accepted(world, OUT), shape(IN, Kind.RETURN, Funding.HELD)),
    (lambda world: accepted(world, OUT), shape(OUT, Kind.RECALL)),
    (lambda world: accepted(world, IN), shape(IN, Kind.RECALL)),
)


def other(institutions: Institutions) -> Institutions:
    return replace(institutions, payee_side="SOMEELSEXXX")


def dearer(held: Payment) -> Payment:
    """One unit more than the original paid, on either side."""
    terms = held.terms
    source = Money(terms.source.minor + 1, terms.source.currency)
    destination = Money(terms.destination.minor + 1, terms.destination.currency)
    return with_amounts(held, source, destination)


def elsewhere(held: Payment) -> Payment:
    dollars = Money(1, currency("USD"))
    return with_amounts(held, dollars, held.terms.destination)


CHANGES: Final[tuple[Change, ...]] = (
    lambda held: replace(held, network="vietnam"),
    lambda held: replace(held, institutions=other(held.institutions)),
    lambda held: replace(held, institutions=replace(held.institutions, holder="SOMEELSEXXX")),
    elsewhere,
)


@given(st.sampled_from(CASES))
def test_what_fits_is_opened(case: tuple[Callable[[World], Payment], Payment]) -> None:
    world = World()
    original = case[0](world)

    assert isinstance(world.do(opened(fitted(case[1], original))), Done)


@given(st.sampled_from(CASES), st.sampled_from(CHANGES))
def test_what_differs_is_declined_and_books_nothing(
    case: tuple[Callable[[World], Payment], Payment], change: Change
) -> None:
    world = World()
    original = case[0](world)
    before = dict(world.state.accounts)
    result = world.do(opened(change(fitted(case[1], original))))

    assert result == Declined(Reason.LINKED_DIFFERS)
    assert world.state.accounts == before


@given(st.sampled_from([CASES[0], CASES[2]]))
def test_no_more_goes_back_than_was_paid(
    case: tuple[Callable[[World], Payment], Payment],
) -> None:
    world = World()
    original = case[0](world)
    result = world.do(opened(dearer(fitted(case[1], original))))

    assert result == Declined(Reason.LINKED_DIFFERS)


@given(st.sampled_from(CASES))
def test_a_direction_that_is_not_its_kinds_is_never_linked(
    case: tuple[Callable[[World], Payment], Payment],
) -> None:
    original = case[0](World())
    held = fitted(case[1], original)
    turned = replace(held, direction=IN if held.direction is OUT else OUT)

    assert unlinkable(original, held) is None
    assert unlinkable(original, turned) is Reason.LINKED_DIFFERS


def test_a_refund_is_of_the_payees_own_bank() -> None:
    original = replace(accepted(World(), IN), institutions=payment(1, direction=IN).institutions)
    original = replace(original, institutions=replace(original.institutions, payee_bank="ACLBKHPP"))
    held = fitted(shape(OUT, Kind.REFUND), original)
    mine = replace(held, institutions=replace(held.institutions, payer_side="ACLBKHPPXXX"))
    theirs = replace(held, institutions=replace(held.institutions, payer_side="back"))

    assert unlinkable(original, mine) is None
    assert unlinkable(original, theirs) is Reason.LINKED_DIFFERS
