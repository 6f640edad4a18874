"""Every row of the state table, taken by the core's own decisions, of every flow.

The shortest way from ``received`` to a row's state is played command by command, then the row
itself. So rows that no network of the configuration ever takes (gross funding, three legs) are
taken by the code that would take them, with their bookings.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from switch.commands import Done
from switch.lifecycle import Event
from switch.model import Direction, Finality, Flow, Funding, Kind, State
from switch.reasons import Reason
from switch.states import MOVES, STATES, Timer
from tests.switch_core.core_linked import fitted
from tests.switch_core.core_values import concluded, enquired, opened, payment, refused, waiting
from tests.switch_core.core_world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switch.model import Payment
    from switch.states import Move

OUT, IN = Direction.OUTBOUND, Direction.INBOUND
SHAPES: Final = {
    Flow.OUTBOUND: (OUT, Funding.CAPPED, Finality.TWO_LEG, Kind.PAYMENT),
    Flow.OUTBOUND_THREE_LEG: (OUT, Funding.CAPPED, Finality.THREE_LEG, Kind.PAYMENT),
    Flow.OUTBOUND_GROSS: (OUT, Funding.GROSS, Finality.TWO_LEG, Kind.PAYMENT),
    Flow.OUTBOUND_GROSS_THREE_LEG: (OUT, Funding.GROSS, Finality.THREE_LEG, Kind.PAYMENT),
    Flow.INBOUND: (IN, Funding.CAPPED, Finality.TWO_LEG, Kind.PAYMENT),
    Flow.INBOUND_BOUND: (IN, Funding.CAPPED, Finality.ADVICE, Kind.PAYMENT),
    Flow.RECALLED: (IN, Funding.CAPPED, Finality.TWO_LEG, Kind.RECALL),
    Flow.GIVEN_BACK: (IN, Funding.CAPPED, Finality.TWO_LEG, Kind.RETURN),
}
RECORDED: Final = (Event.RUNG, Event.GIVEN_UP)
"""Events that are an exchange recorded before it is sent, so commands of another kind."""


@dataclass(frozen=True)
class Taken:
    """A row that was taken: the payment afterwards and the world it is in."""

    flow: Flow
    move: Move
    payment: Payment
    world: World


def way_to(flow: Flow, state: State) -> tuple[Move, ...]:
    """The shortest way from ``received`` to a state, row by row."""
    ways: dict[State, tuple[Move, ...]] = {State.RECEIVED: ()}
    waiting_states = deque([State.RECEIVED])
    while waiting_states and state not in ways:
        at = waiting_states.popleft()
        for move in MOVES[flow]:
            if move[0] is at and move[2] not in ways:
                ways[move[2]] = (*ways[at], move)
                waiting_states.append(move[2])
    return ways[state]


def began(world: World, flow: Flow, move: Move) -> Payment:
    """A payment of a flow as its first command leaves it."""
    direction, funding, finality, kind = SHAPES[flow]
    held = payment(direction=direction)
    held = replace(held, funding=funding, finality=finality, kind=kind)
    if funding is Funding.GROSS:
        held = replace(held, institutions=replace(held.institutions, sponsor=held.network))
    if kind in (Kind.RETURN, Kind.RECALL):
        paid = IN if kind is Kind.RECALL else Direction.OUTBOUND
        other = world.done(opened(payment(2, direction=paid, quote="quote-2")))
        held = fitted(held, world.done(concluded(other, Event.ACCEPTED)))
    assert held.flow is flow
    _, event, target = move
    if event is Event.CHECK_FAILED:
        result = world.do(refused(held))
        assert isinstance(result, Done)
        assert result.payment is not None
        return result.payment
    if event is Event.UNASKED and target is State.RETURNING:
        back = replace(held, state=target, reason=Reason.NOT_AWAITED)
        return world.done(replace(opened(back), item_hash="item-1"))
    untimed = {"next_at": None} if STATES[target].timer is Timer.NONE else {}
    return world.done(opened(waiting(held, target, **untimed)))


def went(world: World, held: Payment, event: Event) -> Payment:
    """The payment after one more event."""
    if event in RECORDED:
        return world.done(replace(enquired(held), event=event))
    return world.done(concluded(held, event))


def walked(flow: Flow) -> Iterator[Taken]:
    """Take every row of a flow, each in a world of its own."""
    for move in MOVES[flow]:
        world = World()
        first, *others = (*way_to(flow, move[0]), move)
        held = began(world, flow, first)
        for _, event, target in others:
            held = went(world, held, event)
            assert held.state is target
        yield Taken(flow, move, held, world)
