"""Shapes of how members and merchants stand: what is proposed, approved and shown.

A version is of the party as it was seen; a reference names the decision that a step rests on.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from switch.standings import VERSION_MAX, Step


class StepRequest(BaseModel):
    """A step of a party of this version; ``reference`` is kept in the open and names no person."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: Annotated[int, Field(ge=0, le=VERSION_MAX)]
    step: Annotated[str, Field(pattern="^(" + "|".join(Step) + ")$")]
    reference: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z ./_-]{0,63}$")]


class StepApproval(BaseModel):
    """Which proposal is approved: the one of this version, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: Annotated[int, Field(ge=1, le=VERSION_MAX)]


class StepView(BaseModel):
    """A step that is proposed."""

    model_config = ConfigDict(extra="forbid")

    step: str
    operator: str
    reference: str


class PartyView(BaseModel):
    """How a member or a merchant stands, and what can be proposed."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    name: str
    state: str
    version: int
    steps: list[str]
    proposal: StepView | None


class Parties(BaseModel):
    """A page of the members and merchants that are configured."""

    model_config = ConfigDict(extra="forbid")

    parties: list[PartyView]
    after: str | None
