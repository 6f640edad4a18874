"""SOAP 1.1 as the Bakong backbone speaks it: envelopes out, answers in through a hardened parser.

An answer is data of a stranger: no DTD, no entities, one Body with either one Fault or the response
of the operation that was asked. The surprise: ISO messages travel as text inside the XML, in CDATA
without an XML declaration on the way out, escaped and with one on the way back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE: Final = "http://webservice.nbc.org.kh/"

_ENVELOPE: Final = (
    f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:web="{SERVICE}">'
    "<soapenv:Header/><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>"
)
_WHITE_SPACE: Final = " \t\r\n"
"""White space as XML has it; a no-break space, which Python strips too, is somebody's text."""

_FAULT_WORD: Final = re.compile(r"[A-Z]+(?:_[A-Z]+)+", re.ASCII)


class SoapError(ValueError):
    """Bytes that are not the SOAP message expected; the text names the fault and echoes nothing."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a Body holds: the word of its Fault, or the ``return`` elements of the response.

    ``fault`` is None without a Fault, and empty for one that names no error in capital letters.
    ``understood`` is True when the response holds these ``return`` elements, none or more, and
    nothing else: an answer that says something we cannot read does not say "nothing".
    """

    fault: str | None
    returns: tuple[_Element, ...]
    understood: bool = True


def request(operation: str, parts: Sequence[tuple[str, str | bytes]]) -> bytes:
    """Return the envelope of one call: text parts are escaped, bytes become CDATA as they are.

    Raises :class:`SoapError` for bytes that CDATA cannot hold: an XML declaration, which the
    backbone answers with ``WRONG_REQUEST_DATA``, or the end mark ``]]>``.
    """
    inner = "".join(f"<web:{name}>{_content(value)}</web:{name}>" for name, value in parts)
    return _ENVELOPE.format(f"<web:{operation}>{inner}</web:{operation}>").encode()


def masked(raw: bytes, name: str) -> bytes:
    """An envelope of ours with the text of one part blotted out, wherever it stands."""
    tag = re.escape(f"web:{name}".encode())
    return re.sub(rb"(?<=<" + tag + rb">)[^<]*(?=</" + tag + rb">)", b"***", raw)


def _content(value: str | bytes) -> str:
    if isinstance(value, str):
        return escape(value)
    if value.lstrip().startswith(b"<?") or b"]]>" in value:
        raise SoapError("CDATA cannot hold this document")
    return f"<![CDATA[{value.decode()}]]>"


def parse(raw: bytes) -> _Element:
    """Parse hostile XML; raises :class:`SoapError` for anything malformed or with a DTD."""
    if b"<!DOCTYPE" in raw:
        raise SoapError("a DTD is not allowed")
    parser = etree.XMLParser(
        # Whatever the declaration says, so that no encoding hides a DTD from the line above.
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(raw, parser)
    except etree.XMLSyntaxError:
        raise SoapError("not well-formed XML") from None


def read(raw: bytes, operation: str) -> Reply:
    """Read the answer to a call; raises :class:`SoapError` when it is not one."""
    root = parse(raw)
    if root.tag != f"{{{SOAP}}}Envelope":
        raise SoapError("the root is not a SOAP 1.1 Envelope")
    bodies = root.findall(f"{{{SOAP}}}Body")
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise SoapError("one Body with one element is needed")
    content = bodies[0][0]
    if content.tag == f"{{{SOAP}}}Fault":
        said = " ".join(content.findtext(name) or "" for name in ("faultstring", "faultcode"))
        word = _FAULT_WORD.search(said)
        return Reply("" if word is None else word.group(), ())
    if content.tag != f"{{{SERVICE}}}{operation}Response":
        raise SoapError("the answer is of another operation")
    returns = _children(content, "return")
    said = "".join((content.text or "", *(child.tail or "" for child in content)))
    return Reply(None, returns, len(returns) == len(content) and not said.strip(_WHITE_SPACE))


def text(element: _Element, name: str) -> str:
    """The text of a child; empty when there is none, more than one, or one that is no text."""
    found = _children(element, name)
    return (found[0].text or "").strip() if len(found) == 1 and len(found[0]) == 0 else ""


def _children(element: _Element, name: str) -> tuple[_Element, ...]:
    """The children of this name; services in Java leave out the namespace of parts by default."""
    tags = (f"{{{SERVICE}}}{name}", name)
    return tuple(child for child in element if child.tag in tags)
