"""Nothing is in the table that cannot happen: each event is raised, each outcome is read.

A row whose event nobody raises is green in each test of the table, and says nothing of the product.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Final

from switch.port import OutcomeKind
from switch.states import Event

ROOT: Final = Path(__file__).parents[2]
TABLES: Final = (
    *("states.py", "lifecycle.py", "lifecycle_diagram.py", "postings.py", "own_reasons.py"),
    *("decide.py", "delta.py", "hop_times.py"),
)
"""Modules that say what an event means; none of them makes one happen."""

BESIDE: Final = ("simulation", "bench", "store", "demo", "cli")


@cache
def raised() -> frozenset[str]:
    """Events that the switch concludes with, by the modules that do."""
    names: set[str] = set()
    for path in sorted((ROOT / "switch").rglob("*.py")):
        if path.name not in TABLES and not set(path.parts) & set(BESIDE):
            names |= named(path, "Event")
    return frozenset(names)


@cache
def read() -> frozenset[str]:
    """Outcomes that an adapter reads from what its network says."""
    names: set[str] = set()
    for path in sorted((ROOT / "adapters").rglob("*.py")):
        if "conformance" not in path.parts and not path.name.startswith("sandbox"):
            names |= named(path, "OutcomeKind")
    return frozenset(names)


def named(path: Path, of: str) -> set[str]:
    """Members of an enumeration that a module names."""
    tree = ast.parse(path.read_text("utf-8"))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == of
    }


def test_every_event_is_raised_by_the_product() -> None:
    assert sorted(raised()) == sorted(event.name for event in Event)


def test_every_outcome_is_read_from_an_answer_by_some_network() -> None:
    assert sorted(read()) == sorted(kind.name for kind in OutcomeKind)
