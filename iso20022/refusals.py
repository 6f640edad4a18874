"""Which message answers one that is refused, and what it says.

A payment that can be named is rejected by a pacs.002, so that its bank need not wait; whatever has
no reference to be trusted is rejected as a message, by an admi.002. The surprise: a payment whose
UETR is what is wrong is named by its other identifications, which another payment may bear as well.
Who knows payments by their UETR, as the switch does, says no more of it than an admi.002 says.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from iso20022 import elements as e
from iso20022.envelope import find_parts, parse_any
from iso20022.errors import IsoError
from iso20022.originals import id_of_header, ids_of_payment, originals_of
from iso20022.rules import NAMES_WITHOUT_UETR

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lxml.etree import _Element

    from iso20022.envelope import Parts

NO_REFERENCE: Final = "NOTPROVIDED"
"""What a rejection refers to when the message had no identification of a usable shape."""

INFORMATION_MAX: Final = 105
"""Characters of one ``AddtlInf``."""

LINES_MAX: Final = 4
"""Most ``AddtlInf`` of one reason in our guideline."""

_NO_END_TO_END: Final = "NOTPROVIDED"
"""``EndToEndId`` where the payer gave none; it names nothing."""

_PAYMENTS: Final = ("pacs.008.001.", "pacs.009.001.")
_UNTRUSTED: Final = frozenset({"parse", "security"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to a refused message: ``pacs.002`` for a payment, ``admi.002`` for anything else.

    ``reason`` is the code to give, ``location`` an XPath without prefixes, ``sentence`` what a
    bank's engineer reads. ``originals`` are the fields by which a pacs.002 names the payment.
    """

    message: Literal["admi.002", "pacs.002"]
    reason: str
    location: str
    sentence: str
    related: str = field(repr=False)
    originals: Mapping[str, str] = field(repr=False)

    def values(self, at: datetime) -> dict[str, object]:
        """Return the fields of the answer but for its own identification; for ``build``."""
        if self.message == "admi.002":
            return {
                "related_reference": self.related,
                "reason_code": self.reason,
                "rejected_at": at,
                "error_location": self.location or None,
                "reason_description": self.sentence,
            }
        return {
            **self.originals,
            "status": "RJCT",
            "reason": self.reason,
            "additional_information": tuple(self.lines()),
        }

    def lines(self) -> list[str]:
        """Return sentence and place as lines that fit ``AddtlInf``."""
        place = [f"at {self.location}"] if self.location else []
        said = [line for text in (self.sentence, *place) for line in _wrapped(text)]
        return said[:LINES_MAX]


def refusal_of(raw: bytes, error: IsoError) -> Refusal:
    """Return the answer to ``raw``, which was refused with ``error``; never raises.

    Signature, safety, encoding, an unknown message or version, and anything in the header: there
    is no reference to trust, so admi.002. A payment of known kind with a readable UETR, or else
    with another identification of its own: pacs.002.
    """
    try:
        root = None if error.layer in _UNTRUSTED else parse_any(raw)
    except IsoError:
        root = None
    return _rejected(error, NO_REFERENCE) if root is None else refusal_of_tree(root, error)


def refusal_of_tree(root: _Element, error: IsoError) -> Refusal:
    """Return the answer to a parsed message, such as the part that a signature covers."""
    try:
        parts = None if error.layer in _UNTRUSTED else find_parts(root)
    except IsoError:
        parts = None
    if parts is None:
        return _rejected(error, NO_REFERENCE)
    heading = "" if parts.header is None else id_of_header(parts.header)
    if parts.document is None or not _names_payment(parts, error):
        return _rejected(error, heading or NO_REFERENCE)
    ids = ids_of_payment(parts.document)
    if not _named(ids):
        return _rejected(error, heading or ids.get("message_id", NO_REFERENCE))
    ids.setdefault("message_id", heading or NO_REFERENCE)
    originals = MappingProxyType(originals_of(ids, parts.document_name))
    return Refusal("pacs.002", error.code, error.path, error.detail, ids["message_id"], originals)


def _rejected(error: IsoError, related: str) -> Refusal:
    nothing: Mapping[str, str] = MappingProxyType({})
    return Refusal("admi.002", error.code, error.path, error.detail, related, nothing)


def _names_payment(parts: Parts, error: IsoError) -> bool:
    unknown = error.layer == "schema" and error.path == e.AT_DOCUMENT
    in_header = error.path.startswith(e.AT_HEADER)
    return parts.document_name.startswith(_PAYMENTS) and not (unknown or in_header)


def _named(ids: Mapping[str, str]) -> bool:
    found = {f"original_{name}": value for name, value in ids.items() if value != _NO_END_TO_END}
    return "uetr" in ids or any(name in found for name in NAMES_WITHOUT_UETR)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, INFORMATION_MAX)
