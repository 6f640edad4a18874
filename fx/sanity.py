"""What is checked of a sheet before it is quoted: bounds, jumps, its own inverse, circles.

Every comparison is of exact fractions; a limit in basis points is met by equality. A provider may
be wrong alone (a fat finger, judged by the reference and by its own last version) or only together
with others (a circle of sheets that pays a profit), which is reported and not refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from fx.pricing import best_price, cheaper, ladder, price
from fx.refusals import RateRefused
from fx.sheets import BASIS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fx.money import Currency, Rate
    from fx.pricing import Ladder
    from fx.sheets import Pair, RateSheet, Reference


@dataclass(frozen=True, slots=True)
class Loop:
    """Sheets that, used one after the other, give back more than went in: ``gain_bp`` more."""

    sheets: tuple[RateSheet, ...]
    gain_bp: int


def check(
    sheet: RateSheet,
    *,
    best_bp: int,
    before: Sequence[RateSheet],
    inverse: Sequence[RateSheet],
    reference: Reference | None,
    jump_bp: int | None,
) -> None:
    """Judge a sheet by what is on the board; raises :class:`RateRefused` with the first fault.

    ``best_bp`` is the largest improvement any member has with this provider; ``before`` are the
    versions of the same pair that it may not jump away from, ``inverse`` those of the opposite one
    that it may meet; ``jump_bp`` holds where the reference states no limit.
    """
    if reference is not None and out_of_bounds(sheet, reference):
        raise RateRefused("out_of_bounds", "the rate is too far from the reference rate")
    if reference is not None and reference.jump_bp is not None:
        jump_bp = reference.jump_bp
    if jump_bp is not None:
        new = _worth(sheet.rate, sheet.payer)
        if any(_apart(new, _worth(old.rate, sheet.payer), jump_bp) for old in before):
            raise RateRefused("jump", "the rate is too far from a version before it")
    here = best_price(ladder(sheet, best_bp))
    for other in inverse:
        there = best_price(ladder(other, best_bp))
        if cheaper((here[0] * there[0], here[1] * there[1]), (1, 1)):
            raise RateRefused("inverse_loop", "there and back at this provider pays a profit")


def out_of_bounds(sheet: RateSheet, reference: Reference) -> bool:
    """Whether the base or the dearest price of a sheet is too far from the reference."""
    if reference.bounds_bp is None:
        return False
    official = _worth(reference.rate, sheet.payer)
    dearest = ladder(sheet, 0)[0].rate
    return any(
        _apart(_worth(rate, sheet.payer), official, reference.bounds_bp)
        for rate in (sheet.rate, dearest)
    )


def beyond(rate: Rate, payer: Currency, reference: Reference) -> bool:
    """Whether a rate that no sheet states is too far from the reference."""
    if reference.bounds_bp is None:
        return False
    return _apart(_worth(rate, payer), _worth(reference.rate, payer), reference.bounds_bp)


def _worth(rate: Rate, payer: Currency) -> Fraction:
    return Fraction(*price(rate, payer))


def _apart(one: Fraction, other: Fraction, most_bp: int) -> bool:
    return abs(one - other) * BASIS > most_bp * other


def loops(usable: Iterable[tuple[RateSheet, Ladder]]) -> tuple[Loop, ...]:
    """Find circles over two or three currencies at each pair's best price, by currency code."""
    best: dict[Pair, tuple[RateSheet, tuple[int, int]]] = {}
    for sheet, steps in usable:
        asked = best_price(steps)
        if sheet.pair not in best or cheaper(asked, best[sheet.pair][1]):
            best[sheet.pair] = (sheet, asked)
    found = []
    for path in _circles(best):
        product = Fraction(1)
        for pair in path:
            product *= Fraction(*best[pair][1])
        if product < 1:
            gain = int((1 / product - 1) * BASIS)
            found.append(Loop(tuple(best[pair][0] for pair in path), gain))
    return tuple(found)


def _circles(pairs: Iterable[Pair]) -> list[tuple[Pair, ...]]:
    """Every circle of two or three pairs, once: it starts at its smallest currency code."""
    known = dict.fromkeys(sorted(pairs))
    found: list[tuple[Pair, ...]] = []
    for start, middle in known:
        if start > middle:
            continue
        if (middle, start) in known:
            found.append(((start, middle), (middle, start)))
        found += [
            ((start, middle), (middle, end), (end, start))
            for left, end in known
            if left == middle and end > start and (end, start) in known
        ]
    return found
