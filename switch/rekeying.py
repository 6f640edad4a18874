"""Changing the journal's key: the old key says in the journal which key comes next.

The switch is stopped meanwhile. The new key is made and kept first, then the block that names it is
committed, then the files take their places; a change that was cut off is brought to its end by
asking for it once more, and until then no switch starts. The old private key is destroyed, the old
public key is kept beside the new one, because the journal of before is verified under it, with what
the old key signed of the new one: a backup of before the change, brought back, is told that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from switch.commands import Rekey
from switch.config import ConfigError
from switch.data_folder import KEYS, readable_database
from switch.keys import JOURNAL, KeyFolder, public_pem, replaced_name
from switch.runtime.entropy import Ids
from switch.runtime.lock import owned_folder
from switch.runtime.private_files import sync_file, sync_folder, write_private
from switch.store.chain import Keyring, succession
from switch.store.sqlite import SqliteEngine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from switch.config import Config
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Entropy
    from switch.store.journal import Block

NEXT: Final = f"{JOURNAL}-next"
"""Name of the key that is about to take the journal's key's place."""


KEY_ENTRY: Final = b'"kind":"key"'
"""In the canonical text of an entry that names a key, and in no other: a string has no quotes."""


class RekeyUnfinished(OSError):  # noqa: N818  the name says what happened
    """A change of the journal's key was cut off, or a part of what it left is missing."""


def refuse_unfinished(data: Path) -> None:
    """Raise :class:`RekeyUnfinished` where a change of the key was begun and not ended."""
    if (data / KEYS / f"{NEXT}.pem").exists():
        raise RekeyUnfinished(
            f"{data / KEYS / NEXT}.pem: a change of key was cut off; run journal rotate-key again"
        )


def rotate_key(config: Config, data: Path, clock: Clock, entropy: Entropy) -> str:
    """Change the journal's key; returns the file that keeps the old public key.

    Raises :class:`~switch.config.ConfigError` for a store of several processes, :class:`OSError`
    and what opening keys and store raises; asking again goes on with it.
    """
    if config.store.engine != "sqlite":
        raise ConfigError("the journal's key can be changed on an embedded store only")
    database, keys = readable_database(data), KeyFolder(data / KEYS)
    with owned_folder(data):
        if not (data / KEYS / f"{NEXT}.pem").exists():
            made = Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            write_private(data / KEYS / f"{NEXT}.pem", made)
            # The journal names its public half: a power cut must not leave that without a key.
            sync_file(data / KEYS / f"{NEXT}.pem")
            sync_folder(data / KEYS)
        following = keys.ed25519_private(NEXT)
        _say(config, database, keys, following, Ids(clock, entropy), clock)
        return _take_places(data / KEYS, keys, following)


def _say(
    config: Config,
    database: Path,
    keys: KeyFolder,
    following: Ed25519PrivateKey,
    ids: Ids,
    clock: Clock,
) -> None:
    """Commit the block that names the next key, unless the last block does."""
    public = following.public_key().public_bytes_raw()
    engine = SqliteEngine(
        str(database),
        clock=clock,
        sign=keys.ed25519_private(JOURNAL).sign,
        slot=config.switch.slot,
        migrates=False,
    )
    try:
        named = {_named(leaves) for _, leaves in engine.blocks(last_only=True)}
        if public not in named:
            go_on(engine, keys, clock, ids)
            engine.execute([Rekey(public, clock.now(), ids.salt())])
        engine.release()
    finally:
        engine.close()


def go_on(engine: SqliteEngine, keys: KeyFolder, clock: Clock, ids: Ids) -> None:
    """Say the folder's key in a journal that ends under one it followed, as a backup's may.

    A last block that no key of the folder signed is left to ``journal verify``. Raises
    :class:`RekeyUnfinished` where nothing tells which key followed: what would be signed now could
    never be verified.
    """
    present = keys.ed25519_private(JOURNAL).public_key().public_bytes_raw()
    for block, leaves in engine.blocks(last_only=True):
        raw = _named(leaves) or _signer(block, keys)
        if raw is not None and raw != present:
            steps = list(_steps(raw, present, keys))
            now = clock.now()
            engine.execute([Rekey(public, now, ids.salt(), said) for public, said in steps])


def _named(leaves: Sequence[tuple[bytes, bytes]]) -> bytes | None:
    """The key that the entries of a block say comes next."""
    named = [orjson.loads(text)["public"] for _, text in leaves if KEY_ENTRY in text]
    return bytes.fromhex(named[-1]) if named else None


def _signer(block: Block, keys: KeyFolder) -> bytes | None:
    """Which of the folder's keys signed a block."""
    signed = (key for key in keys.journal_publics() if Keyring([key]).signed(block))
    found = next(signed, None)
    return None if found is None else found.public_bytes_raw()


def _steps(raw: bytes, present: bytes, keys: KeyFolder) -> Iterator[tuple[bytes, bytes]]:
    while raw != present:
        following = keys.journal_successor(raw)
        if following is None:
            raise RekeyUnfinished(
                f"the journal ends under a key that was replaced, and {replaced_name(raw)}.next, "
                "which says by which, is not in the key folder: bring it back from its copy"
            )
        yield following
        raw = following[0]


def _take_places(folder: Path, keys: KeyFolder, following: Ed25519PrivateKey) -> str:
    """Put the new key in the old one's place, the old public key first beside it."""
    old = keys.ed25519_private(JOURNAL)
    before, after = old.public_key(), following.public_key()
    kept = replaced_name(before.public_bytes_raw())
    name = f"{kept}.pub.pem"
    write_private(folder / name, public_pem(before))
    raw = after.public_bytes_raw()
    if raw != before.public_bytes_raw():
        signed = old.sign(succession(before.public_bytes_raw(), raw))
        write_private(folder / f"{kept}.next", f"{raw.hex()} {signed.hex()}\n".encode())
    write_private(folder / f"{JOURNAL}.pub.pem", public_pem(after))
    sync_folder(folder)
    (folder / f"{NEXT}.pem").replace(folder / f"{JOURNAL}.pem")
    sync_folder(folder)
    return name
