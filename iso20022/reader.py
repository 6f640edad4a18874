"""Reading a message: bounded, without DTD, validated, checked by rules, walked once.

The order is safety first: size, forbidden markup, parse, shape of the envelope, guideline schema,
rules, fields. Nothing of a message is used before all of it has passed. The surprise: comments and
processing instructions are refused rather than skipped, because they split text in ways in which
two readers can disagree.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final, NoReturn

from lxml import etree

from iso20022 import elements as e
from iso20022.declare import ISO, Declaration, Group, Leaf, Node, Repeated, Supplement, paths
from iso20022.errors import Breach, IsoError
from iso20022.messages import DOCUMENTS, HEADERS
from iso20022.rules import Subject, Values
from iso20022.scalars import AmountType, Scalar
from iso20022.schema import compiled

if TYPE_CHECKING:
    from lxml.etree import _Element

SIZE_BYTES_MAX: Final = 64 * 1024
"""Largest message that is parsed at all."""

ENVELOPE: Final = "BizMsg"
"""Root that holds a business header and its document; it has no namespace."""

_BOM: Final = b"\xef\xbb\xbf"
# With the white space: ``<?xml-stylesheet`` is a processing instruction.
_DECLARATIONS: Final = tuple(
    mark + b"<?xml" + space for mark in (b"", _BOM) for space in (b" ", b"\t", b"\n", b"\r")
)
_PARSER: Final = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, dtd_validation=False
)


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


@dataclass(slots=True)
class _Entry:
    """What to do with one element; exactly one of ``type``, ``table`` or ``ignored`` applies."""

    field: str = ""
    type: Scalar | AmountType | None = None
    times: int = 1
    table: dict[str, _Entry] | None = None
    rows: bool = False


def parse(raw: bytes) -> _Element:
    """Parse bytes that nobody vouches for; raises :class:`IsoError` ``parse`` or ``security``."""
    if len(raw) > SIZE_BYTES_MAX:
        raise IsoError("security", "FF01", "/", "the message is larger than 64 KiB")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in raw:
        raise IsoError("parse", "FF01", "/", "the message is not UTF-8")
    _refuse_markup(raw)
    try:
        root = etree.fromstring(raw, _PARSER)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        raise IsoError("parse", "FF01", "/", "the message is not well-formed XML") from None
    info = root.getroottree().docinfo
    if info.internalDTD is not None or info.doctype:
        raise IsoError("security", "FF01", "/", "a document type declaration is not accepted")
    if (info.encoding or "UTF-8").upper() not in {"UTF-8", "UTF8", "US-ASCII", "ASCII"}:
        raise IsoError("parse", "FF01", "/", "the message must be encoded in UTF-8")
    return root


def _refuse_markup(raw: bytes) -> None:
    """Refuse what no payment message needs, before the parser sees it."""
    start = 1 if raw.startswith(_DECLARATIONS) else 0
    if raw.count(b"<?") > start:
        raise IsoError("security", "FF01", "/", "processing instructions are not accepted")
    if raw.count(b"<!") > raw.count(b"<![CDATA["):
        raise IsoError(
            "security", "FF01", "/", "document types, entities and comments are not accepted"
        )


def read(raw: bytes, *, names: Collection[str], header: bool | None = None) -> Message:
    """Read one message; ``names`` are the documents that the caller accepts.

    ``header`` True requires a ``BizMsg`` envelope with a business header, False refuses one, None
    takes either. Raises :class:`IsoError`, and nothing else whatever the bytes are.
    """
    return _read(parse(raw), names, header)


def read_document(root: _Element, *, names: Collection[str], header: bool | None = None) -> Message:
    """Read an already parsed tree, such as the part that a signature covers; as :func:`read`."""
    if next(root.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity), None) is not None:
        raise IsoError("security", "FF01", "/", "comments and entities are not accepted")
    return _read(root, names, header)


def _read(root: _Element, names: Collection[str], header: bool | None) -> Message:
    head, document = _envelope(root, header)
    declaration = _declared(document, e.DOCUMENT, DOCUMENTS)
    if declaration is None or declaration.name not in names:
        raise IsoError(
            "schema", "FF01", "/Document", "the message or its version is not one accepted here"
        )
    header_name, header_values = None, None
    if head is not None:
        declared = _declared(head, e.APPLICATION_HEADER, HEADERS)
        if declared is None:
            raise IsoError("schema", "FF01", "/AppHdr", "the header's version is not accepted")
        header_name, header_values = declared.name, _fields(head, declared)
    values = _fields(document, declaration)
    check_rules(declaration, header_values, values, emitted=False)
    return Message(declaration.name, header_name, header_values, values)


def place_of(element: _Element) -> str:
    """Return the XPath of an element without prefixes, from ``Document`` or ``AppHdr`` down."""
    steps: list[str] = []
    at: _Element | None = element
    while at is not None:
        steps.append(etree.QName(at).localname)
        at = at.getparent()
    if steps[-1] == ENVELOPE:
        steps.pop()
    return "/" + "/".join(reversed(steps))


def _envelope(root: _Element, header: bool | None) -> tuple[_Element | None, _Element]:
    if root.tag != ENVELOPE:
        if header:
            raise IsoError("schema", "CH21", "/AppHdr", "the business header is missing")
        return None, root
    if header is False:
        raise IsoError("schema", "FF01", "/BizMsg", "a business header is not expected here")
    local = [etree.QName(child).localname if isinstance(child.tag, str) else "" for child in root]
    if local.count(e.DOCUMENT) > 1 or local.count(e.APPLICATION_HEADER) > 1:
        raise IsoError("security", "FF01", "/BizMsg", "more than one AppHdr or Document")
    if local != [e.APPLICATION_HEADER, e.DOCUMENT] or root.attrib:
        raise IsoError("schema", "FF01", "/BizMsg", "BizMsg holds one AppHdr and one Document")
    text = [root.text, *(child.tail for child in root)]
    if any(part and not part.isspace() for part in text):
        raise IsoError("schema", "FF01", "/BizMsg", "BizMsg holds no text of its own")
    return root[0], root[1]


def _declared(element: _Element, tag: str, table: Mapping[str, Declaration]) -> Declaration | None:
    name = etree.QName(element)
    if name.localname != tag or name.namespace is None or not name.namespace.startswith(ISO):
        return None
    return table.get(name.namespace[len(ISO) :])


def _fields(element: _Element, declaration: Declaration) -> Values:
    if not compiled(declaration.name).validate(element):
        _explain(element, declaration)
    values: dict[str, object] = {}
    _walk(element, _table(declaration.name), values)
    return values


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


@cache
def _table(name: str) -> dict[str, _Entry]:
    declaration = DOCUMENTS[name] if name in DOCUMENTS else HEADERS[name]
    return _compile(declaration.root.children, f"{{{declaration.namespace}}}")


def _compile(nodes: tuple[Node, ...], space: str) -> dict[str, _Entry]:
    table: dict[str, _Entry] = {}
    for node in nodes:
        if isinstance(node, Leaf):
            entry = _Entry(node.field, node.type if node.field else None, node.times)
        elif isinstance(node, Group):
            entry = _Entry(table=_compile(node.children, space))
        elif isinstance(node, Repeated):
            entry = _Entry(node.field, table=_compile(node.children, space), rows=True)
        elif isinstance(node, Supplement):
            entry = _Entry(table=_supplement(node, space))
        else:
            entry = _Entry()
        table[f"{space}{node.tag}"] = entry
    return table


def _supplement(node: Supplement, space: str) -> dict[str, _Entry]:
    roots: dict[str, _Entry] = {}
    for part in node.parts:
        own = f"{{{part.namespace}}}"
        roots[f"{own}{part.root.tag}"] = _Entry(table=_compile(part.root.children, own))
    return {f"{space}{e.ENVELOPE}": _Entry(table=roots), f"{space}{e.PLACE_AND_NAME}": _Entry()}


def _walk(element: _Element, table: dict[str, _Entry], values: dict[str, object]) -> None:
    """Collect the fields below ``element``; the schema has admitted its shape already."""
    for child in element:
        entry = table.get(child.tag)
        if entry is None:
            # Only foreign supplementary data may stand here, and it is nobody's field.
            continue
        name = entry.field
        if entry.table is None:
            if entry.type is None:
                continue
            value = _value(child, entry.type)
            if entry.times > 1:
                value = (*_earlier(values, name), value)
            elif name in values:
                detail = "the element is given in two places"
                raise IsoError("schema", "FF01", place_of(child), detail)
            values[name] = value
        elif entry.rows:
            row: dict[str, object] = {}
            _walk(child, entry.table, row)
            values[name] = (*_earlier(values, name), row)
        else:
            _walk(child, entry.table, values)


def _value(child: _Element, kind: Scalar | AmountType) -> object:
    try:
        if isinstance(kind, AmountType):
            return kind.read(child.text or "", child.get(e.CURRENCY, ""))
        return kind.read(child.text or "")
    except Breach as breach:
        raise IsoError("rule", breach.rule.code, place_of(child), breach.rule.detail) from None


def _earlier(values: dict[str, object], name: str) -> tuple[object, ...]:
    found = values.get(name, ())
    return found if isinstance(found, tuple) else ()
