"""Linked payments: refunds and returns add up to what was paid, at its own rate, each once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fx.money import Money, Rounding, divide
from switch import lifecycle
from switch.commands import Conflict
from switch.inbound_port import InboundNotice, InboundReturn
from switch.linked_payments import Asked
from switch.model import Kind, Payment, State
from switch.parts import LINKED_MAX, Part, changed_terms, linked_uetr, part_of
from switch.port import Operation, Outcome, OutcomeKind
from switch.reasons import Reason
from tests.shell.hand_parts import LOST, said
from tests.shell.shell_rig import MEMBER, STALL, Shell
from tests.switch_core.core_values import payment as core_payment

BANK = STALL.agent


def riel(text: str) -> Money:
    return Money.parse(text, "KHR")


def baht(text: str) -> Money:
    return Money.parse(text, "THB")


@pytest.fixture
async def credited(shell: Shell) -> tuple[Shell, Payment]:
    """A shell with an inbound payment of 41,000 riel that was credited."""
    operations = (*shell.thailand.facts.operations, Operation.REFUND)
    shell.thailand.facts = replace(shell.thailand.facts, operations=operations)
    request = shell.inbound_pay()
    shell.transport.script("bakong", said("accepted"))
    await shell.receive(request)
    await shell.settle()
    payment = shell.payment(request.uetr)
    assert payment.state is State.CREDITED
    return shell, payment


async def refund(
    shell: Shell, original: Payment, text: str, key: str = "refund-1"
) -> Payment | Conflict | Reason:
    opened = await shell.records.open(original.uetr)
    assert opened is not None
    content = {"amount": text}
    asked = Asked(BANK, key, content)
    made = await shell.linked.refund(original, opened, riel(text), asked)
    await shell.settle()
    return made


async def test_a_refund_goes_back_at_the_rate_of_its_payment(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    made = await refund(shell, original, "10000")
    assert isinstance(made, Payment)
    back = shell.payment(made.uetr)
    source, paid = original.terms.source, original.terms.destination

    assert (back.kind, back.state, back.original) == (Kind.REFUND, State.ACCEPTED, original.uetr)
    assert back.terms.source == riel("10000")
    expected = divide(1_000_000 * source.minor, paid.minor, Rounding.DOWN)
    assert back.terms.destination == Money(expected, source.currency)
    assert shell.pending() == []


async def test_the_same_refund_again_is_the_same_and_other_content_is_not(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    first = await refund(shell, original, "10000")
    again = await refund(shell, original, "10000")
    other = await refund(shell, original, "20000")

    assert isinstance(first, Payment)
    assert isinstance(again, Payment)
    assert again.uetr == first.uetr
    assert other == Conflict("amount")
    assert len(await shell.linked.of(original)) == 1


async def test_refunds_add_up_to_the_whole_and_not_beyond(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    for place, text in enumerate(("10000", "30999", "1"), 1):
        assert isinstance(await refund(shell, original, text, f"refund-{place}"), Payment)
    more = await refund(shell, original, "1", "refund-4")
    parts = await shell.linked.of(original)

    assert more is Reason.REFUND_TOO_MUCH
    assert sum(each.terms.destination.minor for each in parts) == original.terms.source.minor


async def test_two_refunds_at_once_cannot_both_be_the_whole(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    made = await asyncio.gather(
        *(refund(shell, original, "41000", f"refund-{n}") for n in range(2))
    )

    assert sorted(type(each).__name__ for each in made) == ["Payment", "Reason"]
    assert len(await shell.linked.of(original)) == 1


async def test_a_refund_that_was_refused_leaves_room_for_another(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    shell.transport.script("thailand", said("refused", Reason.ACCOUNT_CLOSED))
    await refund(shell, original, "41000", "refund-1")
    made = await refund(shell, original, "41000", "refund-2")
    first, second = await shell.linked.of(original)

    assert isinstance(made, Payment)
    assert (first.state, second.state) == (State.REFUSED, State.ACCEPTED)


async def test_a_refund_of_unknown_outcome_holds_its_part(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    shell.transport.script("thailand", LOST)
    made = await refund(shell, original, "41000", "refund-1")
    assert isinstance(made, Payment)
    more = await refund(shell, original, "1", "refund-2")

    assert (shell.payment(made.uetr).state, more) == (State.UNKNOWN, Reason.REFUND_TOO_MUCH)


async def test_what_was_not_credited_or_is_no_inbound_payment_is_not_refunded(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    outbound = await shell.opened()
    unfinished = replace(original, state=State.CREDIT_UNKNOWN)

    assert await refund(shell, unfinished, "1") is Reason.NOT_REFUNDABLE
    assert await refund(shell, replace(original, disputed=True), "1") is Reason.NOT_REFUNDABLE
    assert await refund(shell, outbound, "1") is Reason.NOT_REFUNDABLE


async def test_a_refund_has_its_window_and_its_network_must_take_it(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    shell.thailand.facts = replace(shell.thailand.facts, refund_window_days=1)
    shell.clock.pass_s(86_400)
    late = await refund(shell, original, "1")
    shell.thailand.facts = replace(shell.thailand.facts, operations=(Operation.PAY,))

    assert late is Reason.REFUND_TOO_LATE
    assert await refund(shell, original, "1") is Reason.TRANSACTION_UNSUPPORTED


async def test_money_that_a_network_gives_back_is_booked_once(shell: Shell) -> None:
    original = await shell.opened()
    request = InboundReturn("R-1", original.reference, baht("100.00"), {})
    first = await shell.receive(request)
    again = await shell.receive(request)
    (back,) = await shell.linked.of(original)
    member = shell.engine.account(f"{MEMBER}/member/KHR/deferred")
    assert member is not None

    assert (first["status"], again) == ("ACCC", first)
    assert (back.kind, back.terms.destination) == (Kind.RETURN, baht("100.00"))
    assert member.credits_posted == back.terms.source.minor
    assert shell.pending() == []


async def test_returns_never_give_back_more_than_was_paid(shell: Shell) -> None:
    original = await shell.opened()
    parts = ["100.00", "200.00", "45.01", "45.00"]
    taken = [
        await shell.receive(InboundReturn(f"R-{place}", original.reference, baht(text), {}))
        for place, text in enumerate(parts)
    ]

    assert [each["reason"] for each in taken] == [None, None, "REFUND_TOO_MUCH", None]
    linked = await shell.linked.of(original)
    assert sum(each.terms.source.minor for each in linked) == original.terms.source.minor


async def test_the_same_return_with_another_amount_is_refused(shell: Shell) -> None:
    original = await shell.opened()
    await shell.receive(InboundReturn("R-1", original.reference, baht("1.00"), {}))
    other = await shell.receive(InboundReturn("R-1", original.reference, baht("2.00"), {}))

    assert other["reason"] == "DUPLICATE"
    assert len(await shell.linked.of(original)) == 1


async def test_an_instruction_to_give_back_what_was_not_paid_moves_nothing(shell: Shell) -> None:
    shell.transport.script("thailand", said("refused", Reason.ACCOUNT_CLOSED))
    original = await shell.opened()
    told = await shell.receive(InboundReturn("R-1", original.reference, baht("1.00"), {}))

    assert (told["reason"], shell.posted()) == ("NOT_REFUNDABLE", [])


async def test_a_return_of_what_is_not_known_moves_nothing(shell: Shell) -> None:
    nothing = await shell.receive(InboundReturn("R-2", "NOBODY", baht("1.00"), {}))

    assert (nothing["status"], nothing["reason"]) == (None, "ORIGINAL_UNKNOWN")
    assert shell.posted() == []


async def test_a_notice_is_taken_as_the_answer_to_an_enquiry_is(shell: Shell) -> None:
    payment = await shell.lost()
    notice = InboundNotice(payment.reference, Outcome(OutcomeKind.ACCEPTED), {})
    first = await shell.receive(notice)
    again = await shell.receive(notice)

    assert (first["status"], again["status"]) == ("ACCC", "ACCC")
    assert shell.payment(payment.uetr).state is State.ACCEPTED


async def test_a_contradicting_notice_opens_a_dispute_and_books_nothing(shell: Shell) -> None:
    payment = await shell.opened()
    before = shell.posted()
    refused = Outcome(OutcomeKind.REFUSED, Reason.ACCOUNT_CLOSED)
    told = await shell.receive(InboundNotice(payment.reference, refused, {}))

    assert (told["status"], shell.payment(payment.uetr).disputed) == ("ACCC", True)
    assert shell.posted() == before


async def test_nobody_is_believed_who_says_never_seen_unasked(shell: Shell) -> None:
    payment = await shell.lost()
    never = Outcome(OutcomeKind.NEVER_SEEN)
    await shell.receive(InboundNotice(payment.reference, never, {}))

    assert shell.payment(payment.uetr).state is State.UNKNOWN


@given(st.lists(st.integers(1, 34_500), max_size=12))
def test_parts_of_a_payment_never_add_up_to_more_than_it(amounts: list[int]) -> None:
    original = core_payment()
    linked: list[Payment] = []
    for minor in amounts:
        amount = Money(minor, original.terms.destination.currency)
        part = part_of(original, linked, amount)
        if isinstance(part, Reason):
            continue
        terms = changed_terms(original.terms, "q", part.payer, part.payee, part.between)
        linked.append(replace(original, kind=Kind.RETURN, terms=terms))
    given_back = sum(each.terms.destination.minor for each in linked)

    assert given_back <= original.terms.destination.minor
    assert sum(each.terms.source.minor for each in linked) == (
        original.terms.source.minor
        if given_back == original.terms.destination.minor
        else divide(
            given_back * original.terms.source.minor,
            original.terms.destination.minor * original.terms.source.currency.cash_step,
            Rounding.DOWN,
        )
        * original.terms.source.currency.cash_step
    )


@pytest.mark.parametrize("parts", [[34_155], [10_000, 24_155], [1] * 9])
def test_whoever_lent_the_money_pays_for_no_fee_of_the_payee(parts: list[int]) -> None:
    """345.00 THB were paid out, 3.45 of it as a fee: what goes back is a part of all of it."""
    plain = core_payment()
    whole, fee = plain.terms.destination, Money(345, plain.terms.destination.currency)
    terms = replace(plain.terms, destination=whole - fee, payee_fee=fee)
    original = replace(plain, terms=terms)
    linked: list[Payment] = []
    for minor in parts:
        part = part_of(original, linked, Money(minor, whole.currency))
        assert isinstance(part, Part)
        given = changed_terms(terms, "q", part.payer, part.payee, part.between)
        linked.append(replace(original, kind=Kind.RETURN, terms=given))
    back = sum(each.terms.source.minor for each in linked)
    net = sum(each.terms.destination.minor for each in linked)

    assert net == sum(parts)
    # What the payer has back costs the holder no more than what came back to it buys at the rate.
    assert back * whole.minor <= net * terms.source.minor
    assert terms.source.minor * net - back * whole.minor < whole.minor * 100
    assert isinstance(part_of(original, linked, whole), Reason)


def test_the_number_of_parts_is_bounded() -> None:
    original = core_payment()
    one = Money(1, original.terms.destination.currency)
    linked = [replace(original, reason=Reason.ACCOUNT_CLOSED)] * LINKED_MAX

    assert part_of(original, linked, one) is Reason.REFUND_TOO_MUCH
    assert linked_uetr(original.uetr, 1) != linked_uetr(original.uetr, 2)


async def test_a_refund_that_was_refused_and_carried_out_gave_something_back(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    shell.transport.script("thailand", said("refused", Reason.ACCOUNT_CLOSED))
    made = await refund(shell, original, "10000")
    assert isinstance(made, Payment)
    refused = shell.payment(made.uetr)
    borne = replace(refused, rung=lifecycle.BORNE)
    whole = original.terms.destination

    assert part_of(original, [borne], whole) is Reason.REFUND_TOO_MUCH
    assert isinstance(part_of(original, [refused], whole), Part)
