"""The addresses of how members and merchants stand, as rows of the table of routes.

Operators alone use them; a step is proposed by one and approved by another.
"""

from __future__ import annotations

from typing import Final

from switch.api.route_shapes import BODY, SIGNED, UNREAD, Route, Said, Stored
from switch.api.standing_shapes import Parties, PartyView, StepApproval, StepRequest

_PARTY: Final = "/v1/operations/parties/{kind}/{name}"
_ABSENT: Final = Said(404, "There is no such member or merchant.")

STANDING_ROUTES: Final = (
    Route(
        "parties",
        "GET",
        "/v1/operations/parties",
        "How members and merchants stand, and what is proposed (`after`, `limit`).",
        (
            Said(200, "A page of them; `after` of the next one, if any.", Parties),
            Said(400, "A body where none is expected, or a limit that is no number."),
            *SIGNED,
        ),
    ),
    Route(
        "party",
        "GET",
        _PARTY,
        "How one member (by BIC) or merchant (`network:id`) stands.",
        (
            Said(200, "The party.", PartyView),
            Said(400, "A body where none is expected."),
            _ABSENT,
            *SIGNED,
        ),
    ),
    Route(
        "propose_step",
        "POST",
        f"{_PARTY}/proposals",
        "Propose a step; nothing happens until another operator approves.",
        (
            Said(201, "It is proposed, in the place of what was proposed before.", PartyView),
            Said(202, UNREAD, Stored),
            _ABSENT,
            Said(409, "The party does not stand at this version any more."),
            Said(422, "A party that stands so cannot take this step."),
            *BODY,
        ),
        takes=StepRequest,
    ),
    Route(
        "approve_step",
        "POST",
        f"{_PARTY}/approvals",
        "Take the step that another operator proposed in this version.",
        (
            Said(200, "It is taken.", PartyView),
            Said(202, UNREAD, Stored),
            _ABSENT,
            Said(409, "Something else is proposed, or nothing is."),
            Said(422, "Who proposed it cannot approve it, or its position is not square."),
            *BODY,
        ),
        takes=StepApproval,
    ),
)
