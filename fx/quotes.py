"""Quotes: the amounts, rate, fee and expiry that a payer is shown and a payment is held to.

Either side may be fixed. With the merchant's amount fixed, the source is rounded up to what the
payer's currency moves in; with the payer's total fixed, the fee is taken first and the destination
is rounded down. So the liquidity holder never pays out more than it is given, the payer is never a
whole step above the exact price, and ``debit == source + fee`` to the unit. The surprise is what is
absent: there is no clock and no id source here, both are given, so that a seed replays a quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from fx.money import Money, MoneyError, Rate, Rounding, currency, divide
from fx.providers import Direction, QuoteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fx.providers import StandingRate

__all__ = ["EFFECTIVE_RATE_DECIMALS", "Quote", "QuoteError", "quote_destination", "quote_source"]

EFFECTIVE_RATE_DECIMALS: Final = 6
"""Decimals of the effective rate; it is shown, never computed with."""

_UUID: Final = re.compile(r"\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.ASCII)
_TERMS_TEXT: Final = (
    "quote_id", "corridor", "direction", "provider", "liquidity_holder", "rate", "rate_unit",
    "rate_quoted", "rate_version", "payer_currency", "merchant_currency", "issued_at", "expires_at",
)  # fmt: skip
_TERMS_WHOLE: Final = ("debit", "fee", "source", "destination")
_Term = TypeVar("_Term", str, int)


@dataclass(frozen=True, slots=True)
class Quote:
    """Frozen terms of one conversion.

    ``debit`` is taken from the payer and is ``source + fee``, all three in the payer's currency;
    ``source`` is converted at ``rate``; ``destination`` is paid out in the merchant's currency from
    the account of ``liquidity_holder`` (a BIC). The times are aware UTC. One that does not add up
    raises :class:`QuoteError` ``quote_inconsistent``.
    """

    quote_id: str
    corridor: str
    direction: Direction
    provider: str
    liquidity_holder: str
    rate: Rate
    rate_version: str
    debit: Money
    fee: Money
    source: Money
    destination: Money
    issued_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        if _UUID.match(self.quote_id) is None:
            raise QuoteError("quote_inconsistent", "a quote id is a UUID in lower case")
        for moment in (self.issued_at, self.expires_at):
            if moment.utcoffset() != timedelta(0):
                raise QuoteError("quote_inconsistent", "the times of a quote are in UTC")
        if self.expires_at <= self.issued_at:
            raise QuoteError("quote_inconsistent", "a quote expires after it is issued")
        self._check_amounts()

    def _check_amounts(self) -> None:
        payer, merchant = self.source.currency, self.destination.currency
        pair = (self.rate.unit, self.rate.quoted)
        if payer == merchant or pair not in ((payer, merchant), (merchant, payer)):
            raise QuoteError("quote_inconsistent", "the rate is not between these currencies")
        if self.source.minor == 0 or self.destination.minor == 0:
            raise QuoteError("quote_inconsistent", "a quote converts something")
        try:
            added = self.debit == self.source + self.fee
            covered = self.rate.convert(self.destination, Rounding.UP) <= self.source
        except MoneyError as error:
            raise QuoteError("quote_inconsistent", error.detail) from None
        if not added:
            raise QuoteError("quote_inconsistent", "the debit is not source and fee together")
        if not covered:
            raise QuoteError("quote_inconsistent", "the source does not pay for the destination")

    @property
    def effective_rate(self) -> str:
        """What the payer really pays, fee included, in the direction of ``rate``: ``119.565217``.

        Rounded half up to six decimals; for display (ISO 20022 has no place for it).
        """
        sides = (self.debit, self.destination)
        quoted, unit = sides if self.rate.quoted == self.debit.currency else sides[::-1]
        scale = 10**EFFECTIVE_RATE_DECIMALS
        scaled = divide(
            quoted.minor * unit.currency.minor_per_major * scale,
            unit.minor * quoted.currency.minor_per_major,
            Rounding.HALF_UP,
        )
        whole, fraction = divmod(scaled, scale)
        return f"{whole}.{fraction:0{EFFECTIVE_RATE_DECIMALS}d}"

    def expired(self, now: datetime) -> bool:
        """Whether the quote can no longer be claimed: from ``expires_at`` on, that instant too."""
        return now >= self.expires_at

    def to_terms(self) -> dict[str, object]:
        """Return the quote as JSON values: text, and whole numbers of minor units."""
        return {
            "quote_id": self.quote_id,
            "corridor": self.corridor,
            "direction": self.direction.value,
            "provider": self.provider,
            "liquidity_holder": self.liquidity_holder,
            "rate": str(self.rate),
            "rate_unit": self.rate.unit.code,
            "rate_quoted": self.rate.quoted.code,
            "rate_version": self.rate_version,
            "payer_currency": self.source.currency.code,
            "merchant_currency": self.destination.currency.code,
            "debit": self.debit.minor,
            "fee": self.fee.minor,
            "source": self.source.minor,
            "destination": self.destination.minor,
            "issued_at": self.issued_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
        }

    @classmethod
    def from_terms(cls, terms: Mapping[str, object]) -> Quote:
        """Read what :meth:`to_terms` wrote, and nothing else.

        Raises :class:`QuoteError` ``terms_malformed`` (a key or a type) or ``quote_inconsistent``.
        """
        if len(terms) != len(_TERMS_TEXT) + len(_TERMS_WHOLE):
            raise QuoteError("terms_malformed", "a term is missing or unknown")
        text = {name: _term(terms, name, str) for name in _TERMS_TEXT}
        whole = {name: _term(terms, name, int) for name in _TERMS_WHOLE}
        try:
            payer = currency(text["payer_currency"])
            return cls(
                quote_id=text["quote_id"],
                corridor=text["corridor"],
                direction=Direction(text["direction"]),
                provider=text["provider"],
                liquidity_holder=text["liquidity_holder"],
                rate=Rate.parse(text["rate"], text["rate_unit"], text["rate_quoted"]),
                rate_version=text["rate_version"],
                debit=Money(whole["debit"], payer),
                fee=Money(whole["fee"], payer),
                source=Money(whole["source"], payer),
                destination=Money(whole["destination"], currency(text["merchant_currency"])),
                issued_at=datetime.fromisoformat(text["issued_at"]),
                expires_at=datetime.fromisoformat(text["expires_at"]),
            )
        except QuoteError:
            raise
        except ValueError:
            # MoneyError and the errors of Direction and fromisoformat are all ValueErrors; their
            # texts could quote the value, so they are not passed on.
            raise QuoteError("terms_malformed", "a term cannot be read") from None


def _term(terms: Mapping[str, object], name: str, kind: type[_Term]) -> _Term:
    value = terms.get(name)
    if type(value) is not kind:
        raise QuoteError("terms_malformed", f"the term {name} is missing or of another type")
    return value


def quote_destination(
    standing: StandingRate,
    destination: Money,
    *,
    quote_id: str,
    issued_at: datetime,
    expires_by: Iterable[datetime] = (),
) -> Quote:
    """Quote a fixed merchant amount: the payer's side follows, rounded up to its step.

    ``expires_by`` holds the further limits on the expiry (of the code, the scheme, the order).
    Raises :class:`QuoteError` with the code that fits.
    """
    _usable(destination, standing.merchant_currency.code)
    try:
        source = standing.rate.convert(destination, Rounding.UP)
        fee = standing.fee.on(source)
        debit = source + fee
    except MoneyError as error:
        raise QuoteError(error.code, error.detail) from None
    expires_at = _expiry(standing, issued_at, expires_by)
    return _quote(standing, (debit, fee, source, destination), quote_id, (issued_at, expires_at))


def quote_source(
    standing: StandingRate,
    debit: Money,
    *,
    quote_id: str,
    issued_at: datetime,
    expires_by: Iterable[datetime] = (),
) -> Quote:
    """Quote a fixed payer total: the fee comes off first, the destination is rounded down.

    The debit is exactly what was given. Raises :class:`QuoteError` ``amount_too_small`` when the
    merchant would be paid less than one step of its currency, or another code that fits.
    """
    _usable(debit, standing.payer_currency.code)
    try:
        source, fee = standing.fee.split(debit)
        destination = standing.rate.convert(source, Rounding.DOWN)
    except MoneyError as error:
        raise QuoteError(error.code, error.detail) from None
    if destination.minor == 0:
        raise QuoteError("amount_too_small", "the amount converts to nothing")
    expires_at = _expiry(standing, issued_at, expires_by)
    return _quote(standing, (debit, fee, source, destination), quote_id, (issued_at, expires_at))


def _usable(amount: Money, code: str) -> None:
    if amount.currency.code != code:
        raise QuoteError("currency_mismatch", f"the amount must be in {code}")
    if amount.minor == 0:
        raise QuoteError("amount_too_small", "the amount is zero")
    if amount.minor % amount.currency.cash_step:
        raise QuoteError("amount_decimals", f"{code} moves in whole units only")


def _expiry(
    standing: StandingRate, issued_at: datetime, expires_by: Iterable[datetime]
) -> datetime:
    """Return the least of the provider's validity and every other limit (money rules 2)."""
    expires_at = min((issued_at + timedelta(seconds=standing.validity_s), *expires_by))
    if expires_at <= issued_at:
        raise QuoteError("expired", "what is to be paid has expired")
    return expires_at


def _quote(
    standing: StandingRate,
    amounts: tuple[Money, Money, Money, Money],
    quote_id: str,
    times: tuple[datetime, datetime],
) -> Quote:
    debit, fee, source, destination = amounts
    issued_at, expires_at = times
    return Quote(
        quote_id=quote_id,
        corridor=standing.corridor,
        direction=standing.direction,
        provider=standing.provider,
        liquidity_holder=standing.liquidity_holder,
        rate=standing.rate,
        rate_version=standing.rate_version,
        debit=debit,
        fee=fee,
        source=source,
        destination=destination,
        issued_at=issued_at,
        expires_at=expires_at,
    )
