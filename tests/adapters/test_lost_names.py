"""After a loss a payment is asked about under the name that it had, or under none at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from switch.port import is_lost
from switch.restoring import as_lost
from tests.adapters.malaysia import malaysia_parts
from tests.adapters.vietnam import vietnam_parts
from tests.switch_core.core_values import payment

if TYPE_CHECKING:
    from switch.port import Adapter, Planning

COUNTED = {
    "vietnam": (vietnam_parts.adapter(), vietnam_parts.planning(sequence=42)),
    "malaysia": (malaysia_parts.new_adapter(), malaysia_parts.planning(sequence=42)),
}


@pytest.mark.parametrize("network", COUNTED)
def test_a_name_that_was_counted_is_not_counted_anew(network: str) -> None:
    adapter, planning = COUNTED[network]
    asked = as_lost(payment(), cast("Adapter", adapter), replace(planning, sequence=2_500_001))

    assert is_lost(asked.reference)


class Named:
    """An adapter whose names are made of what a test says."""

    def __init__(self, part: str) -> None:
        self.part = part

    def reference(self, planning: Planning) -> str:
        return f"XB{getattr(planning, self.part)}"


@pytest.mark.parametrize(
    ("part", "lost"), [("uetr", False), ("message_number", True), ("sequence", True), ("now", True)]
)
def test_only_a_name_that_follows_from_the_uetr_is_known_again(part: str, *, lost: bool) -> None:
    _, planning = COUNTED["vietnam"]
    adapter: Adapter = Named(part)  # type: ignore[assignment]
    asked = as_lost(payment(), adapter, replace(planning, now=planning.now + timedelta(days=9)))

    assert is_lost(asked.reference) is lost
