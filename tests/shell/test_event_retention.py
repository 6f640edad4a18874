"""Events go when their time is up, by a clock that is believed, and their numbers stay."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from switch import deliveries
from switch.deliveries import EventRetention
from tests.shell.hand_parts import said
from tests.shell.shell_rig import MEMBER

if TYPE_CHECKING:
    from datetime import datetime

    from tests.shell.shell_rig import Shell

DAY_S: Final = 86_400


def retention(shell: Shell, written_at: datetime | None = None) -> EventRetention:
    """Thirty days."""
    return EventRetention(
        receivers=[MEMBER],
        keep_days=30,
        store=shell.store,
        clock=shell.clock,
        log=shell.log,
        written_at=written_at,
    )


async def told(shell: Shell, count: int) -> None:
    """So many payments that ended, told to a member."""
    await shell.store.outbox.enrol([MEMBER], [])
    for _ in range(count):
        shell.transport.script("thailand", said("accepted"))
        await shell.opened(shell.ids.uuid())


async def numbers(shell: Shell) -> list[int]:
    """The events that can be fetched."""
    return [row.number for row in await shell.store.outbox.events(MEMBER, 0, 100)]


async def test_what_is_older_than_its_time_goes_and_what_is_younger_stays(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "TRIM", 2)
    await told(shell, 5)
    shell.clock.pass_s(20 * DAY_S)
    await told(shell, 1)
    shell.clock.pass_s(11 * DAY_S)

    assert await retention(shell).turn() == 5
    assert await retention(shell).turn() == 0
    assert await numbers(shell) == [6]
    await told(shell, 1)
    assert await numbers(shell) == [6, 7]


async def test_nothing_goes_by_a_clock_that_is_not_believed(shell: Shell) -> None:
    await told(shell, 1)
    written_at = shell.clock.now()
    shell.clock.pass_s(40 * DAY_S)

    assert await retention(shell, written_at).turn() == 0
    assert await numbers(shell) == [1]
    assert shell.clock.now() - written_at > timedelta(days=30)
