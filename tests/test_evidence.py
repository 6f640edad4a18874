"""Every promise of docs/evidence.md names a test or command, and each one named exists.

Tests are looked up by AST, so naming one that was renamed or deleted fails here, and nothing is
collected twice. Commands are those of the Makefile and of ``bakong-switch``.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "evidence.md"

ROW: Final = re.compile(r"^\| *(?P<id>[A-Z]+[0-9.]+) *\|(?P<promise>[^|]*)\|(?P<proofs>[^|]*)\|$")
NODE: Final = re.compile(
    r"(?P<file>tests/[\w/]+\.py)::(?:(?P<cls>\w+)::)?(?P<test>\w+)(?:\[(?P<case>[^\]]+)\])?"
)


@dataclass(frozen=True)
class Promise:
    """One row: the promise's number, its words, and what shows that it is kept."""

    number: str
    words: str
    proofs: tuple[str, ...]


def promises(page: str) -> list[Promise]:
    """Read the rows of the page; a proof is anything in backquotes in the last column."""
    found = []
    for line in page.splitlines():
        row = ROW.match(line)
        if row:
            proofs = tuple(re.findall(r"`([^`]+)`", row["proofs"]))
            found.append(Promise(row["id"], row["promise"].strip(), proofs))
    return found


def defined_in(text: str) -> dict[str | None, set[str]]:
    """Name the tests of a module: those of the module itself under None, others by class."""
    found: dict[str | None, set[str]] = {None: set()}
    module = ast.parse(text)
    scopes: list[tuple[str | None, list[ast.stmt]]] = [(None, module.body)]
    scopes += [(n.name, n.body) for n in module.body if isinstance(n, ast.ClassDef)]
    for name, body in scopes:
        found[name] = {
            n.name for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
        }
    return found


def missing_test(node: str, root: Path = ROOT) -> str | None:
    """Say what is missing of ``file::[class::]test[case]``, or nothing."""
    match = NODE.fullmatch(node)
    if match is None:
        return f"{node}: not of the form tests/…/test_x.py::test_y[case]"
    path = root / match["file"]
    if not path.is_file():
        return f"{node}: no such file"
    text = path.read_text(encoding="utf-8")
    if not match["test"].startswith("test_"):
        return f"{node}: not a test"
    if match["test"] not in defined_in(text).get(match["cls"], set()):
        return f"{node}: no such test in the file"
    if match["case"] and f'"{match["case"]}"' not in text:
        return f"{node}: no such case in the file"
    return None


def make_targets(makefile: str) -> set[str]:
    """Name the targets that a user may ask for."""
    lines = re.findall(r"^\.PHONY:(.*)$", makefile, re.MULTILINE)
    return {name for line in lines for name in line.split()}


def missing_command(command: str) -> str | None:
    """Say what is missing of ``make target`` or ``bakong-switch name …``, or nothing."""
    words = command.split()
    if words[0] == "make":
        known = make_targets((ROOT / "Makefile").read_text(encoding="utf-8"))
        absent = [word for word in words[1:] if "=" not in word and word not in known]
        return f"{command}: no such target" if absent or len(words) == 1 else None
    known = set(import_module("switch.cli").main.commands)
    return None if len(words) > 1 and words[1] in known else f"{command}: no such command"


def missing_proof(proof: str) -> str | None:
    """Say what is missing of one proof, or nothing."""
    if proof.startswith(("make ", "bakong-switch ")):
        return missing_command(proof)
    return missing_test(proof)


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_every_named_test_and_command_exists(page: str) -> None:
    missing = [
        f"{promise.number} {fault}"
        for promise in promises(page)
        for proof in promise.proofs
        if (fault := missing_proof(proof))
    ]

    assert missing == []


def test_every_promise_names_a_proof(page: str) -> None:
    assert [p.number for p in promises(page) if not p.proofs or not p.words] == []


def test_every_row_of_every_table_is_read(page: str) -> None:
    rows = [line for line in page.splitlines() if line.startswith("|")]
    heads = [line for line in rows if re.match(r"\| *(no\. |-)", line)]

    assert len(rows) - len(heads) == len(promises(page))
    assert promises(page)


def test_no_promise_stands_twice(page: str) -> None:
    numbers = [promise.number for promise in promises(page)]

    assert sorted(set(numbers)) == sorted(numbers)


@pytest.mark.parametrize(
    "proof",
    [
        "tests/test_absent.py::test_imports_point_one_way",
        "tests/test_imports.py::test_absent",
        "tests/test_imports.py::read_tree",
        "tests/test_imports.py::TestAbsent::test_imports_point_one_way",
        "tests/test_imports.py::test_imports_point_one_way[absent case]",
        "tests/test_imports.py",
        "fx/money.py::test_money",
        "a sentence",
        "make absent",
    ],
)
def test_a_proof_that_does_not_exist_is_found(proof: str) -> None:
    assert missing_proof(proof) is not None


@pytest.mark.parametrize(
    "proof",
    [
        "tests/test_imports.py::test_imports_point_one_way",
        "tests/test_tidy.py::test_a_poor_readme_is_found[missing]",
        "make check",
        "make demo ARGS=--json",
    ],
)
def test_a_proof_that_exists_is_accepted(proof: str) -> None:
    assert missing_proof(proof) is None


def test_a_row_is_read_with_all_its_proofs() -> None:
    line = "| M1 | it starts | `make demo` · `tests/a.py::test_b` |"

    assert promises(line) == [Promise("M1", "it starts", ("make demo", "tests/a.py::test_b"))]
    assert defined_in("class TestA:\n    async def test_b(self): ...\n") == {
        None: set(),
        "TestA": {"test_b"},
    }
