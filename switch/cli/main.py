"""The command line: one group, each command in a module of its own, loaded when it is used.

Output for machines is JSON on standard output; everything for people that is not the result goes to
standard error. A configuration or key that cannot be used ends with status 2 and one sentence that
names it.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, Final

import click

_COMMANDS: Final = MappingProxyType(
    {
        "adapter": "switch.cli.adapter",
        "backup": "switch.cli.backup",
        "bench": "switch.cli.bench",
        "call": "switch.cli.call",
        "db": "switch.cli.db",
        "demo": "switch.cli.demo",
        "iso": "switch.cli.iso",
        "journal": "switch.cli.journal",
        "payments": "switch.cli.payments",
        "qr": "switch.cli.qr",
        "quote": "switch.cli.quote",
        "rates": "switch.cli.rates",
        "restore": "switch.cli.restore",
        "sandbox": "switch.cli.sandbox",
        "screening": "switch.cli.screening",
        "serve": "switch.cli.serve",
        "settle": "switch.cli.settle",
        "simulate": "switch.cli.simulate",
        "vault": "switch.cli.vault",
        "standing": "switch.cli.standing",
        "statement": "switch.cli.statement",
        "suspense": "switch.cli.suspense",
    }
)


class _Lazy(click.Group):
    """Commands by name; importing all of them would cost every start what only one needs."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run; help that nobody takes ends like any other output."""
        try:
            return super().main(*args, **extra)
        except OSError as error:
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            if place is None or place.tb_frame.f_globals.get("__name__") != "click.utils":
                raise
            from switch.cli.options import untaken

            untaken(error)

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = import_module(module).command
        return command


@click.group(cls=_Lazy)
@click.version_option(version("bakong-switch"), prog_name="bakong-switch")
def main() -> None:
    """The payment switch between Bakong and foreign payment networks."""
