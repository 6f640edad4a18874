"""The addresses of money in suspense, as rows of the table of routes.

Operators alone use them; how an item closes is proposed by one and approved by another. The
surprise: an item is named in the query or the body, because there are slashes in its name.
"""

from __future__ import annotations

from typing import Final

from switch.api.route_shapes import BODY, SIGNED, UNREAD, Route, Said, Stored
from switch.api.suspense_shapes import (
    ClosingApproval,
    ClosingRequest,
    FoundRequest,
    FoundView,
    ItemPage,
    ItemView,
)

_PATH: Final = "/v1/operations/suspense"
_ABSENT: Final = Said(404, "No money of this name is in suspense.")
_NOW: Final = Said(409, "It is closed already, or something else is proposed than was seen.")

SUSPENSE_ROUTES: Final = (
    Route(
        "suspense",
        "GET",
        _PATH,
        "Money that no payment waits for, by name or age (`order`, `after`, `limit`); or one item "
        "(`item`), closed or not.",
        (
            Said(200, "A page of items; `after` of the next one, if any.", ItemPage),
            Said(
                400, "A body where none is expected, another order, or a limit that is no number."
            ),
            _ABSENT,
            *SIGNED,
        ),
    ),
    Route(
        "found",
        "POST",
        f"{_PATH}/found",
        "Say that Bakong's list of a pool has a transfer and we have not; two operators book it.",
        (
            Said(200, "It is booked, to suspense.", FoundView),
            Said(202, "It waits for another operator who says the same.", FoundView),
            Said(409, "It was taken in before."),
            Said(422, "There is no such pool, or it cannot hold this amount."),
            *BODY,
        ),
        takes=FoundRequest,
    ),
    Route(
        "propose_closing",
        "POST",
        f"{_PATH}/proposals",
        "Propose how an item closes; nothing happens until another operator approves.",
        (
            Said(201, "It is proposed.", ItemView),
            Said(202, UNREAD, Stored),
            _ABSENT,
            _NOW,
            Said(422, "A payment has this money, or who is named cannot take it."),
            *BODY,
        ),
        takes=ClosingRequest,
    ),
    Route(
        "approve_closing",
        "POST",
        f"{_PATH}/approvals",
        "Close an item as another operator proposed. The same again is answered alike.",
        (
            Said(200, "It is closed.", ItemView),
            Said(202, UNREAD, Stored),
            _ABSENT,
            _NOW,
            Said(422, "Who proposed it cannot approve it, or who is named cannot take it."),
            *BODY,
        ),
        takes=ClosingApproval,
    ),
)
