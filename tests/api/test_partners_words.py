"""What a partner answers is not what a caller is told: its status is no outcome, its text is kept.

A network that fails answers a page for people, with a status of its own. The caller is told by our
status that the outcome is open, and nothing of that page leaves the sealed evidence.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from aiohttp import web

from switch.registry import sandbox_factory
from tests.api import api_rig
from tests.api.api_rig import DEBTOR, new_rig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from switch.keys import KeyFolder
    from tests.api.api_rig import Rig

CANARY: Final = "upstream-canary-51c9"
PAGE: Final = f"<html><body><h1>Bad Gateway</h1>{CANARY}</body></html>"


@pytest.fixture
async def paged(
    keys: KeyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Rig]:
    """A switch beside a Thailand whose failures are pages for people, in front of its own books."""
    made = sandbox_factory

    @web.middleware
    async def in_html(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        answer = await handler(request)
        if answer.status < 500:
            return answer
        shown = 200 if answer.status == 599 else answer.status
        headers = {"x-upstream": CANARY}
        return web.Response(status=shown, text=PAGE, content_type="text/html", headers=headers)

    def behind(network: str) -> Callable[..., Any]:
        def create(context: object) -> web.Application:
            app: web.Application = made(network)(context)
            if network == "thailand":
                app.middlewares.append(in_html)
            return app

        return create

    monkeypatch.setattr(api_rig, "sandbox_factory", behind)
    started = await new_rig(keys, tmp_path, answer_within_ms=200).start()
    yield started
    await started.close()


@pytest.mark.parametrize("status", [502, 503, 599], ids=["502", "503", "page with 200"])
@pytest.mark.parametrize("kind", ["error_500", "unavailable"], ids=["booked", "not booked"])
async def test_a_partners_failure_is_an_open_outcome_and_nothing_of_its_page_is_told(
    paged: Rig, kind: str, status: int
) -> None:
    """Lesson 18: what came over the wire, what it means and what is told are three things."""
    await paged.fault("pay", kind, status=status)
    payment = {"quote": await paged.quote(), "debtor": DEBTOR}
    told = await paged.client().pay("order-1", payment)
    where = told.headers["location"]
    shown = [told, await paged.client().call("GET", where)]

    assert (told.status, told.json()["status"]) == (202, "PDNG")
    assert told.headers["content-type"] == "application/json"
    paged.clock.passed += timedelta(seconds=6)
    ended = "ACCC" if kind == "error_500" else "RJCT"
    async with asyncio.timeout(10):
        while shown[-1].json()["status"] != ended:
            await asyncio.sleep(0.05)
            shown.append(await paged.client().call("GET", where))
    shown.append(await paged.client().pay("order-1", payment))
    shown.append(await paged.client().call("GET", "/v1/events"))
    for answer in shown:
        assert CANARY not in answer.body.decode() + repr(dict(answer.headers))
        assert b"<html" not in answer.body
    assert CANARY not in repr(paged.log.events)
    assert len(await paged.book()) == (1 if kind == "error_500" else 0)
