"""Another process of the same store wraps data keys under a wrapping key that this one lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.commands import Conflict
from switch.model import State
from switch.refusals import Busy
from switch.store.vault import Vault
from switch.store.wrapping import HeldKeys
from switch.sweeper import AWAY_LOOKS_MAX, LOOKS_MAX
from switch.vault_keeper import VaultKeeper
from tests.shell.shell_rig import MEMBER
from tests.shell.test_unreadable import looked_at
from tests.shell.vault_parts import KEPT

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

NEXT = "2026-12"
KEY = bytes(32)


async def rotated_elsewhere(shell: Shell) -> None:
    """What ``vault rotate`` does on another machine, whose key folder has the new key."""
    ours = shell.vault
    held = {**shell.wrapping, NEXT: KEY}
    theirs = Vault(HeldKeys(lambda: held), ours._index, ours._entropy, ours._packing)
    other = VaultKeeper(
        store=shell.store,
        vault=theirs,
        times=KEPT,
        clock=shell.clock,
        ids=shell.ids,
        log=shell.log,
    )
    await other.rotate()


async def test_who_holds_the_coming_key_notices_nothing(shell: Shell) -> None:
    shell.wrapping[f"+{NEXT}"] = KEY
    shell.vault.refresh()
    payment = await shell.lost()
    await rotated_elsewhere(shell)
    await looked_at(shell, 2)

    assert shell.payment(payment.uetr).state is State.ACCEPTED
    assert await shell.payments.repeated(MEMBER, "key-1", {"quote": "other"}) == Conflict("quote")
    assert shell.vault.wrapping == "vault"


async def test_who_lacks_it_waits_for_it_and_goes_on(shell: Shell) -> None:
    payment = await shell.lost()
    await rotated_elsewhere(shell)
    await looked_at(shell, LOOKS_MAX + 3)
    waited = shell.payment(payment.uetr).state
    shell.wrapping[NEXT] = KEY
    await looked_at(shell, 2)

    assert waited is State.UNKNOWN
    assert shell.payment(payment.uetr).state is State.ACCEPTED


async def test_after_a_day_without_it_people_look(shell: Shell) -> None:
    payment = await shell.lost()
    await rotated_elsewhere(shell)
    await looked_at(shell, AWAY_LOOKS_MAX + 1)

    assert shell.payment(payment.uetr).state is State.MANUAL


async def test_what_cannot_be_compared_yet_is_answered_later(shell: Shell) -> None:
    await shell.opened()
    await rotated_elsewhere(shell)
    for content in ("key-1", "other"):
        with pytest.raises(Busy):
            await shell.payments.repeated(MEMBER, "key-1", {"quote": content})
    shell.wrapping[NEXT] = KEY

    assert await shell.payments.repeated(MEMBER, "key-1", {"quote": "other"}) == Conflict("quote")
