"""The keeper of a shell's vault, as a start makes it.

How long it keeps names is said here, so that what a test waits for is what the keeper waits for.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch.model import UseCase
from switch.vault_keeper import VaultKeeper

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

KEPT: Final = {UseCase.MERCHANT: timedelta(days=30), UseCase.TRANSFER: timedelta(days=60)}


def keeper(shell: Shell) -> VaultKeeper:
    """A keeper as a start makes it."""
    return VaultKeeper(
        store=shell.store,
        vault=shell.vault,
        times=KEPT,
        clock=shell.clock,
        ids=shell.ids,
        log=shell.log,
    )
