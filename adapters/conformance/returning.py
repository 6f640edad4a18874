"""Cases of money that comes back from there: what shops give back, and what we ask for.

A shop gives back what a customer of ours paid, all of it or a part; the network tells the switch,
which books it at the original rate, and both books must have it once. The surprise: a network to
which nothing comes in is asked to give back instead, so the last cases are for such networks only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from adapters.conformance.case import Case, NotRun, demand
from adapters.conformance.doubt import UNKNOWN
from adapters.conformance.paying import ACCEPTED, ENQUIRE, PAY, REFUSED, accepted
from adapters.conformance.payments import given_back
from fx.money import Money
from switch.model import State
from switch.port import Operation, OutcomeKind

if TYPE_CHECKING:
    from adapters.conformance.bench import Bench
    from adapters.conformance.home import Home
    from adapters.conformance.payments import Ready
    from switch.model import Payment

HEARD_WITHIN_S: Final = 30
"""How soon a network tells again what nobody answered."""

_DONE: Final = (State.ACCEPTED, State.ACCEPTED_UNPOSTED)


def _home(bench: Bench) -> Home:
    if bench.home is None:
        raise NotRun(bench.homeless)
    return bench.home


async def _paid(bench: Bench) -> Payment:
    """A payment that a member's customer made, as the switch has it."""
    home = _home(bench)
    home.door.begin()
    amount = bench.plan.amount
    uetr = await home.pay(bench.network, bench.code(amount), amount)
    payment = await home.payment(uetr)
    demand(payment is not None and payment.state in _DONE,
           f"the switch has it {'not' if payment is None else payment.state.value}")  # fmt: skip
    assert payment is not None
    bench.begun.append(payment.reference)
    bench.said[payment.reference] = OutcomeKind.ACCEPTED
    return payment


async def _given(bench: Bench, payment: Payment, amount: Money, **more: object) -> Any:
    """Have a shop there give back an amount; what its network was told."""
    asked = {"reference": payment.reference, "uetr": payment.uetr, "amount": str(amount)}
    return await bench.control("POST", "/control/return", {**asked, **more})


async def _came_in(bench: Bench) -> list[tuple[str, str]]:
    """Amounts that the far side has booked as going to us, in the order they were."""
    return [(each["amount"], each["currency"]) for each in await bench.whole_book()
            if each["direction"] == "inbound" and each["status"] == "booked"]  # fmt: skip


async def _came_back(
    bench: Bench, payment: Payment, before: int, *amounts: Money, held: tuple[Money, ...] = ()
) -> None:
    """Demand these amounts, and no other, in the far book and here, adding up at the old rate.

    ``held`` came too, and is kept for people to look at.
    """
    there = (await _came_in(bench))[before:]
    wanted = [(str(each), each.currency.code) for each in (*amounts, *held)]
    demand(there == wanted, f"the far book has {there} given back, {wanted} expected")
    back = await _home(bench).gone_back(payment.uetr)
    here = [each for each in back if each.state in _DONE and not each.disputed]
    kept = [each.terms.destination for each in back if each.disputed]
    demand(kept == list(held), f"the switch holds {len(kept)} returns, {len(held)} expected")
    demand([each.terms.destination for each in here] == list(amounts),
           f"the switch has {len(here)} returns, {len(amounts)} expected")  # fmt: skip
    whole = sum(each.minor for each in amounts) == payment.terms.destination.minor
    given = sum(each.terms.source.minor for each in here)
    rest = payment.terms.source.minor - given
    demand(rest == 0 if whole else rest > 0, f"{given} minor units of what was paid are given back")


def _part(whole: Money, of: int) -> Money:
    """A part of an amount, without decimals where the whole has none."""
    unit = whole.currency.minor_per_major
    step = 1 if whole.minor % unit else unit
    return Money(whole.minor // (of * step) * step, whole.currency)


async def in_full(bench: Bench) -> None:
    """AC-58."""
    payment = await _paid(bench)
    before, whole = len(await _came_in(bench)), payment.terms.destination
    await _given(bench, payment, whole)
    await _came_back(bench, payment, before, whole)


async def in_parts(bench: Bench) -> None:
    """AC-59."""
    payment = await _paid(bench)
    before, whole = len(await _came_in(bench)), payment.terms.destination
    third = _part(whole, 3)
    parts = (third, third, whole - third - third)
    for part in parts:
        await _given(bench, payment, part)
    await _came_back(bench, payment, before, *parts)


async def too_much(bench: Bench) -> None:
    """AC-60."""
    payment = await _paid(bench)
    before, whole = len(await _came_in(bench)), payment.terms.destination
    half = _part(whole, 2)
    await _given(bench, payment, whole - half)
    more = half + half
    told = await _given(bench, payment, more)
    # Where the message itself moves the money it has come, and people find out whose it is.
    held = () if told["status"] == "RJCT" else (more,)
    await _came_back(bench, payment, before, whole - half, held=held)


async def told_again(bench: Bench) -> None:
    """AC-61."""
    payment = await _paid(bench)
    before, whole = len(await _came_in(bench)), payment.terms.destination
    await _given(bench, payment, whole, repeat=3)
    await _came_back(bench, payment, before, whole)


async def answer_lost(bench: Bench) -> None:
    """AC-62."""
    payment = await _paid(bench)
    before, whole = len(await _came_in(bench)), payment.terms.destination
    _home(bench).door.begin(lose_answer=1)
    await _given(bench, payment, whole)
    for _ in range(HEARD_WITHIN_S):
        if len(await _came_in(bench)) > before:
            break
        await bench.clock.sleep(1)
    await _came_back(bench, payment, before, whole)


async def _asked(bench: Bench, minor: int) -> tuple[Ready, Ready]:
    """A payment that was accepted, and part of it asked back."""
    ready = await bench.ready()
    await accepted(bench, ready)
    amount = Money(minor, bench.plan.amount.currency)
    planning = bench.planning(bench.ids.uetr())
    back = given_back(ready, amount, planning, bench.adapter.reference(planning))
    bench.begun.append(back.payment.reference)
    return ready, back


async def asked_back(bench: Bench) -> None:
    """AC-63."""
    _, back = await _asked(bench, bench.plan.amount.minor // 2)
    said = await bench.refund(back)
    demand(said.kind is ACCEPTED, f"a part that is asked back is {said}")
    after = await bench.enquire(back)
    demand(after.kind is ACCEPTED, f"an enquiry about it says {after}")
    await bench.booked_once(back)


async def asked_too_much(bench: Bench) -> None:
    """AC-64."""
    _, back = await _asked(bench, bench.plan.amount.minor + 1)
    said = await bench.refund(back)
    demand(said.kind is REFUSED, f"more than was paid, asked back, is {said}")
    await bench.not_booked(back)


async def asked_twice(bench: Bench) -> None:
    """AC-65."""
    _, back = await _asked(bench, bench.plan.amount.minor)
    await bench.fault(Operation.REFUND, "drop_answer")
    said = await bench.refund(back)
    demand(said.kind is UNKNOWN, f"without an answer it is read as {said}")
    again = await bench.refund(back)
    demand(again.kind is ACCEPTED, f"the same asked again is {again}")
    await bench.booked_once(back)


CASES: Final = (
    Case("AC-58", "A shop there gives back in full, at the original rate",
         "All that the payer paid for it comes back, booked once here and there.",
         in_full, needs=(PAY,), inbound=True),
    Case("AC-59", "A shop there gives back in parts",
         "Parts come back until nothing is left, and add up to what was paid.",
         in_parts, needs=(PAY,), inbound=True),
    Case("AC-60", "A shop there gives back too much",
         "More than what is left is refused and booked nowhere, or held for people to look at.",
         too_much, needs=(PAY,), inbound=True),
    Case("AC-61", "A return that is told again",
         "It comes back once.",
         told_again, needs=(PAY,), inbound=True),
    Case("AC-62", "A return whose answer is lost",
         "The network tells it again until it is answered; it comes back once.",
         answer_lost, needs=(PAY,), inbound=True),
    Case("AC-63", "A part is asked back",
         "It is given back and booked once, and an enquiry says so.",
         asked_back, needs=(PAY, ENQUIRE, Operation.REFUND), asked=True),
    Case("AC-64", "Too much is asked back",
         "It is refused and not booked.",
         asked_too_much, needs=(PAY, Operation.REFUND), asked=True),
    Case("AC-65", "Asked back twice",
         "Where the answer was lost the same can be asked again, and is given back once.",
         asked_twice, needs=(PAY, Operation.REFUND), asked=True),
)  # fmt: skip
