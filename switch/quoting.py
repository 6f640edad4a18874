"""Prices a payee for a payer: quotes of every willing provider, sealed into tokens.

A token holds everything commit 1 needs: frozen terms, the merchant, the code as scanned, and who
may use it. So nothing is stored for a price that is never used, and what was shown is what is
booked. The board of rates is a snapshot that is exchanged whole. The surprise: a quote that has
expired keeps its id when it is made again with the payer's consent, so that still only one payment
can claim it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fx.board import Board
from fx.engine import quote_all
from fx.money import Money, MoneyError, Rounding, currency, divide
from fx.quotes import Quote
from fx.refusals import LeftOut, QuoteError
from fx.requests import Quoted, Request
from fx.scheme import ask_scheme, quote_scheme
from switch import kept_rates
from switch.corridor_roles import exposure_account
from switch.exposures import is_exposed
from switch.inbound_port import derived_uetr
from switch.ledger import Account, Role, account_key
from switch.outstanding import Outstanding
from switch.reasons import Reason
from switch.refusals import Refusal, of_money, of_quote
from switch.sealing import Destination, Priced, Sealing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from fx.scheme import Asking, Stated
    from fx.token import QuoteSeal
    from switch.commands import RateRow
    from switch.config import Config, Corridor
    from switch.outstanding import Meter
    from switch.port import Merchant
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Entropy, Ids

__all__ = ["Destination", "Offer", "Offers", "Priced", "Quoting"]

BASIS: Final = 10_000
PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Offer:
    """A quote and its sealed token."""

    quote: Quote
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Offers:
    """Every offer, best first; the providers that gave none, and why; what is odd about it."""

    offers: tuple[Offer, ...]
    left_out: tuple[tuple[str, LeftOut], ...] = ()
    alarms: tuple[str, ...] = ()


class Quoting:
    """Makes quotes and opens tokens.

    ``account`` reads one account of the ledger: quoting stops before a holder's cap is used up.
    ``outstanding`` counts open quotes; without one they are counted in this process alone.
    """

    def __init__(  # the parts it uses
        self,
        config: Config,
        seal: QuoteSeal,
        clock: Clock,
        ids: Ids,
        entropy: Entropy,
        *,
        account: Callable[[str], Account | None] = lambda _: None,
        outstanding: Meter | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._ids = ids
        self._sealing = Sealing(config, seal, entropy)
        self._account = account
        self._capped = _capped(config)
        self._board = Board.open(config.market, clock.now())
        self.outstanding: Meter = outstanding or Outstanding(config.quotes.outstanding_max)

    @property
    def board(self) -> Board:
        """The rates as they stand."""
        return self._board

    def replace(self, board: Board) -> None:
        """Quote from another board from now on; what it holds must be committed."""
        self._board = board

    def restore(self, rows: Iterable[RateRow]) -> None:
        """Put the rates that an earlier life committed over the configured ones, oldest first."""
        sheets, references = kept_rates.read(rows)
        self._board = kept_rates.referred(self._board.restore(sheets), references)

    def refresh(self, rows: Iterable[RateRow]) -> bool:
        """Learn rows that others committed; the same again changes nothing. True if any was new."""
        sheets, references = kept_rates.read(rows)
        board = self._board.refresh(sheets, self._clock.now())
        board = kept_rates.referred(board, references)
        changed, self._board = board is not self._board, board
        return changed

    def corridor(self, source: str, destination: str) -> Corridor | None:
        """The enabled corridor between two networks, if there is one."""
        found = self._config.corridors.get((source, destination))
        return found if found is not None and found.enabled else None

    def exposed(self, corridor: Corridor) -> bool:
        """Whether a corridor takes nothing new, as its bearer's exposure was seen last."""
        return is_exposed(corridor, self._account(exposure_account(corridor)))

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
        """The best quote for an amount of either currency. Raises Refusal."""
        return self.offers(destination, amount, most=1).offers[0]

    def offers(
        self,
        destination: Destination,
        amount: Money,
        nominated: str | None = None,
        *,
        most: int | None = None,
    ) -> Offers:
        """Every willing provider's quote, or the best ``most``; each is counted. Raises Refusal."""
        _as_fixed(destination, amount)
        corridor, member = destination.corridor, destination.origin
        until = (destination.valid_until,)
        quoted = self._quoted(corridor, member, amount, nominated, until)
        return self.given(quoted, destination, nominated, most=most)

    def asking(
        self, destination: Destination, amount: Money, nominated: str | None = None
    ) -> Asking:
        """What to ask the merchant's network, which prices itself. Raises Refusal."""
        _as_fixed(destination, amount)
        corridor = destination.corridor
        provider = self._config.market.providers[corridor.scheme]
        scheme = (provider, currency(corridor.scheme_currency))
        now = self._clock.now()
        try:
            until = (destination.valid_until,)
            request = self._request(corridor, destination.origin, amount, nominated, until, now)
            found = ask_scheme(
                self._board, request, at=now, scheme=scheme, quote_ids=self._ids.uuid
            )
        except (MoneyError, QuoteError) as error:
            raise _refused(error) from None
        if isinstance(found, Quoted):
            raise _nobody(found)
        return found

    def believed(self, destination: Destination, asking: Asking, stated: Stated) -> Quoted:
        """What a network said of its price as a quote; or, where it is not believed, why."""
        now, network = self._clock.now(), destination.corridor.destination_network
        # A price of one payment is one quote of ours too, so that it is claimed once.
        named = derived_uetr(network, f"quote {stated.order} {stated.quote_id}")
        ids = partial(str, named) if stated.order else self._ids.uuid
        quoted = quote_scheme(self._board, asking, stated, at=now, quote_ids=ids)
        return _bounded(quoted, destination.corridor)

    def given(
        self,
        quoted: Quoted,
        destination: Destination,
        nominated: str | None = None,
        *,
        most: int | None = None,
    ) -> Offers:
        """Seal what was quoted, or the best ``most``, and count it. Raises Refusal."""
        fixed, member = destination.merchant.amount, destination.origin
        quotes = quoted.quotes
        if fixed is not None:
            quotes = tuple(quote for quote in quotes if quote.credit == fixed)
            if quoted.quotes and not quotes:
                raise Refusal(Reason.AMOUNT_DIFFERS)
        if not quotes:
            raise _nobody(quoted)
        sealed = (self._sealed(quote, destination, nominated) for quote in quotes)
        offers = list(islice((offer for offer in sealed if offer is not None), most))
        if not offers:
            # Only a code whose texts are far beyond any scheme's limits does not fit a token.
            raise Refusal(Reason.QR_INVALID)
        for quote in (offer.quote for offer in offers):
            providers = dict.fromkeys(hop.provider for hop in quote.hops)
            if quote.scheme_quote:
                # The same quote may be given again; it is held once.
                self.outstanding.used(quote.quote_id)
            self.outstanding.given(quote.quote_id, member, providers, quote.expires_at)
        return Offers(tuple(offers), quoted.left_out, quoted.alarms)

    def _sealed(
        self, quote: Quote, destination: Destination, nominated: str | None
    ) -> Offer | None:
        token = self._sealing.quote_token(quote, destination, nominated)
        return None if token is None else Offer(quote, token)

    def display(
        self, corridor: Corridor, member: str, amount: Money, nominated: str | None = None
    ) -> Quoted:
        """Prices to be shown: nothing can be paid with them, and nothing is counted.

        Raises Refusal only for an amount that nobody could price.
        """
        return self._quoted(corridor, member, amount, nominated, ())

    def stopped(self, account: Account) -> bool:
        """Whether an account is so near its cap that no more quotes are given on it."""
        cap = account.net_debit_max
        return cap is not None and self._room(account, cap) <= 0

    def scan_token(self, destination: Destination) -> str:
        """Seal a merchant that is still to be priced."""
        return self._sealing.scan_token(destination)

    def open_scan(self, token: str, origin: str) -> Destination:
        """Open a scan token of this origin. Raises Refusal."""
        destination = self._sealing.open_scan(token, origin)
        if destination.valid_until <= self._clock.now():
            raise Refusal(Reason.QUOTE_EXPIRED)
        return destination

    def open_quote(
        self, token: str, origin: str, requote_tolerance_bp: int | None = None
    ) -> Priced:
        """Open a quote token of this origin. Its expiry is judged in commit 1. Raises Refusal.

        An expired one is made again where the payer consents to pay so many basis points more; it
        stays as it is, and so expired, where no price within that can be had.
        """
        priced = self._sealing.open_quote(token, origin)
        now = self._clock.now()
        late = priced.quote.expired(now) and priced.destination.valid_until > now
        if requote_tolerance_bp is None or not late:
            return priced
        return self._requoted(priced, requote_tolerance_bp) or priced

    def _requoted(self, priced: Priced, tolerance_bp: int) -> Priced | None:
        """The same credit at today's best price under the same id, if within the tolerance.

        Only the provider that was nominated is asked again, where one was.
        """
        old, destination = priced.quote, priced.destination
        if old.scheme_quote:
            # Only the network could make it again: the payer asks it anew.
            return None
        until = (destination.valid_until,)
        try:
            quoted = self._quoted(
                destination.corridor, destination.origin, old.credit, priced.nominated, until
            )
        except Refusal:
            return None
        most = divide(old.debit.minor * (BASIS + tolerance_bp), BASIS, Rounding.DOWN)
        if not quoted.quotes or quoted.quotes[0].debit.minor > most:
            return None
        again = replace(quoted.quotes[0], quote_id=old.quote_id)
        return replace(priced, quote=again)

    def _quoted(
        self,
        corridor: Corridor,
        member: str,
        amount: Money,
        nominated: str | None,
        until: tuple[datetime, ...],
    ) -> Quoted:
        now = self._clock.now()
        try:
            request = self._request(corridor, member, amount, nominated, until, now)
            quoted = quote_all(self._board, request, at=now, quote_ids=self._ids.uuid)
        except (MoneyError, QuoteError) as error:
            raise _refused(error) from None
        return _bounded(quoted, corridor)

    def _request(
        self,
        corridor: Corridor,
        member: str,
        amount: Money,
        nominated: str | None,
        until: tuple[datetime, ...],
        now: datetime,
    ) -> Request:
        """Raises MoneyError for an amount that is none."""
        return Request(
            corridor=corridor.name,
            payer=currency(corridor.payer_currency),
            payee=currency(corridor.merchant_currency),
            amount=amount.positive(),
            member=member,
            sponsor=corridor.sponsor,
            nominated=nominated,
            validity_s=corridor.quote_valid_s,
            expires_by=until,
            room=self._rooms(),
            shut=self._shut(member, now),
        )

    def _rooms(self) -> Mapping[tuple[str, str], int]:
        """What each capped holder may still pay out under quotes, in minor units."""
        rooms = {}
        for place, cap in self._capped:
            assert cap.net_debit_max is not None, "only caps are listed"
            account = self._account(cap.key) or cap
            rooms[place] = max(self._room(account, cap.net_debit_max), 0)
        return MappingProxyType(rooms)

    def _room(self, account: Account, cap: int) -> int:
        stop = cap * self._config.quotes.stop_percent // PERCENT
        return stop - (account.debits_posted + account.debits_pending - account.credits_posted)

    def _shut(self, member: str, now: datetime) -> Mapping[str, LeftOut]:
        """Providers that have given this member as many quotes as it may hold."""
        full = self.outstanding.full
        names = self._config.market.providers
        return {name: LeftOut.OUTSTANDING_CAP for name in names if full(member, name, now)}


def _as_fixed(destination: Destination, amount: Money) -> None:
    """Refuse another amount than the code fixes."""
    fixed = destination.merchant.amount
    if fixed is not None and fixed.currency == amount.currency and fixed != amount:
        raise Refusal(Reason.AMOUNT_DIFFERS)


def _refused(error: MoneyError | QuoteError) -> Refusal:
    return Refusal(of_money(error) if isinstance(error, MoneyError) else of_quote(error))


def _capped(config: Config) -> tuple[tuple[tuple[str, str], Account], ...]:
    """The capped accounts of liquidity holders, by holder and currency."""
    providers = config.market.providers.values()
    holders = sorted({bic for provider in providers for bic in provider.holders})
    caps = {cap.key: cap for cap in config.caps if cap.net_debit_max is not None}
    return tuple(
        ((holder, cap.currency), cap)
        for holder in holders
        for cap in caps.values()
        if cap.key == account_key(holder, Role.HOLDER, cap.currency, "deferred")
    )


def _bounded(quoted: Quoted, corridor: Corridor) -> Quoted:
    """Leave out quotes whose credit the corridor does not carry."""
    kept, left_out = [], list(quoted.left_out)
    for quote in quoted.quotes:
        if quote.credit < corridor.amount_min:
            left_out.append((quote.hops[0].provider, LeftOut.AMOUNT_TOO_SMALL))
        elif corridor.amount_max < quote.credit:
            left_out.append((quote.hops[0].provider, LeftOut.AMOUNT_TOO_LARGE))
        else:
            kept.append(quote)
    if len(kept) == len(quoted.quotes):
        return quoted
    return replace(quoted, quotes=tuple(kept), left_out=tuple(sorted(dict(left_out).items())))


def _nobody(quoted: Quoted) -> Refusal:
    """The refusal where every provider was left out: the reason nearest to a quote."""
    try:
        quoted.best()
    except QuoteError as error:
        reason = of_quote(error)
        return Refusal(reason, 429 if reason is Reason.QUOTES_OUTSTANDING else 422)
    raise AssertionError("somebody quoted")
