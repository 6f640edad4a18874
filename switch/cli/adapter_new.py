"""``adapter new``: a new network's package, from one of its codes to what conforms.

In a folder of this project the adapter is made in ``adapters/``; anywhere else it becomes a package
of its own, which is found by its entry points once it is installed. Nothing that exists is
overwritten. The surprise: with ``--config`` the sections of the configuration are appended as well,
so that ``adapter check`` and ``demo`` know the network at once.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from switch.cli.options import port_of, read_config, stop, tell
from switch.config import HOME
from switch.runtime.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.config import Config

SKELETON: Final = "adapters.skeleton"
EXAMPLE: Final = (
    "00020101021128480011ph.ppmi.p2m0108BNORPHMM031000123456780503010"
    "5204581253036085802PH5909Lola Nena6006Manila63045E86"
)
"""A code of QR Ph, for a start without one."""

TREE: Final = Path("adapters/iso_profile")
"""What a folder of this project has."""


@click.command("new")
@click.argument("name")
@click.option("--code", default=None, help="A code of one of its merchants (default: an example).")
@click.option("--bic", default="XXXXPHMM", help="BIC of the network's own participant.")
@click.option("--clearing", default=None, help="Its clearing system (default: its name).")
@click.option("--iso-clearing", "coded", is_flag=True, help="ISO 20022 has a code of that.")
@click.option("--zone", default="8", help="How far its day is ahead of UTC: 7, or 6:30.")
@click.option("--rate", default="69.50", help="1 of the unit is so much of the other currency.")
@click.option("--unit", default="PHP", help="The unit: KHR, or the currency of the code.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=Path(),
              help="Where to make it (default: here).")  # fmt: skip
@click.option("--config", "config_folder", default=None,
              type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Append the sections of the configuration here.")  # fmt: skip
def new(name: str, folder: Path, config_folder: Path | None, **given: Any) -> None:
    """Start the adapter of NAME, a network that speaks the ISO 20022 profile."""
    skeleton = import_module(SKELETON)
    code = given.pop("code")
    given["clearing"] = given["clearing"] or name.replace("_", "").upper()
    if code is None:
        tell(
            "no --code: an example of the Philippines stands for the network; replace what it says"
        )
    try:
        asked = skeleton.asked_of(name, code or EXAMPLE, SystemClock().now(), **given)
    except skeleton.AskedError as error:
        stop(str(error))
    in_tree = (folder / TREE).is_dir()
    made: Mapping[str, str] = skeleton.package_files(asked, in_tree=in_tree)
    sections: Mapping[str, str] = {}
    if config_folder is not None:
        sections = skeleton.config_sections(asked, _surroundings(read_config(config_folder), name))
    _refuse_existing(folder, made)
    for path, text in made.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
        tell(f"made      {folder / path}")
    for file, text in sections.items():
        assert config_folder is not None, "sections are of a folder"
        with (config_folder / file).open("a", encoding="utf-8") as opened:
            opened.write(text)
        tell(f"appended  {config_folder / file}")


def _refuse_existing(folder: Path, made: Mapping[str, str]) -> None:
    for path in made:
        if (folder / path).exists():
            stop(f"{folder / path} exists; nothing was made")


def _surroundings(config: Config, name: str) -> Any:
    """What the configuration has of institutions, and the next free port."""
    if name in config.networks:
        stop(f"{name} is a network of switch.toml already; nothing was made")
    home = config.networks[HOME]
    provider = next(iter(config.market.providers.values()))
    ports = [port_of(section.url, "url") or 0 for section in config.networks.values()]
    surroundings: Any = import_module(SKELETON).Surroundings
    return surroundings(
        own_bic=config.switch.bic[:8],
        sponsor=home.own_bic,
        fee_taker=config.switch.bic,
        provider=provider.name,
        holder=provider.liquidity_holder,
        port=max(ports) + 1,
    )
