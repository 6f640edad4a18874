"""No timer, queue or try is without a stated bound, and the page states what the code does."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from switch.facts import load_facts
from switch.registry import ADAPTERS, installed, shipped
from switch.states import STATES, Timer
from switch.timers import budget_spent, cancel_until, longest_pause_s, next_due
from tests.switch_core.core_values import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switch.facts import Facts
    from switch.model import State

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "developer" / "bounds.md"
TEXT: Final = PAGE.read_text("utf-8")
ROW: Final = re.compile(r"^\| `([^`]+)` \| ([^|]+)", re.MULTILINE)
VALUE: Final = re.compile(r"`(switch(?:\.\w+)+)\.([A-Z_]+)` = ([0-9.]+\b)")
APART: Final = ("simulation", "bench", "cli", "demo")
"""What no switch that serves runs."""

TOOLS: Final = ("switch/conformance_home.py",)
WAITING: Final = frozenset(
    {"deque", "Queue", "LifoQueue", "PriorityQueue", "Semaphore", "AsyncRetrying", "Retrying"}
)

ASKING: Final = (Timer.LADDER, Timer.POLL)


def facts_of(network: str) -> Facts:
    """The facts that an adapter declares."""
    text = shipped(network, "facts.toml")
    assert text is not None
    return load_facts(text, network)


FACTS: Final = {network: facts_of(network) for network in installed(ADAPTERS)}


def unending(source: str) -> Iterator[str]:
    """Places at which a source loops until something inside ends it, queues or repeats."""
    for node in ast.walk(ast.parse(source)):
        loops = isinstance(node, ast.While) and isinstance(node.test, ast.Constant)
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if loops or called.split(".")[-1] in WAITING:
            yield ast.unparse(node)


def modules() -> set[str]:
    """Modules of a switch that serves in which something loops, queues or repeats."""
    paths = [path.relative_to(ROOT) for path in sorted((ROOT / "switch").rglob("*.py"))]
    ours = [path for path in paths if path.parts[1] not in APART and str(path) not in TOOLS]
    return {str(path) for path in ours if any(unending((ROOT / path).read_text("utf-8")))}


def rows(heading: str) -> list[str]:
    """First cells of the table under a heading."""
    part = TEXT.partition(f"## {heading}")[2].partition("\n## ")[0]
    return [row.group(1) for row in ROW.finditer(part)]


def test_whatever_loops_queues_or_repeats_has_its_row() -> None:
    assert sorted(set(rows("What waits, loops or tries again"))) == sorted(modules())


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("while True:\n    pass", 1),
        ("import asyncio\nkept = asyncio.Queue()", 1),
        ("from collections import deque\nkept = deque()", 1),
        ("while left:\n    left -= 1", 0),
    ],
)
def test_a_loop_or_a_queue_is_found(source: str, found: int) -> None:
    assert len(list(unending(source))) == found


@pytest.mark.parametrize(("module", "name", "value"), VALUE.findall(TEXT))
def test_a_bound_is_the_one_of_the_code(module: str, name: str, value: str) -> None:
    assert str(getattr(import_module(module), name)) == value


def test_every_timer_of_a_payment_is_on_the_page() -> None:
    assert sorted(rows("Timers of a payment")) == sorted(timer.value for timer in Timer)


@pytest.mark.parametrize("network", sorted(FACTS))
@pytest.mark.parametrize("state", [each for each in STATES if STATES[each].timer in ASKING])
def test_a_network_that_never_says_anything_is_asked_a_bounded_number_of_times(
    network: str, state: State
) -> None:
    facts, at, rung = FACTS[network], NOW, 0
    if STATES[state].timer is Timer.POLL and facts.poll_fast_ms == 0:
        assert facts.poll_slow_ms == 0, "a network is polled or it is not"
        return
    deadline = NOW + timedelta(milliseconds=facts.deadline_ms)
    while not budget_spent(facts, rung):
        due = next_due(state, facts, rung=rung, at=at, deadline=deadline, drawn=0)
        assert due is not None
        assert timedelta(0) < due - at <= timedelta(seconds=longest_pause_s(facts))
        at, rung = due, rung + 1

    assert rung == facts.enquiries_max
    # People get it after a day at the least, and soon enough to ask while somebody remembers.
    assert timedelta(hours=23) <= at - NOW <= timedelta(days=15)


@pytest.mark.parametrize("network", sorted(FACTS))
def test_a_cancel_window_ends_within_two_days(network: str) -> None:
    assert NOW < cancel_until(FACTS[network], NOW) <= NOW + timedelta(days=2)
