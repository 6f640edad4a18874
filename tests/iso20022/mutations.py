"""Seeded damage to a message: to its bytes, or to its tree so that it stays well-formed."""

from __future__ import annotations

import copy
from random import Random
from typing import TYPE_CHECKING, Final

from lxml import etree

if TYPE_CHECKING:
    from lxml.etree import _Element

PIECES: Final = (
    b"<",
    b"&#0;",
    b"&#xD800;",
    b"<x/>",
    b"]]>",
    b"&amp;",
    b"/",
    b"\n",
    b"<!--",
    b"<?x?>",
    b"<![CDATA[",
    b"\xff\xfe",
    b"\xe1\x9e\x80",
)
TEXTS: Final = (
    "",
    " ",
    "\u00a0",
    "0",
    "-1",
    "1e9",
    "NaN",
    "INF",
    "0.000",
    "1.23456789012345678901",
    "9" * 30,
    "٣٤٥",
    "true",
    "2026-02-30",
    "2026-11-21T25:00:00Z",
    "2026-11-21T10:00:00",
    "24:00:00",
    "9999-12-31T23:59:59.999999+14:00",
    "0001-01-01T00:00:00-14:00",
    "-0001-01-01",
    "/a//b/",
    "x" * 3000,
    "\u202e",
    "\U0001f4b8",
)
ATTRIBUTES: Final = (
    ("Ccy", "XXX"),
    ("Ccy", ""),
    ("Ccy", "THB "),
    ("Id", "a"),
    ("{http://www.w3.org/2001/XMLSchema-instance}nil", "true"),
    ("{http://www.w3.org/2001/XMLSchema-instance}type", "x:y"),
    ("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation", "a b"),
    ("{http://www.w3.org/XML/1998/namespace}space", "preserve"),
)


def mutated(raw: bytes, source: Random) -> bytes:
    """One to four wounds; the same source gives the same bytes."""
    wound = damaged_bytes if source.random() < 0.4 else damaged_tree
    return wound(raw, source)


def damaged_bytes(raw: bytes, source: Random) -> bytes:
    """Bytes changed, taken out, copied about, or put in."""
    data = bytearray(raw)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(data))
        match source.randrange(5):
            case 0:
                data[at] = source.randrange(256)
            case 1:
                del data[at : at + source.randint(1, 30)]
            case 2:
                start = source.randrange(len(data))
                data[at:at] = data[start : start + source.randint(1, 60)]
            case 3:
                data[at] ^= 1 << source.randrange(8)
            case _:
                data[at:at] = source.choice(PIECES)
        if not data:
            return b""
    return bytes(data)


def damaged_tree(raw: bytes, source: Random) -> bytes:
    """Elements changed, taken out, doubled or moved; texts and attributes of other kinds."""
    root = etree.fromstring(raw)
    for _ in range(source.randint(1, 4)):
        _wound(root, source)
    return etree.tostring(root)


def _wound(root: _Element, source: Random) -> None:
    elements = list(root.iter())
    chosen, other = source.choice(elements), source.choice(elements)
    parent = chosen.getparent()
    match source.randrange(7):
        case 0:
            chosen.text = source.choice(TEXTS)
        case 1:
            chosen.set(*source.choice(ATTRIBUTES))
        case 2:
            chosen.attrib.clear()
        case 3 if parent is not None:
            parent.remove(chosen)
        case 4 if parent is not None:
            parent.append(copy.deepcopy(chosen))
        case 5 if len(elements) < 400:
            other.append(copy.deepcopy(chosen))
        case _:
            space = source.choice([etree.QName(other).namespace or "", "urn:x"])
            name = etree.QName(source.choice(elements)).localname
            chosen.tag = f"{{{space}}}{name}" if space else name
