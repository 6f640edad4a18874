"""A loss is found once, dated after all that was written, and known to every process.

Starts of processes on a journal whose end is gone, in the slot that wrote it and in another, each
with a file of its own and, where they share a database, one row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from switch.data_folder import LOSS_FILE
from switch.heads import line, published_at
from switch.loss_file import begun, read_loss
from switch.losses import Found, Losses
from switch.model import to_micros
from switch.restoring import Restoring
from switch.store.contract import StoreBusy
from switch.store.journal import GENESIS, Block
from tests.shell.hand_parts import HandClock, KeptLog

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HOUR = timedelta(hours=1)
HEADS = "heads.jsonl"


def block(slot: int, number: int, at: datetime, *, again: int = 0) -> Block:
    """A block of that place; ``again`` makes another one of it."""
    return Block(slot, number, 1, GENESIS, bytes([again]) * 32, to_micros(at), 1, bytes(64))


@dataclass
class Journal:
    """Blocks as a store reads them."""

    blocks: list[Block]

    async def record_page(self, _: str, after: tuple[int, int], __: int) -> list[list[Any]]:
        """The block behind a place."""
        found = sorted((b.slot, b.number, b) for b in self.blocks if (b.slot, b.number) > after)
        names = ("slot", "number", "epoch", "previous", "root", "at", "leaves", "signature")
        return [[getattr(b, name) for name in names] for _, _, b in found[:1]]


@dataclass
class Row:
    """The row that processes share, as its statements leave it."""

    held: tuple[int, int | None, bool] | None = None
    away: bool = False

    async def read(self) -> tuple[int, int | None, bool] | None:
        """The row."""
        if self.away:
            raise StoreBusy
        return self.held

    async def mark(self, restored_at: int, head_at: int | None) -> None:
        """Mark a loss, unless it or a later one is known."""
        if self.held is None or self.held[0] < restored_at:
            self.held = (restored_at, head_at, False)

    async def end(self, restored_at: int, head_at: int | None) -> None:
        """Deal with it."""
        if self.held is None or self.held[0] <= restored_at:
            self.held = (restored_at, head_at, True)


@dataclass
class Process:
    """A data folder whose process is started again and again."""

    data: Path
    row: Row | None = None
    clock: HandClock = field(default_factory=HandClock)
    log: KeptLog = field(default_factory=KeptLog)

    def publish(self, *blocks: Block) -> None:
        """Publish heads."""
        self.data.mkdir(exist_ok=True)
        with (self.data / HEADS).open("ab") as file:
            file.writelines(line(each) for each in blocks)

    async def start(self, journal: Iterable[Block], *, said: bool = False) -> Restoring:
        """Start on a journal; how it stands then."""
        self.data.mkdir(exist_ok=True)
        losses = self.losses
        read: Any = Journal(list(journal))
        published = dict(head_of(text) for text in self._lines())
        found = Found(read, published, None, said)
        await losses.at_start(found, self.data / HEADS, self.clock, self.log)
        restoring = Restoring(losses.of_folder, losses.of_database if losses.shared else None)
        await restoring.fetch()
        return restoring

    async def done(self) -> None:
        """The operator's word."""
        loss = await self.losses.known()
        assert loss is not None
        await self.losses.end(loss)

    @property
    def losses(self) -> Losses:
        """Both accounts."""
        row: Any = self.row
        return Losses(self.data, row)

    def _lines(self) -> list[bytes]:
        path = self.data / HEADS
        return path.read_bytes().splitlines() if path.exists() else []


def head_of(text: bytes) -> tuple[tuple[int, int], bytes]:
    """Place and hash of a published line."""
    held = orjson.loads(text)
    return (held["slot"], held["number"]), bytes.fromhex(held["hash"])


def chain(slot: int, first: int, last: int, at: datetime) -> list[Block]:
    """Blocks of a slot, a second apart."""
    return [block(slot, n, at + timedelta(seconds=n)) for n in range(first, last + 1)]


async def test_a_loss_that_is_dealt_with_is_not_found_again_in_another_slot(tmp_path: Path) -> None:
    process = Process(tmp_path)
    written = chain(1, 1, 9, process.clock.now() - HOUR)
    process.publish(*written[2::3])
    kept = written[:4]
    assert (await process.start(kept)).holding
    assert process.log.events == ["store_came_back"]
    await process.done()
    elsewhere = [*kept, *chain(2, 1, 3, process.clock.now())]
    assert not (await process.start(elsewhere)).holding
    process.publish(elsewhere[-1])
    assert not (await process.start(elsewhere)).holding

    # What was published since is held against the journal as ever, and what was kept before too.
    assert (await process.start(kept)).holding
    await process.done()
    assert not (await process.start(kept)).holding
    assert (await process.start(kept[:2])).holding


async def test_a_loss_is_found_again_until_it_is_dealt_with(tmp_path: Path) -> None:
    process = Process(tmp_path)
    process.publish(*chain(1, 1, 9, process.clock.now() - HOUR))
    first = (await process.start([])).holding, read_loss(tmp_path)
    process.clock.pass_s(60)

    assert first == ((await process.start([])).holding, read_loss(tmp_path))
    assert first[0]


async def test_a_loss_is_dated_after_all_that_was_published_whatever_the_clock_says(
    tmp_path: Path,
) -> None:
    process = Process(tmp_path)
    newest = block(1, 2, process.clock.now() + HOUR)
    process.publish(block(1, 1, process.clock.now()), newest)
    restoring = await process.start([])

    assert to_micros(published_at(tmp_path / HEADS)) == newest.at  # type: ignore[arg-type]
    assert restoring.perhaps_lost(process.clock.now() + HOUR - timedelta(seconds=1))
    assert "clock_behind_the_journal" in process.log.events


def test_a_loss_is_dated_after_the_one_before(tmp_path: Path) -> None:
    now = HandClock().now()
    first = begun(None, now, now + HOUR)
    second = begun(first, now, None, None)

    assert first.restored_at == now + HOUR
    assert second.restored_at > first.restored_at
    assert not (tmp_path / LOSS_FILE).exists()


async def test_every_process_on_a_database_holds_until_one_word_ends_it_for_all(
    tmp_path: Path,
) -> None:
    row = Row()
    one, other = Process(tmp_path / "one", row), Process(tmp_path / "other", row)
    written = chain(1, 1, 3, one.clock.now() - HOUR)
    beside = chain(2, 1, 3, one.clock.now() - HOUR)
    one.publish(*written)
    other.publish(*beside)
    running = await other.start([*written, *beside])
    assert (await one.start([])).holding
    assert not running.holding
    await running.fetch()
    assert [running.holding] == [True]
    restarted = await other.start([])
    assert [restarted.holding] == [True]

    await one.done()
    await restarted.fetch()
    assert [restarted.holding] == [False]
    # Its own heads are of the same loss, and so is its file, which says nothing of an end.
    assert not (await other.start([])).holding
    late = Process(tmp_path / "late", row)
    late.publish(*chain(3, 1, 3, one.clock.now() - HOUR))
    assert not (await late.start([])).holding
    assert restarted.perhaps_lost(one.clock.now() - timedelta(minutes=1))


async def test_a_database_that_comes_back_without_its_row_is_held_by_the_file(
    tmp_path: Path,
) -> None:
    row = Row()
    process = Process(tmp_path, row)
    assert (await process.start([], said=True)).holding
    row.held = None

    assert (await process.start([])).holding
    assert row.held is not None


async def test_a_second_loss_of_a_database_ends_the_first_one_s_end(tmp_path: Path) -> None:
    row = Row()
    process = Process(tmp_path, row)
    await process.start([], said=True)
    await process.done()
    process.clock.pass_s(60)
    process.publish(block(1, 1, process.clock.now()))
    process.clock.pass_s(60)

    assert (await process.start([])).holding
    assert row.held is not None
    assert row.held[2] is False


@pytest.mark.parametrize("away", [False, True])
async def test_a_database_that_is_away_leaves_it_as_it_was(tmp_path: Path, *, away: bool) -> None:
    row = Row()
    process = Process(tmp_path, row)
    restoring = await process.start([], said=True)
    row.away = away
    if away:
        with pytest.raises(StoreBusy):
            await restoring.fetch()
    else:
        await restoring.fetch()

    assert restoring.holding
