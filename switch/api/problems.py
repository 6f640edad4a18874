"""Every refusal over HTTP as one problem detail (RFC 9457), in one place.

A handler raises; this turns it into a status, a reason and a sentence. What nobody expected is a
bare 500: the caller learns nothing and the log only the kind of error, because its text may hold
personal data. The surprise: 401, 413, 429 and 503 bind nothing, so the same request may come again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from switch.answers import problem
from switch.posting import TooOften
from switch.reasons import Reason
from switch.refusals import Busy, Refusal, TooMany
from switch.store.contract import StoreBusy
from switch.wire.authenticate import NotAuthenticated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp.typedefs import Handler, Middleware

    from switch.commands import Answer
    from switch.logs import Log

BAD_REQUEST: Final = 400
UNAUTHORISED: Final = 401
TIMED_OUT: Final = 408
TOO_MANY: Final = 429
SERVER_ERROR: Final = 500
EXPECTATION_FAILED: Final = 417
UNAVAILABLE: Final = 503

HEALTH: Final = ("/health/live", "/health/ready")
"""What answers before recovery is done; the second says 503 by itself."""


class Absent(web.HTTPNotFound):
    """What was named is not there; the title says what that is, and nothing of the request."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title


_HTTP: Final = (
    (404, "There is nothing under this address.", None),
    (405, "This address does not take this method.", None),
    (TIMED_OUT, "The body did not arrive in time.", None),
    (413, "The body is larger than is read.", Reason.FORMAT_INVALID),
    (415, "The body is not of the media type that is read here.", Reason.FORMAT_INVALID),
)


def respond(answer: Answer, headers: Mapping[str, str] | None = None) -> web.Response:
    """The HTTP response of an answer; nothing of it may be kept by a cache."""
    return web.Response(
        status=answer.status,
        body=answer.body,
        headers={
            "Content-Type": answer.content_type,
            "Cache-Control": "no-store",
            **(headers or {}),
        },
    )


async def expect(request: web.Request) -> web.StreamResponse | None:
    """Meet ``Expect: 100-continue``; aiohttp's own refusal of another would quote it."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        return respond(problem(EXPECTATION_FAILED, "This expectation is not met.", None))
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    # What was written is no part of the answer that follows.
    request.writer.output_size = 0
    return None


def wait_for_recovery(ready: Callable[[], Mapping[str, object]]) -> Middleware:
    """The outer middleware: nothing but the health pages is served before recovery is done."""

    @web.middleware
    async def recovered(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in HEALTH or ready().get("ready") is True:
            return await handler(request)
        answer = problem(UNAVAILABLE, "The switch is not ready; nothing was stored.", None)
        return respond(answer, {"Retry-After": "1"})

    return recovered


def guard(log: Log) -> Middleware:
    """The inner middleware: whatever a handler raises becomes a problem detail."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return _refused(refusal)
        except NotAuthenticated as refusal:
            log.info("request_not_authenticated", why=refusal.why)
            answer = problem(UNAUTHORISED, "The request is not authenticated.", refusal.reason)
            return respond(answer, {"WWW-Authenticate": "JWS"})
        except TooOften as refusal:
            log.warning("request_too_often")
            answer = problem(TOO_MANY, "This caller posts too often; nothing was stored.", None)
            return respond(answer, {"Retry-After": str(refusal.retry_after_s)})
        except (Busy, StoreBusy):
            log.warning("request_turned_away")
            answer = problem(UNAVAILABLE, "The switch is busy; nothing was stored.", None)
            return respond(answer, {"Retry-After": "1"})
        except TooMany as bound:
            log.warning("request_over_bound", after_s=bound.after_s)
            answer = problem(TOO_MANY, "Too much was asked for; nothing was stored.", None)
            return respond(answer, {"Retry-After": str(bound.after_s)})
        except web.HTTPException as error:
            return _of_http(error)
        except web.RequestPayloadError:
            answer = problem(BAD_REQUEST, "The body was cut short.", Reason.FORMAT_INVALID)
            return _last(respond(answer))
        except ConnectionError:
            # The client is gone; there is nobody to answer.
            raise
        except Exception as error:  # noqa: BLE001  the last stop: the caller must learn nothing
            log.warning("request_failed", error=type(error).__qualname__)
            return respond(problem(SERVER_ERROR, "The request could not be worked on.", None))

    return guarded


def _refused(refusal: Refusal) -> web.Response:
    more = {} if refusal.place is None else {"path": refusal.place}
    headers = {"Retry-After": "1"} if refusal.status == UNAVAILABLE else {}
    answer = problem(refusal.status, "The request is refused.", refusal.reason, **more)
    return respond(answer, headers)


def _of_http(error: web.HTTPException) -> web.Response:
    """One of aiohttp's own refusals, without its text."""
    title, reason = "The request is refused.", None
    for status, known, code in _HTTP:
        if status == error.status:
            title, reason = known, code
    if isinstance(error, Absent):
        title = error.title
    allow = error.headers.get("Allow")
    headers = {} if allow is None else {"Allow": allow}
    response = respond(problem(error.status, title, reason), headers)
    return _last(response) if error.status == TIMED_OUT else response


def _last(response: web.Response) -> web.Response:
    """End the connection: where its next request would begin is not known."""
    response.force_close()
    return response
