"""Quotes: the amounts, rates, fees and expiry that a payer is shown and a payment is held to.

A quote has one hop, or two that meet in a bridge currency; each hop is priced by one provider and
paid from its holder's money. The payer's side is rounded up and the payee's side down, so a holder
never pays out more than it is given, and what rounding to the cash step leaves over is the hop's
residue. ``debit == source + fee`` to the unit. The surprise is what is absent: there is no clock
and no id source here, both are given, so that a seed replays a quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fx.fees import FeeLine, FeeMode
from fx.money import Money, Rate, Rounding, currency, divide
from fx.pricing import price
from fx.refusals import QuoteError
from fx.sheets import Direction

if TYPE_CHECKING:
    from collections.abc import Mapping

EFFECTIVE_RATE_DECIMALS: Final = 6
"""Decimals of the effective rate; it is shown, never computed with."""

HOPS_MAX: Final = 2
"""A quote is direct or bridged once."""

_UUID: Final = re.compile(r"\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.ASCII)
_TERMS_TEXT: Final = (
    "quote_id", "corridor", "direction", "provider", "liquidity_holder", "rate", "rate_unit",
    "rate_quoted", "rate_version", "payer_currency", "merchant_currency", "issued_at", "expires_at",
)  # fmt: skip
_TERMS_WHOLE: Final = ("debit", "fee", "source", "destination", "payee_fee")
_TERMS_LISTS: Final = ("hops", "alarms")
_HOP_TYPES: Final = (*[str] * 8, *[int] * 4)
_SCHEME_QUOTE: Final = re.compile(r"\A[A-Za-z0-9._:/+=-]{1,64}\Z", re.ASCII)
_Term = TypeVar("_Term", str, int, list[Any])


@dataclass(frozen=True, slots=True)
class Hop:
    """One conversion of a quote: ``source`` at ``rate`` is ``destination``.

    ``rate`` is what was applied, ``spread_bp`` how far it is from the provider's base (rounded up;
    for display). ``residue`` is what rounding to the cash step gave the holder, in whole minor
    units: of the source currency when the destination was fixed, else of the destination currency.
    ``scheme_quote`` is the network's own id where it made the price itself: then there is no
    version of a sheet, and the amounts are the network's, within a step of its stated rate.
    """

    provider: str
    liquidity_holder: str
    rate: Rate
    rate_version: str
    spread_bp: int
    source: Money
    destination: Money
    residue: Money
    scheme_quote: str = ""

    def __post_init__(self) -> None:
        payer, payee = self.source.currency.code, self.destination.currency.code
        _check_pair(self.rate, payer, payee)
        if self.residue.currency.code not in (payer, payee):
            raise QuoteError("quote_inconsistent", "the residue is in neither currency")
        if self.source.minor == 0 or self.destination.minor == 0:
            raise QuoteError("quote_inconsistent", "a quote converts something")
        if self.scheme_quote:
            if _SCHEME_QUOTE.match(self.scheme_quote) is None:
                raise QuoteError("quote_inconsistent", "a scheme's quote id cannot be written")
            if not _follows(self.source, self.rate, self.destination):
                raise QuoteError("quote_inconsistent", "the amounts do not follow from the rate")
        elif not _covers(self.source, self.rate, self.destination):
            raise QuoteError("quote_inconsistent", "the source does not pay for the destination")

    def to_terms(self) -> list[object]:
        """Return the hop as a list of JSON values; its order is part of the token."""
        return [
            self.provider,
            self.liquidity_holder,
            str(self.rate),
            self.rate.unit.code,
            self.rate_version,
            self.source.currency.code,
            self.destination.currency.code,
            self.residue.currency.code,
            self.spread_bp,
            self.source.minor,
            self.destination.minor,
            self.residue.minor,
            *([self.scheme_quote] if self.scheme_quote else []),
        ]

    @classmethod
    def from_terms(cls, terms: object) -> Hop:
        """Read what :meth:`to_terms` wrote; raises ValueError for anything else."""
        types = tuple(map(type, terms)) if isinstance(terms, list) else ()
        if not isinstance(terms, list) or types not in (_HOP_TYPES, (*_HOP_TYPES, str)):
            raise QuoteError("terms_malformed", "a hop cannot be read")
        held, own = terms[: len(_HOP_TYPES)], terms[len(_HOP_TYPES) :]
        provider, holder, value, unit, version, *codes, spread, source, destination, residue = held
        payer, payee, left = (currency(code) for code in codes)
        quoted = payee if unit == payer.code else payer
        return cls(
            provider=provider,
            liquidity_holder=holder,
            rate=Rate.parse(value, unit, quoted.code),
            rate_version=version,
            spread_bp=spread,
            source=Money(source, payer),
            destination=Money(destination, payee),
            residue=Money(residue, left),
            scheme_quote=own[0] if own else "",
        )


@dataclass(frozen=True, slots=True)
class Quote:
    """Frozen terms of a conversion.

    ``debit`` is taken from the payer and is ``source + fee``, all three in the payer's currency;
    ``source`` is converted at ``rate``; ``destination`` is paid out in the merchant's currency from
    the account of ``liquidity_holder`` (a BIC). Of a bridged quote, ``provider`` and
    ``rate_version`` name both hops joined by ``+``, ``liquidity_holder`` is that of the last and
    ``rate`` is the two rates together. The times are aware UTC. Without ``hops`` it is one hop at
    ``rate`` without residue. One that does not add up raises :class:`QuoteError`
    ``quote_inconsistent``.
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
    hops: tuple[Hop, ...] = ()
    payee_fee: Money | None = None
    alarms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if _UUID.match(self.quote_id) is None:
            raise QuoteError("quote_inconsistent", "a quote id is a UUID in lower case")
        for moment in (self.issued_at, self.expires_at):
            if moment.tzinfo is not UTC and moment.utcoffset() != timedelta(0):
                raise QuoteError("quote_inconsistent", "the times of a quote are in UTC")
        if self.expires_at <= self.issued_at:
            raise QuoteError("quote_inconsistent", "a quote expires after it is issued")
        if not self.hops:
            only = Hop(self.provider, self.liquidity_holder, self.rate, self.rate_version, 0,
                       self.source, self.destination, Money(0, self.source.currency))  # fmt: skip
            object.__setattr__(self, "hops", (only,))
        self._check_hops()
        self._check_amounts()

    def _check_hops(self) -> None:
        if len(self.hops) > HOPS_MAX:
            raise QuoteError("quote_inconsistent", "a quote has two hops at most")
        at = self.source
        for hop in self.hops:
            if hop.source is not at and hop.source != at:
                raise QuoteError("quote_inconsistent", "the hops do not follow each other")
            at = hop.destination
        if at is not self.destination and at != self.destination:
            raise QuoteError("quote_inconsistent", "the hops do not end at the destination")

    def _check_amounts(self) -> None:
        unit = self.source.currency.code
        if not unit == self.debit.currency.code == self.fee.currency.code:
            raise QuoteError("quote_inconsistent", "debit, fee and source are in one currency")
        if self.debit.minor != self.source.minor + self.fee.minor:
            raise QuoteError("quote_inconsistent", "the debit is not source and fee together")
        if len(self.hops) > 1:
            _check_pair(self.rate, unit, self.destination.currency.code)
            if not _covers(self.source, self.rate, self.destination):
                raise QuoteError("quote_inconsistent", "the two rates together are too good")
        elif self.rate is not self.hops[0].rate and self.rate != self.hops[0].rate:
            raise QuoteError("quote_inconsistent", "the rate is not that of the only hop")
        if self.payee_fee is None:
            return
        if self.payee_fee.currency.code != self.destination.currency.code:
            raise QuoteError("quote_inconsistent", "the payee's fee is in another currency")
        if not 0 < self.payee_fee.minor < self.destination.minor:
            raise QuoteError("quote_inconsistent", "the fee leaves nothing to the payee")

    @property
    def credit(self) -> Money:
        """What the payee gets: the destination less a fee deducted on its side."""
        return self.destination if self.payee_fee is None else self.destination - self.payee_fee

    @property
    def fees(self) -> tuple[FeeLine, ...]:
        """Every fee that is not nothing, the payer's first."""
        lines = []
        if self.fee.minor:
            lines.append(FeeLine("payer", FeeMode.INVOICED, self.fee))
        if self.payee_fee is not None and self.payee_fee.minor:
            lines.append(FeeLine("payee", FeeMode.DEDUCTED, self.payee_fee))
        return tuple(lines)

    @property
    def residues(self) -> tuple[Money, ...]:
        """The residue of each hop, in the order of the hops."""
        return tuple(hop.residue for hop in self.hops)

    @property
    def scheme_quote(self) -> str:
        """The network's own quote id, where it made the price of the last hop itself."""
        return self.hops[-1].scheme_quote

    @property
    def effective_rate(self) -> str:
        """What the payer really pays, fees included, in the direction of ``rate``: ``119.565217``.

        Rounded half up to six decimals; for display (ISO 20022 has no place for it).
        """
        sides = (self.debit, self.credit)
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
        """Return the quote as JSON values: text, whole numbers of minor units, lists of these."""
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
            "payee_fee": 0 if self.payee_fee is None else self.payee_fee.minor,
            "issued_at": self.issued_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
            "hops": [hop.to_terms() for hop in self.hops],
            "alarms": list(self.alarms),
        }

    @classmethod
    def from_terms(cls, terms: Mapping[str, object]) -> Quote:
        """Read what :meth:`to_terms` wrote, and nothing else.

        Raises :class:`QuoteError` ``terms_malformed`` (a key or a type) or ``quote_inconsistent``.
        """
        if len(terms) != len(_TERMS_TEXT) + len(_TERMS_WHOLE) + len(_TERMS_LISTS):
            raise QuoteError("terms_malformed", "a term is missing or unknown")
        text = {name: _term(terms, name, str) for name in _TERMS_TEXT}
        whole = {name: _term(terms, name, int) for name in _TERMS_WHOLE}
        hops, alarms = (_term(terms, name, list) for name in _TERMS_LISTS)
        if not hops or not all(type(word) is str for word in alarms):
            raise QuoteError("terms_malformed", "a list of terms cannot be read")
        try:
            payer, payee = currency(text["payer_currency"]), currency(text["merchant_currency"])
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
                destination=Money(whole["destination"], payee),
                issued_at=datetime.fromisoformat(text["issued_at"]),
                expires_at=datetime.fromisoformat(text["expires_at"]),
                hops=tuple(Hop.from_terms(hop) for hop in hops),
                payee_fee=Money(whole["payee_fee"], payee) if whole["payee_fee"] else None,
                alarms=tuple(alarms),
            )
        except QuoteError:
            raise
        except ValueError:
            # MoneyError and the errors of Direction and fromisoformat are all ValueErrors; their
            # texts could quote the value, so they are not passed on.
            raise QuoteError("terms_malformed", "a term cannot be read") from None


def _check_pair(rate: Rate, payer: str, payee: str) -> None:
    pair = (rate.unit.code, rate.quoted.code)
    if payer == payee or pair not in ((payer, payee), (payee, payer)):
        raise QuoteError("quote_inconsistent", "the rate is not between these currencies")


def _covers(source: Money, rate: Rate, destination: Money) -> bool:
    """Whether the source is worth at least the destination, exactly."""
    num, den = price(rate, source.currency)
    return destination.minor * num <= source.minor * den


def _follows(source: Money, rate: Rate, destination: Money) -> bool:
    """Whether each amount is less than a step from what the rate makes of the other, or a step."""
    num, den = price(rate, source.currency)
    off = abs(destination.minor * num - source.minor * den)
    return off <= source.currency.cash_step * den or off <= destination.currency.cash_step * num


def _term(terms: Mapping[str, object], name: str, kind: type[_Term]) -> _Term:
    value = terms.get(name)
    if type(value) is not kind:
        raise QuoteError("terms_malformed", f"the term {name} is missing or of another type")
    return value
