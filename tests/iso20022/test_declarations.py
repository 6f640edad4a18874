"""One source of truth: an element's name is written once, and what is generated is current."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iso20022 import DOCUMENTS, HEADERS
from iso20022 import elements as e
from iso20022.declare import Group, Leaf, Repeated, family, places, since, until
from iso20022.messages import blocks
from iso20022.scalars import ID
from iso20022.tables import PAGE, messages_page

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("iso20022", "switch", "adapters")
EVERY = (*HEADERS.values(), *DOCUMENTS.values())
SIMULATORS = "sandbox"
"""They spell a partner's messages on their own, so that they do not share our faults."""

NO_ELEMENT = {
    "iso20022/xmldsig.py": {e.IDENTIFICATION},
    "adapters/vietnam/mapping_inbound.py": {e.UETR},
}
"""An attribute of XML signatures, and a word of a partner's JSON, of the same names."""


def tags() -> set[str]:
    """Every element's name but those of the system messages, which are names of messages."""
    steps = {step for d in EVERY for path, _, _ in places(d) for step in path.split("/")[1:]}
    return steps - set(DOCUMENTS)


def literals(source: str) -> Iterator[str]:
    """Yield the strings of a module, the steps of a path one by one; docstrings are prose."""
    tree = ast.parse(source)
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) and id(node) not in prose else None
        if isinstance(value, str) and " " not in value:
            yield from value.split("/")


def test_each_element_name_stands_in_one_source_file() -> None:
    known = tags()
    found: dict[str, set[str]] = {}
    for path in sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py")):
        if path.name.startswith(SIMULATORS):
            continue
        name = path.relative_to(ROOT).as_posix()
        for text in known.intersection(literals(path.read_text("utf-8"))):
            if text not in NO_ELEMENT.get(name, ()):
                found.setdefault(text, set()).add(name)

    twice = {tag: sorted(files) for tag, files in sorted(found.items()) if len(files) > 1}

    assert known == set(found)
    assert twice == {}


def test_the_dictionary_holds_each_name_once_and_nothing_else() -> None:
    named = [value for name, value in vars(e).items() if name.isupper() and name != "TYPE_CHECKING"]

    assert len(named) == len(set(named))
    assert tags() <= set(named)


def test_the_page_of_messages_is_current() -> None:
    assert messages_page() == PAGE.read_text("utf-8"), "run `python -m iso20022.guideline`"


@pytest.mark.parametrize("declaration", EVERY, ids=lambda d: d.name)
def test_a_field_has_one_type_in_its_message(declaration: object) -> None:
    kinds: dict[str, set[object]] = {}
    for _, field, node in places(declaration):  # type: ignore[arg-type]
        if field and isinstance(node, Leaf):
            kinds.setdefault(field, set()).add(node.type)

    assert [field for field, found in kinds.items() if len(found) > 1] == []


def test_a_version_has_what_lives_in_it() -> None:
    root = Group(
        e.DOCUMENT,
        (
            until(2, Leaf(e.MESSAGE_IDENTIFICATION, "early", ID)),
            since(3, Leaf(e.MESSAGE_IDENTIFICATION, "late", ID)),
            Repeated(e.ENTRY, "rows", (since(4, Leaf(e.NAME, "new", ID)),), times=2),
            since(2, blocks.named(e.PARTY, "name")),
        ),
    )

    found = {
        d.name: [field for _, field, _ in places(d) if field]
        for d in family("x.1", (1, 3, 4), root)
    }

    assert found == {
        "x.1.01": ["early", "rows"],
        "x.1.03": ["late", "rows", "name"],
        "x.1.04": ["late", "rows", "rows.new", "name"],
    }


def test_versions_of_a_family_share_their_field_names() -> None:
    for name in ("pacs.008.001", "camt.054.001", "head.001.001"):
        fields = [
            {field for _, field, _ in places(d) if field} for d in EVERY if d.name[:-3] == name
        ]

        assert fields[0] <= fields[-1] | {"charges.type"}
