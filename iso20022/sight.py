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
from iso20022.places import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from lxml.etree import _Element


@dataclass(frozen=True, slots=True)
class Seen:
    """One element: its name, its ``steps`` from ``AppHdr`` or ``Document`` down, its text.

    In its part, header or document, it is number ``index``; what is inside follows it, up to but
    without number ``end``; ``parent`` is the number of its parent, of the first element -1.
    """

    element: _Element
    tag: str
    steps: tuple[str, ...]
    text: str
    leaf: bool
    index: int
    parent: int
    end: int

    @property
    def path(self) -> str:
        """XPath without prefixes."""
        return place_of(self.element, len(self.steps))

    def ends(self, *steps: str) -> bool:
        """Tell whether the path ends in these steps."""
        return self.steps[-len(steps) :] == steps


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
        """Return the elements inside one of the document, at no cost for those outside."""
        return self.document[owner.index + 1 : owner.end]

    def children(self, owner: Seen) -> Iterator[Seen]:
        """Yield the elements right inside one of the document."""
        index = owner.index + 1
        while index < owner.end:
            yield self.document[index]
            index = self.document[index].end

    def owners(self, seen: Seen) -> Iterator[Seen]:
        """Yield the elements around one of the document, the nearest first."""
        while seen.parent >= 0:
            seen = self.document[seen.parent]
            yield seen


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
    first, second = (_Walk(enveloped).through(part) for part in (header, document))
    return Sight(name, first, second, tuple(enveloped), at, latest)


class _Walk:
    """The walk through one part; the parse has bounded its depth."""

    def __init__(self, enveloped: list[tuple[Seen, _Element]]) -> None:
        self._enveloped = enveloped
        self._found: dict[int, Seen] = {}

    def through(self, part: _Element | None) -> tuple[Seen, ...]:
        """Return the elements of the part in document order."""
        end = 0 if part is None else self._enter(part, (), 0, -1)
        return tuple(self._found[index] for index in range(end))

    def _enter(self, element: _Element, above: tuple[str, ...], index: int, parent: int) -> int:
        """See the element as number ``index`` and all inside; return the next free number."""
        children = list(element.iterchildren(etree.Element))
        text = ""
        if not children:
            # A comment inside is skipped, but what stands after it is text.
            text = (element.text or "") + "".join(each.tail or "" for each in element)
        tag = etree.QName(element).localname
        steps, end = (*above, tag), index + 1
        outside = [child for child in children if tag == e.SUPPLEMENTARY_DATA and len(child)]
        for child in () if tag == e.SIGNATURE else children:
            if child not in outside:
                end = self._enter(child, steps, end, index)
        seen = Seen(element, tag, steps, text, not children, index, parent, end)
        self._found[index] = seen
        for child in outside:
            self._enveloped += [(seen, root) for root in child.iterchildren(etree.Element)]
        return end
