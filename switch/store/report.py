"""What an audit found, as values for people and machines.

A report that names no fault says that nothing was changed, removed, added or reordered up to the
last block that a published head vouches for; how far that is, the anchors say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switch.store.journal import JournalFault


@dataclass(frozen=True, slots=True)
class Anchor:
    """How far a slot's chain goes, and up to which of its blocks a published head vouches."""

    slot: int
    blocks: int
    anchored: int
    head: bytes

    @property
    def sentence(self) -> str:
        """What an auditor must know of the tail."""
        if self.anchored >= self.blocks:
            return f"slot {self.slot}: anchored to its last block, {self.blocks}"
        return f"slot {self.slot}: tail not anchored after block {self.anchored} of {self.blocks}"


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit found. ``anchors`` are by slot."""

    blocks: int
    payments: int
    faults: tuple[JournalFault, ...]
    ledger_balanced: bool
    journal_verified: bool
    anchors: tuple[Anchor, ...] = ()

    @property
    def sound(self) -> bool:
        """True when nothing was found."""
        return self.ledger_balanced and self.journal_verified

    def view(self) -> dict[str, object]:
        """The report as plain values."""
        return {
            "blocks": self.blocks,
            "payments": self.payments,
            "ledger_balanced": self.ledger_balanced,
            "journal_verified": self.journal_verified,
            "faults": [[fault.place, fault.what] for fault in self.faults],
            "slots": [
                {
                    "slot": each.slot,
                    "blocks": each.blocks,
                    "anchored": each.anchored,
                    "head": each.head.hex(),
                }
                for each in self.anchors
            ],
        }
