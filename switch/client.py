"""A member's client: signs requests as the switch wants them, and sends them.

Used by ``bakong-switch call``, the demo, the bench and the tests, so what a member has to do is
what the product itself does. Signing is a pure function: a caller may sign first and send later.
The surprise: it never repeats anything; whoever repeats a payment signs anew with the same key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson
from yarl import URL

from switch.wire.authenticate import HEADER, KEY_HEADER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from iso20022.jws import JwsSigner
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids

ANSWER_WITHIN_S: Final = 60.0
"""Longest wait for an answer: well above what the switch itself waits before it says 202."""

LARGE_BYTES: Final = 512 * 1024
"""Bodies above this are sent piece by piece."""

JSON: Final = "application/json"
XML: Final = "application/xml"


@dataclass(frozen=True, slots=True)
class ClientAnswer:
    """What the switch answered; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)


def sign_request(
    signer: JwsSigner,
    method: str,
    path: str,
    body: bytes,
    *,
    now: datetime,
    jti: str,
    idempotency_key: str | None = None,
) -> dict[str, str]:
    """Return the headers that sign one request, the ``Idempotency-Key`` with its key among them.

    ``path`` is the request target as it will be sent, ``body`` the exact bytes (empty for GET),
    ``jti`` a name never used before by this member, at most 64 visible ASCII characters.
    """
    protected = {"iat": int(now.timestamp()), "jti": jti, "htm": method, "htp": path}
    if idempotency_key is None:
        return {HEADER: signer.sign_detached(body, protected)}
    token = signer.sign_detached(body, protected | {"idk": idempotency_key})
    return {HEADER: token, KEY_HEADER: idempotency_key}


class SigningClient:
    """One member's connection; ``signer.kid`` is the member's BIC, ``url`` the switch's."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        signer: JwsSigner,
        clock: Clock,
        ids: Ids,
        *,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._signer = signer
        self._clock = clock
        self._ids = ids
        self._timeout = aiohttp.ClientTimeout(total=answer_within_s)

    async def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        content_type: str = JSON,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> ClientAnswer:
        """Sign and send one request. Raises what aiohttp raises, and :class:`TimeoutError`."""
        signed = sign_request(
            self._signer,
            method,
            path,
            body,
            now=self._clock.now(),
            jti=self._ids.uuid(),
            idempotency_key=idempotency_key,
        )
        return await self.send(
            method, path, body, {**signed, **_content(method, content_type), **(headers or {})}
        )

    async def send(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> ClientAnswer:
        """Send a request that was signed before, once."""
        async with self._session.request(
            method,
            # As it was signed: nothing of it is written in another way on its way out.
            URL(self._url + path, encoded=True),
            # Of large bytes aiohttp wants to be given a file, to send them piece by piece.
            data=BytesIO(body) if len(body) > LARGE_BYTES else body or None,
            headers=headers,
            timeout=self._timeout,
            allow_redirects=False,
        ) as response:
            answered = {name.lower(): value for name, value in response.headers.items()}
            return ClientAnswer(response.status, answered, await response.read())

    async def scan(self, payload: str, amount: Mapping[str, str] | None = None) -> ClientAnswer:
        """Look a code up; ``amount`` is ``{"currency", "value"}`` where the code fixes none."""
        asked: dict[str, object] = {"payload": payload}
        if amount is not None:
            asked["amount"] = dict(amount)
        return await self.call("POST", "/v1/scans", orjson.dumps(asked))

    async def quote(self, scan: str, amount: Mapping[str, str]) -> ClientAnswer:
        """Price a merchant looked up before."""
        body = orjson.dumps({"scan": scan, "amount": dict(amount)})
        return await self.call("POST", "/v1/quotes", body)

    async def pay(self, key: str, payment: Mapping[str, object]) -> ClientAnswer:
        """Pay under an idempotency key; the same key and content give the same answer for ever."""
        body = orjson.dumps(dict(payment))
        return await self.call("POST", "/v1/payments", body, idempotency_key=key)

    async def payment(self, uetr: str) -> ClientAnswer:
        """Ask how a payment stands."""
        return await self.call("GET", f"/v1/payments/{uetr}")

    async def message(self, xml: bytes) -> ClientAnswer:
        """Send an ISO 20022 message."""
        return await self.call("POST", "/v1/messages", xml, content_type=XML)


def _content(method: str, content_type: str) -> dict[str, str]:
    return {} if method == "GET" else {"Content-Type": content_type}
