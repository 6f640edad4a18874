"""EMV merchant-presented text as a lossless tree, and back.

Every object is two digits of tag, two digits of length, and a value whose length counts code
points; the CRC runs over UTF-8 bytes (EMVCo QRCPS MPM 1.1). Writing a parsed tree gives the same
text. The surprise is what looks like a template and is not: 02-25 are opaque, and 80-99 and
50-99 inside 62 hold plain values in several countries, so a value there that does not parse is no
fault by itself; its faults are kept apart as ``soft`` until a scheme says that it must parse.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from switch.qr.errors import Fault, QrError, fault

if TYPE_CHECKING:
    from collections.abc import Iterable

LENGTH_MAX: Final = 512
"""Longest text that is read, in code points (EMVCo: what a QR symbol can carry)."""

VALUE_LENGTH_MAX: Final = 99
"""Longest value of one object, in code points."""

_HEADER: Final = 4

# Half a surrogate pair has no UTF-8 form, so neither a CRC nor an MD5 of it exists.
HALVES: Final = re.compile("[\ud800-\udfff]")

# ASCII on purpose: str.isdigit also takes Arabic-Indic and other digits.
_NUMBERS: Final = MappingProxyType({f"{number:02d}": number for number in range(100)})
_ACCOUNTS: Final = frozenset(f"{tag:02d}" for tag in range(26, 52))
_TEMPLATES: Final = _ACCOUNTS | {"62", "64"}
_UNRESERVED: Final = frozenset(f"{tag:02d}" for tag in range(80, 100))
_ADDITIONAL_TEMPLATES: Final = frozenset(f"{tag:02d}" for tag in range(50, 100))


class Node(NamedTuple):
    """One object: ``start`` is the position of its tag in the whole text, in code points."""

    tag: str
    value: str
    start: int
    children: tuple[Node, ...] = ()

    def __repr__(self) -> str:
        return f"Node(tag={self.tag!r}, start={self.start}, length={len(self.value)})"

    def child(self, tag: str) -> Node | None:
        """Return the first child with this tag."""
        for node in self.children:
            if node.tag == tag:
                return node
        return None

    def text(self, tag: str) -> str | None:
        """Return the value of the first child with this tag."""
        node = self.child(tag)
        return None if node is None else node.value


class Parsed(NamedTuple):
    """A text with its tree; ``faults`` are of the layers tlv and schema (duplicates).

    ``soft`` are faults inside values that may be plain text as well as templates.
    """

    text: str
    nodes: tuple[Node, ...]
    faults: tuple[Fault, ...]
    soft: tuple[Fault, ...]

    def __repr__(self) -> str:
        return f"Parsed(nodes={len(self.nodes)}, faults={self.faults!r})"


class _Parser:
    """One pass over one text; each character is visited once per level, three levels at most."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.faults: list[Fault] = []
        self.soft: list[Fault] = []

    def level(self, start: int, end: int, path: str, faults: list[Fault]) -> tuple[Node, ...]:
        text = self.text
        nodes: list[Node] = []
        seen: set[str] = set()
        at = start
        while at < end:
            tag = text[at : at + 2]
            size = _NUMBERS.get(text[at + 2 : at + _HEADER])
            stop = at + _HEADER + (size or 0)
            if size is None or tag not in _NUMBERS or stop > end or (size == 0 and at == 0):
                reason = self._broken(at, start, end, path, nodes)
                faults.append(fault("tlv", reason, path, at))
                break
            where = f"{path}/{tag}" if path else tag
            if size == 0:
                faults.append(fault("tlv", "zero_length", where, at))
            if tag in seen:
                faults.append(fault("schema", "duplicate_tag", where, at))
            seen.add(tag)
            children = self._children(tag, at + _HEADER, stop, path, faults) if size else ()
            nodes.append(Node(tag, text[at + _HEADER : stop], at, children))
            at = stop
        return tuple(nodes)

    def _children(
        self, tag: str, start: int, stop: int, path: str, faults: list[Fault]
    ) -> tuple[Node, ...]:
        if not path:
            if tag in _TEMPLATES:
                return self.level(start, stop, tag, faults)
            if tag not in _UNRESERVED:
                return ()
        elif path != "62" or tag not in _ADDITIONAL_TEMPLATES:
            return ()
        inner: list[Fault] = []
        children = self.level(start, stop, f"{path}/{tag}" if path else tag, inner)
        self.soft += inner
        return () if inner else children

    def _broken(self, at: int, start: int, end: int, path: str, before: list[Node]) -> str:
        """Say in one word why no object begins at ``at``; the layer is tlv in every case."""
        text = self.text
        tag, length = text[at : at + 2], text[at + 2 : at + _HEADER]
        if at == 0:
            return "not_emv"
        if before and not path and before[-1].tag == "63":
            return "trailing_characters"
        if before and self._three_digits(before[-1].start, end):
            return "length_three_digits"
        if path and self._three_digits(start - _HEADER, len(text)):
            return "length_three_digits"
        if at + _HEADER <= end:
            if tag not in _NUMBERS:
                return "wrong_length"
            if length not in _NUMBERS:
                # A tag that was read already is the tail of the value before it.
                again = any(node.tag == tag for node in before)
                return "wrong_length" if again else "length_not_numeric"
        # A sealed text was not cut: one of its lengths is wrong.
        return "wrong_length" if path or text[-8:-4] == "6304" else "truncated"

    def _three_digits(self, start: int, end: int) -> bool:
        """Tell whether the object at ``start`` was written with a length of 100 or more."""
        digits = self.text[start + 2 : start + 5]
        if not (digits.isascii() and digits.isdigit()) or int(digits) <= VALUE_LENGTH_MAX:
            return False
        after = start + 5 + int(digits)
        return after == end or (after < end and self.text[after : after + 2] in _NUMBERS)


def parse(text: str) -> Parsed:
    """Return the tree of ``text`` with all faults of its form; never raises for any text.

    A text of more than :data:`LENGTH_MAX` code points is not read at all.
    """
    if not text:
        return Parsed(text, (), (fault("tlv", "empty", "", 0),), ())
    if len(text) > LENGTH_MAX:
        reason = "too_long" if text.startswith("0002") else "not_emv"
        return Parsed(text, (), (fault("tlv", reason, "", 0),), ())
    if HALVES.search(text) is not None:
        return Parsed(text, (), (fault("tlv", "not_unicode", "", 0),), ())
    parser = _Parser(text)
    nodes = parser.level(0, len(text), "", parser.faults)
    if not text.startswith("00") and any(found.layer == "tlv" for found in parser.faults):
        # Digits of a bar code, say, of which the first few happen to form an object.
        return Parsed(text, (), (fault("tlv", "not_emv", "", 0),), ())
    return Parsed(text, nodes, tuple(parser.faults), tuple(parser.soft))


def parse_template(node: Node, path: str, found: list[Fault]) -> tuple[Node, ...]:
    """Return the objects inside a value that its network declares to be a template.

    Faults (layers tlv and schema) are appended to ``found``; positions count in the whole text.
    """
    parser = _Parser(" " * (node.start + _HEADER) + node.value)
    return parser.level(node.start + _HEADER, len(parser.text), path, found)


def compose(tag: str, value: str) -> str:
    """Return one object as text.

    Raises :class:`QrError` (layer tlv: ``zero_length``, ``value_too_long``) for a value that two
    digits of length cannot state.
    """
    assert tag in _NUMBERS, "a tag is two digits"
    if not value:
        raise QrError([fault("tlv", "zero_length", tag, 0)])
    if len(value) > VALUE_LENGTH_MAX:
        raise QrError([fault("tlv", "value_too_long", tag, 0)])
    return f"{tag}{len(value):02d}{value}"


def write(nodes: Iterable[Node]) -> str:
    """Return the text of a tree; a node with children is written from them."""
    return "".join(
        compose(node.tag, write(node.children) if node.children else node.value) for node in nodes
    )


def crc(text: str) -> str:
    """Return the CRC of ``text``, which ends in ``6304``, as four upper-case hex digits.

    CRC-16/CCITT-FALSE (polynomial 1021, initial FFFF) over the UTF-8 bytes, leading zeros kept.
    """
    return f"{crc_hqx(text.encode(), 0xFFFF):04X}"


def seal(text: str) -> str:
    """Return ``text`` (all objects but the last) with its CRC object.

    Raises :class:`QrError` (layer tlv, ``not_unicode``) for text that has no UTF-8 form.
    """
    sealed = text + "6304"
    try:
        return sealed + crc(sealed)
    except UnicodeEncodeError:
        raise QrError([fault("tlv", "not_unicode", "", 0)]) from None
