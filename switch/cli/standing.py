"""``standing``: how members and merchants stand, and how two operators change that.

A client of a running switch that signs with an operator's key. One operator proposes a step,
another approves the version that they saw; nothing happens before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from switch.cli.asking import ask, body_of, queried, told, url_option
from switch.cli.options import data_option, tell
from switch.standings import VERSION_MAX, PartyKind, Step

if TYPE_CHECKING:
    from pathlib import Path

PATH = "/v1/operations/parties"

_as_option = click.option(
    "--as", "kid", default="operator-1", show_default=True, help="Which operator signs."
)
_kind = click.argument("kind", type=click.Choice([kind.value for kind in PartyKind]))
_name = click.argument("name")
_version = click.option(
    "--version",
    type=click.IntRange(0, VERSION_MAX),
    required=True,
    help="The version that was seen.",
)


@click.group("standing")
def command() -> None:
    """How members (by BIC) and merchants (network:id) stand."""


@command.command("list")
@data_option
@url_option
@_as_option
@click.option("--after", default="", help="Only those behind it: kind/name, as a page ends.")
def list_(data: Path, url: str, kid: str, after: str) -> None:
    """Show them, a page at a time, with what is proposed and what can be."""
    path = queried(PATH, after=after) if after else PATH
    ask("GET", path, b"", told(_show), data=data, kid=kid, url=url)


@command.command("propose")
@_kind
@_name
@click.argument("step", type=click.Choice([step.value for step in Step]))
@_version
@click.option("--reference", required=True, help="Names the decision that it rests on.")
@data_option
@url_option
@_as_option
def propose(  # the options of the command
    kind: str, name: str, step: str, version: int, reference: str, data: Path, url: str, kid: str
) -> None:
    """Propose STEP; another operator must approve it."""
    body = body_of({"version": version, "step": step, "reference": reference})
    ask("POST", f"{_path(kind, name)}/proposals", body, told(_show), data=data, kid=kid, url=url)


@command.command("approve")
@_kind
@_name
@_version
@data_option
@url_option
@_as_option
def approve(kind: str, name: str, version: int, data: Path, url: str, kid: str) -> None:
    """Take the step that another operator proposed in this version."""
    body = body_of({"version": version})
    ask("POST", f"{_path(kind, name)}/approvals", body, told(_show), data=data, kid=kid, url=url)


def _path(kind: str, name: str) -> str:
    if not (name.isascii() and name.replace(":", "").replace("_", "").isalnum()):
        raise click.UsageError("NAME is a BIC, or network:id of a merchant.")
    return f"{PATH}/{kind}/{name}"


def _show(shown: dict[str, Any]) -> None:
    for party in shown.get("parties", [shown]):
        tell(f"{party['kind']} {party['name']}  {party['state']}  version {party['version']}")
        proposal = party["proposal"]
        if proposal:
            said = f"{proposal['step']} by {proposal['operator']} ({proposal['reference']})"
            tell(f"  proposed: {said}; approve it: --version {party['version']}")
        tell(f"  may be: {', '.join(party['steps'])}")
    if shown.get("after"):
        tell(f"more: --after {shown['after']}")
