"""Who prices a pair in a corridor for a member, worked out once and then only read.

A desk is a provider with its sheets of one pair and the improvement that this member has; a route
is all desks of a request: direct ones, and those of both legs over the bridge. What changes with
the moment (a sheet taking effect, going stale, opening hours) is asked of the desk each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from fx.refusals import LeftOut
from fx.sheets import Pair

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fx.market import CorridorFees, Market
    from fx.pricing import Ladder
    from fx.sheets import Posted, Provider, RateSheet

Key: TypeAlias = tuple[str, Pair]
"""Provider and pair."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A posted sheet with its ladders by improvement; ``within`` the bounds of the reference."""

    posted: Posted
    ladders: Mapping[int, Ladder]
    within: bool

    @property
    def cancelled(self) -> bool:
        """Whether it was withdrawn before it took effect, which is as if never posted."""
        withdrawn = self.posted.withdrawn_at
        return withdrawn is not None and withdrawn < self.posted.sheet.effective_at


@dataclass(frozen=True, slots=True)
class Desk:
    """A provider that may quote a pair to a member; its sheets newest first, none cancelled.

    ``holder`` is the institution (BIC) that pays out the payee's currency, ``liquidity`` the most
    that one quote may pay out of it, in minor units.
    """

    provider: Provider
    improvement_bp: int
    validity: timedelta
    stale_after: timedelta | None
    holder: str
    liquidity: int | None
    listed: tuple[Listed, ...]

    def sheet(self, at: datetime) -> tuple[RateSheet, Ladder] | LeftOut:
        """Return the sheet in force with its ladder, or why there is none to quote at."""
        for each in self.listed:
            posted = each.posted
            if posted.sheet.effective_at > at:
                continue
            if posted.withdrawn_at is not None:
                return LeftOut.WITHDRAWN
            if self.stale_after is not None and at - posted.seen_at > self.stale_after:
                return LeftOut.STALE
            if not each.within:
                return LeftOut.OUT_OF_BOUNDS
            hours = self.provider.hours
            shut = None if hours is None else hours.shut(at)
            return shut or (posted.sheet, each.ladders[self.improvement_bp])
        return LeftOut.NO_RATE


@dataclass(frozen=True, slots=True)
class Route:
    """Who can price a pair for a member: directly, or in two legs over a bridge currency."""

    fees: CorridorFees
    direct: tuple[Desk, ...]
    first: tuple[Desk, ...]
    second: tuple[Desk, ...]
    left_out: tuple[tuple[str, LeftOut], ...]


def route(
    market: Market,
    listed: Mapping[Key, tuple[Listed, ...]],
    corridor: str,
    pair: Pair,
    sides: tuple[str, str],
) -> Route:
    """Work out a route for ``sides``, the member and the sponsor."""
    granted = market.granted(corridor, *sides)
    left_out: list[tuple[str, LeftOut]] = []
    for name, provider in sorted(market.providers.items()):
        if not provider.quotes or (name in granted and (name, pair) in listed):
            continue
        if name in granted:
            left_out.append((name, LeftOut.NO_RATE))
        elif (name, pair) in listed:
            left_out.append((name, LeftOut.NO_RELATIONSHIP))
    bridge = market.rules.bridge
    legs: tuple[tuple[Desk, ...], tuple[Desk, ...]] = ((), ())
    if bridge is not None and bridge.code not in pair:
        legs = (
            _desks(market, listed, granted, (pair[0], bridge.code)),
            _desks(market, listed, granted, (bridge.code, pair[1])),
        )
    return Route(
        market.fee(corridor, *pair),
        _desks(market, listed, granted, pair),
        *(legs if all(legs) else ((), ())),
        tuple(left_out),
    )


def _desks(
    market: Market,
    listed: Mapping[Key, tuple[Listed, ...]],
    granted: Mapping[str, int],
    pair: Pair,
) -> tuple[Desk, ...]:
    desks = []
    for name, improvement_bp in granted.items():
        held = listed.get((name, pair))
        provider = market.providers.get(name)
        if held is None or provider is None:
            continue
        stale = provider.stale_after_s
        desks.append(
            Desk(
                provider=provider,
                improvement_bp=improvement_bp,
                validity=timedelta(seconds=provider.validity_s),
                stale_after=None if stale is None else timedelta(seconds=stale),
                holder=provider.holder(pair[1]),
                liquidity=provider.most(pair[1]),
                listed=tuple(each for each in reversed(held) if not each.cancelled),
            )
        )
    return tuple(desks)
