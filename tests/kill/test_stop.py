"""An orderly stop answers whoever waits, and the next life ends what was open."""

from __future__ import annotations

import asyncio
import signal

import pytest

from switch.config import default_folder, load_config
from switch.demo.scenes import MEMBER, THAI, pay, quoted, settled, thai_code
from switch.demo.stage import Stage

pytestmark = pytest.mark.slow


async def _arrived(stage: Stage) -> None:
    for _ in range(200):
        seen = (await stage.sandbox(THAI, "GET", "/control/requests"))["requests"]
        if any(request["operation"] == "pay" for request in seen):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the payment did not arrive")


def test_a_waiting_member_is_told_202_at_a_stop_and_the_next_life_ends_the_payment() -> None:
    async def run() -> None:
        async with Stage(load_config(default_folder()), None) as stage:
            token = await quoted(stage, thai_code("345.00"))
            await stage.fault(THAI, "pay", "hold")
            paying = asyncio.create_task(pay(stage, token, "k1"))
            await _arrived(stage)
            switch = stage.children[-1]
            switch.send(signal.SIGTERM)
            answer = await asyncio.wait_for(paying, 5)

            assert answer.status == 202
            assert answer.json()["status"] == "PDNG"
            assert answer.headers["location"].endswith(answer.json()["uetr"])
            assert await asyncio.wait_for(switch.process.wait(), 10) == 0

            await stage.sandbox(THAI, "POST", "/control/release")
            await stage.start_switch(int(stage.urls["switch"].rpartition(":")[2]))
            ended = await settled(stage, await stage.member(MEMBER).payment(answer.json()["uetr"]))

            assert ended["status"] == "ACCC"

    asyncio.run(run())
