"""Wrapping keys: what data keys are wrapped under, kept outside the database.

Several are held at once, by name; new data keys go under the current one. Names sort by age
(``2026-11`` after ``2026-10``; ``vault`` is the first of all), so the largest is current. To
destroy an old one makes every copy of a data key that is still wrapped under it worthless, in
backups too. One that is coming (``+2026-12``) opens what another process has wrapped under it
already, and wraps nothing here.
:class:`KeyWrapper` is all that a module which never gives its keys away would have to be.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
NAME_BYTES: Final = 16
FIRST: Final = "vault"
"""The key in ``vault.key``: data keys from before wrapping keys had names are under it."""

COMING: Final = "+"
"""Before the name of a key, where keys are read, that is held and not yet made use of."""

MONTH: Final = re.compile(r"\A[0-9]{4}-(0[1-9]|1[0-2])[a-z]?\Z")
"""Names of the others: a month, and a letter where there are several in one."""


class WrappingError(Exception):
    """A data key does not open under its wrapping key: altered, or of another payment."""


class KeysAway(Exception):  # noqa: N818  the name says what happened
    """Wrapping keys cannot be read where they are kept, for now or for ever."""


class KeyWrapper(Protocol):
    """Wraps and unwraps data keys. A call is made for each payment, so it must not wait."""

    @property
    def current(self) -> str:
        """Name of the wrapping key that new data keys go under; at most 16 letters of ASCII."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all that are held, oldest first."""

    def holds(self, name: str) -> bool:
        """True where the wrapping key of that name can be used."""

    def wrap(self, plain: bytes, bound: bytes, nonce: bytes) -> bytes:
        """Encrypt a data key under the current wrapping key, bound to what it belongs to."""

    def unwrap(self, name: str, wrapped: bytes, bound: bytes, nonce: bytes) -> bytes:
        """Decrypt. Raises :class:`WrappingError`."""

    def refresh(self) -> bool:
        """Look for wrapping keys that came or went; True where the current one is another now."""


class HeldKeys:
    """Wrapping keys held in this process, read from where ``read`` finds them.

    A key that is not held is looked for once more before it is said to be missing, because
    another process may have made it a moment ago.
    """

    def __init__(self, read: Callable[[], Mapping[str, bytes]]) -> None:
        """``read`` raises :class:`KeysAway`, and so do the first reading and :meth:`refresh`."""
        self._read = read
        self._held: dict[str, AESGCM] = {}
        self._current = ""
        self.refresh()

    @property
    def current(self) -> str:
        """Name of the newest."""
        return self._current

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all that are held, oldest first."""
        return tuple(self._held)

    def holds(self, name: str) -> bool:
        """True where it is held, looked for once more where it is not."""
        if name not in self._held:
            with suppress(KeysAway):
                self.refresh()
        return name in self._held

    def wrap(self, plain: bytes, bound: bytes, nonce: bytes) -> bytes:
        """Encrypt under the newest."""
        return self._held[self._current].encrypt(nonce, plain, bound)

    def unwrap(self, name: str, wrapped: bytes, bound: bytes, nonce: bytes) -> bytes:
        """Decrypt under the one of that name. Raises :class:`WrappingError`."""
        assert name in self._held, "only a key that is held is asked to unwrap"
        try:
            return self._held[name].decrypt(nonce, wrapped, bound)
        except (InvalidTag, ValueError):
            raise WrappingError("a data key does not open under its wrapping key") from None

    def refresh(self) -> bool:
        """Read the keys again."""
        read = self._read()
        assert all(len(key) == KEY_BYTES for key in read.values()), "a wrapping key is 256 bits"
        used = [name for name in read if not name.startswith(COMING)]
        assert used, "there is a wrapping key"
        # The same key may be read as coming, too, while its file is renamed.
        found = {name.removeprefix(COMING): key for name, key in sorted(read.items())}
        before = self._current
        self._held = {name: AESGCM(found[name]) for name in sorted(found, key=_age)}
        self._current = max(used, key=_age)
        return bool(before) and self._current != before


def is_name(text: str) -> bool:
    """True for what may name a wrapping key."""
    return text == FIRST or MONTH.match(text) is not None


def parse_keys(text: str) -> dict[str, bytes]:
    """Keys as an environment variable holds them: ``+2026-12=<64 hex digits>,2026-11=…``.

    Raises :class:`ValueError` without quoting anything of the text.
    """
    keys: dict[str, bytes] = {}
    for entry in text.split(","):
        name, _, value = entry.strip().partition("=")
        if not is_name(name.removeprefix(COMING)) or name in keys:
            raise ValueError("is not written NAME=KEY,…, each name a month or 'vault', once")
        try:
            keys[name] = bytes.fromhex(value)
        except ValueError:
            raise ValueError(f"{name} is not a key in hexadecimal") from None
        if len(keys[name]) != KEY_BYTES:
            raise ValueError(f"{name} is not a key of 256 bits")
    return keys


def _age(name: str) -> tuple[bool, str]:
    return name != FIRST, name
