"""Imports point one way, the core reaches no machine, and every library used is declared.

The rules are data; the walk reads every import by AST, those for types included, because a type of
another layer is a dependency too. Planted modules show that each rule can fail.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parent.parent
PRODUCT: Final = ("fx", "iso20022", "switch", "adapters")
CORE: Final = tuple(
    f"switch.{name}"
    for name in (
        *("model", "lifecycle", "ledger", "templates", "postings", "books", "commands"),
        *("decide", "upkeep", "batch", "delta", "leaves", "port", "inbound_port", "abilities"),
        *("operators", "fitting", "standings", "admission", "suspense", "closing"),
    )
)
MACHINE: Final = frozenset(
    {
        *("aiohttp", "apsw", "asyncio", "asyncpg", "concurrent", "logging", "multiprocessing"),
        *("os", "random", "redis", "secrets", "selectors", "signal", "socket", "sqlite3", "ssl"),
        *("structlog", "subprocess", "threading", "time", "uuid", "uvloop"),
    }
)
"""What the pure core must not reach, directly or through a module of the product."""

VOCABULARY: Final = (
    *("switch.model", "switch.port", "switch.inbound_port", "switch.abilities"),
    *("switch.facts", "switch.reasons", "switch.merchants", "switch.settlement_port"),
)
"""What an adapter may know of the switch; these are words that the port speaks."""

DISTRIBUTIONS: Final = {"lxml-stubs": "lxml", "pytest-asyncio": "pytest", "zxing-cpp": "zxingcpp"}
"""Import names that differ from the distribution's name, with ``-`` taken for ``_``."""


@dataclass(frozen=True)
class Rule:
    """Modules below ``who`` may import, of the product, only what lies below ``may``."""

    who: str
    may: tuple[str, ...]
    why: str


RULES: Final = (
    Rule("fx", ("fx",), "money is the lowest layer"),
    Rule("iso20022", ("iso20022", "fx.money", "fx.iso4217"), "messages know amounts, not quotes"),
    Rule("switch", ("switch", "iso20022", "fx"), "adapters are found by entry point"),
    Rule(
        "adapters",
        (*VOCABULARY, "switch.wire", "switch.runtime", "switch.qr", "adapters", "iso20022", "fx"),
        "an adapter speaks through the port",
    ),
)
PURE_ADAPTER: Final = Rule(
    "adapters",
    (*VOCABULARY, "switch.wire", "adapters", "iso20022", "fx.money", "fx.quotes"),
    "an adapter is pure: only a simulator, which is a program, takes time and ids",
)
SIMULATORS: Final = re.compile(
    r"adapters\.(sandbox_kit|conformance|skeleton|\w+\.(sandbox\w*|simulator))\b"
)
ADAPTER_FOUNDATION: Final = (
    *("adapters.registry", "adapters.sandbox_kit", "adapters.conformance"),
    *("adapters.iso_profile", "adapters.skeleton"),
)
ADAPTER_MAPPING: Final = ("mapping", "adapter", "inbound")


def below(name: str, package: str) -> bool:
    """Tell whether a dotted name is a package or lies in it."""
    return name == package or name.startswith(f"{package}.")


def imports(text: str, modules: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of every import; a name that is a module is given in full."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                full = f"{module}.{alias.name}"
                yield node.lineno, full if full in modules else module


def wrong_directions(tree: Mapping[str, str]) -> list[str]:
    """Find imports against the rules; ``tree`` maps dotted module names to their text."""
    modules = frozenset(tree)
    faults = []
    for module, text in tree.items():
        for line, name in imports(text, modules):
            why = broken_rule(module, name)
            if why:
                faults.append(f"{module}:{line} imports {name}: {why}")
    return faults


def broken_rule(module: str, name: str) -> str | None:
    """Say why ``module`` may not import ``name``, or nothing."""
    if name.startswith("."):
        return "imports are absolute, so that they can be read and searched"
    if name.split(".", maxsplit=1)[0] not in (*PRODUCT, "tests", "config"):
        return None
    rules = [rule for rule in RULES if below(module, rule.who)]
    if below(module, "adapters") and not SIMULATORS.match(module):
        rules.append(PURE_ADAPTER)
    for rule in rules:
        if not any(below(name, allowed) for allowed in rule.may):
            return rule.why
    if below(name, "switch.simulation"):
        inside = any(below(module, p) for p in ("switch.simulation", "switch.cli"))
        return None if inside else "the simulation is for its command and for tests"
    return broken_between_adapters(module, name)


def broken_between_adapters(module: str, name: str) -> str | None:
    """Say why one adapter may not import another, nor a simulator the mapping it checks."""
    if not (below(module, "adapters") and below(name, "adapters") and name.count(".")):
        return None
    if SIMULATORS.match(module) and set(name.split(".")[2:3]) & set(ADAPTER_MAPPING):
        return "a simulator that shares the mapping would share its errors"
    if any(below(name, shared) for shared in ADAPTER_FOUNDATION):
        return None
    if any(below(module, shared) for shared in ADAPTER_FOUNDATION):
        return "what all adapters share knows none of them"
    if module.split(".")[1] != name.split(".")[1]:
        return "one network's adapter knows nothing of another's"
    return None


def machine_reached(tree: Mapping[str, str]) -> list[str]:
    """Find the ways by which the core reaches the machine, through any module of the product."""
    modules = frozenset(tree)
    faults = []
    for core in CORE:
        seen = {core}
        open_ways: list[tuple[str, ...]] = [(core,)]
        while open_ways:
            way = open_ways.pop()
            for _, name in imports(tree.get(way[-1], ""), modules):
                if name.split(".")[0] in MACHINE:
                    faults.append(" -> ".join((*way, name)))
                elif name in modules and name not in seen:
                    seen.add(name)
                    open_ways.append((*way, name))
    return faults


def libraries(tree: Mapping[str, str]) -> set[str]:
    """Name the top-level modules that are neither the product's nor of the standard library."""
    own = {*PRODUCT, "tests", *(name.split(".")[0] for name in tree)}
    named = {name.split(".")[0] for text in tree.values() for _, name in imports(text, frozenset())}
    return named - own - sys.stdlib_module_names - {""}


def declared(requirements: list[str]) -> set[str]:
    """Give the import names of declared requirements."""
    names = [re.split(r"[^\w.-]", text)[0] for text in requirements]
    return {DISTRIBUTIONS.get(name, name.replace("-", "_")) for name in names}


def read_tree(*folders: str) -> dict[str, str]:
    """Read every module below the folders, by dotted name."""
    found = {}
    for path in sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path.read_text(encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def product() -> dict[str, str]:
    return read_tree(*PRODUCT)


@pytest.fixture(scope="module")
def project() -> dict[str, list[str]]:
    """Requirements by kind: those of the product, and those of its developers."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return {
        "product": table["project"]["dependencies"],
        "developers": table["dependency-groups"]["dev"] + table["dependency-groups"]["build"],
    }


def test_imports_point_one_way(product: dict[str, str]) -> None:
    assert wrong_directions(product) == []


def test_the_core_reaches_no_machine(product: dict[str, str]) -> None:
    assert machine_reached(product) == []


def test_every_core_module_exists(product: dict[str, str]) -> None:
    assert [name for name in CORE if name not in product] == []


def test_every_library_of_the_product_is_declared(
    product: dict[str, str], project: dict[str, list[str]]
) -> None:
    assert libraries(product) - declared(project["product"]) == set()


def test_every_library_of_the_tests_is_declared(project: dict[str, list[str]]) -> None:
    tests = {name.split(".")[-1]: text for name, text in read_tree("tests").items()}

    known = declared(project["product"]) | declared(project["developers"])

    assert libraries(tests) - known == set()


def test_every_declared_library_is_used(
    product: dict[str, str], project: dict[str, list[str]]
) -> None:
    assert declared(project["product"]) - libraries(product) == set()


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("fx.money", "import switch.model"),
        ("fx.money", "from iso20022 import read"),
        ("iso20022.reader", "from fx.quotes import Quote"),
        ("iso20022.reader", "from fx import quotes"),
        ("switch.app", "from adapters.thailand import adapter"),
        ("switch.app", "if TYPE_CHECKING:\n    import adapters"),
        ("switch.app", "def f():\n    import adapters.bakong"),
        ("switch.app", "from switch.simulation.loop import Loop"),
        ("switch.app", "from .model import Payment"),
        ("switch.app", "import tests.conftest"),
        ("adapters.thailand.mapping", "from switch.store.sqlite import Engine"),
        ("adapters.thailand.mapping", "from switch import decide"),
        ("adapters.thailand.adapter", "from switch.runtime.clock import Clock"),
        ("adapters.thailand.adapter", "from adapters.bakong.mapping import plan"),
        ("adapters.thailand.sandbox", "from adapters.thailand.mapping import plan"),
        ("adapters.thailand.sandbox_codes", "from adapters.thailand.adapter import plan"),
        ("adapters.thailand.sandbox", "from adapters.iso_profile.mapping import plan"),
        ("adapters.iso_profile.sandbox", "from adapters.iso_profile.inbound import plan"),
        ("adapters.iso_profile.mapping", "from adapters.thailand.sandbox_codes import SHOPS"),
        ("adapters.sandbox_kit", "from adapters.thailand.sandbox import create"),
    ],
)
def test_a_planted_back_edge_is_found(module: str, text: str) -> None:
    known = dict.fromkeys(("fx.quotes", "switch.decide", "adapters.thailand.mapping"), "")

    assert len(wrong_directions({**known, module: text})) == 1


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("iso20022.reader", "from fx.money import Money"),
        ("switch.decide", "from fx.quotes import Quote"),
        ("switch.cli.simulate", "from switch.simulation.loop import Loop"),
        ("adapters.thailand.adapter", "from switch.port import Exchange\nimport lxml"),
        ("adapters.thailand.sandbox", "from switch.runtime.clock import Clock"),
        ("adapters.thailand.sandbox", "from adapters.sandbox_kit import Book"),
        ("adapters.thailand.sandbox", "import adapters.thailand.sandbox.inbound"),
        ("adapters.thailand.adapter", "from adapters.thailand.mapping import plan"),
        ("adapters.thailand.adapter", "from adapters.iso_profile.mapping import plan"),
        ("adapters.thailand.sandbox", "from adapters.iso_profile.sandbox import application"),
    ],
)
def test_a_right_import_is_allowed(module: str, text: str) -> None:
    assert wrong_directions({module: text}) == []


def test_the_core_is_caught_reaching_the_machine_through_another_module() -> None:
    planted = {
        "switch.decide": "from switch import reasons\nimport time",
        "switch.reasons": "from fx.money import Money",
        "fx.money": "import os.path",
        "switch.app": "import asyncio",
    }

    assert machine_reached(planted) == [
        "switch.decide -> time",
        "switch.decide -> switch.reasons -> fx.money -> os.path",
    ]


def test_an_undeclared_library_is_named() -> None:
    planted = {"switch.app": "import json\nimport requests.adapters\nfrom fx.money import Money"}

    assert libraries(planted) == {"requests"}
    assert declared(["lxml-stubs>=1", "uvloop>=0.21; sys_platform != 'win32'"]) == {
        "lxml",
        "uvloop",
    }
