"""The state table as a page: a diagram and tables in text, for docs/developer/states.md.

Pure: :func:`page` reads the table and returns text; the same table gives the same bytes.
``python -m switch.lifecycle_diagram > docs/developer/states.md`` writes the page, and a test
compares the two. The surprise: refused and disputed answers are shown as rows of their own, because
what is *ignored* is as much a decision as what moves.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from switch.lifecycle import STATES, TABLE, Event, Stand, Timer, Verdict, moves_of, states_of
from switch.model import Flow, State
from switch.standings import OPEN, STEPS, PartyKind, PartyState, Step, target_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HEAD: Final = """\
# States of a payment

Generated from the table in `switch/lifecycle.py` by
`python -m switch.lifecycle_diagram > docs/developer/states.md`; a test compares the two.

A flow is a direction of money with its funding and finality. Every pair of state and event is
decided: it moves, is ignored, opens a dispute, or can never be. Our own clock (`overdue`, `rung`,
`spent`) and a lost answer never end a payment; `not_sent`, and `expired` where nothing was sent
yet, are the only ends that we make ourselves once money is reserved. The answer of a final state
never changes; one with a timer still has something to be done that changes no answer. A
contradicting answer sets the flag *disputed* once, stops that timer and books nothing.

Members and merchants stand at states of their own, from the tables in `switch/standings.py`. A door
is asked when something is opened: `pay` is a payment or quote of its customer, `refund` what its
customer gives back, `recall` what it asks back, `paid` what its customer is paid. What is on its
way goes on wherever they stand.
"""

_TITLES: Final = (
    (Flow.OUTBOUND, "Outbound: a Cambodian pays abroad; and every refund and recall of ours"),
    (Flow.OUTBOUND_THREE_LEG, "Outbound in three legs: final with our confirmation"),
    (Flow.OUTBOUND_GROSS, "Outbound, gross: the payer's bank pushes the money first"),
    (Flow.OUTBOUND_GROSS_THREE_LEG, "Outbound, gross, in three legs"),
    (Flow.INBOUND, "Inbound: a guest pays in Cambodia"),
    (Flow.INBOUND_BOUND, "Inbound by advice or in three legs: what fails is given back"),
    (Flow.RECALLED, "A network asks for what it has paid back: the payee's side decides"),
    (Flow.GIVEN_BACK, "A network gives back what a payment of ours paid"),
)

_PARTIES: Final = (
    (PartyKind.MEMBER, "How a member stands: steps by two operators"),
    (PartyKind.MERCHANT, "How a merchant stands that a network knows by its own id"),
)

_MONEY: Final = (
    (Stand.NONE, "none"),
    (Stand.RESERVED, "reserved, quote claimed"),
    (Stand.POSTED, "posted"),
    (Stand.VOIDED, "none, or voided"),
    (Stand.FROZEN, "frozen"),
)

_TIMERS: Final = (
    (Timer.NONE, "none"),
    (Timer.ANSWER, "answer due"),
    (Timer.POLL, "next poll"),
    (Timer.LADDER, "next enquiry"),
    (Timer.EXPIRY, "what is waited for"),
    (Timer.CANCEL, "next cancel"),
    (Timer.CONFIRM, "next confirmation"),
    (Timer.CHILD, "the payment back"),
)


def page() -> str:
    """The whole page, with a newline at its end."""
    parts = [_HEAD]
    for flow, title in _TITLES:
        parts += [f"\n## {title}\n\n", _diagram(flow), "\n", _states(flow), "\n"]
        parts.append(_pairs(flow))
    for kind, title in _PARTIES:
        parts += [f"\n## {title}\n\n", _steps_drawn(kind), "\n", _doors(kind), "\n", _steps(kind)]
    return "".join(parts)


def _stands(kind: PartyKind) -> tuple[PartyState, ...]:
    """The states that a party of this kind can be in, in the order of the machine."""
    return tuple(state for state in PartyState if any(state is row[0] for row in STEPS[kind]))


def _steps_drawn(kind: PartyKind) -> str:
    lines = [f"    {at.value} --> {to.value}: {by.value}" for at, by, to in STEPS[kind]]
    return "```mermaid\nstateDiagram-v2\n" + "\n".join(lines) + "\n```\n"


def _doors(kind: PartyKind) -> str:
    """One row per state: what a party may do as it stands so."""
    rows = [
        (f"`{state.value}`", ", ".join(door.value for door in OPEN[state]))
        for state in _stands(kind)
    ]
    return _table(("state", "open doors"), rows)


def _steps(kind: PartyKind) -> str:
    """Every pair: where a step leads, or ``never`` where it cannot be taken."""
    head = ("step", *(f"`{state.value}`" for state in _stands(kind)))
    rows = []
    for step in Step:
        targets = [target_of(kind, state, step) for state in _stands(kind)]
        cells = ["never" if to is None else f"`{to.value}`" for to in targets]
        rows.append((f"`{step.value}`", *cells))
    return _table(head, rows)


def _diagram(flow: Flow) -> str:
    """A mermaid state diagram; events that share source and target share an arrow."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.RECEIVED.value}"]
    arrows: dict[tuple[State, State], list[str]] = {}
    for source, event, target in moves_of(flow):
        arrows.setdefault((source, target), []).append(event.value)
    for (source, target), events in arrows.items():
        lines.append(f"    {source.value} --> {target.value}: {', '.join(events)}")
    lines += [f"    {s.value} --> [*]" for s in states_of(flow) if STATES[s].final]
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def _states(flow: Flow) -> str:
    """One row per state: outside status, money, timer, and whether it is final."""
    money, timers = dict(_MONEY), dict(_TIMERS)
    rows = [
        (
            f"`{state.value}`",
            STATES[state].status.value,
            money[STATES[state].stand],
            timers[STATES[state].timer],
            "yes" if STATES[state].final else "",
        )
        for state in states_of(flow)
    ]
    return _table(("state", "outside status", "money", "timer", "final"), rows)


def _pairs(flow: Flow) -> str:
    """Every pair: the next state, ``ignored``, ``disputed``, or ``never`` where it cannot be."""
    states = states_of(flow)
    head = ("event", *(f"`{state.value}`" for state in states))
    rows = [
        (f"`{event.value}`", *(_verdict(flow, state, event) for state in states)) for event in Event
    ]
    return _table(head, rows)


def _verdict(flow: Flow, state: State, event: Event) -> str:
    decision = TABLE[flow, state, event]
    if decision.verdict is Verdict.MOVE:
        return f"`{decision.target.value}`"
    others = {Verdict.IGNORE: "ignored", Verdict.DISPUTE: "disputed", Verdict.IMPOSSIBLE: "never"}
    return others[decision.verdict]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def lines() -> Iterator[str]:
        yield _row(head)
        yield "|" + "---|" * len(head)
        yield from map(_row, rows)

    return "\n".join(lines()) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"


if __name__ == "__main__":
    sys.stdout.write(page())
