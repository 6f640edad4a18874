"""No page and no sheet ends the switch, and small steps of an official rate do not add up.

What a feed fetches is whatever its owner writes; here it goes through the real board.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from fx.money import Rate
from fx.sheets import Reference
from switch.feed import Feed
from switch.feeds import FeedReader
from switch.rates import RATES_KEPT
from switch.runtime.entropy import SeededEntropy
from switch.wire.transport import Answer
from tests.api.api_rig import DEBTOR, Rig, configured
from tests.api.test_rates_api import PROVIDER, put, sheet, withdraw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switch.keys import KeyFolder

OFF_THE_CALENDAR = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
OFFICIAL = {"unit_currency": "THB", "quoted_currency": "KHR", "rate": "119"}


class Page:
    """A transport whose every answer is this page."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def send(self, *_: object, **__: object) -> Answer:
        return Answer(200, {}, self._body)


def reader(rig: Rig, page: dict[str, Any], *, references: bool = False) -> FeedReader:
    feed = Feed(
        provider="acleda",
        references=references,
        url="http://127.0.0.1:1",
        path="/rates",
        period_s=60,
        answer_within_ms=2_000,
        tries=1,
    )
    transport: Any = Page(orjson.dumps(page))
    return FeedReader(
        feed,
        rates=rig.switch.rates,
        transport=transport,
        clock=rig.clock,
        entropy=SeededEntropy(1),
        log=rig.log,
    )


@pytest.fixture
async def judged(keys: KeyFolder, tmp_path: Path) -> AsyncIterator[Rig]:
    """A switch with an official rate of its own, whose bounds are 5 %."""
    config = configured()
    official = Reference(Rate.parse("118.60", "THB", "KHR"), datetime(2026, 1, 1, tzinfo=UTC), 500)
    config = replace(config, market=replace(config.market, references=(official,)))
    started = await Rig(config, keys, tmp_path).start()
    yield started
    await started.close()


@pytest.mark.parametrize("moment", OFF_THE_CALENDAR)
async def test_moment_off_the_calendar_is_refused_by_put_and_by_page(
    judged: Rig, moment: str
) -> None:
    stated = sheet(judged, effective_at=moment)
    answer = await put(judged, stated)
    board = judged.switch.rates.current(None)
    await reader(judged, {"sheets": [stated]}).pull()
    await reader(judged, {"references": [{**OFFICIAL, "at": moment}]}, references=True).pull()

    assert answer.status == 422
    assert judged.switch.rates.current(None) == board
    assert ("reference_refused", {"code": "sheet_malformed"}) in judged.log.events


async def test_page_that_the_board_cannot_read_is_a_line_in_the_log(judged: Rig) -> None:
    async def unreadable(*_: object, **__: object) -> None:
        raise OverflowError

    fetching = reader(judged, {"sheets": [sheet(judged)]})
    judged.switch.rates.publish = unreadable  # type: ignore[assignment, method-assign]

    assert not await fetching.pull()
    failed = {"provider": "acleda", "why": "OverflowError"}
    assert ("feed_failed", failed) in judged.log.events


async def test_official_rate_that_is_held_already_is_neither_taken_nor_refused(judged: Rig) -> None:
    stated = {**OFFICIAL, "at": "2026-02-01T00:00:00Z"}

    assert await judged.switch.rates.refer([stated]) == 1
    assert await judged.switch.rates.refer([stated]) == 0
    assert not [event for event, _ in judged.log.events if event == "reference_refused"]


async def test_another_official_rate_of_the_same_moment_is_refused(judged: Rig) -> None:
    stated = {**OFFICIAL, "at": "2026-02-01T00:00:00Z"}

    assert await judged.switch.rates.refer([stated]) == 1
    assert await judged.switch.rates.refer([{**stated, "rate": "120"}]) == 0


async def test_official_rate_moves_one_step_per_page(judged: Rig) -> None:
    page = [
        {**OFFICIAL, "rate": rate, "at": f"2026-02-0{day}T00:00:00Z"}
        for day, rate in enumerate(("119", "120", "121"), 1)
    ]

    assert await judged.switch.rates.refer(page) == 1
    assert await judged.switch.rates.refer(page[1:]) == 1


async def test_small_steps_of_an_official_rate_end_at_the_configured_one_s_limit(
    judged: Rig,
) -> None:
    taken = []
    # Four times 5 % of 118.60 ends at 142.32.
    for day, rate in enumerate(("124", "130", "136", "142.32", "142.33", "143"), 1):
        stated = {**OFFICIAL, "rate": rate, "at": f"2026-02-0{day}T00:00:00Z"}
        taken.append(await judged.switch.rates.refer([stated]))

    assert taken == [1, 1, 1, 1, 0, 0]


async def test_version_that_the_board_forgot_is_withdrawn_where_it_is_recorded(
    keys: KeyFolder, tmp_path: Path
) -> None:
    """Quotes at an old version may be out still, so withdrawing it must reach commit 1."""
    rig = await Rig(configured(), keys, tmp_path).start()
    await put(rig, sheet(rig))
    quote = await rig.quote()
    for number in range(RATES_KEPT):
        later = sheet(rig, version=f"later-{number}")
        assert (await put(rig, later)).status == 200
    await rig.close()
    again = await Rig(configured(), keys, tmp_path).start()
    kept = again.switch.rates.history(PROVIDER, ("KHR", "THB"))
    gone = await withdraw(again, "khr-thb-2")
    repeated = await withdraw(again, "khr-thb-2")
    paid = await again.client().pay("k1", {"quote": quote, "debtor": DEBTOR})
    await again.close()

    assert "khr-thb-2" not in [each["version"] for each in kept]
    assert [each.json()["sheets"][0]["outcome"] for each in (gone, repeated)] == ["withdrawn"] * 2
    assert (paid.status, paid.json()["reason"]) == (422, "AB04")
