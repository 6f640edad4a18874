"""A network's answer is signed in a header over the bytes that leave, refusals included."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest
from aiohttp import web

from switch.api.networks import NetworkApi
from switch.logs import SilentLog
from switch.port import Planning, Rendered, WireRefusal
from switch.reasons import Reason
from switch.runtime.clock import SystemClock
from switch.wire.net import TcpNet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.receiving import Receiving

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Echo:
    """Answers with the body; a body ``no`` is refused."""

    async def receive(self, network: str, headers: Mapping[str, str], body: bytes) -> Rendered:
        if body == b"no":
            raise WireRefusal(Reason.FORMAT_INVALID, 400, "text/plain", b"refused")
        return Rendered(200, "text/plain", body)


class Signer:
    """Signs with the path, the caller's name and the length of the body."""

    def answer_headers(
        self, request: Mapping[str, str], rendered: Rendered, planning: Planning
    ) -> tuple[tuple[str, str], ...]:
        told = f"{request[':path']} {request['caller']} {rendered.status} {len(rendered.body)}"
        return (("Signature", told),)


@pytest.mark.parametrize(
    ("network", "body", "signature"),
    [
        ("signing", b"yes", "/signing caller-1 200 3"),
        ("signing", b"no", "/signing caller-1 400 7"),
        ("plain", b"yes", None),
    ],
)
async def test_only_a_signing_network_gets_a_signature_over_what_leaves(
    network: str, body: bytes, signature: str | None
) -> None:
    api = NetworkApi(
        cast("Receiving", Echo()),
        SilentLog(),
        {"signing": Signer()},
        lambda: Planning(NOW, 1, 1, NOW),
    )
    app = web.Application()
    for name in ("signing", "plain"):
        app.router.add_post(f"/{name}", api.handler(name))
    net = TcpNet(SystemClock(), {"switch": ("127.0.0.1", 0)}, {})
    served = await net.serve(app, "switch")
    caller = TcpNet(SystemClock(), {}, {"switch": served.url})
    session = caller.session("switch")
    headers = {"Caller": "caller-1"}
    async with session.post(f"{served.url}/{network}", data=body, headers=headers) as response:
        given = response.headers.get("Signature")
    await caller.close()
    await net.close()
    await served.close()

    assert given == signature
