"""Changing the journal's key: the old key says in the journal which key comes next.

The switch is stopped meanwhile. The new key is made and kept first, then the block that names it is
committed, then the files take their places; a change that was cut off is brought to its end by
asking for it once more, and until then no switch starts. The old private key is destroyed, the old
public key is kept beside the new one, because the journal of before is verified under it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from switch.commands import Rekey
from switch.config import ConfigError
from switch.data_folder import KEYS, readable_database
from switch.keys import JOURNAL, KeyFolder, public_pem
from switch.runtime.entropy import Ids
from switch.runtime.lock import owned_folder
from switch.runtime.private_files import sync_file, sync_folder, write_private
from switch.store.sqlite import SqliteEngine

if TYPE_CHECKING:
    from pathlib import Path

    from switch.config import Config
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Entropy

NEXT: Final = f"{JOURNAL}-next"
"""Name of the key that is about to take the journal's key's place."""

NAMED_BY: Final = 16
"""Digits of a public key's hash that name its file."""


class RekeyUnfinished(OSError):  # noqa: N818  the name says what happened
    """A change of the journal's key was cut off; ``journal rotate-key`` brings it to its end."""


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
        named = f'"public":"{public.hex()}"'.encode()
        said = [
            content
            for _, leaves in engine.blocks(last_only=True)
            for _, content in leaves
            if named in content
        ]
        if not said:
            engine.execute([Rekey(public, clock.now(), ids.salt())])
        engine.release()
    finally:
        engine.close()


def _take_places(folder: Path, keys: KeyFolder, following: Ed25519PrivateKey) -> str:
    """Put the new key in the old one's place, the old public key first beside it."""
    before = keys.ed25519_private(JOURNAL).public_key()
    after = following.public_key()
    name = f"{JOURNAL}-{hashlib.sha256(before.public_bytes_raw()).hexdigest()[:NAMED_BY]}.pub.pem"
    write_private(folder / name, public_pem(before))
    write_private(folder / f"{JOURNAL}.pub.pem", public_pem(after))
    sync_folder(folder)
    (folder / f"{NEXT}.pem").replace(folder / f"{JOURNAL}.pem")
    sync_folder(folder)
    return name
