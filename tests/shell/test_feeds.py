"""A provider's page is fetched with bounded patience, and what it holds goes the way of a PUT.

The page is a real server; only pauses are not waited for, and each is written down.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiohttp import web

from switch.feed import Feed
from switch.feeds import PAUSE_S_MAX, FeedReader
from switch.logs import SilentLog
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import SeededEntropy
from switch.runtime.ports import free_ports
from switch.store.contract import StoreBusy
from switch.wire.net import TcpNet
from switch.wire.transport import Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

SHEET = {
    "payer_currency": "KHR",
    "payee_currency": "THB",
    "unit_currency": "THB",
    "rate": "118.50",
    "version": "khr-thb-2",
    "effective_at": "2026-11-22T00:00:00+00:00",
}
SHEETS = orjson.dumps({"sheets": [SHEET]})
OFFICIAL = {"unit_currency": "USD", "quoted_currency": "KHR", "rate": "4012", "at": "2026-11-22"}


class Unwaited(SystemClock):
    """Pauses that take no time, remembered."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


@dataclass
class KeptRates:
    """What was published, instead of a board."""

    published: list[tuple[str, Sequence[Mapping[str, object]]]] = field(default_factory=list)
    stated: list[Mapping[str, str]] = field(default_factory=list)

    async def publish(
        self, provider: str, sheets: Sequence[Mapping[str, object]], *, pulled: bool
    ) -> None:
        assert pulled
        self.published.append((provider, sheets))

    async def refer(self, stated: Sequence[Mapping[str, str]]) -> None:
        self.stated.extend(stated)


@dataclass
class KeptLog(SilentLog):
    """Why fetches failed."""

    why: list[object] = field(default_factory=list)

    def info(self, event: str, **fields: object) -> None:
        raise AssertionError(event)

    def warning(self, event: str, **fields: object) -> None:
        assert (event, fields["provider"]) == ("feed_failed", "acleda")
        self.why.append(fields["why"])


@dataclass
class Page:
    """A page that answers as it is told, one answer after the other, the last for ever."""

    net: TcpNet
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    clock: Unwaited = field(default_factory=Unwaited)
    rates: Any = field(default_factory=KeptRates)
    log: KeptLog = field(default_factory=KeptLog)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.raw_path)
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(status=status, body=body)

    def reader(self, *, references: bool = False, tries: int = 3) -> FeedReader:
        feed = Feed(
            provider="acleda",
            references=references,
            url="http://127.0.0.1:1",
            path="/rates?v=1",
            period_s=60,
            answer_within_ms=2_000,
            tries=tries,
        )
        return FeedReader(
            feed,
            rates=self.rates,
            transport=Transport(self.net, self.clock),
            clock=self.clock,
            entropy=SeededEntropy(1),
            log=self.log,
        )


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    [port] = free_ports(1)
    clock = SystemClock()
    peers = {"feed-acleda": f"http://127.0.0.1:{port}"}
    net = TcpNet(clock, {"page": ("127.0.0.1", port)}, peers)
    page = Page(net)
    app = web.Application(client_max_size=1024)
    app.router.add_get("/rates", page.answer)
    served = await net.serve(app, "page")
    yield page
    await served.close()
    await net.close()


async def test_page_is_published_as_the_provider_s_own(page: Page) -> None:
    page.answers = [(200, SHEETS)]

    assert await page.reader().pull()
    assert page.asked == ["/rates?v=1"]
    [(provider, [terms])] = page.rates.published
    assert provider == "acleda"
    assert terms == {**SHEET, "provider": "acleda", "spread_bp": 0, "tiers": []}
    assert page.clock.pauses == []


async def test_page_that_is_away_is_asked_again_with_growing_pauses(page: Page) -> None:
    page.answers = [(503, b""), (429, b""), (200, SHEETS)]

    assert await page.reader().pull()
    assert len(page.asked) == 3
    assert len(page.rates.published) == 1
    first, second = page.clock.pauses
    assert 1 <= first < 1.5
    assert 2 <= second < 3


async def test_tries_are_bounded_and_so_is_a_pause(page: Page) -> None:
    page.answers = [(500, b"")]

    assert not await page.reader(tries=10).pull()
    assert len(page.asked) == 10
    assert len(page.clock.pauses) == 9
    assert max(page.clock.pauses) <= 1.5 * PAUSE_S_MAX
    assert page.log.why == ["status_500"]
    assert page.rates.published == []


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (404, b"", "status_404"),
        (302, b"", "status_302"),
        (200, b"<html>", "FORMAT_INVALID"),
        (200, b'{"sheets": []}', "FORMAT_INVALID"),
        (200, b'{"sheets": [{}]}', "ELEMENT_MISSING"),
        (200, b'{"references": []}', "ELEMENT_MISSING"),
    ],
)
async def test_page_that_no_repeat_would_mend_is_asked_once(
    page: Page, status: int, body: bytes, why: str
) -> None:
    page.answers = [(status, body)]

    assert not await page.reader().pull()
    assert (len(page.asked), page.log.why, page.rates.published) == (1, [why], [])


async def test_page_of_megabytes_is_given_up(page: Page) -> None:
    page.answers = [(200, SHEETS + b" " * 70_000)]

    assert not await page.reader(tries=2).pull()
    assert page.log.why == ["answer_too_large"]


async def test_nobody_there_is_a_line_in_the_log(page: Page) -> None:
    page.net = TcpNet(page.clock, {}, {"feed-acleda": "http://127.0.0.1:1"})

    assert not await page.reader(tries=2).pull()
    await page.net.close()
    assert page.log.why == ["connect_refused"]


async def test_official_rates_are_stated_not_published(page: Page) -> None:
    page.answers = [(200, orjson.dumps({"references": [OFFICIAL]}))]

    assert await page.reader(references=True).pull()
    assert (page.rates.stated, page.rates.published) == ([OFFICIAL], [])


async def test_a_store_that_is_away_fails_a_fetch_and_not_the_process(page: Page) -> None:
    class Away(KeptRates):
        async def publish(self, *_: object, **_named: object) -> None:
            raise StoreBusy

    page.answers, page.rates = [(200, SHEETS)], Away()

    assert not await page.reader().pull()
    assert page.log.why == ["busy"]
