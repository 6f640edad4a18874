"""Cases of answers and requests that are spoilt on the wire: AC-40 to AC-53.

A spoilt answer to an executed payment is the case that loses money when it is read as a failure:
each leaves the outcome unknown, and the enquiry finds the truth. The surprise: an answer that is
well signed but belongs to another payment is as worthless as one that is not signed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapters.conformance.case import Case, demand
from adapters.conformance.doubt import NEVER_SEEN, UNKNOWN, found_accepted, unknown
from adapters.conformance.paying import ACCEPTED, ENQUIRE, PAY, REFUSED, accepted
from switch.port import OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from adapters.conformance.bench import Bench

BEHIND_S: Final = 0.05
"""How far a second answer may be behind the first."""

DAY_OLD: Final = timedelta(hours=26)
"""Yesterday's in every zone, since some networks judge a message by its day alone."""

BYTES_ALTERED: Final = 12
"""Places at which a request is altered, spread over its body."""


def spoilt(kind: str, **more: object) -> Callable[[Bench], Awaitable[None]]:
    """A case in which the answer to a payment that was booked is spoilt."""

    async def run(bench: Bench) -> None:
        ready = await bench.ready()
        await bench.fault(PAY, kind, **more)
        await unknown(bench, ready)
        await found_accepted(bench, ready)

    return run


async def slow_body(bench: Bench) -> None:
    """AC-44."""
    await spoilt("slow_body", delay_ms=bench.late_ms)(bench)


async def oversize(bench: Bench) -> None:
    """AC-45."""
    await spoilt("oversize", bytes=bench.facts.answer_bytes_max + 1)(bench)


async def unavailable(bench: Bench) -> None:
    """AC-42."""
    ready = await bench.ready()
    await bench.fault(PAY, "unavailable", status=503)
    await unknown(bench, ready)
    said = await bench.enquire(ready)
    demand(said.kind is NEVER_SEEN, f"the enquiry about what was not taken says {said}")
    await bench.not_booked(ready)


async def not_signed_by_us(bench: Bench) -> None:
    """AC-48."""
    ready = await bench.ready()
    exchange = bench.planned(ready)
    before = await bench.moved()
    step = max(1, len(exchange.body) // BYTES_ALTERED)
    for place in range(step // 2, len(exchange.body), step):
        body = bytearray(exchange.body)
        body[place] ^= 0x01
        said = await bench.instruct(ready, replace(exchange, body=bytes(body)))
        demand(said.kind is not ACCEPTED, f"a request altered at byte {place} is accepted")
        # Under whatever reference: that may be what was altered.
        new = await bench.moved() - before
        bench.begun.extend(new)
        demand(not new, f"a request altered at byte {place} is booked")


async def without_signature(bench: Bench) -> None:
    """AC-49."""
    ready = await bench.ready()
    exchange = bench.planned(ready)
    plain = tuple(each for each in exchange.headers if each[0].lower() == "content-type")
    demand(plain != exchange.headers or b"ignature" in exchange.body,
           "nothing of a request is signed")  # fmt: skip
    if plain == exchange.headers:
        stripped = exchange.body.replace(b"SignatureValue>", b"SignatureNone>")
        said = await bench.instruct(ready, replace(exchange, body=stripped))
    else:
        said = await bench.instruct(ready, replace(exchange, headers=plain))
    demand(said.kind is not ACCEPTED, "a request without a signature is accepted")
    await bench.not_booked(ready)


async def replayed_answer(bench: Bench) -> None:
    """AC-50."""
    first, second = await bench.ready(), await bench.ready()
    told = await bench.pay(first)
    demand(told.kind is ACCEPTED and told.answer is not None, f"a payment is {told}")
    assert told.answer is not None
    outcome = bench.read(second, bench.planned(second), told.answer)
    demand(outcome.kind is UNKNOWN, f"the answer of another payment is read as {outcome.kind}")
    await accepted(bench, second)
    await bench.booked_once(first)
    await bench.booked_once(second)


async def their_clock(bench: Bench) -> None:
    """AC-51."""
    ready = await bench.ready()
    skew = timedelta(seconds=bench.facts.clock_skew_max_s + 60)
    await bench.fault(PAY, "wrong_clock", delay_ms=skew // timedelta(milliseconds=1))
    said = await bench.pay(ready)
    demand(said.kind is not OutcomeKind.NEVER_SEEN, f"with their clock wrong a payment is {said}")
    if said.kind is REFUSED:
        await bench.not_booked(ready)
        return
    await found_accepted(bench, ready)


async def our_clock(bench: Bench) -> None:
    """AC-52."""
    bench.ahead = -(DAY_OLD + timedelta(seconds=bench.facts.clock_skew_max_s))
    try:
        ready = await bench.ready_at_wrong_time()
        said = await bench.pay(ready)
    finally:
        bench.ahead = timedelta()
    demand(said.kind is not ACCEPTED, "a request that is too old is accepted")
    await bench.not_booked(ready)


async def answered_twice(bench: Bench) -> None:
    """AC-47."""
    await bench.fault(PAY, "answer_twice")
    readies = [await bench.ready() for _ in range(4)]
    for ready in readies:
        await accepted(bench, ready)
        # What nobody asked for has come before the connection is used again.
        await bench.clock.sleep(BEHIND_S)
    for ready in readies:
        await bench.booked_once(ready)


async def enquiry_refused(bench: Bench) -> None:
    """AC-53."""
    ready = await bench.ready()
    await accepted(bench, ready)
    await bench.fault(ENQUIRE, "wrong_signature")
    said = await bench.enquire(ready)
    demand(said.kind is UNKNOWN, f"an enquiry's answer that was altered says {said}")
    await found_accepted(bench, ready)


CASES: Final = (
    Case("AC-40", "An answer that cannot be read",
         "It leaves the outcome unknown; the enquiry says accepted, booked once.",
         spoilt("garbage"), needs=(PAY, ENQUIRE)),
    Case("AC-41", "HTTP 5xx after the payment was taken",
         "It leaves the outcome unknown; the enquiry says accepted, booked once.",
         spoilt("error_500", status=502), needs=(PAY, ENQUIRE)),
    Case("AC-42", "HTTP 5xx instead of the payment",
         "It leaves the outcome unknown; the enquiry says never seen, nothing is booked.",
         unavailable, needs=(PAY, ENQUIRE)),
    Case("AC-43", "The connection is reset within the answer",
         "It leaves the outcome unknown; the enquiry says accepted, booked once.",
         spoilt("reset", bytes=20), needs=(PAY, ENQUIRE)),
    Case("AC-44", "Slow body",
         "An answer that stops half-way leaves the outcome unknown; the enquiry says accepted.",
         slow_body, needs=(PAY, ENQUIRE)),
    Case("AC-45", "Oversize answer",
         "It is not read to its end; the enquiry says accepted, booked once.",
         oversize, needs=(PAY, ENQUIRE)),
    Case("AC-46", "Redirect",
         "It is not followed and leaves the outcome unknown; the enquiry says accepted.",
         spoilt("redirect"), needs=(PAY, ENQUIRE)),
    Case("AC-47", "An answer that comes twice",
         "It is not taken for the answer to the next request on the connection.",
         answered_twice, needs=(PAY,)),
    Case("AC-48", "A request that was altered",
         "A payment with any byte changed is not executed.",
         not_signed_by_us, needs=(PAY,)),
    Case("AC-49", "A request without a signature",
         "It is not executed.",
         without_signature, needs=(PAY,)),
    Case("AC-50", "An answer of another payment",
         "It says nothing about this one, however well it is signed.",
         replayed_answer, needs=(PAY,)),
    Case("AC-51", "Their clock is wrong",
         "The outcome is never a wrong one: what was booked is found accepted.",
         their_clock, needs=(PAY, ENQUIRE)),
    Case("AC-52", "Our clock is wrong",
         "A request that was made the day before is not executed.",
         our_clock, needs=(PAY,)),
    Case("AC-39", "A wrong signature",
         "An answer altered after it was signed leaves the outcome unknown; the enquiry finds it.",
         spoilt("wrong_signature"), needs=(PAY, ENQUIRE)),
    Case("AC-53", "A wrong signature of an enquiry's answer",
         "It says nothing about the payment; the next enquiry does.",
         enquiry_refused, needs=(PAY, ENQUIRE)),
)  # fmt: skip
