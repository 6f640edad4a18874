"""Bakong, the domestic side: transfers over the backbone's member web service.

The switch acts under a sponsor's participant code and pays out of the sponsor's pool. The surprise:
Bakong's first answer (ACSP) is not money; only "Settled" is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.bakong.adapter import BakongAdapter

if TYPE_CHECKING:
    from switch.port import AdapterContext

__all__ = ["BakongAdapter", "adapter"]


def adapter(context: AdapterContext) -> BakongAdapter:
    """Make the adapter; found by the entry-point group ``bakong_switch.adapters``."""
    return BakongAdapter(context)
