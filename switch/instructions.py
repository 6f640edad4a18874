"""What is asked for and how it stands: an instruction, the key it is bound to, and its payment.

Made by whoever translated and authenticated a request, whatever its dialect; what follows is the
same for all of them. Nothing in them shows itself in a log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.commands import Answer, Binding
    from switch.model import Channel, Particulars, Payment
    from switch.sealing import Priced
    from switch.store.vault import DataKey


@dataclass(frozen=True, slots=True)
class Instruction:
    """A payment that somebody asks for, translated and authenticated.

    ``scope`` and ``key`` bind it: the same key with the same ``content`` is the same instruction.
    ``deadline`` is the total deadline of the waiting side.
    """

    uetr: str
    channel: Channel
    priced: Priced = field(repr=False)
    particulars: Particulars = field(repr=False)
    scope: str
    key: str = field(repr=False)
    content: Mapping[str, str] = field(repr=False)
    accepted_at: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How a payment stands for its caller: final with the stored answer, or still open.

    One that is final without an answer was erased: what asks again says whom it is about.
    """

    payment: Payment
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Bound:
    """The new data key of a payment, open and wrapped, and the idempotency key bound under it."""

    key: DataKey
    wrapped: bytes = field(repr=False)
    binding: Binding
