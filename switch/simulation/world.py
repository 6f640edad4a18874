"""A world: machines with their processes on one loop, one network, one trace, one seed.

A machine is a name with a disk; a process is one incarnation on it. ``start`` runs a program (the
production entry, given its seams), ``kill`` ends it as SIGKILL does, ``lose_power`` also tears the
disk, ``pause`` and ``resume`` stop it as SIGSTOP and SIGCONT do. The scenario itself is a coroutine
outside of every process. The surprise: the garbage collector is off during a run, because it would
run finalizers at points that depend on how much memory was used before.
"""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from switch.runtime.entropy import Ids, SeededEntropy
from switch.simulation.disk import SimDisk
from switch.simulation.loop import STEPS_MAX, TIME_MAX_S, SimLoop
from switch.simulation.net import SimNet, SimNetwork
from switch.simulation.process import Owner, context_of
from switch.simulation.seams import SimClock, SimEntropy, SimTasks, SimWriter
from switch.simulation.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType

Item = TypeVar("Item")
Result = TypeVar("Result")

MAIN: Final = "main"
"""Name of a process's first task."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The seams of one process, as its program gets them."""

    name: str
    owner: Owner
    clock: SimClock
    entropy: SimEntropy
    ids: Ids
    net: SimNet
    tasks: SimTasks
    disk: SimDisk
    loop: SimLoop
    stream: SeededEntropy

    def writer(self, execute: Callable[[list[Item]], None], **bounds: int) -> SimWriter[Item]:
        """Return what stands for the store's writer thread."""
        return SimWriter(self.loop, self.owner, self.stream.fork("writer"), execute, **bounds)


class World:
    """Everything of one run. Use as a context manager, so that disks are unregistered."""

    def __init__(
        self, seed: int, *, steps_max: int = STEPS_MAX, time_max_s: float = TIME_MAX_S
    ) -> None:
        self.seed = seed
        self.trace = Trace()
        self.loop = SimLoop(self.trace, steps_max=steps_max, time_max_s=time_max_s)
        self._entropy = SeededEntropy(seed)
        self.network = SimNetwork(self.loop, self._entropy.fork("network"))
        self._machines: dict[str, Machine] = {}
        self._disks: dict[str, SimDisk] = {}
        self._processes: list[Machine] = []

    def machine(self, name: str) -> Machine:
        """Return the living process of this machine, made new when there is none."""
        found = self._machines.get(name)
        if found is not None and found.owner.alive:
            return found
        incarnation = 1 if found is None else found.owner.incarnation + 1
        owner = Owner(name, incarnation)
        stream = self._entropy.fork(str(owner))
        clock = SimClock(self.loop, owner)
        entropy = SimEntropy(stream.fork("entropy"), owner)
        made = Machine(
            name=name,
            owner=owner,
            clock=clock,
            entropy=entropy,
            ids=Ids(clock, entropy),
            net=SimNet(self.network, owner, clock),
            tasks=SimTasks(owner, self._crashed),
            disk=self._disk(name),
            loop=self.loop,
            stream=stream,
        )
        made.disk.boot()
        self._machines[name] = made
        self._processes.append(made)
        return made

    def disk(self, name: str) -> SimDisk:
        """Return the disk of a machine, which outlives its processes, ready to be read."""
        disk = self._disk(name)
        if name not in self._machines or not self._machines[name].owner.alive:
            disk.boot()
        return disk

    def _disk(self, name: str) -> SimDisk:
        if name not in self._disks:
            # The address keeps worlds apart that live in one interpreter; it is never traced.
            vfs = f"{name}-{id(self):x}"
            self._disks[name] = SimDisk(vfs, self._entropy.fork(f"disk {name}"))
        return self._disks[name]

    def start(
        self, name: str, program: Callable[[Machine], Coroutine[Any, Any, object]]
    ) -> Machine:
        """Start a program on a machine where none lives; it is that process's first task."""
        if name in self._machines and self._machines[name].owner.alive:
            raise ValueError(f"{name} is alive")
        machine = self.machine(name)
        self.note(f"start {machine.owner}")
        self.loop.call_soon(
            lambda: machine.tasks.start(MAIN, program(machine)),
            context=context_of(machine.owner),
        )
        return machine

    def lives(self, name: str) -> bool:
        """Whether a process runs on this machine, stopped or not."""
        return name in self._machines and self._machines[name].owner.alive

    def kill(self, name: str) -> None:
        """End a process between two of its steps: nothing of it runs any more."""
        machine = self._machines[name]
        if not machine.owner.alive:
            return
        self.note(f"kill {machine.owner}")
        machine.owner.alive = False
        machine.disk.kill()
        self.network.drop(machine.owner)

    def lose_power(self, name: str) -> bool:
        """Kill, and lose or tear what was not synced; return whether anything was."""
        self.kill(name)
        return self._disks[name].crash()

    def pause(self, name: str) -> None:
        """Stop a process where it is; time goes on."""
        self.note(f"pause {name}")
        self._machines[name].owner.paused = True

    def resume(self, name: str) -> None:
        """Let a paused process go on."""
        self.note(f"resume {name}")
        self.loop.resume(self._machines[name].owner)

    def note(self, event: str) -> None:
        """Add an event of the scenario to the trace."""
        self.trace.note(self.loop.step, self.loop.time(), "world", event)

    def run(self, scenario: Coroutine[Any, Any, Result]) -> Result:
        """Run until the scenario has ended.

        Raises :class:`SimulationError` for a deadlock, a bound, a crashed task or an unhandled
        exception anywhere.
        """
        collecting = gc.isenabled()
        gc.disable()
        try:
            result = self.loop.run_until_complete(scenario)
            self.loop.check()
            return result
        finally:
            if collecting:
                gc.enable()

    async def sleep(self, seconds: float) -> None:
        """Wait in the scenario."""
        await asyncio.sleep(seconds)

    def _crashed(self, name: str, failure: BaseException) -> None:
        self.note(f"crashed {name} {type(failure).__qualname__}")
        self.loop.fail(failure)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every process, throw away what it left, unregister the disks."""
        for machine in self._processes:
            machine.owner.alive = False
            machine.disk.kill()
        self.loop.close()
        for machine in self._processes:
            machine.net.bury()
        self.network.close()
        self._processes.clear()
        self._machines.clear()
        for disk in self._disks.values():
            disk.close()
