"""Fees by formula: fixed + basis points, within bounds, in steps of the currency.

The payer's fee is paid on top of what is converted; the payee's is deducted from what arrives. The
one surprise is :meth:`Fee.split`: when the payer fixes the total, no source amount may meet it
exactly under a percentage, and the step that is left over belongs to the fee.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fx.money import Money, MoneyError, Rounding, divide
from fx.refusals import QuoteError
from fx.sheets import BASIS


@dataclass(frozen=True, slots=True)
class Fee:
    """What the payer pays on top, in the payer's currency: fixed + basis points, within bounds.

    The percentage is of the converted (source) amount and is rounded up to the currency's step;
    the bounds hold for both parts together. ``maximum`` absent means no upper bound.
    """

    fixed: Money
    basis_points: int
    minimum: Money
    maximum: Money | None

    def on(self, source: Money) -> Money:
        """Return the fee on a converted amount."""
        unit = source.currency
        if unit.code != self.fixed.currency.code:
            raise MoneyError("currency_mismatch", "the fee is in another currency")
        charged = self.fixed.minor
        if not self.basis_points and self.maximum is None and charged >= self.minimum.minor:
            return self.fixed
        if self.basis_points:
            step = unit.cash_step
            share = source.minor * self.basis_points
            charged += divide(share, BASIS * step, Rounding.UP) * step
        charged = max(charged, self.minimum.minor)
        if self.maximum is not None:
            charged = min(charged, self.maximum.minor)
        return Money(charged, unit)

    def split(self, total: Money) -> tuple[Money, Money]:
        """Split what the payer gives into (source, fee), the source as large as it can be.

        ``source + fee == total`` always, and ``on(source) <= fee <= on(source + one step)``.
        Raises :class:`QuoteError` ``amount_too_small`` when the fee leaves nothing to convert.
        """
        if total < self.fixed or total < self.minimum:
            raise QuoteError("amount_too_small", "the amount does not cover the fee")
        step = total.currency.cash_step
        # The percentage rounded up fits in what is left exactly when the percentage itself does,
        # so the largest source is a quotient; each bound then caps or raises it by subtraction.
        share = divide((total.minor - self.fixed.minor) * BASIS, BASIS + self.basis_points,
                       Rounding.DOWN)  # fmt: skip
        source = min(share - share % step, total.minor - self.minimum.minor)
        if self.maximum is not None:
            source = max(source, total.minor - self.maximum.minor)
        if source <= 0:
            raise QuoteError("amount_too_small", "the fee leaves nothing to convert")
        converted = Money(source, total.currency)
        return converted, total - converted

    def grossed(self, net: Money) -> Money:
        """Return the least amount of which this fee, deducted, leaves ``net`` exactly.

        Raises :class:`QuoteError` ``amount_too_small`` for a fee that takes the whole.
        """
        if self.basis_points >= BASIS:
            raise QuoteError("amount_too_small", "the fee leaves nothing to pay out")
        step = net.currency.cash_step
        # An amount less its percentage, rounded down, rises by a step or stays as the amount rises
        # by one, so every net is met; the bounds cap or raise what the formula takes.
        base = net.minor + self.fixed.minor
        steps = divide(base * BASIS, (BASIS - self.basis_points) * step, Rounding.DOWN)
        gross = max(steps * step, net.minor + self.minimum.minor)
        if self.maximum is not None:
            gross = min(gross, net.minor + self.maximum.minor)
        found = Money(gross, net.currency)
        one = Money(step, net.currency)
        while found < net + self.on(found):
            found += one
        return found


class FeeMode(StrEnum):
    """How a fee is taken."""

    INVOICED = "invoiced"
    """On top of what is converted: part of the debit."""

    DEDUCTED = "deducted"
    """From what is paid out: the credit is the destination less the fee."""


@dataclass(frozen=True, slots=True)
class FeeLine:
    """One fee of a quote: who bears it (``payer`` or ``payee``), how it is taken, how much."""

    party: str
    mode: FeeMode
    amount: Money
