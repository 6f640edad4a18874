"""Where an element stands, for people: an XPath without prefixes, ``/Document/…/CdtTrfTxInf[2]``.

A step has its number only where a brother of the same name stands beside it, so most places read
as they do in the documentation. The surprise: counting the brothers takes as long as there are
many of them, so a place is worked out for what is refused and for nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lxml.etree import _Element

ENVELOPE: Final = "BizMsg"
"""Root that holds a business header and its document; it has no namespace."""


def place_of(element: _Element, levels: int | None = None) -> str:
    """Return the XPath of an element from ``AppHdr`` or ``Document`` down.

    ``levels`` is how many steps that takes, in whatever envelope it is; without it the element is
    in a ``BizMsg`` or in none.
    """
    line = [element, *element.iterancestors()][:levels]
    line.reverse()
    if levels is None and line[0].tag == ENVELOPE and len(line) > 1:
        del line[0]
    return "/" + "/".join([local_name(line[0].tag), *(_step(each) for each in line[1:])])


def unnumbered(place: str) -> list[str]:
    """Return the names of the steps of a place."""
    return [step.partition("[")[0] for step in place.split("/")[1:]]


def local_name(tag: object) -> str:
    """Return the name of an element without its namespace; what is not an element has none."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _step(element: _Element) -> str:
    name, tag = local_name(element.tag), element.tag
    before = sum(1 for _ in element.itersiblings(tag, preceding=True))
    if before or next(element.itersiblings(tag), None) is not None:
        return f"{name}[{before + 1}]"
    return name
