"""What an operator asks of the vault: how it stands, new wrapping keys, names erased or read.

A process that serves does the work itself: it is only asked, and waited for. Where none serves, the
folder is owned for as long as the work takes and its keeper does it here. The surprise: a wrapping
key is destroyed only when no data key is under it any more, so what that makes unreadable is in
backups alone.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Final, TypeVar

from switch.data_folder import KEYS, readable_database
from switch.keys import KeyFolder
from switch.logs import json_log
from switch.parts import linked_uetr, recall_uetr
from switch.record_reader import open_record
from switch.records import Records
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.lock import FolderTaken, owned_folder
from switch.store.erasure_requests import ask_erasure, ask_server, holds
from switch.store.vault import UNNAMED_BYTES, Erased, VaultError, wrapping_of
from switch.store.wrapping import COMING, FIRST, is_name
from switch.stores import open_store, store_url
from switch.upkeep import is_erased
from switch.vault_keeper import BATCH, EVERY_S, LAST, VaultKeeper, times_of
from switch.wrapping_keys import destroy_wrapping_key, make_wrapping_key, open_vault, wrapping_keys

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from switch.config import Config
    from switch.records import Open
    from switch.store.contract import Reads
    from switch.store.vault import Vault

Found = TypeVar("Found")

ANY_SLOT: Final = 0
"""Of a server's numbered slots, the lowest that is free."""

NOTICE_S: Final = EVERY_S + 1
"""A serving process makes no data key under an earlier wrapping key after this time."""

ASKED: Final = "it is asked for, and done when the payment has ended"
"""What is said of an open payment that is to be erased."""

LOOK_EVERY_S: Final = 0.5
"""How often it is looked whether a serving process has done what was asked."""


class Refused(Exception):  # noqa: N818  the name says what happened
    """What was asked cannot be done; the message says why in one sentence."""


@dataclass(slots=True)
class Standing:
    """How a vault stands: data keys by wrapping key, erased ones, requests that wait.

    ``damaged`` ones are of no form that says what they are under: people end their payments.
    """

    current: str
    held: tuple[str, ...]
    data_keys: dict[str, int] = field(default_factory=dict)
    erased: int = 0
    damaged: int = 0
    waiting: int = 0

    def view(self) -> dict[str, object]:
        """As plain values; ``lost`` names wrapping keys that are not there any more."""
        return {
            "current": self.current,
            "held": list(self.held),
            "data_keys": dict(sorted(self.data_keys.items())),
            "lost": sorted(self.data_keys.keys() - set(self.held)),
            "may_be_destroyed": [name for name in self.held if self.may_go(name)],
            "erased": self.erased,
            "damaged": self.damaged,
            "waiting": self.waiting,
        }

    def may_go(self, name: str) -> bool:
        """True for a wrapping key that nothing needs any more."""
        older = self.held.index(name) < self.held.index(self.current)
        return older and not self.data_keys.get(name)


@dataclass(slots=True)
class Erasure:
    """What became of each payment that was to be erased, by UETR; ``waiting`` is not done yet."""

    told: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)


class Desk:
    """The vault of one data folder."""

    def __init__(self, config: Config, data: Path) -> None:
        self._config = config
        self._data = data
        self._keys = KeyFolder(data / KEYS)
        self._clock = SystemClock()

    async def standing(self) -> Standing:
        """Count what is there."""
        held = wrapping_keys(self._config.vault.wrapping_keys, self._keys)
        standing = Standing(held.current, held.names)
        async with open_record(self._config, self._data) as read:
            standing.waiting = len(await read.erasure_requests(LAST))
            after = 0
            while page := await read.wrapped_keys(after, LAST, BATCH):
                after = page[-1].payment_id
                for each in page:
                    try:
                        name = wrapping_of(each.wrapped)
                    except VaultError:
                        standing.damaged += 1
                        continue
                    if name:
                        standing.data_keys[name] = standing.data_keys.get(name, 0) + 1
                    else:
                        standing.erased += 1
        return standing

    async def prepared(self, name: str | None) -> Path:
        """Make the next wrapping key, held and not yet made use of; returns its file.

        Raises as :meth:`new_key` does.
        """
        name = self._next(name)
        async with open_record(self._config, self._data):
            return make_wrapping_key(self._data / KEYS, name, SystemEntropy(), coming=True)

    async def new_key(self, name: str | None, *, one_folder: bool = False) -> str:
        """Make the next wrapping key, by default that of this month; one that is there stays.

        Where several processes may serve, each with a folder of its own, it must have been
        prepared, so that all of them hold it already; not where they read ``one_folder``. Raises
        :class:`Refused`, and what opening the store raises where there is none of ours that the key
        would be for.
        """
        name = self._next(name)
        there = name in self._keys.months() or f"{COMING}{name}" in self._keys.coming()
        if self._on_a_server and not there and not one_folder:
            raise Refused(
                f"{name}: run vault prepare, bring its file to the key folder of every process, "
                "then rotate; where all read this one folder: --one-folder"
            )
        async with open_record(self._config, self._data):
            # Nothing is made in what may be another folder, or for somebody else's database.
            make_wrapping_key(self._data / KEYS, name, SystemEntropy())
        return name

    def _next(self, name: str | None) -> str:
        if self._config.vault.wrapping_keys != "files":
            raise Refused("wrapping keys are in the environment: add one there and start anew")
        name = name or f"{self._clock.now():%Y-%m}"
        if not is_name(name) or name == FIRST:
            raise Refused(f"{name}: a wrapping key is named by its month, as 2026-11 or 2026-11a")
        months = self._keys.months()
        if months and name < months[-1]:
            raise Refused(f"{name}: {months[-1]} is newer already")
        return name

    async def rotated(self, wait_s: int) -> Standing:
        """Have every data key wrapped under the current wrapping key.

        Raises :class:`Refused` when a serving process did not do it within so many seconds.
        """

        async def done() -> Standing | None:
            standing = await self.standing()
            others = standing.data_keys.keys() - {standing.current}
            return None if others & set(standing.held) else standing

        await self._kept(VaultKeeper.rotate)
        return await self._awaited(done, wait_s, "data keys are still under an earlier one")

    async def erase(self, uetr: str, wait_s: int) -> Erasure:
        """Have the names of a payment, and of what is linked to it, erased.

        Done is what no file keeps the key of; what is open waits for its end. Raises
        :class:`Refused` where there is no such payment.
        """
        erasure = Erasure()
        wrapped: dict[str, bytes] = {}
        async with open_record(self._config, self._data) as read:
            if await read.payment(uetr) is None:
                raise Refused("there is no such payment")
            for each in await _with_linked(read, uetr):
                key = await read.wrapped_key(each)
                if key is None:
                    erasure.told[each] = "nothing of it was sealed"
                elif is_erased(key):
                    erasure.told[each] = "was erased before"
                else:
                    wrapped[each] = key
                    erasure.told[each] = erasure.waiting[each] = ASKED
        for each in wrapped:
            await self._asked(each)

        async def done() -> bool | None:
            async with open_record(self._config, self._data) as read:
                for each in tuple(erasure.waiting):
                    held = await read.wrapped_key(each)
                    gone = held is not None and is_erased(held)
                    if gone and not self._on_disk(wrapped[each][-UNNAMED_BYTES:]):
                        erasure.told[each] = "erased"
                        del erasure.waiting[each]
            return None if erasure.waiting else True

        if wrapped:
            await self._kept(VaultKeeper.erase_asked)
            with suppress(Refused):
                await self._awaited(done, wait_s, ASKED)
        return erasure

    async def shown(self, uetr: str) -> Open | None:
        """A payment opened; None where nothing of it was sealed.

        Raises :class:`Refused`, and :class:`Erased` saying why and when.
        """
        clock, entropy = self._clock, SystemEntropy()
        async with open_record(self._config, self._data) as read:
            if await read.payment(uetr) is None:
                raise Refused("there is no such payment")
            records = Records(read, self._vault(entropy), Ids(clock, entropy))
            try:
                return await records.open(uetr)
            except Erased:
                raise
            except VaultError as error:
                raise Refused(str(error)) from None

    async def destroy(self, name: str) -> None:
        """Destroy a wrapping key that nothing needs any more. Raises :class:`Refused`.

        Where a process may serve, a payment may be on its way under it: it is looked twice.
        """
        await self._refuse_needed(name)
        with ExitStack() as held:
            if self._may_be_served(held):
                await self._clock.sleep(NOTICE_S)
                await self._refuse_needed(name)
            destroy_wrapping_key(self._data / KEYS, name)

    def _may_be_served(self, held: ExitStack) -> bool:
        """Own the folder, so that nobody starts to serve it; True where somebody serves already."""
        if self._on_a_server:
            return True
        try:
            held.enter_context(owned_folder(self._data))
        except FolderTaken:
            return True
        return False

    async def _refuse_needed(self, name: str) -> None:
        standing = await self.standing()
        if name not in standing.held:
            raise Refused(f"{name}: there is no such wrapping key")
        if name == standing.current:
            raise Refused(f"{name}: is the current one")
        if not standing.may_go(name):
            count = standing.data_keys.get(name, 0)
            why = f"{count} data keys are under it; rotate first" if count else "it is coming"
            raise Refused(f"{name}: {why}")
        if self._config.vault.wrapping_keys != "files":
            raise Refused("wrapping keys are in the environment: take it out there")

    async def _asked(self, uetr: str) -> None:
        if self._on_a_server:
            await ask_server(store_url(self._config, self._keys), uetr, self._clock.now())
        else:
            ask_erasure(readable_database(self._data), uetr, self._clock.now())

    @property
    def _on_a_server(self) -> bool:
        return self._config.store.engine == "postgresql"

    def _on_disk(self, needle: bytes) -> bool:
        """True where a file of the embedded store has these bytes; a server's are its own."""
        return not self._on_a_server and holds(readable_database(self._data), needle)

    def _vault(self, entropy: SystemEntropy) -> Vault:
        return open_vault(self._config.vault.wrapping_keys, self._keys, entropy)

    async def _kept(self, work: Callable[[VaultKeeper], Awaitable[None]]) -> None:
        """Work as the keeper, on a free slot of a server, or where no process serves the folder."""
        config = self._config
        async with AsyncExitStack() as opened:
            if self._on_a_server:
                config = replace(config, switch=config.switch.model_copy(update={"slot": ANY_SLOT}))
            else:
                try:
                    opened.enter_context(owned_folder(self._data))
                except FolderTaken:
                    return
            entropy = SystemEntropy()
            store, _ = await open_store(
                config, self._data, self._keys, self._clock, entropy, opened, may_migrate=False
            )
            keeper = VaultKeeper(
                store=store,
                vault=self._vault(entropy),
                times=times_of(config.retention.personal_days),
                clock=self._clock,
                ids=Ids(self._clock, entropy, store.slot),
                log=json_log(self._clock, "warning"),
                others_notice_s=EVERY_S if self._on_a_server else 0,
            )
            await work(keeper)

    async def _awaited(
        self, look: Callable[[], Awaitable[Found | None]], wait_s: int, otherwise: str
    ) -> Found:
        ends = self._clock.monotonic() + wait_s
        while True:
            found = await look()
            if found is not None:
                return found
            if self._clock.monotonic() >= ends:
                raise Refused(otherwise)
            await self._clock.sleep(LOOK_EVERY_S)


async def _with_linked(read: Reads, uetr: str) -> list[str]:
    """A payment, its refunds, returns and recalls, and theirs: places are filled in order."""
    found = [uetr]
    for each in found:  # it grows meanwhile
        for named in (linked_uetr, recall_uetr):
            for place in count(1):
                if await read.payment(named(each, place)) is None:
                    break
                found.append(named(each, place))
    return found
