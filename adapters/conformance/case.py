"""A case of the specification: its number, what it demands, and what a network needs for it.

Numbers are for ever: a case that is given up keeps its number and none is used again, because a
signed report names them. The surprise: a case fails by raising, and whatever else goes wrong while
it runs is a failure of that case too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.conformance.bench import Bench
    from switch.port import Operation


class CaseFailed(Exception):  # noqa: N818  the name says what happened
    """What was demanded is not so; the text says what was seen, and nothing personal."""


class NotRun(Exception):  # noqa: N818  the name says what happened
    """The case cannot be run here; the text says why."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``demands`` is the sentence that a partner signs.

    ``needs`` are operations that the network must have. ``steered``: the far side must be told what
    to do (a fault, its customer's payment), so a test system without controls cannot run it.
    ``inbound``: the network calls. ``asked``: we ask for money back, which only networks are asked
    to which nothing comes in. ``promise``: only where "never seen" is one, or is none.
    ``last``: run after all others, which it looks back at.
    """

    number: str
    title: str
    demands: str
    run: Callable[[Bench], Awaitable[None]]
    needs: tuple[Operation, ...] = ()
    steered: bool = True
    inbound: bool = False
    asked: bool = False
    promise: bool | None = None
    last: bool = False


def demand(holds: object, seen: str) -> None:
    """Raise :class:`CaseFailed` with what was seen, unless it holds."""
    if not holds:
        raise CaseFailed(seen)
