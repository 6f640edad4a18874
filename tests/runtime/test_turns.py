"""Whoever is ready takes a step before anybody takes the next one."""

from __future__ import annotations

import asyncio

from switch.runtime.clock import SystemClock
from switch.runtime.turns import abreast


async def test_everybody_takes_one_step_before_anybody_takes_the_next() -> None:
    clock, steps = SystemClock(), list[tuple[int, str]]()

    async def walk(name: str) -> None:
        for step in range(3):
            steps.append((step, name))
            await abreast(clock)

    await asyncio.gather(*(walk(name) for name in "abc"))

    assert steps == [(step, name) for step in range(3) for name in "abc"]
