"""Posting templates of what ends an exposure: money that was paid against an answer. Data.

A bearer is exposed by it until its network pays it or gives it back, or until it is written off;
who got it at home gives it back by the set that paid it, turned round. Each set is of one currency.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.ledger import Kind, Role
from switch.template_parts import Posting, cr, dr

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDS: Final = cr("bearer", Role.BEARER, "debit", kind=Kind.EXPOSURE)

EXPOSURES: Final[Mapping[str, Posting]] = MappingProxyType(
    {
        "late_credit_lost": Posting(
            "an exposure that nobody makes good: its bearer owes it",
            (dr("bearer", Role.BEARER, "debit"), _ENDS),
            "posted at once",
            "the end of an exposure that is written off, by two operators",
            booked=True,
        ),
        "exposure_recovered": Posting(
            "what a bearer is exposed by is paid, or given back, by its network",
            (dr("payer_side", Role.NETWORK, "debit"), _ENDS),
            "posted at once",
            "the end of an exposure, by two operators or by the network's own file",
            booked=True,
        ),
    }
)
