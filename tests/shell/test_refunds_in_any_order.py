"""Refunds that are made at once and refused in any order: no part is below zero, none too much."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from fx.money import Money
from switch.lifecycle import Event
from switch.model import Kind, Payment, State
from switch.parts import changed_terms, part_of
from switch.port import IncomingItem
from switch.reasons import Reason
from tests.shell.hand_parts import LOST, said
from tests.shell.shell_rig import SPONSOR, STALL
from tests.shell.test_given_back_once import told
from tests.shell.test_linked_payments import credited as credited  # noqa: PLC0414
from tests.shell.test_linked_payments import refund, riel
from tests.shell.test_orders import net
from tests.switch_core.core_values import payment as core_payment

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


async def _first_of_two_refused(shell: Shell, original: Payment) -> None:
    shell.transport.script("thailand", LOST)
    first = await refund(shell, original, "7", "k1")
    assert isinstance(first, Payment)
    assert shell.payment(first.uetr).state is State.UNKNOWN
    shell.transport.script("thailand", said("accepted"))
    second = await refund(shell, original, "12", "k2")
    assert isinstance(second, Payment)
    assert shell.payment(second.uetr).state is State.ACCEPTED
    await told(shell, shell.payment(first.uetr), Event.REFUSED, Reason.ACCOUNT_CLOSED)


async def test_a_little_more_is_refused_and_the_rest_goes_back(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    await _first_of_two_refused(shell, original)
    shell.transport.script("thailand", said("accepted"))

    assert await refund(shell, original, "1", "k3") is Reason.AMOUNT_BELOW_SCHEME
    assert await refund(shell, original, "99999999", "k4") is Reason.REFUND_TOO_MUCH
    rest = await refund(shell, original, "40988", "k5")
    assert isinstance(rest, Payment)
    given_back = [each for each in await shell.linked.of(original) if each.reason is None]
    assert sum(each.terms.destination.minor for each in given_back) == original.terms.source.minor


async def test_of_what_is_nothing_at_its_rate_the_payee_gives_nothing(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    before = net(shell, "/member/")

    assert await refund(shell, original, "1", "k1") is Reason.AMOUNT_BELOW_SCHEME
    assert net(shell, "/member/") == before


async def test_a_reversal_of_a_riel_is_taken_in(credited: tuple[Shell, Payment]) -> None:
    shell, original = credited
    await _first_of_two_refused(shell, original)
    item = IncomingItem(
        "a" * 64, riel("1"), STALL.agent, SPONSOR, {}, reverses=original.reference, reversal=True
    )

    assert await shell.aftercare.reversals("bakong").take(SPONSOR, item) is True


@given(st.lists(st.tuples(st.integers(1, 4_100_000), st.integers(0, 9)), max_size=20))
def test_parts_are_positive_and_never_more_than_the_whole(
    asked: list[tuple[int, int]],
) -> None:
    """After each part that is made an earlier one is refused, or none."""
    plain = core_payment()
    # Turned round, so that small parts round to nothing: riel that are given back in baht.
    terms = changed_terms(plain.terms, "q", plain.terms.destination, plain.terms.source, None)
    original = replace(plain, terms=terms)
    linked: list[Payment] = []
    for minor, refused in asked:
        part = part_of(original, linked, Money(minor, terms.destination.currency))
        if not isinstance(part, Reason):
            assert part.payer.minor > 0
            given = changed_terms(terms, "q", part.payer, part.payee, None)
            linked.append(replace(original, kind=Kind.RETURN, terms=given))
        kept = [each for each in linked if each.reason is None]
        assert sum(each.terms.source.minor for each in kept) <= terms.source.minor
        if refused < len(linked):
            linked[refused] = replace(linked[refused], reason=Reason.ACCOUNT_CLOSED)
