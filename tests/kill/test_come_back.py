"""Backups and the way back by their commands, beside a serving switch; a copy by hand is seen.

The switch and its networks are processes. A published head that the database lacks makes the next
start hold new payments, although nobody said that the store had come back.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from switch.demo.scenes import pay, quoted, thai_code
from tests.books.books_rig import all_ended, arrived, call, child, new_stage, restarted, until

if TYPE_CHECKING:
    from pathlib import Path

    from switch.demo.stage import Stage

pytestmark = pytest.mark.slow


async def command(stage: Stage, *arguments: str) -> tuple[int, str, str]:
    """Run a command on the data folder; its status, what it printed, and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "switch", *arguments, "--data", str(stage.data)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, out.decode(), said.decode()


async def restoring(stage: Stage) -> bool:
    """Whether the switch says that it holds."""
    held: dict[str, Any] = (await stage.overseer().send("GET", "/health/ready", b"", {})).json()
    return bool(held["restoring"])


async def _commands(folder: Path) -> None:
    copy = str(folder / "copy.db")
    async with new_stage() as stage:
        kept = await call(stage, "10.00")
        answer = await kept.send(stage)
        status, out, _ = await command(stage, "backup", copy)
        assert (status, orjson.loads(out)["payments"]) == (0, 1)
        lost = await call(stage, "20.00")
        told = await lost.send(stage)
        # While it serves, nothing is put in its place.
        status, _, said = await command(stage, "restore", "from", copy, "--replace")
        assert (status, "another process" in said) == (2, True)
        await child(stage, "switch").kill()

        status, _, said = await command(stage, "restore", "from", copy)
        assert (status, "--replace" in said) == (2, True)
        status, out, _ = await command(stage, "restore", "from", copy, "--replace")
        assert (status, orjson.loads(out)["payments"]) == (0, 1)
        await restarted(stage)

        assert await restoring(stage)
        fresh = await quoted(stage, thai_code("30.00"))
        assert (await pay(stage, fresh, "fresh")).status == 503
        assert (await kept.send(stage)).body == answer.body
        repeated = await lost.send(stage)
        assert repeated.json()["uetr"] == told.json()["uetr"]
        (_, line) = (await all_ended(stage)).values()
        assert (line["uetr"], line["status"]) == (told.json()["uetr"], "ACCC")
        assert len(await arrived(stage, "thailand")) == 2
        status, out, _ = await command(stage, "restore", "status")
        assert (status, orjson.loads(out)["holding"]) == (0, True)
        status, out, _ = await command(stage, "restore", "done")
        assert (status, orjson.loads(out)["holding"]) == (0, False)

        async def taken() -> bool:
            return (await pay(stage, fresh, "fresh")).status == 200

        await until(taken)


def test_the_commands_bring_a_switch_back_that_pays_nothing_twice(tmp_path: Path) -> None:
    asyncio.run(_commands(tmp_path))


async def _by_hand(folder: Path) -> None:
    async with new_stage() as stage:
        await (await call(stage, "10.00")).send(stage)
        await child(stage, "switch").stop()
        copy = shutil.copyfile(stage.data / "switch.db", folder / "copy.db")
        await restarted(stage)
        assert not await restoring(stage)
        await (await call(stage, "20.00")).send(stage)
        await child(stage, "switch").stop()
        shutil.copyfile(copy, stage.data / "switch.db")
        await restarted(stage)

        assert await restoring(stage)
        assert (await pay(stage, await quoted(stage, thai_code("30.00")), "new")).status == 503
        status, _, _ = await command(stage, "restore", "done")
        assert status == 0
        await child(stage, "switch").stop()
        await restarted(stage)
        assert not await restoring(stage)


def test_a_copy_put_back_by_hand_is_seen_by_the_heads_that_were_published(tmp_path: Path) -> None:
    asyncio.run(_by_hand(tmp_path))
