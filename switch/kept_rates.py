"""Rates as they are recorded: sheets, and the official rates that sheets are judged by.

Both are rows of one table, so that one read brings a board up to date after a restart or beside
another process. An official rate stands under a name that no provider can have, its version being
the moment it is of. The surprise: a kept official rate counts only while the configured one is
older and not far from it, so that changing the configuration always wins.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from fx.money import Rate
from fx.sheets import BASIS, Posted, RateSheet
from switch.commands import RateRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fx.board import Board
    from fx.market import Market
    from fx.sheets import Reference

REFERENCES: Final = "@references"
"""Stands for the provider in rows of official rates; a provider's name begins with a letter."""

REFERENCE_WALK: Final = 4
"""How many times its bounds an official rate may move from the configured one, in all its steps."""

Stated = tuple[Rate, datetime]
"""An official rate and the moment it is of."""


def row_of(posted: Posted, published_at: datetime) -> RateRow:
    """The row of a sheet, as fresh as ``published_at``."""
    sheet = posted.sheet
    return RateRow(
        provider=sheet.provider,
        pair="/".join(sheet.pair),
        version=sheet.version,
        effective_at=sheet.effective_at,
        published_at=published_at,
        sheet=_text(sheet.to_terms()),
        withdrawn_at=posted.withdrawn_at,
    )


def reference_row(reference: Reference, published_at: datetime) -> RateRow:
    """The row of an official rate that was stated now."""
    rate = reference.rate
    unit, quoted = rate.unit.code, rate.quoted.code
    terms = {"rate": str(rate), "unit_currency": unit, "quoted_currency": quoted}
    return RateRow(
        provider=REFERENCES,
        pair=f"{unit}/{quoted}",
        version=reference.at.isoformat(),
        effective_at=reference.at,
        published_at=published_at,
        sheet=_text(terms),
    )


def read(rows: Iterable[RateRow]) -> tuple[list[Posted], list[Stated]]:
    """The sheets and the official rates of rows, in their order."""
    sheets: list[Posted] = []
    references: list[Stated] = []
    for row in rows:
        terms: dict[str, Any] = orjson.loads(row.sheet)
        if row.provider == REFERENCES:
            rate = Rate.parse(terms["rate"], terms["unit_currency"], terms["quoted_currency"])
            references.append((rate, row.effective_at))
        else:
            sheet = RateSheet.from_terms(terms)
            sheets.append(Posted(sheet, row.published_at, row.withdrawn_at))
    return sheets, references


def referred(board: Board, stated: Sequence[Stated]) -> Board:
    """A board with kept official rates, where each is newer than its own and not far from ours."""
    for rate, at in stated:
        before = board.references.get((rate.unit.code, rate.quoted.code))
        if before is not None and before.at < at and not strayed(board.market, before, rate):
            board = board.refer(replace(before, rate=rate, at=at))
    return board


def leapt(before: Reference, rate: Rate) -> bool:
    """Whether an official rate is further than its bounds from the one before."""
    return before.bounds_bp is not None and _beyond(rate, before.rate, before.bounds_bp)


def strayed(market: Market, before: Reference, rate: Rate) -> bool:
    """Whether it is further than ``REFERENCE_WALK`` times its bounds from the configured one."""
    if before.bounds_bp is None:
        return False
    most = before.bounds_bp * REFERENCE_WALK
    pair = (rate.unit.code, rate.quoted.code)
    return any(
        _beyond(rate, each.rate, most)
        for each in market.references
        if (each.rate.unit.code, each.rate.quoted.code) == pair
    )


def _beyond(rate: Rate, old: Rate, most_bp: int) -> bool:
    return abs(rate.value - old.value) * BASIS > most_bp * old.value


def _text(terms: dict[str, object] | dict[str, str]) -> str:
    return orjson.dumps(terms, option=orjson.OPT_SORT_KEYS).decode()
