"""The page about rates says what is: every figure is recomputed, every word and code is the code's.

Figures are worked out twice: by the engine, and from the shown applied rate with exact fractions.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import click
import orjson
import pytest

from fx.board import BACKDATED_MAX, Board
from fx.engine import quote_all
from fx.market import Market
from fx.money import Money, Rate, currency
from fx.refusals import LeftOut
from fx.requests import Request
from fx.sheets import Provider, RateSheet, Relationship, Rules
from switch.api.rate_shapes import RatesRequest
from switch.api.routes import ROUTES
from switch.cli import main
from switch.kept_rates import REFERENCE_WALK
from switch.posting import SHEETS_AT_ONCE, SHEETS_PER_S
from switch.rates import REFRESH_S

if TYPE_CHECKING:
    from pathlib import Path

    from fx.quotes import Quote

AT: Final = datetime(2026, 11, 22, 3, tzinfo=UTC)
PAGE: Final = "docs/network-engineer/fx.md"
CODE: Final = re.compile(r'RateRefused\(\s*"([a-z_]+)"')
ABROAD: Final = ("THB", "MYR", "VND", "CNY", "JPY", "USD", "LAK", "INR")


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / PAGE).read_text(encoding="utf-8")


def table(page: str, title: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = page.split(f"\n## {title}\n")[1].split("\n## ", maxsplit=1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def money(text: str) -> Money:
    """Read ``345.00 THB``; a residue may be less than a step."""
    value, code = text.split()
    unit = currency(code)
    return Money(int(Decimal(value).scaleb(unit.exponent)), unit)


def rate(text: str) -> Rate:
    """Read ``1 THB = 118.84 KHR``."""
    _, unit, _, value, quoted = text.split()
    return Rate.parse(value, unit, quoted)


def sheet(name: str, pair: tuple[str, str], base: Rate, spread_bp: int) -> RateSheet:
    payer, payee = (currency(code) for code in pair)
    return RateSheet(name, payer, payee, base, "v1", AT, spread_bp)


def quoted(sheets: list[RateSheet], pair: tuple[str, str], amount: Money) -> Quote:
    names = tuple(each.provider for each in sheets)
    market = Market(
        providers={name: Provider(name, "ACLBKHPPXXX", 600) for name in names},
        sheets=tuple(sheets),
        relationships=(Relationship("*", "*", "bakong-abroad", names),),
        rules=Rules(bridge=currency("USD")),
    )
    payer, payee = (currency(code) for code in pair)
    request = Request("bakong-abroad", payer, payee, amount)
    ids = iter(["00000000-0000-4000-8000-000000000000"])
    return quote_all(Board.open(market, AT), request, at=AT, quote_ids=lambda: next(ids)).best()


def exact(amount: Money, applied: Rate) -> Fraction:
    """The other side in its own minor units, before any rounding."""
    value = Fraction(applied.value)
    if amount.currency == applied.unit:
        other, factor = applied.quoted, value
    else:
        other, factor = applied.unit, 1 / value
    return amount.minor * factor * other.minor_per_major / amount.currency.minor_per_major


def test_every_example_comes_out_to_the_unit(page: str) -> None:
    rows = table(page, "Worked examples")
    for pair, base, fixed, applied, source, destination, residue in rows:
        payer, _, payee = pair.split()
        [hop] = quoted([sheet("one", (payer, payee), rate(base), 30)], (payer, payee),
                       money(fixed)).hops  # fmt: skip

        assert (money(source), money(destination), money(residue)) == (
            hop.source,
            hop.destination,
            hop.residue,
        )
        assert applied == str(hop.rate)

    assert {(row[0].split()[0], row[0].split()[2]) for row in rows} == {
        pair for code in ABROAD for pair in (("KHR", code), (code, "KHR"))
    }


def test_every_example_is_the_exact_price_but_for_its_step_and_residue(page: str) -> None:
    for _, base, fixed, applied, source, destination, residue in table(page, "Worked examples"):
        stated = rate(base)
        used = Rate.parse(applied, stated.unit.code, stated.quoted.code)
        given, got, left = money(source), money(destination), money(residue)
        worse = Fraction(used.value) / Fraction(stated.value) - 1

        assert abs(abs(worse) - Fraction(30, 10_000)) < Fraction(1, 10**8)
        if money(fixed) == got:
            # What is left over is above the exact price by less than a minor unit.
            assert 0 <= given.minor - left.minor - exact(got, used) < 1
        else:
            assert 0 <= exact(given, used) - got.minor - left.minor < 1
        assert left.minor < left.currency.cash_step


def test_both_bridged_examples_come_out_hop_by_hop(page: str) -> None:
    first = sheet("one", ("KHR", "USD"), Rate.parse("4018", "USD", "KHR"), 30)
    second = sheet("two", ("USD", "CNY"), Rate.parse("7.1342", "USD", "CNY"), 20)
    rows = table(page, "Through a third currency")
    for fixed, *cells in rows:
        hops = quoted([first, second], ("KHR", "CNY"), money(fixed)).hops
        ends, rates, left = (cells[0], cells[2]), (cells[1], cells[3]), cells[4:]

        assert [str(hop.rate) for hop in hops] == list(rates)
        assert [hop.residue for hop in hops] == [money(text) for text in left]
        for hop, text in zip(hops, ends, strict=True):
            source, destination = text.split(" → ")
            assert (money(source), money(destination)) == (hop.source, hop.destination)
    assert len(rows) == 2


def test_every_code_of_a_refused_sheet_is_explained_and_no_other(page: str, root: Path) -> None:
    raised: set[str] = set()
    for folder in ("fx", "switch"):
        for path in (root / folder).rglob("*.py"):
            raised |= set(CODE.findall(path.read_text(encoding="utf-8")))
    explained = {
        code for row in table(page, "What is refused") for code in re.findall("`([a-z_]+)`", row[0])
    }

    assert explained == raised


def test_every_reason_to_be_left_out_is_explained_and_no_other(page: str) -> None:
    rows = table(page, "Who is left out of a quote")
    words = [word for row in rows for word in re.findall("`([a-z_]+)`", row[0])]

    assert sorted(words) == sorted(reason.value for reason in LeftOut)


def test_example_of_a_sheet_is_one_that_is_taken(page: str) -> None:
    [block] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    asked = RatesRequest.model_validate(orjson.loads(block))
    taken = RateSheet.from_terms(asked.sheets[0].terms("acleda"))

    assert [tier.improvement_bp for tier in taken.tiers] == [5, 10]
    assert taken.effective_at == datetime(2026, 11, 22, 1, tzinfo=UTC)


def test_every_bound_of_the_page_is_the_code_s(page: str) -> None:
    text = " ".join(page.split())

    assert f"post {SHEETS_AT_ONCE} sheets at once and {SHEETS_PER_S} more each second" in text
    assert (REFERENCE_WALK, "within four times `bounds_bp` of the" in text) == (4, True)
    assert (BACKDATED_MAX, text.count("more than five minutes")) == (timedelta(minutes=5), 2)
    assert REFRESH_S * 2 <= 1
    assert "on the same database does within a second" in text


def test_every_call_and_command_of_the_page_exists(page: str) -> None:
    served = {f"{route.method} {route.path}" for route in ROUTES}
    named = set(re.findall(r"`((?:GET|PUT|POST) /v1/[a-z/]+)`", page))
    commands = re.findall(r"bakong-switch (\w+)(?: (list|set|history|withdraw))?", page)

    assert named <= served
    assert {"PUT /v1/rates", "POST /v1/rates/withdraw", "GET /v1/positions"} <= named
    assert {name for name, _ in commands} <= set(main.list_commands(click.Context(main)))
