"""What a quote is asked with and what comes back: the request, the quotes, who was left out.

The request carries all that changes from call to call (time limits, room under caps, providers that
are shut for this member), so that the engine itself needs neither a clock nor a store.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fx.refusals import LeftOut, QuoteError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fx.money import Currency, Money
    from fx.quotes import Quote

TRIANGULAR: Final = "triangular"
"""Alarm: two sheets through the bridge beat the best direct one by more than the stated margin."""

_NOTHING: Final[Mapping[tuple[str, str], int]] = MappingProxyType({})
_NOBODY: Final[Mapping[str, LeftOut]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Request:
    """One amount to be priced in one corridor.

    ``amount`` in the payer's currency is the whole debit, in the payee's the whole credit.
    ``validity_s`` seconds is the corridor's limit and ``expires_by`` are further ones. ``room``
    says how much a liquidity holder (BIC) may still pay out in a currency, in minor units; absent
    means no bound. ``shut`` leaves providers out with a reason of the caller's.
    """

    corridor: str
    payer: Currency
    payee: Currency
    amount: Money
    member: str = ""
    sponsor: str = ""
    nominated: str | None = None
    validity_s: int | None = None
    expires_by: tuple[datetime, ...] = ()
    room: Mapping[tuple[str, str], int] = field(default_factory=lambda: _NOTHING)
    shut: Mapping[str, LeftOut] = field(default_factory=lambda: _NOBODY)


@dataclass(frozen=True, slots=True)
class Quoted:
    """Every willing provider's quote, best first; the others by name with their reason.

    ``left_out`` has one entry per provider; ``alarms`` are words such as ``triangular``.
    """

    quotes: tuple[Quote, ...]
    left_out: tuple[tuple[str, LeftOut], ...]
    alarms: tuple[str, ...] = ()

    def best(self) -> Quote:
        """Return the best quote.

        Raises :class:`QuoteError` with the reason that came closest to a quote, or
        ``rate_missing`` where nobody has a rate at all.
        """
        if self.quotes:
            return self.quotes[0]
        reasons = [reason for _, reason in self.left_out]
        for reason in _CLOSEST:
            if reason in reasons:
                raise QuoteError(reason.value, "every provider was left out")
        raise QuoteError("rate_missing", "no provider quotes this corridor and currencies")


_CLOSEST: Final = (
    LeftOut.AMOUNT_TOO_SMALL, LeftOut.AMOUNT_TOO_LARGE, LeftOut.NO_LIQUIDITY,
    LeftOut.OUTSTANDING_CAP, LeftOut.HOLIDAY, LeftOut.CLOSED, LeftOut.STALE, LeftOut.OUT_OF_BOUNDS,
    LeftOut.INCONSISTENT, LeftOut.WITHDRAWN, LeftOut.NOT_NOMINATED, LeftOut.NO_RELATIONSHIP,
)  # fmt: skip
"""Reasons that say more than that there is no rate, the closest to a quote first."""
