"""Killed at every step of a payment, the switch ends it once and all books agree.

Four fixed payments; for each, the switch dies before every step of the loop and before every
operation of its disk, by turns with and without a loss of power, and is started again on the same
disk. What is checked is in ``sweep_oracle``: zero sums, nothing reserved, the networks' own books,
the journal, and that whoever was answered is answered the same again. The sweep must be able to
fail, so switches with a planted fault go through it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import apsw
import pytest

from switch.commands import Command, Open, Result
from switch.dispatch import Happened
from switch.lifecycle import Event
from switch.port import Exchange
from switch.reasons import Reason
from switch.simulation.loop import SimulationError
from switch.simulation.town import Running
from switch.simulation.world import Machine
from switch.store.contract import Reads, Store
from switch.wire.transport import Request, Transport
from tests.simulation.sweep_story import REPEATS, Found, Kill, Scene, Told, tell

ACCEPTED: Final = Scene("accepted")
REFUSED: Final = Scene("refused", fault=("refuse", "AC06"))
UNANSWERED: Final = Scene("unanswered", fault=("drop_answer", ""))
INBOUND: Final = Scene("inbound", inbound=True)
REPEATED: Final = Scene("inbound repeated", inbound=True, repeats=REPEATS)

THREE: Final = (ACCEPTED, REFUSED, UNANSWERED)
SHORT_S: Final = 3.1
"""A little longer than both networks' ``send_within_ms``."""
LONG_S: Final = 20
"""Longer than anybody waits for an answer."""
HALVES: Final = pytest.mark.parametrize("half", [0, 1])
"""Each sweep is cut in two, so that two workers share it."""

Seen = set[tuple[bool, bool, str]]
"""Kinds of runs: (answered before it died, the payment existed after it, how it ended)."""

SEEN: Final[dict[Scene, Seen]] = {
    ACCEPTED: {
        (False, False, "ACCC"),  # died before commit 1: the repeat made the payment
        (False, True, "RJCT"),  # died before the first byte: the network has never seen it
        (False, True, "ACCC"),  # found by enquiry
        (True, True, "ACCC"),
    },
    REFUSED: {(False, False, "RJCT"), (False, True, "RJCT"), (True, True, "RJCT")},
    INBOUND: {
        (False, False, "RJCT"),  # died before commit 1: the enquiry met a tombstone
        (False, True, "RJCT"),
        (False, True, "ACCC"),
        (True, True, "ACCC"),
    },
}
"""What must be met in a whole sweep, or it was not where it should be."""


def deaths(scene: Scene, half: int, *, by_disk: bool = False) -> list[Kill]:
    """Return a death for every second step or operation of the undisturbed payment."""
    undisturbed = tell(scene)
    assert (undisturbed.deaths, undisturbed.wrong) == (0, [])
    last = undisturbed.operations if by_disk else undisturbed.steps
    numbers = range(1 + half, last + 1, 2)
    return [Kill(at, by_disk=by_disk, power=turn % 2 == 1) for turn, at in enumerate(numbers)]


def swept(scene: Scene, kills: Sequence[Kill], found: Found | None = None) -> Seen:
    """Die each of these deaths and check what is left."""
    seen: Seen = set()
    for kill in kills:
        told = tell(scene, kill, found)
        assert (told.deaths, told.wrong) == (1, []), kill
        seen.add((told.answered, told.existed, told.status))
    return seen


@HALVES
@pytest.mark.parametrize("scene", [ACCEPTED, REFUSED, UNANSWERED], ids=str)
def test_every_step_of_three_payments(scene: Scene, half: int) -> None:
    expected = SEEN[REFUSED if scene is REFUSED else ACCEPTED]

    assert expected == swept(scene, deaths(scene, half))


@HALVES
def test_every_step_of_an_inbound_payment(half: int) -> None:
    assert SEEN[INBOUND] == swept(INBOUND, deaths(INBOUND, half))


@HALVES
@pytest.mark.parametrize("scene", [ACCEPTED, REFUSED, UNANSWERED, INBOUND], ids=str)
def test_every_operation_of_the_disk(scene: Scene, half: int) -> None:
    """Nobody is answered while the disk works, so each of these deaths leaves the caller alone."""
    expected = SEEN.get(scene, SEEN[ACCEPTED])

    assert swept(scene, deaths(scene, half, by_disk=True)) == {s for s in expected if not s[0]}


def test_a_message_repeated_into_the_next_life_is_one_payment() -> None:
    """Every third operation of the disk, and the steps around the repeats."""
    assert swept(REPEATED, deaths(REPEATED, 0, by_disk=True)[::2]) == {
        (True, True, "ACCC"),
        (False, True, "RJCT"),
    }


def test_killed_again_at_every_step_of_its_recovery() -> None:
    """The first death comes when the network has executed and nobody knows."""
    met = 0
    for again in range(1, 1000):
        told = tell(UNANSWERED, Kill(30, again=again, power=again % 2 == 1))
        assert told.wrong == [], again
        if told.deaths == 1:
            break
        met += 1
        assert (told.existed, told.status) == (True, "ACCC")

    assert met > 10


@pytest.mark.parametrize("pause_s", [SHORT_S, LONG_S])
@pytest.mark.parametrize("scene", [ACCEPTED, REFUSED, INBOUND], ids=str)
def test_stopped_at_every_step_until_after_send_by(scene: Scene, pause_s: float) -> None:
    """Stopped between commit 1 and the first byte, it sends nothing when it goes on."""
    steps = tell(scene).steps
    seen = swept(scene, [Kill(at, pause_s=pause_s) for at in range(1, steps + 1)])

    ends = {end for _, _, end in seen}
    assert ends == ({"RJCT"} if scene is REFUSED else {"ACCC", "RJCT"})


class _Kept:
    """An adapter that tells what it planned."""

    def __init__(self, adapter: Any) -> None:
        self.planned: Exchange | None = None
        self._adapter = adapter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    def plan_pay(self, *given: Any) -> Exchange:
        self.planned = self._adapter.plan_pay(*given)
        assert self.planned is not None
        return self.planned


class _Eager:
    """A store that lets the exchange of the first payment leave before its commit 1."""

    def __init__(self, store: Store, adapter: _Kept, transport: Transport) -> None:
        self._store = store
        self._adapter = adapter
        self._transport = transport

    @property
    def read(self) -> Reads:
        return self._store.read

    async def commit(self, command: Command) -> Result:
        planned, self._adapter.planned = self._adapter.planned, None
        if isinstance(command, Open) and planned is not None and not await self.read.listed(0, 1):
            request = Request(planned.method, planned.path, planned.headers, planned.body)
            await self._transport.send(
                planned.network, request, may_send=lambda: True, answer_within_s=15
            )
        return await self._store.commit(command)


def sends_before_the_commit(running: Running, machine: Machine) -> None:
    payments: Any = running.switch.payments
    kept = _Kept(payments._adapters["thailand"])
    payments._adapters = {**payments._adapters, "thailand": kept}
    payments._store = _Eager(running.store, kept, Transport(machine.net, machine.clock))


def answers_before_it_is_durable(running: Running, _: Machine) -> None:
    running.engine.connection.execute("PRAGMA synchronous = OFF")


def takes_a_restart_for_a_failure(running: Running, _: Machine) -> None:
    sweeper: Any = running.switch.sweeper

    async def recover() -> int:
        for payment in running.engine.sent_states(64):
            opened = await sweeper._dispatch.open(payment.uetr)
            failed = Happened(Event.NOT_SENT, Reason.NETWORK_OFFLINE)
            await sweeper._dispatch.conclude(payment, opened, failed)
        return 0

    sweeper.recover = recover


def forgets_who_was_waiting(running: Running, _: Machine) -> None:
    sweeper: Any = running.switch.sweeper

    async def nothing() -> int:
        return 0

    sweeper.recover = sweeper.sweep = nothing


@pytest.mark.parametrize(
    "planted",
    [
        sends_before_the_commit,
        answers_before_it_is_durable,
        takes_a_restart_for_a_failure,
        forgets_who_was_waiting,
    ],
)
def test_a_planted_fault_is_found(planted: Found) -> None:
    """Each is harmless as long as nothing dies, and each is found by some death."""
    undisturbed = tell(ACCEPTED, found=planted)
    assert undisturbed.wrong == []

    found = []
    for at in range(undisturbed.steps, 0, -1):
        try:
            told = tell(ACCEPTED, Kill(at, power=True), planted)
        except (apsw.Error, AssertionError, SimulationError) as failure:
            told = Told(wrong=[repr(failure)])
        found += told.wrong
        if found:
            break

    assert found
