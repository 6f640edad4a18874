"""The switch itself, for cases in which the network calls: as much of it as the cases look at.

A whole switch with its store and the backbone of the payees' banks stands behind this; the kit is
given it, because the kit knows no switch. The surprise: nothing here moves money for a case. The
network's customers do, and what they paid is asked for in three books.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from adapters.conformance.door import Door
    from fx.money import Money
    from switch.model import Payment


@dataclass(frozen=True, slots=True)
class Refused:
    """The switch gives nothing back; ``reason`` is ISO's."""

    reason: str


class Home(Protocol):
    """A running switch and the backbone behind it."""

    @property
    def door(self) -> Door:
        """What the network calls."""

    async def credits(self) -> list[dict[str, Any]]:
        """The lines of the backbone's book that are booked."""

    async def fault(self, operation: str, kind: str, **more: object) -> None:
        """Have the backbone spoil its next answer."""

    async def payment(self, uetr: str) -> Payment | None:
        """A payment as the switch has it now, once it moves no more by itself."""

    async def now(self, uetr: str) -> Payment | None:
        """A payment as it stands, without waiting."""

    async def pay(self, network: str, payload: str, amount: Money) -> str:
        """Have a member's customer scan a code and pay; returns the UETR once it was answered."""

    async def gone_back(self, uetr: str) -> list[Payment]:
        """The payments that give a payment back, in the order they were made."""

    async def refund(self, uetr: str, amount: Money, key: str) -> Payment | Refused:
        """Give back a part of what a merchant got, as its bank would; returned when it ended."""
