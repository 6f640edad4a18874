"""How much each corridor's bearer is exposed by, and the corridors that this closes for a while.

What was paid against an answer stands on its bearer's exposure until it is made good or written
off. A corridor whose bearer is exposed by its ``exposure_max`` takes nothing new, and opens by
itself once it is below; what is under way ends. The surprise: a committed balance is believed for
``LOOKED_S``, so a corridor closes and opens that much late, and no payment costs a read of its own.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from switch.corridor_roles import exposure_account
from switch.reasons import Reason
from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from fx.money import Money
    from switch.config import Config, Corridor
    from switch.ledger import Account
    from switch.logs import Log
    from switch.runtime.clock import Clock
    from switch.store.contract import Reads

LOOKED_S: Final = 5.0
"""How long what was read of an exposure is believed."""


@dataclass(frozen=True, slots=True)
class Exposed:
    """How a corridor stands: what its bearer is exposed by, and the most that leaves it open."""

    corridor: str
    currency: str
    minor: int
    most: Money

    @property
    def closed(self) -> bool:
        """Whether nothing new is taken."""
        return self.minor >= self.most.minor


def exposed_by(account: Account | None) -> int:
    """What a bearer is exposed by, in minor units, as its account says."""
    return 0 if account is None else account.debits_posted - account.credits_posted


def is_exposed(corridor: Corridor, account: Account | None) -> bool:
    """Whether a corridor is closed by the account of its bearer's exposure."""
    most = corridor.exposure_max
    return most is not None and exposed_by(account) >= most.minor


class Exposures:
    """Says whether a corridor is closed by what its bearer is exposed by."""

    def __init__(self, config: Config, read: Reads, clock: Clock, log: Log) -> None:
        self._config = config
        self._read = read
        self._clock = clock
        self._log = log
        self._seen: dict[str, tuple[float, Account | None]] = {}
        self._closed: dict[str, bool] = {}

    async def shut(self, corridor: Corridor) -> Reason | None:
        """Why nothing may be opened in a corridor. Raises ``StoreBusy`` where it cannot be read."""
        closed = is_exposed(corridor, await self._account(exposure_account(corridor)))
        if closed is not self._closed.get(corridor.name, False):
            self._closed[corridor.name] = closed
            event = "corridor_closed_by_exposure" if closed else "corridor_opened_again"
            self._log.warning(event, corridor=corridor.name)
        return Reason.CORRIDOR_EXPOSED if closed else None

    async def look(self) -> None:
        """Read what was not read of late, for those who tell early; the opening judges itself."""
        with suppress(StoreBusy):
            await self.all()

    async def all(self) -> list[Exposed]:
        """How each enabled corridor stands. Raises ``StoreBusy``."""
        found = []
        for corridor in self._config.corridors.values():
            most = corridor.exposure_max
            if corridor.enabled and most is not None:
                minor = exposed_by(await self._account(exposure_account(corridor)))
                found.append(Exposed(corridor.name, most.currency.code, minor, most))
        return found

    async def _account(self, key: str) -> Account | None:
        now = self._clock.monotonic()
        seen = self._seen.get(key)
        if seen is None or now - seen[0] >= LOOKED_S:
            seen = self._seen[key] = (now, await self._read.account(key))
        return seen[1]
