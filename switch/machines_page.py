"""The small machines as a page, for docs/developer/machines.md.

Pure: :func:`page` reads the tables and returns text; the same tables give the same bytes.
``python -m switch.machines_page > docs/developer/machines.md`` writes the page, and a test compares
the two. The surprise: a refusal is shown with its ISO 20022 code, because that is what its caller
sees of it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from switch.machines import MACHINES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switch.machines import Machine

_HEAD: Final = """\
# The machines beside a payment

Generated from the tables in `switch/machines.py` by
`python -m switch.machines_page > docs/developer/machines.md`; a test compares the two, and
`tests/switch_core/test_machines.py` brings the core into each state and compares what it decides.

A cell is the next state, the reason of a refusal, or a dash where the event cannot be.
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join("".join(_section(machine)) for machine in MACHINES)


def _section(machine: Machine) -> Iterator[str]:
    yield f"\n## {machine.name}\n\n{machine.about}\n\n"
    yield "| state | |\n|---|---|\n"
    yield from (f"| {state} | {means} |\n" for state, means in machine.states.items())
    yield "\n| event | |\n|---|---|\n"
    yield from (f"| {event} | {means} |\n" for event, means in machine.events.items())
    yield f"\n| | {' | '.join(machine.events)} |\n|---{'|---' * len(machine.events)}|\n"
    for state in machine.states:
        cells = (_cell(machine, state, event) for event in machine.events)
        yield f"| **{state}** | {' | '.join(cells)} |\n"


def _cell(machine: Machine, state: str, event: str) -> str:
    to = machine.rows.get((state, event))
    if to is None:
        return "-"
    return to if isinstance(to, str) else f"*{to.name.lower()}* ({to.iso})"


if __name__ == "__main__":
    sys.stdout.write(page())
