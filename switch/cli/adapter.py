"""``adapter list``, ``cases``, ``check`` and ``new``: the networks that can be spoken, how well.

Listing reads entry points only; nothing is loaded, so a package that cannot be imported is still
listed. A check loads one network and holds it to the conformance cases; it ends with status 1 when
one of them fails or could not be run.
"""

from __future__ import annotations

from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Final

import click

from switch.cli.adapter_new import new
from switch.cli.options import (
    PORT_MAX,
    checked_url,
    config_option,
    guarded,
    put,
    read_config,
    stop,
    tell,
)
from switch.data_folder import KEYS
from switch.own_keys import keys_of
from switch.registry import ADAPTERS, SANDBOXES, installed
from switch.runtime.folders import temporary_folder
from switch.runtime.process import run

if TYPE_CHECKING:
    from typing import Any

    from switch.config import Config
    from switch.conformance import Asked
    from switch.runtime.process import Stopped

PATIENCE_MS_MAX: Final = 120_000


@click.group("adapter")
def command() -> None:
    """Adapters of networks."""


command.add_command(new)


@command.command("list")
def listed() -> None:
    """Name each installed adapter, and whether it has a simulator."""
    simulators = installed(SANDBOXES)
    for name in installed(ADAPTERS):
        tell(f"{name}\t{'with' if name in simulators else 'without'} simulator")


@command.command("cases")
def cases() -> None:
    """Print the specification: every case, what it demands and what a network needs for it."""
    from switch.conformance import specification

    put(specification().encode())


@command.command("check")
@click.argument("network")
@config_option
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), default=None,
              help="Folder with the keys (default: throw-away ones).")  # fmt: skip
@click.option("--url", default=None, help="A partner's test system instead of the simulator.")
@click.option("--door", type=click.IntRange(1, PORT_MAX), default=None,
              help="Port at which that system calls the switch; else it calls none.")  # fmt: skip
@click.option("--case", "only", multiple=True, metavar="AC-NN", help="Only this case.")
@click.option("--patience-ms", type=click.IntRange(50, PATIENCE_MS_MAX), default=None,
              help="Longest wait for an answer (default: 400 with the simulator).")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Write the report as JSON.")
@click.option("--html", "page", type=click.Path(dir_okay=False, path_type=Path), default=None,
              help="Also write the report as a page that can be signed.")  # fmt: skip
def check(
    network: str,
    config_folder: Path | None,
    data: Path | None,
    url: str | None,
    door: int | None,
    only: tuple[str, ...],
    patience_ms: int | None,
    *,
    as_json: bool,
    page: Path | None,
) -> None:
    """Hold NETWORK and its adapter to the conformance cases and report what holds."""
    from switch.conformance import SANDBOX_PATIENCE_MS, Asked

    far = None if url is None else checked_url(url, "--url")
    most = SANDBOX_PATIENCE_MS if url is None else PATIENCE_MS_MAX
    asked = Asked(network, far, only, patience_ms or most, door or 0)
    config = read_config(config_folder)
    if network not in config.networks:
        stop(f"{network} is not a network of switch.toml")

    def work() -> int:
        report = _report(config, asked, data)
        put(report.json() if as_json else f"{report.text()}\n".encode())
        if page is not None:
            page.write_text(report.html(), "utf-8")
        return 0 if report.passed else 1

    guarded(work)


def _report(config: Config, asked: Asked, data: Path | None) -> Any:
    """Check with the keys of a folder, or with throw-away ones."""
    from switch.conformance import check_network

    reports: list[Any] = []

    async def program(_: Stopped) -> int:
        with temporary_folder() as made:
            home = Path(made)
            if data is not None:
                # The switch of the check lives beside, with these keys and rows of its own.
                keys_of(config, data, may_make=False)
                copytree(data / KEYS, home / KEYS)
            reports.append(await check_network(config, keys_of(config, home), asked, home))
        return 0

    run(program)
    (report,) = reports
    return report
