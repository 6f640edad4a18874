"""Thailand (NITMX, PromptPay): outbound to Thai merchants, inbound to KHQR merchants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.thailand.adapter import ThailandAdapter

if TYPE_CHECKING:
    from switch.port import AdapterContext

__all__ = ["ThailandAdapter", "adapter"]


def adapter(context: AdapterContext) -> ThailandAdapter:
    """Return the adapter of this network; raises when a fact or a key is missing."""
    return ThailandAdapter(context)
