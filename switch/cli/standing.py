"""``standing``: how members and merchants stand, and how two operators change that.

A client of a running switch that signs with an operator's key. One operator proposes a step,
another approves the version that they saw; nothing happens before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
import orjson

from switch.cli.asking import HTTP_OK_MAX, ask, url_option
from switch.cli.options import data_option, say, tell
from switch.standings import PartyKind, Step

if TYPE_CHECKING:
    from pathlib import Path

    from switch.client import ClientAnswer

PATH = "/v1/operations/parties"

_as_option = click.option(
    "--as", "kid", default="operator-1", show_default=True, help="Which operator signs."
)
_kind = click.argument("kind", type=click.Choice([kind.value for kind in PartyKind]))
_name = click.argument("name")
_version = click.option("--version", type=int, required=True, help="The version that was seen.")


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
    path = f"{PATH}?after={quote(after, safe='/:')}" if after else PATH
    ask("GET", path, b"", _show, data=data, kid=kid, url=url)


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
    body = orjson.dumps({"version": version, "step": step, "reference": reference})
    ask("POST", f"{_path(kind, name)}/proposals", body, _show, data=data, kid=kid, url=url)


@command.command("approve")
@_kind
@_name
@_version
@data_option
@url_option
@_as_option
def approve(kind: str, name: str, version: int, data: Path, url: str, kid: str) -> None:
    """Take the step that another operator proposed in this version."""
    body = orjson.dumps({"version": version})
    ask("POST", f"{_path(kind, name)}/approvals", body, _show, data=data, kid=kid, url=url)


def _path(kind: str, name: str) -> str:
    if not name.replace(":", "").isalnum():
        raise click.UsageError("NAME is a BIC, or network:id of a merchant.")
    return f"{PATH}/{kind}/{name}"


def _show(answer: ClientAnswer) -> None:
    shown: Any = answer.json()
    if answer.status > HTTP_OK_MAX:
        say(shown)
        return
    for party in shown.get("parties", [shown]):
        tell(f"{party['kind']} {party['name']}  {party['state']}  version {party['version']}")
        proposal = party["proposal"]
        if proposal:
            said = f"{proposal['step']} by {proposal['operator']} ({proposal['reference']})"
            tell(f"  proposed: {said}; approve it: --version {party['version']}")
        tell(f"  may be: {', '.join(party['steps'])}")
    if shown.get("after"):
        tell(f"more: --after {shown['after']}")
