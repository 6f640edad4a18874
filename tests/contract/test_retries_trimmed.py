"""What is to be tried again goes with its event: else it counts for ever, and is never tried."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from switch.lifecycle import Event
from switch.store.outbox_port import Retry, Settlement
from tests.contract.test_outbox_rows import begun, held, moved, outbox, subscribing
from tests.switch_core.core_values import MEMBER, NOW, capped, posted

if TYPE_CHECKING:
    from tests.contract.contract_engines import Place


def test_a_retry_goes_with_its_event_and_no_other(place: Place) -> None:
    with closing(place.open()) as engine:
        engine.execute([capped(10**14), posted("r-7")])
        subscribing(engine, MEMBER)
        for number in range(1, 4):
            moved(engine, begun(engine, number), Event.ACCEPTED)
        (before,) = held(engine, MEMBER)
        kept = tuple(Retry(number, 1, NOW, NOW) for number in (1, 2, 3))
        outbox(engine).settle([Settlement(before, replace(before, done=3), kept)])
        later = NOW + timedelta(days=40)

        assert outbox(engine).trim(MEMBER, later, 2) == 2
        assert [retry.number for retry, _ in outbox(engine).retries(MEMBER, later, 9)] == [3]
        assert outbox(engine).kept(MEMBER) == 1
        assert outbox(engine).trim(MEMBER, later, 2) == 1
        assert outbox(engine).kept(MEMBER) == 0
