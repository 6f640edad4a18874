"""The clock and the key with which engines are opened in contract tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.switch_core.core_values import NOW

KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


class SteppingClock:
    """A clock that moves by a millisecond each time it is read."""

    def __init__(self) -> None:
        self._at = NOW

    def now(self) -> datetime:
        self._at += timedelta(milliseconds=1)
        return self._at

    def monotonic(self) -> float:
        return (self._at - NOW).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)
