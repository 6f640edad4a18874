"""One look at a message as a tree: every element with its path, its text, and who says so.

Rules that work on any ISO 20022 message look at this and never at the tree, so that all of them
agree on what belongs to the message. The surprise: what stands in supplementary data or in a
signature is not part of it, because other people own those names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from iso20022 import elements as e

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from lxml.etree import _Element


@dataclass(frozen=True, slots=True)
class Seen:
    """One element: its name, its ``steps`` from ``AppHdr`` or ``Document`` down, its text."""

    element: _Element
    tag: str
    steps: tuple[str, ...]
    text: str
    leaf: bool

    @property
    def path(self) -> str:
        """XPath without prefixes."""
        return "/" + "/".join(self.steps)

    def ends(self, *steps: str) -> bool:
        """Tell whether the path ends in these steps."""
        return self.steps[-len(steps) :] == steps

    def within(self, owner: Seen) -> bool:
        """Tell whether this element stands inside another."""
        return owner.element in self.element.iterancestors()


@dataclass(frozen=True, slots=True)
class Sight:
    """A header, a document or both; ``name`` is the document's, empty when there is none.

    ``enveloped`` are its supplementary data, each with the root inside. ``at`` is the moment of
    judgement, absent where the message's own clock is all there is; nothing can be dated after
    ``latest``.
    """

    name: str
    header: tuple[Seen, ...]
    document: tuple[Seen, ...]
    enveloped: tuple[tuple[Seen, _Element], ...]
    at: datetime | None = None
    latest: datetime | None = None

    @property
    def family(self) -> str:
        """The name without its version, ``pacs.008.001``."""
        return self.name.rpartition(".")[0]

    @property
    def every(self) -> Iterator[Seen]:
        """The elements of the header, then those of the document."""
        yield from self.header
        yield from self.document

    def below(self, owner: Seen) -> tuple[Seen, ...]:
        """Return the elements inside one of the document."""
        return tuple(seen for seen in self.document if seen.within(owner))


def look(
    name: str,
    header: _Element | None,
    document: _Element | None,
    *,
    at: datetime | None = None,
    latest: datetime | None = None,
) -> Sight:
    """Return the sight of a message whose tree is bounded already."""
    enveloped: list[tuple[Seen, _Element]] = []
    parts: list[list[Seen]] = [[], []]
    for part, seen in zip((header, document), parts, strict=True):
        if part is not None:
            _walk(part, (), seen, enveloped)
    return Sight(name, tuple(parts[0]), tuple(parts[1]), tuple(enveloped), at, latest)


def _walk(
    element: _Element,
    above: tuple[str, ...],
    found: list[Seen],
    enveloped: list[tuple[Seen, _Element]],
) -> None:
    children = list(element.iterchildren(etree.Element))
    # A comment inside is skipped, but what stands after it is text.
    text = "" if children else (element.text or "") + "".join(each.tail or "" for each in element)
    tag = etree.QName(element).localname
    seen = Seen(element, tag, (*above, tag), text, leaf=not children)
    found.append(seen)
    if tag == e.SIGNATURE:
        return
    for child in children:
        if tag == e.SUPPLEMENTARY_DATA and len(child):
            enveloped += [(seen, root) for root in child.iterchildren(etree.Element)]
        else:
            _walk(child, seen.steps, found, enveloped)
