"""Faults of a scanned code: what is wrong, in which layer, where, and which code to answer.

A reader collects every fault it can see; the first by layer (then by position) decides and travels
as a :class:`QrError` with the whole list. Neither class ever holds text of the code: a path is made
of tag numbers, a reason is one word. The surprise is the layer order: a code with a wrong CRC is
refused for the CRC even if it has also expired, because nothing behind the CRC can be believed.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

LAYERS: Final = ("tlv", "crc", "schema", "field", "network", "time")
"""Layers in the order in which they decide."""

_RANK: Final = MappingProxyType({layer: rank for rank, layer in enumerate(LAYERS)})

CODE_INVALID: Final = "TK01"
CODE_EXPIRED: Final = "DS24"
CODE_AMOUNT_MALFORMED: Final = "AM12"
CODE_AMOUNT_ZERO: Final = "AM01"
CODE_CURRENCY: Final = "AM03"

_CODES: Final = MappingProxyType(
    {
        "expired": CODE_EXPIRED,
        "amount_format": CODE_AMOUNT_MALFORMED,
        "currency_not_allowed": CODE_CURRENCY,
        "currency_unsupported": CODE_CURRENCY,
    }
)


class Fault(NamedTuple):
    """One thing wrong with a code.

    ``path`` joins tags by a slash (``62/01``; empty for the whole text); ``position`` counts code
    points from the start of the text; ``code`` is the outward reason code (ISO 20022 external code
    set: TK01 invalid code, DS24 expired, AM01 zero, AM03 currency, AM12 malformed amount).
    """

    layer: str
    reason: str
    path: str
    position: int
    code: str


def fault(layer: str, reason: str, path: str, position: int, code: str | None = None) -> Fault:
    """Return a fault whose outward code follows from its reason unless ``code`` is given."""
    return Fault(layer, reason, path, position, code or _CODES.get(reason, CODE_INVALID))


def ordered(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return the faults with the deciding one first: by layer, then by position, then as found."""
    return tuple(sorted(faults, key=lambda found: (_RANK[found.layer], found.position)))


class QrError(ValueError):
    """A code that cannot be paid, or that must not be written.

    ``faults`` holds all that was found, the deciding one first; ``layer``, ``reason``, ``path``,
    ``position`` and ``code`` are its. ``scheme`` is the scheme that claimed the code, if one did;
    ``nbc`` the error number of the Cambodian central bank's own software, where it has one.
    """

    def __init__(
        self, faults: Iterable[Fault], *, scheme: str | None = None, nbc: int | None = None
    ) -> None:
        self.faults = ordered(faults)
        assert self.faults, "a refusal names at least one fault"
        first = self.faults[0]
        self.layer = first.layer
        self.reason = first.reason
        self.path = first.path
        self.position = first.position
        self.code = first.code
        self.scheme = scheme
        self.nbc = nbc
        super().__init__(f"{first.layer}: {first.reason} at {first.path or 'start'}")
