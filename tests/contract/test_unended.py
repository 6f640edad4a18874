"""What has not ended is found as it was opened: what has a timer, and what a human has."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from switch.commands import Done
from switch.lifecycle import Event
from switch.model import State
from tests.switch_core.core_values import concluded, opened, payment, waiting

if TYPE_CHECKING:
    from switch.commands import Command
    from switch.model import Payment
    from tests.contract.contract_engines import AnyEngine, Place


def _done(engine: AnyEngine, command: Command) -> Payment:
    (result,) = engine.execute([command])
    assert isinstance(result, Done)
    assert result.payment is not None
    return result.payment


def test_what_has_not_ended_is_found_as_opened_from_behind_a_number(place: Place) -> None:
    """Lesson 2: what has ended is not found among the work."""
    with closing(place.open()) as engine:
        held = {n: _done(engine, opened(payment(n, quote=f"quote-{n}"))) for n in (3, 1, 2, 4)}
        _done(engine, concluded(held[1], Event.ACCEPTED))
        unknown = _done(engine, concluded(held[2], Event.LOST))
        manual = _done(engine, concluded(unknown, Event.SPENT))

        assert manual.next_at is None
        assert [p.uetr for p in engine.unended(0, 9)] == [
            held[2].uetr,
            held[3].uetr,
            held[4].uetr,
        ]
        assert [p.uetr for p in engine.unended(held[2].payment_id, 1)] == [held[3].uetr]


def test_what_is_blocked_has_no_timer_and_is_found(place: Place) -> None:
    with closing(place.open()) as engine:
        held = _done(engine, opened(waiting(payment(1), State.HELD)))
        blocked = _done(engine, concluded(held, Event.BLOCKED))

        assert (blocked.state, blocked.next_at) == (State.BLOCKED, None)
        assert [p.uetr for p in engine.unended(0, 9)] == [blocked.uetr]
