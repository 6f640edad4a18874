"""The quoting engine: one request against a board gives every provider's quote, best first.

Pure: the moment, the ids and what room is left are given. Best is the greatest credit for a fixed
debit and the least debit for a fixed credit; equal ones stand by the provider's name. Direct sheets
compete with two sheets that meet in the bridge currency: because more in never gives less out of
any sheet, the best second leg after the best first one is the best of all pairs of legs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, TypeAlias

from fx.money import MINOR_UNITS_MAX, Currency, Money, MoneyError, Rate, Rounding
from fx.pricing import Leg, buy, cost, rounded
from fx.quotes import Hop, Quote
from fx.refusals import LeftOut, QuoteError
from fx.requests import TRIANGULAR, Quoted, Request
from fx.sheets import BASIS, HOME_NETWORK, Direction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from fx.board import Board
    from fx.desks import Desk, Route
    from fx.sheets import RateSheet


@dataclass(frozen=True, slots=True)
class _Found:
    """A desk's answer: one leg of its sheet."""

    desk: Desk
    sheet: RateSheet
    leg: Leg


_Chain: TypeAlias = tuple[_Found, ...]


@dataclass(frozen=True, slots=True)
class _Amounts:
    """What the request fixes, fees taken off or put on: one side of the conversion."""

    by_source: bool
    fixed: int
    fee: Money
    payee_fee: Money | None


def quote_all(
    board: Board, request: Request, *, at: datetime, quote_ids: Callable[[], str]
) -> Quoted:
    """Quote a request at a moment; ``quote_ids`` gives one UUID per quote.

    Raises :class:`QuoteError` for a request that nobody could quote: ``time_naive``, ``expired``,
    ``same_currency``, ``currency_mismatch``, ``amount_too_small`` (zero, or all fee),
    ``amount_decimals``.
    """
    at = _utc(at)
    _check(request)
    limits = [_utc(limit) for limit in request.expires_by]
    if request.validity_s is not None:
        limits.append(at + timedelta(seconds=request.validity_s))
    if limits and min(limits) <= at:
        raise QuoteError("expired", "what is to be paid has expired")
    pair = (request.payer.code, request.payee.code)
    route = board.route(request.corridor, pair, request.member, request.sponsor)
    amounts = _amounts(request, route)
    by_source = amounts.by_source
    step = (request.payee if by_source else request.payer).cash_step
    left = dict(route.left_out)
    chains: list[_Chain] = []
    for answer in _answers(
        route.direct, request, (by_source, amounts.fixed), at, request.payee, step
    ):
        if isinstance(answer, _Found):
            chains.append((answer,))
        else:
            left[answer[0]] = answer[1]
    chains.sort(key=lambda chain: _order(chain, by_source))
    alarms: tuple[str, ...] = ()
    rules = board.market.rules
    bridged = _bridged(route, request, amounts, at, rules.bridge)
    if bridged is not None:
        if chains and _beats(bridged, chains[0], by_source, rules.triangular_alarm_bp):
            alarms = (TRIANGULAR,)
        chains.append(bridged)
        chains.sort(key=lambda chain: _order(chain, by_source))
    quotes = []
    for chain in chains:
        words = alarms if chain is bridged else ()
        expires_at = min((*limits, *(at + each.desk.validity for each in chain)))
        quote = _quote(chain, request, route, amounts, (at, expires_at), words, quote_ids)
        if isinstance(quote, LeftOut):
            left.setdefault(chain[0].desk.provider.name, quote)
        else:
            quotes.append(quote)
    for quote in quotes:
        for hop in quote.hops:
            left.pop(hop.provider, None)
    return Quoted(tuple(quotes), tuple(sorted(left.items())), alarms)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    if moment.utcoffset() is None:
        raise QuoteError("time_naive", "a time needs its offset from UTC")
    return moment.astimezone(UTC)


def _check(request: Request) -> None:
    amount = request.amount
    if request.payer == request.payee:
        raise QuoteError("same_currency", "there is nothing to convert")
    if amount.currency not in (request.payer, request.payee):
        raise QuoteError("currency_mismatch", "the amount is in neither currency")
    if amount.minor == 0:
        raise QuoteError("amount_too_small", "the amount is zero")
    if amount.minor % amount.currency.cash_step:
        raise QuoteError("amount_decimals", "the amount is not a multiple of its currency's step")


def _amounts(request: Request, route: Route) -> _Amounts:
    """Take the payer's fee off a fixed debit, or put the payee's on a fixed credit."""
    amount = request.amount
    if amount.currency == request.payer:
        source, fee = amount, Money(0, request.payer)
        if route.fees.payer is not None:
            source, fee = route.fees.payer.split(amount)
        return _Amounts(True, source.minor, fee, None)
    gross = amount
    if route.fees.payee is not None:
        try:
            gross = route.fees.payee.grossed(amount)
        except MoneyError as error:
            raise QuoteError(error.code, error.detail) from None
    return _Amounts(False, gross.minor, Money(0, request.payer), gross - amount)


def _answers(
    desks: Iterable[Desk],
    request: Request,
    ask: tuple[bool, int],
    at: datetime,
    payee: Currency,
    cash_step: int,
) -> list[_Found | tuple[str, LeftOut]]:
    """Ask every desk for one leg: ``ask`` is whether the source is fixed, and its minor units."""
    by_source, fixed = ask
    answers: list[_Found | tuple[str, LeftOut]] = []
    for desk in desks:
        name = desk.provider.name
        reason = request.shut.get(name)
        if reason is None and request.nominated not in (None, name):
            reason = LeftOut.NOT_NOMINATED
        opened = reason or desk.sheet(at)
        if isinstance(opened, LeftOut):
            answers.append((name, opened))
            continue
        sheet, steps = opened
        leg = (buy if by_source else cost)(steps, fixed, cash_step)
        if leg.destination == 0:
            reason = LeftOut.AMOUNT_TOO_SMALL
        elif leg.source > MINOR_UNITS_MAX or leg.destination > MINOR_UNITS_MAX:
            reason = LeftOut.AMOUNT_TOO_LARGE
        elif not _liquid(desk, payee, leg.destination, request):
            reason = LeftOut.NO_LIQUIDITY
        answers.append((name, reason) if reason else _Found(desk, sheet, leg))
    return answers


def _liquid(desk: Desk, payee: Currency, amount: int, request: Request) -> bool:
    """Whether the provider states the liquidity and its holder has the room."""
    if desk.liquidity is not None and amount > desk.liquidity:
        return False
    if not request.room:
        return True
    room = request.room.get((desk.provider.liquidity_holder, payee.code))
    return room is None or amount <= room


def _bridged(
    route: Route, request: Request, amounts: _Amounts, at: datetime, bridge: Currency | None
) -> _Chain | None:
    """The best pair of legs over the bridge, if there is any."""
    if bridge is None or not route.first:
        return None
    legs = ((route.first, bridge, request.payer), (route.second, request.payee, bridge))
    chain: list[_Found] = []
    fixed = amounts.fixed
    for desks, payee, payer in legs if amounts.by_source else legs[::-1]:
        step = payee.cash_step if amounts.by_source else payer.cash_step
        answers = _answers(desks, request, (amounts.by_source, fixed), at, payee, step)
        found = [each for each in answers if isinstance(each, _Found)]
        if not found:
            return None
        chain.append(min(found, key=lambda each: _order((each,), amounts.by_source)))
        leg = chain[-1].leg
        fixed = leg.destination if amounts.by_source else leg.source
    return tuple(chain if amounts.by_source else chain[::-1])


def _order(chain: _Chain, by_source: bool) -> tuple[int, int, tuple[str, ...]]:
    worth = -chain[-1].leg.destination if by_source else chain[0].leg.source
    return (worth, len(chain), tuple(each.desk.provider.name for each in chain))


def _beats(chain: _Chain, direct: _Chain, by_source: bool, margin_bp: int) -> bool:
    """Whether a bridged chain is better than a direct one by more than a margin."""
    if by_source:
        best = direct[0].leg.destination
        gain = chain[-1].leg.destination - best
    else:
        best = direct[0].leg.source
        gain = best - chain[0].leg.source
    return gain * BASIS > margin_bp * best


def _hop(found: _Found, source: Money, destination: Money, by_source: bool) -> Hop:
    leg, provider = found.leg, found.desk.provider
    return Hop(
        provider=provider.name,
        liquidity_holder=provider.liquidity_holder,
        rate=leg.step.rate,
        rate_version=found.sheet.version,
        spread_bp=leg.step.spread_bp,
        source=source,
        destination=destination,
        residue=Money(leg.residue, (destination if by_source else source).currency),
    )


def _hops(chain: _Chain, by_source: bool) -> tuple[Hop, ...]:
    hops = []
    for found in chain:
        source = Money(found.leg.source, found.sheet.payer)
        destination = Money(found.leg.destination, found.sheet.payee)
        hops.append(_hop(found, source, destination, by_source))
    return tuple(hops)


def _quote(
    chain: _Chain,
    request: Request,
    route: Route,
    amounts: _Amounts,
    times: tuple[datetime, datetime],
    alarms: tuple[str, ...],
    quote_ids: Callable[[], str],
) -> Quote | LeftOut:
    hops = _hops(chain, amounts.by_source)
    source, destination = hops[0].source, hops[-1].destination
    fee, payee_fee = amounts.fee, amounts.payee_fee
    try:
        if amounts.by_source:
            debit = request.amount
            if route.fees.payee is not None:
                payee_fee = route.fees.payee.on(destination)
        else:
            if route.fees.payer is not None:
                fee = route.fees.payer.on(source)
            debit = source + fee
    except MoneyError:
        return LeftOut.AMOUNT_TOO_LARGE
    if payee_fee is not None and destination <= payee_fee:
        return LeftOut.AMOUNT_TOO_SMALL
    return Quote(
        quote_id=quote_ids(),
        corridor=request.corridor,
        direction=_direction(request.corridor),
        provider="+".join(dict.fromkeys(hop.provider for hop in hops)),
        liquidity_holder=hops[-1].liquidity_holder,
        rate=hops[0].rate if len(hops) == 1 else _together(source, destination),
        rate_version="+".join(hop.rate_version for hop in hops),
        debit=debit,
        fee=fee,
        source=source,
        destination=destination,
        issued_at=times[0],
        expires_at=times[1],
        hops=hops,
        payee_fee=payee_fee if payee_fee is not None and payee_fee.minor else None,
        alarms=alarms,
    )


def _direction(corridor: str) -> Direction:
    home = corridor.partition("-")[0] == HOME_NETWORK
    return Direction.OUTBOUND if home else Direction.INBOUND


def _together(source: Money, destination: Money) -> Rate:
    """Two hops as one rate, in the larger-number direction; never above what the source pays."""
    payer, payee = source.currency, destination.currency
    given = source.minor * payee.minor_per_major
    got = destination.minor * payer.minor_per_major
    if given >= got:
        return Rate(rounded(given, got, Rounding.DOWN), payee, payer)
    return Rate(rounded(got, given, Rounding.UP), payer, payee)
