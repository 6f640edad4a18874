"""Postings sum to zero, book the worked example to the unit, and keep the caps.

Once a reservation is posted or voided nothing of it stays pending.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fx.money import CURRENCIES, Money, Rate
from switch.books import SUM_MAX, Books
from switch.ledger import (
    Account,
    Asset,
    Kind,
    Line,
    Phase,
    Role,
    Side,
    account_key,
    balanced,
    place_of,
    posting,
    posting_in_part,
    releasing,
)
from switch.model import Direction, Payment, Terms
from switch.postings import incoming_lines, lines_of
from switch.reasons import Reason
from tests.switch_core.core_values import (
    FEE_KHR,
    HOLDER,
    HOLDER_KHR,
    HOLDER_THB,
    MEMBER,
    MEMBER_KHR,
    POOL_KHR,
    SECOND,
    SUSPENSE_KHR,
    THAILAND_THB,
    bridged,
    direct,
    payment,
    received,
    thb,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

DEBIT: Final = Side.DEBIT
CREDIT: Final = Side.CREDIT


@st.composite
def payments(draw: st.DrawFn) -> Payment:
    """Payments of any amounts, currencies and direction, two institutions perhaps being one."""
    held = payment(direction=draw(st.sampled_from(Direction)))
    payer = draw(st.sampled_from(list(CURRENCIES.values())))
    payee = draw(st.sampled_from(list(CURRENCIES.values())))
    source, fee, destination = (draw(st.integers(low, 10**12)) for low in (1, 0, 1))
    terms = replace(
        held.terms,
        debit=Money(source + fee, payer),
        fee=Money(fee, payer),
        source=Money(source, payer),
        destination=Money(destination, payee),
        rate=Rate(held.terms.rate.value, payer, payee),
    )
    institutions = held.institutions
    if draw(st.booleans()):
        institutions = replace(institutions, holder=institutions.payer_side)
    return replace(held, terms=terms, institutions=institutions)


@given(payments())
def test_lines_sum_to_zero_in_each_currency(held: Payment) -> None:
    sums: dict[str, int] = {}
    for line in lines_of(held):
        sums.setdefault(line.currency, 0)
        sums[line.currency] += line.minor if line.side is DEBIT else -line.minor

    assert set(sums.values()) == {0}


@given(payments())
def test_lines_hold_no_zero_and_name_accounts_of_their_currency(held: Payment) -> None:
    for line in lines_of(held):
        assert line.minor > 0
        assert line.account.split("/")[2] == line.currency


def test_outbound_books_the_worked_example() -> None:
    assert lines_of(payment()) == (
        Line(MEMBER_KHR, DEBIT, "KHR", 4_125_000),
        Line(HOLDER_KHR, CREDIT, "KHR", 4_100_000),
        Line(FEE_KHR, CREDIT, "KHR", 25_000),
        Line(HOLDER_THB, DEBIT, "THB", 34_500),
        Line(THAILAND_THB, CREDIT, "THB", 34_500),
    )


def test_inbound_books_the_worked_example() -> None:
    assert lines_of(payment(direction=Direction.INBOUND)) == (
        Line(THAILAND_THB, DEBIT, "THB", 34_500),
        Line(HOLDER_THB, CREDIT, "THB", 34_500),
        Line(HOLDER_KHR, DEBIT, "KHR", 4_100_000),
        Line(POOL_KHR, CREDIT, "KHR", 4_100_000),
    )


def test_what_rounding_left_with_the_holder_is_owed_to_the_residue_account() -> None:
    held = replace(payment(), terms=direct())

    assert lines_of(held) == (
        *lines_of(payment()),
        Line(HOLDER_KHR, DEBIT, "KHR", 20),
        Line("bakong/residue/KHR/deferred", CREDIT, "KHR", 20),
    )


def test_a_fee_that_the_payee_bears_is_taken_off_what_the_holder_pays() -> None:
    held = replace(payment(), terms=replace(direct(), destination=thb(34_400), payee_fee=thb(100)))

    assert lines_of(held)[3:7] == (
        Line(HOLDER_THB, DEBIT, "THB", 34_400),
        Line(THAILAND_THB, CREDIT, "THB", 34_400),
        Line(HOLDER_THB, DEBIT, "THB", 100),
        Line("bakong/fee/THB/deferred", CREDIT, "THB", 100),
    )


def test_two_holders_settle_between_them_what_passes_through() -> None:
    held = replace(payment(), terms=bridged())
    held = replace(held, institutions=replace(held.institutions, second_holder=SECOND))

    assert lines_of(held) == (
        Line(MEMBER_KHR, DEBIT, "KHR", 4_125_000),
        Line(HOLDER_KHR, CREDIT, "KHR", 4_100_000),
        Line(FEE_KHR, CREDIT, "KHR", 25_000),
        Line(f"{SECOND}/holder/THB/deferred", DEBIT, "THB", 34_500),
        Line(THAILAND_THB, CREDIT, "THB", 34_500),
        Line(f"{HOLDER}/holder/USD/deferred", DEBIT, "USD", 1_012),
        Line(f"{SECOND}/holder/USD/deferred", CREDIT, "USD", 1_012),
        Line(HOLDER_KHR, DEBIT, "KHR", 1_400),
        Line("bakong/residue/KHR/deferred", CREDIT, "KHR", 1_400),
    )


@pytest.mark.parametrize("second", ["", HOLDER])
def test_one_holder_of_both_hops_settles_nothing_with_itself(second: str) -> None:
    held = replace(payment(), terms=replace(bridged(), residues=()))
    held = replace(held, institutions=replace(held.institutions, second_holder=second))

    assert lines_of(payment()) == lines_of(held)


def test_unmatched_money_goes_from_the_pool_to_suspense() -> None:
    assert incoming_lines(received(minor=100)) == (
        Line(POOL_KHR, DEBIT, "KHR", 100),
        Line(SUSPENSE_KHR, CREDIT, "KHR", 100),
    )


def test_lines_that_do_not_balance_are_a_bug() -> None:
    with pytest.raises(AssertionError):
        balanced([Line("a", DEBIT, "KHR", 2), Line("b", CREDIT, "KHR", 1)])
    with pytest.raises(AssertionError):
        balanced([Line("a", DEBIT, "KHR", 1), Line("b", CREDIT, "THB", 1)])


def reserved(lines: Sequence[Line], held: dict[str, Account] | None = None) -> Books:
    """Books in which a set of lines is reserved."""
    books = Books(held or {})
    assert books.reserve(lines) is None
    return books


def sums(books: Books) -> dict[str, tuple[int, int, int, int]]:
    """Posted debits and credits, pending debits and credits, by account."""
    return {
        a.key: (a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending)
        for a in books.touched()
    }


@given(payments(), st.sampled_from([Phase.POSTED, Phase.VOIDED, Phase.EXPIRED]))
def test_nothing_stays_pending_once_a_reservation_is_resolved(held: Payment, end: Phase) -> None:
    lines = lines_of(held)
    books = reserved(lines)
    books.resolve(posting(lines) if end is Phase.POSTED else releasing(lines, end))

    for account in books.touched():
        assert (account.debits_pending, account.credits_pending) == (0, 0)
        for side, posted in ((DEBIT, account.debits_posted), (CREDIT, account.credits_posted)):
            booked = sum(x.minor for x in lines if x.account == account.key and x.side is side)
            assert posted == (booked if end is Phase.POSTED else 0)


@given(payments())
def test_a_voided_reservation_leaves_the_accounts_as_they_were(held: Payment) -> None:
    lines = lines_of(held)
    before = {
        line.account: Account(line.account, line.currency, 7, 8, 9, 10, 10**15, None)
        for line in lines
    }
    books = reserved(lines, before)
    books.resolve(releasing(lines, Phase.VOIDED))

    assert before == {account.key: account for account in books.touched()}


@given(payments(), st.integers(0, 100))
def test_a_part_is_posted_and_the_rest_voided(held: Payment, percent: int) -> None:
    lines = lines_of(replace(held, terms=_whole_hundreds(held.terms)))
    given_part = [replace(line, minor=line.minor * percent // 100) for line in lines]
    books = reserved(lines)
    parts = posting_in_part(lines, given_part)
    books.resolve(parts)

    for phase in (Phase.POSTED, Phase.VOIDED):
        balanced([line for _, line, end in parts if end is phase])
    for origin, held_line in enumerate(lines):
        resolved = [line.minor for place, line, _ in parts if place == origin]
        assert held_line.minor == sum(resolved)
    assert {row[2:] for row in sums(books).values()} == {(0, 0)}
    posted = sum(line.minor for line in given_part if line.side is DEBIT)
    assert posted == sum(row[0] for row in sums(books).values())


def _whole_hundreds(terms: Terms) -> Terms:
    """Terms whose amounts can be divided by a hundred without a rest."""

    def hundredfold(money: Money) -> Money:
        return Money(100 * money.minor, money.currency)

    return replace(
        terms,
        debit=hundredfold(terms.debit),
        fee=hundredfold(terms.fee),
        source=hundredfold(terms.source),
        destination=hundredfold(terms.destination),
    )


def test_a_part_that_is_larger_or_does_not_balance_is_a_bug() -> None:
    lines = lines_of(payment())
    larger = [replace(line, minor=2 * line.minor) for line in lines]
    unequal = [replace(lines[0], minor=1), *lines[1:]]
    elsewhere = [replace(line, account="x/member/KHR/deferred") for line in lines]

    for posted in (larger, unequal, elsewhere, lines[:-2]):
        with pytest.raises(AssertionError):
            posting_in_part(lines, posted)


def test_a_set_that_is_refused_changes_nothing() -> None:
    capped = {MEMBER_KHR: Account(MEMBER_KHR, "KHR", net_debit_max=4_124_999)}
    books = Books(capped)

    assert books.reserve(lines_of(payment())) is Reason.FUNDS_INSUFFICIENT
    assert sums(books) == {}
    assert books.reserve([Line(MEMBER_KHR, DEBIT, "KHR", 4_124_999)]) is None
    assert sums(books) == {MEMBER_KHR: (0, 0, 4_124_999, 0)}


@pytest.mark.parametrize(
    ("full", "refusal"),
    [
        (Account(HOLDER_KHR, "KHR", credits_posted=SUM_MAX - 4_100_000), None),
        (Account(HOLDER_KHR, "KHR", credits_posted=SUM_MAX - 4_099_999), Reason.ACCOUNT_FULL),
        (Account(HOLDER_KHR, "KHR", credits_pending=SUM_MAX - 4_099_999), Reason.ACCOUNT_FULL),
        (Account(MEMBER_KHR, "KHR", debits_posted=SUM_MAX, net_debit_max=0), Reason.ACCOUNT_FULL),
    ],
)
def test_a_running_sum_is_refused_before_it_leaves_its_bound(
    full: Account, refusal: Reason | None
) -> None:
    books = Books({full.key: full})

    assert refusal is books.reserve(lines_of(payment()))
    assert bool(sums(books)) is (refusal is None)


def test_money_that_arrived_is_refused_before_a_sum_leaves_its_bound() -> None:
    books = Books({POOL_KHR: Account(POOL_KHR, "KHR", debits_posted=SUM_MAX)})

    assert books.post(incoming_lines(received(minor=100))) is Reason.ACCOUNT_FULL
    assert sums(books) == {}


def test_an_account_is_named_by_all_that_it_is() -> None:
    for kind in Kind:
        key = account_key(MEMBER, Role.MEMBER, "KHR", Asset.DEFERRED, kind)
        place = place_of(key)
        assert (place.institution, place.role, place.currency) == (MEMBER, "member", "KHR")
        assert (place.asset, place.kind) == ("deferred", kind.value)
    assert account_key(MEMBER, Role.MEMBER, "KHR", "deferred") == MEMBER_KHR
    for wrong in ("", "a", "a/b/c", "a//c/d", "a/b/c/d/e/f"):
        with pytest.raises(ValueError, match="an account is named"):
            place_of(wrong)


def test_accounts_that_are_given_are_not_changed() -> None:
    accounts = {MEMBER_KHR: Account(MEMBER_KHR, "KHR")}
    reserved(lines_of(payment()), accounts)

    assert accounts == {MEMBER_KHR: Account(MEMBER_KHR, "KHR")}


def test_releasing_more_than_was_reserved_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        Books({}).resolve(releasing(lines_of(payment()), Phase.VOIDED))
    with pytest.raises(AssertionError):
        releasing(lines_of(payment()), Phase.POSTED)


def test_an_account_has_one_currency() -> None:
    with pytest.raises(AssertionError):
        Books({MEMBER_KHR: Account(MEMBER_KHR, "USD")}).reserve(lines_of(payment()))


@pytest.mark.parametrize(
    ("account", "within"),
    [
        (Account("a", "KHR", debits_posted=100, net_debit_max=100), True),
        (Account("a", "KHR", debits_posted=101, net_debit_max=100), False),
        (Account("a", "KHR", debits_pending=101, net_debit_max=100), False),
        (Account("a", "KHR", 60, 0, 41, 0, net_debit_max=100), False),
        (Account("a", "KHR", debits_posted=150, credits_posted=50, net_debit_max=100), True),
        (Account("a", "KHR", debits_posted=150, credits_pending=50, net_debit_max=100), False),
        (Account("a", "KHR", credits_posted=100, net_credit_max=100), True),
        (Account("a", "KHR", credits_pending=101, net_credit_max=100), False),
        (Account("a", "KHR", credits_posted=150, debits_posted=50, net_credit_max=100), True),
        (Account("a", "KHR", credits_posted=150, debits_pending=50, net_credit_max=100), False),
        (Account("a", "KHR", debits_posted=10**15), True),
        (Account("a", "KHR", debits_posted=1, net_debit_max=0), False),
    ],
)
def test_pending_uses_a_cap_and_gives_no_room(account: Account, within: bool) -> None:
    assert within is account.within_caps()
