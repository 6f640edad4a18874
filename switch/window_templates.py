"""The templates of a settlement window, which no command books yet. Data.

A member's position moves to what is settling when its window closes, and is discharged by Bakong,
by the RTGS or by a nostro's advice. The surprise: they stand in the table all the same, so that the
accounts of a window are decided and shown before anything is booked on them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.ledger import Asset, Kind, Role
from switch.template_parts import Posting
from switch.template_parts import cr as _cr
from switch.template_parts import dr as _dr

if TYPE_CHECKING:
    from collections.abc import Mapping

_POSTED: Final = "posted at once"
_BAKONG: Final = Asset.BAKONG

WINDOWS: Final[Mapping[str, Posting]] = MappingProxyType(
    {
        "window_closing": Posting(
            "a window closes on what a member owes and a network is owed",
            (
                _dr("payer_side", Role.MEMBER, "debit", kind=Kind.SETTLING),
                _cr("payer_side", Role.MEMBER, "debit"),
                _dr("payee_side", Role.NETWORK, "destination"),
                _cr("payee_side", Role.NETWORK, "destination", kind=Kind.SETTLING),
            ),
            _POSTED + "; what stands the other way: with its sides exchanged",
            "the close of a settlement window",
        ),
        "window_confirmed": Posting(
            "a window is discharged: over Bakong at home, by the nostro's advice abroad",
            (
                _dr("sponsor", Role.POOL, "debit", asset=_BAKONG),
                _cr("payer_side", Role.MEMBER, "debit", kind=Kind.SETTLING),
                _dr("payee_side", Role.NETWORK, "destination", kind=Kind.SETTLING),
                _cr("settlement_agent", Role.NOSTRO, "destination", asset=Asset.ADVISED),
            ),
            _POSTED + "; what stands the other way: with its sides exchanged",
            "the confirmation of a settlement window",
        ),
        "window_confirmed_rtgs": Posting(
            "a window is discharged at home by the RTGS's advice",
            (
                _dr("settlement_agent", Role.NOSTRO, "debit", asset=Asset.ADVISED),
                _cr("payer_side", Role.MEMBER, "debit", kind=Kind.SETTLING),
            ),
            _POSTED + "; what stands the other way: with its sides exchanged",
            "the confirmation of a settlement window over the RTGS",
        ),
    }
)
"""By name, as in the whole table."""
