"""The expiry that Alipay+ is told of an order is the one that our own timer has."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.alipayplus import wire
from adapters.alipayplus.mapping_acquirer import Order, order_values
from adapters.alipayplus.wire import Amounts
from switch.model import Direction, Party, changed
from switch.port import Merchant
from tests.switch_core.core_values import EXPIRY, payment


@pytest.mark.parametrize("seconds", [-60, 0, 60])
def test_an_order_expires_there_when_it_does_here_and_never_after_its_quote(seconds: int) -> None:
    due = EXPIRY + timedelta(seconds=seconds)
    held = changed(payment(direction=Direction.INBOUND), next_at=due)
    shop = Merchant(Party("Stall 7", "stall7@abaa"), "Phnom Penh", "5812", "KHR", None)
    values = order_values(Order("key-1", shop, held, "s1"), Amounts(2), "https://x.example/")

    assert values["paymentExpiryTime"] == wire.instant(min(due, EXPIRY))
