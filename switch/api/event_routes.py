"""The addresses of events, as rows of the table of routes.

They stand apart because the table is long; ``routes`` joins them. The surprise: a stream is a
``GET`` whose signature is checked once, when it begins, so it ends after an hour at the latest.
"""

from __future__ import annotations

from typing import Final

from switch.api.event_shapes import EventsPage, ReplayAnswer, ReplayRequest
from switch.api.route_shapes import BODY, SIGNED, STREAM, Route, Said

EVENT_ROUTES: Final = (
    Route(
        "events",
        "GET",
        "/v1/events",
        "What happened to payments of this member, and to its customers (`after`, `limit`).",
        (
            Said(200, "A page in the order of `sequence`.", EventsPage),
            Said(400, "A query that is not a whole number, or a body."),
            Said(404, "This member does not subscribe."),
            *SIGNED,
        ),
    ),
    Route(
        "event_stream",
        "GET",
        "/v1/events/stream",
        "The same as Server-Sent Events as they come, from behind `Last-Event-ID` or from now on.",
        (
            Said(200, "Events: `id` is the sequence, `data` as in `/v1/events`.", STREAM),
            Said(400, "A Last-Event-ID that is not a whole number, or a body."),
            Said(404, "This member does not subscribe."),
            *SIGNED,
        ),
    ),
    Route(
        "replay_events",
        "POST",
        "/v1/events/replay",
        "Send the webhook what is kept behind `after` once more; also after it said 410.",
        (
            Said(202, "It is being sent.", ReplayAnswer),
            Said(404, "This member has no webhook."),
            *BODY,
        ),
        takes=ReplayRequest,
    ),
)
