"""What a run leaves behind to be judged, and what its words mean: plain values, nothing imported.

States, statuses and accounts are written here a second time, from the rules of the money, so that a
wrong table of the product cannot agree with itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

Row = Mapping[str, Any]
Suspended = tuple[str, Mapping[str, str], bool]
"""An account, an amount, and whether it is owed by us."""

LOST, DUPLICATED, UNBALANCED = "lost", "duplicated", "unbalanced"
CHANGED, MISQUOTED, RECORD, STUCK = "changed", "misquoted", "record", "stuck"

SPONSOR: Final = "ACLBKHPPXXX"
"""Whose pool pays Cambodian shops."""

BACK: Final = frozenset({"unwinding", "unwound", "returning", "returned"})
"""States of what a payer was debited for and gets back by a linked payment."""

GOING_BACK: Final = frozenset({"unwinding", "returning"})
"""Those in which it has not got it yet: as little an end as an open state."""

TOLD_ON: Final = "confirming"
"""The state in which our word is told until it is acknowledged, or people look at it."""

UNSENT: Final = frozenset({"CLEARING_TIMED_OUT", "NETWORK_OFFLINE"})
"""Reasons that say that no byte of a payment left; only then its quote is free again."""

FROZEN: Final = "blocked"
"""The state in which what the payer was to pay is nobody's until an authority says so."""

WAITS: Final = frozenset({"manual", "cancel_manual", FROZEN})
"""States in which a payment waits for people."""

MOVED: Final[Mapping[str, bool | None]] = MappingProxyType(
    {
        "accepted": True,
        "confirming": True,
        "credited": True,
        "refused": False,
        "sending": None,
        "pending_far": None,
        "unknown": None,
        "crediting": None,
        "credit_pending": None,
        "credit_unknown": None,
        "cancelling": None,
        "accepted_unposted": None,
        "looked_up": None,
        "ready": None,
        "lapsed": False,
        "unwinding": False,
        "unwound": False,
        "awaiting_funds": None,
        "held": None,
        "returning": False,
        "returned": False,
        "giving_back": None,
        "put": None,
        **dict.fromkeys(sorted(WAITS)),
    }
)
"""Whether money moved for good; None while the payment has not ended and its money is reserved."""

DECIMALS: Final = MappingProxyType(
    {"KHR": 2, "THB": 2, "USD": 2, "VND": 0, "MYR": 2, "JPY": 0, "CNY": 2, "KRW": 0, "LAK": 2}
)
"""Decimal places of the amounts in rows (ISO 4217)."""

STEPS: Final = MappingProxyType({**dict.fromkeys(sorted(DECIMALS), 1), "KHR": 100, "LAK": 100})
"""Smallest amounts that are paid, in the units of rows: there is no part of a riel or a kip."""

FINAL: Final = MappingProxyType({"ACCC": True, "ACSC": True, "RJCT": False})
"""Statuses that a caller may rely on for ever, and whether they say that money moved."""


@dataclass
class Word:
    """One thing that a caller was told about its payment. ``body`` is what must never change.

    ``known`` is how many words it had heard when it asked.
    """

    status: str
    uetr: str
    known: int
    body: bytes = field(default=b"", repr=False)

    @property
    def final(self) -> bool:
        """Whether the caller may rely on it for ever."""
        return self.status in FINAL


@dataclass
class Told:
    """What one caller did and heard. ``debit`` and ``credit`` are (currency, amount) as quoted."""

    number: int
    inbound: bool = False
    uetr: str = ""
    debit: tuple[str, str] | None = None
    credit: tuple[str, str] | None = None
    words: list[Word] = field(default_factory=list)
    taken_back: bool = False
    """Its network was told that it is not carried out, before anybody was debited for it."""


@dataclass(frozen=True)
class Left:
    """What a run left. ``rows`` are those of the switch by table, ``books`` those of networks."""

    rows: Mapping[str, Sequence[Row]]
    books: Mapping[str, Sequence[Row]]
    told: Sequence[Told]
    pools: tuple[Row, Row] | None = None
    """The backbone's own ledger before and after."""
    lies: frozenset[tuple[str, str]] = frozenset()
    """Networks and references of which they once said the opposite of their books."""
    suspended: Sequence[Suspended] | None = None
    """What is open in suspense, as operators see it; None where nobody looked."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"
