"""Unmodified aiohttp and SQLite run on virtual time; processes die by their handles not running."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from switch.runtime.threads import QueueFull, WriterClosed
from switch.simulation.faults import Fate, Verdict
from switch.simulation.loop import SimulationError
from switch.simulation.process import DeadProcess, context_of
from switch.simulation.seams import EPOCH, SimWriter
from switch.simulation.world import Machine, World
from switch.wire.transport import Answer, MaybeSent, NotSent, Request, Transport

Result = Answer | NotSent | MaybeSent
Program = Callable[[Machine], Coroutine[Any, Any, None]]
ASK = Request("POST", "/", (("X-Key", "1"),), b"hello")


def server(handle: Callable[[Machine, bytes], Coroutine[Any, Any, str]]) -> Program:
    """Return a program that serves this handler under the machine's name."""

    async def program(machine: Machine) -> None:
        async def post(request: web.Request) -> web.Response:
            return web.Response(text=await handle(machine, await request.read()))

        app = web.Application()
        app.router.add_post("/", post)
        await machine.net.serve(app, machine.name)

    return program


async def echo(_: Machine, body: bytes) -> str:
    return body.decode()


async def slow(machine: Machine, body: bytes) -> str:
    await machine.clock.sleep(5)
    return body.decode()


async def ask(
    machine: Machine, *, within_s: float = 30, may_send: Callable[[], bool] = lambda: True
) -> Result:
    """Send one request to the bank."""
    transport = Transport(machine.net, machine.clock)
    return await transport.send("bank", ASK, may_send=may_send, answer_within_s=within_s)


def test_exchange_over_unmodified_aiohttp_on_virtual_time() -> None:
    with World(1) as world:
        world.start("bank", server(slow))

        async def scenario() -> Result:
            await world.sleep(1)
            return await ask(world.machine("member"))

        result = world.run(scenario())
        elapsed_s = world.loop.time()

    assert isinstance(result, Answer)
    assert (result.status, result.body) == (200, b"hello")
    assert 6 < elapsed_s < 6.1
    assert result.headers["date"] == "Sat, 21 Nov 2026 03:00:06 GMT"


def test_kept_connection_is_reused() -> None:
    with World(1) as world:
        world.start("bank", server(echo))

        async def scenario() -> int:
            await world.sleep(1)
            for _ in range(20):
                assert isinstance(await ask(world.machine("member")), Answer)
            return len(world.network._ends)

        ends = world.run(scenario())

    assert ends == 2


def test_nobody_listening_refuses() -> None:
    with World(1) as world:
        result = world.run(ask(world.machine("member")))

    assert NotSent("connect_refused") == result


def test_server_killed_during_a_request_resets_the_client() -> None:
    with World(1) as world:
        world.start("bank", server(slow))

        async def scenario() -> list[Result]:
            await world.sleep(1)
            asking = asyncio.ensure_future(ask(world.machine("member")))
            await world.sleep(2)
            world.kill("bank")
            first = await asking
            second = await ask(world.machine("member"))
            world.start("bank", server(echo))
            await world.sleep(1)
            return [first, second, await ask(world.machine("member"))]

        lost, refused, answered = world.run(scenario())

    assert MaybeSent("connection_lost") == lost
    assert NotSent("connect_refused") == refused
    assert isinstance(answered, Answer)


def test_killed_process_does_nothing_more_not_even_finally() -> None:
    effects: list[str] = []

    async def program(machine: Machine) -> None:
        try:
            await machine.clock.sleep(10)
            effects.append("woke")
        finally:
            effects.append("finally began")
            machine.clock.now()
            effects.append("finally acted")

    with World(1) as world:
        world.start("switch", program)

        async def scenario() -> None:
            await world.sleep(1)
            world.kill("switch")
            await world.sleep(100)
            gc.collect()
            effects.append("end of the run")

        world.run(scenario())

    assert effects == ["end of the run", "finally began"]


def test_seams_refuse_the_dead() -> None:
    with World(1) as world:
        dead = world.start("switch", server(echo))

        async def scenario() -> int:
            await world.sleep(1)
            writer: SimWriter[str] = dead.writer(lambda _: None)
            session = dead.net.session("bank")
            world.kill("switch")
            refused = 0
            for attempt in (
                dead.clock.now,
                dead.clock.monotonic,
                dead.ids.uetr,
                lambda: dead.entropy.bytes(1),
                lambda: dead.net.session("bank"),
                lambda: dead.tasks.start("late", asyncio.sleep(0)),
                lambda: writer.submit("row", urgent=True),
                writer.close,
            ):
                with pytest.raises(DeadProcess):
                    attempt()
                refused += 1
            for later in (dead.clock.sleep(1), dead.net.close(), dead.net.serve(_app(), "x")):
                with pytest.raises(DeadProcess):
                    await later
                refused += 1
            del session
            return refused

        refused = world.run(scenario())

    assert refused == 11


def _app() -> web.Application:
    return web.Application()


def test_bytes_written_before_death_may_still_arrive() -> None:
    """Whether the request is served depends on how soon the reset follows it: both happen."""

    async def client(machine: Machine) -> None:
        await machine.clock.sleep(1)
        await ask(machine)

    def arrivals(seed: int) -> int:
        arrived: list[bytes] = []

        async def note(_: Machine, body: bytes) -> str:
            arrived.append(body)
            return ""

        def kill_after(source: str, _: str, __: bytes) -> Verdict:
            if source == "switch":
                world.loop.call_soon(world.kill, "switch", context=context_of(None))
            return Verdict()

        with World(seed) as world:
            world.start("bank", server(note))
            world.start("switch", client)
            world.network.judge = kill_after
            world.run(world.sleep(60))
        return len(arrived)

    assert {arrivals(seed) for seed in range(12)} == {0, 1}


def test_paused_process_sends_nothing_after_its_time() -> None:
    arrived: list[bytes] = []

    async def note(_: Machine, body: bytes) -> str:
        arrived.append(body)
        return ""

    results: list[Result] = []

    async def client(machine: Machine) -> None:
        send_by = machine.clock.monotonic() + 5
        await machine.clock.sleep(1)
        results.append(await ask(machine, may_send=lambda: machine.clock.monotonic() < send_by))

    with World(1) as world:
        world.start("bank", server(note))
        world.start("switch", client)

        async def scenario() -> None:
            await world.sleep(0.5)
            world.pause("switch")
            await world.sleep(10)
            world.resume("switch")
            await world.sleep(60)

        world.run(scenario())

    assert [NotSent("send_by")] == results
    assert arrived == []


@pytest.mark.parametrize(
    ("source", "verdict", "expected"),
    [
        # The server gives up waiting for a request's head before the member gives up waiting.
        ("member", Verdict(Fate.SILENCE), MaybeSent("connection_lost")),
        ("bank", Verdict(Fate.SILENCE), MaybeSent("timeout")),
        ("member", Verdict(Fate.RESET), MaybeSent("connection_lost")),
        ("bank", Verdict(Fate.RESET), MaybeSent("connection_lost")),
        ("bank", Verdict(delay_s=40), MaybeSent("timeout")),
        ("bank", Verdict(delay_s=4), None),
    ],
)
def test_faults_of_the_network(source: str, verdict: Verdict, expected: Result | None) -> None:
    with World(1) as world:
        world.start("bank", server(echo))
        world.network.judge = lambda writer, _, __: verdict if writer == source else Verdict()

        async def scenario() -> Result:
            await world.sleep(1)
            return await ask(world.machine("member"))

        result = world.run(scenario())

    assert isinstance(result, Answer) if expected is None else expected == result


def test_crashed_task_fails_the_run() -> None:
    async def program(machine: Machine) -> None:
        await machine.clock.sleep(1)
        raise ValueError("bug")

    with World(1) as world:
        world.start("switch", program)
        with pytest.raises(SimulationError) as raised:
            world.run(world.sleep(10))

    assert isinstance(raised.value.__cause__, ValueError)


def test_task_that_fails_unasked_fails_the_run() -> None:
    async def fail() -> None:
        raise ValueError("bug")

    async def scenario() -> None:
        kept.append(asyncio.ensure_future(fail()))
        await world.sleep(1)

    kept: list[asyncio.Future[None]] = []
    with World(1) as world, pytest.raises(SimulationError) as raised:
        world.run(scenario())

    assert isinstance(raised.value.__cause__, ValueError)


def test_deadlock_names_who_waits() -> None:
    async def wait_forever() -> None:
        await asyncio.get_running_loop().create_future()

    with World(1) as world, pytest.raises(SimulationError, match=r"deadlock: .*wait_forever"):
        world.run(wait_forever())


def test_steps_and_time_are_bounded() -> None:
    async def spin() -> None:
        while True:  # noqa: ASYNC110  the point is that it never ends
            await asyncio.sleep(0)

    with World(1, steps_max=1000) as world, pytest.raises(SimulationError, match="1000 steps"):
        world.run(spin())
    with World(1, time_max_s=60) as world, pytest.raises(SimulationError, match="60 virtual"):
        world.run(world.sleep(61))


def test_clocks_of_two_machines_may_differ() -> None:
    with World(1) as world:
        behind, right = world.machine("behind"), world.machine("right")
        behind.clock.ahead = timedelta(minutes=-5)

        assert right.clock.now() == EPOCH
        assert timedelta(minutes=5) == right.clock.now() - behind.clock.now()


def test_writer_gathers_urgent_first_and_is_bounded() -> None:
    batches: list[list[str]] = []
    with World(1) as world:
        writer = world.machine("switch").writer(batches.append, batch_max=3, waiting_max=4)

        async def scenario() -> None:
            for number in range(4):
                writer.submit(f"intent {number}", urgent=False)
            with pytest.raises(QueueFull):
                writer.submit("one too many", urgent=False)
            writer.submit("conclusion", urgent=True)
            await world.sleep(0.006)
            await world.sleep(0.006)
            writer.submit("last", urgent=False)
            writer.close()
            with pytest.raises(WriterClosed):
                writer.submit("late", urgent=True)

        world.run(scenario())

    assert batches == [
        ["conclusion", "intent 0", "intent 1"],
        ["intent 2", "intent 3"],
        ["last"],
    ]


def test_name_in_use_is_refused_until_its_owner_dies() -> None:
    with World(1) as world:

        async def scenario() -> None:
            await world.machine("a").net.serve(_app(), "bank")
            with pytest.raises(OSError, match="in use"):
                await world.machine("b").net.serve(_app(), "bank")
            world.kill("a")
            served = await world.machine("b").net.serve(_app(), "bank")
            await served.close()

        world.run(scenario())


def test_who_only_lets_others_run_is_not_slowed_down() -> None:
    """A file of many lines is read as fast in a long quiet day as at any other time."""
    with World(1) as world:
        clock = world.machine("switch").clock

        async def waited() -> tuple[float, float]:
            world.loop.grain_s = 60.0
            start = world.loop.time()
            for _ in range(100):
                await clock.sleep(0)
            between = world.loop.time()
            await clock.sleep(0.1)
            return between - start, world.loop.time() - between

        assert world.run(waited()) == (0.0, 60.0)
