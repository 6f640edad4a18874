"""What templates are made of: a line, a set of lines with its use, and the two sides. Data.

A line names a place (whose account) and an amount by what they are called in a payment, so one
template serves every payment of its kind. The surprise: nothing here is filled in; ``postings``
does that, and checks that each set sums to zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from switch.ledger import Asset, Kind, Role, Side


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """One line of a template: whose account, which one of theirs, the side, and which amount."""

    place: str
    role: Role
    side: Side
    amount: str
    asset: Asset = Asset.DEFERRED
    kind: Kind = Kind.POSITION


@dataclass(frozen=True, slots=True)
class Posting:
    """A set of lines booked together; ``flow`` says how, ``use`` by which step of a payment.

    ``booked`` is False where no command books it yet.
    """

    event: str
    lines: tuple[TemplateLine, ...]
    flow: str
    use: str
    booked: bool = False


def dr(place: str, role: Role, amount: str, **more: Any) -> TemplateLine:
    """A line on the debit side; ``more`` is its asset and kind."""
    return TemplateLine(place, role, Side.DEBIT, amount, **more)


def cr(place: str, role: Role, amount: str, **more: Any) -> TemplateLine:
    """A line on the credit side."""
    return TemplateLine(place, role, Side.CREDIT, amount, **more)
