"""The AppHdr and the Document of a file, whatever envelope a scheme has put around them.

Schemes wrap messages as they like, so the two are found by their own names and namespaces. The
parse is hardened as the switch's own, but admits comments between elements, which published files
are full of; what declares, includes or instructs is refused. The surprise: two headers or two
documents are refused as a trick, one inside the other, in a signature or in supplementary data
too, because two readers could each take another one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree

from iso20022 import elements as e
from iso20022.declare import ISO
from iso20022.errors import IsoError
from iso20022.reader import SIZE_BYTES_MAX

if TYPE_CHECKING:
    from lxml.etree import _Element

DEPTH_MAX: Final = 40
"""Deepest element that is looked at; published messages end at 13."""

_NAME: Final = re.compile(r"[a-z]{4}\.[0-9]{3}\.[0-9]{3}\.[0-9]{2}", re.ASCII)
_UTF_8: Final = frozenset({"UTF-8", "UTF8", "US-ASCII", "ASCII"})
_XML_VERSION: Final = "1.0"
_INCLUDED: Final = "{http://www.w3.org/2001/XInclude}*"
_DECLARED: Final = (b"<!DOCTYPE", b"<!ENTITY")
_PARSER: Final = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, dtd_validation=False
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a file holds; a name is empty where there is no such part.

    ``document_name`` follows the namespace; ``foreign`` marks a document outside the namespaces of
    ISO 20022, whose name is the end of its own.
    """

    header: _Element | None
    header_name: str
    document: _Element | None
    document_name: str
    foreign: bool = False

    @property
    def name(self) -> str:
        """The document's name, else the header's."""
        return self.document_name or self.header_name


def parse_any(raw: bytes) -> _Element:
    """Parse bytes that nobody vouches for, bounded in size and depth.

    Raises :class:`IsoError` of the layers ``parse`` or ``security``.
    """
    if len(raw) > SIZE_BYTES_MAX:
        raise IsoError("security", "FF01", "/", "the message is larger than 64 KiB")
    if b"\x00" in raw:
        raise IsoError("parse", "FF01", "/", "the message is not UTF-8")
    try:
        root = etree.fromstring(raw, _PARSER)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        if any(mark in raw for mark in _DECLARED):
            raise _unsafe("a document type or an entity is declared") from None
        if getattr(error, "code", 0) == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            raise _unsafe("the message is nested too deeply or expands too far") from None
        raise IsoError("parse", "FF01", "/", "the message is not well-formed XML") from None
    info = root.getroottree().docinfo
    if info.internalDTD is not None or info.doctype:
        raise _unsafe("a document type declaration is not accepted")
    if (info.encoding or "UTF-8").upper() not in _UTF_8 or info.xml_version != _XML_VERSION:
        raise IsoError("parse", "FF01", "/", "the message must be XML 1.0 encoded in UTF-8")
    _refuse_tricks(root)
    return root


def find_parts(root: _Element) -> Parts:
    """Find the header and the document; raises ``security`` for two, ``schema`` for neither."""
    found: dict[str, list[_Element]] = {e.APPLICATION_HEADER: [], e.DOCUMENT: []}
    waiting = [root]
    while waiting:
        element = waiting.pop()
        name = etree.QName(element).localname
        if name in found:
            found[name].append(element)
        else:
            waiting += reversed(list(element.iterchildren(etree.Element)))
    headers, documents = found.values()
    if len(headers) > 1 or len(documents) > 1:
        raise _unsafe("more than one AppHdr or Document")
    for part in (*headers, *documents):
        _refuse_inner(part)
    if not headers and not documents:
        raise IsoError("schema", "FF01", "/", "there is neither an AppHdr nor a Document")
    header = headers[0] if headers else None
    document = documents[0] if documents else None
    return _named(header, document)


def _refuse_inner(part: _Element) -> None:
    """Refuse a header or document inside a part, but what a scheme's own has of its own."""
    for inner in part.iterdescendants(f"{{*}}{e.APPLICATION_HEADER}", f"{{*}}{e.DOCUMENT}"):
        if not (_of_scheme(part) and _of_scheme(inner)):
            raise _unsafe("an AppHdr or Document inside another")


def _of_scheme(element: _Element) -> bool:
    space = etree.QName(element).namespace or ISO
    return not space.startswith(ISO)


def _named(header: _Element | None, document: _Element | None) -> Parts:
    header_name = "" if header is None else _name(header)
    if document is None:
        return Parts(header, header_name, None, "")
    space = etree.QName(document).namespace or ""
    if space.startswith(ISO):
        return Parts(header, header_name, document, _name(document))
    # A scheme's own message may travel under the header of ISO 20022, if the header says so.
    names = [] if header is None else header.findall(f"{{*}}{e.MESSAGE_DEFINITION_IDENTIFIER}")
    if not space or space.rpartition(":")[2] not in [name.text for name in names]:
        raise IsoError("schema", "FF01", e.AT_DOCUMENT, "the Document has no ISO 20022 namespace")
    return Parts(header, header_name, document, space.rpartition(":")[2], foreign=True)


def _name(part: _Element) -> str:
    name = (etree.QName(part).namespace or "").removeprefix(ISO)
    if _NAME.fullmatch(name) is None:
        place = f"/{etree.QName(part).localname}"
        raise IsoError("schema", "FF01", place, "the namespace is not that of an ISO 20022 message")
    return name


def _refuse_tricks(root: _Element) -> None:
    """Refuse what makes two readers see two messages, or one reader look elsewhere."""
    kinds = etree.ProcessingInstruction, etree.Entity
    around = root.itersiblings(*kinds, preceding=True), root.itersiblings(*kinds)
    if any(next(each, None) is not None for each in (root.iter(*kinds), *around)):
        raise _unsafe("processing instructions and entities are not accepted")
    if next(root.iter(_INCLUDED), None) is not None:
        raise _unsafe("inclusions are not accepted")
    for comment in root.iter(etree.Comment):
        parent = comment.getparent()
        if parent is not None and next(parent.iterchildren(etree.Element), None) is None:
            raise _unsafe("a comment inside a value is not accepted")
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEPTH_MAX:
            raise _unsafe("the message is nested too deeply")


def _unsafe(detail: str) -> IsoError:
    return IsoError("security", "FF01", "/", detail)
