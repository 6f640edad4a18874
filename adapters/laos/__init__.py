"""Laos (LAPNet, LaoQR): outbound to its merchants, inbound to KHQR merchants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.laos.adapter import LaosAdapter

if TYPE_CHECKING:
    from switch.port import AdapterContext

__all__ = ["LaosAdapter", "adapter"]


def adapter(context: AdapterContext) -> LaosAdapter:
    """Return the adapter of this network; raises when a fact or a key is missing."""
    return LaosAdapter(context)
