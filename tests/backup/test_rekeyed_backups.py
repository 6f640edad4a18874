"""A backup of before a change of the journal's key goes on as a journal that verifies whole."""

from __future__ import annotations

from contextlib import AsyncExitStack, closing
from typing import TYPE_CHECKING

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from switch.backup import back_up, bring_back
from switch.config import default_folder, load_config
from switch.keys import KeyFolder
from switch.own_keys import keys_of
from switch.rekeying import RekeyUnfinished, rotate_key
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import SystemEntropy
from switch.store.audit import audit
from switch.store.chain import succession
from switch.store.sqlite import open_reader
from switch.stores import open_store
from tests.backup.test_backup_place import served
from tests.switch_core.core_values import buried, capped, payment, refused

if TYPE_CHECKING:
    from pathlib import Path

SLOT = 1
CONFIG = load_config(default_folder())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a switch that stopped, with a backup of it beside."""
    folder = tmp_path / "var"
    keys_of(CONFIG, folder, may_make=True)
    with closing(served(folder)) as engine:
        engine.execute([capped(7)])
        engine.execute([refused(payment(7))])
    back_up(folder, tmp_path / "copy.db", SLOT)
    return folder


def rotated(data: Path) -> str:
    return rotate_key(CONFIG, data, SystemClock(), SystemEntropy())


def brought_back(data: Path) -> None:
    bring_back(data.parent / "copy.db", data, SLOT, SystemClock().now(), replace=True)


async def opened(data: Path) -> None:
    """Open the store as a server does, and write there."""
    keys, entropy = KeyFolder(data / "keys"), SystemEntropy()
    async with AsyncExitStack() as closed:
        store, _ = await open_store(CONFIG, data, keys, SystemClock(), entropy, closed)
        await store.commit(buried(9))


def faults(data: Path, *named: str) -> list[str]:
    keys = KeyFolder(data / "keys")
    publics = [keys.ed25519_public(name) for name in named] or keys.journal_publics()
    reader = open_reader(str(data / "switch.db"), SLOT)
    try:
        report = audit(reader, publics)
    finally:
        reader.connection.close()
    return [f"{each.place}: {each.what}" for each in report.faults]


def said(data: Path) -> list[str]:
    """Entries of the journal that name a key."""
    reader = open_reader(str(data / "switch.db"), SLOT)
    try:
        found = [
            orjson.loads(content)["public"]
            for _, leaves in reader.blocks()
            for _, content in leaves
            if b'"kind":"key"' in content
        ]
    finally:
        reader.connection.close()
    return found


@pytest.mark.parametrize("changes", [1, 3])
async def test_a_backup_of_before_a_change_goes_on_as_a_whole_journal(
    data: Path, changes: int
) -> None:
    first, *_ = [rotated(data).removesuffix(".pub.pem") for _ in range(changes)]
    brought_back(data)
    await opened(data)
    await opened(data)

    assert faults(data) == []
    assert faults(data, first) == [], "the first key alone no longer leads to the end"
    assert len(said(data)) == changes, "said once"
    back_up(data, data.parent / "next.db", SLOT)


async def test_a_backup_of_between_two_changes_is_told_of_the_second(data: Path) -> None:
    rotated(data)
    back_up(data, data.parent / "copy.db", SLOT)
    rotated(data)
    brought_back(data)
    await opened(data)

    assert faults(data) == []
    assert len(said(data)) == 2


def test_the_key_of_a_backup_can_be_changed_before_a_switch_serves_it(data: Path) -> None:
    rotated(data)
    brought_back(data)
    rotated(data)

    assert faults(data) == []


async def test_no_switch_goes_on_where_nothing_says_which_key_followed(data: Path) -> None:
    kept = data / "keys" / rotated(data).replace(".pub.pem", ".next")
    kept.unlink()
    brought_back(data)
    with pytest.raises(RekeyUnfinished, match=kept.name):
        await opened(data)

    assert faults(data) == []


@pytest.mark.parametrize("forged", ["another", "self", "of another"])
async def test_nobody_but_the_old_key_names_its_successor(data: Path, forged: str) -> None:
    kept = data / "keys" / rotated(data).replace(".pub.pem", ".next")
    brought_back(data)
    public, signed = (bytes.fromhex(word) for word in kept.read_text().split())
    stranger = Ed25519PrivateKey.generate()
    own = stranger.public_key().public_bytes_raw()
    said = {
        "another": stranger.sign(succession(own, public)),
        "self": KeyFolder(data / "keys").ed25519_private("journal").sign(succession(own, public)),
        "of another": bytes(64),
    }[forged]
    assert said != signed
    kept.write_text(f"{public.hex()} {said.hex()}\n")
    await opened(data)

    assert faults(data)[0].endswith("its signature does not verify")
