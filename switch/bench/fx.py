"""What a quote costs: five providers with three tiers each, both amount modes, direct and bridged.

Everything is in memory, as in the switch: a board that sheets were posted to, a request, and every
provider's quote out of it, best first. The tier that applies is the middle one. The surprise is
what is left out: sealing the quote into a token and the rest of the request are measured as stages
of their own or not here, so that the figure is that of the engine alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from fx.board import Board
from fx.engine import quote_all
from fx.fees import Fee
from fx.market import CorridorFees, Market
from fx.money import Money, Rate, currency
from fx.requests import Request
from fx.sheets import Provider, RateSheet, Relationship, Rules, Tier
from switch.bench.machine import pinned, split_cores
from switch.bench.race import stages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fx.requests import Quoted
    from switch.bench.race import RacePlan, Speed
    from switch.runtime.clock import Clock

PROVIDERS: Final = 5
TIERS: Final = (("0", 0), ("10000", 10), ("1000000", 20))
"""From how much of the payer's currency on, how many basis points of the spread are given back."""

SPREAD_BP: Final = 30
AT: Final = datetime(2026, 11, 22, 3, tzinfo=UTC)
CORRIDOR: Final = "bakong-thailand"
PAIRS: Final = (("KHR", "THB", "118.84"), ("KHR", "USD", "4010"), ("USD", "THB", "33.72"))


@dataclass(frozen=True, slots=True)
class FxMeasured:
    """Nanoseconds of a call, by what was asked."""

    providers: int
    tiers: int
    rounds: int
    calls: tuple[Speed, ...]


def market(*, bridged: bool) -> Market:
    """The market that is measured; its providers differ by a tenth of a percent each."""
    names = [f"provider_{number}" for number in range(PROVIDERS)]
    pairs = PAIRS if bridged else PAIRS[:1]
    khr = currency("KHR")
    fee = Fee(Money.parse("250", "KHR"), 0, Money(0, khr), None)
    return Market(
        providers={name: Provider(name, "ACLBKHPPXXX", 600) for name in names},
        sheets=tuple(
            _sheet(name, pair, number) for number, name in enumerate(names) for pair in pairs
        ),
        relationships=(Relationship("*", "*", CORRIDOR, tuple(names)),),
        fees={(CORRIDOR, "KHR", "THB"): CorridorFees(payer=fee)},
        rules=Rules(bridge=currency("USD") if bridged else None),
    )


def _sheet(name: str, pair: tuple[str, str, str], number: int) -> RateSheet:
    payer, payee, rate = pair
    unit, quoted = (payer, payee) if (payer, payee) == ("USD", "THB") else (payee, payer)
    base = Rate.parse(rate, unit, quoted)
    worse = base.value * (1000 + (-number if quoted == payee else number)) / 1000
    return RateSheet(
        provider=name,
        payer=currency(payer),
        payee=currency(payee),
        rate=Rate.parse(f"{worse:.6f}", unit, quoted),
        version="v1",
        effective_at=AT,
        spread_bp=SPREAD_BP,
        tiers=tuple(Tier(Money.parse(amount, payer), better) for amount, better in TIERS),
    )


def asking(*, bridged: bool) -> dict[str, Callable[[], Quoted]]:
    """Requests for 345.00 baht and for 41,250 riel against that market."""
    board = Board.open(market(bridged=bridged), AT)
    numbers = count()

    def quote_id() -> str:
        return f"00000000-0000-4000-8000-{next(numbers) & 0xFFFFFFFFFFFF:012x}"

    def ask(value: str, code: str) -> Callable[[], Quoted]:
        request = Request(
            corridor=CORRIDOR,
            payer=currency("KHR"),
            payee=currency("THB"),
            amount=Money.parse(value, code),
            member="ABAAKHPPXXX",
            validity_s=600,
            expires_by=(AT + timedelta(minutes=5),),
        )
        return lambda: quote_all(board, request, at=AT, quote_ids=quote_id)

    way = "direct and bridged" if bridged else "direct"
    return {
        f"quote, destination fixed, {way}": ask("345.00", "THB"),
        f"quote, source fixed, {way}": ask("41250", "KHR"),
    }


async def run_fx(clock: Clock, plan: RacePlan) -> FxMeasured:
    """Measure on one core."""
    calls: dict[str, Callable[[], object]] = {**asking(bridged=False), **asking(bridged=True)}
    board = Board.open(market(bridged=True), AT)
    later = AT + timedelta(seconds=1)
    posted = replace(_sheet("provider_0", PAIRS[0], 0), version="v2", effective_at=later)
    calls["post a sheet, every check"] = lambda: board.publish(posted, later)
    with pinned(split_cores().switch):
        measured = await stages(clock, calls, plan)
    return FxMeasured(PROVIDERS, len(TIERS), plan.rounds, measured)


def view(measured: FxMeasured) -> dict[str, Any]:
    """Everything that was measured, times in nanoseconds."""
    return {
        "providers": measured.providers,
        "tiers": measured.tiers,
        "rounds": measured.rounds,
        "calls": [
            {
                "call": call.name,
                "median_ns": call.median_ns,
                "least_ns": call.least_ns,
                "most_ns": call.most_ns,
            }
            for call in measured.calls
        ],
    }


def lines(measured: FxMeasured) -> Iterator[str]:
    """The table, microseconds."""
    yield (
        f"Quote: {measured.providers} providers, {measured.tiers} tiers each, one core, "
        f"{measured.rounds} rounds in turns"
    )
    yield ""
    yield f"  {'Call':48}  median us    least     most"
    for call in measured.calls:
        cells = [f"{ns / 1000:9.2f}" for ns in (call.least_ns, call.most_ns)]
        yield f"  {call.name:48}{call.median_ns / 1000:11.2f}{''.join(cells)}"
