"""Viet Nam (NAPAS QR): outbound to VietQR merchants, inbound to KHQR merchants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.vietnam.adapter import VietnamAdapter

if TYPE_CHECKING:
    from switch.port import AdapterContext

__all__ = ["VietnamAdapter", "adapter"]


def adapter(context: AdapterContext) -> VietnamAdapter:
    """Return the adapter of this network; raises when a fact, an option or a key is missing."""
    return VietnamAdapter(context)
