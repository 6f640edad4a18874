"""The board: every sheet that was posted, in an immutable snapshot that quotes are made from.

Posting gives a new board; one that is refused changes nothing. Applied rates of all tiers and
improvements are worked out when a sheet is posted, not when it is quoted. The one surprise is the
memo of routes inside: it only remembers what follows from the snapshot, for members and corridors
that the market names, so it is bounded and two boards that are equal quote alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from fx.desks import Key, Listed, Route, route
from fx.pricing import ladder
from fx.refusals import RateRefused
from fx.sanity import check, loops, out_of_bounds
from fx.sheets import ANY, Posted, utc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from fx.market import Market
    from fx.sanity import Loop
    from fx.sheets import Pair, RateSheet, Reference

NO_REFERENCE: Final = "no_reference"
"""Alarm: a sheet was taken that no reference rate could judge."""

AHEAD_MAX: Final = 16
"""Most versions of a provider's pair that wait to take effect."""

VERSIONS_KEPT: Final = 64
"""Newest versions of a provider's pair that a board always remembers; cancelled ones at most."""

VERSIONS_HELD: Final = 2_048
"""Most versions of a provider's pair that a board holds; a quote may still name each of them."""

QUOTABLE: Final = timedelta(days=1, minutes=10)
"""A version superseded for longer is in no open quote: a quote is good for a day at most."""

BACKDATED_MAX: Final = timedelta(minutes=5)
"""How far before its posting a version may take effect: clocks differ by no more."""

JUMP_WINDOW: Final = timedelta(hours=1)
"""Steps within this time count as one jump."""

ARBITRAGE: Final = "arbitrage"
"""Alarm: with this sheet, the sheets of several providers together pay a profit in a circle."""


class Published(NamedTuple):
    """A board with one more sheet; ``known`` when it was there already and is only confirmed."""

    board: Board
    known: bool
    alarms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """A snapshot of the market with everything posted to it, oldest first per provider and pair."""

    market: Market
    listed: Mapping[Key, tuple[Listed, ...]]
    references: Mapping[Pair, Reference]
    _routes: dict[tuple[str, Pair, str, str], Route] = field(
        default_factory=dict, compare=False, repr=False
    )

    @classmethod
    def open(cls, market: Market, at: datetime) -> Board:
        """Open on a market: its references, then its sheets. Raises :class:`RateRefused`."""
        board = cls(market, MappingProxyType({}), MappingProxyType({}))
        for reference in market.references:
            board = board.refer(reference)
        for sheet in market.sheets:
            board = board.publish(sheet, at, opening=True).board
        return board

    def publish(self, sheet: RateSheet, at: datetime, *, opening: bool = False) -> Published:
        """Take a sheet that passes every check; the same one again confirms that it is fresh.

        One that the board opens on may be of any age. Raises :class:`RateRefused`, and nothing has
        changed.
        """
        at = utc(at)
        provider = self.market.providers.get(sheet.provider)
        if provider is None:
            raise RateRefused("provider_unknown", "no such provider is configured")
        if not provider.quotes:
            raise RateRefused("not_a_quoter", "this provider does not set rates")
        key = (sheet.provider, sheet.pair)
        before = self.listed.get(key, ())
        for each in before:
            if each.posted.sheet.version == sheet.version:
                if each.posted.sheet != sheet or each.posted.withdrawn_at is not None:
                    raise RateRefused("version_reused", "this version was posted before")
                seen = replace(each.posted, seen_at=max(at, each.posted.seen_at))
                return Published(self._exchanged(key, seen), known=True, alarms=())
        live = tuple(each for each in before if not each.cancelled)
        if not opening:
            _in_time(sheet, live, at)
        opposite = self.listed.get((sheet.provider, sheet.pair[::-1]), ())
        reference = reference_of(self.references, sheet.pair)
        check(
            sheet,
            best_bp=self.market.improvements(sheet.provider)[-1],
            before=_since(live, min(at, sheet.effective_at - JUMP_WINDOW)) if live else (),
            inverse=_since(opposite, at, withdrawn=False),
            reference=reference,
            jump_bp=self.market.rules.jump_bp,
        )
        listing = _listing(self.market, self.references, Posted(sheet, at))
        board = self._with(key, _kept((*before, listing), at))
        alarms = [] if reference is not None else [NO_REFERENCE]
        if any(sheet in loop.sheets for loop in board.arbitrage(max(at, sheet.effective_at))):
            alarms.append(ARBITRAGE)
        return Published(board, known=False, alarms=tuple(alarms))

    def withdraw(self, provider: str, pair: Pair, version: str, at: datetime) -> Board:
        """Withdraw a version; while it would be in force, the provider has no rate for the pair.

        Withdrawn before it takes effect, it is as if never posted. A second time changes nothing.
        Raises :class:`RateRefused` ``version_unknown``.
        """
        at = utc(at)
        for each in self.listed.get((provider, pair), ()):
            if each.posted.sheet.version == version:
                if each.posted.withdrawn_at is not None:
                    return self
                return self._exchanged((provider, pair), replace(each.posted, withdrawn_at=at))
        raise RateRefused("version_unknown", "this version is not on the board")

    def refer(self, reference: Reference) -> Board:
        """Take a reference rate in place of the one before; every sheet is judged again."""
        pair = (reference.rate.unit.code, reference.rate.quoted.code)
        either = (pair, pair[::-1])
        kept = {each: held for each, held in self.references.items() if each not in either}
        references = MappingProxyType({**kept, pair: reference})
        listed = {
            key: tuple(_listing(self.market, references, each.posted) for each in held)
            if key[1] in either
            else held
            for key, held in self.listed.items()
        }
        return Board(self.market, MappingProxyType(listed), references)

    def restore(self, posted: Iterable[Posted]) -> Board:
        """Put back what an earlier board had taken; nothing is judged again.

        A version that is there already is exchanged; one of a provider that is no longer
        configured is passed over.
        """
        return self._joined(posted, lambda _, each: each)

    def refresh(self, posted: Iterable[Posted], at: datetime) -> Board:
        """Learn what other boards have taken; itself where nothing of it is new.

        What was withdrawn anywhere stays withdrawn, and what was seen stays seen: so it does not
        matter in which order boards learn of each other. Nothing is judged again.
        """
        joined = self._joined(posted, _merged)
        if joined.listed == self.listed:
            return self
        kept = {key: _kept(held, utc(at)) for key, held in joined.listed.items()}
        return Board(self.market, MappingProxyType(kept), self.references)

    def _joined(self, posted: Iterable[Posted], join: Callable[[Posted, Posted], Posted]) -> Board:
        """A board with more versions; ``join`` makes one of what it holds and what it is given."""
        listed = dict(self.listed)
        for each in posted:
            sheet = each.sheet
            if sheet.provider not in self.market.providers:
                continue
            key = (sheet.provider, sheet.pair)
            versions = {held.posted.sheet.version: held for held in listed.get(key, ())}
            before = versions.get(sheet.version)
            after = each if before is None else join(before.posted, each)
            if before is None or after != before.posted:
                versions[sheet.version] = _listing(self.market, self.references, after)
                listed[key] = self._in_order(key, versions.values())
        return Board(self.market, MappingProxyType(listed), self.references)

    def _in_order(self, key: Key, held: Iterable[Listed]) -> tuple[Listed, ...]:
        """Versions by when they take effect; of one moment the configured one is the last.

        Whoever configures a rate anew takes back what is recorded of the one before it, and boards
        agree on whatever else they were given in another order.
        """
        sheets = (each for each in self.market.sheets if (each.provider, each.pair) == key)
        configured = {each.version for each in sheets}

        def place(each: Listed) -> tuple[datetime, bool, str]:
            sheet = each.posted.sheet
            return sheet.effective_at, sheet.version in configured, sheet.version

        return tuple(sorted(held, key=place))

    def history(self, provider: str, pair: Pair) -> tuple[Posted, ...]:
        """Every version of a provider's pair, newest first."""
        return tuple(each.posted for each in reversed(self.listed.get((provider, pair), ())))

    def current(self, at: datetime) -> tuple[Posted, ...]:
        """The version in force of every provider and pair, withdrawn ones too, by name."""
        return tuple(each.posted for each in self._in_force(utc(at)))

    def _in_force(self, at: datetime) -> Iterator[Listed]:
        for _, held in sorted(self.listed.items()):
            for each in reversed(held):
                if each.posted.sheet.effective_at <= at and not each.cancelled:
                    yield each
                    break

    def arbitrage(self, at: datetime) -> tuple[Loop, ...]:
        """Circles of two or three sheets in force that pay out more than goes in."""
        usable = []
        for each in self._in_force(at):
            sheet = each.posted.sheet
            if each.posted.withdrawn_at is None:
                usable.append((sheet, each.ladders[self.market.improvements(sheet.provider)[-1]]))
        return loops(usable)

    def route(self, corridor: str, pair: Pair, member: str, sponsor: str) -> Route:
        """Who prices this pair for this member; remembered, because it follows from the board."""
        members, sponsors = self.market.named(corridor)
        key = (
            corridor,
            pair,
            member if member in members else ANY,
            sponsor if sponsor in sponsors else ANY,
        )
        found = self._routes.get(key)
        if found is None:
            found = route(self.market, self.listed, corridor, pair, key[2:])
            if members:
                self._routes[key] = found
        return found

    def _with(self, key: Key, held: tuple[Listed, ...]) -> Board:
        return Board(self.market, MappingProxyType({**self.listed, key: held}), self.references)

    def _exchanged(self, key: Key, posted: Posted) -> Board:
        held = tuple(
            replace(each, posted=posted)
            if each.posted.sheet.version == posted.sheet.version
            else each
            for each in self.listed[key]
        )
        return self._with(key, held)


def _merged(held: Posted, given: Posted) -> Posted:
    """One version as two boards know it."""
    gone = [at for at in (held.withdrawn_at, given.withdrawn_at) if at is not None]
    seen = max(held.seen_at, given.seen_at)
    return Posted(given.sheet, seen, min(gone) if gone else None)


def reference_of(references: Mapping[Pair, Reference], pair: Pair) -> Reference | None:
    """The reference that judges a pair, in whichever direction it is stated."""
    return references.get(pair) or references.get(pair[::-1])


def _listing(market: Market, references: Mapping[Pair, Reference], posted: Posted) -> Listed:
    sheet = posted.sheet
    reference = reference_of(references, sheet.pair)
    ladders = {each: ladder(sheet, each) for each in market.improvements(sheet.provider)}
    if reference is None:
        within = not market.rules.reference_required
    else:
        within = not out_of_bounds(sheet, reference)
    return Listed(posted, MappingProxyType(ladders), within)


def _in_time(sheet: RateSheet, live: tuple[Listed, ...], at: datetime) -> None:
    """Refuse a version out of its turn: rates that nobody could have been quoted set no mark."""
    effective = [each.posted.sheet.effective_at for each in live]
    if not effective:
        return
    if sheet.effective_at <= effective[-1]:
        raise RateRefused("out_of_order", "it must take effect after the version before it")
    if sheet.effective_at < at - BACKDATED_MAX:
        raise RateRefused("backdated", "it would have taken effect before it was posted")
    if sum(moment > at for moment in effective) >= AHEAD_MAX:
        raise RateRefused("too_many_ahead", "too many versions wait to take effect")
    if len(live) >= VERSIONS_HELD and at - effective[1] <= QUOTABLE:
        raise RateRefused("too_often", "too many versions were posted within a day")


def _since(
    held: tuple[Listed, ...], moment: datetime, *, withdrawn: bool = True
) -> tuple[RateSheet, ...]:
    """The version that was in force at a moment and all after it, maybe without withdrawn ones."""
    live = [each.posted for each in held if not each.cancelled]
    begun = sum(each.sheet.effective_at <= moment for each in live)
    return tuple(
        each.sheet for each in live[max(begun - 1, 0) :] if withdrawn or each.withdrawn_at is None
    )


def _kept(held: tuple[Listed, ...], at: datetime) -> tuple[Listed, ...]:
    """Forget the oldest versions that no open quote names; the one in force is never among them.

    Those that were withdrawn before they took effect are counted apart: they limit nothing.
    """
    places = range(len(held))
    live = [place for place in places if not held[place].cancelled]
    while len(live) > VERSIONS_KEPT:
        if at - held[live[1]].posted.sheet.effective_at <= QUOTABLE:
            break
        del live[0]
    gone = [place for place in places if held[place].cancelled][-VERSIONS_KEPT:]
    return tuple(held[place] for place in sorted(live + gone))
