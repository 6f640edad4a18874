"""``quote``: what an amount costs in a corridor now, from every provider, without any effect.

A dry run against a running switch: nothing is stored, counted or kept, and what it shows cannot be
paid with. Whoever is left out is named with the reason in one word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from switch.cli.asking import ask, body_of, told, url_option
from switch.cli.options import data_option, tell

if TYPE_CHECKING:
    from pathlib import Path


@click.command("quote")
@click.argument("corridor")
@click.argument("amount")
@click.argument("currency")
@click.option("--provider", help="Ask this one only.")
@data_option
@url_option
@click.option("--as", "kid", default="ABAAKHPPXXX", show_default=True, help="Which member asks.")
@click.option("--json", "as_json", is_flag=True, help="The answer as it came.")
def command(
    corridor: str,
    amount: str,
    currency: str,
    provider: str | None,
    data: Path,
    url: str,
    kid: str,
    *,
    as_json: bool,
) -> None:
    """Price AMOUNT of CURRENCY in a CORRIDOR such as bakong-thailand.

    AMOUNT is the whole debit in the payer's currency, the whole credit in the payee's.
    """
    asked: dict[str, object] = {
        "corridor": corridor,
        "amount": {"currency": currency, "value": amount},
    }
    if provider is not None:
        asked["provider"] = provider
    shower = told(_print, as_json=as_json)
    ask("POST", "/v1/quotes", body_of(asked), shower, data=data, kid=kid, url=url)


def _print(priced: dict[str, Any]) -> None:
    for quote in priced["quotes"]:
        tell(
            f"{quote['provider']:24} {_amount(quote['debit'])} -> {_amount(quote['credit'])} "
            f"at {quote['effective_rate']} until {quote['expires_at']}"
        )
        for hop in quote["hops"]:
            tell(
                f"  {_amount(hop['source'])} -> {_amount(hop['destination'])}  {hop['provider']} "
                f"1 {hop['unit_currency']} = {hop['rate']}, spread {hop['spread_bp']} bp, "
                f"version {hop['rate_version']}, residue {_amount(hop['residue'])}"
            )
        for fee in quote["fees"]:
            tell(f"  fee of the {fee['party']}, {fee['mode']}: {_amount(fee['amount'])}")
    for left in priced["left_out"]:
        tell(f"{left['provider']:24} left out: {left['reason']}")
    for alarm in priced["alarms"]:
        tell(f"alarm: {alarm}")


def _amount(amount: dict[str, str]) -> str:
    return f"{amount['value']} {amount['currency']}"
