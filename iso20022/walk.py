"""From a validated tree to flat fields, level by level.

A declaration is compiled into tables that say what an element is by its tag and what is inside it.
What no field stands for is not entered: the supplementary data of others, a signature. The caller
says what is taken of an element with a value, so the same walk gives the values of a message and,
for ``shapes.py``, the places where they stand. The surprise: one field may be declared at two
places, of which a message uses one; both is a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from iso20022 import elements as e
from iso20022.declare import Group, Leaf, Node, Repeated, Signature, Supplement
from iso20022.errors import Breach, IsoError
from iso20022.messages import DOCUMENTS, HEADERS
from iso20022.places import place_of
from iso20022.rules import Values
from iso20022.scalars import AmountType, Scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lxml.etree import _Element

_CURRENCY: Final = e.CURRENCY


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One element of a declaration: its field, its type where it has a value, what is inside.

    ``rows`` makes each element a row of its field, ``several`` each value one of a tuple.
    """

    inside: Mapping[str, Entry]
    field: str = ""
    type: Scalar | AmountType | None = None
    several: bool = False
    rows: bool = False


def collect(element: _Element, name: str) -> Values:
    """Return the fields of a message or header whose guideline has admitted ``element``.

    Raises :class:`IsoError` of layer ``rule`` for a value that breaks a rule of its type.
    """
    return take_each(element, name, _value)


def take_each(
    element: _Element, name: str, take: Callable[[_Element, Scalar | AmountType], object]
) -> dict[str, object]:
    """Return the fields as :func:`collect` does, with whatever ``take`` makes of each element."""
    values: dict[str, object] = {}
    _descend(element, _inside(name), values, take)
    return values


def _value(child: _Element, kind: Scalar | AmountType) -> object:
    text = child.text or ""
    if isinstance(kind, AmountType):
        return kind.read(text, child.get(_CURRENCY, ""))
    return kind.read(text)


def _descend(
    element: _Element,
    inside: Mapping[str, Entry],
    target: dict[str, object],
    take: Callable[[_Element, Scalar | AmountType], object],
) -> None:
    for child in element:
        entry = inside.get(child.tag)
        if entry is None:
            continue
        field = entry.field
        if entry.type is None:
            if entry.rows:
                row: dict[str, object] = {}
                _descend(child, entry.inside, row, take)
                _append(target, field, row)
            else:
                _descend(child, entry.inside, target, take)
            continue
        try:
            value = take(child, entry.type)
        except Breach as breach:
            rule = breach.rule
            raise IsoError("rule", rule.code, place_of(child), rule.detail) from None
        if entry.several:
            _append(target, field, value)
        elif field in target:
            detail = "the element is given in two places"
            raise IsoError("schema", "FF01", place_of(child), detail)
        else:
            target[field] = value


def _append(target: dict[str, Any], name: str, value: object) -> None:
    target[name] = (*target.get(name, ()), value)


@cache
def _inside(name: str) -> Mapping[str, Entry]:
    """Return what stands right inside the root element of a message or header."""
    declaration = DOCUMENTS[name] if name in DOCUMENTS else HEADERS[name]
    return _entries(declaration.root.children, f"{{{declaration.namespace}}}")


def _entries(nodes: tuple[Node, ...], space: str) -> dict[str, Entry]:
    # A signature is nobody's field, and a leaf can be: unknown here, neither is ever entered.
    return {
        space + node.tag: _entry(node, space)
        for node in nodes
        if not isinstance(node, Signature) and (node.field if isinstance(node, Leaf) else True)
    }


def _entry(node: Leaf | Group | Repeated | Supplement, space: str) -> Entry:
    if isinstance(node, Leaf):
        return Entry({}, node.field, node.type, several=node.times > 1)
    if isinstance(node, Repeated):
        return Entry(_entries(node.children, space), node.field, rows=True)
    if isinstance(node, Group):
        return Entry(_entries(node.children, space))
    parts: dict[str, Entry] = {}
    for part in node.parts:
        own = f"{{{part.namespace}}}"
        parts[own + part.root.tag] = Entry(_entries(part.root.children, own))
    return Entry({space + e.ENVELOPE: Entry(parts)})
