"""Where wrapping keys come from: files of the key folder, or the environment of the process.

A new one is a file that is on the disk before its name is, so that no data key is ever under a key
that a crash could lose; a destroyed one is overwritten before its file goes. The surprise: the
first new key also writes the index key into a file of its own; until then it followed from the very
first wrapping key, so that this one may be destroyed like any other.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from switch.keys import INDEX, LOCK_FILE, VAULT, KeyFolder, KeyMissing, KeyUnreadable
from switch.runtime.lock import waiting_lock
from switch.runtime.private_files import private_folder, sync_file, sync_folder, write_private
from switch.store.packing import Packing
from switch.store.vault import Vault
from switch.store.wrapping import COMING, FIRST, KEY_BYTES, HeldKeys, parse_keys

if TYPE_CHECKING:
    from pathlib import Path

    from switch.runtime.entropy import Entropy

WRAPPING_VARIABLE: Final = "BAKONG_SWITCH_WRAPPING_KEYS"
"""Environment variable that may hold the wrapping keys, instead of files."""


def wrapping_keys(source: str, keys: KeyFolder) -> HeldKeys:
    """The wrapping keys, from ``files`` or the ``environment``. Raises :class:`KeyMissing`."""
    return HeldKeys(_environment_keys if source == "environment" else keys.wrapping)


def open_vault(source: str, keys: KeyFolder, entropy: Entropy) -> Vault:
    """A vault under these keys. Raises :class:`KeyMissing`."""
    return Vault(wrapping_keys(source, keys), keys.index(), entropy, Packing())


def make_wrapping_key(folder: Path, name: str, entropy: Entropy, *, coming: bool = False) -> Path:
    """Make the wrapping key of that name, unless it is there; one that was coming is it now.

    One that is ``coming`` is held by whoever reads the folder, and not yet made use of. Returns the
    key's file. Raises :class:`OSError`.
    """
    months = folder / VAULT
    private_folder(months)
    used, held = months / f"{name}.key", months / f"{COMING}{name}.key"
    with waiting_lock(folder / LOCK_FILE):
        if not (folder / f"{INDEX}.key").exists():
            _write(folder / f"{INDEX}.key", KeyFolder(folder).index())
        if not used.exists() and not held.exists():
            _write(held if coming else used, entropy.bytes(KEY_BYTES))
        elif not used.exists() and not coming:
            held.replace(used)
            sync_folder(months)
    return used if used.exists() else held


def destroy_wrapping_key(folder: Path, name: str) -> None:
    """Overwrite a wrapping key and remove its file. Raises :class:`OSError`."""
    path = folder / f"{FIRST}.key" if name == FIRST else folder / VAULT / f"{name}.key"
    with path.open("r+b") as file:
        file.write(b"0" * (2 * KEY_BYTES))
    sync_file(path)
    path.unlink()
    sync_folder(path.parent)


def _write(path: Path, key: bytes) -> None:
    write_private(path, key.hex().encode())
    sync_file(path)
    sync_folder(path.parent)


def _environment_keys() -> dict[str, bytes]:
    text = os.environ.get(WRAPPING_VARIABLE)
    if not text:
        raise KeyMissing(f"missing: the environment variable {WRAPPING_VARIABLE}")
    try:
        return parse_keys(text)
    except ValueError as error:
        raise KeyUnreadable(f"{WRAPPING_VARIABLE}: {error}") from None
