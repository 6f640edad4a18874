"""The door of partner networks: raw bytes in, the network's own dialect out.

Verification, translation and answer are the adapter's and ``receiving``'s; here is only HTTP. A
refusal before anything was bound goes back in the network's dialect too. The surprise: only what
is no answer of ours at all (too large, busy, a bug) is a problem detail, since a network may read
any HTTP error as "no answer" and must then ask. Where a network's signature stands in a header, it
is made here for each answer, since what is stored and repeated is the body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from switch.api.intake import read_body
from switch.api.problems import respond
from switch.commands import Answer
from switch.port import Planning, Rendered, WireRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp.typedefs import Handler

    from switch.abilities import AnswerSigner
    from switch.logs import Log
    from switch.receiving import Receiving


class NetworkApi:
    """Serves ``/networks/<network>/…``."""

    def __init__(
        self,
        receiving: Receiving,
        log: Log,
        signers: Mapping[str, AnswerSigner],
        planning: Callable[[], Planning],
    ) -> None:
        self._receiving = receiving
        self._log = log
        self._signers = signers
        self._planning = planning

    def paths(self) -> tuple[tuple[str, str], ...]:
        """Each network that sends us requests, with its full path."""
        return tuple(
            (network, f"/networks/{network}{path}") for network, path in self._receiving.networks()
        )

    def handler(self, network: str) -> Handler:
        """The handler of one network's requests."""

        async def receive(request: web.Request) -> web.Response:
            body = await read_body(request)
            headers = {name.lower(): value for name, value in request.headers.items()}
            headers[":path"] = request.path
            try:
                rendered = await self._receiving.receive(network, headers, body)
            except WireRefusal as refusal:
                self._log.info("wire_refused", network=network, reason=refusal.reason.iso)
                rendered = Rendered(refusal.status, refusal.content_type, refusal.body)
            answer = Answer(rendered.status, rendered.content_type, rendered.body)
            return respond(answer, self._signed(network, headers, rendered))

        return receive

    def _signed(
        self, network: str, headers: Mapping[str, str], rendered: Rendered
    ) -> dict[str, str]:
        signer = self._signers.get(network)
        if signer is None:
            return {}
        return dict(signer.answer_headers(headers, rendered, self._planning()))
