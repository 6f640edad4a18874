"""SQLite, PostgreSQL and the model under the same random batches: equal results, reads and rows.

Commands are drawn one by one against a model that carries each out at once; the three engines get
them in batches of any length, are opened again in between, and must answer as the model did. So a
batch also equals its commands one by one, on every engine.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from switch.model import State
from switch.port import Operation
from switch.store.audit import audit
from tests.contract.contract_engines import KEY, MemoryPlace, SqlitePlace, dump
from tests.contract.contract_scripts import drawn, plain
from tests.contract.postgres_place import PostgresPlace
from tests.switch_core.core_values import NOW, uetr

if TYPE_CHECKING:
    from pathlib import Path

    from switch.commands import Command, Result
    from tests.contract.contract_engines import AnyEngine, Place
    from tests.servers.processes import PostgresServer

NUMBERS = range(1, 6)


def seen(engine: AnyEngine) -> dict[str, Any]:
    """What the reads of an engine tell, apart from numbers that depend on batching."""
    numbers = {}
    for number in NUMBERS:
        held = engine.payment(uetr(number))
        if held is not None:
            numbers[number] = (
                engine.by_reference(held.network, held.reference) == held,
                engine.sealed(held.uetr, "evidence"),
                [engine.last_exchange(held.uetr, o) for o in (Operation.PAY, Operation.ENQUIRE)],
                engine.answer(held.uetr),
                engine.wrapped_key(held.uetr),
                [engine.binding(held.origin, key) for key in ("k", f"key-{number}")],
            )
    return {
        "payments": numbers,
        "due": [p.uetr for n in ("thailand", "bakong") for p in engine.due(n, NOW, 9)],
        "fired": engine.fired(("thailand", "bakong"), NOW),
        "past": [
            p.uetr
            for n in ("thailand", "bakong")
            for p in engine.waiting_past(n, NOW, tuple(State), 9)
        ],
        "sent": [p.uetr for p in engine.sent_states(9)],
        "listed": [p.uetr for p in engine.listed(0, 9)],
        "items": [engine.has_item(f"item-{number}") for number in NUMBERS],
        "corridors": engine.open_corridors(),
        "accounts": engine.accounts(),
        "rates": engine.rates(9),
        "last": engine.last_number(),
        "bound": engine.bound(0, 9),
        "keys": engine.wrapped_keys(0, 1 << 60, 9),
    }


class Agreeing(RuleBasedStateMachine):
    """Three engines and the model; where they stand is given by the test."""

    folder: Path
    postgres: PostgresPlace
    names = count()

    def __init__(self) -> None:
        super().__init__()
        self.postgres.emptied()
        self.places: dict[str, Place] = {
            "model": MemoryPlace(),
            "memory": MemoryPlace(),
            "sqlite": SqlitePlace(self.folder / f"{next(self.names)}.db"),
            "postgresql": self.postgres,
        }
        self.opened = {name: place.open() for name, place in self.places.items()}
        self.count = 0
        self.waiting: list[Command] = []
        self.expected: list[Result] = []

    @rule(data=st.data())
    def command(self, data: st.DataObject) -> None:
        """One more command of the next batch."""
        self.count += 1
        command = drawn(cast("st.DrawFn", data.draw), self.opened["model"], self.count)
        if command is not None:
            done = self.opened["model"].execute([command])
            self.expected += [plain(result) for result in done]
            self.waiting.append(command)

    @rule()
    @precondition(lambda self: self.waiting)
    def batch(self) -> None:
        """What waits, in one transaction on each engine."""
        for name, engine in self.engines():
            results = [plain(result) for result in engine.execute(self.waiting)]
            assert (name, results) == (name, self.expected)
        self.waiting, self.expected = [], []
        expected = seen(self.opened["model"])
        for name, engine in self.engines():
            assert (name, seen(engine)) == (name, expected)

    @rule()
    @precondition(lambda self: not self.waiting)
    def restart(self) -> None:
        """Every process ends, and another begins in its slot."""
        for name, place in self.places.items():
            self.opened[name].close()
            self.opened[name] = place.open()

    def engines(self) -> list[tuple[str, AnyEngine]]:
        """Those that are compared with the model."""
        return [(name, engine) for name, engine in self.opened.items() if name != "model"]

    def teardown(self) -> None:
        """Everything that is stored is the same, and every record is sound."""
        if self.waiting:
            self.batch()
        expected = dump(self.opened["model"])
        for name, engine in self.engines():
            assert (name, dump(engine)) == (name, expected)
            assert (name, audit(engine, KEY.public_key()).faults) == (name, ())
        for engine in self.opened.values():
            engine.close()


@pytest.mark.slow
def test_three_engines_agree(
    postgres_server: PostgresServer, spare_schemas: list[str], tmp_path: Path
) -> None:
    place = PostgresPlace(postgres_server, spare_schemas)

    class Here(Agreeing):
        folder, postgres = tmp_path, place

    run_state_machine_as_test(Here, settings=settings(max_examples=10, stateful_step_count=24))
    place.close()
