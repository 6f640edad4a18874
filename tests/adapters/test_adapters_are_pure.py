"""An adapter plans and reads, and does nothing: who sends, waits and repeats is the switch alone.

Every module of a network but its simulator is read by AST. A simulator in turn knows nothing of the
adapter that it checks: of its own package it takes only what is the simulator's.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ADAPTERS: Final = Path(__file__).resolve().parents[2] / "adapters"
TOOLS: Final = ("conformance", "sandbox_kit", "skeleton")
MACHINERY: Final = (
    *("aiohttp", "asyncio", "http", "httpx", "requests", "sched", "socket", "tenacity", "time"),
    *("urllib.request", "switch.runtime", "switch.store", "switch.ledger", "switch.dispatch"),
    *("switch.timers", "switch.wire.transport", "switch.wire.net", "switch.wire.breaker"),
)
"""HTTP, clocks, retry and the ledger, whoever provides them."""

CALLS: Final = ("now", "today", "utcnow", "monotonic", "sleep", "time")
"""Names of calls that ask the machine for the time, or wait."""


SHARED: Final = ("adapters.vietnam.jose.",)
"""Cryptography of a standard, which its tests hold against another implementation."""


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module that a module names in an import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def faults_of_an_adapter(text: str) -> list[str]:
    """What in a module of an adapter is not pure."""
    tree = ast.parse(text)
    found = [
        f"imports {name}"
        for name in imported(tree)
        for kind in MACHINERY
        if name == kind or name.startswith(f"{kind}.")
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            found.append(f"line {node.lineno}: async")
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in CALLS:
            found.append(f"line {called.lineno}: asks for the time")
    return found


def faults_of_a_simulator(text: str, package: str) -> list[str]:
    """What a module of a simulator takes of the adapter that it checks, or of another's."""
    allowed = (
        *("adapters.sandbox_kit", f"{package}.sandbox", "adapters.iso_profile.sandbox"),
        *SHARED,
    )
    return [
        f"imports {name}"
        for name in imported(ast.parse(text))
        if name.startswith("adapters") and not name.startswith(allowed)
    ]


def networks() -> list[Path]:
    """The package of each network, and of the profile that several share."""
    return [path.parent for path in sorted(ADAPTERS.glob("*/adapter.py"))
            if path.parent.name not in TOOLS]  # fmt: skip


def is_simulator(path: Path) -> bool:
    """Whether a module belongs to a simulator."""
    return any(part.startswith("sandbox") for part in path.relative_to(ADAPTERS).parts[1:])


@pytest.mark.parametrize("package", networks(), ids=lambda path: path.name)
def test_an_adapter_neither_sends_nor_waits_nor_asks_for_the_time(package: Path) -> None:
    modules = [path for path in sorted(package.rglob("*.py")) if not is_simulator(path)]
    faults = {path.name: faults_of_an_adapter(path.read_text("utf-8")) for path in modules}

    assert {name: found for name, found in faults.items() if found} == {}
    assert len(modules) >= 2


@pytest.mark.parametrize("package", networks(), ids=lambda path: path.name)
def test_a_simulator_takes_nothing_of_the_adapter_that_it_checks(package: Path) -> None:
    modules = [path for path in sorted(package.rglob("*.py")) if is_simulator(path)]
    name = f"adapters.{package.name}"
    faults = {path.name: faults_of_a_simulator(path.read_text("utf-8"), name) for path in modules}

    assert {name: found for name, found in faults.items() if found} == {}
    assert modules


def test_no_file_of_an_adapter_is_longer_than_four_hundred_lines() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in ADAPTERS.rglob("*.py")}

    assert [str(path) for path, length in lengths.items() if length > 400] == []
    assert len(lengths) > 100


@pytest.mark.parametrize(
    "text",
    [
        "import aiohttp",
        "from switch.wire.transport import Transport",
        "from switch.runtime.clock import Clock",
        "from switch.ledger import Ledger",
        "async def plan(): ...",
        "def plan():\n    return datetime.now(UTC)",
        "from tenacity import retry",
    ],
)
def test_what_an_adapter_must_not_do_is_found(text: str) -> None:
    assert faults_of_an_adapter(text) != []


def test_a_simulator_that_shares_a_reader_is_found() -> None:
    text = "from adapters.thailand.envelope import open_message"

    assert faults_of_a_simulator(text, "adapters.thailand") == [
        "imports adapters.thailand.envelope.open_message"
    ]
    assert faults_of_a_simulator("from adapters.thailand.sandbox_codes import X",
                                 "adapters.thailand") == []  # fmt: skip
