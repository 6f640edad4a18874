"""Rates that are fetched: each provider's own page, on a schedule, through the transport.

What comes back goes through the very door of rates that are pushed: the same shape, the same rules,
the same record. A fetch is tried again a bounded number of times, with pauses that are given, not
drawn here. The surprise: nothing happens when a feed stays away but a line in the log; its rates
grow old and are not quoted any more once they are stale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

from switch.api.body import read_json
from switch.api.rate_shapes import RatesRequest, ReferencePage
from switch.refusals import Refusal
from switch.store.contract import StoreBusy
from switch.wire.transport import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenacity import RetryCallState

    from switch.feed import Feed
    from switch.logs import Log
    from switch.rates import Rates
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Entropy
    from switch.seams import Seams
    from switch.wire.transport import Transport

FIRST_PAUSE_S: Final = 1
"""Pause before the second try; each later one is twice as long, plus its chance part."""

DOUBLINGS_MAX: Final = 6
PAUSE_S_MAX: Final = 60
PAGE_BYTES_MAX: Final = 65_536
OK: Final = 200
AGAIN: Final = (408, 425, 429)
SERVER_ERRORS: Final = 500


class _Away(Exception):  # noqa: N818  the name says what happened
    """No page came; it may come when asked again. Its text is one fixed word."""


class _Useless(Exception):  # noqa: N818  the name says what happened
    """An answer that no repeat would mend."""


class FeedReader:
    """Fetches for one provider."""

    def __init__(  # the parts it uses
        self,
        feed: Feed,
        *,
        rates: Rates,
        transport: Transport,
        clock: Clock,
        entropy: Entropy,
        log: Log,
    ) -> None:
        self._feed = feed
        self._rates = rates
        self._transport = transport
        self._clock = clock
        self._entropy = entropy
        self._log = log

    async def run(self) -> None:
        """Fetch until cancelled."""
        while True:
            await self.pull()
            await self._clock.sleep(self._feed.period_s)

    async def pull(self) -> bool:
        """Fetch and publish once; False when nothing could be fetched or read."""
        asking = AsyncRetrying(
            sleep=self._clock.sleep,
            stop=stop_after_attempt(self._feed.tries),
            wait=self._pause_s,
            retry=retry_if_exception_type(_Away),
            reraise=True,
        )
        provider = self._feed.provider
        try:
            page: bytes = await asking(self._fetch)
            return await self._taken(page)
        except (_Away, _Useless) as failure:
            self._log.warning("feed_failed", provider=provider, why=str(failure))
            return False
        except StoreBusy:
            self._log.warning("feed_failed", provider=provider, why="busy")
            return False
        except Refusal as refusal:
            self._log.warning("feed_failed", provider=provider, why=refusal.reason.name)
            return False
        except (ValueError, OverflowError) as error:
            # A page is whatever its owner writes: none may end the process. The text of the error
            # may repeat the page, so only its kind is told.
            self._log.warning("feed_failed", provider=provider, why=type(error).__name__)
            return False

    async def _taken(self, body: bytes) -> bool:
        """Publish a page. Raises Refusal when it cannot be read."""
        if self._feed.references:
            stated = read_json(body, ReferencePage).references
            await self._rates.refer([reference.model_dump() for reference in stated])
        else:
            provider, sheets = self._feed.provider, read_json(body, RatesRequest).sheets
            await self._rates.publish(
                provider, [sheet.terms(provider) for sheet in sheets], pulled=True
            )
        return True

    async def _fetch(self) -> bytes:
        """The page. Raises :class:`_Away` or :class:`_Useless`."""
        answer = await self._transport.send(
            self._feed.peer,
            Request("GET", self._feed.path, (("Accept", "application/json"),), b""),
            may_send=lambda: True,
            answer_within_s=self._feed.answer_within_ms / 1000,
            answer_bytes_max=PAGE_BYTES_MAX,
        )
        if not isinstance(answer, Answer):
            raise _Away(answer.why)
        if answer.status in AGAIN or answer.status >= SERVER_ERRORS:
            raise _Away(f"status_{answer.status}")
        if answer.status != OK:
            raise _Useless(f"status_{answer.status}")
        return answer.body

    def _pause_s(self, state: RetryCallState) -> float:
        """Seconds before the next try: doubled each time, and up to half as much again by chance.

        Chance keeps many switches from asking at the same moment after an outage.
        """
        doubled: int = FIRST_PAUSE_S << min(state.attempt_number - 1, DOUBLINGS_MAX)
        most = min(doubled, PAUSE_S_MAX)
        return most + most * self._entropy.bytes(1)[0] / 512


def feeds_of(
    feeds: Iterable[Feed], rates: Rates, transport: Transport, seams: Seams
) -> list[FeedReader]:
    """A reader for each feed."""
    return [
        FeedReader(
            feed,
            rates=rates,
            transport=transport,
            clock=seams.clock,
            entropy=seams.entropy,
            log=seams.log,
        )
        for feed in feeds
    ]
