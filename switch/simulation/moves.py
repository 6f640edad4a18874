"""Which rows of the state table a run took: what happened, by what was committed.

States come from the journal, events from the commands as engines were given them. The surprise: an
opening is not told by its command, but there is one event only that leads to each first state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orjson import loads

from switch.model import Flow, State
from switch.operators import Propose
from switch.states import MOVES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from switch.commands import Command, Result

Move = tuple[str, str, str, str]


class Moves:
    """What happened to payments according to what engines committed."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, int], str] = {}
        self._flows: dict[str, str] = {}

    def note(self, commands: Sequence[Command], results: Sequence[Result]) -> None:
        """Remember what a batch did."""
        for command, result in zip(commands, results, strict=True):
            payment = getattr(result, "payment", None)
            # A proposal moves nothing: the version that it names came by something else.
            moved = type(result).__name__ == "Done" and not isinstance(command, Propose)
            if moved and payment is not None:
                event = str(getattr(_of(command), "event", "settled"))
                self._events[payment.uetr, payment.version] = event
                self._flows[payment.uetr] = str(payment.flow)

    def taken(self, rows: Mapping[str, list[dict[str, Any]]]) -> Iterator[Move]:
        """How payments went from state to state: (flow, state, event, state after it)."""
        states: dict[tuple[str, int], str] = {}
        for leaf in rows["leaf"]:
            content = loads(leaf["content"])
            if "version" in content and content.get("uetr") in self._flows:
                states[content["uetr"], content["version"]] = content["state"]
        for (uetr, version), state in states.items():
            flow = self._flows[uetr]
            if version == 1:
                yield flow, str(State.RECEIVED), _opening(flow, state), state
                continue
            event = self._events.get((uetr, version), "lost with its process")
            yield flow, states[uetr, version - 1], event, state


def _of(command: Command) -> object:
    """What moves the payment: of an approval what is concluded by it, if anything is."""
    return getattr(command, "conclude", None) or command


def _opening(flow: str, state: str) -> str:
    """The event by which a payment of a flow came into its first state: there is one."""
    return next(
        str(event)
        for before, event, after in MOVES[Flow(flow)]
        if before is State.RECEIVED and after == state
    )
