"""One message in another version of its family: the same fields, what is lost named.

Field names are the same in every version, so a conversion reads, keeps the fields that the target
has, and builds. What the target has no element for travels in supplementary data of ours where it
has a place there, and comes back from it; the rest is a loss with its path. The surprise: a payee
who is known by an alias alone cannot be said in the older versions, and that is refused, not lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

from iso20022 import elements as e
from iso20022.builder import build
from iso20022.declare import XMLDSIG, Declaration, Leaf, Repeated, Supplement, places
from iso20022.errors import Breach, IsoError, Misfit
from iso20022.messages import DOCUMENTS, HEADERS
from iso20022.places import place_of
from iso20022.reader import Message, parse, read_document
from iso20022.rules import Values

if TYPE_CHECKING:
    from lxml.etree import _Element

NEWEST_HEADER: Final = "head.001.001.04"
"""Goes with the newest version of a family."""

OUTWARD_HEADER: Final = "head.001.001.02"
"""Goes with every older version: CBPR+ and FedNow."""

_FAMILY: Final = slice(0, -3)
_FINER: Final = re.compile(r"[0-9]{4}-[0-9:T-]+\.[0-9]{6}[0-9]*[1-9][0-9]*(?:Z|[+-][0-9:]+)?")
"""A moment with more digits than a field holds."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A field without an element in the target; ``kept`` in our supplementary data or not at all.

    ``field`` is ``charges.type`` inside a row, and empty for what is no field: a signature, or
    supplementary data of another. ``path`` is that of the source.
    """

    path: str
    field: str
    kept: bool = False


class _Place(NamedTuple):
    """Where a declaration has a field, and whether that is in our supplementary data."""

    path: str
    node: Leaf | Repeated
    supplementary: bool


def convert(
    message: bytes | Message, to: str, *, header: str | None = None
) -> tuple[bytes, tuple[Loss, ...]]:
    """Return a message as version ``to`` of its family, and what of it was lost or set aside.

    ``header`` names the version of its business header; without it the newest version of a
    message takes the newest header and an older one the outward. Raises :class:`IsoError` when
    the message cannot be read, ``to`` is of another family, or the target cannot say what it must.
    """
    losses: dict[Loss, None] = {}
    if isinstance(message, bytes):
        tree = parse(message)
        message = read_document(tree, names=DOCUMENTS)
        losses |= dict.fromkeys(Loss(path, "") for path in _unread(tree, message.name))
    if to not in DOCUMENTS or to[_FAMILY] != message.name[_FAMILY]:
        raise IsoError("schema", "FF01", e.AT_DOCUMENT, "there is no conversion to this message")
    values = _carried(message.values, _document(message.name), _document(to), losses)
    if message.header is None or message.header_name is None:
        return build(to, values, own=False), tuple(losses)
    target = header or _header_of(message, to)
    head = _carried(message.header, _header(message.header_name), _header(target), losses)
    head["message_definition"] = to
    return build(to, values, header_name=target, header=head, own=False), tuple(losses)


def pairs() -> Iterator[tuple[str, str]]:
    """Yield every pair of a message and another version of it, in the order of declaration."""
    for name in DOCUMENTS:
        yield from ((name, to) for to in DOCUMENTS if to != name and to[_FAMILY] == name[_FAMILY])


def differences(name: str, to: str) -> tuple[Loss, ...]:
    """Return which fields of ``name`` have no element in ``to``, whatever a message holds."""
    source, target = _document(name), _document(to)
    losses = (_loss(field, place, target) for field, place in source.items())
    return tuple(loss for loss in losses if loss is not None)


def _loss(field: str, place: _Place, target: Mapping[str, _Place]) -> Loss | None:
    there = target.get(field)
    if there is None:
        return Loss(place.path, field)
    if there.supplementary and not place.supplementary:
        return Loss(place.path, field, kept=True)
    return None


def _header_of(message: Message, to: str) -> str:
    if to == message.name or message.header_name is None:
        return message.header_name or NEWEST_HEADER
    newest = max(name for name in DOCUMENTS if name[_FAMILY] == to[_FAMILY])
    return NEWEST_HEADER if to == newest else OUTWARD_HEADER


def _carried(
    values: Values,
    source: Mapping[str, _Place],
    target: Mapping[str, _Place],
    losses: dict[Loss, None],
    rows: str = "",
) -> dict[str, object]:
    """Return the fields that the target has; the others and those that do not fit are losses."""
    found: dict[str, object] = {}
    for name, value in values.items():
        field = f"{rows}{name}"
        place = source[field]
        loss = _loss(field, place, target)
        if loss is None and not _fits(value, place.node, target[field].node):
            loss = Loss(place.path, field)
        if loss is not None:
            losses[loss] = None
            if not loss.kept:
                continue
        found[name] = value
        if isinstance(place.node, Repeated) and isinstance(value, tuple):
            found[name] = tuple(_carried(row, source, target, losses, f"{field}.") for row in value)
    return found


def _fits(value: object, source: Leaf | Repeated, target: Leaf | Repeated) -> bool:
    """Whether a value of one version's type is one of the other's too."""
    if isinstance(source, Repeated) or isinstance(target, Repeated):
        return True
    if source.type == target.type:
        return True
    try:
        target.type.write(value)
    except (Breach, Misfit):
        return False
    return True


def _unread(tree: _Element, name: str) -> Iterator[str]:
    """Yield the places of what no field holds, in whole or in part.

    A signature; supplementary data of another, or ours where this version does not read it; what
    such data is about; and digits of a moment beyond the microsecond.
    """
    own = _own_parts(name)
    for element in tree.iter():
        tag = etree.QName(element)
        if tag.localname == e.SIGNATURE and tag.namespace != XMLDSIG:
            yield place_of(element)
        elif tag.localname == e.SUPPLEMENTARY_DATA:
            if any(etree.QName(each).localname == e.PLACE_AND_NAME for each in element):
                yield place_of(element)
            for envelope in element.iterchildren(f"{{{tag.namespace}}}{e.ENVELOPE}"):
                if any(part.tag not in own for part in envelope):
                    yield place_of(element)
        elif element.text is not None and _FINER.fullmatch(element.text.strip()) is not None:
            yield place_of(element)


@cache
def _own_parts(name: str) -> frozenset[str]:
    """The elements in supplementary data that this version reads."""
    return frozenset(
        f"{{{part.namespace}}}{part.root.tag}"
        for _, _, node in places(DOCUMENTS[name])
        if isinstance(node, Supplement)
        for part in node.parts
    )


@cache
def _document(name: str) -> Mapping[str, _Place]:
    return _places(DOCUMENTS[name])


@cache
def _header(name: str) -> Mapping[str, _Place]:
    if name not in HEADERS:
        raise IsoError("schema", "FF01", e.AT_HEADER, "no such header is declared")
    return _places(HEADERS[name])


def _places(declaration: Declaration) -> Mapping[str, _Place]:
    found: dict[str, _Place] = {}
    for path, field, node in places(declaration):
        if field and isinstance(node, Leaf | Repeated):
            inside = f"/{e.SUPPLEMENTARY_DATA}/" in path
            found.setdefault(field, _Place(path, node, inside))
    return MappingProxyType(found)
