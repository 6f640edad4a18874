"""What a network says about a payment that is not here: put down once, by its digest.

An answer may come to a switch that lost what it is about, or is meant for another. It moves
nothing, but whoever looks into it later must find that it came: the journal holds the network, the
time and the SHA-256 of the message, which the network can show. The surprise: how many are put
down is bounded per network, because a partner that errs in a loop would fill the journal.
"""

from __future__ import annotations

from collections import defaultdict, deque
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from switch.items import Items

if TYPE_CHECKING:
    from switch.logs import Log
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store

NOTED_MAX: Final = 100
"""So many messages of a network does a process put down in :data:`NOTED_WITHIN_S` at most.

More are only logged. One that is put down already counts no more.
"""

NOTED_WITHIN_S: Final = 3_600

ITEM: Final = "unsolicited"
"""How the journal's item begins: ``unsolicited/<network>/<sha256 of the message>``."""


class Unsolicited:
    """Puts down what names no payment of ours."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, log: Log) -> None:
        self._store = store
        self._clock = clock
        self._items = Items(store, clock, ids)
        self._log = log
        self._noted: defaultdict[str, deque[float]] = defaultdict(deque)

    async def note(self, network: str, message: bytes) -> None:
        """Put a message down, once however often it comes.

        Raises what :meth:`Items.put` raises, with nothing put down.
        """
        digest = sha256(message).hexdigest()
        item = f"{ITEM}/{network}/{digest}"
        if await self._store.read.has_item(item):
            return
        if not self._room(network):
            self._log.warning("unsolicited_not_noted", network=network, sha256=digest)
            return
        await self._items.put(item, network)
        self._log.warning("unsolicited_noted", network=network, sha256=digest)

    def _room(self, network: str) -> bool:
        now, noted = self._clock.monotonic(), self._noted[network]
        while noted and noted[0] <= now - NOTED_WITHIN_S:
            noted.popleft()
        if len(noted) >= NOTED_MAX:
            return False
        noted.append(now)
        return True
