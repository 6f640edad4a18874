"""Money pushed in advance, in bad weather: it goes back whatever else a network sends meanwhile.

Only our own refund gives a payment's money back; a full house lets an item come again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from switch.funds import Funds
from switch.inbound_port import InboundReturn, own_uetr
from switch.instructions import Standing
from switch.model import Funding, Kind, Payment, State
from switch.port import IncomingItem
from switch.reasons import Reason
from switch.runtime.tasks import TooManyTasks
from tests.shell.hand_parts import said
from tests.shell.shell_rig import MEMBER, SPONSOR, Shell, changed_corridor, ends
from tests.shell.test_linked_payments import baht
from tests.shell.test_orders import looked_after, net

if TYPE_CHECKING:
    from collections.abc import Coroutine

SUSPENSE: Final = f"{SPONSOR}/suspense"


@pytest.fixture
async def gross(shell: Shell) -> Shell:
    """A shell whose corridor to Thailand is paid for in advance."""
    changed = changed_corridor(
        shell.config, ends(inbound=False), funding=Funding.GROSS, sponsor=SPONSOR, fund_within_s=60
    )
    shell.configured(changed)
    return shell


def funds(shell: Shell) -> Funds:
    return Funds(
        home="bakong",
        store=shell.store,
        records=shell.records,
        dispatch=shell.dispatch,
        payments=shell.payments,
        adapters=shell.adapters,
        answers=shell.answers,
        config_version="1",
        clock=shell.clock,
        ids=shell.ids,
        log=shell.log,
    )


async def awaited(shell: Shell) -> tuple[Payment, IncomingItem]:
    """A payment that waits for its money, and that money."""
    standing = await shell.payments.open(shell.instruction())
    assert isinstance(standing, Standing)
    payment = standing.payment
    assert payment.state is State.AWAITING_FUNDS
    item = IncomingItem(
        item_hash="a" * 64,
        amount=payment.terms.debit,
        uetr=payment.uetr,
        payer_agent=MEMBER,
        payee_agent=SPONSOR,
        reversal=False,
        acknowledgement={},
    )
    return payment, item


async def refused(shell: Shell) -> Payment:
    """A payment whose money came and that Thailand refused."""
    payment, item = await awaited(shell)
    shell.transport.script("thailand", said("refused", Reason.ACCOUNT_CLOSED))
    assert await funds(shell).take(SPONSOR, item)
    await shell.settle()
    assert shell.payment(payment.uetr).state is State.RETURNING
    return shell.payment(payment.uetr)


@pytest.mark.parametrize("returns", [1, 3])
async def test_what_a_network_returns_meanwhile_gives_nothing_of_ours_back(
    gross: Shell, returns: int
) -> None:
    payment = await refused(gross)
    for number in range(returns):
        await gross.receive(
            InboundReturn(f"R-{number}", payment.reference, baht("0.01"), {}, settled=True)
        )
    owed = net(gross, SUSPENSE)
    gross.transport.script("bakong", said("accepted"))
    await looked_after(gross)
    await looked_after(gross)
    linked = await gross.linked.of(payment)

    assert owed != 0
    assert [each.kind for each in linked] == [Kind.RETURN] * returns + [Kind.REFUND]
    assert linked[-1].terms.debit == payment.terms.debit
    assert gross.payment(payment.uetr).state is State.RETURNED
    assert net(gross, SUSPENSE) == 0


async def test_as_many_returns_as_are_taken_leave_room_for_what_goes_back(
    gross: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("linked_payments", "returns", "parts"):
        monkeypatch.setattr(f"switch.{module}.LINKED_MAX", 2)
    monkeypatch.setattr("switch.linked_payments.PLACES_MAX", 4)
    payment = await refused(gross)
    told = [
        InboundReturn(f"R-{number}", payment.reference, baht("0.01"), {}, settled=True)
        for number in range(3)
    ]
    await gross.receive(told[0])
    await gross.receive(told[1])
    assert (await gross.receive(told[2]))["reason"] is None
    assert gross.log.events.count("return_put_aside") == 1
    gross.transport.script("bakong", said("accepted"))
    await looked_after(gross)
    await looked_after(gross)

    kinds = [each.kind for each in await gross.linked.of(payment)]
    assert kinds == [Kind.RETURN, Kind.RETURN, Kind.REFUND]
    assert gross.payment(payment.uetr).state is State.RETURNED


async def test_money_comes_again_while_as_many_are_in_flight_as_may_be(
    gross: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment, item = await awaited(gross)
    monkeypatch.setattr(type(gross.payments.flights), "full", lambda *_: True)
    busy = await funds(gross).take(SPONSOR, item)
    waiting = gross.payment(payment.uetr).state
    monkeypatch.undo()
    taken = await funds(gross).take(SPONSOR, item)

    assert (busy, waiting, taken) == (False, State.AWAITING_FUNDS, True)


async def test_a_hop_for_which_there_is_no_task_is_left_to_its_timer(
    gross: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment, item = await awaited(gross)

    def full(name: str, coroutine: Coroutine[object, object, object]) -> None:
        coroutine.close()
        raise TooManyTasks(name)

    monkeypatch.setattr(gross.tasks, "start", full)
    taken = await funds(gross).take(SPONSOR, item)

    assert taken is True
    assert gross.payment(payment.uetr).state is State.SENDING
    assert gross.payments.flights.full(payment.network) is False


async def test_whoever_buries_what_an_item_becomes_keeps_nobody_elses_money_out(
    gross: Shell,
) -> None:
    _, item = await awaited(gross)
    unasked = replace(item, uetr=gross.ids.uetr(), item_hash="b" * 64)
    await gross.payments.bury(MEMBER, own_uetr("incoming", unasked.item_hash))

    assert await funds(gross).take(SPONSOR, unasked) is None


async def test_money_that_nobody_asked_for_is_said_once_whoever_takes_it_again(
    gross: Shell,
) -> None:
    _, item = await awaited(gross)
    unasked = replace(item, uetr=gross.ids.uetr(), item_hash="b" * 64)
    taken = [await funds(gross).take(SPONSOR, unasked) for _ in range(3)]

    assert taken == [True, True, True]
    assert gross.log.events.count("money_unasked") == 1


async def test_what_a_network_returns_of_a_carried_out_payment_is_owed_to_its_payer(
    gross: Shell,
) -> None:
    payment, item = await awaited(gross)
    gross.transport.script("thailand", said("accepted"))
    await funds(gross).take(SPONSOR, item)
    await gross.settle()
    pool = net(gross, f"{SPONSOR}/pool")
    whole = payment.terms.destination
    await gross.receive(InboundReturn("R-1", payment.reference, whole, {}, settled=True))
    (returned,) = await gross.linked.of(payment)

    assert (returned.kind, returned.disputed) == (Kind.RETURN, True)
    assert net(gross, f"{SPONSOR}/pool") == pool
    assert -net(gross, SUSPENSE) == payment.terms.source.minor
