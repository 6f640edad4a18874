"""Guests who pay at the same moment get references of their own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.adapters.vietnam.test_vietnam_guest import guest
from tests.adapters.vietnam.vietnam_town import lived

if TYPE_CHECKING:
    from switch.simulation.town import Town


def test_a_dozen_guests_at_once_are_a_dozen_payments() -> None:
    async def story(town: Town) -> tuple[list[Any], Any]:
        told = await asyncio.gather(*(guest(town) for _ in range(12)))
        return told, await town.book("vietnam")

    told, book = lived(story)

    assert [each["status"] for each in told] == ["ACSC"] * 12
    assert len({each["reference"] for each in book}) == 12
    assert len({each["uetr"] for each in book}) == 12
