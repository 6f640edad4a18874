"""The quoting engine: one request against a board gives every provider's quote, best first.

Pure: the moment, the ids and what room is left are given. Best is the greatest credit for a fixed
debit and the least debit for a fixed credit; equal ones stand by the provider's name. Direct sheets
compete with two sheets that meet in the bridge currency: because more in never gives less out of
any sheet, the best second leg after the best first one is the best of all pairs of legs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from fx.money import MINOR_UNITS_MAX, Currency, Money, MoneyError, Rate, Rounding
from fx.pricing import Leg, buy, cost, price, rounded
from fx.quotes import Hop, Quote
from fx.refusals import LeftOut, QuoteError
from fx.requests import TRIANGULAR, Quoted, Request
from fx.sheets import BASIS, HOME_NETWORK, RATE_MAX, Direction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from fx.board import Board
    from fx.desks import Desk
    from fx.market import CorridorFees
    from fx.sheets import RateSheet

_FROM_HOME: Final = f"{HOME_NETWORK}-"


class _Found(NamedTuple):
    """A desk's answer: one leg of its sheet."""

    desk: Desk
    sheet: RateSheet
    leg: Leg


_Chain: TypeAlias = tuple[_Found, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request made ready: the moment in UTC, and the side that is fixed with its fee off or on.

    ``fixed`` is the source or the gross destination in minor units; ``debit`` and ``fee`` are known
    when the source is fixed, ``payee_fee`` when the destination is.
    """

    request: Request
    at: datetime
    limit: datetime | None
    fees: CorridorFees
    by_source: bool
    fixed: int
    debit: Money | None
    fee: Money
    payee_fee: Money | None


def quote_all(
    board: Board, request: Request, *, at: datetime, quote_ids: Callable[[], str]
) -> Quoted:
    """Quote a request at a moment; ``quote_ids`` gives one UUID per quote.

    Raises :class:`QuoteError` for a request that nobody could quote: ``time_naive``, ``expired``,
    ``same_currency``, ``currency_mismatch``, ``amount_too_small`` (zero, or all fee),
    ``amount_too_large``, ``amount_decimals``.
    """
    at = _utc(at)
    _check(request)
    limit = _limit(request, at)
    pair = (request.payer.code, request.payee.code)
    route = board.route(request.corridor, pair, request.member, request.sponsor)
    ask = _ask(request, at, limit, route.fees)
    found, left = _answers(route.direct, ask, ask.fixed, (request.payer, request.payee))
    chains: list[_Chain] = [(each,) for each in found]
    left.update(route.left_out)
    order = _by_source if ask.by_source else _by_destination
    rules = board.market.rules
    alarms: tuple[str, ...] = ()
    bridged = None
    if rules.bridge is not None and route.first:
        bridged, missing = _bridged((route.first, route.second), ask, rules.bridge)
        left = {**left, **{name: why for name, why in missing.items() if _silent(left, name)}}
    if bridged is not None:
        best = min(chains, key=order) if chains else None
        if best is not None and _beats(bridged, best, ask.by_source, rules.triangular_alarm_bp):
            alarms = (TRIANGULAR,)
        chains.append(bridged)
    chains.sort(key=order)
    quotes = []
    for chain in chains:
        quote = _quote(chain, ask, alarms if chain is bridged else (), quote_ids)
        if isinstance(quote, LeftOut):
            name = chain[0].desk.provider.name
            left[name] = quote if _silent(left, name) else left[name]
        else:
            quotes.append(quote)
    if left:
        for quote in quotes:
            for hop in quote.hops:
                left.pop(hop.provider, None)
    return Quoted(tuple(quotes), tuple(sorted(left.items())), alarms)


def made_ready(request: Request, at: datetime, fees: CorridorFees) -> Ask:
    """Make a request ready that somebody else prices. Raises :class:`QuoteError` as quote_all."""
    at = _utc(at)
    _check(request)
    return _ask(request, at, _limit(request, at), fees)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    if moment.utcoffset() is None:
        raise QuoteError("time_naive", "a time needs its offset from UTC")
    return moment.astimezone(UTC)


def _check(request: Request) -> None:
    amount = request.amount
    if request.payer.code == request.payee.code:
        raise QuoteError("same_currency", "there is nothing to convert")
    if amount.currency.code not in (request.payer.code, request.payee.code):
        raise QuoteError("currency_mismatch", "the amount is in neither currency")
    if amount.minor == 0:
        raise QuoteError("amount_too_small", "the amount is zero")
    if amount.minor % amount.currency.cash_step:
        raise QuoteError("amount_decimals", "the amount is not a multiple of its currency's step")


def _limit(request: Request, at: datetime) -> datetime | None:
    limits = [_utc(limit) for limit in request.expires_by]
    if request.validity_s is not None:
        limits.append(at + timedelta(seconds=request.validity_s))
    least = min(limits, default=None)
    if least is not None and least <= at:
        raise QuoteError("expired", "what is to be paid has expired")
    return least


def _ask(request: Request, at: datetime, limit: datetime | None, fees: CorridorFees) -> Ask:
    """Take the payer's fee off a fixed debit, or put the payee's on a fixed credit."""
    amount = request.amount
    none = Money(0, request.payer)
    if amount.currency.code == request.payer.code:
        source, fee = amount, none
        if fees.payer is not None:
            source, fee = fees.payer.split(amount)
        return Ask(request, at, limit, fees, True, source.minor, amount, fee, None)
    if fees.payee is None:
        return Ask(request, at, limit, fees, False, amount.minor, None, none, None)
    try:
        gross = fees.payee.grossed(amount)
    except MoneyError as error:
        raise QuoteError(error.code, error.detail) from None
    return Ask(request, at, limit, fees, False, gross.minor, None, none, gross - amount)


def _answers(
    desks: tuple[Desk, ...], ask: Ask, fixed: int, ends: tuple[Currency, Currency]
) -> tuple[list[_Found], dict[str, LeftOut]]:
    """Ask every desk for one leg between two currencies, ``fixed`` minor units on one side."""
    request, by_source = ask.request, ask.by_source
    shut, nominated, unbound = request.shut, request.nominated, not request.room
    payer, payee = ends
    convert, step = (buy, payee.cash_step) if by_source else (cost, payer.cash_step)
    found: list[_Found] = []
    left: dict[str, LeftOut] = {}
    for desk in desks:
        name = desk.provider.name
        if shut and name in shut:
            left[name] = shut[name]
        elif nominated is not None and nominated != name:
            left[name] = LeftOut.NOT_NOMINATED
        elif isinstance(opened := desk.sheet(ask.at), LeftOut):
            left[name] = opened
        else:
            sheet, steps = opened
            leg = convert(steps, fixed, step)
            if leg.destination == 0:
                left[name] = LeftOut.AMOUNT_TOO_SMALL
            elif leg.source > MINOR_UNITS_MAX or leg.destination > MINOR_UNITS_MAX:
                left[name] = LeftOut.AMOUNT_TOO_LARGE
            elif unbound and desk.liquidity is None:
                found.append(_Found(desk, sheet, leg))
            elif not _liquid(desk, payee, leg.destination, request):
                left[name] = LeftOut.NO_LIQUIDITY
            else:
                found.append(_Found(desk, sheet, leg))
    return found, left


def _liquid(desk: Desk, payee: Currency, amount: int, request: Request) -> bool:
    """Whether the provider states the liquidity and its holder has the room."""
    if desk.liquidity is not None and amount > desk.liquidity:
        return False
    if not request.room:
        return True
    room = request.room.get((desk.holder, payee.code))
    return room is None or amount <= room


def _bridged(
    legs: tuple[tuple[Desk, ...], tuple[Desk, ...]], ask: Ask, bridge: Currency
) -> tuple[_Chain | None, dict[str, LeftOut]]:
    """The best pair of legs over the bridge, the fixed side's first; or why there is none."""
    ends = ((ask.request.payer, bridge), (bridge, ask.request.payee))
    fixed = ask.fixed
    chain: list[_Found] = []
    for place in (0, 1) if ask.by_source else (1, 0):
        found, left = _answers(legs[place], ask, fixed, ends[place])
        if not found:
            return None, left
        if ask.by_source:
            best = max(found, key=_bought)
            fixed = best.leg.destination
        else:
            best = min(found, key=_charged)
            fixed = best.leg.source
        chain.append(best)
    return tuple(chain if ask.by_source else chain[::-1]), {}


def _silent(left: Mapping[str, LeftOut], name: str) -> bool:
    """Whether nothing better is known of a provider than that it has no direct rate."""
    return left.get(name, LeftOut.NO_RATE) is LeftOut.NO_RATE


def _bought(found: _Found) -> int:
    return found.leg.destination


def _charged(found: _Found) -> int:
    return found.leg.source


def _by_source(chain: _Chain) -> tuple[int, int, list[str]]:
    """The greatest destination first; direct before bridged; then by name."""
    names = [each.desk.provider.name for each in chain]
    return (-chain[-1].leg.destination, len(chain), names)


def _by_destination(chain: _Chain) -> tuple[int, int, list[str]]:
    """The least source first; direct before bridged; then by name."""
    return (chain[0].leg.source, len(chain), [each.desk.provider.name for each in chain])


def _beats(chain: _Chain, direct: _Chain, by_source: bool, margin_bp: int) -> bool:
    """Whether a bridged chain is better than a direct one by more than a margin."""
    if by_source:
        best = direct[0].leg.destination
        gain = chain[-1].leg.destination - best
    else:
        best = direct[0].leg.source
        gain = best - chain[0].leg.source
    return gain * BASIS > margin_bp * best


def _hops(chain: _Chain, by_source: bool) -> tuple[Hop, ...]:
    hops: list[Hop] = []
    for desk, sheet, (step, source, destination, residue) in chain:
        given = Money(source, sheet.payer) if not hops else hops[-1].destination
        got = Money(destination, sheet.payee)
        hops.append(
            Hop(
                desk.provider.name,
                desk.holder,
                step.rate,
                sheet.version,
                step.spread_bp,
                given,
                got,
                Money(residue, sheet.payee if by_source else sheet.payer),
            )
        )
    return tuple(hops)


def _quote(
    chain: _Chain, ask: Ask, alarms: tuple[str, ...], quote_ids: Callable[[], str]
) -> Quote | LeftOut:
    """Put fees and expiry around a chain of legs."""
    hops = _hops(chain, ask.by_source)
    if len(chain) == 1:
        until = ask.at + chain[0].desk.validity
        return framed(hops, hops[0].rate, ask, until, alarms, quote_ids)
    try:
        rate = together(hops)
    except MoneyError:
        return LeftOut.AMOUNT_TOO_LARGE
    until = ask.at + min(each.desk.validity for each in chain)
    return framed(hops, rate, ask, until, alarms, quote_ids)


def framed(
    hops: tuple[Hop, ...],
    rate: Rate,
    ask: Ask,
    until: datetime,
    alarms: tuple[str, ...],
    quote_ids: Callable[[], str],
) -> Quote | LeftOut:
    """Put fees and expiry around hops that are together ``rate`` and hold ``until``."""
    first, last = hops[0], hops[-1]
    provider, version = first.provider, first.rate_version
    fee, payee_fee, debit, fees = ask.fee, ask.payee_fee, ask.debit, ask.fees
    limit = ask.limit
    if len(hops) > 1:
        provider = "+".join(dict.fromkeys(hop.provider for hop in hops))
        version = "+".join(hop.rate_version for hop in hops if hop.rate_version)
    try:
        if debit is None:
            fee = fee if fees.payer is None else fees.payer.on(first.source)
            debit = Money(first.source.minor + fee.minor, fee.currency)
        elif fees.payee is not None:
            payee_fee = fees.payee.on(last.destination)
    except MoneyError:
        return LeftOut.AMOUNT_TOO_LARGE
    if payee_fee is not None and last.destination <= payee_fee:
        return LeftOut.AMOUNT_TOO_SMALL
    corridor = ask.request.corridor
    home = corridor.startswith(_FROM_HOME)
    return Quote(
        quote_id=quote_ids(),
        corridor=corridor,
        direction=Direction.OUTBOUND if home else Direction.INBOUND,
        provider=provider,
        liquidity_holder=last.liquidity_holder,
        rate=rate,
        rate_version=version,
        debit=debit,
        fee=fee,
        source=first.source,
        destination=last.destination,
        issued_at=ask.at,
        expires_at=until if limit is None or until < limit else limit,
        hops=hops,
        payee_fee=payee_fee if payee_fee is not None and payee_fee.minor else None,
        alarms=alarms,
    )


def together(hops: tuple[Hop, ...]) -> Rate:
    """Several hops as one rate. Raises :class:`MoneyError` ``rate_malformed`` where none can be.

    That is judged by the rates alone, so that both modes agree on who is left out.
    """
    return _together(hops[0].source, hops[-1].destination, _product(hops))


def _product(hops: tuple[Hop, ...]) -> tuple[int, int]:
    """The payer's major units for one of the payee's, by the rates alone, ``(num, den)``.

    Raises :class:`MoneyError` ``rate_malformed`` for rates that make one too long to write.
    """
    num = den = 1
    for hop in hops:
        more, less = price(hop.rate, hop.source.currency)
        num, den = num * more, den * less
    payer, payee = hops[0].source.currency, hops[-1].destination.currency
    num, den = num * payee.minor_per_major, den * payer.minor_per_major
    if max(num, den) > RATE_MAX * min(num, den):
        raise MoneyError("rate_malformed", "two rates make one of more than ten digits")
    return num, den


def _together(source: Money, destination: Money, product: tuple[int, int]) -> Rate:
    """Two hops as one rate, in the larger-number direction; never above what the source pays.

    It is what the amounts make. Tiny ones may make one that cannot be written, because each hop
    is rounded to a step against the payer: then it is that of the sheets, which is better.
    """
    payer, payee = source.currency, destination.currency
    given = source.minor * payee.minor_per_major
    got = destination.minor * payer.minor_per_major
    if given > RATE_MAX * got:
        given, got = product
    if given >= got:
        return Rate(rounded(given, got, Rounding.DOWN), payee, payer)
    return Rate(rounded(got, given, Rounding.UP), payer, payee)
