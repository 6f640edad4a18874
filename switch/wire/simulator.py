"""What a simulator of a network is made with.

The same seams as the switch has, so that one program runs both as processes on TCP and, many times
over, in one simulated world. A simulator shares nothing else with the switch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.key_store import KeyStore
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.runtime.tasks import Tasks
    from switch.wire.net import Net


@dataclass(frozen=True, slots=True)
class SandboxContext:
    """What a simulator of a network is made with: the same seams as the switch has.

    ``options`` hold the network's settings with ``own_bic`` and ``partner_bic`` seen from its side.
    """

    clock: Clock
    ids: Ids
    tasks: Tasks
    net: Net
    keys: KeyStore = field(repr=False)
    options: Mapping[str, str]
