"""A payment written down is read back equal in every field, whatever its amounts and times."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import orjson
from hypothesis import given
from hypothesis import strategies as st

from fx.money import CURRENCIES, Money, Rate
from switch import model
from switch.postings import lines_of
from switch.reasons import Reason
from switch.store.rows import PAYMENT_COLUMNS, payment_of, payment_row, terms_json, terms_of
from tests.switch_core.core_values import payment

TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
UNITS = st.sampled_from(list(CURRENCIES.values()))
NUMBERS = st.integers(1, 2**63 - 1)


@st.composite
def terms(draw: st.DrawFn) -> model.Terms:
    """Terms between any two currencies, a rate of any allowed length."""
    payer, payee = draw(UNITS), draw(UNITS)
    decimals = draw(st.integers(0, 10))
    digits = draw(st.integers(1, 10**11 - 1))
    source, fee = draw(st.integers(0, 10**14)), draw(st.integers(0, 10**14))
    rate = Rate(Decimal(digits).scaleb(-decimals), payer, payee)
    destination = Money(draw(st.integers(0, 10**15)), payee)
    between = Money(draw(st.integers(0, 10**15)), draw(UNITS))
    amounts = draw(
        st.sampled_from(
            [(), (Money(source, payer), destination), (Money(source, payer), between, destination)]
        )
    )
    payee_fee = draw(st.none() | st.integers(1, destination.minor)) if destination.minor else None
    taken = None if payee_fee is None else Money(payee_fee, payee)
    return model.Terms(
        debit=Money(source + fee, payer),
        fee=Money(fee, payer),
        source=Money(source, payer),
        destination=destination if taken is None else destination - taken,
        payee_fee=taken,
        rate=rate,
        hops=tuple(
            model.Hop(draw(st.text()), draw(st.text()), one, two, rate, draw(st.text()))
            for one, two in pairwise(amounts)
        ),
        residues=tuple(model.Residue(draw(st.text()), each) for each in amounts[1:]),
        rate_version=draw(st.text()),
        quote_id=draw(st.text()),
        quote_expires_at=draw(TIMES),
    )


PAYMENTS = st.builds(
    model.Payment,
    payment_id=NUMBERS,
    uetr=st.uuids(version=4).map(str),
    direction=st.sampled_from(model.Direction),
    use_case=st.sampled_from(model.UseCase),
    corridor=st.text(),
    origin=st.text(),
    channel=st.sampled_from(model.Channel),
    network=st.text(),
    reference=st.text(),
    terms=terms(),
    institutions=st.builds(
        model.Institutions,
        payer_side=st.text(),
        holder=st.text(),
        payee_side=st.text(),
        fee_taker=st.text(),
        on_us=st.booleans(),
        second_holder=st.text(),
    ),
    config_version=st.text(),
    state=st.sampled_from(model.State),
    version=NUMBERS,
    opened_at=TIMES,
    accepted_at=TIMES,
    deadline=TIMES,
    send_by=TIMES,
    updated_at=TIMES,
    next_at=st.none() | TIMES,
    rung=st.integers(0, 99),
    reason=st.none() | st.sampled_from(Reason),
    far_reference=st.none() | st.text(),
    disputed=st.booleans(),
    reservation=st.none() | NUMBERS,
)


@given(PAYMENTS)
def test_a_payment_is_read_back_equal(held: model.Payment) -> None:
    assert payment_of(payment_row(held)) == held


@given(terms())
def test_terms_are_read_back_equal(held: model.Terms) -> None:
    assert terms_of(terms_json(held)) == held


FROZEN = PAYMENT_COLUMNS.split(", ").index("frozen")


def test_terms_of_an_earlier_version_are_one_hop_without_residue() -> None:
    held = payment()
    row = list(payment_row(held))
    frozen = orjson.loads(str(row[FROZEN]))
    assert frozen["terms"].pop("payee_fee") == 0
    for name in ("hops", "residues"):
        assert not frozen["terms"].pop(name)
    assert frozen["institutions"].pop("second_holder") == ""
    row[FROZEN] = orjson.dumps(frozen).decode()

    assert payment_of(row) == held
    assert lines_of(payment_of(row)) == lines_of(held)


def test_every_reason_and_state_is_read_back() -> None:
    for reason in Reason:
        held = replace(payment(), state=model.State.REFUSED, reason=reason, next_at=None)
        assert payment_of(payment_row(held)).reason is reason
    for state in model.State:
        assert payment_of(payment_row(replace(payment(), state=state))).state is state


def test_a_row_has_a_value_for_each_column() -> None:
    assert len(payment_row(payment())) == len(PAYMENT_COLUMNS.split(", "))


@given(TIMES)
def test_times_are_kept_to_the_microsecond(at: datetime) -> None:
    assert model.from_micros(model.to_micros(at)) == at


@given(PAYMENTS, PAYMENTS)
def test_two_payments_that_differ_are_written_differently(
    one: model.Payment, other: model.Payment
) -> None:
    for name in (f.name for f in fields(model.Payment)):
        mixed = replace(one, **{name: getattr(other, name)})
        assert (payment_row(mixed) == payment_row(one)) is (mixed == one)
