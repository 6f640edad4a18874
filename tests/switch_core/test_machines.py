"""The small machines decide every pair, have a way out, and are what the core does.

The core is brought into each state by events and then asked each of them. What state it is in is
told by what it does next, on a copy: nothing here reads the table to judge the core.
"""

from __future__ import annotations

from collections import deque
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

import pytest

from switch.commands import Bury, Declined, Done, Forget, Sealed
from switch.leaves import sealed_digest
from switch.lifecycle import Event, is_final
from switch.machines import DISPUTE, MACHINES, QUOTE, SUSPENSE, TOMBSTONE, UNSOLICITED, Machine
from switch.machines_page import page
from switch.operators import Action, Approve, Propose
from switch.proposals import proposal_id
from switch.reasons import Reason
from switch.suspense import Suspended, Way, item_claim
from tests.switch_core.core_items import ITEM, approved, claimed, ending, item_of, proposed
from tests.switch_core.core_values import (
    EXPIRY,
    MEMBER,
    NOW,
    concluded,
    direct,
    opened,
    payment,
    posted,
    received,
    salt,
    uetr,
)
from tests.switch_core.core_world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from switch.commands import Command


class Driven(Protocol):
    """The core, moved by a machine's events."""

    world: World

    def do(self, event: str) -> Reason | None:
        """Let an event happen; why it was refused."""

    def state(self) -> str:
        """Where it stands, by what it does."""


def refusal(world: World, command: Command) -> Reason | None:
    result = world.do(command)
    return result.reason if isinstance(result, Declined) else None


@dataclass
class Quoted:
    """Payments at one quote."""

    world: World = field(default_factory=World)
    number: int = 0
    lapsed: bool = False

    def do(self, event: str) -> Reason | None:
        match event:
            case "claim":
                return self._claim()
            case "not_sent" | "end":
                how = Event.NOT_SENT if event == "not_sent" else Event.ACCEPTED
                self.world.done(concluded(self.world.state.payments[uetr(self.number)], how))
            case "lapse":
                self.lapsed = True
            case _:
                self.world.do(posted(withdrawn=True))
        return None

    def _claim(self) -> Reason | None:
        later = EXPIRY + timedelta(seconds=1) if self.lapsed else NOW
        held = replace(payment(self.number + 1), terms=direct(), opened_at=later)
        refused = refusal(self.world, opened(held))
        self.number += refused is None
        return refused

    def state(self) -> str:
        unclaimed = {
            None: "offered",
            Reason.QUOTE_EXPIRED: "lapsed",
            Reason.RATE_WITHDRAWN: "withdrawn",
        }
        claimed = {"offered": "claimed", "lapsed": "honoured", "withdrawn": "honoured_withdrawn"}
        said = deepcopy(self).do("claim")
        if said is not Reason.QUOTE_USED:
            return unclaimed[said]
        if is_final(self.world.state.payments[uetr(self.number)]):
            return "spent"
        given_back = deepcopy(self)
        given_back.do("not_sent")
        return claimed[given_back.state()]


@dataclass
class Asked:
    """One UETR of one origin."""

    world: World = field(default_factory=World)

    def do(self, event: str) -> Reason | None:
        match event:
            case "open":
                return refusal(self.world, opened(payment()))
            case "ask":
                self.world.do(Bury(MEMBER, uetr(1), NOW, salt(1, 2)))
            case _:
                later = NOW + timedelta(days=1)
                grave = (MEMBER, uetr(1))
                self.world.do(Forget((uetr(1),), (grave,), later, later, later, salt(1, 3)))
        return None

    def state(self) -> str:
        if uetr(1) in self.world.state.payments:
            return "opened"
        return "buried" if deepcopy(self).do("open") is Reason.TOMBSTONED else "unseen"


@dataclass
class Contradicted:
    """A payment that was accepted."""

    world: World = field(default_factory=World)
    made: list[Propose] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world.done(concluded(self.world.done(opened(payment())), Event.ACCEPTED))

    def do(self, event: str) -> Reason | None:
        match event:
            case "contradict":
                held = self.world.state.payments[uetr(1)]
                self.world.done(concluded(held, Event.REFUSED))
                return None
            case "propose" | "replace":
                return self._propose(event)
            case _:
                return refusal(self.world, self._approve(event))

    def _propose(self, event: str) -> Reason | None:
        held = self.world.state.payments[uetr(1)]
        again = event == "replace" and self.made
        number = 900 + self.world.block
        command = Propose(
            uetr=held.uetr,
            version=held.version,
            action=Action.UPHOLD,
            reason=None,
            operator="one",
            sealed=Sealed(number, held.uetr, "evidence", b"sealed %d" % number),
            at=NOW,
            salt=salt(number, 1),
            place=len(self.made) + 1 if again else 1,
            turn=len(self.made) + 1 if again else 1,
            replaces=proposal_id(self.made[-1]) if again else "",
        )
        refused = refusal(self.world, command)
        if refused is None:
            self.made.append(command)
        return refused

    def _approve(self, event: str) -> Approve:
        held = self.world.state.payments[uetr(1)]
        stands = self.made[-1].sealed if self.made else None
        digest = "0" * 64 if stands is None or event == "approve_other" else sealed_digest(stands)
        return Approve(
            uetr=held.uetr,
            version=held.version,
            action=Action.UPHOLD,
            reason=None,
            proposer="one",
            operator="one" if event == "approve_own" else "two",
            conclude=None,
            at=NOW,
            salt=salt(self.world.block, 4),
            proposal=digest,
        )

    def state(self) -> str:
        if not self.world.state.payments[uetr(1)].disputed:
            return "quiet"
        return "disputed" if deepcopy(self).do("approve") else "proposed"


@dataclass
class Put:
    """Money that a network claims, under one name."""

    world: World = field(default_factory=World)

    def do(self, event: str) -> Reason | None:
        claims = self.world.state.claims
        held = item_of(claims) if item_claim(ITEM) in claims else Suspended("a/b/THB/c", 1, 0)
        end = replace(ending(Way.SETTLED), reference=f"letter {self.world.block}")
        match event:
            case "put":
                return refusal(self.world, claimed())
            case "propose":
                return refusal(self.world, proposed(ITEM, 0, end))
            case "replace":
                return refusal(self.world, proposed(ITEM, held.version, end))
            case _:
                seen = replace(held.seen, version=9) if event == "approve_other" else held.seen
                by = "one" if event == "approve_own" else "two"
                return refusal(self.world, approved(ITEM, seen, by=by, turn=self.world.block))

    def state(self) -> str:
        said = deepcopy(self).do("approve_other")
        if said is Reason.PROPOSAL_CHANGED:
            return "open" if deepcopy(self).do("approve") else "proposed"
        return "closed" if said is Reason.ITEM_CLOSED else "absent"


@dataclass
class Told:
    """A message about nothing, which is an item of no money."""

    world: World = field(default_factory=World)

    def do(self, event: str) -> Reason | None:
        assert event == "say"
        message = replace(received("unsolicited/thailand/1"), minor=0, claimed=True)
        assert self.world.do(message) == Done(None)
        return None

    def state(self) -> str:
        assert self.world.balances() == {}
        again = deepcopy(self)
        again.do("say")
        return "unsaid" if again.world.last.leaves else "noted"


DRIVEN: Final[dict[str, type[Driven]]] = {
    QUOTE.name: Quoted,
    TOMBSTONE.name: Asked,
    DISPUTE.name: Contradicted,
    SUSPENSE.name: Put,
    UNSOLICITED.name: Told,
}


def ways(machine: Machine) -> dict[str, tuple[str, ...]]:
    """The shortest way of events to each state that can be reached."""
    found: dict[str, tuple[str, ...]] = {machine.first: ()}
    queue = deque([machine.first])
    while queue:
        state = queue.popleft()
        for (source, event), to in machine.rows.items():
            if source == state and isinstance(to, str) and to not in found:
                found[to] = (*found[state], event)
                queue.append(to)
    return found


def rows() -> Iterator[tuple[Machine, str, str]]:
    for machine in MACHINES:
        for state, event in machine.rows:
            yield machine, state, event


@pytest.mark.parametrize(
    ("machine", "state", "event"), list(rows()), ids=lambda each: getattr(each, "name", each)
)
def test_the_core_does_what_the_table_says(machine: Machine, state: str, event: str) -> None:
    core = DRIVEN[machine.name]()
    for before in ways(machine)[state]:
        assert core.do(before) is None
    assert core.state() == state
    refused = core.do(event)

    expected = machine.after(state, event)
    assert (refused or core.state()) == expected
    assert refused is None or core.state() == state


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_is_reached(machine: Machine) -> None:
    assert ways(machine).keys() == machine.states.keys()


def test_the_page_is_the_tables(root: Path) -> None:
    assert (root / "docs" / "developer" / "machines.md").read_text("utf-8") == page()
