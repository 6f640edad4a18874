"""Seals what was priced into tokens that the client carries, and opens them again.

A quote token holds the quote and the merchant that it pays; a scan token a merchant that is still
to be priced. Both name who may use them and are bound to their purpose, so neither passes for the
other. The surprise: a token is all there is, so what cannot be read back is refused, and nothing of
it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fx.money import Money, currency
from fx.quotes import Quote
from fx.refusals import QuoteError
from fx.token import TokenError
from switch.model import Party, from_micros, to_micros
from switch.port import Merchant
from switch.reasons import Reason
from switch.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fx.token import QuoteSeal
    from switch.config import Config, Corridor
    from switch.runtime.entropy import Entropy

NONCE_BYTES: Final = 12
_QUOTE: Final = "quote"
_SCAN: Final = "scan"


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


class Sealing:
    """Makes and opens tokens under the corridors of a configuration."""

    def __init__(self, config: Config, seal: QuoteSeal, entropy: Entropy) -> None:
        self._corridors = config.corridors
        self._seal = seal
        self._entropy = entropy

    def quote_token(self, quote: Quote, destination: Destination) -> str:
        """Seal a quote with the merchant it pays."""
        return self._sealed({"quote": quote.to_terms(), **_plain(destination)}, _QUOTE)

    def scan_token(self, destination: Destination) -> str:
        """Seal a merchant that is still to be priced."""
        return self._sealed(_plain(destination), _SCAN)

    def open_scan(self, token: str, origin: str) -> Destination:
        """Open a scan token of this origin, also an old one. Raises Refusal."""
        return self._destination(self._opened(token, _SCAN), origin)

    def open_quote(self, token: str, origin: str) -> Priced:
        """Open a quote token of this origin, also an expired one. Raises Refusal."""
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
        corridor = self._corridors.get((terms["source"], terms["destination"]))
        if corridor is None or not corridor.enabled:
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
