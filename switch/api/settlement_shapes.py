"""Shapes of settlement files: what an operator hands in, and what became of it.

The file is handed in as it came, byte for byte. What is answered names payments and amounts, and
nobody: at most a thousand of a kind, each kind counted in full.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from switch.api.shapes import Amount


class SettlementRequest(BaseModel):
    """A file: its name as the network gave it, and its bytes in base64 (RFC 4648)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(min_length=1, max_length=255)]
    content: Annotated[str, Field(min_length=1)]


class SettledPayment(BaseModel):
    """A payment that a file is about, or lacks."""

    model_config = ConfigDict(extra="forbid")

    uetr: str
    reference: str
    before: Annotated[str | None, Field(description="Its state before the file was taken.")] = None
    state: Annotated[str | None, Field(description="Its state now.")] = None
    said: Annotated[Amount | None, Field(description="The amount of the file.")] = None


class UnknownLine(BaseModel):
    """A line of which no payment is known; ``booked`` says whether it stands in suspense."""

    model_config = ConfigDict(extra="forbid")

    reference: str
    network_reference: str
    amount: Amount
    booked: bool


class Settled(BaseModel):
    """What became of a file. ``counts`` are whole, the lists hold the first thousand of each."""

    model_config = ConfigDict(extra="forbid")

    network: str
    sha256: str
    lines: int
    whole: Annotated[bool, Field(description="Whether it covers a period, so that some may lack.")]
    taken: Annotated[
        bool, Field(description="False until a second operator hands in the same unsigned file.")
    ]
    counts: dict[str, int]
    matched: Annotated[list[SettledPayment], Field(default_factory=list)]
    resolved: Annotated[list[SettledPayment], Field(default_factory=list)]
    disputed: Annotated[list[SettledPayment], Field(default_factory=list)]
    returned: Annotated[
        list[SettledPayment],
        Field(default_factory=list, description="Came back, and only the file has told of it."),
    ]
    differs: Annotated[list[SettledPayment], Field(default_factory=list)]
    twice: Annotated[list[SettledPayment], Field(default_factory=list)]
    again: Annotated[
        list[SettledPayment],
        Field(default_factory=list, description="Named by a whole file of another period, too."),
    ]
    waiting: Annotated[list[SettledPayment], Field(default_factory=list)]
    unreadable: Annotated[list[SettledPayment], Field(default_factory=list)]
    unknown: Annotated[list[UnknownLine], Field(default_factory=list)]
    lost: Annotated[
        list[UnknownLine],
        Field(default_factory=list, description="Of payments that a loss may have taken."),
    ]
    missing: Annotated[list[SettledPayment], Field(default_factory=list)]
    still_open: Annotated[list[SettledPayment], Field(default_factory=list)]
