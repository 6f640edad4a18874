"""PayNet's words for what became of a message, and the switch's reasons for each. Data.

A status with a reason: ACSP U000 is final, ACTC U002 is stored and will be forwarded, RJCT with any
other code is a refusal. The surprise: a code that is not listed here refuses nothing by itself,
because it may speak of a copy of the message; the enquiry after it decides.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCEPTED: Final = ("ACSP", "U000")
STORED: Final = ("ACTC", "U002")
"""Accepted and kept in PayNet's queue: never refunded, never repeated."""

REJECTED: Final = "RJCT"

NEVER_SEEN: Final = "NSEEN"
"""Our word in camt.006 for a message that never arrived, and theirs as far as we know (A)."""

REASONS: Final[Mapping[str, Reason]] = MappingProxyType({
    "U100": Reason.TRANSACTION_UNSUPPORTED,
    "U101": Reason.COUNTERPARTY_ERROR,
    "U102": Reason.COUNTERPARTY_ERROR,
    "U103": Reason.COUNTERPARTY_ERROR,
    "U110": Reason.TRANSACTION_FORBIDDEN,
    "U111": Reason.AMOUNT_BELOW_SCHEME,
    "U112": Reason.AMOUNT_ABOVE_SCHEME,
    "U115": Reason.TOO_OLD,
    "U121": Reason.AGENT_UNKNOWN,
    "U280": Reason.COUNTERPARTY_ERROR,
})  # fmt: skip
"""Every published code of a refusal."""

DATE_OUTSIDE: Final = "U115"
"""The day of the message is not today's in Malaysia."""

GATEWAY: Final[Mapping[str, Reason]] = MappingProxyType({
    "API.001": Reason.COUNTERPARTY_ERROR,
    "API.002": Reason.FORMAT_INVALID,
    "API.003": Reason.FORMAT_INVALID,
    "API.004": Reason.CHARACTER_INVALID,
    "API.005": Reason.ELEMENT_MISSING,
    "API.007": Reason.SIGNATURE_INVALID,
})  # fmt: skip
"""What the gateway says of a message that it did not pass on. API.008, its time-out, is not here:
then the message may have been passed on."""

_OUTWARD: Final[Mapping[Reason, str]] = MappingProxyType({
    Reason.AMOUNT_BELOW_SCHEME: "U111",
    Reason.AMOUNT_ZERO: "U111",
    Reason.AMOUNT_ABOVE_SCHEME: "U112",
    Reason.AMOUNT_ABOVE_LIMIT: "U112",
    Reason.TOO_OLD: "U115",
    Reason.TOMBSTONED: "U115",
    Reason.QUOTE_EXPIRED: "U115",
    Reason.LAPSED: "U115",
    Reason.REFUND_TOO_LATE: "U115",
    Reason.REFUND_TOO_MUCH: "U112",
    Reason.AGENT_UNKNOWN: "U121",
    Reason.QR_INVALID: "U100",
    Reason.QR_UNROUTABLE: "U100",
    Reason.QR_EXPIRED: "U100",
    Reason.TRANSACTION_UNSUPPORTED: "U100",
})  # fmt: skip

NOT_ACCEPTED: Final = "U110"
"""Payment not accepted: what we say where PayNet has no word that is closer."""


def reason_of(code: str) -> Reason | None:
    """The reason that a code of a refusal stands for; None for one that is not listed."""
    return REASONS.get(code)


def code_of(reason: Reason) -> str:
    """The code by which we refuse towards PayNet."""
    return _OUTWARD.get(reason, NOT_ACCEPTED)
