"""From the text of a validated message to flat fields, without its tree.

What stands between the values of a message is its shape: the tags, the currencies, the white space
of its layout. Messages of one bank have few shapes, and where a value stands follows from the shape
alone. So a shape is parsed and walked once, with a number in the place of each value, and kept; a
message is then cut at its values, and each is read as the tree would have been. The invariant: what
is read here is what :func:`iso20022.walk.collect` reads. Whatever could be read in two ways, and
whatever breaks a rule, is left to it. The surprise: a shape holds nothing that a message says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from lxml import etree

from iso20022 import elements as e
from iso20022 import rules
from iso20022.declare import XMLDSIG
from iso20022.errors import Breach, IsoError
from iso20022.places import ENVELOPE
from iso20022.scalars import AmountType, Scalar
from iso20022.walk import take_each

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lxml.etree import _Element

    from iso20022.rules import Values

CHARACTERS_MAX: Final = 8 * 1024
"""Longest message that is looked at; a long statement has a shape that no other has."""

SHAPES_MAX: Final = 256
"""Most shapes that are kept, those that were used last."""

# The end of a tag, text, an end tag. Nothing is scanned twice where each ``>`` closes a tag.
_CUT: Final = re.compile(r">([^<]++)</").split
_SEAM: Final = "\0"
"""Stands for a value in a shape; no XML holds it."""

_LITERAL: Final = re.compile(r">\s*+[^<\s]")
"""Text that is not the whole content of an element, in a shape."""

_SAYING: Final = etree.XPath(
    "boolean(//@*[name() != $currency and namespace-uri() != $instance"
    " and namespace-uri(..) != $signature])",
    smart_strings=False,
)
_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_PARSER: Final = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, dtd_validation=False
)

_Pick: TypeAlias = "Callable[[list[str]], tuple[str, ...]]"
_Read: TypeAlias = "Callable[[str], object]"


class _UnusualError(Exception):
    """The shape is one that the tree has to be walked for."""


class _Value(NamedTuple):
    """Number ``place`` of the texts, its type, and how it is read."""

    place: int
    type: Scalar | AmountType
    read: _Read


class _Level(NamedTuple):
    """The fields of a header, a document or a row: their names, and where their values are."""

    names: tuple[str, ...]
    start: int
    end: int

    def fields(self, found: list[object]) -> dict[str, object]:
        """Return the fields out of the values of a message."""
        return dict(zip(self.names, found[self.start : self.end], strict=False))


@dataclass(frozen=True, slots=True)
class _Shape:
    """A shape as a list to be filled: by texts, what is read of them, and what is gathered.

    ``pick`` gives the texts, ``reads`` tells which are no text and how they are read. A value of
    ``several`` and ``rows`` is gathered from values behind it, those of inner rows first.
    ``words`` are the texts that are held to the rules of texts.
    """

    header: _Level | None
    values: _Level
    pick: _Pick
    reads: tuple[tuple[int, _Read], ...]
    several: tuple[tuple[int, int, int], ...]
    rows: tuple[tuple[int, tuple[_Level, ...]], ...]
    words: tuple[_Value, ...]
    pick_words: _Pick
    pick_identifiers: _Pick

    def read(self, texts: list[str]) -> tuple[dict[str, object] | None, dict[str, object]]:
        """Return header and fields; raises ``Breach``."""
        words = "|" + "|".join(self.pick_words(texts))
        # All at once: what can be printed is allowed, and its only white space is the plain one.
        if (
            not words.isprintable()
            or "| " in words
            or "/" in "|".join(self.pick_identifiers(texts))
        ):
            for place, _, read in self.words:
                read(texts[place])
        found: list[Any] = [*self.pick(texts)]
        for at, read in self.reads:
            found[at] = read(found[at])
        for at, start, end in self.several:
            found[at] = tuple(found[start:end])
        for at, levels in self.rows:
            found[at] = tuple([level.fields(found) for level in levels])
        header = None if self.header is None else self.header.fields(found)
        return header, self.values.fields(found)


def collect_by_shape(
    text: str, header: str | None, name: str
) -> tuple[Values | None, Values] | None:
    """Return the fields of the header and of the document, or nothing: walk the tree for them.

    ``text`` is the whole message, whose guidelines have admitted a ``header`` and a document of
    these names. Nothing means neither that the message is right nor that it is wrong.
    """
    if "\r" in text:
        # XML 2.11; a carriage return that is left over is for the tree.
        text = text.replace("\r\n", "\n")
    if len(text) > CHARACTERS_MAX or "\r" in text or text.count("<") != text.count(">"):
        return None
    if "!" in text and "<!" in text:
        return None
    parts = _CUT(text)
    texts = parts[1::2]
    try:
        shape = _learnt(_SEAM.join(parts[::2]), header, name)
        if "&" in text:
            texts = [_plain(each) if "&" in each else each for each in texts]
        return shape.read(texts)
    except (Breach, _UnusualError):
        return None


def _plain(text: str) -> str:
    """Return what a text with references says; raises :class:`_UnusualError` for a number."""
    if "&#" in text:
        raise _UnusualError
    text = text.replace("&lt;", "<").replace("&gt;", ">")
    return text.replace("&quot;", '"').replace("&apos;", "'").replace("&amp;", "&")


@lru_cache(maxsize=SHAPES_MAX)
def _learnt(shape: str, header: str | None, name: str) -> _Shape:
    """Return where the values stand; raises :class:`_UnusualError`, which is not kept."""
    if _LITERAL.search(shape) is not None:
        raise _UnusualError
    first, *rest = shape.split(_SEAM)
    numbered = first + "".join([f">{index}</{part}" for index, part in enumerate(rest)])
    try:
        root = etree.fromstring(numbered.encode(), _PARSER)
        if _SAYING(root, currency=e.CURRENCY, instance=_INSTANCE, signature=XMLDSIG):
            raise _UnusualError
        document = root[1] if root.tag == ENVELOPE else root
        above = None if header is None else take_each(root[0], header, _numbered)
        values = take_each(document, name, _numbered)
    except (etree.XMLSyntaxError, IsoError):
        raise _UnusualError from None
    return _Layout().shape(above, values)


def _numbered(child: _Element, kind: Scalar | AmountType) -> _Value:
    text = child.text or ""
    if not text.isdecimal():
        # An element without text is not seen where a message is cut.
        raise _UnusualError
    if isinstance(kind, AmountType):
        return _Value(int(text), kind, partial(kind.read, code=child.get(e.CURRENCY, "")))
    return _Value(int(text), kind, kind.read)


class _Layout:
    """Lays out the values of a shape, one after another."""

    def __init__(self) -> None:
        self._places: list[int] = []
        self._reads: list[tuple[int, _Read]] = []
        self._several: list[tuple[int, int, int]] = []
        self._rows: list[tuple[int, tuple[_Level, ...]]] = []
        self._words: list[_Value] = []

    def shape(self, header: Mapping[str, Any] | None, values: Mapping[str, Any]) -> _Shape:
        """Return the shape of a message with these fields."""
        levels = None if header is None else self._level(header), self._level(values)
        words = self._words
        return _Shape(
            *levels,
            _picker(self._places),
            tuple(self._reads),
            tuple(self._several),
            tuple(self._rows),
            tuple(words),
            _picker([each.place for each in words]),
            _picker([each.place for each in words if rules.IDENTIFIER in each.type.rules]),
        )

    def _level(self, found: Mapping[str, Any]) -> _Level:
        start = self._hold(len(found))
        for at, entry in enumerate(found.values(), start):
            if isinstance(entry, _Value):
                self._value(at, entry)
            elif isinstance(entry[0], _Value):
                first = self._hold(len(entry))
                for place, value in enumerate(entry, first):
                    self._value(place, value)
                self._several.append((at, first, first + len(entry)))
            else:
                self._rows.append((at, tuple([self._level(row) for row in entry])))
        return _Level(tuple(found), start, start + len(found))

    def _hold(self, count: int) -> int:
        """Hold places, at first for any text, and return the first."""
        self._places += [0] * count
        return len(self._places) - count

    def _value(self, at: int, value: _Value) -> None:
        self._places[at] = value.place
        if isinstance(value.type, Scalar) and value.type.words:
            self._words.append(value)
        elif not (isinstance(value.type, Scalar) and value.type.plain):
            self._reads.append((at, value.read))


def _picker(places: list[int]) -> _Pick:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda texts: tuple(texts[place] for place in places)
