"""The key folder of a process, as it finds it or makes it at its start.

Apart from the server, because a simulator and the demonstration need the keys and nothing of the
switch besides: without it a simulator starts in about half the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.data_folder import DATABASE, KEYS
from switch.development_keys import make_development_keys
from switch.keys import KeyFolder
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import SystemEntropy

if TYPE_CHECKING:
    from pathlib import Path

    from switch.config import Config


def keys_of(config: Config, data: Path, *, may_make: bool | None = None) -> KeyFolder:
    """The key folder, with throw-away keys made where the profile allows it.

    ``may_make`` says that nothing was ever stored that new keys could not read; without it the file
    of the embedded store is looked for.

    Raises :class:`~switch.keys.KeyMissing` and :class:`OSError`.
    """
    data.mkdir(parents=True, exist_ok=True)
    if config.switch.profile == "development":
        make_development_keys(
            data / KEYS,
            config.members,
            SystemClock(),
            SystemEntropy(),
            providers=config.market.providers,
            networks=config.networks,
            may_make=not (data / DATABASE).exists() if may_make is None else may_make,
        )
    return KeyFolder(data / KEYS)
