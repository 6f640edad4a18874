"""Cases of a payment that goes as it should, or is refused: AC-01 to AC-10.

Whatever the far side answers, its book decides: a payment that was accepted is there once, with the
amount that was instructed, and one that was refused is not. The surprise: a second instruction
under the same reference is never *refused*, because what it repeats has been executed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from adapters.conformance.case import Case, NotRun, demand
from fx.money import Money
from switch.port import Merchant, Operation, OutcomeKind, Unavailable

if TYPE_CHECKING:
    from adapters.conformance.bench import Bench
    from adapters.conformance.payments import Ready

ACCEPTED, REFUSED = OutcomeKind.ACCEPTED, OutcomeKind.REFUSED
PAY, LOOKUP, ENQUIRE = Operation.PAY, Operation.LOOKUP, Operation.ENQUIRE


async def accepted(bench: Bench, ready: Ready) -> None:
    """Pay, and demand that it is accepted."""
    said = await bench.pay(ready)
    demand(said.kind is ACCEPTED, f"a payment is {said}, accepted expected")


async def found(bench: Bench) -> None:
    """AC-01."""
    merchant = await bench.looked_up(bench.code(bench.plan.amount))
    demand(isinstance(merchant, Merchant), f"the merchant of the plan is not found: {merchant}")
    assert isinstance(merchant, Merchant)
    demand(merchant.currency == bench.facts.currency,
           f"its currency is {merchant.currency}, not {bench.facts.currency}")  # fmt: skip
    demand(bool(merchant.party.name), "it has no name")


async def unknown_code(bench: Bench) -> None:
    """AC-02."""
    if bench.plan.unknown_code is None:
        raise NotRun("the plan has no code of an unknown merchant")
    payload, reason = bench.plan.unknown_code
    said = await bench.looked_up(payload)
    demand(isinstance(said, Unavailable), "a merchant is found behind an unknown code")
    assert isinstance(said, Unavailable)
    demand(said.reason.iso == reason, f"the reason is {said.reason.iso}, {reason} expected")


async def paid(bench: Bench) -> None:
    """AC-03."""
    ready = await bench.ready()
    await accepted(bench, ready)
    await bench.booked_once(ready)


async def asked_after(bench: Bench) -> None:
    """AC-04."""
    ready = await bench.ready()
    await accepted(bench, ready)
    said = await bench.enquire(ready)
    demand(said.kind is ACCEPTED, f"an enquiry about an accepted payment says {said}")
    await bench.booked_once(ready)


async def refused_codes(bench: Bench) -> None:
    """AC-05."""
    if not bench.plan.refusals:
        raise NotRun("the plan has no refusals")
    for refusal in bench.plan.refusals:
        ready = await bench.ready()
        await bench.fault(PAY, "refuse", reason=refusal.code)
        said = await bench.pay(ready)
        demand(said.kind is REFUSED, f"{refusal.code}: a refused payment is {said}")
        told = said.outcome.reason
        demand(told is not None and told.iso == refusal.reason,
               f"{refusal.code}: the reason is {said}, {refusal.reason} expected")  # fmt: skip
        await bench.not_booked(ready)
        after = await bench.enquire(ready)
        demand(after.kind is REFUSED, f"{refusal.code}: an enquiry about it says {after}")


async def above_limit(bench: Bench) -> None:
    """AC-06."""
    ready = await refused_by_itself(bench)
    said = await bench.pay(ready)
    expected = _reason(bench)
    demand(said.kind is REFUSED, f"a payment above the network's limit is {said}")
    told = said.outcome.reason
    demand(told is not None and told.iso == expected, f"the reason is {said}, {expected} expected")
    await bench.not_booked(ready)


async def refused_by_itself(bench: Bench) -> Ready:
    """A payment that the network refuses without being told to."""
    refused = bench.plan.refused
    if refused is None or refused.amount is None:
        raise NotRun("the plan has no amount that the network refuses by itself")
    return await bench.ready(refused.amount)


def _reason(bench: Bench) -> str:
    assert bench.plan.refused is not None, "a payment of it was made"
    return bench.plan.refused.reason


async def repeated(bench: Bench) -> None:
    """AC-07."""
    ready = await bench.ready()
    exchange = bench.planned(ready)
    first = await bench.instruct(ready, exchange)
    again = await bench.instruct(ready, exchange)
    demand(first.kind is ACCEPTED, f"a payment is {first}")
    demand(again.kind in (ACCEPTED, OutcomeKind.UNKNOWN),
           f"a repeat of an accepted payment is {again}")  # fmt: skip
    await bench.booked_once(ready)


async def same_key_other_content(bench: Bench) -> None:
    """AC-08."""
    ready = await bench.ready()
    await accepted(bench, ready)
    other = await bench.ready(bench.plan.amount + bench.plan.amount,
                              reference=ready.payment.reference)  # fmt: skip
    other.payment = replace(other.payment, uetr=ready.payment.uetr)
    said = await bench.pay(other)
    demand(said.kind not in (ACCEPTED, REFUSED),
           f"another amount under the same reference is {said}")  # fmt: skip
    await bench.booked_once(ready)
    after = await bench.enquire(ready)
    demand(after.kind is ACCEPTED, f"an enquiry about the first says {after}")


async def repeated_inside(bench: Bench) -> None:
    """AC-09."""
    ready = await bench.ready()
    await bench.fault(PAY, "twice")
    await accepted(bench, ready)
    await bench.booked_once(ready)


async def amounts(bench: Bench) -> None:
    """AC-36."""
    if not bench.plan.amounts:
        raise NotRun("the plan has no amounts")
    for amount in bench.plan.amounts:
        ready = await bench.ready(amount)
        said = await bench.pay(ready)
        demand(said.kind is ACCEPTED, f"{amount} {amount.currency.code} is {said}")
        await bench.booked_once(ready)


async def texts(bench: Bench) -> None:
    """AC-37."""
    for text in bench.plan.texts:
        ready = await bench.ready(text=text)
        said = await bench.pay(ready)
        demand(said.kind is ACCEPTED, f"a debtor's name of {len(text)} characters is {said}")
        await bench.booked_once(ready)


async def price(bench: Bench) -> None:
    """AC-38."""
    merchant = await bench.merchant()
    quote = await bench.quoted(merchant, bench.plan.amount, bench.plan.payer_currency)
    demand(quote.destination == bench.plan.amount,
           f"what the payee gets is {quote.destination}")  # fmt: skip
    demand(quote.source.currency.code == bench.plan.payer_currency,
           f"what is paid is in {quote.source.currency.code}")  # fmt: skip
    demand(Money(0, quote.source.currency) < quote.source, "the price is nothing")
    demand(bench.now() < quote.expires_at, "the price has expired when it comes")


CASES: Final = (
    Case("AC-01", "A code is looked up",
         "The merchant of a code is told with a name and the network's currency.",
         found, needs=(LOOKUP,), steered=False),
    Case("AC-02", "A code of nobody",
         "The code of an unknown merchant is refused with the reason that the plan states.",
         unknown_code, needs=(LOOKUP,), steered=False),
    Case("AC-03", "Happy path",
         "A payment is accepted, and booked once with its amount.",
         paid, needs=(PAY,)),
    Case("AC-04", "Enquiry after acceptance",
         "An enquiry by our own reference says of an accepted payment that it is accepted.",
         asked_after, needs=(PAY, ENQUIRE)),
    Case("AC-05", "Each refusal code",
         "Each code of the plan refuses with the stated reason, books nothing, and is what an"
         " enquiry says too.",
         refused_codes, needs=(PAY, ENQUIRE)),
    Case("AC-06", "Refused by the network itself",
         "A payment above the network's limit is refused with the stated reason and not booked.",
         above_limit, needs=(PAY,)),
    Case("AC-07", "Duplicate",
         "The same instruction sent again is never executed again, nor told to be refused.",
         repeated, needs=(PAY,)),
    Case("AC-08", "Same key, other content",
         "Another amount under a reference that was used is neither accepted nor booked, and the"
         " first payment stands.",
         same_key_other_content, needs=(PAY, ENQUIRE)),
    Case("AC-09", "Repeated inside the network",
         "A request that the network itself executes twice is booked once.",
         repeated_inside, needs=(PAY,)),
    Case("AC-36", "Amount formats",
         "Each amount of the plan arrives to the unit.",
         amounts, needs=(PAY,)),
    Case("AC-37", "Character sets",
         "Names with the characters of the plan are taken, and the payment is booked.",
         texts, needs=(PAY,)),
    Case("AC-38", "The network's own price",
         "A price names both amounts, the fixed one unchanged, and is still good when it comes.",
         price, needs=(Operation.QUOTE,), steered=False),
)  # fmt: skip
