"""The language in which each message is declared once.

A declaration is a tree of elements in ISO order whose leaves name flat fields. The reader, the
builder, the guideline schema and the explanation of a refusal are all derived from it, so they
cannot disagree. The surprise: one field may stand at two places (a partner that shortens a
message); the builder writes the first, the reader accepts either and refuses both at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from iso20022.rules import MessageRule
from iso20022.scalars import AmountType, Scalar

ISO: Final = "urn:iso:std:iso:20022:tech:xsd:"
"""Namespace prefix of every ISO 20022 message; the rest is the message's name."""

XMLDSIG: Final = "http://www.w3.org/2000/09/xmldsig#"


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


@dataclass(frozen=True, slots=True)
class Repeated:
    """An element that occurs up to ``times``; the field is a tuple of tuples of its leaves.

    The leaves' values stand in the order of declaration, ``None`` where an optional one is absent.
    """

    tag: str
    field: str
    children: tuple[Node, ...]
    times: int


@dataclass(frozen=True, slots=True)
class Supplement:
    """``SplmtryData``: our own root element in its own namespace inside ``Envlp``.

    Foreign supplementary data is admitted and ignored (lax in the schema); our own is validated
    strictly. ISO asks for a foreign namespace here.
    """

    namespace: str
    root: Group
    tag: str = "SplmtryData"


@dataclass(frozen=True, slots=True)
class Signature:
    """``Sgntr`` of the business header: one XML signature, checked elsewhere and never a field."""

    tag: str = "Sgntr"


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


def leaves(nodes: tuple[Node, ...]) -> Iterator[Leaf]:
    """Yield the leaves below ``nodes`` in order, not those inside :class:`Repeated`."""
    for node in nodes:
        if isinstance(node, Leaf):
            yield node
        elif isinstance(node, Group):
            yield from leaves(node.children)
        elif isinstance(node, Supplement):
            yield from leaves(node.root.children)


def field_names(nodes: tuple[Node, ...]) -> frozenset[str]:
    """Return every field that the builder can write below ``nodes``."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, Leaf | Repeated):
            found.add(node.field)
        elif isinstance(node, Group):
            found |= field_names(node.children)
        elif isinstance(node, Supplement):
            found |= field_names(node.root.children)
    return frozenset(found - {""})


def paths(declaration: Declaration) -> Mapping[str, str]:
    """Return field → XPath without prefixes, the first place of each field."""
    found: dict[str, str] = {}

    def walk(nodes: tuple[Node, ...], above: str) -> None:
        for node in nodes:
            here = f"{above}/{node.tag}"
            if isinstance(node, Leaf | Repeated):
                found.setdefault(node.field, here)
            elif isinstance(node, Group):
                walk(node.children, here)
            elif isinstance(node, Supplement):
                walk((node.root,), f"{here}/Envlp")

    walk((declaration.root,), "")
    return MappingProxyType(found)
