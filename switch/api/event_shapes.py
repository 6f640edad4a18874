"""Shapes of events: what a member is sent, fetches and asks for.

They describe what is made elsewhere, for the page of the interface; only what a member sends is
read by them. The surprise: a stream is described as text, because OpenAPI has no word for it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from switch.api.shapes import PaymentView

SEQUENCE_MAX = 2**53 - 1
"""The greatest number that every reader of JSON can hold."""


class EventView(BaseModel):
    """An event: of one payment, as it stands when it is shown."""

    model_config = ConfigDict(extra="forbid")

    event_id: Annotated[str, Field(description="The same however often it is sent.")]
    receiver: str
    sequence: Annotated[int, Field(description="Counts the receiver's events from 1, no gaps.")]
    order: Annotated[int, Field(description="Of two events of a payment the greater is later.")]
    kind: Annotated[str, Field(description="ended, waiting, disputed or settled")]
    status: Annotated[str, Field(description="Status of the payment when it was written.")]
    at: str
    payment_kind: Annotated[str, Field(description="payment, refund or return")]
    original: Annotated[str | None, Field(description="UETR of the payment that it gives back.")]
    payment: PaymentView


class EventsPage(BaseModel):
    """Events in the order of their sequence; ``last`` is the newest there is."""

    model_config = ConfigDict(extra="forbid")

    events: list[EventView]
    last: int


class ReplayRequest(BaseModel):
    """Send everything that is kept behind ``after`` once more."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    after: Annotated[int, Field(ge=0, le=SEQUENCE_MAX)]


class ReplayAnswer(BaseModel):
    """From where events are sent now, and the newest there is."""

    model_config = ConfigDict(extra="forbid")

    after: int
    last: int
