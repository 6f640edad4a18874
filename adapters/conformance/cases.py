"""The list of cases in the order of their numbers; AC-54 looks back at all the others.

What a case demands is written here once: the specification page, the report and the check all show
the same sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.conformance import coming_in, doubt, noticed, paying, returning, spoilt, undoing
from adapters.conformance.case import Case, demand
from adapters.conformance.paying import ACCEPTED, PAY

if TYPE_CHECKING:
    from adapters.conformance.bench import Bench


async def books_agree(bench: Bench) -> None:
    """AC-54."""
    book = await bench.whole_book()
    said = {name for name, kind in bench.said.items() if kind is ACCEPTED}
    moved = [each["reference"] for each in book if each["status"] == "booked"
             and (each["direction"] == "outbound" or each["reference"] in said)]  # fmt: skip
    demand(len(moved) == len(set(moved)), "the far book has a reference twice")
    ours = said - bench.reported
    theirs = {name.rpartition("/")[2] for name in moved} - bench.reported
    demand(not theirs - ours, f"{len(theirs - ours)} payments are booked there alone")
    demand(not ours - theirs, f"{len(ours - theirs)} payments are accepted here alone")


CASES: Final[tuple[Case, ...]] = tuple(
    sorted(
        (
            *paying.CASES,
            *doubt.CASES,
            *undoing.CASES,
            *coming_in.CASES,
            *spoilt.CASES,
            Case("AC-54", "Both books agree",
                 "What is accepted here, refunds too, is booked there once, and nothing else is.",
                 books_agree, needs=(PAY,), last=True),
            *noticed.CASES,
            *returning.CASES,
        ),
        key=lambda case: case.number,
    )
)  # fmt: skip
