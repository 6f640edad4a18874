"""Quotes as members read them: the amounts, each conversion, each fee, and who gave no quote.

What is shown is what is frozen: exact debit, exact credit, and every spread between them. A price
that is only displayed looks the same but has no token, so it cannot be paid with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.answers import amount, instant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fx.quotes import Hop, Quote
    from fx.refusals import LeftOut
    from fx.requests import Quoted
    from switch.quoting import Offer


def offered(
    offers: Iterable[Offer], left_out: Iterable[tuple[str, LeftOut]], alarms: Iterable[str]
) -> dict[str, object]:
    """Quotes that can be paid, best first."""
    return {
        "quotes": [{"quote": offer.token, **_quote(offer.quote)} for offer in offers],
        **_beside(left_out, alarms),
    }


def displayed(quoted: Quoted) -> dict[str, object]:
    """Quotes that are only shown, best first."""
    return {
        "quotes": [_quote(quote) for quote in quoted.quotes],
        **_beside(quoted.left_out, quoted.alarms),
    }


def _beside(left_out: Iterable[tuple[str, LeftOut]], alarms: Iterable[str]) -> dict[str, object]:
    return {
        "left_out": [{"provider": name, "reason": reason.value} for name, reason in left_out],
        "alarms": list(alarms),
    }


def _quote(quote: Quote) -> dict[str, object]:
    return {
        "quote_id": quote.quote_id,
        "debit": amount(quote.debit),
        "fee": amount(quote.fee),
        "credit": amount(quote.credit),
        "rate": str(quote.rate),
        "effective_rate": quote.effective_rate,
        "expires_at": instant(quote.expires_at),
        "provider": quote.provider,
        "hops": [_hop(hop) for hop in quote.hops],
        "fees": [
            {"party": fee.party, "mode": fee.mode.value, "amount": amount(fee.amount)}
            for fee in quote.fees
        ],
    }


def _hop(hop: Hop) -> dict[str, object]:
    return {
        "provider": hop.provider,
        "source": amount(hop.source),
        "destination": amount(hop.destination),
        "rate": str(hop.rate),
        "unit_currency": hop.rate.unit.code,
        "rate_version": hop.rate_version,
        "spread_bp": hop.spread_bp,
        "residue": amount(hop.residue),
        "scheme_quote": hop.scheme_quote or None,
    }
