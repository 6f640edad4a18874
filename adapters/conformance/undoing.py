"""Cases of a payment that is undone at our wish: AC-20 to AC-24. Only networks that can cancel.

A cancel ends a payment only when the network confirms it; whether it can is a matter of its window.
The surprise: a cancel of a payment that never arrived must be remembered, for it may still arrive.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapters.conformance.case import Case, demand
from adapters.conformance.doubt import UNKNOWN, unknown
from adapters.conformance.paying import ACCEPTED, ENQUIRE, PAY, accepted
from switch.port import Operation, OutcomeKind

if TYPE_CHECKING:
    from adapters.conformance.bench import Bench
    from adapters.conformance.payments import Ready

CANCEL: Final = Operation.CANCEL
CANCELLED: Final = OutcomeKind.CANCELLED
AFTER: Final = timedelta(days=2)
"""Later than the cancel window of any network that has one."""


async def _cancelled(bench: Bench, ready: Ready) -> None:
    said = await bench.cancel(ready)
    demand(said.kind is CANCELLED, f"a cancel is answered {said}")
    await _undone(bench, ready)


async def _undone(bench: Bench, ready: Ready) -> None:
    lines = await bench.book(ready)
    demand(all(each["status"] == "cancelled" for each in lines), "the far book has it booked still")
    after = await bench.enquire(ready)
    demand(after.kind in (CANCELLED, OutcomeKind.NEVER_SEEN), f"an enquiry afterwards says {after}")


async def in_window(bench: Bench) -> None:
    """AC-20."""
    ready = await bench.ready()
    await accepted(bench, ready)
    await _cancelled(bench, ready)


async def after_window(bench: Bench) -> None:
    """AC-21."""
    ready = await bench.ready()
    await accepted(bench, ready)
    millisecond = timedelta(milliseconds=1)
    await bench.control("POST", "/control/clock", {"ahead_ms": AFTER // millisecond})
    bench.ahead = AFTER
    try:
        said = await bench.cancel(ready)
    finally:
        bench.ahead = timedelta()
        await bench.control("POST", "/control/clock", {"ahead_ms": 0})
    demand(said.kind is ACCEPTED, f"a cancel after the window is answered {said}")
    await bench.booked_once(ready)


async def twice(bench: Bench) -> None:
    """AC-22."""
    ready = await bench.ready()
    await accepted(bench, ready)
    await bench.fault(CANCEL, "drop_answer")
    said = await bench.cancel(ready)
    demand(said.kind is UNKNOWN, f"a cancel without an answer is read as {said}")
    await _cancelled(bench, ready)


async def of_the_lost(bench: Bench) -> None:
    """AC-23."""
    ready = await bench.ready()
    await bench.fault(PAY, "drop_answer")
    await unknown(bench, ready)
    await _cancelled(bench, ready)


async def repeated_after(bench: Bench) -> None:
    """AC-24."""
    ready = await bench.ready()
    exchange = bench.planned(ready)
    said = await bench.instruct(ready, exchange)
    demand(said.kind is ACCEPTED, f"a payment is {said}")
    await _cancelled(bench, ready)
    again = await bench.instruct(ready, exchange)
    demand(again.kind is not ACCEPTED, "what was cancelled is accepted when it is repeated")
    await bench.not_booked(ready)


CASES: Final = (
    Case("AC-20", "Cancel in the window",
         "It is confirmed, the payment is undone in the book, and enquiries say so.",
         in_window, needs=(PAY, ENQUIRE, CANCEL)),
    Case("AC-21", "Cancel after the window",
         "It is refused as too late, and the payment stays booked.",
         after_window, needs=(PAY, CANCEL)),
    Case("AC-22", "Cancel whose answer was lost",
         "It says nothing; repeated it is confirmed, and the payment is undone once.",
         twice, needs=(PAY, ENQUIRE, CANCEL)),
    Case("AC-23", "Cancel of a payment without an answer",
         "It is confirmed, and the payment is undone in the book.",
         of_the_lost, needs=(PAY, ENQUIRE, CANCEL)),
    Case("AC-24", "Repeat after a cancel",
         "The instruction of a cancelled payment is not executed again.",
         repeated_after, needs=(PAY, ENQUIRE, CANCEL)),
)  # fmt: skip
