"""The option ``--store`` of the commands that open a store, stronger than the configuration.

It names the engine only: where a server is, and who we are there, is never an argument, because
every user of the machine can read those.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from switch.config import Config

store_option = click.option(
    "--store",
    type=click.Choice(["sqlite", "postgresql"]),
    default=None,
    help="Store, instead of the configured one; the server's address: see store.url.",
)


def with_store(config: Config, store: str | None) -> Config:
    """The configuration with another engine, where one was asked for."""
    if store is None:
        return config
    return replace(config, store=config.store.model_copy(update={"engine": store}))


def with_slot(config: Config, slot: int | None) -> Config:
    """The configuration with another writer slot, where one was asked for."""
    if slot is None:
        return config
    return replace(config, switch=config.switch.model_copy(update={"slot": slot}))
