"""Two refunds of all of a payment may both have arrived: nothing is left of it, and never less."""

from __future__ import annotations

from switch.lifecycle import Event
from switch.model import Payment, State
from switch.reasons import Reason
from tests.shell.hand_parts import said
from tests.shell.shell_rig import Shell
from tests.shell.test_given_back_once import told
from tests.shell.test_linked_weather import credited, refund
from tests.shell.test_orders import looked_after
from tests.shell.test_recalls import of, put
from tests.shell.test_recalls import recalling as recalling  # noqa: PLC0414


async def _both(shell: Shell, original: Payment) -> None:
    shell.transport.script("thailand", said("refused", Reason.ACCOUNT_CLOSED), said("accepted"))
    first = await refund(shell, original, "41000", "k1")
    second = await refund(shell, original, "41000", "k2")
    assert isinstance(first, Payment)
    assert isinstance(second, Payment)
    assert shell.payment(first.uetr).state is State.REFUSED
    assert shell.payment(second.uetr).state is State.ACCEPTED
    await told(shell, shell.payment(first.uetr), Event.ACCEPTED)  # its network's file, or a notice
    assert shell.payment(first.uetr).disputed


async def test_a_recall_of_it_is_answered(recalling: Shell) -> None:
    original = await credited(recalling)
    await _both(recalling, original)
    answer = await recalling.receive(of(original))
    assert answer["status"] in ("PDNG", "RJCT")


async def test_a_recall_that_is_agreed_to_ends_no_process(recalling: Shell) -> None:
    original, put_one = await put(recalling)
    await _both(recalling, original)
    agreed = await recalling.aftercare.recalls.decide(recalling.payment(put_one.uetr), None)
    assert isinstance(agreed, Payment)
    assert agreed.state is State.GIVING_BACK
    await looked_after(recalling)
    assert recalling.payment(put_one.uetr).state is State.MANUAL
