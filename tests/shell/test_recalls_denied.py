"""When a network's recall is denied for good: what has gone back, never what may still fail to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.model import State
from switch.reasons import Reason
from switch.store.vault import Erased
from tests.shell.hand_parts import NOW, said
from tests.shell.test_linked_weather import credited, refund
from tests.shell.test_orders import looked_after
from tests.shell.test_recalls import of
from tests.shell.test_recalls import recalling as recalling  # noqa: PLC0414

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


async def test_a_recall_that_was_denied_stays_denied(recalling: Shell) -> None:
    original = await credited(recalling)
    recalling.transport.script("thailand", said("accepted"))
    await refund(recalling, original, "41000")
    first = await recalling.receive(of(original))
    again = await recalling.receive(of(original))

    assert (first["status"], first["reason"]) == ("RJCT", "GONE_BACK")
    assert again == first


async def test_a_recall_of_what_is_on_its_way_back_is_answered_when_that_has_ended(
    recalling: Shell,
) -> None:
    original = await credited(recalling)
    recalling.transport.script("thailand", said("pending"), said("refused", Reason.ACCOUNT_CLOSED))
    await refund(recalling, original, "41000")
    first = await recalling.receive(of(original))
    await looked_after(recalling, 3)
    again = await recalling.receive(of(original))

    assert (first["status"], first["reason"]) == ("PDNG", None)
    assert (again["status"], again["reason"]) == ("PDNG", None)
    # The refund came to nothing, so the payee's bank is asked now.
    assert [each.state for each in await recalling.aftercare.recalls.of(original)] == [State.PUT]


async def test_a_recall_of_what_names_nobody_any_more_is_denied_for_one_reason_for_ever(
    recalling: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = await credited(recalling)
    with monkeypatch.context() as patch:
        patch.setattr(recalling.records, "open", gone)
        first = await recalling.receive(of(original))
    recalling.clock.pass_s(recalling.thailand.facts.refund_window_days * 86_400)
    late = await recalling.receive(of(original))

    assert (first["status"], first["reason"]) == ("RJCT", "NOT_REFUNDABLE")
    assert late == first


async def gone(_: str) -> None:
    raise Erased("request", NOW)
