"""Refunds and recalls that are refused: when that is bound to its key, and when nothing is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fx.money import Money
from switch.asking_back import Unended
from switch.commands import Conflict
from switch.linked_payments import Asked
from switch.model import Kind, Payment, State
from switch.reasons import Reason
from switch.refusals import Busy
from switch.restoring import Loss
from switch.store.vault import VaultError
from tests.shell.hand_parts import LOST, said
from tests.shell.shell_rig import MEMBER, STALL, Shell
from tests.shell.test_linked_weather import credited
from tests.shell.test_linked_weather import refunding as refunding  # noqa: PLC0414
from tests.shell.test_orders import looked_after
from tests.shell.test_recalls import recalling as recalling  # noqa: PLC0414

BANK = STALL.agent


async def refund(
    shell: Shell, original: Payment, text: str, key: str = "refund-1"
) -> Payment | Conflict:
    asked = Asked(BANK, key, {"amount": text})
    made = await shell.aftercare.asking_back.refund(original, Money.parse(text, "KHR"), asked)
    await shell.settle()
    return made


async def refused(shell: Shell, original: Payment, text: str, key: str = "refund-1") -> Payment:
    made = await refund(shell, original, text, key)
    assert isinstance(made, Payment)
    assert (made.kind, made.state, made.original) == (Kind.REFUND, State.REFUSED, original.uetr)
    return made


async def test_what_was_too_much_stays_so_when_what_was_under_way_never_arrived(
    refunding: Shell,
) -> None:
    original = await credited(refunding)
    refunding.transport.script("thailand", LOST, said("refused", Reason.ACCOUNT_CLOSED))
    await refund(refunding, original, "41000", "refund-1")
    first = await refused(refunding, original, "1000", "refund-2")
    await looked_after(refunding, 3)
    again = await refused(refunding, original, "1000", "refund-2")
    anew = await refund(refunding, original, "1000", "refund-3")

    assert (first.reason, again) == (Reason.REFUND_TOO_MUCH, first)
    assert await refund(refunding, original, "999", "refund-2") == Conflict("amount")
    assert isinstance(anew, Payment)
    assert anew.reason is None
    assert [each.reason for each in await refunding.linked.of(original)] == [
        Reason.ACCOUNT_CLOSED,
        None,
    ]


async def test_what_is_disputed_is_refused_for_good_under_that_key_alone(
    refunding: Shell,
) -> None:
    original = await credited(refunding)
    disputed = replace(original, disputed=True)
    first = await refused(refunding, disputed, "1000")
    later = await refused(refunding, original, "1000")
    anew = await refund(refunding, original, "1000", "refund-2")

    assert (first.reason, later) == (Reason.NOT_REFUNDABLE, first)
    assert isinstance(anew, Payment)
    assert anew.reason is None


async def test_of_what_has_not_ended_nothing_is_bound(refunding: Shell) -> None:
    original = await credited(refunding)
    blocks = len(list(refunding.engine.blocks()))
    with pytest.raises(Unended):
        await refund(refunding, replace(original, state=State.CREDIT_UNKNOWN), "1000")
    made = await refund(refunding, original, "1000")

    assert isinstance(made, Payment)
    assert made.reason is None
    assert len(list(refunding.engine.blocks())) > blocks


async def test_while_a_loss_is_dealt_with_nothing_is_refused_for_good(refunding: Shell) -> None:
    original = await credited(refunding)
    refunding.loss = Loss(refunding.clock.now(), None, done=False)
    refunding.restoring.look()
    with pytest.raises(Busy):
        await refund(refunding, original, "50000")
    refunding.loss = Loss(refunding.clock.now(), None, done=True)
    refunding.restoring.look()

    assert (await refused(refunding, original, "50000")).reason is Reason.REFUND_TOO_MUCH


async def test_names_that_do_not_open_now_refuse_nothing(
    refunding: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = await credited(refunding)

    async def away(_: str) -> None:
        raise VaultError("its wrapping key is away")

    with monkeypatch.context() as patch:
        patch.setattr(refunding.records, "open", away)
        with pytest.raises(Busy):
            await refund(refunding, original, "50000")
    made = await refund(refunding, original, "1000")

    assert isinstance(made, Payment)
    assert made.reason is None


async def test_a_refused_recall_belongs_to_who_asked_and_its_key_to_them(recalling: Shell) -> None:
    original = await recalling.opened()
    asking = recalling.aftercare.asking_back
    disputed = replace(original, disputed=True)
    asked = Asked(MEMBER, "recall:1", {"reason": "CUST"})
    first = await asking.recall(disputed, "CUST", MEMBER, asked)
    again = await asking.recall(original, "CUST", MEMBER, asked)
    other = await asking.recall(
        original, "DUPL", MEMBER, Asked(MEMBER, "recall:1", {"reason": "DUPL"})
    )
    assert isinstance(first, Payment)

    assert (first.kind, first.origin, first.reason) == (
        Kind.RECALL,
        MEMBER,
        Reason.NOT_REFUNDABLE,
    )
    assert (again, other) == (first, Conflict("reason"))
    assert await recalling.aftercare.recalls.of(original) == []
