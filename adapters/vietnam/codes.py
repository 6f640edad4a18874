"""Result codes of NAPAS: what each says of a payment, and which one says what we refuse.

A code that is not in the table, and one that speaks of the system rather than of the payment,
leaves the payment unknown: only an enquiry can tell. The surprise is what is *not* used: we never
answer 001, 68 or 99 for a refusal, since their reader may take them for "ask again".
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

SUCCESS: Final = "00"
UNKNOWN: Final = "68"
"""Time-out, no answer (H): the outcome is not known there either."""

NOT_FOUND: Final = "25"
"""To an enquiry: no such payment (A, as in ISO 8583)."""

OF_THE_MESSAGE: Final = frozenset({"011", "94"})
"""A reference used before: the first use may have been executed."""

OF_THE_SYSTEM: Final = frozenset({"001", "06", "91", "96", "99"})
"""Speak of a system that failed, not of what became of the payment before it did."""

REFUSALS: Final[Mapping[str, Reason]] = MappingProxyType({
    "004": Reason.FORMAT_INVALID, "006": Reason.FORMAT_INVALID, "010": Reason.FORMAT_INVALID,
    "007": Reason.AGENT_UNKNOWN, "008": Reason.QR_INVALID, "05": Reason.UNSPECIFIED,
    "12": Reason.TRANSACTION_UNSUPPORTED, "13": Reason.AMOUNT_MALFORMED,
    "14": Reason.ACCOUNT_UNKNOWN, "30": Reason.FORMAT_INVALID, "41": Reason.ACCOUNT_BLOCKED,
    "51": Reason.FUNDS_INSUFFICIENT, "54": Reason.QR_EXPIRED, "57": Reason.TRANSACTION_FORBIDDEN,
    "59": Reason.FRAUD_SUSPECTED, "61": Reason.AMOUNT_ABOVE_LIMIT, "62": Reason.ACCOUNT_BLOCKED,
    "63": Reason.SIGNATURE_INVALID, "78": Reason.ACCOUNT_CLOSED, "90": Reason.CREDITOR_OFFLINE,
})  # fmt: skip
"""Refusals that NAPAS may give: 004, 007, 008 and 010 are seen (H), the rest are ISO 8583's (A)."""

_OURS: Final[Mapping[str, str]] = MappingProxyType({
    "AM01": "13", "AM02": "61", "AM03": "12", "AM04": "51", "AM06": "13", "AM09": "13",
    "AM12": "13", "AM14": "61", "AC01": "14", "AC04": "78", "AC06": "41", "AG01": "57",
    "AG03": "12", "AGNT": "007", "RC04": "007", "DS24": "54", "TM01": "54", "TK01": "008",
    "FF01": "004", "CH21": "004", "CH16": "010", "DS0A": "63", "DS0B": "63", "DUPL": "011",
    "FRAD": "59", "RR04": "57", "AB08": "90", "AB07": "90",
    "NARR": "25", "AB01": "54", "AB03": "54",
})  # fmt: skip

_ANY_REFUSAL: Final = "05"


def refusal_code(reason: Reason | None) -> str:
    """Return the code of a refusal of ours; one that has no code of its own is ``05``."""
    return _ANY_REFUSAL if reason is None else _OURS.get(reason.iso, _ANY_REFUSAL)


def is_uncertain(code: str) -> bool:
    """Whether a code leaves open what became of the payment."""
    return code not in REFUSALS and code not in (SUCCESS, NOT_FOUND)
