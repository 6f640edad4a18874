"""``statement``: the balance of an account at a past moment, and its lines between two.

Reads one snapshot of the store beside the processes that write, and changes nothing. Times are
ISO 8601 with their zone; one without a zone is refused, because it would name no moment.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from switch.account_statement import Asked, statement_lines, statement_page
from switch.cli.options import (
    config_option,
    data_option,
    guarded,
    printable,
    read_config,
    say,
    stop,
    tell,
)
from switch.model import EPOCH
from switch.record_reader import open_record
from switch.runtime.clock import SystemClock
from switch.runtime.process import run

if TYPE_CHECKING:
    from pathlib import Path


def moment(context: click.Context, option: click.Parameter, text: str | None) -> datetime | None:
    """A moment of an option: ISO 8601 with a zone."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise click.BadParameter("needs a time zone, as in …Z or …+07:00", context, option)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter("is not a time as 2026-11-22T00:00:00Z", context, option) from None


@click.command("statement")
@click.argument("account", callback=printable)
@config_option
@data_option
@click.option("--at", callback=moment, help="Only the balance as it was before this moment.")
@click.option("--from", "since", callback=moment, help="First moment of the statement.")
@click.option("--to", "until", callback=moment, help="First moment after it (default: now).")
@click.option("--json", "as_json", is_flag=True, help="JSON lines: the balances, then each line.")
def command(  # the options of one statement
    account: str,
    config_folder: Path | None,
    data: Path,
    at: datetime | None,
    since: datetime | None,
    until: datetime | None,
    *,
    as_json: bool,
) -> None:
    """Show ACCOUNT (institution/role/currency/asset) at any past time.

    Status 1: there is no such account.
    """
    if at is not None and (since is not None or until is not None):
        stop("--at is a moment by itself: give it, or --from and --to")
    config = read_config(config_folder)
    first, last = (at, at) if at is not None else (since or EPOCH, until or SystemClock().now())
    asked = Asked(account, first, last)

    async def program(_: object) -> int:
        async with open_record(config, data) as read:
            page = await statement_page(read, asked)
            if page is None:
                click.echo(f"bakong-switch: there is no account {account}", err=True)
                return 1
            head = {key: page[key] for key in page if key not in ("lines", "after")}
            _head(head, as_json=as_json)
            async for line in statement_lines(read, asked):
                _line(line, as_json=as_json)
        return 0

    guarded(lambda: run(program))


def _head(head: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        say(head)
        return
    tell(f"{head['account']}: {head['currency']}, settled {head['asset']}, {head['kind']}")
    for name, moment_of in (("opening", "from"), ("closing", "to")):
        sums = head[name]
        assert isinstance(sums, dict), "a balance has four sums"
        tell(
            f"{name} {head[moment_of]}  posted {sums['debits_posted']} Dr {sums['credits_posted']} "
            f"Cr  pending {sums['debits_pending']} Dr {sums['credits_pending']} Cr"
        )


def _line(line: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        say(line)
        return
    side = "Dr" if line["side"] == "debit" else "Cr"
    booked = f"{line['phase']:8} {line['amount']:>16} {side}"
    tell(f"{line['at']}  {booked}  {line['uetr'] or line['item'] or '-'}")
