"""Events of one switch put together: who is told, how they are sent, and what is let go of.

Who subscribes is enrolled before anything of an earlier life is recovered, because recovery ends
payments too. Where nobody subscribes nothing runs and nothing is written. The surprise: events of a
member that subscribes no more stay until their retention has ended, and go then only if it comes
back; they are as small as their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iso20022.jws import JwsSigner
from switch.deliveries import Deliveries, EventRetention
from switch.webhooks import Webhooks

if TYPE_CHECKING:
    from switch.app import Seams
    from switch.config import Config
    from switch.keys import KeyFolder
    from switch.runtime.entropy import Ids
    from switch.wire.transport import Transport

ANSWER_KEY: Final = "switch-answers"
"""The key that signs what the switch says to members."""


class EventsSide:
    """What tells members of their payments without being asked."""

    def __init__(
        self, config: Config, keys: KeyFolder, seams: Seams, transport: Transport, ids: Ids
    ) -> None:
        members = config.members
        self._told = sorted(bic for bic, member in members.items() if member.events)
        self._sent = sorted(bic for bic in self._told if members[bic].webhook is not None)
        self._seams = seams
        section = config.events
        self.retention = EventRetention(
            receivers=self._told,
            keep_days=section.keep_days,
            store=seams.store,
            clock=seams.clock,
            log=seams.log,
            written_at=seams.written_at,
        )
        self.deliveries: Deliveries | None = None
        if self._sent:
            signer = JwsSigner(keys.ec_private(ANSWER_KEY), config.switch.bic)
            within_s = section.attempt_within_ms / 1000
            self.deliveries = Deliveries(
                receivers=self._sent,
                section=section,
                webhooks=Webhooks(members, signer, transport, seams.clock, ids, within_s),
                store=seams.store,
                clock=seams.clock,
                entropy=seams.entropy,
                tasks=seams.tasks,
                log=seams.log,
            )

    async def start(self) -> None:
        """From now on every commit tells whoever subscribes; begin to send, and to let go."""
        if self._told:
            await self._seams.store.outbox.enrol(self._told, self._sent)
            self._seams.tasks.start("event-retention", self.retention.run())
        if self.deliveries is not None:
            self._seams.tasks.start("deliveries", self.deliveries.run())
