"""Refusals at the boundary: a reason, an HTTP status, and nothing of what was sent.

A use case raises :class:`Refusal` for input that it will not work on; nothing was stored and no key
was bound. The maps below give each library error one reason, so one cause has one code on every
path.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.reasons import Reason

if TYPE_CHECKING:
    from fx.money import MoneyError
    from fx.refusals import QuoteError
    from switch.qr import QrError


class Refusal(Exception):  # noqa: N818  the name says what it is
    """A request that is refused before anything was stored.

    ``status`` is the HTTP status; ``place`` names the field or path that is wrong, never its value.
    """

    def __init__(self, reason: Reason, status: int = 422, place: str | None = None) -> None:
        super().__init__(reason.name)
        self.reason = reason
        self.status = status
        self.place = place


class Busy(Exception):  # noqa: N818  the name says what it is
    """A bound is reached; nothing was stored and nothing bound (503 with Retry-After)."""


class TooMany(Exception):  # noqa: N818  the name says what it is
    """A caller's bound is used up; nothing was stored and nothing bound (429 with Retry-After)."""

    def __init__(self, after_s: int) -> None:
        super().__init__(f"again after {after_s} s")
        self.after_s = after_s


_MONEY: Final = MappingProxyType(
    {
        "currency_unknown": Reason.CURRENCY_UNSUPPORTED,
        "currency_mismatch": Reason.CURRENCY_UNSUPPORTED,
        "amount_malformed": Reason.AMOUNT_MALFORMED,
        "amount_decimals": Reason.AMOUNT_MALFORMED,
        "amount_zero": Reason.AMOUNT_ZERO,
        "amount_too_large": Reason.AMOUNT_ABOVE_SCHEME,
    }
)
_QUOTE: Final = MappingProxyType(
    {
        "rate_missing": Reason.CURRENCY_UNSUPPORTED,
        "currency_mismatch": Reason.CURRENCY_UNSUPPORTED,
        "amount_too_small": Reason.AMOUNT_BELOW_SCHEME,
        "amount_too_large": Reason.AMOUNT_ABOVE_SCHEME,
        "amount_decimals": Reason.AMOUNT_MALFORMED,
        "expired": Reason.QR_EXPIRED,
        "same_currency": Reason.CURRENCY_UNSUPPORTED,
        "outstanding_cap": Reason.QUOTES_OUTSTANDING,
        "no_liquidity": Reason.RATE_UNAVAILABLE,
        "holiday": Reason.RATE_UNAVAILABLE,
        "closed": Reason.RATE_UNAVAILABLE,
        "stale": Reason.RATE_UNAVAILABLE,
        "out_of_bounds": Reason.RATE_UNAVAILABLE,
        "inconsistent": Reason.RATE_UNAVAILABLE,
        "withdrawn": Reason.RATE_UNAVAILABLE,
        "not_nominated": Reason.TRANSACTION_UNSUPPORTED,
        "no_relationship": Reason.TRANSACTION_UNSUPPORTED,
    }
)
_QR: Final = MappingProxyType(
    {
        "DS24": Reason.QR_EXPIRED,
        "AM12": Reason.AMOUNT_MALFORMED,
        "AM01": Reason.AMOUNT_ZERO,
        "AM03": Reason.CURRENCY_UNSUPPORTED,
    }
)


def of_money(error: MoneyError) -> Reason:
    """The reason of an amount that cannot be used."""
    return _MONEY.get(error.code, Reason.FORMAT_INVALID)


def of_quote(error: QuoteError) -> Reason:
    """The reason why no quote can be given, or why terms are not a quote of ours."""
    return _QUOTE.get(error.code, Reason.QUOTE_INVALID)


def of_qr(error: QrError) -> Reason:
    """The reason why a code cannot be paid."""
    if error.reason in ("unknown_network", "not_a_payment_code"):
        return Reason.QR_UNROUTABLE
    return _QR.get(error.code, Reason.QR_INVALID)
