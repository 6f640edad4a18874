"""A look that was under way when its payment was disputed starts no timer of it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.dispatch import Happened
from switch.inbound_port import InboundNotice
from switch.lifecycle import Event
from switch.port import Outcome, OutcomeKind
from tests.shell.test_gross_weather import gross as gross  # noqa: PLC0414
from tests.shell.test_gross_weather import refused

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


async def test_a_late_look_starts_no_timer_again(gross: Shell) -> None:
    payment = await refused(gross)
    opened = await gross.dispatch.open(payment.uetr)
    accepted = Outcome(OutcomeKind.ACCEPTED)
    await gross.receive(InboundNotice(payment.reference, accepted, {}))
    disputed = gross.payment(payment.uetr)
    assert disputed.disputed
    assert disputed.next_at is None

    await gross.dispatch.conclude(payment, opened, Happened(Event.RUNG))

    assert gross.payment(payment.uetr) == disputed
