"""What a row of the table of routes is made of, and the answers that many of them share.

An answer that a row does not name is a bug: a test compares what is answered with what is said. The
surprise: a body that is no JSON of ours is named by a constant, because it has no shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict

from switch.api.shapes import Problem

ISO: Final = "ISO 20022"
"""Stands for a body that is an ISO 20022 message in XML."""

FIGURES: Final = "Prometheus text"
"""Stands for a body that is a page of figures."""

STREAM: Final = "Server-Sent Events"
"""Stands for a body that is a stream of events."""


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of an operation: HTTP status, what it means, the shape of its body."""

    status: int
    means: str
    shape: type[BaseModel] | str | None = Problem


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. ``signed`` ones are for members and carry a signature over the body."""

    operation: str
    method: str
    path: str
    summary: str
    answers: tuple[Said, ...]
    takes: type[BaseModel] | str | None = None
    signed: bool = True
    keyed: bool = False


class Stored(BaseModel):
    """What was stored, by its name: how it stands could not be read back."""

    model_config = ConfigDict(extra="forbid")

    stored: str


UNREAD: Final = "It is stored; the store went away before it could be read back: look at it."

SIGNED: Final = (
    Said(401, "Not signed, wrongly signed, too old, or seen before; nothing is bound."),
    Said(408, "The body did not arrive in time."),
    Said(429, "A bound is used up; nothing was bound. Try again after Retry-After seconds."),
    Said(503, "Busy; nothing was stored. Try again after Retry-After seconds."),
)
BODY: Final = (
    Said(400, "The body is not the JSON of this operation; `path` names the place."),
    Said(413, "The body is too large."),
    Said(415, "The body is of another media type."),
    *SIGNED,
)
