"""What a network's settlement file says, whatever its dialect: lines about money that has moved.

An adapter reads the file whole or refuses it, because a file that is read in part looks like
payments that are missing. It decides nothing: what a line means for a payment is for the core. The
surprise: a line may name a payment by our reference, by its UETR, or by what the UETR follows from,
and the amounts that it may be held against are several, because a network bills in one currency
what it pays in another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    from datetime import datetime

    from fx.money import Money
    from switch.model import Direction


FILE_BYTES_MAX: Final = 4 * 1024 * 1024
"""Largest file that is taken at once; reading one holds up everything else for about a second."""


class FileRefused(ValueError):  # noqa: N818  the name says what happened
    """A file that cannot be used; the text names line and column, and echoes nothing."""


class LineKind(StrEnum):
    """What a line is about."""

    PAYMENT = "payment"
    BACK = "back"
    """Money given back, by us or to us."""


@dataclass(frozen=True, slots=True)
class FileLine:
    """One movement that the network has carried out.

    ``reference`` is ours there, ``uetr`` the payment's (of money given back: the original's), both
    where they are told. ``amounts`` are all that it may be held against; the first one is owed, to
    us where ``owed_to_us``, which is None where the file does not say. ``text`` is the line itself.
    ``only_in`` is where ``network_reference`` names it, if that is not everywhere and for ever.
    ``returned`` is the key under which the network tells of money that it gave back, where the file
    has it. ``states_uetr`` is not so where the UETR is only made of the reference.
    """

    kind: LineKind
    reference: str
    uetr: str
    network_reference: str
    amounts: tuple[Money, ...]
    owed_to_us: bool | None
    text: str = field(repr=False)
    only_in: str = ""
    returned: str = ""
    states_uetr: bool = True


@dataclass(frozen=True, slots=True)
class SettlementFile:
    """A file that was read. ``period`` is what it covers whole; None where it is only a part.

    ``direction`` is that of the payments it covers, where a network has a file for each way.
    ``signed`` says that the network's signature over it was verified: else it is the word of
    whoever hands it in.
    """

    lines: tuple[FileLine, ...]
    period: tuple[datetime, datetime] | None = None
    signed: bool = False
    direction: Direction | None = None


@runtime_checkable
class SettlementReader(Protocol):
    """An adapter whose network sends such files."""

    def read_settlement_file(self, name: str, content: bytes) -> SettlementFile:
        """Read a file of that name. Raises :class:`FileRefused`."""
