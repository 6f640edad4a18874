"""``adapter list``: the networks that the installed packages can speak.

Reads entry points only; nothing is loaded, so a package that cannot be imported is still listed.
"""

from __future__ import annotations

import click

from switch.cli.options import tell
from switch.registry import ADAPTERS, SANDBOXES, installed


@click.group("adapter")
def command() -> None:
    """Adapters of networks."""


@command.command("list")
def listed() -> None:
    """Name each installed adapter, and whether it has a simulator."""
    simulators = installed(SANDBOXES)
    for name in installed(ADAPTERS):
        tell(f"{name}\t{'with' if name in simulators else 'without'} simulator")
