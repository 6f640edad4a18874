"""A process ends when it is asked to, with the status its program returns."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

PROGRAM = (
    "import sys\n"
    "from switch.runtime.process import run\n"
    "async def program(stopped):\n"
    "    print('ready', flush=True)\n"
    "    await stopped()\n"
    "    return 3\n"
    "sys.exit(run(program))\n"
)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_asks_the_program_to_stop(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, number)
        status = process.wait(10)

    assert status == 3
