"""An instruction to give back that was refused stays refused under its key (design 4.3).

What it asks for may be possible later: once its payment is paid, or once people have turned what
they booked. Whoever repeats a refused instruction then must not move money that it thinks refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.inbound_port import InboundNotice, InboundReturn
from switch.model import Kind, State
from switch.operators import Action
from switch.port import Outcome, OutcomeKind
from switch.reasons import Reason
from tests.shell.hand_parts import said
from tests.shell.shell_rig import SPONSOR
from tests.shell.test_gross_weather import awaited, funds
from tests.shell.test_gross_weather import gross as gross  # noqa: PLC0414
from tests.shell.test_linked_payments import baht
from tests.shell.test_returns import settled
from tests.shell.test_vault_keeper import erased

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


async def test_what_awaited_its_money_is_not_given_back_later(gross: Shell) -> None:
    payment, item = await awaited(gross)
    back = InboundReturn("R-1", payment.reference, baht("100.00"), {}, settled=False)
    first = await gross.receive(back)
    gross.transport.script("thailand", said("accepted"))
    assert await funds(gross).take(SPONSOR, item)
    await gross.settle()
    assert gross.payment(payment.uetr).state is State.ACCEPTED

    second = await gross.receive(back)

    assert first["reason"]
    assert (first["status"], first["reason"]) == (second["status"], second["reason"])


async def test_what_people_turned_is_not_given_back_later(shell: Shell) -> None:
    payment = await shell.opened()
    closed = Outcome(OutcomeKind.REFUSED, Reason.ACCOUNT_CLOSED)
    await shell.receive(InboundNotice(payment.reference, closed, {}))
    await settled(shell, shell.payment(payment.uetr), Action.UNBOOK)
    back = InboundReturn("R-1", payment.reference, baht("100.00"), {}, settled=False)
    first = await shell.receive(back)
    accepted = Outcome(OutcomeKind.ACCEPTED)
    await shell.receive(InboundNotice(payment.reference, accepted, {}))
    await settled(shell, shell.payment(payment.uetr), Action.BOOK)

    second = await shell.receive(back)
    anew = await shell.receive(
        InboundReturn("R-2", payment.reference, baht("100.00"), {}, settled=False)
    )

    assert first["reason"] == "GONE_BACK"
    assert (first["status"], first["reason"]) == (second["status"], second["reason"])
    assert not anew["reason"]


async def test_more_than_was_paid_is_refused_with_one_reason_whatever_goes_back_since(
    shell: Shell,
) -> None:
    payment = await shell.opened()
    much = InboundReturn("R-1", payment.reference, baht("100000.00"), {}, settled=False)
    first = await shell.receive(much)
    whole = payment.terms.destination
    await shell.receive(InboundReturn("R-2", payment.reference, whole, {}, settled=False))

    assert first["reason"] == "REFUND_TOO_MUCH"
    assert (await shell.receive(much))["reason"] == "REFUND_TOO_MUCH"


async def test_what_named_nothing_is_not_given_back_once_there_is_something(shell: Shell) -> None:
    payment = await shell.opened()
    named = payment.reference
    early = InboundReturn("R-1", "not yet there", baht("100.00"), {}, settled=False)
    first = await shell.receive(early)
    late = InboundReturn("R-1", named, baht("100.00"), {}, settled=False)

    second = await shell.receive(late)

    assert (first["reason"], second["reason"]) == ("ORIGINAL_UNKNOWN", "TOMBSTONED")
    assert [each.kind for each in shell.engine.listed(0, 9)] == [Kind.PAYMENT]


async def test_what_was_given_back_is_told_again_once_its_names_are_erased(shell: Shell) -> None:
    payment = await shell.opened()
    back = InboundReturn("R-1", payment.reference, baht("100.00"), {}, settled=False)
    first = await shell.receive(back)
    await erased(shell, payment.uetr)

    second = await shell.receive(back)

    assert not first["reason"]
    assert (first["status"], first["reason"]) == (second["status"], second["reason"])
