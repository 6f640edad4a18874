"""``settle``: hand a network's settlement file to a running switch, and say what became of it.

Signed with an operator's key. What the network settled ends payments whose outcome nobody knew;
what differs, what nobody knows and what is missing is listed. The same file again does nothing new.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import click

from switch.cli.asking import ask, body_of, told, url_option
from switch.cli.options import data_option, shown, tell

PATH = "/v1/operations/settlements"

_SHOWN = (
    *("resolved", "returned", "disputed", "unreadable", "differs", "twice", "again", "unknown"),
    *("lost", "missing", "waiting", "still_open"),
)


@click.command("settle")
@click.argument("network")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "kid", default="operator-1", show_default=True, help="Who signs.")
@click.option("--json", "as_json", is_flag=True, help="The answer as it came.")
@data_option
@url_option
def command(network: str, file: Path, kid: str, data: Path, url: str, *, as_json: bool) -> None:
    """Take a settlement file of NETWORK as evidence of what it has carried out."""
    if not (network.isascii() and network.replace("_", "").isalnum()):
        raise click.UsageError("NETWORK is a name as in the configuration.")
    content = b64encode(file.read_bytes()).decode()
    body = body_of({"name": shown(Path(file.name)), "content": content})
    shower = told(_report, as_json=as_json)
    ask("POST", f"{PATH}/{network}", body, shower, data=data, kid=kid, url=url)


def _report(report: dict[str, Any]) -> None:
    counts = ", ".join(f"{count} {what}" for what, count in sorted(report["counts"].items()))
    tell(f"{report['lines']} lines, sha256 {report['sha256']}: {counts or 'nothing to say'}")
    for what in _SHOWN:
        for each in report.get(what, ()):
            said = each.get("uetr") or f"{each['amount']['value']} {each['amount']['currency']}"
            reference = each.get("reference") or each.get("network_reference", "")
            tell(f"  {what}: {said}  {reference}  {each.get('state') or ''}".rstrip())
    if not report["taken"]:
        tell("Nobody signed it: nothing is done until another operator hands in the same file.")
        return
    if not report["whole"]:
        tell("The file is a part of its period: what it lacks says nothing.")
