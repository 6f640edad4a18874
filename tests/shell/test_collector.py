"""The collector: money that arrived is posted once, and acknowledged only when it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, cast

import pytest

from fx.money import Money
from switch.books import SUM_MAX
from switch.collector import PAGES_MAX, Collector
from switch.commands import Conflict, Declined, Known, Receive
from switch.ledger import Account
from switch.port import IncomingItem
from switch.reasons import Reason
from tests.shell.hand_parts import LOST, OFFLINE, said
from tests.shell.shell_rig import MEMBER, SPONSOR

if TYPE_CHECKING:
    from collections.abc import Callable

    from switch.commands import Command, Result
    from tests.shell.shell_rig import Shell

SUSPENSE: Final = f"{SPONSOR}/suspense/KHR/bakong"


def item(number: int = 1) -> IncomingItem:
    """A transfer of 5,000 riel."""
    amount = Money.parse("5000", "KHR")
    return IncomingItem(f"hash-{number}", amount, MEMBER, SPONSOR, {})


@pytest.fixture
def collector(shell: Shell) -> Collector:
    """The collector of the sponsor's participant code."""
    return Collector(
        adapter=shell.bakong,
        sponsor=SPONSOR,
        store=shell.store,
        transport=shell.wire,
        clock=shell.clock,
        ids=shell.ids,
        slot=1,
        leads=lambda: True,
        log=shell.log,
    )


def asked(shell: Shell, path: str) -> int:
    """How often Bakong was asked for this."""
    return shell.transport.left.count(("bakong", path))


def received(shell: Shell) -> int:
    """Riel in suspense, in minor units."""
    account = shell.engine.accounts().get(SUSPENSE)
    return 0 if account is None else account.credits_posted - account.debits_posted


async def test_an_item_is_committed_before_it_is_acknowledged(
    shell: Shell, collector: Collector
) -> None:
    order: list[str] = []

    async def commit(command: Command) -> None:
        assert isinstance(command, Receive)
        assert asked(shell, "/acknowledge") == 0
        order.append("commit")

    shell.store.before = commit
    shell.bakong.pages.append([item()])
    assert await collector.drain() == 1

    assert order == ["commit"]
    assert asked(shell, "/acknowledge") == 1
    assert abs(received(shell)) == 500_000


async def test_a_busy_store_leaves_an_item_unacknowledged_and_it_comes_again(
    shell: Shell, collector: Collector
) -> None:
    shell.store.busy[Receive] = 1
    shell.bakong.pages.append([item()])
    assert await collector.drain() == 0
    assert asked(shell, "/acknowledge") == 0
    assert received(shell) == 0

    shell.bakong.pages.append([item()])
    assert await collector.drain() == 1
    assert asked(shell, "/acknowledge") == 1
    assert abs(received(shell)) == 500_000


async def test_a_busy_store_for_one_item_does_not_stop_the_next(
    shell: Shell, collector: Collector
) -> None:
    shell.store.busy[Receive] = 1
    shell.bakong.pages.append([item(1), item(2)])

    assert await collector.drain() == 1
    assert list(shell.engine.tables.incoming) == ["hash-2"]


async def test_what_an_account_cannot_hold_is_neither_booked_nor_acknowledged(
    shell: Shell, collector: Collector
) -> None:
    full = Account(SUSPENSE, "KHR", credits_posted=SUM_MAX)
    shell.tables.accounts[SUSPENSE] = full
    shell.bakong.pages.append([item()])
    assert await collector.drain() == 0

    assert asked(shell, "/acknowledge") == 0
    assert shell.tables.accounts[SUSPENSE] == full
    assert "money_not_booked" in shell.log.events


@pytest.mark.parametrize(
    "result", [Declined(Reason.NETWORK_OFFLINE), Known(None, None), Conflict("item")]
)
async def test_whatever_is_not_done_is_not_acknowledged(
    shell: Shell, collector: Collector, monkeypatch: pytest.MonkeyPatch, result: Result
) -> None:
    async def commit(_: Command) -> Result:
        return result

    monkeypatch.setattr(shell.store, "commit", commit)
    shell.bakong.pages.append([item()])

    assert await collector.drain() == 0
    assert asked(shell, "/acknowledge") == 0


async def test_a_repeated_item_is_posted_once_and_acknowledged_again(
    shell: Shell, collector: Collector
) -> None:
    shell.bakong.pages.extend([[item()], [item()], [item()]])

    assert await collector.drain() == 3
    assert abs(received(shell)) == 500_000
    assert asked(shell, "/acknowledge") == 3


async def test_a_lost_acknowledgement_is_made_again_without_a_second_posting(
    shell: Shell, collector: Collector
) -> None:
    shell.transport.script("bakong", said("accepted"), LOST)
    shell.bakong.pages.append([item()])
    assert await collector.drain() == 0
    shell.bakong.pages.append([item()])
    assert await collector.drain() == 1

    assert asked(shell, "/acknowledge") == 2
    assert abs(received(shell)) == 500_000


async def test_a_full_page_is_followed_at_once_by_the_next(
    shell: Shell, collector: Collector
) -> None:
    shell.bakong.pages.extend([[item(1), item(2)], [item(3)], []])

    assert await collector.drain() == 3
    assert asked(shell, "/collect") == 3
    assert shell.clock.slept == []


async def test_a_network_that_always_has_more_is_left_after_a_bound(
    shell: Shell, collector: Collector
) -> None:
    shell.bakong.pages.extend([[item(number)] for number in range(PAGES_MAX + 10)])

    assert await collector.drain() == PAGES_MAX
    assert asked(shell, "/collect") == PAGES_MAX


@pytest.mark.parametrize("result", [LOST, OFFLINE, said("refused", Reason.UNSPECIFIED)])
async def test_a_page_that_cannot_be_had_ends_the_look(
    shell: Shell, collector: Collector, result: object
) -> None:
    shell.transport.script("bakong", result)  # type: ignore[arg-type]

    assert await collector.drain() == 0
    assert len(shell.transport.tried) == 1


async def looked(shell: Shell, collector: Collector, enough: Callable[[], bool]) -> list[float]:
    """Run the collector until enough has happened; returns the pauses it made."""
    task = asyncio.create_task(collector.run())
    for _ in range(2_000):
        await asyncio.sleep(0)
        if enough():
            break
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return shell.clock.slept


async def test_the_pause_doubles_from_the_fast_to_the_slow_bound(
    shell: Shell, collector: Collector
) -> None:
    slept = await looked(shell, collector, lambda: len(shell.clock.slept) >= 7)

    assert slept[:7] == [0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]


async def test_the_pause_falls_back_when_something_came(shell: Shell, collector: Collector) -> None:
    shell.bakong.pages.extend(cast("list[list[IncomingItem]]", [[], [], [item()], []]))
    slept = await looked(shell, collector, lambda: len(shell.clock.slept) >= 4)

    assert slept[:4] == [0.4, 0.8, 0.2, 0.4]


async def test_nobody_is_asked_where_another_process_collects(
    shell: Shell, collector: Collector
) -> None:
    leading = [False]
    collector._leads = lambda: leading[0]
    running = asyncio.create_task(collector.run())
    await shell.settle()
    assert asked(shell, "/collect") == 0

    leading[0] = True
    await shell.settle()
    running.cancel()

    assert asked(shell, "/collect") > 0
