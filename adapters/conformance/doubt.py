"""Cases of a payment whose answer does not come, and of what is known then: AC-10 to AC-17.

Nobody ends a payment for want of an answer; the enquiry finds out, and what it finds out is what
the book says. The surprise: a request can arrive after it was said to be never seen, and where that
was a promise it must not be executed any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.conformance.case import Case, demand
from adapters.conformance.paying import ACCEPTED, ENQUIRE, PAY, REFUSED, accepted, refused_by_itself
from switch.port import OutcomeKind

if TYPE_CHECKING:
    from adapters.conformance.bench import Bench, Said
    from adapters.conformance.payments import Ready

NEVER_SEEN, PENDING, UNKNOWN = OutcomeKind.NEVER_SEEN, OutcomeKind.PENDING, OutcomeKind.UNKNOWN


async def unknown(bench: Bench, ready: Ready) -> Said:
    """Pay, and demand that nothing is known of it."""
    said = await bench.pay(ready)
    demand(said.kind is UNKNOWN, f"a payment without a sound answer is {said}")
    return said


async def found_accepted(bench: Bench, ready: Ready) -> None:
    """Demand that an enquiry finds the payment accepted, and the book has it once."""
    said = await bench.enquire(ready)
    demand(said.kind is ACCEPTED, f"the enquiry says {said}, accepted expected")
    await bench.booked_once(ready)


async def late_answer(bench: Bench) -> None:
    """AC-10."""
    ready = await bench.ready()
    await bench.fault(PAY, "late", delay_ms=bench.late_ms)
    await unknown(bench, ready)
    await found_accepted(bench, ready)
    await bench.late()
    await found_accepted(bench, ready)


async def lost_request(bench: Bench) -> None:
    """AC-11."""
    ready = await bench.ready()
    await bench.fault(PAY, "drop_request")
    await unknown(bench, ready)
    said = await bench.enquire(ready)
    demand(said.kind is NEVER_SEEN, f"the enquiry about a lost request says {said}")
    await bench.not_booked(ready)


async def lost_answer(bench: Bench) -> None:
    """AC-12."""
    ready = await bench.ready()
    await bench.fault(PAY, "drop_answer")
    await unknown(bench, ready)
    await found_accepted(bench, ready)


async def pending_then_accepted(bench: Bench) -> None:
    """AC-13."""
    ready = await bench.ready()
    await bench.fault(PAY, "pending")
    said = await bench.pay(ready)
    demand(said.kind in (PENDING, UNKNOWN), f"a payment in progress is {said}")
    meanwhile = await bench.enquire(ready)
    demand(meanwhile.kind in (PENDING, UNKNOWN), f"an enquiry meanwhile says {meanwhile}")
    await bench.not_booked(ready)
    await bench.release()
    await found_accepted(bench, ready)


async def never_seen_is_kept(bench: Bench) -> None:
    """AC-14."""
    ready = await bench.ready()
    exchange = bench.planned(ready)
    before = await bench.enquire(ready)
    demand(before.kind is NEVER_SEEN, f"the enquiry before the request says {before}")
    late = await bench.instruct(ready, exchange)
    demand(late.kind is not ACCEPTED, "what was said to be never seen is accepted afterwards")
    await bench.not_booked(ready)
    after = await bench.enquire(ready)
    demand(after.kind in (NEVER_SEEN, REFUSED), f"the enquiry afterwards says {after}")


async def never_seen_then_executed(bench: Bench) -> None:
    """AC-15."""
    ready = await bench.ready()
    await bench.fault(PAY, "slow", delay_ms=bench.late_ms)
    await unknown(bench, ready)
    before = await bench.enquire(ready)
    demand(before.kind in (NEVER_SEEN, UNKNOWN), f"the enquiry on the way says {before}")
    await bench.late()
    said = await bench.enquire(ready)
    if said.kind in (NEVER_SEEN, REFUSED):
        await bench.not_booked(ready)
        return
    demand(said.kind is ACCEPTED, f"the enquiry after it arrived says {said}")
    await bench.booked_once(ready)


async def refused_after_time_out(bench: Bench) -> None:
    """AC-16."""
    ready = await refused_by_itself(bench)
    await bench.fault(PAY, "drop_answer")
    await unknown(bench, ready)
    said = await bench.enquire(ready)
    demand(said.kind is REFUSED, f"the enquiry about a refusal that was lost says {said}")
    await bench.not_booked(ready)


async def enquiries_spoilt(bench: Bench) -> None:
    """AC-17."""
    ready = await bench.ready()
    await accepted(bench, ready)
    for kind in ("drop_request", "drop_answer", "garbage", "error_500"):
        await bench.fault(ENQUIRE, kind)
        said = await bench.enquire(ready)
        demand(said.kind is UNKNOWN, f"an enquiry with {kind} says {said}")
    await found_accepted(bench, ready)


async def agree(bench: Bench) -> None:
    """AC-18."""
    ready = await bench.ready()
    await accepted(bench, ready)
    for _ in range(3):
        said = await bench.enquire(ready)
        demand(said.kind is ACCEPTED, f"the answer was accepted, an enquiry says {said}")
    if bench.plan.refused is None:
        return
    other = await refused_by_itself(bench)
    first = await bench.pay(other)
    then = await bench.enquire(other)
    demand(first.kind is then.kind is REFUSED, f"the answer was {first}, the enquiry says {then}")


CASES: Final = (
    Case("AC-10", "Late answer",
         "An answer after our deadline changes nothing: the enquiry says accepted, booked once.",
         late_answer, needs=(PAY, ENQUIRE)),
    Case("AC-11", "Lost request",
         "Of a request that never arrived the enquiry says so, and nothing is booked.",
         lost_request, needs=(PAY, ENQUIRE)),
    Case("AC-12", "Lost answer",
         "Where the answer was lost the enquiry says accepted, booked once.",
         lost_answer, needs=(PAY, ENQUIRE)),
    Case("AC-13", "Unknown, then accepted",
         "A payment in progress is pending, neither booked nor refused, until it is accepted.",
         pending_then_accepted, needs=(PAY, ENQUIRE)),
    Case("AC-14", "Never seen is a promise",
         "What was said to be never seen is not executed when it arrives afterwards.",
         never_seen_is_kept, needs=(PAY, ENQUIRE), promise=True),
    Case("AC-15", "Never seen, then executed",
         "Of a request that was on its way during the enquiry the next one says what is booked.",
         never_seen_then_executed, needs=(PAY, ENQUIRE), promise=False),
    Case("AC-16", "Refusal after a time-out",
         "Where the answer that was lost was a refusal the enquiry says so; nothing is booked.",
         refused_after_time_out, needs=(PAY, ENQUIRE)),
    Case("AC-17", "Enquiries that go wrong",
         "An enquiry without a sound answer says nothing about the payment; the next one does.",
         enquiries_spoilt, needs=(PAY, ENQUIRE)),
    Case("AC-18", "Answers do not contradict each other",
         "Every enquiry says what the answer said, for accepted and for refused payments.",
         agree, needs=(PAY, ENQUIRE)),
)  # fmt: skip
