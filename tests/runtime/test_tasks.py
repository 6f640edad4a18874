"""A task that fails ends the process, a task that is closed does not; the number has a bound."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from switch.runtime.tasks import ShareOfTasks, Tasks, TooManyTasks


async def _fail() -> None:
    await asyncio.sleep(0)
    raise ValueError("account 0123")


def test_escaped_exception_is_reported_with_the_name() -> None:
    seen: list[tuple[str, str]] = []

    async def program() -> None:
        tasks = Tasks(lambda name, failure: seen.append((name, type(failure).__name__)))
        tasks.start("dispatch", _fail())
        await asyncio.sleep(0.01)
        await tasks.close()

    asyncio.run(program())

    assert seen == [("dispatch", "ValueError")]


def test_result_is_returned_and_the_task_forgotten() -> None:
    async def program() -> tuple[int, int]:
        tasks = Tasks()

        async def answer() -> int:
            return 42

        result = await tasks.start("answer", answer())
        await asyncio.sleep(0)
        return result, len(tasks)

    assert asyncio.run(program()) == (42, 0)


def test_close_cancels_without_a_crash() -> None:
    seen: list[str] = []

    async def program() -> int:
        tasks = Tasks(lambda name, _: seen.append(name))
        for number in range(5):
            tasks.start(f"wait {number}", asyncio.sleep(60))
        await asyncio.sleep(0)
        await tasks.close()
        return len(tasks)

    assert asyncio.run(program()) == 0
    assert seen == []


def test_bound_refuses_and_starts_nothing() -> None:
    async def program() -> int:
        tasks = Tasks(tasks_max=1)
        tasks.start("first", asyncio.sleep(60))
        with pytest.raises(TooManyTasks):
            tasks.start("second", asyncio.sleep(60))
        count = len(tasks)
        await tasks.close()
        return count

    assert asyncio.run(program()) == 1


def test_production_crash_ends_the_process_without_the_message() -> None:
    program = (
        "import asyncio\n"
        "from switch.runtime.tasks import Tasks\n"
        "async def fail():\n"
        "    raise ValueError('account 0123')\n"
        "async def main():\n"
        "    Tasks().start('dispatch', fail())\n"
        "    await asyncio.sleep(30)\n"
        "asyncio.run(main())\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False
    )

    assert ended.returncode == 70
    assert "process_ended part=dispatch error=ValueError at fail:4" in ended.stderr
    assert "0123" not in ended.stderr


def test_a_share_of_the_tasks_has_a_bound_of_its_own() -> None:
    async def program() -> tuple[bool, bool, int]:
        tasks = Tasks()
        share = ShareOfTasks(tasks, 2)
        begun = [share.start("hop", asyncio.sleep(0.01)) for _ in range(2)]
        full = share.full
        with pytest.raises(TooManyTasks):
            share.start("hop", asyncio.sleep(60))
        live = len(tasks)
        await asyncio.wait(begun)
        await asyncio.sleep(0)
        share.start("hop", asyncio.sleep(0))
        await tasks.close()
        return full, share.full, live

    assert asyncio.run(program()) == (True, False, 2)
