"""The language in which each message is declared once, for all of its versions.

A declaration is a tree of elements in ISO order whose leaves name flat fields. The reader, the
builder, the guideline schema, the table in the documentation and the conversion between versions
are all derived from it, so they cannot disagree. A family is declared once: what moved is marked
``since`` or ``until`` a version. The surprise: one field may stand at two places (a partner that
shortens a message); the builder writes the first, the reader accepts either and refuses both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Final, TypeVar

from iso20022 import elements as e
from iso20022.rules import MessageRule
from iso20022.scalars import AmountType, Scalar

ISO: Final = "urn:iso:std:iso:20022:tech:xsd:"
"""Namespace prefix of every ISO 20022 message; the rest is the message's name."""

XMLDSIG: Final = "http://www.w3.org/2000/09/xmldsig#"

VERSION_LAST: Final = 99
"""Above every version: what has no end lives until here."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element with simple content, bound to a field; ``field=""`` is admitted and ignored.

    ``times`` above 1 makes the field a tuple.
    """

    tag: str
    field: str
    type: Scalar | AmountType
    required: bool = False
    times: int = 1
    since: int = 0
    until: int = VERSION_LAST


@dataclass(frozen=True, slots=True)
class Group:
    """An element with child elements, in ISO order.

    ``required`` here means that the element itself must be there. ``choice`` admits exactly one
    child. ``read_only`` marks a second place for fields that the builder writes elsewhere.
    """

    tag: str
    children: tuple[Node, ...]
    required: bool = False
    choice: bool = False
    read_only: bool = False
    since: int = 0
    until: int = VERSION_LAST


@dataclass(frozen=True, slots=True)
class Repeated:
    """An element that occurs up to ``times``; the field is a tuple of rows.

    A row maps the fields below the element to their values, an absent one has no key; a row may
    hold rows of its own. ``required`` wants one at least.
    """

    tag: str
    field: str
    children: tuple[Node, ...]
    times: int
    required: bool = False
    since: int = 0
    until: int = VERSION_LAST


@dataclass(frozen=True, slots=True)
class Part:
    """Our own root element in its own namespace, as ISO asks of supplementary data."""

    namespace: str
    root: Group
    since: int = 0
    until: int = VERSION_LAST


@dataclass(frozen=True, slots=True)
class Supplement:
    """``SplmtryData``, one element for each part that has a field.

    Foreign supplementary data is admitted and ignored (lax in the schema); our own is validated
    strictly.
    """

    parts: tuple[Part, ...]
    since: int = 0
    until: int = VERSION_LAST

    @property
    def tag(self) -> str:
        """The element that holds one part."""
        return e.SUPPLEMENTARY_DATA


@dataclass(frozen=True, slots=True)
class Signature:
    """``Sgntr`` of the business header: one XML signature, checked elsewhere and never a field."""

    tag: str = e.SIGNATURE
    since: int = 0
    until: int = VERSION_LAST


Node = Leaf | Group | Repeated | Supplement | Signature


@dataclass(frozen=True, slots=True)
class Declaration:
    """One message: its name, its root element, the rules over several of its fields."""

    name: str
    root: Group
    rules: tuple[MessageRule, ...] = ()

    @property
    def namespace(self) -> str:
        """The namespace of all its elements."""
        return ISO + self.name


_N = TypeVar("_N", Leaf, Group, Repeated, Part)


def since(version: int, node: _N) -> _N:
    """Return ``node`` as it stands from this version of its family on."""
    return replace(node, since=version)


def until(version: int, node: _N) -> _N:
    """Return ``node`` as it stood up to and with this version of its family."""
    return replace(node, until=version)


def family(
    name: str, versions: Iterable[int], root: Group, *rules: MessageRule
) -> tuple[Declaration, ...]:
    """Return one declaration for each version of a family such as ``pacs.008.001``."""
    return tuple(
        Declaration(f"{name}.{version:02}", _at(root, version), rules) for version in versions
    )


def _at(group: Group, version: int) -> Group:
    return replace(group, children=_nodes(group.children, version))


def _nodes(nodes: tuple[Node, ...], version: int) -> tuple[Node, ...]:
    found: list[Node] = []
    for node in nodes:
        if not node.since <= version <= node.until:
            continue
        if isinstance(node, Group):
            found.append(_at(node, version))
        elif isinstance(node, Repeated):
            found.append(replace(node, children=_nodes(node.children, version)))
        elif isinstance(node, Supplement):
            parts = tuple(p for p in node.parts if p.since <= version <= p.until)
            found.append(replace(node, parts=parts))
        else:
            found.append(node)
    return tuple(found)


@cache
def field_names(node: Node) -> frozenset[str]:
    """Return every field that the builder can write from the element itself."""
    if isinstance(node, Leaf | Repeated):
        return frozenset({node.field} - {""})
    return frozenset().union(*(field_names(child) for child in below(node)))


def below(node: Node) -> tuple[Node, ...]:
    """Return the elements inside an element; of supplementary data, our own root elements."""
    if isinstance(node, Group | Repeated):
        return node.children
    if isinstance(node, Supplement):
        return tuple(part.root for part in node.parts)
    return ()


def places(declaration: Declaration) -> Iterator[tuple[str, str, Node]]:
    """Yield path, field (``entries.amount`` inside rows, ``""`` of a group) and node, in order."""

    def walk(node: Node, above: str, rows: str) -> Iterator[tuple[str, str, Node]]:
        here = f"{above}/{node.tag}"
        name = node.field if isinstance(node, Leaf | Repeated) else ""
        yield here, f"{rows}{name}" if name else "", node
        inner = f"{rows}{name}." if isinstance(node, Repeated) else rows
        inside = f"{here}/{e.ENVELOPE}" if isinstance(node, Supplement) else here
        for child in below(node):
            yield from walk(child, inside, inner)

    yield from walk(declaration.root, "", "")


@cache
def paths(declaration: Declaration) -> Mapping[str, str]:
    """Return field → XPath without prefixes, the first place of each field."""
    found: dict[str, str] = {}
    for path, field, _ in places(declaration):
        if field:
            found.setdefault(field, path)
    return MappingProxyType(found)
