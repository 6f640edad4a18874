"""Whoever waits at one process for what another ends is told at once, and finds it in the store."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from switch.coordination.local import Hub, InProcess
from switch.coordination.ports import Topic
from switch.endings import Endings
from switch.lifecycle import is_final
from tests.shell.hand_parts import said

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


def joined(hub: Hub) -> Endings:
    """The endings of one process of a hub, put together as the application does."""
    coordination = InProcess(hub)
    endings = Endings(partial(coordination.publish, Topic.ENDED))
    coordination.subscribe(Topic.ENDED, endings.look)
    return endings


async def test_a_waiter_at_another_process_looks_at_once(shell: Shell) -> None:
    hub = Hub()
    one, other = joined(hub), joined(hub)
    shell.endings._tell_others = one._tell_others
    shell.transport.script("thailand", said("accepted"))
    waiting = asyncio.create_task(other.wait("another-uetr", 5))
    payment = await shell.opened()
    assert is_final(payment)
    here = asyncio.create_task(other.wait(payment.uetr, 5))
    await shell.settle(2)
    assert not here.done()
    one._tell_others(payment.uetr)

    # Woken with nothing in hand: what it waits for is in the store.
    assert await asyncio.wait_for(here, 1) is None
    assert not waiting.done()
    other.release()
    assert await waiting is None


async def test_what_ends_here_is_told_by_its_uetr(shell: Shell) -> None:
    payment = await shell.opened()

    assert is_final(payment)
    assert shell.told == [payment.uetr]
