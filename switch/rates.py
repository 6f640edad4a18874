"""Standing rates as providers change them: posted, withdrawn, listed.

One board is in force at a time. What changes it is committed first and quoted from afterwards, one
change after the other, so the board and the record cannot disagree about the order, and a restart
quotes what it quoted before. What other processes record is looked for twice a second. The
surprise: a sheet that is posted again is only confirmed as fresh, which is recorded where its
provider's rates grow stale, and nowhere else.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from fx.board import BACKDATED_MAX
from fx.money import Rate
from fx.refusals import RateRefused
from fx.sheets import Posted, RateSheet, utc
from switch import kept_rates
from switch.answers import instant
from switch.commands import Conflict, Done, Publish
from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fx.sheets import Pair, Reference
    from switch.commands import RateRow
    from switch.logs import Log
    from switch.model import RateKey
    from switch.quoting import Quoting
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store

RATES_KEPT: Final = 20
"""Versions of each provider's pair that are read back; older ones can price nothing."""

REFRESH_S: Final = 0.5
"""Pause between two looks at what other processes have recorded."""


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
        self._rows: dict[RateKey, RateRow] = {}

    async def run(self) -> None:
        """Learn what other processes record until cancelled; an absent store is asked later."""
        while True:
            await self._clock.sleep(REFRESH_S)
            with suppress(StoreBusy):
                await self.refresh()

    async def refresh(self) -> bool:
        """Learn what was recorded since the last look; True when something was new.

        A version that is no longer among the newest was either pushed out or withdrawn before it
        took effect; only a look at its own row tells which.
        """
        async with self._turn:
            read = self._store.read
            rows = {row.key: row for row in await read.rates(RATES_KEPT)}
            gone = [await read.rate(key) for key in self._rows if key not in rows]
            changed = [row for key, row in rows.items() if self._rows.get(key) != row]
            changed += [row for row in gone if row is not None]
            self._rows = rows
            return bool(changed) and self._quoting.refresh(changed)

    async def publish(
        self, provider: str, sheets: Sequence[Mapping[str, object]], *, pulled: bool = False
    ) -> list[Outcome]:
        """Take or refuse each sheet by itself, in order; a sheet is terms as the engine reads them.

        A busy store refuses a sheet too (``busy``), because those before it are taken already. One
        that was ``pulled`` may have waited for us: if it is dated back too far it takes effect now.
        It is judged beside what other processes have recorded until now.
        """
        await self.refresh()
        found = []
        for terms in sheets:
            async with self._turn:
                found.append(await self._taken(provider, terms, pulled=pulled))
        return found

    async def _taken(self, provider: str, terms: Mapping[str, object], *, pulled: bool) -> Outcome:
        now = self._clock.now()
        try:
            sheet = RateSheet.from_terms({**terms, "provider": provider})
            if pulled:
                sheet = self._fetched(sheet, now)
            published = self._quoting.board.publish(sheet, now)
            quoter = self._quoting.board.market.providers[provider]
            if not published.known:
                await self._commit(Posted(sheet, now), now)
            elif quoter.stale_after_s is not None:
                await self._confirm(Posted(sheet, now), now)
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

    def _fetched(self, sheet: RateSheet, now: datetime) -> RateSheet:
        """A sheet of a page that we did not ask for earlier: as we took it, or from now on."""
        held = self._quoting.board.history(sheet.provider, sheet.pair)
        for each in held:
            if each.sheet.version == sheet.version:
                as_taken = replace(sheet, effective_at=each.sheet.effective_at)
                moved = sheet.effective_at <= each.sheet.effective_at
                return each.sheet if moved and as_taken == each.sheet else sheet
        late = bool(held) and sheet.effective_at < now - BACKDATED_MAX
        return replace(sheet, effective_at=now) if late else sheet

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
        row = kept_rates.row_of(posted, published_at)
        result = await self._store.commit(Publish(row, self._ids.salt()))
        if posted.withdrawn_at is None and not isinstance(result, Done):
            raise RateRefused("version_reused", "this version was posted before")
        assert not isinstance(result, Conflict), "what is on the board is what was recorded"
        self._rows[row.key] = row

    async def _confirm(self, posted: Posted, now: datetime) -> None:
        """Record that a version is fresh. Raises ``RateRefused`` where others withdrew it."""
        row = kept_rates.row_of(posted, now)
        result = await self._store.commit(Publish(row, self._ids.salt(), confirms=True))
        if isinstance(result, Conflict):
            raise RateRefused("version_reused", "this version was posted before")

    async def refer(self, stated: Sequence[Mapping[str, str]]) -> int:
        """Take official rates, by which every sheet is judged again; return how many were taken.

        Only pairs that have a configured reference, in its direction, and only a rate that is
        newer than the one before, within its bounds, and within ``REFERENCE_WALK`` times them of
        the configured one: whoever judges is judged too, and small steps do not add up. A pair
        moves one step per call. It is recorded like a sheet; a busy store refuses it (``busy``).
        """
        moved: list[Pair] = []
        for terms in stated:
            async with self._turn:
                try:
                    reference = self._referred(terms, moved)
                    if reference is not None:
                        await self._record(reference)
                except RateRefused as error:
                    self._log.warning("reference_refused", code=error.code)
                    continue
                except StoreBusy:
                    self._log.warning("reference_refused", code="busy")
                    continue
                if reference is not None:
                    self._quoting.replace(self._quoting.board.refer(reference))
                    moved.append((reference.rate.unit.code, reference.rate.quoted.code))
        return len(moved)

    async def _record(self, reference: Reference) -> None:
        """Commit an official rate. Raises ``RateRefused`` for another one of that moment."""
        row = kept_rates.reference_row(reference, self._clock.now())
        result = await self._store.commit(Publish(row, self._ids.salt()))
        if isinstance(result, Conflict):
            raise RateRefused("out_of_order", "another reference of that moment was stated before")
        self._rows[row.key] = row

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
        if kept_rates.leapt(before, rate) or kept_rates.strayed(board.market, before, rate):
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
