"""Requests to erase: each is carried out when it can be, goes when done, and is in nobody's way.

Anybody with the database may add one, so they may be many, and about payments that do not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.commands import Erase
from tests.shell.vault_parts import keeper

if TYPE_CHECKING:
    import pytest

    from tests.shell.shell_rig import Shell


async def test_requests_that_must_wait_are_in_nobodys_way(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as a turn looks at wait for open payments: what comes behind them is done."""
    waiting = [(await shell.lost(f"lost-{number}")).uetr for number in range(3)]
    payment = await shell.opened()
    tried: list[object] = []

    async def tries(command: object) -> None:
        tried.append(command)

    monkeypatch.setattr("switch.vault_keeper.REQUESTS_MAX", 1)
    shell.engine.tables.erasure_requests |= dict.fromkeys([*waiting, payment.uetr])
    shell.store.before, keeping = tries, keeper(shell)
    for _ in range(4):
        await keeping.turn()

    assert shell.engine.erasure_requests(9) == sorted(waiting)
    assert [command for command in tried if isinstance(command, Erase)] == tried
    assert len(tried) == 1, "what must wait costs no commit"
    shell.engine.tables.erasure_requests[payment.uetr] = None
    await keeper(shell).erase_asked()
    assert shell.engine.erasure_requests(9) == sorted(waiting)


async def test_a_request_twice_or_about_nothing_changes_nothing(shell: Shell) -> None:
    payment = await shell.opened()
    shell.engine.tables.erasure_requests[payment.uetr] = None
    await keeper(shell).turn()
    blocks = len(list(shell.engine.blocks()))
    shell.engine.tables.erasure_requests[payment.uetr] = None
    shell.engine.tables.erasure_requests["00000000-0000-4000-8000-000000000000"] = None
    await keeper(shell).turn()

    assert len(list(shell.engine.blocks())) == blocks
    assert shell.engine.erasure_requests(9) == []


async def test_a_busy_store_ends_the_turn_and_the_next_goes_on(shell: Shell) -> None:
    payment = await shell.opened()
    shell.engine.tables.erasure_requests[payment.uetr] = None
    keeping = keeper(shell)
    shell.store.busy[Erase] = 1
    await keeping.turn()
    assert shell.engine.erasure_requests(9) == [payment.uetr]
    await keeping.turn()

    assert shell.engine.erasure_requests(9) == []
