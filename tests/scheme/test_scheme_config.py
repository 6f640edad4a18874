"""A corridor that its network prices is read from the page's example; what cannot be is named."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from fx.board import Board
from fx.market_file import parse_market
from fx.money import Money, Rate, currency
from fx.requests import Request
from fx.scheme import Asking, Stated, ask_scheme, quote_scheme
from switch.config import ConfigError, default_folder, load_config
from switch.facts import load_facts
from switch.fx_side import SideError, scheme_of
from switch.port import Operation
from switch.routing import read_routing
from tests.scheme.conftest import MARKET, Priced
from tests.shell.toy_network import BAKONG, THAILAND, ToyAdapter

if TYPE_CHECKING:
    from pathlib import Path

    from fx.quotes import Quote

NETWORK = """
[networks.lucky]
url = "http://127.0.0.1:8099"
own_bic = "BKSWKHPP"
partner_bic = "LUCKCNBJ"
"""
AT = datetime(2026, 11, 22, 3, tzinfo=UTC)


@pytest.fixture
def page(root: Path) -> str:
    """The section of the page."""
    text = (root / "docs/network-engineer/fx.md").read_text("utf-8")
    return text.split("\n## Networks that price themselves\n")[1].split("\n## ", maxsplit=1)[0]


def keep(file: Path, table: str, word: str, *more: str) -> None:
    """Keep only the tables of a file that name a word, and add some."""
    head, *rows = file.read_text("utf-8").split(f"\n{table}\n")
    kept = [f"{table}\n{row}" for row in rows if f'"{word}"' in row]
    file.write_text("\n".join((head, *kept, *more)), "utf-8")


@pytest.fixture
def folder(tmp_path: Path, page: str) -> Path:
    """The configuration that comes with the program, with the page's corridor in it."""
    found = tmp_path / "config"
    shutil.copytree(default_folder(), found)
    [corridor] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    keep(found / "corridors.toml", "[[corridor]]", "thailand", corridor)
    keep(found / "limits.toml", "[[cap]]", "ACLBKHPPXXX")
    top = found / "switch.toml"
    top.write_text(top.read_text().replace("\n[networks.bakong]", f"{NETWORK}\n[networks.bakong]"))
    shown = MARKET.replace("[rules]\nreference_required = true", "")
    (found / "providers.toml").write_text(shown)
    return found


def test_the_example_of_the_page_is_read(folder: Path) -> None:
    corridor = load_config(folder).corridors["bakong", "lucky"]

    assert (corridor.scheme, corridor.scheme_currency) == ("lucky", "USD")
    assert load_config(default_folder()).corridors["bakong", "thailand"].scheme == ""


@pytest.mark.parametrize(
    ("line", "by", "key"),
    [
        ('fx_side = "scheme"\n', "", "scheme"),
        ('fx_side = "scheme"', 'fx_side = "destination"', "corridor.2.fx_side"),
        ('scheme = "lucky"\n', "", "scheme"),
        ('scheme = "lucky"', 'scheme = "acleda"', "scheme"),
        ('scheme_currency = "USD"', 'scheme_currency = "XAU"', "scheme_currency"),
        ('scheme_currency = "USD"', 'scheme_currency = "CNY"', "scheme_currency"),
    ],
)
def test_a_corridor_that_nobody_prices_refuses_the_start(
    folder: Path, line: str, by: str, key: str
) -> None:
    file = folder / "corridors.toml"
    text = file.read_text()
    assert text.count(line) == 1
    file.write_text(text.replace(line, by))

    with pytest.raises(ConfigError) as refused:
        load_config(folder)
    assert f"{key}:" in str(refused.value)


def test_a_network_that_pays_in_is_not_asked_for_its_price() -> None:
    market = parse_market(MARKET.encode(), "providers.toml")

    with pytest.raises(SideError, match="fx_side"):
        scheme_of(Priced(None), market, inbound=True)


def test_a_network_whose_facts_name_no_quote_refuses_the_start(folder: Path) -> None:
    corridors = load_config(folder).corridors.values()
    lucky = replace(THAILAND, network="lucky", schemes=("unionpay",))
    adapters = {
        "bakong": ToyAdapter(BAKONG),
        "thailand": ToyAdapter(THAILAND),
        "lucky": ToyAdapter(lucky),
    }
    with pytest.raises(ConfigError, match=r"bakong-lucky\.fx_side"):
        read_routing(adapters, corridors)
    able = replace(lucky, operations=(*lucky.operations, Operation.QUOTE))
    routing = read_routing({**adapters, "lucky": ToyAdapter(able)}, corridors)

    assert routing.network("unionpay") == "lucky"


def test_quote_is_an_operation_that_facts_may_name(root: Path) -> None:
    text = (root / "adapters/thailand/facts.toml").read_text("utf-8")
    named = text.replace('["lookup", "pay", ', '["lookup", "quote", "pay", ')

    assert Operation.QUOTE in load_facts(named, "facts.toml").operations


@dataclass
class Priced128:
    """The page's 128.50 CNY, asked of a network that says what the page says."""

    unit: str
    source: str
    rate: tuple[str, str, str]

    def quote(self) -> Quote:
        market = parse_market(MARKET.encode(), "providers.toml")
        board = Board.open(market, AT)
        request = Request(
            "bakong-lucky", currency("KHR"), currency("CNY"), Money.parse("128.50", "CNY")
        )
        scheme = (market.providers["lucky"], currency(self.unit))
        ids: Any = lambda: "0b0e6f5e-3a5a-4c1e-9d4e-7a1f2b3c4d5e"
        asking = ask_scheme(board, request, at=AT, scheme=scheme, quote_ids=ids)
        assert isinstance(asking, Asking)
        assert (asking.amount, asking.other) == (request.amount, currency(self.unit))
        stated = Stated(
            "LKY-1",
            Money.parse(self.source, self.unit),
            asking.amount,
            Rate.parse(*self.rate),
            AT + timedelta(seconds=300),
        )
        [quote] = quote_scheme(board, asking, stated, at=AT, quote_ids=ids).quotes
        return type(quote).from_terms(quote.to_terms())


def test_the_examples_of_the_page_come_out_to_the_unit(page: str) -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("| paid in")
    ]
    priced = [
        Priced128("KHR", "72770", ("566.30", "CNY", "KHR")),
        Priced128("USD", "18.05", ("7.1199", "USD", "CNY")),
    ]
    for (title, *hops, debit), each in zip(rows, priced, strict=True):
        quote = each.quote()
        shown = [
            f"{hop.source.short()} {hop.source.currency.code} → "
            f"{hop.destination.short()} {hop.destination.currency.code}"
            for hop in quote.hops
        ]
        assert [hop for hop in hops if hop] == shown
        assert debit == f"{quote.debit.short()} KHR"
        assert str(Decimal(each.rate[0])) in title
        assert quote.scheme_quote == "LKY-1"
