"""How often the interpreter looks for circles of dead objects.

Schemas, configuration and code live as long as the process, so what the start made is taken out of
the collector's sight. A payment makes thousands of objects that die by their reference counts and
hardly any circle, so it looks less often. The surprise: it is the interpreter that is set, so two
switches in one interpreter share it.
"""

from __future__ import annotations

import gc
from typing import Final

COLLECT_AFTER: Final = (20_000, 20, 20)
"""Objects that are made before the youngest are looked through, and how often the older are."""


def settle_memory() -> None:
    """Leave alone what is there now, and collect less often from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
