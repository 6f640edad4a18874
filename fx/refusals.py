"""Why a quote or a rate sheet is refused: one exception each, with a code that programs read.

The texts name what is wrong and never repeat what was sent. Reasons why a provider is left out of a
quote are no exceptions: they are words of :class:`LeftOut`, beside the quotes of the others.
"""

from __future__ import annotations

from enum import StrEnum


class QuoteError(ValueError):
    """A quote that cannot be given or read; ``code`` says why.

    Codes: ``rate_missing`` (no provider quotes this corridor in these currencies),
    ``currency_mismatch``, ``same_currency``, ``amount_too_small`` (nothing is left to convert or to
    pay out), ``amount_too_large``, ``amount_decimals`` (not a multiple of the currency's step),
    ``expired`` (a limit on the validity has passed), ``time_naive`` (a time without its offset),
    ``quote_inconsistent`` and ``terms_malformed`` (stored terms that are not a quote of ours), and
    every word of :class:`LeftOut` when all providers were left out.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class RateRefused(ValueError):  # noqa: N818  the name says what it is
    """A rate sheet, reference or withdrawal that is not taken; ``code`` says why.

    Codes: ``sheet_malformed``, ``time_naive``, ``same_currency``, ``rate_direction`` (below 1: it
    is to be stated the other way round), ``tiers_disordered``, ``tiers_not_monotone`` (more in
    would give less out), ``improvement_above_spread``, ``provider_unknown``, ``not_a_quoter``,
    ``version_reused`` (same version, other content), ``version_unknown``, ``out_of_order`` (not
    effective after the version before it), ``backdated`` (effective long before it is posted),
    ``too_many_ahead`` (too many versions wait to take effect), ``too_often`` (too many versions
    that open quotes may name), ``out_of_bounds`` (too far from the reference),
    ``jump`` (too far from a version of the last hour), ``inverse_loop`` (its own two directions
    together would pay a profit).
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class LeftOut(StrEnum):
    """Why a provider is not among the quotes of a request."""

    NO_RELATIONSHIP = "no_relationship"
    NOT_NOMINATED = "not_nominated"
    NO_RATE = "no_rate"
    WITHDRAWN = "withdrawn"
    STALE = "stale"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    OUT_OF_BOUNDS = "out_of_bounds"
    OUTSTANDING_CAP = "outstanding_cap"
    NO_LIQUIDITY = "no_liquidity"
    AMOUNT_TOO_SMALL = "amount_too_small"
    AMOUNT_TOO_LARGE = "amount_too_large"
    INCONSISTENT = "inconsistent"
    """A scheme's own quote whose amounts, rate and times do not fit together."""
