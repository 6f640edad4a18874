"""Every numbered lesson of other systems has its row, and a test that names it.

A test names a lesson in its first line ("Lesson 7: ..."). The rows of docs/evidence.md and those
lines must say the same: a lesson without a row, a row without a test that names it, and a test that
names a lesson under which it does not stand, each fail.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.test_evidence import PAGE, promises

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parent.parent
LESSONS: Final = tuple(range(1, 25))
"""There are twenty-four, and which is which stands in the page."""

NAMES: Final = re.compile(r"Lesson (\d+): ")


def named_in(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Each lesson that a test of a module names, with the test."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            named = NAMES.match(ast.get_docstring(node) or "")
            if named is not None and node.name.startswith("test_"):
                yield int(named[1]), f"{path}::{node.name}"


@cache
def named() -> Mapping[int, frozenset[str]]:
    """The tests that name each lesson."""
    found: dict[int, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text("utf-8")
        if "Lesson " in text:
            for lesson, test in named_in(path.relative_to(ROOT).as_posix(), text):
                found[lesson].add(test)
    return {lesson: frozenset(tests) for lesson, tests in found.items()}


def rows(page: str) -> dict[int, tuple[str, ...]]:
    """The proofs of each lesson's row."""
    return {
        int(promise.number[1:]): tuple(proof.partition("[")[0] for proof in promise.proofs)
        for promise in promises(page)
        if promise.number.startswith("L")
    }


def faults(page: str, naming: Mapping[int, frozenset[str]]) -> list[str]:
    """What is not as it should be between the rows and the tests."""
    found = rows(page)
    missing = [f"L{lesson}: no row" for lesson in LESSONS if lesson not in found]
    beyond = [f"L{lesson}: no such lesson" for lesson in {*found, *naming} - set(LESSONS)]
    unnamed = [
        f"L{lesson}: no test of its row names it"
        for lesson, proofs in found.items()
        if not naming.get(lesson, frozenset()) & set(proofs)
    ]
    astray = [
        f"{test}: names lesson {lesson} and does not stand there"
        for lesson, tests in naming.items()
        for test in sorted(tests - set(found.get(lesson, ())))
    ]
    return [*missing, *beyond, *unnamed, *astray]


def test_every_lesson_has_its_row_and_a_test_that_names_it() -> None:
    assert faults(PAGE.read_text("utf-8"), named()) == []


def test_a_row_that_is_deleted_is_missed() -> None:
    page = PAGE.read_text("utf-8")
    for lesson in LESSONS:
        without = "\n".join(
            line for line in page.splitlines() if not line.startswith(f"| L{lesson} |")
        )
        assert f"L{lesson}: no row" in faults(without, named())


def test_a_test_that_is_deleted_or_says_nothing_any_more_is_missed() -> None:
    page = PAGE.read_text("utf-8")
    for lesson in LESSONS:
        without = {each: tests for each, tests in named().items() if each != lesson}
        assert faults(page, without) == [f"L{lesson}: no test of its row names it"]


def test_a_test_under_another_lesson_is_found() -> None:
    said = 'def test_x() -> None:\n    """Lesson 7: one."""\n'

    assert list(named_in("tests/test_a.py", said)) == [(7, "tests/test_a.py::test_x")]
    naming = {**named(), 7: named()[7] | {"tests/test_a.py::test_x"}}
    assert faults(PAGE.read_text("utf-8"), naming) == [
        "tests/test_a.py::test_x: names lesson 7 and does not stand there"
    ]
