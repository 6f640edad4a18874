"""The one exception of this package, and the data behind it.

A refusal names the layer that refused (the bytes, their safety, the schema, a rule), the ISO 20022
reason to answer with, the place, and a sentence that a bank engineer can act on. The surprise: no
refusal ever carries a value of the message, because names and accounts must not reach a log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Layer = Literal["parse", "security", "schema", "rule"]

DETAIL_CHARACTERS_MAX: Final = 300
"""Longest ``detail``: fits ``RsnDesc`` of admi.002 (350 characters) with room for a prefix."""

PATH_CHARACTERS_MAX: Final = 350
"""Longest ``path``: ``ErrLctn`` of admi.002."""


class IsoError(Exception):
    """A message was refused, on the way in or out.

    ``layer`` says which check refused, ``code`` is the ISO external reason to answer with (FF01,
    CH21, AM12 ...), ``path`` an XPath without prefixes, ``detail`` one sentence without any value
    of the message.
    """

    def __init__(self, layer: Layer, code: str, path: str, detail: str) -> None:
        super().__init__(detail[:DETAIL_CHARACTERS_MAX])
        self.layer: Final = layer
        self.code: Final = code
        self.path: Final = path[:PATH_CHARACTERS_MAX]
        self.detail: Final = detail[:DETAIL_CHARACTERS_MAX]

    def __str__(self) -> str:
        return f"{self.layer} {self.code} at {self.path}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as data: its id, where it comes from, the reason code, the sentence."""

    id: str
    source: str
    code: str
    detail: str


class Breach(Exception):  # noqa: N818 - not an error of ours: the reader makes an IsoError of it
    """A value breaks a rule; whoever knows the place turns this into :class:`IsoError`."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.detail)
        self.rule: Final = rule


class Misfit(Exception):  # noqa: N818 - as Breach
    """A value given to the builder does not fit its type at all."""

    def __init__(self, says: str) -> None:
        super().__init__(says)
        self.says: Final = says
