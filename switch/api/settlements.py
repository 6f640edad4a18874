"""``/v1/operations/settlements/{network}``: an operator hands in a network's settlement file.

The bytes go to the network's adapter as they came; what it cannot read whole is refused with the
place, and nothing is done. The surprise: of a file that the network signed one operator is enough,
because it is the network's word that ends a payment here; one without a signature takes effect once
a second operator hands in the same bytes (202 until then). The journal says who did.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Final

from aiohttp import web

from switch.api.body import read_json
from switch.api.intake import JSON_MEDIA, take_in
from switch.api.problems import Absent
from switch.api.settlement_shapes import SettlementRequest
from switch.api.shown import json_response
from switch.api.uploads import Uploads
from switch.reasons import Reason
from switch.refusals import Refusal
from switch.settlement_port import FILE_BYTES_MAX, FileRefused

if TYPE_CHECKING:
    from switch.api.care import Care


ABSENT: Final = "There is no such network, or it sends no such files."

BODY_BYTES_MAX: Final = FILE_BYTES_MAX * 4 // 3 + 1024
"""The largest file in base64, and its name."""


class SettlementApi:
    """Serves the operators' settlement files."""

    def __init__(self, care: Care) -> None:
        self._care = care
        self._uploads = Uploads(care.operators)

    async def settle(self, request: web.Request) -> web.Response:
        """``POST /v1/operations/settlements/{network}``."""
        with self._uploads.place(request):
            return await self._settle(request)

    async def _settle(self, request: web.Request) -> web.Response:
        operators = self._care.operators
        signed = await take_in(request, operators, JSON_MEDIA, at_most=BODY_BYTES_MAX)
        asked = read_json(signed.body, SettlementRequest)
        settling, network = self._care.aftercare.settling, request.match_info["network"]
        if settling.reader(network) is None:
            raise Absent(ABSENT)
        try:
            content = b64decode(asked.content, validate=True)
        except ValueError:
            # What is not base64, or not even ASCII.
            raise Refusal(Reason.FORMAT_INVALID, 400, "content") from None
        try:
            report = await settling.take(
                network, asked.name, content, signed.member, operators.names
            )
        except FileRefused as refused:
            raise Refusal(Reason.FORMAT_INVALID, 422, str(refused)) from None
        return json_response(200 if report["taken"] else 202, report)
