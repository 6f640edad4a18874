"""A small journal of every kind of entry, in a model whose tables a test may tamper with.

Six blocks, two or more entries in some; payments that ended well, badly, without having been sent,
and one that is still asked about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switch.lifecycle import Event
from switch.store.audit import audit
from tests.contract.contract_engines import KEY, AnyEngine, MemoryPlace
from tests.switch_core.core_values import (
    buried,
    capped,
    concluded,
    enquired,
    opened,
    payment,
    posted,
    received,
    refused,
)

if TYPE_CHECKING:
    from switch.store.journal import Block, JournalFault
    from switch.store.memory import Leaves, MemoryTables


@dataclass
class Told:
    """The model and its engine; ``chain`` is what its slot wrote."""

    tables: MemoryTables
    engine: AnyEngine

    @property
    def chain(self) -> list[tuple[Block, Leaves]]:
        return self.tables.blocks[1]

    def faults(self, **more: Any) -> list[JournalFault]:
        """What an audit finds."""
        return list(audit(self.engine, KEY.public_key(), **more).faults)


def tell(engine: AnyEngine) -> None:
    """Write six blocks."""
    engine.execute([capped(10**12), received(), posted("r-7"), buried(9)])
    engine.execute([opened(payment(n, quote=f"quote-{n}")) for n in (1, 2, 3)])
    held = [engine.payment(payment(n).uetr) or payment(n) for n in (1, 2, 3)]
    engine.execute([concluded(held[0], Event.ACCEPTED), concluded(held[1], Event.NOT_SENT)])
    engine.execute([concluded(held[2], Event.LOST), opened(payment(6, quote="quote-2"))])
    engine.execute([enquired(engine.payment(held[2].uetr) or held[2])])
    engine.execute([
        refused(payment(4)), refused(payment(5)), posted("r-7", withdrawn=True, second=1)
    ])  # fmt: skip


def told() -> Told:
    """A model with the six blocks in it."""
    place = MemoryPlace()
    engine = place.open()
    tell(engine)
    return Told(place.tables, engine)
