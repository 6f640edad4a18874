"""Quotes of networks that price themselves: what to ask them, and what is believed of the answer.

A scheme converts from the currency it is paid in to the merchant's and answers for its own rate.
Its quote is never shown as it came: the side that was fixed must be what was asked, the amounts
must follow from the stated rate to a step, and that must be within the bounds of the reference.
Where it is paid in another currency than the payer's, a provider's sheet leads there: two hops, the
scheme's the last. The surprise: its hop names no version of a sheet, so nothing can be withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from fx.board import reference_of
from fx.engine import framed, made_ready, quote_all, together
from fx.money import Money, MoneyError
from fx.quotes import Hop
from fx.refusals import LeftOut, QuoteError, RateRefused
from fx.requests import Quoted
from fx.sanity import beyond
from fx.sheets import utc

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fx.board import Board
    from fx.engine import Ask
    from fx.money import Currency, Rate
    from fx.quotes import Quote
    from fx.requests import Request
    from fx.sheets import Provider


@dataclass(frozen=True, slots=True)
class Stated:
    """What a scheme says: its quote id, both amounts, the rate between them, until when.

    ``source`` is in the currency that the scheme is paid in. ``order`` names the one payment that
    this price is of, where it is of one: whoever asks for it again gets the same quote. The quote
    id alone does not: it may be that of a rate, which many orders share.
    """

    quote_id: str
    source: Money
    destination: Money
    rate: Rate
    expires_at: datetime
    order: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """A request made ready for a scheme: ``amount`` is to be asked for, against ``other``.

    ``unit`` is what the scheme is paid in; ``first`` the hop that leads there, where the payer's
    side is fixed and that is another currency.
    """

    ask: Ask
    provider: Provider
    unit: Currency
    amount: Money
    first: Quote | None = None

    @property
    def other(self) -> Currency:
        """The currency of the side that the scheme is to tell."""
        return self.ask.request.payee if self.ask.by_source else self.unit

    def left_out(self, reason: LeftOut) -> Quoted:
        """No quote, and why."""
        return Quoted((), ((self.provider.name, reason),))


def ask_scheme(
    board: Board,
    request: Request,
    *,
    at: datetime,
    scheme: tuple[Provider, Currency],
    quote_ids: Callable[[], str],
) -> Asking | Quoted:
    """What to ask a scheme (who it is, what it is paid in), or why it is not asked at all.

    Raises :class:`QuoteError` as the engine does for a request that nobody could quote.
    """
    provider, unit = scheme
    payer, payee = request.payer, request.payee
    ask = made_ready(request, at, board.market.fee(request.corridor, payer.code, payee.code))
    name = provider.name
    shut = None if provider.hours is None else provider.hours.shut(ask.at)
    reason = request.shut.get(name) or shut
    leads = request.nominated in (None, name) or unit != payer
    if reason is None and not leads:
        reason = LeftOut.NOT_NOMINATED
    fixed = Money(ask.fixed, payer if ask.by_source else payee)
    asking = Asking(ask, provider, unit, fixed)
    if reason is not None:
        return asking.left_out(reason)
    if unit == payer or not ask.by_source:
        return asking
    led = _leading(board, asking, fixed, quote_ids)
    if not led.quotes:
        return led
    return replace(asking, amount=led.quotes[0].destination, first=led.quotes[0])


def quote_scheme(
    board: Board,
    asking: Asking,
    stated: Stated,
    *,
    at: datetime,
    quote_ids: Callable[[], str],
) -> Quoted:
    """Believe a scheme's answer that came ``at``, and put fees, expiry and the leading hop around.

    One that is not believed is left out: ``inconsistent``, ``out_of_bounds``, ``no_liquidity``.
    """
    ask, provider = asking.ask, asking.provider
    given = stated.source if ask.by_source else stated.destination
    told = stated.destination if ask.by_source else stated.source
    if given != asking.amount or told.currency != asking.other:
        return asking.left_out(LeftOut.INCONSISTENT)
    if told.minor == 0 or told.minor % told.currency.cash_step:
        return asking.left_out(LeftOut.INCONSISTENT)
    reason = _doubted(board, asking, stated)
    if reason is not None:
        return asking.left_out(reason)
    first = asking.first
    validity = timedelta(seconds=provider.validity_s)
    try:
        if asking.unit != ask.request.payer and first is None:
            led = _leading(board, asking, stated.source, quote_ids)
            if not led.quotes:
                return led
            first = led.quotes[0]
        hops = (*(() if first is None else first.hops), _hop(provider, stated))
        rate = hops[0].rate if len(hops) == 1 else together(hops)
        until = min(utc(stated.expires_at), ask.at + validity)
        until = until if first is None else min(until, first.expires_at)
        quote = framed(hops, rate, ask, until, (), quote_ids)
    except (QuoteError, MoneyError, RateRefused):
        return asking.left_out(LeftOut.INCONSISTENT)
    if until <= at:
        return asking.left_out(LeftOut.INCONSISTENT)
    if isinstance(quote, LeftOut):
        return asking.left_out(quote)
    return Quoted((quote,), ())


def _doubted(board: Board, asking: Asking, stated: Stated) -> LeftOut | None:
    """Why a scheme's rate or amount is not to be quoted, if it is not."""
    rules, provider = board.market.rules, asking.provider
    pair = (asking.unit.code, stated.destination.currency.code)
    if {stated.rate.unit.code, stated.rate.quoted.code} != set(pair):
        return LeftOut.INCONSISTENT
    reference = reference_of(board.references, pair)
    if reference is None:
        within = not rules.reference_required
    else:
        within = not beyond(stated.rate, asking.unit, reference)
    if not within:
        return LeftOut.OUT_OF_BOUNDS
    paid = stated.destination
    most = provider.most(paid.currency.code)
    room = asking.ask.request.room.get((provider.holder(paid.currency.code), paid.currency.code))
    if any(bound is not None and paid.minor > bound for bound in (most, room)):
        return LeftOut.NO_LIQUIDITY
    return None


def _hop(provider: Provider, stated: Stated) -> Hop:
    return Hop(
        provider=provider.name,
        liquidity_holder=provider.holder(stated.destination.currency.code),
        rate=stated.rate,
        rate_version="",
        spread_bp=0,
        source=stated.source,
        destination=stated.destination,
        residue=Money(0, stated.source.currency),
        scheme_quote=stated.quote_id,
    )


def _leading(board: Board, asking: Asking, amount: Money, quote_ids: Callable[[], str]) -> Quoted:
    """The providers' hop from the payer's currency to what the scheme is paid in, the best first.

    The corridor's fees are around the whole, not around this hop.
    """
    request = asking.ask.request
    nominated = None if request.nominated == asking.provider.name else request.nominated
    leg = replace(request, payee=asking.unit, amount=amount, nominated=nominated)
    found = quote_all(board, leg, at=asking.ask.at, quote_ids=quote_ids)
    direct = [each for each in found.quotes if len(each.hops) == 1 and not each.fees]
    return Quoted(tuple(direct), found.left_out, found.alarms)
