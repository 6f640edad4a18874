"""Prices a merchant for a payer: quotes sealed into tokens that the client carries.

A token holds everything commit 1 needs: frozen terms, the merchant, the code as scanned, and who
may use it. So nothing is stored for a price that is never used, and what was shown is what is
booked. A second kind of token carries a looked-up merchant whose amount is still to be keyed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from fx.money import Money, MoneyError, currency
from fx.quotes import Quote, QuoteError, quote_destination, quote_source
from fx.token import TokenError
from switch.model import Party, from_micros, to_micros
from switch.port import Merchant
from switch.reasons import Reason
from switch.refusals import Refusal, of_money, of_quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fx.token import QuoteSeal
    from switch.config import Config, Corridor
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Entropy, Ids

NONCE_BYTES: Final = 12
_QUOTE: Final = "quote"
_SCAN: Final = "scan"


@dataclass(frozen=True, slots=True)
class Offer:
    """A quote and its sealed token."""

    quote: Quote
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Destination:
    """A looked-up merchant: which corridor pays it, for whom, until when it can be priced."""

    corridor: Corridor
    origin: str
    merchant: Merchant = field(repr=False)
    payload: str = field(repr=False)
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Priced:
    """An opened quote token."""

    quote: Quote
    destination: Destination


class Quoting:
    """Makes quotes and opens tokens."""

    def __init__(
        self, config: Config, seal: QuoteSeal, clock: Clock, ids: Ids, entropy: Entropy
    ) -> None:
        self._config = config
        self._seal = seal
        self._clock = clock
        self._ids = ids
        self._entropy = entropy

    def corridor(self, source: str, destination: str) -> Corridor | None:
        """The enabled corridor between two networks, if there is one."""
        found = self._config.corridors.get((source, destination))
        return found if found is not None and found.enabled else None

    def destination(
        self,
        corridor: Corridor,
        origin: str,
        merchant: Merchant,
        payload: str,
        expires_at: datetime | None = None,
    ) -> Destination:
        """A merchant just looked up, valid as long as configured and as its code is."""
        if merchant.currency != corridor.merchant_currency:
            raise Refusal(Reason.CURRENCY_UNSUPPORTED)
        valid = timedelta(seconds=self._config.payments.lookup_valid_s)
        until = self._clock.now() + valid
        if expires_at is not None:
            until = min(until, expires_at)
        return Destination(corridor, origin, merchant, payload, until)

    def offer(self, destination: Destination, amount: Money) -> Offer:
        """Quote an amount of the merchant's or of the payer's currency. Raises Refusal."""
        corridor = destination.corridor
        try:
            amount.positive()
            standing = self._config.rates.find(
                corridor.source_network,
                corridor.destination_network,
                currency(corridor.payer_currency),
                currency(corridor.merchant_currency),
            )
            by_source = amount.currency.code == corridor.payer_currency
            quote = (quote_source if by_source else quote_destination)(
                standing,
                amount,
                quote_id=self._ids.uuid(),
                issued_at=self._clock.now(),
                expires_by=(destination.valid_until,),
            )
        except MoneyError as error:
            raise Refusal(of_money(error)) from None
        except QuoteError as error:
            raise Refusal(of_quote(error)) from None
        if quote.destination < corridor.amount_min:
            raise Refusal(Reason.AMOUNT_BELOW_SCHEME)
        if corridor.amount_max < quote.destination:
            raise Refusal(Reason.AMOUNT_ABOVE_SCHEME)
        fixed = destination.merchant.amount
        if fixed is not None and fixed != quote.destination:
            raise Refusal(Reason.AMOUNT_DIFFERS)
        terms = {"quote": quote.to_terms(), **_plain(destination)}
        return Offer(quote, self._sealed(terms, _QUOTE))

    def scan_token(self, destination: Destination) -> str:
        """Seal a merchant that is still to be priced."""
        return self._sealed(_plain(destination), _SCAN)

    def open_scan(self, token: str, origin: str) -> Destination:
        """Open a scan token of this origin. Raises Refusal."""
        destination = self._destination(self._opened(token, _SCAN), origin)
        if destination.valid_until <= self._clock.now():
            raise Refusal(Reason.QUOTE_EXPIRED)
        return destination

    def open_quote(self, token: str, origin: str) -> Priced:
        """Open a quote token of this origin. Its expiry is judged in commit 1. Raises Refusal."""
        terms = self._opened(token, _QUOTE)
        try:
            quote = Quote.from_terms(terms["quote"])
        except (QuoteError, KeyError):
            raise Refusal(Reason.QUOTE_INVALID) from None
        return Priced(quote, self._destination(terms, origin))

    def _sealed(self, terms: Mapping[str, object], purpose: str) -> str:
        try:
            nonce = self._entropy.bytes(NONCE_BYTES)
            return self._seal.seal(terms, nonce, purpose=purpose)
        except TokenError:
            # Only a code whose texts are far beyond any scheme's limits does not fit.
            raise Refusal(Reason.QR_INVALID) from None

    def _opened(self, token: str, purpose: str) -> dict[str, Any]:
        try:
            return self._seal.open(token, purpose=purpose)
        except TokenError:
            raise Refusal(Reason.QUOTE_INVALID, place="quote") from None

    def _destination(self, terms: Mapping[str, Any], origin: str) -> Destination:
        held = terms["merchant"]
        if terms["origin"] != origin:
            raise Refusal(Reason.QUOTE_INVALID, place="quote")
        corridor = self.corridor(terms["source"], terms["destination"])
        if corridor is None:
            raise Refusal(Reason.QR_UNROUTABLE)
        amount = held["amount"]
        merchant = Merchant(
            party=Party(**held["party"]),
            city=held["city"],
            category=held["category"],
            currency=held["currency"],
            amount=None if amount is None else Money(amount, currency(held["currency"])),
            store_label=held["store_label"],
            terminal_label=held["terminal_label"],
            bill_number=held["bill_number"],
            extra=held["extra"],
        )
        until = from_micros(terms["valid_until"])
        return Destination(corridor, origin, merchant, terms["payload"], until)


def _plain(destination: Destination) -> dict[str, object]:
    merchant = destination.merchant
    party = merchant.party
    return {
        "source": destination.corridor.source_network,
        "destination": destination.corridor.destination_network,
        "origin": destination.origin,
        "payload": destination.payload,
        "valid_until": to_micros(destination.valid_until),
        "merchant": {
            "party": {
                "name": party.name,
                "account": party.account,
                "agent": party.agent,
                "town": party.town,
                "country": party.country,
            },
            "city": merchant.city,
            "category": merchant.category,
            "currency": merchant.currency,
            "amount": None if merchant.amount is None else merchant.amount.minor,
            "store_label": merchant.store_label,
            "terminal_label": merchant.terminal_label,
            "bill_number": merchant.bill_number,
            "extra": dict(merchant.extra),
        },
    }
