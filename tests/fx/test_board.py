"""The board takes sane sheets only and never changes in place."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from fx.board import ARBITRAGE, NO_REFERENCE, Board
from fx.market import Market
from fx.money import Money, Rate, currency
from fx.refusals import RateRefused
from fx.sheets import (
    Hours,
    Posted,
    Provider,
    ProviderRole,
    RateSheet,
    Reference,
    Relationship,
    Rules,
    Tier,
)
from tests.fx.fx_strategies import CORRIDOR, ISSUED_AT, ask, board, market, sheets

KHR, THB, USD = currency("KHR"), currency("THB"), currency("USD")
PAIR = ("KHR", "THB")
AMOUNT = Money.parse("345.00", "THB")
HOUR = timedelta(hours=1)


def sheet(version: str = "v-1", rate: str = "118.84", **more: Any) -> RateSheet:
    payer, payee = more.pop("payer", KHR), more.pop("payee", THB)
    unit, quoted = more.pop("unit", (payee, payer))
    return RateSheet(
        provider=more.pop("provider", "acleda"),
        payer=payer,
        payee=payee,
        rate=Rate.parse(rate, unit.code, quoted.code),
        version=version,
        effective_at=more.pop("effective_at", ISSUED_AT),
        **more,
    )


def reference(rate: str, bounds_bp: int | None = 200, jump_bp: int | None = None) -> Reference:
    return Reference(Rate.parse(rate, "THB", "KHR"), ISSUED_AT, bounds_bp, jump_bp)


def empty(rules: Rules | None = None, *references: Reference, better: int = 0) -> Board:
    names = ("acleda", "canadia", "wing")
    made = Market(
        providers={
            **{name: Provider(name, f"AAA{at}KHPPXXX", 600) for at, name in enumerate(names)},
            "pool": Provider("pool", "POOLKHPPXXX", 600, (ProviderRole.HOLDER,)),
        },
        relationships=(Relationship("*", "*", CORRIDOR, names, better),),
        references=references,
        rules=rules or Rules(),
    )
    return Board.open(made, ISSUED_AT)


def refused(on: Board, of: RateSheet, at: datetime = ISSUED_AT) -> str:
    with pytest.raises(RateRefused) as caught:
        on.publish(of, at)
    return caught.value.code


def rates(on: Board, at: datetime = ISSUED_AT, **more: Any) -> list[str]:
    return [str(quote.rate) for quote in ask(on, AMOUNT, (KHR, THB), at=at, **more).quotes]


def test_new_version_holds_from_its_moment_and_the_old_board_stays() -> None:
    first = empty().publish(sheet(), ISSUED_AT).board
    second = first.publish(sheet("v-2", "119", effective_at=ISSUED_AT + HOUR), ISSUED_AT).board

    assert (rates(first, ISSUED_AT + HOUR), rates(second)) == (["118.84"], ["118.84"])
    assert rates(second, ISSUED_AT + HOUR) == ["119"]
    assert [each.sheet.version for each in second.history("acleda", PAIR)] == ["v-2", "v-1"]
    assert [each.sheet.version for each in second.current(ISSUED_AT + HOUR)] == ["v-2"]
    assert second.history("acleda", PAIR[::-1]) == ()


def test_same_version_with_the_same_content_confirms_that_it_is_fresh() -> None:
    on = empty().publish(sheet(), ISSUED_AT).board
    again = on.publish(sheet(), ISSUED_AT + HOUR)
    earlier = again.board.publish(sheet(), ISSUED_AT)

    assert (again.known, again.alarms) == (True, ())
    assert again.board.history("acleda", PAIR)[0].seen_at == ISSUED_AT + HOUR
    assert earlier.board.history("acleda", PAIR)[0].seen_at == ISSUED_AT + HOUR


def test_withdrawn_version_leaves_no_rate_until_the_next_one() -> None:
    on = empty().publish(sheet(), ISSUED_AT).board
    gone = on.withdraw("acleda", PAIR, "v-1", ISSUED_AT + HOUR)
    back = gone.publish(sheet("v-2", "119", effective_at=ISSUED_AT + HOUR), ISSUED_AT).board

    assert (rates(gone), rates(on)) == ([], ["118.84"])
    assert gone == gone.withdraw("acleda", PAIR, "v-1", ISSUED_AT + 2 * HOUR)
    assert gone.history("acleda", PAIR)[0].withdrawn_at == ISSUED_AT + HOUR
    assert rates(back, ISSUED_AT + HOUR) == ["119"]
    assert refused(gone, sheet()) == "version_reused"


def test_version_withdrawn_before_it_takes_effect_is_as_if_never_posted() -> None:
    on = empty().publish(sheet(), ISSUED_AT).board
    on = on.publish(sheet("v-2", "119", effective_at=ISSUED_AT + HOUR), ISSUED_AT).board
    on = on.withdraw("acleda", PAIR, "v-2", ISSUED_AT)

    assert rates(on, ISSUED_AT + 2 * HOUR) == ["118.84"]
    assert [each.sheet.version for each in on.current(ISSUED_AT + 2 * HOUR)] == ["v-1"]


def test_unknown_version_cannot_be_withdrawn() -> None:
    with pytest.raises(RateRefused) as caught:
        empty().withdraw("acleda", PAIR, "v-1", ISSUED_AT)

    assert caught.value.code == "version_unknown"


def test_sheet_that_does_not_fit_the_board_is_refused() -> None:
    on = empty().publish(sheet(), ISSUED_AT).board

    assert refused(on, sheet(provider="nobody")) == "provider_unknown"
    assert refused(on, sheet(provider="pool")) == "not_a_quoter"
    assert refused(on, sheet(rate="118.85")) == "version_reused"
    assert refused(on, sheet("v-2")) == "out_of_order"
    assert refused(on, sheet("v-2", effective_at=ISSUED_AT - HOUR)) == "out_of_order"
    assert refused(on, sheet("v-2"), datetime(2026, 11, 21)) == "time_naive"


@pytest.mark.parametrize(
    ("rate", "spread_bp", "code"),
    [
        ("117.60", 0, None),
        ("122.40", 0, None),
        ("117.59", 0, "out_of_bounds"),
        ("122.41", 0, "out_of_bounds"),
        ("1188.4", 0, "out_of_bounds"),
        ("120.00", 200, None),
        ("120.00", 201, "out_of_bounds"),
    ],
)
def test_rate_too_far_from_the_reference_is_refused(
    rate: str, spread_bp: int, code: str | None
) -> None:
    on = empty(None, reference("120"))
    of = sheet(rate=rate, spread_bp=spread_bp)
    if code is None:
        assert on.publish(of, ISSUED_AT).alarms == ()
    else:
        assert code == refused(on, of)


def test_both_directions_are_judged_by_one_reference() -> None:
    back = sheet(rate="118", payer=THB, payee=KHR, unit=(THB, KHR))

    assert refused(empty(None, reference("110")), back) == "out_of_bounds"
    assert empty(None, reference("118")).publish(back, ISSUED_AT).alarms == ()


def test_sheet_that_a_new_reference_disowns_is_no_longer_quoted() -> None:
    on = empty(None, reference("118")).publish(sheet(), ISSUED_AT).board
    moved = on.refer(reference("125"))
    left_out = ask(moved, AMOUNT, (KHR, THB)).left_out

    assert dict(left_out)["acleda"] == "out_of_bounds"
    assert rates(moved.refer(reference("118"))) == ["118.84"]


def test_sheet_without_a_reference_is_taken_with_an_alarm() -> None:
    assert empty().publish(sheet(), ISSUED_AT).alarms == (NO_REFERENCE,)


@pytest.mark.parametrize(
    ("rules", "official"),
    [(Rules(jump_bp=100), ()), (Rules(jump_bp=1), (reference("118", 5_000, 100),))],
)
def test_jump_between_versions_is_limited_and_a_withdrawal_lifts_nothing(
    rules: Rules, official: tuple[Reference, ...]
) -> None:
    on = empty(rules, *official).publish(sheet(rate="118"), ISSUED_AT).board
    later = ISSUED_AT + HOUR
    far = sheet("v-2", "119.19", effective_at=later)

    assert refused(on, far) == "jump"
    assert refused(on, sheet("v-2", "116.81", effective_at=later)) == "jump"
    assert not on.publish(sheet("v-2", "119.18", effective_at=later), ISSUED_AT).known
    assert refused(on.withdraw("acleda", PAIR, "v-1", later), far) == "jump"


def test_provider_whose_two_directions_pay_a_profit_is_refused() -> None:
    on = empty().publish(sheet(rate="118.84"), ISSUED_AT).board
    back: dict[str, Any] = {"payer": THB, "payee": KHR, "unit": (THB, KHR)}

    assert refused(on, sheet(rate="118.85", **back)) == "inverse_loop"
    assert not on.publish(sheet(rate="118.84", **back), ISSUED_AT).known
    assert not on.publish(sheet(rate="119.00", spread_bp=50, **back), ISSUED_AT).known


def test_inverse_counts_the_best_tier_and_the_largest_improvement() -> None:
    back: dict[str, Any] = {
        "payer": THB,
        "payee": KHR,
        "unit": (THB, KHR),
        "rate": "119.00",
        "spread_bp": 50,
    }
    tiers = (Tier(Money(0, THB), 0), Tier(Money(100, THB), 40))

    for on, of in (
        (empty(better=40), sheet(**back)),
        (empty(), sheet(**back, tiers=tiers)),
    ):
        assert refused(on.publish(sheet(), ISSUED_AT).board, of) == "inverse_loop"


def test_circle_across_providers_is_taken_with_an_alarm_and_reported() -> None:
    on = empty().publish(sheet(), ISSUED_AT).board
    legs = (
        sheet(provider="canadia", rate="35", payer=THB, payee=USD, unit=(USD, THB)),
        sheet(provider="wing", rate="4200", payer=USD, payee=KHR, unit=(USD, KHR)),
    )
    on = on.publish(legs[0], ISSUED_AT).board
    last = on.publish(legs[1], ISSUED_AT)
    [loop] = last.board.arbitrage(ISSUED_AT)

    assert ARBITRAGE in last.alarms
    assert [each.provider for each in loop.sheets] == ["acleda", "canadia", "wing"]
    assert loop.gain_bp == 97
    assert on.arbitrage(ISSUED_AT) == ()
    gone = last.board.withdraw("wing", ("USD", "KHR"), "v-1", ISSUED_AT)
    assert gone.arbitrage(ISSUED_AT) == ()


def test_circle_of_two_providers_is_found() -> None:
    on = empty().publish(sheet(), ISSUED_AT).board
    back = sheet(provider="wing", rate="120", payer=THB, payee=KHR, unit=(THB, KHR))
    [loop] = on.publish(back, ISSUED_AT).board.arbitrage(ISSUED_AT)

    assert ([each.provider for each in loop.sheets], loop.gain_bp) == (["acleda", "wing"], 97)


@given(sheets(KHR, THB))
def test_restored_board_quotes_like_the_one_before(of: RateSheet) -> None:
    on = board(of)
    later = replace(of, version="v-2", effective_at=of.effective_at + HOUR)
    on = on.publish(later, later.effective_at).board.withdraw("acleda", of.pair, "v-1", ISSUED_AT)
    kept = [Posted(*vars_of(each)) for each in reversed(on.history("acleda", of.pair))]
    bare = Board.open(replace(market(of), sheets=()), ISSUED_AT)

    for each in (bare.restore(kept), bare.restore(reversed(kept)), board(of).restore(kept)):
        assert on.listed == each.listed
        assert ask(on, AMOUNT, (KHR, THB)) == ask(each, AMOUNT, (KHR, THB))


def vars_of(posted: Posted) -> tuple[RateSheet, datetime, datetime | None]:
    terms = RateSheet.from_terms(posted.sheet.to_terms())
    return terms, posted.seen_at, posted.withdrawn_at


def test_sheet_of_a_provider_that_is_gone_is_not_restored() -> None:
    on = empty()

    assert on == on.restore([Posted(sheet(provider="nobody"), ISSUED_AT)])


def test_provider_quotes_in_its_hours_only() -> None:
    hours = Hours(420, 8 * 60, 17 * 60, (1, 2, 3, 4, 5))
    base = market(sheet())
    [provider] = base.providers.values()
    on = Board.open(replace(base, providers={"acleda": replace(provider, hours=hours)}), ISSUED_AT)
    friday = datetime.fromisoformat("2026-11-27T09:00:00+07:00")

    assert rates(on, friday) == ["118.84"]
    quoted = ask(on, AMOUNT, (KHR, THB), at=friday + timedelta(days=1))
    assert quoted.left_out == (("acleda", "closed"),)
