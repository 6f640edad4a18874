"""Alipay+ (Ant International): wallet side outbound, acquirer side of KHQR merchants inbound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.alipayplus.adapter import AlipayPlusAdapter

if TYPE_CHECKING:
    from switch.port import AdapterContext

__all__ = ["AlipayPlusAdapter", "adapter"]


def adapter(context: AdapterContext) -> AlipayPlusAdapter:
    """Return the adapter of this network; raises when a fact, a key or an option is missing."""
    return AlipayPlusAdapter(context)
