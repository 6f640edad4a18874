"""Cases of payments that the network's customers make here, and of what goes back: AC-25 to AC-35.

The whole switch stands behind a door at which requests and answers are lost, repeated and altered;
three books must agree: the network's, the switch's, and that of the backbone which pays the payee.
The surprise: the customer's side may act before the switch has answered, so what counts is how the
books stand once everything has come to rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from adapters.conformance.case import Case, NotRun, demand
from adapters.conformance.home import Refused
from fx.money import Money
from switch.model import State
from switch.port import Operation, OutcomeKind

if TYPE_CHECKING:
    from adapters.conformance.bench import Bench
    from adapters.conformance.home import Home
    from switch.model import Payment

REFUND: Final = (Operation.REFUND,)
ALTERED: Final = 6
"""Places at which each request is altered."""

CREDITED_WITHIN_S: Final = 1

INSTRUCTION: Final = 2
"""The network asks about the code first, and then pays."""

_BACK: Final = (State.ACCEPTED, State.ACCEPTED_UNPOSTED)


@dataclass(frozen=True, slots=True)
class Guest:
    """What a customer's payment came to, by its identity at the switch."""

    uetr: str
    told: dict[str, Any]
    credits: int
    """Lines in the backbone's book before it."""


async def paid(bench: Bench, **more: object) -> Guest:
    """Have a customer of the network pay the plan's code."""
    home, inbound = _home(bench), bench.plan.inbound
    if inbound is None:
        raise NotRun("the plan has no code that the network's customers pay")
    before = len(await home.credits())
    asked = {"payload": inbound.payload, **inbound.more, **more}
    if inbound.amount is not None:
        asked["amount"] = inbound.amount
    told = await bench.control("POST", "/control/pay-khqr", asked)
    uetr = told.get("uetr")
    demand(isinstance(uetr, str), f"the switch refuses the customer's code: {told.get('reason')}")
    return Guest(str(uetr), told, before)


def _home(bench: Bench) -> Home:
    if bench.home is None:
        raise NotRun(bench.homeless)
    return bench.home


async def _line(bench: Bench, guest: Guest) -> dict[str, Any]:
    """The network's own line of a customer's payment."""
    lines = [each for each in await bench.whole_book()
             if each["uetr"] == guest.uetr and each["direction"] == "inbound"]  # fmt: skip
    demand(len(lines) == 1, f"{len(lines)} lines in the far book, one expected")
    return lines[0]


async def _agree(bench: Bench, guest: Guest) -> Payment:
    """Demand that the payment was carried out once, in all three books."""
    home = _home(bench)
    payment = await home.payment(guest.uetr)
    demand(payment is not None and payment.state is State.CREDITED,
           f"the switch has it {'not' if payment is None else payment.state.value}")  # fmt: skip
    assert payment is not None
    line = await _line(bench, guest)
    demand(line["status"] == "booked", f"the far book says {line['status']}")
    debit = payment.terms.debit
    demand((line["amount"], line["currency"]) == (str(debit), debit.currency.code),
           f"the far book has {line['amount']} {line['currency']}, {debit} expected")  # fmt: skip
    made = len(await home.credits()) - guest.credits
    demand(made == 1, f"the payee's side was credited {made} times")
    return payment


def _advice(bench: Bench) -> bool:
    """Whether a customer is debited before we are told."""
    return bench.plan.inbound is not None and bench.plan.inbound.advice


async def _nowhere(bench: Bench, guest: Guest) -> None:
    """Demand that the payment was carried out in no book; a debit that comes first is not ours."""
    made = len(await _home(bench).credits()) - guest.credits
    demand(made == 0, f"the payee's side was credited {made} times")
    if _advice(bench):
        return
    line = await _line(bench, guest)
    demand(line["status"] != "booked", "the far book has it booked")


async def carried_out(bench: Bench) -> None:
    """AC-25."""
    _home(bench).door.begin()
    await _agree(bench, await paid(bench))


async def refused_here(bench: Bench) -> None:
    """AC-26."""
    home = _home(bench)
    home.door.begin()
    await home.fault("pay", "refuse", reason="ACCOUNT_NOT_FOUND")
    guest = await paid(bench)
    payment = await home.payment(guest.uetr)
    ended = State.UNWOUND if _advice(bench) else State.REFUSED
    demand(payment is not None and payment.state is ended,
           f"the switch has it {'not' if payment is None else payment.state.value}")  # fmt: skip
    for back in await home.gone_back(guest.uetr):
        bench.said[back.reference] = OutcomeKind.ACCEPTED
    await _nowhere(bench, guest)


async def repeated(bench: Bench) -> None:
    """AC-27."""
    _home(bench).door.begin()
    await _agree(bench, await paid(bench, repeat=3))


async def answer_lost(bench: Bench) -> None:
    """AC-28."""
    _home(bench).door.begin(lose_answer=INSTRUCTION)
    guest = await paid(bench)
    await _asked_after(bench, guest)
    await _agree(bench, guest)


async def _asked_after(bench: Bench, guest: Guest) -> None:
    """What a network does that had no answer: it enquires, or tells again what it told before."""
    door = _home(bench).door
    if not _advice(bench):
        await bench.control("POST", "/control/enquire", {"uetr": guest.uetr})
    elif len(door.heard) == INSTRUCTION:
        await door.send(door.heard[INSTRUCTION - 1])


async def request_lost(bench: Bench) -> None:
    """AC-29."""
    home = _home(bench)
    home.door.begin(lose_request=INSTRUCTION)
    guest = await paid(bench)
    if _advice(bench):
        await _asked_after(bench, guest)
        await _agree(bench, guest)
        return
    await _asked_after(bench, guest)
    await _nowhere(bench, guest)
    told = (await _line(bench, guest))["status"]
    # What was lost arrives after all.
    await home.door.send(home.door.heard[INSTRUCTION - 1])
    payment = await home.payment(guest.uetr)
    if payment is None or payment.state is not State.CREDITED:
        await _nowhere(bench, guest)
        return
    demand(told == "pending", f"it is carried out after the network was told that it is {told}")
    await _asked_after(bench, guest)
    await _agree(bench, guest)


async def replayed(bench: Bench) -> None:
    """AC-30."""
    home = _home(bench)
    home.door.begin()
    guest = await paid(bench)
    for heard in tuple(home.door.heard):
        await home.door.send(heard)
    await _agree(bench, guest)


async def altered(bench: Bench) -> None:
    """AC-31."""
    home = _home(bench)
    home.door.begin(lose_request=INSTRUCTION)
    guest = await paid(bench)
    heard = home.door.heard[INSTRUCTION - 1]
    step = max(1, len(heard.body) // ALTERED)
    for place in range(step // 2, len(heard.body), step):
        body = bytearray(heard.body)
        body[place] ^= 0x01
        await home.door.send(replace(heard, body=bytes(body)))
    # Long enough for a credit, and shorter than any network takes to tell again by itself.
    await bench.clock.sleep(CREDITED_WITHIN_S)
    await _nowhere(bench, guest)
    await home.door.send(heard)
    await home.payment(guest.uetr)
    demand(len(await home.credits()) - guest.credits == 1, "the unaltered one is not credited")


async def _given_back(
    bench: Bench, payment: Payment, amount: Money, key: str = "all"
) -> Payment | Refused:
    made = await _home(bench).refund(payment.uetr, amount, f"{payment.uetr} {key}")
    if not isinstance(made, Refused):
        bench.begun.append(made.reference)
        demand(made.state in _BACK, f"a refund ends {made.state.value}")
        bench.said[made.reference] = OutcomeKind.ACCEPTED
    return made


async def refund_in_full(bench: Bench) -> None:
    """AC-32."""
    _home(bench).door.begin()
    payment = await _agree(bench, await paid(bench))
    made = await _given_back(bench, payment, payment.terms.destination)
    demand(not isinstance(made, Refused), f"a refund in full is refused: {made}")
    assert not isinstance(made, Refused)
    demand(made.terms.destination == payment.terms.source,
           f"{made.terms.destination} goes back, {payment.terms.source} was paid")  # fmt: skip


async def refund_in_parts(bench: Bench) -> None:
    """AC-33."""
    _home(bench).door.begin()
    payment = await _agree(bench, await paid(bench))
    whole = payment.terms.destination
    first = Money(whole.minor // 400 * 100, whole.currency)
    back = []
    for number, part in enumerate((first, first, whole - first - first)):
        made = await _given_back(bench, payment, part, f"part {number}")
        demand(not isinstance(made, Refused), f"part {number} is refused: {made}")
        assert not isinstance(made, Refused)
        back.append(made.terms.destination.minor)
    demand(sum(back) == payment.terms.source.minor, "the parts are not the whole")


async def refund_too_much(bench: Bench) -> None:
    """AC-34."""
    _home(bench).door.begin()
    payment = await _agree(bench, await paid(bench))
    whole = payment.terms.destination
    part = Money(whole.minor // 200 * 100, whole.currency)
    await _given_back(bench, payment, whole - part)
    made = await _given_back(bench, payment, part + part, "rest")
    demand(isinstance(made, Refused), "more goes back than was paid")


async def refund_twice(bench: Bench) -> None:
    """AC-35."""
    _home(bench).door.begin()
    payment = await _agree(bench, await paid(bench))
    await bench.fault(Operation.REFUND, "drop_answer")
    half = Money(payment.terms.destination.minor // 200 * 100, payment.terms.destination.currency)
    first = await _given_back(bench, payment, half)
    again = await _given_back(bench, payment, half)
    demand(not isinstance(first, Refused) and not isinstance(again, Refused), "it is refused")
    assert not isinstance(first, Refused)
    assert not isinstance(again, Refused)
    demand(first.uetr == again.uetr, "one key gives back two times")
    rest = await _given_back(bench, payment, payment.terms.destination - half, "rest")
    demand(not isinstance(rest, Refused), "the rest is refused, as if more had gone back")


CASES: Final = (
    Case("AC-25", "A customer of the network pays here",
         "The payment is booked once by the network, by the switch, and at the payee's side.",
         carried_out, inbound=True),
    Case("AC-26", "Refused at the payee's side",
         "What is refused here is booked nowhere; what was debited already goes back.",
         refused_here, inbound=True),
    Case("AC-27", "The network repeats its instruction",
         "The payment is carried out once.",
         repeated, inbound=True),
    Case("AC-28", "Our answer is lost",
         "The network enquires, or tells again, and finds the payment carried out, once.",
         answer_lost, inbound=True),
    Case("AC-29", "The network's instruction is lost",
         "It is carried out nowhere, nor when it comes later unless the network was told to wait;"
         " news of a customer's debit is told again, and then it is carried out.",
         request_lost, inbound=True),
    Case("AC-30", "Requests are replayed",
         "Whatever the network has sent can be sent again by anybody without effect.",
         replayed, inbound=True),
    Case("AC-31", "An instruction that was altered",
         "With any byte changed it is not carried out; unchanged it is.",
         altered, inbound=True),
    Case("AC-32", "Refund in full, at the original rate",
         "All that was paid goes back to the customer, to the unit.",
         refund_in_full, needs=REFUND, inbound=True),
    Case("AC-33", "Refund in parts",
         "Parts go back until nothing is left, and add up to what was paid.",
         refund_in_parts, needs=REFUND, inbound=True),
    Case("AC-34", "Refund of too much",
         "More than what is left does not go back.",
         refund_too_much, needs=REFUND, inbound=True),
    Case("AC-35", "Refund twice",
         "One request goes back once, though the network's answer was lost.",
         refund_twice, needs=REFUND, inbound=True),
)  # fmt: skip
