"""Standing rates as providers change them: posted, withdrawn, listed.

One board is in force at a time. What changes it is committed first and quoted from afterwards, one
change after the other, so the board and the record cannot disagree about the order. The surprise:
a sheet that is posted again is only confirmed as fresh, and that is not recorded: after a restart a
rate is as old as its first posting says, which can only keep it from being quoted.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

import orjson

from fx.money import Rate
from fx.refusals import RateRefused
from fx.sheets import BASIS, Posted, RateSheet, utc
from switch.answers import instant
from switch.commands import Conflict, Done, Publish, RateRow
from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fx.sheets import Pair, Reference
    from switch.logs import Log
    from switch.model import RateKey
    from switch.quoting import Quoting
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store

REFERENCE_WALK: Final = 4
"""How many times its bounds an official rate may move from the configured one, in all its steps."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a sheet or a withdrawal: ``taken``, ``confirmed``, ``withdrawn``, ``refused``.

    ``code`` and ``detail`` say why it was refused; nothing of what was sent is in it.
    """

    outcome: str
    code: str | None = None
    detail: str | None = None
    alarms: tuple[str, ...] = ()

    def view(self, place: int) -> dict[str, object]:
        """The outcome as its provider reads it; ``place`` counts the sheets of the request."""
        return {
            "sheet": place,
            "outcome": self.outcome,
            "code": self.code,
            "detail": self.detail,
            "alarms": list(self.alarms),
        }


class Rates:
    """The one way to change the board that quotes are made from."""

    def __init__(self, quoting: Quoting, *, store: Store, clock: Clock, ids: Ids, log: Log) -> None:
        self._quoting = quoting
        self._store = store
        self._clock = clock
        self._ids = ids
        self._log = log
        self._turn = asyncio.Lock()

    async def publish(self, provider: str, sheets: Sequence[Mapping[str, object]]) -> list[Outcome]:
        """Take or refuse each sheet by itself, in order; a sheet is terms as the engine reads them.

        A busy store refuses a sheet too (``busy``), because those before it are taken already.
        """
        found = []
        for terms in sheets:
            async with self._turn:
                found.append(await self._taken(provider, terms))
        return found

    async def _taken(self, provider: str, terms: Mapping[str, object]) -> Outcome:
        now = self._clock.now()
        try:
            sheet = RateSheet.from_terms({**terms, "provider": provider})
            published = self._quoting.board.publish(sheet, now)
            if not published.known:
                await self._commit(Posted(sheet, now), now)
        except RateRefused as error:
            return self._refused(provider, error)
        except StoreBusy:
            busy = RateRefused("busy", "the switch is busy: post the sheet again")
            return self._refused(provider, busy)
        self._quoting.replace(published.board)
        if published.known:
            return Outcome("confirmed")
        self._told("rate_taken", provider, sheet.pair, sheet.version)
        for alarm in published.alarms:
            self._log.warning("rate_alarm", alarm=alarm, provider=provider, pair=_name(sheet.pair))
        return Outcome("taken", alarms=published.alarms)

    async def withdraw(self, provider: str, pair: Pair, version: str) -> Outcome:
        """Withdraw a version: it is not quoted any more, and no payment opens at it.

        Raises ``StoreBusy``: then nothing has changed.
        """
        async with self._turn:
            return await self._withdrawn(provider, pair, version)

    async def _withdrawn(self, provider: str, pair: Pair, version: str) -> Outcome:
        now = self._clock.now()
        try:
            board = self._quoting.board.withdraw(provider, pair, version, now)
        except RateRefused as error:
            # The board forgets old versions, and quotes at them may still be out.
            if not await self._withdrawn_in_store((provider, _name(pair), version), now):
                return self._refused(provider, error)
            board = self._quoting.board
        for posted in board.history(provider, pair):
            if posted.sheet.version == version and posted.withdrawn_at == now:
                await self._commit(posted, posted.seen_at)
        self._quoting.replace(board)
        self._told("rate_withdrawn", provider, pair, version)
        return Outcome("withdrawn")

    async def _withdrawn_in_store(self, key: RateKey, now: datetime) -> bool:
        """Withdraw a version that only the record knows; False when it does not either."""
        row = await self._store.read.rate(key)
        if row is None:
            return False
        if row.withdrawn_at is None:
            await self._store.commit(Publish(replace(row, withdrawn_at=now), self._ids.salt()))
        return True

    def _refused(self, provider: str, error: RateRefused) -> Outcome:
        # What was sent is not logged: it may be anything.
        self._log.warning("rate_refused", provider=provider, code=error.code)
        return Outcome("refused", error.code, error.detail)

    def _told(self, event: str, provider: str, pair: Pair, version: str) -> None:
        self._log.info(event, provider=provider, pair=_name(pair), version=version)

    async def _commit(self, posted: Posted, published_at: datetime) -> None:
        """Record a version, or its withdrawal. Raises ``RateRefused`` ``version_reused``.

        The record keeps more versions than the board, so it may know one that the board forgot.
        """
        sheet = posted.sheet
        row = RateRow(
            provider=sheet.provider,
            pair=_name(sheet.pair),
            version=sheet.version,
            effective_at=sheet.effective_at,
            published_at=published_at,
            sheet=orjson.dumps(sheet.to_terms(), option=orjson.OPT_SORT_KEYS).decode(),
            withdrawn_at=posted.withdrawn_at,
        )
        result = await self._store.commit(Publish(row, self._ids.salt()))
        if posted.withdrawn_at is None and not isinstance(result, Done):
            raise RateRefused("version_reused", "this version was posted before")
        assert not isinstance(result, Conflict), "what is on the board is what was recorded"

    async def refer(self, stated: Sequence[Mapping[str, str]]) -> int:
        """Take official rates, by which every sheet is judged again; return how many were taken.

        Only pairs that have a configured reference, in its direction, and only a rate that is
        newer than the one before, within its bounds, and within ``REFERENCE_WALK`` times them of
        the configured one: whoever judges is judged too, and small steps do not add up. A pair
        moves one step per call. They are not recorded: a start begins with the configured ones.
        """
        moved: list[Pair] = []
        for terms in stated:
            async with self._turn:
                try:
                    reference = self._referred(terms, moved)
                except RateRefused as error:
                    self._log.warning("reference_refused", code=error.code)
                    continue
                if reference is not None:
                    self._quoting.replace(self._quoting.board.refer(reference))
                    moved.append((reference.rate.unit.code, reference.rate.quoted.code))
        return len(moved)

    def _referred(self, terms: Mapping[str, str], moved: Sequence[Pair]) -> Reference | None:
        """The reference to take; None for the one that is held already. Raises RateRefused."""
        board = self._quoting.board
        try:
            rate = Rate.parse(terms["rate"], terms["unit_currency"], terms["quoted_currency"])
            at = utc(datetime.fromisoformat(terms["at"]))
        except RateRefused:
            raise
        except (ValueError, OverflowError):
            raise RateRefused("sheet_malformed", "a reference cannot be read") from None
        pair = (rate.unit.code, rate.quoted.code)
        before = board.references.get(pair)
        if before is None:
            raise RateRefused("reference_unknown", "no reference of this pair is configured")
        if (before.rate, before.at) == (rate, at):
            return None
        if pair in moved or not before.at < at <= self._clock.now():
            raise RateRefused("out_of_order", "a reference is newer than the one before")
        if before.bounds_bp is not None:
            anchors = [
                each.rate
                for each in board.market.references
                if (each.rate.unit.code, each.rate.quoted.code) == pair
            ]
            limits = [(before.rate, before.bounds_bp)]
            limits += [(anchor, before.bounds_bp * REFERENCE_WALK) for anchor in anchors]
            if any(abs(rate.value - old.value) * BASIS > most * old.value for old, most in limits):
                raise RateRefused("out_of_bounds", "a reference is too far from the one before")
        return replace(before, rate=rate, at=at)

    def current(self, provider: str | None) -> list[dict[str, object]]:
        """The version in force of every pair, of one provider or (None) of all."""
        return [
            _view(posted)
            for posted in self._quoting.board.current(self._clock.now())
            if provider in (None, posted.sheet.provider)
        ]

    def history(self, provider: str, pair: Pair) -> list[dict[str, object]]:
        """Every version on the board, the newest first."""
        return [_view(posted) for posted in self._quoting.board.history(provider, pair)]

    def loops(self) -> list[dict[str, object]]:
        """Circles of sheets in force that pay out more than goes in."""
        return [
            {
                "gain_bp": loop.gain_bp,
                "rates": [
                    " ".join((sheet.provider, _name(sheet.pair), sheet.version))
                    for sheet in loop.sheets
                ],
            }
            for loop in self._quoting.board.arbitrage(self._clock.now())
        ]


def _view(posted: Posted) -> dict[str, object]:
    gone = posted.withdrawn_at
    return {
        **posted.sheet.to_terms(),
        "seen_at": instant(posted.seen_at),
        "withdrawn_at": None if gone is None else instant(gone),
    }


def _name(pair: Pair) -> str:
    return "/".join(pair)
