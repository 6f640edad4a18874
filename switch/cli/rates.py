"""``rates``: the standing rates of a running switch, seen, set and withdrawn.

Everything goes over the switch's own interface with the key of who asks, so what a provider may not
do there it cannot do here. A rate that is refused ends with status 1 and its code. The surprise: a
rate set twice with the same version and content is only confirmed, which keeps it from going stale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from switch.cli.asking import ask, body_of, queried, told, url_option
from switch.cli.options import data_option, stop, tell
from switch.runtime.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATH = "/v1/rates"
BP_DIGITS_MAX: Final = 9

_as_json = click.option("--json", "as_json", is_flag=True, help="The answer as it came.")


def _as(default: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option("--as", "kid", default=default, show_default=True,
                        help="Who signs: overseer, or the provider's name.")  # fmt: skip


@click.group("rates")
def command() -> None:
    """Standing rates of the providers."""


@command.command("list")
@data_option
@url_option
@_as("overseer")
@_as_json
def listed(data: Path, url: str, kid: str, *, as_json: bool) -> None:
    """The current rate of each provider and pair of currencies."""
    ask("GET", PATH, b"", told(_table, as_json=as_json), data=data, kid=kid, url=url)


@command.command("history")
@click.argument("provider")
@click.argument("payer_currency")
@click.argument("payee_currency")
@data_option
@url_option
@_as("overseer")
@_as_json
def history(
    provider: str,
    payer_currency: str,
    payee_currency: str,
    data: Path,
    url: str,
    kid: str,
    *,
    as_json: bool,
) -> None:
    """Every version of one provider's rate from PAYER_CURRENCY to PAYEE_CURRENCY."""
    asked = {"provider": provider, "payer": payer_currency, "payee": payee_currency}
    path = queried(f"{PATH}/history", **asked)
    ask("GET", path, b"", told(_table, as_json=as_json), data=data, kid=kid, url=url)


@command.command("set")
@click.argument("provider")
@click.argument("payer_currency")
@click.argument("payee_currency")
@click.argument("rate")
@click.option("--unit", required=True, metavar="CURRENCY", help="1 CURRENCY is RATE of the other.")
@click.option("--version", "rate_version", required=True, help="Never used before for this pair.")
@click.option("--effective-at", help="ISO 8601 with its offset; now when left out.")
@click.option("--spread-bp", type=click.IntRange(min=0), default=0, show_default=True,
              help="What the provider keeps, in hundredths of a percent.")  # fmt: skip
@click.option("--tier", "tiers", multiple=True, metavar="AMOUNT=BP",
              help="From AMOUNT of the payer's currency on, BP of it is given back.")  # fmt: skip
@data_option
@url_option
@_as_json
def put(  # the options of one sheet
    provider: str,
    payer_currency: str,
    payee_currency: str,
    rate: str,
    unit: str,
    rate_version: str,
    effective_at: str | None,
    spread_bp: int,
    tiers: tuple[str, ...],
    data: Path,
    url: str,
    *,
    as_json: bool,
) -> None:
    """Set PROVIDER's rate from PAYER_CURRENCY to PAYEE_CURRENCY, signed with its key."""
    sheet = {
        "payer_currency": payer_currency,
        "payee_currency": payee_currency,
        "unit_currency": unit,
        "rate": rate,
        "version": rate_version,
        "effective_at": effective_at or SystemClock().now().isoformat(),
        "spread_bp": spread_bp,
        "tiers": [_tier(text) for text in tiers],
    }
    body = body_of({"sheets": [sheet]})
    ask("PUT", PATH, body, told(_outcomes, as_json=as_json), data=data, kid=provider, url=url)


@command.command("withdraw")
@click.argument("provider")
@click.argument("payer_currency")
@click.argument("payee_currency")
@click.argument("rate_version", metavar="VERSION")
@data_option
@url_option
@click.option("--as", "kid", help="Who signs: the provider itself, or overseer.")
@_as_json
def withdraw(
    provider: str,
    payer_currency: str,
    payee_currency: str,
    rate_version: str,
    data: Path,
    url: str,
    kid: str | None,
    *,
    as_json: bool,
) -> None:
    """Withdraw a VERSION: it is not quoted any more, and quotes at it are refused."""
    asked = {
        "provider": provider,
        "payer_currency": payer_currency,
        "payee_currency": payee_currency,
        "version": rate_version,
    }
    if kid in (None, provider):
        del asked["provider"]
    path, body = f"{PATH}/withdraw", body_of(asked)
    ask(
        "POST",
        path,
        body,
        told(_outcomes, as_json=as_json),
        data=data,
        kid=kid or provider,
        url=url,
    )


def _tier(text: str) -> dict[str, Any]:
    amount, separator, points = text.partition("=")
    if not separator or not points.isdecimal() or len(points) > BP_DIGITS_MAX:
        stop(f"--tier {text}: is written AMOUNT=BP")
    return {"from": amount, "improvement_bp": int(points)}


def _table(page: dict[str, Any]) -> None:
    """Show rates as a table."""
    rates = page["rates"]
    tell(f"{'provider':16} {'pair':8} {'rate':>14}  {'version':20} {'spread':>6}  since")
    for rate in rates:
        pair = f"{rate['payer_currency']}/{rate['payee_currency']}"
        gone = "" if rate["withdrawn_at"] is None else "  withdrawn"
        tell(
            f"{rate['provider']:16} {pair:8} {rate['rate']:>14}  {rate['version']:20} "
            f"{rate['spread_bp']:>6}  {rate['effective_at']}{gone}"
        )
    for loop in page.get("loops", []):
        tell(f"alarm: {' | '.join(loop['rates'])} pay {loop['gain_bp']} bp in a circle")


def _outcomes(page: dict[str, Any]) -> None:
    """Show what became of each sheet."""
    for sheet in page["sheets"]:
        why = "" if sheet["code"] is None else f" {sheet['code']}: {sheet['detail']}"
        tell(f"{sheet['outcome']}{why}")
        for alarm in sheet["alarms"]:
            tell(f"  alarm: {alarm}")
