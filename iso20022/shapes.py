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
    """Number ``place`` of the texts, and how it is read."""

    place: int
    read: _Read
    type: Scalar | AmountType


@dataclass(frozen=True, slots=True)
class _Fields:
    """Fields in their order: what is text is picked, the rest is read or gathered after that."""

    names: tuple[str, ...]
    pick: _Pick
    reads: tuple[tuple[int, _Read], ...]
    several: tuple[tuple[int, tuple[_Value, ...]], ...]
    rows: tuple[tuple[int, tuple[_Fields, ...]], ...]

    def read(self, texts: list[str]) -> dict[str, object]:
        """Return the fields of a message of this shape; raises ``Breach``."""
        found: list[Any] = [*self.pick(texts)]
        for at, read in self.reads:
            found[at] = read(found[at])
        for at, values in self.several:
            found[at] = tuple([read(texts[place]) for place, read, _ in values])
        for at, rows in self.rows:
            found[at] = tuple([row.read(texts) for row in rows])
        return dict(zip(self.names, found, strict=True))


@dataclass(frozen=True, slots=True)
class _Shape:
    """A shape: its fields, and which of its texts are held to the rules of texts."""

    header: _Fields | None
    values: _Fields
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
            for place, read, _ in self.words:
                read(texts[place])
        header = None if self.header is None else self.header.read(texts)
        return header, self.values.read(texts)


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
    words: list[_Value] = []
    return _Shape(
        header=None if above is None else _fields(above, words),
        values=_fields(values, words),
        words=tuple(words),
        pick_words=_picker([each.place for each in words]),
        pick_identifiers=_picker(
            [each.place for each in words if rules.IDENTIFIER in each.type.rules]
        ),
    )


def _numbered(child: _Element, kind: Scalar | AmountType) -> _Value:
    text = child.text or ""
    if not text.isdecimal():
        # An element without text is not seen where a message is cut.
        raise _UnusualError
    if isinstance(kind, AmountType):
        return _Value(int(text), partial(kind.read, code=child.get(e.CURRENCY, "")), kind)
    return _Value(int(text), kind.read, kind)


def _fields(found: Mapping[str, Any], words: list[_Value]) -> _Fields:
    """Return the fields of a level; its texts are added to ``words``."""
    indices: list[int] = []
    reads: list[tuple[int, _Read]] = []
    several: list[tuple[int, tuple[_Value, ...]]] = []
    rows: list[tuple[int, tuple[_Fields, ...]]] = []
    for at, entry in enumerate(found.values()):
        index = 0
        if isinstance(entry, _Value):
            index = entry.place
            if isinstance(entry.type, Scalar) and entry.type.words:
                words.append(entry)
            elif not (isinstance(entry.type, Scalar) and entry.type.plain):
                reads.append((at, entry.read))
        elif isinstance(entry[0], _Value):
            several.append((at, entry))
        else:
            rows.append((at, tuple([_fields(row, words) for row in entry])))
        # What is gathered later has its place held by any text.
        indices.append(index)
    return _Fields(tuple(found), _picker(indices), tuple(reads), tuple(several), tuple(rows))


def _picker(indices: list[int]) -> _Pick:
    if len(indices) > 1:
        return itemgetter(*indices)
    return lambda texts: tuple(texts[index] for index in indices)
