"""Shapes of money in suspense: what is shown of an item, proposed for it, and approved.

An approval names a proposal by its id, which is of all that was seen: item, amount, who and why.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from switch.api.care_shapes import ProposalId
from switch.api.shapes import Amount
from switch.suspense import Way

ItemName = Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
"""What names an item: where it is from, its network, and a digest; or what the pool shows."""


class ClosingRequest(BaseModel):
    """How an item closes; ``institution`` is the member's or the bearer's BIC that takes it.

    ``reference`` names what shows it, in the open, and names no person. ``instead_of`` is the id of
    what is proposed already, which this replaces. ``amount`` is what is paid out of a deposit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    item: ItemName
    way: Annotated[str, Field(pattern="^(" + "|".join(Way) + ")$")]
    institution: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{0,35}$")] = ""
    reference: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z ./_-]{0,63}$")]
    instead_of: ProposalId | None = None
    amount: Amount | None = None


class ClosingApproval(BaseModel):
    """Which proposal for which item is carried out, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    item: ItemName
    proposal: ProposalId


class FoundRequest(BaseModel):
    """A transfer into a sponsor's pool as Bakong's list has it, with its hash there."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sponsor: Annotated[str, Field(pattern=r"^[A-Z0-9]{8}([A-Z0-9]{3})?$")]
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    amount: Amount


class FoundView(BaseModel):
    """Whether a transfer is booked; ``item`` names it in suspense."""

    model_config = ConfigDict(extra="forbid")

    item: str
    booked: Annotated[bool, Field(description="False until a second operator says the same.")]


class ClosingView(BaseModel):
    """What is proposed for an item."""

    model_config = ConfigDict(extra="forbid")

    id: str
    way: str
    institution: str
    operator: str
    reference: str


class ClosedView(BaseModel):
    """Who approved it, and when."""

    model_config = ConfigDict(extra="forbid")

    operator: str
    at: str


class ItemView(BaseModel):
    """An item; ``to_us`` says that its money came, or that its network owes it to us."""

    model_config = ConfigDict(extra="forbid")

    item: str
    network: str
    amount: Amount
    to_us: bool
    account: str
    since: str
    age_s: int
    ways: list[str]
    proposal: ClosingView | None
    closed: ClosedView | None


class ItemPage(BaseModel):
    """Items that are open, by name or the oldest first; ``after`` where there may be more."""

    model_config = ConfigDict(extra="forbid")

    items: list[ItemView]
    after: str | None
