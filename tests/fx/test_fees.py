"""A fee is within its bounds, never falls with the amount, and splits and grosses up exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fx.fees import Fee
from fx.money import Money, MoneyError, currency
from fx.refusals import QuoteError
from tests.fx.fx_strategies import amounts, fees

KHR, THB = currency("KHR"), currency("THB")


def khr(text: str) -> Money:
    return Money.parse(text, "KHR")


def test_percentage_is_rounded_up_and_bounded() -> None:
    fee = Fee(khr("100"), 150, khr("300"), khr("1000"))

    assert [khr("300"), khr("715"), khr("1000")] == [
        fee.on(khr(each)) for each in ("1189", "41000", "410000")
    ]


def test_fee_in_another_currency_is_refused() -> None:
    with pytest.raises(MoneyError) as caught:
        Fee(khr("100"), 0, khr("0"), None).on(Money(1, THB))

    assert caught.value.code == "currency_mismatch"


@given(st.sampled_from([KHR, THB]).flatmap(lambda u: st.tuples(fees(u), amounts(u, 1, 10**7))))
def test_fee_is_within_its_bounds_and_never_falls_with_the_amount(case: tuple[Fee, Money]) -> None:
    fee, source = case
    step = Money(source.currency.cash_step, source.currency)
    charged = fee.on(source)

    assert fee.minimum <= charged
    assert fee.maximum is None or charged <= fee.maximum
    assert charged <= fee.on(source + step)
    assert charged.minor % step.minor == 0


@given(st.sampled_from([KHR, THB]).flatmap(lambda u: st.tuples(fees(u), amounts(u, 1, 10**7))))
def test_split_leaves_the_largest_source_and_charges_the_fee_to_within_one_step(
    case: tuple[Fee, Money],
) -> None:
    fee, total = case
    step = Money(total.currency.cash_step, total.currency)
    if total < step + fee.on(step):
        with pytest.raises(QuoteError) as caught:
            fee.split(total)

        assert caught.value.code == "amount_too_small"
        return
    source, charged = fee.split(total)

    assert total == source + charged
    assert source.minor % step.minor == 0
    assert fee.on(source) <= charged <= fee.on(source + step)
    assert total < source + step + fee.on(source + step)


@given(st.sampled_from([KHR, THB]).flatmap(lambda u: st.tuples(fees(u), amounts(u, 1, 10**7))))
def test_amount_grossed_up_by_a_deducted_fee_is_the_least_that_leaves_the_net(
    case: tuple[Fee, Money],
) -> None:
    fee, net = case
    if fee.basis_points > 5_000:
        return
    gross = fee.grossed(net)
    step = Money(net.currency.cash_step, net.currency)

    assert net == gross - fee.on(gross)
    less = gross - step
    assert less < fee.on(less) or less - fee.on(less) < net


def test_fee_that_takes_the_whole_cannot_be_grossed_up() -> None:
    with pytest.raises(QuoteError) as caught:
        Fee(khr("0"), 10_000, khr("0"), None).grossed(khr("1"))

    assert caught.value.code == "amount_too_small"
