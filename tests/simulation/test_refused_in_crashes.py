"""A refund of too much is refused once and for ever, wherever the switch dies meanwhile.

A shop gives back what it was paid, in two parts and then one more, and its bank says each until the
answer is final and once again in the end. The switch dies at each commit of it in turn: by then the
refusal is committed and not answered, or neither.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import pytest

from switch.simulation.plan import Kind, Mishap, Payment, Place, Plan, Store
from switch.simulation.trial import Outcome, Simulator

SIMULATOR: Final = cache(Simulator)
NETWORKS: Final = ("bakong", "thailand")
REFUNDED: Final = Payment(1, 0, "refunded thailand", 5_000, copies=2, to="coffee@abaa")
COMMITS_MAX: Final = 30
"""More than it takes until all of it is told."""

LEAST: Final = 7
"""Fewer: the payment's three, two of each part, one of what is too much; some share one."""


def played(store: Store, *mishaps: Mishap) -> Outcome:
    return SIMULATOR().run(Plan(11, store, NETWORKS, (REFUNDED,), mishaps))


def refused(outcome: Outcome) -> int:
    """How many refunds are kept as refused."""
    return outcome.played["refund capped refused"]


@pytest.mark.parametrize("store", list(Store))
def test_a_refund_of_too_much_is_one_refusal_said_twice_at_once(store: Store) -> None:
    outcome = played(store)

    assert (outcome.findings, refused(outcome)) == ([], 1)


@pytest.mark.parametrize("kind", [Kind.CRASH, Kind.POWER])
@pytest.mark.parametrize("place", [Place.COMMITTING, Place.AFTER_COMMIT])
def test_wherever_a_switch_dies_its_refusal_stays_the_same(kind: Kind, place: Place) -> None:
    kept = []
    for nth in range(1, COMMITS_MAX):
        outcome = played(Store.DISK, Mishap(kind, 1, place, nth=nth, ms=200))
        if not outcome.crashes[place]:
            break
        assert (nth, [str(each) for each in outcome.findings]) == (nth, [])
        kept.append(refused(outcome))
    else:
        pytest.fail("it has more commits than it was given")

    assert len(kept) >= LEAST
    # Where the payment itself came to nothing, nobody asks for anything back.
    assert kept[1:] == [1] * len(kept[1:])
