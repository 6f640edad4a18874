"""Which messages ISO 20022 has, for judging one whose schema is not at hand.

A folder of base schemas never holds every version. A message of a version that exists is then
looked at from outside only; one that ISO never published is refused. The surprise: versions 01 and
02 are from a time when the element inside ``Document`` carried the version or another name.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from lxml import etree

from iso20022 import elements as e
from iso20022.errors import IsoError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from lxml.etree import _Element

FIRST_SETTLED_VERSION: Final = 3
"""From this version on the element inside ``Document`` has its name for good."""

_DATA: Final = Path(__file__).parent / "catalogue.toml"


@cache
def catalogue() -> Mapping[str, tuple[str, ...]]:
    """Return message without version → the element inside ``Document`` and the first in that."""
    rows = tomllib.loads(_DATA.read_text("utf-8"))
    return MappingProxyType({name: tuple(path.split("/")) for name, path in rows.items()})


def refusal_unheld(name: str, document: _Element, held: Collection[str]) -> IsoError | None:
    """Judge a document whose schema is not among ``held``; ``None`` when nothing speaks against it.

    A version above every one that is held of the same message is taken for one that does not exist.
    """
    family, _, version = name.rpartition(".")
    others = [each.rpartition(".") for each in held]
    # The folder is not ours, and may hold other files beside.
    versions = [int(last) for stem, _, last in others if stem == family and last.isdecimal()]
    steps = catalogue().get(family)
    if steps is None or int(version) > max(versions, default=int(version)) or not int(version):
        return IsoError("schema", "FF01", e.AT_DOCUMENT, "the message or its version is not known")
    if int(version) < FIRST_SETTLED_VERSION:
        return None
    at, path = document, e.AT_DOCUMENT
    for step in steps:
        child = next(at.iterchildren(etree.Element), None)
        if child is None or etree.QName(child).localname != step:
            return IsoError("schema", "CH21", f"{path}/{step}", f"the element {step} is missing")
        at, path = child, f"{path}/{step}"
    return None
