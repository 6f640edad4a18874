"""What is read when somebody asks for the page: how things stand, rather than what was counted.

Open payments are read oldest first and only so many, because they wait for the same loop as
payments do, and those that need people are the old ones; who asks again soon gets the same. The
surprise: ages are classes, since an age for each payment would be a label for each payment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from switch.exposures import Exposed, Exposures
    from switch.leases import Leases
    from switch.metering.meters import Meters
    from switch.runtime.clock import Clock
    from switch.seams import Seams
    from switch.store.contract import Reads

OPEN_MAX: Final = 500
"""Open payments that are looked at for a page; behind them are younger ones."""

PAGE: Final = 100
KEPT_S: Final = 5.0
"""How long what was read of them is shown again."""

AGES: Final = (
    (60, "under_1m"),
    (600, "under_10m"),
    (3_600, "under_1h"),
    (86_400, "under_1d"),
)
OLDER: Final = "over_1d"


@dataclass(frozen=True, slots=True)
class Unended:
    """Open payments by state and class of age; ``more`` is true where not all were looked at.

    ``oldest_s`` is the age of the oldest of a state in seconds.
    """

    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    oldest_s: Mapping[str, float] = field(default_factory=dict)
    more: bool = False


@dataclass(frozen=True, slots=True)
class Readings:
    """How a process stands now."""

    slot: int
    head: int
    leads: bool
    renewed_s_ago: float
    tasks: int
    health: Mapping[str, object]
    breakers: Mapping[tuple[str, str], bool]
    unended: Unended
    readable: bool
    exposed: Sequence[Exposed] = ()


class Reader:
    """Reads how one switch stands."""

    def __init__(
        self,
        seams: Seams,
        leases: Leases,
        meters: Meters,
        health: Callable[[], Mapping[str, object]],
        exposures: Exposures,
    ) -> None:
        self._store = seams.store
        self._tasks = seams.tasks
        self._clock = seams.clock
        self._leases = leases
        self.meters = meters
        self._health = health
        self._exposures = exposures
        self._exposed: Sequence[Exposed] = ()
        self._unended = Unended()
        self._read_at: float | None = None
        self._readable = True

    async def read(self) -> Readings:
        """How it stands now; while the store is away, open payments as they were last seen."""
        now = self._clock.monotonic()
        if self._read_at is None or now - self._read_at > KEPT_S:
            try:
                self._unended, self._read_at = await unended(self._store.read, self._clock), now
                self._exposed = await self._exposures.all()
                self._readable = True
            except StoreBusy:
                self._readable = False
        head = self._store.head
        return Readings(
            slot=self._store.slot,
            head=0 if head is None else head.number,
            leads=self._leases.leads(),
            renewed_s_ago=self._leases.renewed_s_ago(),
            tasks=len(self._tasks),
            health=self._health(),
            breakers=self.meters.breakers(),
            unended=self._unended,
            readable=self._readable,
            exposed=self._exposed,
        )


async def unended(read: Reads, clock: Clock) -> Unended:
    """Look at the oldest open payments, letting others run in between."""
    counts: dict[tuple[str, str], int] = {}
    oldest_s: dict[str, float] = {}
    after = seen = 0
    while seen < OPEN_MAX:
        page = await read.unended(after, PAGE)
        now = clock.now()
        for payment in page:
            age_s = max(0.0, (now - payment.opened_at).total_seconds())
            state = payment.state.value
            place = (state, age_of(age_s))
            counts[place] = counts.get(place, 0) + 1
            oldest_s[state] = max(oldest_s.get(state, 0.0), age_s)
        seen += len(page)
        if len(page) < PAGE:
            return Unended(counts, oldest_s)
        after = page[-1].payment_id
        await clock.sleep(0)
    return Unended(counts, oldest_s, more=True)


def age_of(seconds: float) -> str:
    """The class of an age."""
    return next((name for bound, name in AGES if seconds < bound), OLDER)
