"""Malaysia (PayNet RPP, DuitNow QR): outbound to Malaysian merchants, inbound to KHQR merchants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.malaysia.adapter import MalaysiaAdapter

if TYPE_CHECKING:
    from switch.port import AdapterContext

__all__ = ["MalaysiaAdapter", "adapter"]


def adapter(context: AdapterContext) -> MalaysiaAdapter:
    """Return the adapter of this network; raises when a fact or a key is missing."""
    return MalaysiaAdapter(context)
