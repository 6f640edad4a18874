"""``suspense``: money that no payment waits for, and how two operators close it.

A client of a running switch that signs with an operator's key. One operator proposes how an item
closes, another approves the proposal that they saw; nothing happens before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from switch.cli.asking import ask, body_of, queried, told, url_option
from switch.cli.options import data_option, tell
from switch.suspense import Way

if TYPE_CHECKING:
    from pathlib import Path

PATH = "/v1/operations/suspense"

_as_option = click.option(
    "--as", "kid", default="operator-1", show_default=True, help="Which operator signs."
)
_item = click.argument("item")


@click.group("suspense")
def command() -> None:
    """Money that networks claim or that came, and that no payment waits for."""


@command.command("list")
@data_option
@url_option
@_as_option
@click.option("--by-age", is_flag=True, help="The oldest first (otherwise by name).")
@click.option("--after", default="", help="Go on behind this item.")
def list_(data: Path, url: str, kid: str, after: str, *, by_age: bool) -> None:
    """List what is open, with its age, amount and network, and what is proposed."""
    said = {"order": "age"} if by_age else {}
    if after:
        said["after"] = after
    path = queried(PATH, **said) if said else PATH
    ask("GET", path, b"", told(_show), data=data, kid=kid, url=url)


@command.command("show")
@_item
@data_option
@url_option
@_as_option
def show(item: str, data: Path, url: str, kid: str) -> None:
    """Show one item, closed or not."""
    ask("GET", queried(PATH, item=item), b"", told(_show), data=data, kid=kid, url=url)


@command.command("propose")
@_item
@click.argument("way", type=click.Choice([way.value for way in Way]))
@click.option("--to", help="BIC or network: who takes it, pays it out, or gave back.")
@click.option("--amount", help="What is withdrawn of a deposit, such as 250000.")
@click.option("--currency", default="KHR", show_default=True, help="Of that amount.")
@click.option("--reference", required=True, help="Names what shows it; kept in the open.")
@click.option("--instead-of", help="Replace this proposal, by its id.")
@data_option
@url_option
@_as_option
def propose(
    item: str,
    way: str,
    to: str | None,
    reference: str,
    instead_of: str | None,
    amount: str | None,
    currency: str,
    data: Path,
    url: str,
    kid: str,
) -> None:
    """Propose how ITEM closes; another operator must approve it."""
    if (to is None) != (way in (Way.SETTLED, Way.WRITTEN_OFF)):
        raise click.UsageError(
            "--to names who takes an item, pays it out or gave it back; settled and written_off "
            "need none."
        )
    if (amount is None) is (way == Way.WITHDRAWN):
        raise click.UsageError("--amount says what is withdrawn, and nothing else.")
    more: dict[str, object] = {"institution": to, "instead_of": instead_of}
    if amount is not None:
        more["amount"] = {"currency": currency, "value": amount}
    said = {name: value for name, value in more.items() if value is not None}
    body = body_of({"item": item, "way": way, "reference": reference, **said})
    ask("POST", f"{PATH}/proposals", body, told(_show), data=data, kid=kid, url=url)


@command.command("found")
@click.argument("sponsor")
@click.argument("ledger_hash", metavar="HASH")
@click.argument("amount")
@click.argument("currency")
@data_option
@url_option
@_as_option
def found(
    sponsor: str, ledger_hash: str, amount: str, currency: str, data: Path, url: str, kid: str
) -> None:
    """Say that Bakong's list of the pool of SPONSOR has a transfer of AMOUNT, and we have not.

    HASH is its hash there. Once another operator says the same, it is booked to suspense.
    """
    money = {"value": amount, "currency": currency}
    body = body_of({"sponsor": sponsor, "hash": ledger_hash, "amount": money})
    ask("POST", f"{PATH}/found", body, told(_found), data=data, kid=kid, url=url)


def _found(shown: dict[str, Any]) -> None:
    waits = "" if shown["booked"] else "; nothing is booked until another operator says the same"
    tell(f"{shown['item']}  {'booked' if shown['booked'] else 'noted'}{waits}")


@command.command("approve")
@_item
@click.argument("proposal")
@data_option
@url_option
@_as_option
def approve(item: str, proposal: str, data: Path, url: str, kid: str) -> None:
    """Close ITEM as another operator proposed, by the id of the PROPOSAL that was seen."""
    body = body_of({"item": item, "proposal": proposal})
    ask("POST", f"{PATH}/approvals", body, told(_show), data=data, kid=kid, url=url)


def _show(shown: dict[str, Any]) -> None:
    for item in shown.get("items", [shown]):
        amount, closed, proposal = item["amount"], item["closed"], item["proposal"]
        side = "to us" if item["to_us"] else "by us"
        money = f"{amount['value']} {amount['currency']} {side}"
        tell(f"{item['item']}  {item['network']}  {money}  {item['age_s']} s")
        if proposal:
            whose = f"{proposal['way']}, {proposal['institution']}"
            said = f"{whose}, by {proposal['operator']} ({proposal['reference']})"
            done = f"closed by {closed['operator']} at {closed['at']}" if closed else "proposed"
            tell(f"  {done}: {said}; id {proposal['id']}")
    if shown.get("after"):
        tell(f"more: --after {shown['after']}")
