"""UnionPay International: outbound to its merchants, inbound to KHQR merchants by advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.unionpay.adapter import UnionPayAdapter

if TYPE_CHECKING:
    from switch.port import AdapterContext

__all__ = ["UnionPayAdapter", "adapter"]


def adapter(context: AdapterContext) -> UnionPayAdapter:
    """Return the adapter of this network; raises when a fact, an option or a key is missing."""
    return UnionPayAdapter(context)
