"""What a network says about a payment that is not here moves nothing, and is found later."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import orjson

from switch.inbound_port import InboundNotice, InboundReturn
from switch.port import Outcome, OutcomeKind
from switch.reasons import Reason
from switch.unsolicited import NOTED_MAX, NOTED_WITHIN_S
from tests.shell.test_linked_payments import baht

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

NOTICE = InboundNotice("of nothing", Outcome(OutcomeKind.ACCEPTED), {})


def noted(shell: Shell) -> list[str]:
    """The digests that the journal holds, in its order."""
    leaves = [orjson.loads(content) for _, leaves in shell.engine.blocks() for _, content in leaves]
    assert all(leaf["entries"] == [] for leaf in leaves if "item" in leaf)
    items = [leaf["item"] for leaf in leaves if "item" in leaf]
    return [item.rsplit("/", 1)[1] for item in items if item.startswith("unsolicited/thailand/")]


def digest(body: bytes) -> str:
    return sha256(body).hexdigest()


async def test_each_message_is_put_down_once_by_its_digest(shell: Shell) -> None:
    tell = shell.aftercare.notices.notice
    taken = [await tell("thailand", NOTICE, body) for body in (b"one", b"one", b"two")]

    assert {(each.payment, each.reason) for each in taken} == {(None, Reason.ORIGINAL_UNKNOWN)}
    assert noted(shell) == [digest(b"one"), digest(b"two")]
    assert shell.posted() == []


async def test_a_return_of_nothing_is_put_down_and_books_nothing(shell: Shell) -> None:
    back = InboundReturn("R-1", "of nothing", baht("1.00"), {}, settled=True)
    taken = await shell.aftercare.notices.returned("thailand", back, b"return")

    assert taken.reason is Reason.ORIGINAL_UNKNOWN
    assert noted(shell) == [digest(b"return")]
    assert shell.posted() == []


async def test_what_is_about_a_payment_is_not_put_down(shell: Shell) -> None:
    payment = await shell.lost()
    about = InboundNotice(payment.reference, Outcome(OutcomeKind.ACCEPTED), {})
    taken = await shell.aftercare.notices.notice("thailand", about, b"one")

    assert taken.reason is None
    assert noted(shell) == []


async def test_a_network_that_errs_in_a_loop_fills_no_journal(shell: Shell) -> None:
    for number in range(NOTED_MAX + 3):
        for _ in range(2):
            await shell.aftercare.notices.notice("thailand", NOTICE, b"%d" % number)
    full = noted(shell)
    shell.clock.pass_s(NOTED_WITHIN_S + 1)
    await shell.aftercare.notices.notice("thailand", NOTICE, b"later")

    assert len(full) == NOTED_MAX
    assert noted(shell)[NOTED_MAX:] == [digest(b"later")]
