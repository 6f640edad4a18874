"""The Bakong backbone as a simulator: its own ledger, strict checks, faults on demand.

Speaks the member web service and knows nothing of the adapter's mapping. The surprise: time passes
only when somebody looks, so a transfer settles at the first request after its moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.bakong.sandbox.service import Backbone

if TYPE_CHECKING:
    from aiohttp import web

    from adapters.sandbox_kit import SandboxContext

__all__ = ["create"]


def create(context: SandboxContext) -> web.Application:
    """Make the simulator; found by the entry-point group ``bakong_switch.sandboxes``."""
    return Backbone(context).application()
