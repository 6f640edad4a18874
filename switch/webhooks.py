"""Sends one event to one member: a signed request to the address that configuration names.

The body is signed with the switch's key by a detached JWS that names method, path and event, so a
member needs no more than the switch's public key to know that it is ours and what it is for. The
same event has the same identifier and sequence however often it is sent; the signature is new each
time, because it tells when. The surprise: a connection that was closed in the meantime is tried
once more at once, so that a kept-open connection that had gone stale costs no pause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tenacity import AsyncRetrying, retry_if_result, stop_after_attempt

from switch.delivery_rules import judged
from switch.event_view import event_body
from switch.pauses import FullJitter
from switch.wire.authenticate import HEADER
from switch.wire.transport import MaybeSent, NotSent, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenacity import RetryCallState

    from iso20022.jws import JwsSigner
    from switch.delivery_rules import Said
    from switch.doors import Member
    from switch.model import Payment
    from switch.outbox import OutboxRow
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.wire.transport import Answer, Transport

EVENT_HEADER: Final = "Event-Id"
"""Names the event once more, for who sorts out repeats before reading the body."""

TRIES: Final = 2
PAUSE_S: Final = 0.2
"""Longest pause before the second try; how long it is chance says."""

ANSWER_BYTES_MAX: Final = 65_536
"""An answer's body is not used; one that is larger is no answer."""

STALE: Final = ("connection_closed", "connection_lost")


def peer_of(bic: str) -> str:
    """The name under which the network knows a member's server."""
    return f"events-{bic.lower()}"


def peers_of(members: Mapping[str, Member]) -> dict[str, str]:
    """Where members' servers are, by the names of :func:`peer_of`."""
    found = {}
    for bic, member in members.items():
        if member.webhook is not None:
            parts = urlsplit(member.webhook)
            found[peer_of(bic)] = f"{parts.scheme}://{parts.netloc}"
    return found


class Webhooks:
    """Sends to the members of a configuration; ``within_s`` bounds each attempt whole."""

    def __init__(
        self,
        members: Mapping[str, Member],
        signer: JwsSigner,
        transport: Transport,
        clock: Clock,
        ids: Ids,
        within_s: float,
    ) -> None:
        self._paths = {
            bic: member.webhook.removeprefix(peers_of({bic: member})[peer_of(bic)])
            for bic, member in members.items()
            if member.webhook is not None
        }
        self._signer = signer
        self._transport = transport
        self._clock = clock
        self._ids = ids
        self._within_s = within_s

    async def send(self, row: OutboxRow, payment: Payment) -> Said:
        """Send an event and tell what its receiver said."""
        sending = AsyncRetrying(
            sleep=self._clock.sleep,
            stop=stop_after_attempt(TRIES),
            wait=FullJitter(self._ids.drawn, first_s=PAUSE_S, most_s=PAUSE_S),
            retry=retry_if_result(_is_stale),
            retry_error_callback=_last,
        )
        result: Answer | NotSent | MaybeSent = await sending(self._once, row, payment)
        return judged(result)

    async def _once(self, row: OutboxRow, payment: Payment) -> Answer | NotSent | MaybeSent:
        body, path = event_body(row, payment), self._paths[row.receiver]
        return await self._transport.send(
            peer_of(row.receiver),
            Request("POST", path, self._headers(row, path, body), body),
            may_send=lambda: True,
            answer_within_s=self._within_s,
            answer_bytes_max=ANSWER_BYTES_MAX,
        )

    def _headers(self, row: OutboxRow, path: str, body: bytes) -> tuple[tuple[str, str], ...]:
        protected = {
            "iat": int(self._clock.now().timestamp()),
            "jti": self._ids.uuid(),
            "htm": "POST",
            "htp": path,
            "aud": row.receiver,
        }
        return (
            ("Content-Type", "application/json"),
            (EVENT_HEADER, row.event_id),
            (HEADER, self._signer.sign_detached(body, protected)),
        )


def _is_stale(result: object) -> bool:
    return isinstance(result, NotSent | MaybeSent) and result.why in STALE


def _last(state: RetryCallState) -> object:
    assert state.outcome is not None, "an attempt that has ended has its outcome"
    return state.outcome.result()
