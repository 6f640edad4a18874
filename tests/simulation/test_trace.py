"""One seed gives one trace: in any process, under any hash seed, whatever ran before."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from switch.simulation.trace import Trace

TRACE = """
import asyncio, sys
sys.path.insert(0, "tests/simulation")
from test_world import ask, echo, server
from switch.simulation.world import World
with World(int(sys.argv[1])) as world:
    world.start("bank", server(echo))
    async def scenario():
        await world.sleep(1)
        for _ in range(3):
            asking = [asyncio.ensure_future(ask(world.machine("member"))) for _ in range(8)]
            for one in asking:
                await one
        world.kill("bank")
        await ask(world.machine("member"))
    world.run(scenario())
    print(world.trace.hex())
"""


TOWN = """
import sys
from switch.config import default_folder, load_config
from switch.demo.books import differences, network_books, switch_book
from switch.demo.scenes import play
from switch.simulation.town import Town, residents
from switch.simulation.world import World
with World(int(sys.argv[1])) as world:
    town = Town(world, residents(load_config(default_folder())))
    async def scenario():
        await town.open()
        scenes = await play(town)
        world.lose_power("switch")
        await town.start_switch()
        scenes += await play(town)
        assert {scene.direction for scene in scenes} == {"outbound", "inbound"}
        assert all(scene.as_expected for scene in scenes)
        ours = await switch_book(town)
        assert len(ours) == len(scenes)
        assert differences(ours, await network_books(town)) == []
    world.run(scenario())
    print(world.trace.hex())
"""


TRIAL = """
import sys
from switch.simulation.choices import CHOICES
from switch.simulation.plan import plan_of
from switch.simulation.trial import Simulator
print(Simulator().run(plan_of(int(sys.argv[1]), 6, CHOICES)).trace)
"""


def trace_of(program: str, seed: int, hash_seed: int) -> str:
    """Run in a process of its own with this hash seed."""
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": "."}
    ended = subprocess.run(
        [sys.executable, "-c", program, str(seed)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize(
    "program", [TRACE, TOWN, TRIAL], ids=["network", "whole switch", "simulate"]
)
def test_same_seed_same_trace_across_hash_seeds(program: str) -> None:
    """The whole switch pays in both directions, loses power and pays again; and a trial of all."""
    assert len({trace_of(program, 5, hash_seed) for hash_seed in (0, 1, 4_000_000)}) == 1
    assert trace_of(program, 5, 0) != trace_of(program, 6, 0)


def test_digest_depends_on_every_part_and_on_the_order() -> None:
    def digest(*events: tuple[int, float, str, str]) -> str:
        trace = Trace()
        for event in events:
            trace.note(*event)
        return trace.hex()

    first, second = (1, 0.5, "switch#1", "commit"), (2, 0.5, "bank#1", "answer")
    others = [(2, 0.5, "switch#1", "commit"), (1, 0.6, "switch#1", "commit")]
    others += [(1, 0.5, "switch#2", "commit"), (1, 0.5, "switch#1", "send")]

    assert len({digest(first), *map(digest, others)}) == 5
    assert digest(first, second) != digest(second, first)
    assert digest(first, second) == digest(first, second)
