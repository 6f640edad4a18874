"""A price that is asked for again is that of another order, and the first order is paid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.alipayplus import sandbox
from adapters.alipayplus.sandbox_orders import order_code
from fx.money import Money
from switch.simulation.town import Town
from tests.adapters.alipayplus.alipayplus_parts import MEMBER, begun, ended, lived


def test_what_was_scanned_anew_since_is_scanned_again_before_it_is_paid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        member = town.member(MEMBER)
        code = order_code(12000)
        scanned = (await member.scan(code)).json()
        await town.world.sleep(601)  # the order is over; the same code is a new one
        monkeypatch.setattr(sandbox, "PRICE", Decimal("2.92"))
        monkeypatch.setattr(sandbox, "in_riel", lambda _: Money.parse("35040", "KHR"))
        quoted = await member.quote(scanned["scan"], {"currency": "KRW", "value": "12000"})
        found = await ended(town, await begun(town, code))
        return quoted.status, quoted.json()["reason"], found.shown["status"], len(found.book)

    assert lived(story) == (422, "DS24", "ACCC", 1)
