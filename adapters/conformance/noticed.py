"""Cases of news that a network sends unasked about a payment of ours: AC-55 to AC-57.

News ends a payment as an answer does, and the first word that is final counts; what comes after it
and says otherwise is disputed and moves nothing. The surprise: news is most useful where the answer
was lost, so that is when it is sent here, and enquiries are kept from finding out first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.conformance.case import Case, NotRun, demand
from adapters.conformance.paying import ENQUIRE, PAY
from switch.model import State
from switch.port import OutcomeKind

if TYPE_CHECKING:
    from adapters.conformance.bench import Bench
    from adapters.conformance.home import Home
    from switch.model import Payment

ENQUIRIES_LOST: Final = 3


async def _unanswered(bench: Bench) -> tuple[Home, Payment]:
    """A payment of a member of ours that the network has booked and we do not know of."""
    home = bench.home
    if home is None:
        raise NotRun(bench.homeless)
    if bench.plan.contradiction is None:
        raise NotRun("the plan says of no news that contradicts")
    home.door.begin()
    await bench.fault(PAY, "drop_answer")
    await bench.fault(ENQUIRE, "drop_request", times=ENQUIRIES_LOST)
    uetr = await home.pay(bench.network, bench.plan.payload, bench.plan.amount)
    payment = await home.now(uetr)
    demand(payment is not None and payment.state is State.UNKNOWN,
           f"the switch has it {'not' if payment is None else payment.state.value}")  # fmt: skip
    assert payment is not None
    bench.begun.append(payment.reference)
    return home, payment


async def _told(bench: Bench, payment: Payment, **more: object) -> None:
    asked = {"reference": payment.reference, "uetr": payment.uetr, **more}
    await bench.control("POST", "/control/notify", asked)


async def _stands(bench: Bench, home: Home, payment: Payment) -> Payment:
    """Demand that the payment is accepted here and booked once there."""
    after = await home.now(payment.uetr)
    demand(after is not None and after.state in (State.ACCEPTED, State.ACCEPTED_UNPOSTED),
           f"the switch has it {'not' if after is None else after.state.value}")  # fmt: skip
    assert after is not None
    bench.said[payment.reference] = OutcomeKind.ACCEPTED
    lines = [each for each in await bench.whole_book()
             if each["reference"].rpartition("/")[2] == payment.reference]  # fmt: skip
    demand([each["status"] for each in lines] == ["booked"], f"{len(lines)} lines in the far book")
    return after


async def before_the_answer(bench: Bench) -> None:
    """AC-55."""
    home, payment = await _unanswered(bench)
    await _told(bench, payment)
    await _stands(bench, home, payment)


async def twice(bench: Bench) -> None:
    """AC-56."""
    home, payment = await _unanswered(bench)
    for _ in range(3):
        await _told(bench, payment)
    after = await _stands(bench, home, payment)
    demand(not after.disputed, "the same news again is disputed")


async def contradicting(bench: Bench) -> None:
    """AC-57."""
    home, payment = await _unanswered(bench)
    await _told(bench, payment)
    await _told(bench, payment, **(bench.plan.contradiction or {}))
    after = await _stands(bench, home, payment)
    demand(after.disputed, "news that says the opposite is passed over")


CASES: Final = (
    Case("AC-55", "News before the answer",
         "News of a payment whose answer has not come ends it as the answer would have.",
         before_the_answer, needs=(PAY, ENQUIRE), inbound=True),
    Case("AC-56", "News that comes again",
         "The same news again changes nothing.",
         twice, needs=(PAY, ENQUIRE), inbound=True),
    Case("AC-57", "News that contradicts",
         "What was final stays; news that says the opposite is disputed and moves nothing.",
         contradicting, needs=(PAY, ENQUIRE), inbound=True),
)  # fmt: skip
