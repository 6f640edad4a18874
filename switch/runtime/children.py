"""Child processes: started, waited for until they say they are ready, and stopped by us alone.

A child announces itself with one JSON line on standard output. Only processes started here are
ended, by their own handle: first asked (SIGTERM), then, after a bound, forced. What a child writes
on standard error goes to a file that is shown when it fails to start.
"""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

READY_WITHIN_S: Final = 120.0
"""A child that ends is noticed at once; this is for one that hangs, on a machine that is busy."""

STOP_WITHIN_S: Final = 5.0


class ChildFailed(RuntimeError):  # noqa: N818  the name says what happened
    """A child ended or stayed silent before it was ready."""


@dataclass(slots=True)
class Child:
    """One running child; ``ready`` is what it announced."""

    name: str
    process: asyncio.subprocess.Process
    ready: dict[str, Any]

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.process.returncode is None:
            self.process.send_signal(number)

    def pause(self) -> None:
        """Hold it: its connections stay open, and nothing comes of them."""
        self.send(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self.send(signal.SIGCONT)

    async def stop(self) -> int:
        """Ask it to end, force it after a bound, return its exit status."""
        self.send(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.process.wait(), STOP_WITHIN_S)
        except TimeoutError:
            self.send(signal.SIGKILL)
            return await self.process.wait()

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        self.send(signal.SIGKILL)
        await self.process.wait()


@dataclass(frozen=True, slots=True)
class Starting:
    """A child that was started and has not announced itself yet."""

    name: str
    process: asyncio.subprocess.Process
    errors: Path

    async def ready(self) -> Child:
        """Wait for its JSON line. Raises :class:`ChildFailed`; cancelled, it ends the child."""
        assert self.process.stdout is not None, "its output is a pipe"
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), READY_WITHIN_S)
            announced = json.loads(line)
        except (TimeoutError, ValueError):
            await self.end()
            raise ChildFailed(f"{self.name} did not start:\n{_tail(self.errors)}") from None
        except asyncio.CancelledError:
            # Whoever waits is being stopped; nobody else knows of this child yet.
            await self.end()
            raise
        return Child(self.name, self.process, announced)

    async def end(self) -> None:
        """End it at once."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


async def begin_child(name: str, command: Sequence[str], errors: Path) -> Starting:
    """Start a child without waiting for it, so that several can start side by side."""
    with errors.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    return Starting(name, process, errors)


async def start_child(name: str, command: Sequence[str], errors: Path) -> Child:
    """Start a child and wait for its JSON line. Raises :class:`ChildFailed`."""
    return await (await begin_child(name, command, errors)).ready()


def _tail(errors: Path) -> str:
    return errors.read_bytes()[-2000:].decode("utf-8", "replace")
