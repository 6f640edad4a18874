"""Every engine names the timers that are set past a moment, and those due in some states."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from switch.lifecycle import Event
from switch.model import State
from tests.contract.ledger_story import done
from tests.switch_core.core_values import NOW, concluded, opened, payment

OPEN = (State.UNKNOWN, State.SENDING)

if TYPE_CHECKING:
    from tests.contract.contract_engines import Place


def test_what_waits_past_a_moment_comes_latest_first_and_limited(place: Place) -> None:
    at = {1: 30, 2: 10, 3: 20, 4: 30}
    with closing(place.open()) as engine:
        for number, seconds in at.items():
            next_at = NOW + timedelta(seconds=seconds)
            held = replace(payment(number, quote=f"quote-{number}"), next_at=next_at)
            done(engine, opened(held))

        def numbers(seconds: int, limit: int) -> list[int]:
            past = engine.waiting_past("thailand", NOW + timedelta(seconds=seconds), OPEN, limit)
            return [held.payment_id >> 20 for held in past]

        assert numbers(9, 9) == [1, 4, 3, 2]
        assert numbers(9, 3) == [1, 4, 3]
        assert numbers(20, 9) == [1, 4]
        assert numbers(30, 9) == []
        assert engine.waiting_past("bakong", NOW, OPEN, 9) == []
        assert engine.waiting_past("thailand", NOW, (State.UNKNOWN,), 9) == []


def test_what_is_due_in_some_states_does_not_wait_behind_the_rest(place: Place) -> None:
    later = NOW + timedelta(seconds=60)
    with closing(place.open()) as engine:
        for number in (1, 2, 3, 4):
            next_at = NOW + timedelta(seconds=number)
            held = replace(payment(number, quote=f"quote-{number}"), next_at=next_at)
            sent = done(engine, opened(held))
            if number < 3:
                done(engine, replace(concluded(sent, Event.LOST), next_at=next_at))

        def numbers(states: tuple[State, ...] | None, limit: int) -> list[int]:
            due = engine.due("thailand", later, limit, states)
            return [held.payment_id >> 20 for held in due]

        assert numbers(None, 2) == [1, 2]
        assert numbers((State.SENDING,), 2) == [3, 4]
        assert numbers((State.SENDING,), 1) == [3]
        assert numbers((State.UNKNOWN, State.SENDING), 9) == [1, 2, 3, 4]
        assert numbers((State.MANUAL,), 9) == numbers((), 9) == []
