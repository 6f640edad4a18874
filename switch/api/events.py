"""The events of a member: fetched, streamed, and sent once more on request.

What is fetched and what is streamed is what a webhook is sent, so a member may use any of them,
and any after another: it keeps the greatest ``sequence`` up to which it has all. A stream is
Server-Sent Events, whose ``id`` is the sequence, so ``Last-Event-ID`` goes on where it was cut. The
surprise: a stream looks at the store now and then, and ends after an hour or when its reader has
opened too many others since.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import orjson
from aiohttp import web

from switch.answers import problem
from switch.api.body import read_json
from switch.api.event_shapes import SEQUENCE_MAX, ReplayRequest
from switch.api.intake import JSON_MEDIA, take_in
from switch.api.problems import respond
from switch.api.shown import json_response, whole
from switch.event_view import event_view, payments_of
from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from switch.doors import Member
    from switch.outbox import OutboxRow
    from switch.runtime.clock import Clock
    from switch.store.contract import Store
    from switch.wire.authenticate import MemberAuthenticator

PAGE_MAX: Final = 100
LOOK_EVERY_S: Final = 0.5
QUIET_S: Final = 15
"""A stream without events says that it lives this often."""

STREAM_S_MAX: Final = 3_600
WRITE_WITHIN_S: Final = 10
"""A reader that does not take what is written for so long has left."""

DIGITS_MAX: Final = 16
LAST_EVENT: Final = "Last-Event-ID"


class EventsApi:
    """Serves ``/v1/events`` and what is below; ``over`` turns true when the process stops."""

    def __init__(
        self,
        *,
        authenticator: MemberAuthenticator,
        members: Mapping[str, Member],
        store: Store,
        clock: Clock,
        streams_max: int,
        over: Callable[[], bool],
    ) -> None:
        self._authenticator = authenticator
        self._members = members
        self._store = store
        self._clock = clock
        self._streams_max = streams_max
        self._over = over
        self._streams: dict[str, dict[object, None]] = {}

    async def fetch(self, request: web.Request) -> web.Response:
        """``GET /v1/events?after=&limit=``: a page in the order of sequence."""
        member = await self._subscriber(request)
        asked = request.query
        after = whole("query after", asked.get("after"), 0, SEQUENCE_MAX)
        limit = min(whole("query limit", asked.get("limit"), PAGE_MAX, SEQUENCE_MAX), PAGE_MAX)
        last = await self._store.outbox.last(member)
        rows = await self._store.outbox.events(member, after, limit)
        return json_response(200, {"events": await self._shown(rows), "last": last})

    async def replay(self, request: web.Request) -> web.Response:
        """``POST /v1/events/replay``: send what is kept behind a sequence once more."""
        signed = await take_in(request, self._authenticator, JSON_MEDIA)
        asked = read_json(signed.body, ReplayRequest)
        standing = None
        if self._members[signed.member].webhook is not None:
            standing = await self._store.outbox.replay(signed.member, asked.after)
        if standing is None:
            return respond(problem(404, "This member is sent no events.", None))
        return json_response(202, {"after": standing.done, "last": standing.last})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """``GET /v1/events/stream``: events as they come, from behind ``Last-Event-ID`` or now."""
        member = await self._subscriber(request)
        given = request.headers.get(LAST_EVENT, request.query.get("after"))
        after = whole(f"header {LAST_EVENT}", given, -1, SEQUENCE_MAX)
        if after < 0:
            after = await self._store.outbox.last(member)
        open_ones, place = self._streams.setdefault(member, {}), object()
        open_ones[place] = None
        # Who was cut off comes again before we know of it: the oldest makes room.
        while len(open_ones) > self._streams_max:
            del open_ones[next(iter(open_ones))]

        def is_over() -> bool:
            transport = request.transport
            gone = transport is None or transport.is_closing()
            return self._over() or gone or place not in open_ones

        try:
            return await self._streamed(request, member, after, is_over)
        finally:
            open_ones.pop(place, None)

    async def _streamed(
        self, request: web.Request, member: str, after: int, is_over: Callable[[], bool]
    ) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        began = said = self._clock.monotonic()
        await _write(response, b": events\n\n")
        while self._clock.monotonic() - began < STREAM_S_MAX:
            if is_over():
                break
            page = await self._page(member, after)
            for row, view in page:
                await _write(response, _frame(row, view))
                after = row.number
            if page:
                said = self._clock.monotonic()
            elif self._clock.monotonic() - said >= QUIET_S:
                await _write(response, b": quiet\n\n")
                said = self._clock.monotonic()
            if len(page) < PAGE_MAX:
                await self._clock.sleep(LOOK_EVERY_S)
        await response.write_eof()
        return response

    async def _page(self, member: str, after: int) -> list[tuple[OutboxRow, Mapping[str, object]]]:
        """What comes next in a stream; nothing while the store is busy."""
        with suppress(StoreBusy):
            rows = await self._store.outbox.events(member, after, PAGE_MAX)
            return list(zip(rows, await self._shown(rows), strict=True))
        return []

    async def _subscriber(self, request: web.Request) -> str:
        """The member that asks, if it subscribes. Raises HTTP 404."""
        signed = await take_in(request, self._authenticator, ())
        if not self._members[signed.member].events:
            raise web.HTTPNotFound
        return signed.member

    async def _shown(self, rows: Sequence[OutboxRow]) -> list[dict[str, object]]:
        payments = await payments_of(self._store.read, rows)
        return [event_view(row, payments[row.uetr]) for row in rows]


async def _write(response: web.StreamResponse, data: bytes) -> None:
    try:
        async with asyncio.timeout(WRITE_WITHIN_S):
            await response.write(data)
    except TimeoutError:
        raise ConnectionResetError from None


def _frame(row: OutboxRow, view: Mapping[str, object]) -> bytes:
    head = f"id: {row.number}\nevent: {row.kind.value}\ndata: ".encode()
    return head + orjson.dumps(view) + b"\n\n"
