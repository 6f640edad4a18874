"""What a simulated process is: a tag that every callback on the loop carries.

A context variable holds the owner; asyncio copies it into every task, timer and callback, so the
loop can tell whose each handle is. A dead owner's handles are kept, never run: nothing is cancelled
and no ``finally`` runs, as with SIGKILL. The surprise: when Python later throws the dead coroutines
away their ``finally`` blocks do run, so every seam also refuses a dead owner by itself.
"""

from __future__ import annotations

from contextvars import Context, ContextVar, copy_context
from typing import Any, Final


class DeadProcess(BaseException):
    """A dead process tried to act.

    Not an :class:`Exception`, so that no handler of the product catches it.
    """


class Owner:
    """One incarnation of a process; a restart is a new owner."""

    __slots__ = ("alive", "held", "incarnation", "name", "paused", "text")

    def __init__(self, name: str, incarnation: int) -> None:
        self.name = name
        self.incarnation = incarnation
        self.alive = True
        self.paused = False
        self.held: list[Any] = []
        self.text = f"{name}#{incarnation}"

    def __str__(self) -> str:
        return self.text

    def refuse_dead(self) -> None:
        """Raise :class:`DeadProcess` unless alive; every seam asks first."""
        if not self.alive:
            raise DeadProcess(str(self))


OWNER: Final[ContextVar[Owner | None]] = ContextVar("simulation_owner", default=None)
"""Whose code is running; ``None`` is the world itself (network, scenario)."""


def context_of(owner: Owner | None) -> Context:
    """Return a new context that carries this owner."""
    context = copy_context()
    context.run(OWNER.set, owner)
    return context
