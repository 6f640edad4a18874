"""What travels along judges every rate that it quotes, and its quotes can be made again.

A pair without an official rate is not quoted under it; a slip of a finger is refused.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fx.board import Board
from fx.engine import quote_all
from fx.market_file import parse_market
from fx.money import Money, Rate, currency
from fx.refusals import LeftOut, RateRefused
from fx.requests import Quoted, Request
from fx.tables import ProviderConfigError
from switch.config import default_folder, load_config

NOW = datetime(2026, 11, 22, tzinfo=UTC)
QUOTE_ID = "0192f0c4-9f00-7000-8000-000000000001"


def quoted(board: Board) -> Quoted:
    request = Request(
        corridor="bakong-thailand",
        payer=currency("KHR"),
        payee=currency("THB"),
        amount=Money.parse("345.00", "THB"),
    )
    return quote_all(board, request, at=NOW, quote_ids=lambda: QUOTE_ID)


def test_every_rate_that_travels_along_has_an_official_one_that_judges_it() -> None:
    market = load_config(default_folder()).market
    judged = {(each.rate.unit.code, each.rate.quoted.code) for each in market.references}

    assert market.rules.reference_required
    assert all(sheet.pair in judged or sheet.pair[::-1] in judged for sheet in market.sheets)
    assert all(each.bounds_bp is not None for each in market.references)
    assert all(each.jump_bp is not None for each in market.references)
    assert market.rules.jump_bp is not None


def test_the_amounts_of_the_worked_example_come_out() -> None:
    best = quoted(Board.open(load_config(default_folder()).market, NOW)).best()

    assert (best.provider, str(best.rate)) == ("acleda", "118.84")
    assert (best.debit, best.source, best.destination) == (
        Money(4_125_000, currency("KHR")),
        Money(4_100_000, currency("KHR")),
        Money.parse("345.00", "THB"),
    )


def test_rate_with_a_lost_digit_is_refused_as_shipped() -> None:
    board = Board.open(load_config(default_folder()).market, NOW)
    slip = replace(
        board.history("acleda", ("KHR", "THB"))[0].sheet,
        rate=Rate.parse("1.1884", "THB", "KHR"),
        version="slip",
        effective_at=NOW,
    )

    with pytest.raises(RateRefused) as refusal:
        board.publish(slip, NOW)
    assert refusal.value.code == "out_of_bounds"


def test_pair_without_an_official_rate_is_not_quoted_where_one_is_required() -> None:
    market = replace(load_config(default_folder()).market, references=())
    found = quoted(Board.open(market, NOW))
    relaxed = replace(market, rules=replace(market.rules, reference_required=False))

    assert found.quotes == ()
    assert {reason for _, reason in found.left_out} == {LeftOut.OUT_OF_BOUNDS}
    assert len(quoted(Board.open(relaxed, NOW)).quotes) == 2


def test_required_reference_is_true_or_false() -> None:
    text = (default_folder() / "providers.toml").read_bytes()
    spoilt = text.replace(b"reference_required = true", b"reference_required = 1")

    with pytest.raises(ProviderConfigError):
        parse_market(spoilt, "providers.toml")


def test_merchant_can_be_priced_for_longer_than_a_quote_holds() -> None:
    config = load_config(default_folder())
    holds = [corridor.quote_valid_s for corridor in config.corridors.values()]

    assert config.payments.lookup_valid_s > max(holds)
