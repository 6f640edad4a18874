"""As acquirer we may ask after an order and cancel it, over the transport that the switch uses.

The order is held by the switch, and its guest has it before him; what is asked of the network is
planned and read by the adapter, and sent as everything is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from switch.model import Direction, changed
from switch.port import OutcomeKind, WireAnswer
from switch.wire.transport import Answer, Request, Transport
from tests.adapters.alipayplus.alipayplus_parts import (
    OPTIONS,
    lived,
    new_adapter,
    outbound_payment,
    particulars,
    planning,
)
from tests.adapters.alipayplus.test_alipayplus_guests import code, guest_pays

if TYPE_CHECKING:
    from switch.port import Exchange, Outcome
    from switch.simulation.town import Town

ADAPTER = new_adapter()


@dataclass
class Order:
    """An order that a guest has scanned, as its acquirer sees it."""

    town: Town
    name: str
    ahead: timedelta = timedelta(0)

    @classmethod
    async def scanned(cls, town: Town) -> Order:
        shown = await guest_pays(town, code(town), repeat=0)
        return cls(town, shown["order"])

    @property
    def payment(self) -> Any:
        return changed(outbound_payment(), direction=Direction.INBOUND, reference="XB1")

    async def asked(self, what: str) -> Outcome:
        """Ask what became of it, or cancel it."""
        plan = ADAPTER.plan_cancel if what == "cancel" else ADAPTER.plan_enquire
        extra = {"payment_request_id": self.name, "psp_id": OPTIONS["psp_id"]}
        involved = replace(particulars(), extra=extra)
        return await self.sent(
            plan(self.payment, involved, planning(self.town.clock.now() + self.ahead))
        )

    async def sent(self, exchange: Exchange) -> Outcome:
        transport = Transport(self.town.world.machine("acquirer").net, self.town.clock)
        result = await transport.send(
            "alipayplus",
            Request(exchange.method, exchange.path, exchange.headers, exchange.body),
            may_send=lambda: True,
            answer_within_s=5,
        )
        if not isinstance(result, Answer):
            return ADAPTER.read(exchange, self.payment, WireAnswer(500, {}, b""))
        answer = WireAnswer(result.status, result.headers, result.body)
        return ADAPTER.read(exchange, self.payment, answer)

    async def paid(self) -> dict[str, Any]:
        body = {"order": self.name}
        shown: dict[str, Any] = await self.town.sandbox(
            "alipayplus", "POST", "/control/notify", body
        )
        return shown


PENDING, ACCEPTED, REFUSED = OutcomeKind.PENDING, OutcomeKind.ACCEPTED, OutcomeKind.REFUSED
CANCELLED, UNKNOWN = OutcomeKind.CANCELLED, OutcomeKind.UNKNOWN


def test_an_order_is_pending_until_its_guest_pays_it() -> None:
    async def story(town: Town) -> list[OutcomeKind]:
        order = await Order.scanned(town)
        before = await order.asked("enquire")
        await order.paid()
        return [before.kind, (await order.asked("enquire")).kind]

    assert lived(story) == [PENDING, ACCEPTED]


def test_an_order_that_is_cancelled_can_be_paid_no_more() -> None:
    async def story(town: Town) -> tuple[list[OutcomeKind], dict[str, Any], int]:
        order = await Order.scanned(town)
        kinds = [(await order.asked(what)).kind for what in ("cancel", "cancel", "enquire")]
        shown = await order.paid()
        return kinds, shown, len(await town.book("alipayplus"))

    kinds, shown, lines = lived(story)

    assert kinds == [CANCELLED, CANCELLED, REFUSED]
    assert (shown["answers"], lines) == ([], 0)


@pytest.mark.parametrize(
    "kind", ["drop_answer", "garbage", "wrong_signature", "error_500", "pending"]
)
def test_only_a_confirmed_cancel_is_one_and_it_is_asked_again(kind: str) -> None:
    async def story(town: Town) -> list[OutcomeKind]:
        order = await Order.scanned(town)
        await town.fault("alipayplus", "cancel", kind)
        return [(await order.asked("cancel")).kind for _ in range(2)]

    assert lived(story) == [UNKNOWN, CANCELLED]


def test_a_cancel_after_a_quarter_past_midnight_in_utc_8_is_too_late() -> None:
    # The world begins at 11:00 in UTC+8, so 13 hours and a quarter are left of the window.
    async def story(town: Town, seconds: int) -> OutcomeKind:
        order = await Order.scanned(town)
        order.ahead = timedelta(seconds=seconds)
        body = {"ahead_ms": seconds * 1000}
        await town.sandbox("alipayplus", "POST", "/control/clock", body)
        return (await order.asked("cancel")).kind

    window_s = 13 * 3600 + 15 * 60

    assert lived(lambda town: story(town, window_s - 60)) is CANCELLED
    assert lived(lambda town: story(town, window_s + 60)) is ACCEPTED
