"""Everything of the world that a switch is given: nothing else of it reaches the parts.

A process fills it with what the machine has, a simulated world with what stands for that. What
several processes share (coordination, a loss, counts) is here too; alone, nothing need be shared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.coordination.local import InProcess
from switch.restoring import Restoring

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.coordination.ports import Coordination
    from switch.logs import Log
    from switch.outstanding import Meter
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Entropy
    from switch.runtime.tasks import Tasks
    from switch.store.contract import Store
    from switch.wire.net import Net


@dataclass(frozen=True, slots=True)
class Seams:
    """Everything of the world that a switch is given.

    ``outstanding`` counts open quotes where several processes share one count.
    """

    clock: Clock
    entropy: Entropy
    net: Net
    tasks: Tasks
    store: Store
    log: Log
    coordination: Coordination = field(default_factory=InProcess)
    restoring: Restoring = field(default_factory=Restoring)
    published: Mapping[tuple[int, int], bytes] = field(default_factory=dict)
    """Hashes of journal heads that were published, by slot and number."""
    outstanding: Meter | None = None
    """Counts open quotes where several processes share one count."""
    written_at: datetime | None = None
    """When the newest block of before this start was written."""
