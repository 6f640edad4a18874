"""Japan (JPQR Global, switched by Netstars): outbound to Japanese shops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.japan.adapter import JapanAdapter

if TYPE_CHECKING:
    from switch.port import AdapterContext

__all__ = ["JapanAdapter", "adapter"]


def adapter(context: AdapterContext) -> JapanAdapter:
    """Return the adapter of this network; raises when a fact, an option or a key is missing."""
    return JapanAdapter(context)
