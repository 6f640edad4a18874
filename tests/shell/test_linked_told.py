"""Money that goes back is told too: a refund to the merchant's bank, a return to the payer's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fx.money import Money
from switch.event_view import event_view, payments_of
from switch.inbound_port import InboundReturn
from switch.linked_payments import Asked
from switch.model import Payment
from switch.port import Operation
from tests.shell.hand_parts import said
from tests.shell.shell_rig import MEMBER, STALL

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

BANK = STALL.agent if len(STALL.agent) > 8 else f"{STALL.agent}XXX"


async def told(shell: Shell, receiver: str) -> list[tuple[object, ...]]:
    """What a bank is told, in short."""
    rows = await shell.store.outbox.events(receiver, 0, 100)
    payments = await payments_of(shell.store.read, rows)
    views = [event_view(row, payments[row.uetr]) for row in rows]
    names = ("kind", "status", "payment_kind", "original")
    return [tuple(view[name] for name in names) for view in views]


async def test_what_a_network_gives_back_is_told_to_the_bank_of_who_had_paid(
    shell: Shell,
) -> None:
    await shell.store.outbox.enrol([MEMBER], [])
    original = await shell.opened()
    amount = Money.parse("100.00", "THB")
    await shell.receive(InboundReturn("R-1", original.reference, amount, {}))

    assert await told(shell, MEMBER) == [
        ("ended", "ACCC", "payment", None),
        ("ended", "ACCC", "return", original.uetr),
    ]


async def test_a_refund_is_told_to_the_merchants_bank(shell: Shell) -> None:
    await shell.store.outbox.enrol([BANK], [])
    operations = (*shell.thailand.facts.operations, Operation.REFUND)
    shell.thailand.facts = replace(shell.thailand.facts, operations=operations)
    request = shell.inbound_pay()
    shell.transport.script("bakong", said("accepted"))
    await shell.receive(request)
    await shell.settle()
    original = shell.payment(request.uetr)
    opened = await shell.records.open(original.uetr)
    assert opened is not None
    asked = Asked(STALL.agent, "refund-1", {"amount": "10000"})
    made = await shell.linked.refund(original, opened, Money.parse("10000", "KHR"), asked)
    await shell.settle()

    assert isinstance(made, Payment)
    assert await told(shell, BANK) == [
        ("ended", "ACCC", "payment", None),
        ("ended", "ACCC", "refund", original.uetr),
    ]
