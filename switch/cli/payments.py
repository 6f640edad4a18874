"""``payments``: the queue of payments that need people, and how operators end them.

A client of a running switch that signs with an operator's key. One operator proposes an end with
evidence, another approves it; nothing happens before. What is shown holds nobody's name but what
is said and kept as evidence, which is opened on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import orjson

from switch.cli.asking import HTTP_OK_MAX, ask, url_option
from switch.cli.options import data_option, say, tell
from switch.operators import Action

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switch.client import ClientAnswer

PATH = "/v1/operations/payments"

_as_option = click.option(
    "--as", "kid", default="operator-1", show_default=True, help="Which operator signs."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="The answer as it came.")


@click.group("payments")
def command() -> None:
    """Payments that are unknown, left to people or disputed."""


@command.command("open")
@click.option("--after", default="0", help="Go on behind this number.")
@data_option
@url_option
@_as_option
@_json_option
def open_(after: str, data: Path, url: str, kid: str, *, as_json: bool) -> None:
    """List them, the oldest first, with their age, amount and what may be proposed."""
    path = f"{PATH}?after={after}" if after.isdecimal() else PATH
    ask("GET", path, b"", _shower(_list, as_json=as_json), data=data, kid=kid, url=url)


@command.command("show")
@click.argument("uetr")
@data_option
@url_option
@_as_option
def show(uetr: str, data: Path, url: str, kid: str) -> None:
    """Show everything that is known of one payment, and what is proposed."""
    ask("GET", f"{PATH}/{uetr}", b"", _shower(say, as_json=True), data=data, kid=kid, url=url)


@command.command("evidence")
@click.argument("uetr")
@click.option("--after", default="0", help="Go on behind this number.")
@data_option
@url_option
@_as_option
def evidence(uetr: str, after: str, data: Path, url: str, kid: str) -> None:
    """Open what was sealed as evidence: messages, what was sent, what was proposed and why.

    It may name people. The switch logs who opened it, and not what they read.
    """
    path = f"{PATH}/{uetr}/evidence"
    path = f"{path}?after={after}" if after.isdecimal() else path
    ask("GET", path, b"", _shower(say, as_json=True), data=data, kid=kid, url=url)


@command.command("resolve")
@click.argument("uetr")
@click.option(
    "--propose",
    "action",
    type=click.Choice([action.value for action in Action]),
    help="Propose this end; another operator must approve it.",
)
@click.option("--reason", help="ISO 20022 reason code of a refusal, such as AC01.")
@click.option("--evidence", help="What shows it: the text of a message or of a file's line.")
@click.option("--instead-of", help="Replace this proposal, by its id.")
@click.option("--approve", metavar="ID", help="Carry out this proposal of another operator.")
@data_option
@url_option
@_as_option
def resolve(
    uetr: str,
    action: str | None,
    reason: str | None,
    evidence: str | None,
    instead_of: str | None,
    approve: str | None,
    data: Path,
    url: str,
    kid: str,
) -> None:
    """Propose how a payment ends, or approve what another operator proposed."""
    if (approve is None) == (action is None):
        raise click.UsageError("Give one of --propose and --approve.")
    if action is not None and not evidence:
        raise click.UsageError("--propose needs --evidence.")
    asked: dict[str, object] = {"proposal": approve}
    if action is not None:
        more = {"reason": reason, "instead_of": instead_of}
        said = {name: value for name, value in more.items() if value is not None}
        asked = {"action": action, "evidence": evidence, **said}
    body = orjson.dumps(asked)
    step = "proposals" if approve is None else "approvals"
    shower = _shower(_one, as_json=False)
    ask("POST", f"{PATH}/{uetr}/{step}", body, shower, data=data, kid=kid, url=url)


def _shower(show: Callable[[Any], None], *, as_json: bool) -> Callable[[ClientAnswer], None]:
    def shown(answer: ClientAnswer) -> None:
        if as_json or answer.status > HTTP_OK_MAX:
            say(answer.json())
        else:
            show(answer.json())

    return shown


def _list(page: dict[str, Any]) -> None:
    for payment in page["payments"]:
        _one(payment)
    if page["after"] is not None:
        tell(f"more: --after {page['after']}")


def _one(payment: dict[str, Any]) -> None:
    debit, owed = payment["debit"], payment["owed"]
    disputed = ", disputed" if payment["disputed"] else ""
    tell(
        f"{payment['uetr']}  {payment['state']}{disputed}  {payment['age_s']} s  "
        f"{debit['value']} {debit['currency']} -> {owed['value']} {owed['currency']}  "
        f"{payment['network']} {payment['reference']}"
    )
    if payment["actions"]:
        tell(f"  may be: {', '.join(payment['actions'])}")
    screening = payment.get("screening")
    if screening:
        tell(f"  screening: on list {screening['list']}, by its {screening['met']}")
    proposal = payment.get("proposal")
    if proposal:
        tell(f"  proposed: {proposal['action']} by {proposal['operator']} at {proposal['at']}")
        # As JSON: what somebody wrote or pasted must not steer a terminal.
        tell(f"  because: {orjson.dumps(proposal['evidence']).decode()}")
        tell(f"  approve it: --approve {proposal['id']}")
