"""What a start looks at in the store before anything else: networks with open payments, old caps.

A network may not be taken out of the configuration while payments are open there, because nobody
would ask about them; a cap may, and then no longer binds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.config import ConfigError
from switch.ledger import Account

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.config import Config
    from switch.port import Adapter
    from switch.store.contract import Reads


async def refuse_orphans(read: Reads, adapters: Mapping[str, Adapter]) -> None:
    """Refuse a configuration that lacks a network with open payments. Raises ConfigError."""
    for corridor in await read.open_corridors():
        for network in corridor.split("-"):
            if network not in adapters:
                raise ConfigError(
                    f"switch.toml: networks.{network}: is missing, and payments are open there"
                )


async def uncapped(read: Reads, config: Config) -> list[Account]:
    """Accounts whose cap is no longer configured: without one from now on."""
    listed = {account.key for account in config.caps}
    return [
        Account(account.key, account.currency)
        for account in (await read.accounts()).values()
        if account.key not in listed
        and (account.net_debit_max is not None or account.net_credit_max is not None)
    ]
