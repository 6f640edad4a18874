"""``payments``: the queue of payments that need people, and how operators end them.

A client of a running switch that signs with an operator's key. One operator proposes an end with
evidence, another approves it; nothing happens before. What is shown holds nobody's name but what
is said and kept as evidence, which is opened on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
import orjson

from switch.cli.asking import ask, body_of, queried, told, url_option
from switch.cli.options import data_option, say, tell, uetr_argument
from switch.operators import Action

if TYPE_CHECKING:
    from pathlib import Path

PATH = "/v1/operations/payments"
NUMBER_MAX: Final = (1 << 63) - 1

_as_option = click.option(
    "--as", "kid", default="operator-1", show_default=True, help="Which operator signs."
)
_after_option = click.option(
    "--after", type=click.IntRange(0, NUMBER_MAX), default=0, help="Go on behind this number."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="The answer as it came.")


@click.group("payments")
def command() -> None:
    """Payments that are unknown, left to people or disputed."""


@command.command("open")
@_after_option
@click.option("--by-amount", is_flag=True, help="The largest of each currency, with the sums.")
@click.option("--network", help="Only those of this network or member.")
@click.option("--currency", help="Only those whose payer is debited in it, such as KHR.")
@data_option
@url_option
@_as_option
@_json_option
def open_(  # an option each
    after: int,
    network: str | None,
    currency: str | None,
    data: Path,
    url: str,
    kid: str,
    *,
    by_amount: bool,
    as_json: bool,
) -> None:
    """List them, the oldest first, with their age, amount and what may be proposed."""
    asked = {"network": network, "currency": currency}
    said = {name: value for name, value in asked.items() if value is not None}
    order = {"order": "amount"} if by_amount else {}
    path = queried(PATH, after=str(after), **order, **said)
    ask("GET", path, b"", told(_list, as_json=as_json), data=data, kid=kid, url=url)


@command.command("show")
@uetr_argument
@data_option
@url_option
@_as_option
def show(uetr: str, data: Path, url: str, kid: str) -> None:
    """Show everything that is known of one payment, and what is proposed."""
    ask("GET", f"{PATH}/{uetr}", b"", told(_whole), data=data, kid=kid, url=url)


@command.command("evidence")
@uetr_argument
@_after_option
@data_option
@url_option
@_as_option
def evidence(uetr: str, after: int, data: Path, url: str, kid: str) -> None:
    """Open what was sealed as evidence: messages, what was sent, what was proposed and why.

    It may name people. The switch logs who opened it, and not what they read.
    """
    path = f"{PATH}/{uetr}/evidence?after={after}"
    ask("GET", path, b"", told(_whole), data=data, kid=kid, url=url)


@command.command("resolve")
@uetr_argument
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
    body = body_of(asked)
    step = "proposals" if approve is None else "approvals"
    ask("POST", f"{PATH}/{uetr}/{step}", body, told(_one), data=data, kid=kid, url=url)


def _whole(payment: dict[str, Any]) -> None:
    if not payment["uetr"]:
        raise TypeError
    say(payment)


def _list(page: dict[str, Any]) -> None:
    for total in page.get("totals", ()):
        amount = total["amount"]
        value = "too much to show" if amount is None else amount["value"]
        tell(f"{total['count']} {total['state']}: {value} {total['currency']}")
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
        end = f"{proposal['action']} {proposal['reason']}".rstrip()
        tell(f"  proposed: {end} by {proposal['operator']} at {proposal['at']}")
        # As JSON: where it begins and ends is seen.
        tell(f"  because: {orjson.dumps(proposal['evidence']).decode()}")
        tell(f"  approve it: --approve {proposal['id']}")
