"""A first send that provably did not leave, while the enquiry (the very same instruction) did.

The first request finds no room and no connection (Transport: up to 5 s each, three tries); its
timer fires after 13 s, and the enquiry is sent at 16 s over a connection of its own. The network
carries the order out; its answer is lost. Then the first request gives up: "not sent".
"""

from __future__ import annotations

from typing import Any

import pytest

from adapters.alipayplus.sandbox_orders import order_code
from switch.simulation.town import Town
from switch.wire.transport import NotSent, Transport
from tests.adapters.alipayplus.alipayplus_parts import begun, ended, lived
from tests.adapters.alipayplus.test_alipayplus_guests import NOBODY, code, guest_pays, looked


def stuck(monkeypatch: pytest.MonkeyPatch, operation: str, each_s: float) -> None:
    """The first send of an operation waits for room and a connection, and gets none."""
    usual = Transport.send

    async def send(self: Transport, network: str, request: Any, **more: Any) -> Any:
        trace = more.get("trace")
        if network == "alipayplus" and trace is not None and trace.operation == operation:
            await self._clock.sleep(each_s)  # 4 s for room, 5 s for the connection
            return NotSent("connect_timeout")
        return await usual(self, network, request, **more)

    monkeypatch.setattr(Transport, "send", send)


def test_an_order_that_an_enquiry_may_have_paid_is_not_refused_as_unsent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stuck(monkeypatch, "pay", 9.0)

    async def story(town: Town) -> tuple[Any, ...]:
        for operation in ("pay", "enquire"):
            for _ in range(6):
                await town.fault("alipayplus", operation, "drop_answer")
        found = await ended(town, await begun(town, order_code(12000)))
        return found.shown["status"], found.shown["reason"], [e["status"] for e in found.book]

    status, reason, book = lived(story)

    assert (status, book) == ("ACCC", ["booked"]), reason


def test_what_an_enquiry_may_have_given_back_is_not_refused_as_unsent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stuck(monkeypatch, "refund", 9.0)

    async def story(town: Town) -> tuple[Any, ...]:
        for _ in range(5):
            await town.fault("alipayplus", "refund", "drop_answer")
        guest = await guest_pays(town, code(town, account=NOBODY))
        await town.world.sleep(30)
        monkeypatch.undo()  # the way is open again
        found = await looked(town, guest)
        return found.statuses, [(e["direction"], e["amount"], e["status"]) for e in found.alipay]

    statuses, book = lived(story)

    assert [each[:2] for each in book] == [("inbound", "10.23"), ("outbound", "10.23")]
    # It went back there; here two refunds of it are refused, and the money stands in suspense.
    assert statuses == [("inbound", "RJCT"), ("outbound", "ACCC")], (statuses, book)
