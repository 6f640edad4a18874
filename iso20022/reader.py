"""Reading a message: bounded, without DTD, validated, checked by rules, walked once.

The order is safety first: size, forbidden markup, parse, shape of the envelope, guideline schema,
rules, fields. Nothing of a message is used before all of it has passed. The surprise: comments and
processing instructions are refused rather than skipped, because they split text in ways in which
two readers can disagree.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NoReturn

from lxml import etree

from iso20022 import elements as e
from iso20022.declare import Declaration, paths
from iso20022.errors import IsoError
from iso20022.messages import DOCUMENTS, HEADERS
from iso20022.places import ENVELOPE
from iso20022.rules import Subject, Values
from iso20022.schema import compiled, compiled_together
from iso20022.shapes import collect_by_shape
from iso20022.walk import collect

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = [
    "ENVELOPE",
    "SIZE_BYTES_MAX",
    "Message",
    "check_rules",
    "parse",
    "read",
    "read_document",
]

SIZE_BYTES_MAX: Final = 64 * 1024
"""Largest message that is parsed at all."""

_BOM: Final = b"\xef\xbb\xbf"
_ENCODING: Final = re.compile(rb"""encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
# With the white space: ``<?xml-stylesheet`` is a processing instruction.
_DECLARATIONS: Final = tuple(
    mark + b"<?xml" + space for mark in (b"", _BOM) for space in (b" ", b"\t", b"\n", b"\r")
)
_PARTS: Final = 2
"""An enveloped message: its header and its document."""

_PARSER: Final = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, dtd_validation=False
)


def _by_tag(table: Mapping[str, Declaration]) -> Mapping[str, Declaration]:
    return MappingProxyType({f"{{{d.namespace}}}{d.root.tag}": d for d in table.values()})


_BY_TAG: Final = _by_tag(DOCUMENTS)
_HEADER_BY_TAG: Final = _by_tag(HEADERS)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that passed every check: its name, and flat fields by name.

    ``values`` and ``header`` hold ``str``, ``Money``, aware UTC ``datetime``, ``date``,
    ``Decimal``, ``bool`` and tuples for what repeats; an absent element has no key. The values are
    kept out of ``repr`` because they hold personal data.
    """

    name: str
    header_name: str | None
    header: Values | None = field(repr=False)
    values: Values = field(repr=False)


def parse(raw: bytes, at_most: int = SIZE_BYTES_MAX) -> _Element:
    """Parse bytes that nobody vouches for; raises :class:`IsoError` ``parse`` or ``security``.

    ``at_most`` is how many bytes are taken: more than of a message only of a statement.
    """
    if len(raw) > at_most:
        size = f"the message is larger than {at_most // 1024} KiB"
        raise IsoError("security", "FF01", "/", size)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in raw:
        raise IsoError("parse", "FF01", "/", "the message is not UTF-8")
    plain = _refuse_markup(raw)
    try:
        root = etree.fromstring(raw, _PARSER)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        raise IsoError("parse", "FF01", "/", "the message is not well-formed XML") from None
    if plain:
        return root
    info = root.getroottree().docinfo
    if info.internalDTD is not None or info.doctype:
        raise IsoError("security", "FF01", "/", "a document type declaration is not accepted")
    if info.xml_version not in (None, "1.0"):
        raise IsoError("parse", "FF01", "/", "the message must be XML 1.0")
    # With a byte order mark the parser believes the mark, and others what is declared.
    named = _ENCODING.search(raw, 0, raw.find(b"?>") + 1)
    encoding = info.encoding or "UTF-8" if named is None else named[1].decode("ascii")
    if encoding.upper() not in {"UTF-8", "UTF8", "US-ASCII", "ASCII"}:
        raise IsoError("parse", "FF01", "/", "the message must be encoded in UTF-8")
    return root


def _refuse_markup(raw: bytes) -> bool:
    """Refuse what no payment message needs, before the parser sees it.

    Return whether nothing was declared: then the encoding is UTF-8, and there is no document type.
    One byte is sought first, because that is many times faster than two.
    """
    declared = raw.startswith(_DECLARATIONS)
    marked = b"!" in raw
    after = raw.find(b"?>") + 2 if declared else 0
    if raw.find(b"?", after) >= 0 and raw.count(b"<?") > declared:
        raise IsoError("security", "FF01", "/", "processing instructions are not accepted")
    if marked and raw.count(b"<!") > raw.count(b"<![CDATA["):
        raise IsoError(
            "security", "FF01", "/", "document types, entities and comments are not accepted"
        )
    return raw.startswith(b"<") and not declared and not marked


def read(raw: bytes, *, names: Collection[str], header: bool | None = None) -> Message:
    """Read one message; ``names`` are the documents that the caller accepts.

    ``header`` True requires a ``BizMsg`` envelope with a business header, False refuses one, None
    takes either. Raises :class:`IsoError`, and nothing else whatever the bytes are.
    """
    return _read(parse(raw), raw, names, header)


def read_document(root: _Element, *, names: Collection[str], header: bool | None = None) -> Message:
    """Read an already parsed tree, such as the part that a signature covers; as :func:`read`."""
    if next(root.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity), None) is not None:
        raise IsoError("security", "FF01", "/", "comments and entities are not accepted")
    return _read(root, None, names, header)


def _read(
    root: _Element, raw: bytes | None, names: Collection[str], header: bool | None
) -> Message:
    head, document = _envelope(root, header)
    declaration = _BY_TAG.get(document.tag)
    if declaration is None or declaration.name not in names:
        raise IsoError(
            "schema", "FF01", e.AT_DOCUMENT, "the message or its version is not one accepted here"
        )
    header_name = None
    if head is None:
        _hold_to_schema(document, declaration)
    else:
        declared = _HEADER_BY_TAG.get(head.tag)
        if declared is None:
            raise IsoError("schema", "FF01", e.AT_HEADER, "the header's version is not accepted")
        header_name = declared.name
        if not compiled_together(header_name, declaration.name).validate(root):
            _hold_to_schema(head, declared)
            _hold_to_schema(document, declaration)
    found = collect_by_shape(_text(root, raw), header_name, declaration.name)
    if found is None:
        above = None if head is None or header_name is None else collect(head, header_name)
        found = above, collect(document, declaration.name)
    header_values, values = found
    check_rules(declaration, header_values, values, emitted=False)
    return Message(declaration.name, header_name, header_values, values)


def _envelope(root: _Element, header: bool | None) -> tuple[_Element | None, _Element]:
    if root.tag != ENVELOPE:
        if header:
            raise IsoError("schema", "CH21", e.AT_HEADER, "the business header is missing")
        return None, root
    if header is False:
        raise IsoError("schema", "FF01", "/BizMsg", "a business header is not expected here")
    parts = list(root)
    _refuse_text(root, parts)
    if len(parts) == _PARTS and parts[0].tag in _HEADER_BY_TAG and parts[1].tag in _BY_TAG:
        return parts[0], parts[1]
    local = [str(child.tag).rpartition("}")[2] for child in parts]
    if local.count(e.DOCUMENT) > 1 or local.count(e.APPLICATION_HEADER) > 1:
        raise IsoError("security", "FF01", "/BizMsg", "more than one AppHdr or Document")
    if local != [e.APPLICATION_HEADER, e.DOCUMENT]:
        raise IsoError("schema", "FF01", "/BizMsg", "BizMsg holds one AppHdr and one Document")
    return parts[0], parts[1]


def _refuse_text(root: _Element, parts: list[_Element]) -> None:
    text = root.text or ""
    for part in parts:
        text += part.tail or ""
    if root.attrib or (text and not text.isspace()):
        raise IsoError("schema", "FF01", "/BizMsg", "BizMsg holds no text or attributes of its own")


def _hold_to_schema(element: _Element, declaration: Declaration) -> None:
    if not compiled(declaration.name).validate(element):
        _explain(element, declaration)


def _text(root: _Element, raw: bytes | None) -> str:
    """Return the message as text; of a tree without its bytes, as the tree would be written."""
    if raw is None:
        return etree.tostring(root, encoding="unicode", with_tail=False)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        # Should libxml2 ever take for UTF-8 what is none, the tree says what it made of it.
        return ""


def _explain(element: _Element, declaration: Declaration) -> NoReturn:
    # Imported here because xmlschema costs a tenth of a second to load and only refusals need it.
    from iso20022.explain import explain

    raise explain(element, declaration)


def check_rules(
    declaration: Declaration, header: Values | None, values: Values, *, emitted: bool
) -> None:
    """Apply the message rules; raises :class:`IsoError` of layer ``rule`` for the first broken."""
    subject = Subject(declaration.name, header, values)
    for entry in declaration.rules:
        if entry.emitted_only and not emitted:
            continue
        at = entry.check(subject)
        if at is not None:
            raise IsoError("rule", entry.rule.code, _place(at, declaration), entry.rule.detail)


def _place(at: str, declaration: Declaration) -> str:
    if at.startswith("header:"):
        return paths(HEADERS["head.001.001.04"])[at.removeprefix("header:")]
    return paths(declaration).get(at, f"/{declaration.root.tag}")
