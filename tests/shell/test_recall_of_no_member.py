"""A guest paid a customer of a bank that is no member, and the guest's network recalls that."""

from __future__ import annotations

from dataclasses import replace

from fx.money import Money
from switch.model import State
from switch.operators import Action
from switch.port import Merchant
from tests.shell.hand_parts import said
from tests.shell.shell_rig import STALL, Shell
from tests.shell.test_orders import looked_after
from tests.shell.test_recalls import of
from tests.shell.test_recalls import recalling as recalling  # noqa: PLC0414
from tests.shell.test_returns import settled

WING = "WIGCKHPPXXX"
"""A bank of ``networks.bakong.options.banks`` that is in no ``members.toml``."""


async def test_whoever_has_no_position_is_debited_by_no_recall(recalling: Shell) -> None:
    shell = recalling
    amount = Money.parse("41000", "KHR")
    party = replace(STALL, account="s@wing", agent=WING)
    offer = shell.offer(inbound=True, merchant=Merchant(party, "PP", "5812", "KHR", amount))
    request = shell.inbound_pay(offer=offer)
    particulars = replace(request.particulars, creditor=party)
    shell.transport.script("bakong", said("accepted"))
    await shell.receive(replace(request, particulars=particulars))
    await shell.settle()
    original = shell.payment(request.uetr)
    answer = await shell.receive(of(original))
    await settled(shell, shell.payment(str(answer["uetr"])), Action.ACCEPTED)
    await looked_after(shell)

    assert WING not in shell.config.members
    assert (original.state, original.institutions.payee_bank) == (State.CREDITED, WING)
    assert not [key for key in shell.engine.accounts() if "/member/" in key]
    assert shell.payment(str(answer["uetr"])).state is State.MANUAL
