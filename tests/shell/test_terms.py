"""From a quote to the books: whatever was quoted, each currency sums to zero and nothing is lost.

Quotes come from the engine, direct and through the dollar, in both modes and with a fee of either
side; what is booked is compared with the quote alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from hypothesis import event, given
from hypothesis import strategies as st

from fx.money import Money, currency
from switch.ledger import Side
from switch.model import Direction
from switch.postings import lines_of
from switch.refusals import Refusal
from switch.sealing import Destination, Priced
from switch.terms import frozen, institutions
from tests.shell.shell_markets import BRIDGE, DIRECT, HOME, market
from tests.shell.shell_rig import MEMBER, Shell, ends, shop, stall
from tests.switch_core.core_values import payment

if TYPE_CHECKING:
    from fx.quotes import Quote
    from switch.config import Corridor
    from switch.model import Payment

PAYEE_FEE: Final = """
[[fee]]
source_network = "bakong"
destination_network = "thailand"
payer_currency = "KHR"
merchant_currency = "THB"
party = "payee"
fixed = "0.50"
basis_points = 25
"""


@cache
def shell() -> Shell:
    """A market in which every kind of quote is given."""
    made = Shell()
    made.configured(market(made.config, DIRECT, HOME, BRIDGE, PAYEE_FEE))
    return made


def corridor_of(*, inbound: bool) -> Corridor:
    found = shell().quoting.corridor(*ends(inbound=inbound))
    assert found is not None
    return found


@st.composite
def payments(draw: st.DrawFn) -> tuple[Quote, Payment]:
    """A quote for any amount of either currency, and the payment that it freezes."""
    inbound = draw(st.booleans())
    corridor = corridor_of(inbound=inbound)
    code = draw(st.sampled_from([corridor.payer_currency, corridor.merchant_currency]))
    unit = currency(code)
    steps = draw(st.integers(1, 10**6))
    origin = "thailand" if inbound else MEMBER
    try:
        shown = shell().quoting.display(corridor, origin, Money(steps * unit.cash_step, unit))
    except Refusal:
        shown = None
    if shown is None or not shown.quotes:
        shown = shell().quoting.display(corridor, origin, Money(10**5 * unit.cash_step, unit))
    quote = draw(st.sampled_from(shown.quotes))
    event(f"{quote.direction}, {len(quote.hops)} hops")
    merchant = stall() if inbound else shop()
    priced = Priced(quote, Destination(corridor, origin, merchant, "", quote.expires_at))
    held = payment(direction=Direction.INBOUND if inbound else Direction.OUTBOUND)
    return quote, _frozen(held, priced, corridor)


def _frozen(held: Payment, priced: Priced, corridor: Corridor) -> Payment:
    return replace(
        held,
        terms=frozen(priced.quote),
        institutions=institutions(priced, corridor.destination_network),
    )


@given(payments())
def test_the_books_hold_what_the_quote_says_and_nothing_else(made: tuple[Quote, Payment]) -> None:
    quote, held = made
    sums: Counter[str] = Counter()
    moved: Counter[tuple[str, str]] = Counter()
    for line in lines_of(held):
        signed = line.minor if line.side is Side.CREDIT else -line.minor
        sums[line.currency] += signed
        institution, role = line.account.split("/")[:2]
        who = role if role in ("fee", "residue", "holder") else institution
        moved[who, line.currency] += signed
    payer, payee = quote.debit.currency.code, quote.credit.currency.code

    assert not any(sums.values())
    assert moved[held.institutions.payer_side, payer] == -quote.debit.minor
    assert moved[held.institutions.payee_side, payee] == quote.credit.minor
    for code in dict.fromkeys((payer, payee, "USD")):
        fees = sum(fee.amount.minor for fee in quote.fees if fee.amount.currency.code == code)
        residues = sum(each.minor for each in quote.residues if each.currency.code == code)
        assert moved["fee", code] == fees
        assert moved["residue", code] == residues
        gained = {payer: quote.source.minor, payee: -quote.destination.minor}.get(code, 0)
        assert moved["holder", code] == gained - residues


@given(payments())
def test_each_holder_settles_its_own_hop(made: tuple[Quote, Payment]) -> None:
    """Two holders: the first has the source less what passes, the second that less the payout."""
    quote, held = made
    moved: Counter[tuple[str, str]] = Counter()
    for line in lines_of(held):
        institution, role = line.account.split("/")[:2]
        if role == "holder":
            signed = line.minor if line.side is Side.CREDIT else -line.minor
            moved[institution, line.currency] += signed
    expected: Counter[tuple[str, str]] = Counter()
    for hop in quote.hops:
        expected[hop.liquidity_holder, hop.source.currency.code] += hop.source.minor
        expected[hop.liquidity_holder, hop.destination.currency.code] -= hop.destination.minor
        expected[hop.liquidity_holder, hop.residue.currency.code] -= hop.residue.minor

    assert {key: minor for key, minor in moved.items() if minor} == {
        key: minor for key, minor in expected.items() if minor
    }
