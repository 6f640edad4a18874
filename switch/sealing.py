"""Seals what was priced into tokens that the client carries, and opens them again.

A quote token holds the quote and the merchant that it pays; a scan token a merchant that is still
to be priced. Both name who may use them and are bound to their purpose, so neither passes for the
other. The surprise: values stand in a fixed order without their names, because what a token may
hold is bounded and the longest merchants need the room.
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
_TERMS: Final = (
    "quote_id", "corridor", "direction", "provider", "liquidity_holder", "rate", "rate_unit",
    "rate_quoted", "rate_version", "payer_currency", "merchant_currency", "debit", "fee", "source",
    "destination", "payee_fee", "issued_at", "expires_at", "hops", "alarms",
)  # fmt: skip
_PARTY: Final = ("name", "account", "agent", "town", "country")
_MERCHANT: Final = (
    "city", "category", "currency", "store_label", "terminal_label", "bill_number",
)  # fmt: skip


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
    """An opened quote token; ``nominated`` is the one provider that was asked, if one was."""

    quote: Quote
    destination: Destination
    nominated: str | None = None


class Sealing:
    """Makes and opens tokens under the corridors of a configuration."""

    def __init__(self, config: Config, seal: QuoteSeal, entropy: Entropy) -> None:
        self._corridors = config.corridors
        self._seal = seal
        self._entropy = entropy

    def quote_token(
        self, quote: Quote, destination: Destination, nominated: str | None = None
    ) -> str | None:
        """Seal a quote with the merchant it pays; None where both do not fit a token."""
        terms = quote.to_terms()
        assert terms.keys() == set(_TERMS), "every term of a quote is sealed"
        held = [terms[name] for name in _TERMS]
        chosen = {} if nominated is None else {"n": nominated}
        return self._sealed({"q": held, "d": _plain(destination), **chosen}, _QUOTE)

    def scan_token(self, destination: Destination) -> str:
        """Seal a merchant that is still to be priced. Raises Refusal where it does not fit."""
        token = self._sealed({"d": _plain(destination)}, _SCAN)
        if token is None:
            # Only a code whose texts are far beyond any scheme's limits does not fit.
            raise Refusal(Reason.QR_INVALID)
        return token

    def open_scan(self, token: str, origin: str) -> Destination:
        """Open a scan token of this origin, also an old one. Raises Refusal."""
        return self._destination(self._opened(token, _SCAN)["d"], origin)

    def open_quote(self, token: str, origin: str) -> Priced:
        """Open a quote token of this origin, also an expired one. Raises Refusal."""
        held = self._opened(token, _QUOTE)
        if len(held["q"]) != len(_TERMS):
            raise Refusal(Reason.QUOTE_INVALID, place="quote")
        try:
            quote = Quote.from_terms(dict(zip(_TERMS, held["q"], strict=True)))
        except QuoteError:
            raise Refusal(Reason.QUOTE_INVALID, place="quote") from None
        return Priced(quote, self._destination(held["d"], origin), held.get("n"))

    def _sealed(self, terms: Mapping[str, object], purpose: str) -> str | None:
        try:
            nonce = self._entropy.bytes(NONCE_BYTES)
            return self._seal.seal(terms, nonce, purpose=purpose)
        except TokenError:
            return None

    def _opened(self, token: str, purpose: str) -> dict[str, Any]:
        try:
            return self._seal.open(token, purpose=purpose)
        except TokenError:
            raise Refusal(Reason.QUOTE_INVALID, place="quote") from None

    def _destination(self, held: list[Any], origin: str) -> Destination:
        source, network, holder, payload, until, merchant = held
        if holder != origin:
            raise Refusal(Reason.QUOTE_INVALID, place="quote")
        corridor = self._corridors.get((source, network))
        if corridor is None or not corridor.enabled:
            raise Refusal(Reason.QR_UNROUTABLE)
        return Destination(corridor, origin, _merchant(merchant), payload, from_micros(until))


def _plain(destination: Destination) -> list[object]:
    merchant = destination.merchant
    amount = None if merchant.amount is None else merchant.amount.minor
    return [
        destination.corridor.source_network,
        destination.corridor.destination_network,
        destination.origin,
        destination.payload,
        to_micros(destination.valid_until),
        [
            [getattr(merchant.party, name) for name in _PARTY],
            [getattr(merchant, name) for name in _MERCHANT],
            amount,
            dict(merchant.extra),
        ],
    ]


def _merchant(held: list[Any]) -> Merchant:
    party, texts, minor, extra = held
    named = dict(zip(_MERCHANT, texts, strict=True))
    unit = currency(named["currency"])
    return Merchant(
        party=Party(**dict(zip(_PARTY, party, strict=True))),
        amount=None if minor is None else Money(minor, unit),
        extra=extra,
        **named,
    )
