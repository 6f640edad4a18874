"""What waits is answered, confirmed or let go before its time is over, by the margin of facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from switch.model import State, changed
from switch.reasons import Reason
from switch.timers import may_confirm
from tests.shell.hand_parts import LOST, NOW, said
from tests.shell.toy_network import THAILAND

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


@pytest.mark.parametrize(("before_ms", "may"), [(1, True), (0, False), (-1, False)])
def test_nothing_is_confirmed_within_the_margin(before_ms: int, may: bool) -> None:
    facts = replace(THAILAND, answer_margin_ms=2_000)
    at = NOW - timedelta(milliseconds=2_000 + before_ms)

    assert may_confirm(facts, NOW, at) is may


async def test_who_pays_in_is_waited_for_up_to_the_margin(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    untils: list[datetime] = []
    ended = shell.payments.ended

    async def noted(standing: Any, until: datetime) -> Any:
        untils.append(until)
        return await ended(standing, until)

    monkeypatch.setattr(shell.payments, "ended", noted)
    shell.transport.script("bakong", LOST)
    request = shell.inbound_pay()
    await shell.receive(request)
    facts = shell.thailand.facts

    within = timedelta(milliseconds=facts.deadline_ms - facts.answer_margin_ms)
    assert untils == [request.accepted_at + within]


async def test_a_credit_that_stays_pending_is_shown_to_people(shell: Shell) -> None:
    shell.transport.script("bakong", *[said("pending")] * 500)
    request = shell.inbound_pay()
    await shell.receive(request)
    for _ in range(5):
        shell.clock.pass_s(120)
        await shell.sweep()

    page: dict[str, Any] = await shell.aftercare.casework.queue(0, 10)

    assert shell.payment(request.uetr).state.value == "credit_pending"
    assert [each["uetr"] for each in page["payments"]] == [request.uetr]


async def test_what_is_held_is_let_go_before_its_quote_ends_and_not_then(shell: Shell) -> None:
    payment = await shell.opened()
    opened = await shell.dispatch.open(payment.uetr)
    now = shell.clock.now()
    holds = shell.aftercare.holds

    assert await holds.released(changed(payment, next_at=now), opened) is Reason.QUOTE_EXPIRED
    held = changed(payment, state=State.HELD, next_at=now + timedelta(seconds=1))
    assert not isinstance(await holds.released(held, opened), Reason)
