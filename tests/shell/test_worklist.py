"""The operators' queue: nothing that needs people is hidden, and the largest are found first."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from fx.money import Money
from switch import worklist
from switch.model import State
from switch.worklist import Wanted, Worklist
from tests.switch_core.core_values import payment

if TYPE_CHECKING:
    from switch.model import Payment
    from tests.shell.shell_rig import Shell


def standing(number: int, state: State, debit: str = "100", code: str = "KHR") -> Payment:
    held = payment(number)
    money = Money.parse(debit, code)
    zero = Money(0, money.currency)
    terms = replace(held.terms, debit=money, source=money, fee=zero)
    return replace(held, state=state, terms=terms)


def looking(shell: Shell, *payments: Payment) -> Worklist:
    """A worklist over these payments."""

    async def unended(after: int, limit: int) -> list[Payment]:
        return [each for each in payments if each.payment_id > after][:limit]

    store: Any = SimpleNamespace(read=SimpleNamespace(unended=unended))
    return Worklist(store, shell.clock)


async def test_what_needs_nobody_hides_nothing(shell: Shell) -> None:
    """Three hundred that are on their way stand before the one that was left to people."""
    waiting = [standing(number, State.SENDING) for number in range(1, 301)]
    stuck = standing(301, State.MANUAL)
    page, after = await looking(shell, *waiting, stuck).oldest(0, 5, Wanted())

    assert ([each.uetr for each in page], after) == ([stuck.uetr], None)


async def test_pages_go_on_where_the_one_before_stopped(shell: Shell) -> None:
    stuck = [standing(number, State.MANUAL) for number in range(1, 6)]
    work = looking(shell, *stuck)
    first, after = await work.oldest(0, 3, Wanted())
    second, end = await work.oldest(after or 0, 3, Wanted())

    assert [each.uetr for each in (*first, *second)] == [each.uetr for each in stuck]
    assert end is None


async def test_the_largest_of_each_currency_come_first_with_the_sums(shell: Shell) -> None:
    work = looking(
        shell,
        standing(1, State.UNKNOWN, "500"),
        standing(2, State.MANUAL, "9.00", "USD"),
        standing(3, State.MANUAL, "70000"),
        standing(4, State.SENDING, "99999999"),
        replace(standing(5, State.ACCEPTED, "3.00", "USD"), disputed=True),
        standing(6, State.MANUAL, "80000"),
    )
    found = await work.largest(0, 2, Wanted())

    assert [each.payment_id for each in found.payments] == [
        payment(number).payment_id for number in (6, 3, 2, 5)
    ]
    assert [(each.state, each.currency.code, each.count, each.minor) for each in found.totals] == [
        ("manual", "KHR", 2, 15_000_000),
        ("unknown", "KHR", 1, 50_000),
        ("accepted", "USD", 1, 300),
        ("manual", "USD", 1, 900),
    ]
    assert found.after is None


async def test_a_network_or_a_currency_narrows_it(shell: Shell) -> None:
    far = replace(standing(1, State.MANUAL), network="laos")
    work = looking(shell, far, standing(2, State.MANUAL), standing(3, State.MANUAL, "1.00", "USD"))
    by_network, _ = await work.oldest(0, 9, Wanted(network="laos"))
    by_payer, _ = await work.oldest(0, 9, Wanted(network=far.origin))
    by_currency = (await work.largest(0, 9, Wanted(currency="USD"))).payments

    assert [each.uetr for each in by_network] == [far.uetr]
    assert len(by_payer) == 3
    assert [each.payment_id for each in by_currency] == [payment(3).payment_id]


async def test_a_look_stops_at_a_bound_and_says_where(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist, "LOOKED_AT_MAX", 3)
    work = looking(shell, *(standing(number, State.MANUAL) for number in range(1, 6)))
    found = await work.largest(0, 9, Wanted())
    page, after = await work.oldest(0, 9, Wanted())

    assert (len(found.payments), len(page)) == (3, 3)
    assert found.after == after == payment(3).payment_id
