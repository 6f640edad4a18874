"""The statement of an account: its balance at any past moment, and every line between two.

What is shown is what the entries say, in the order of the journal. ``from`` is the first moment
that belongs to a statement and ``to`` the first that does not, so two that meet have no line in
common and none between them. The surprise: a block's time is taken just before it is durable, so a
statement up to this very second may still grow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fx.money import currency, major_units
from iso20022.identifiers import is_uetr
from switch.ledger import place_of
from switch.store.statements import LINES_MAX

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from switch.ledger import Account
    from switch.store.contract import Reads
    from switch.store.statements import StatementLine

SUMS: Final = ("debits_posted", "credits_posted", "debits_pending", "credits_pending")


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement of one account: since a moment, before another, a page behind an entry."""

    account: str
    since: datetime
    until: datetime
    after: int = 0
    limit: int = LINES_MAX


async def statement_page(read: Reads, asked: Asked) -> dict[str, object] | None:
    """A page of a statement with its opening and closing balance; None for no such account."""
    now = await read.account(asked.account)
    if now is None:
        return None
    code = now.currency
    limit = max(1, min(asked.limit, LINES_MAX))
    page = await read.statement(asked.account, asked.since, asked.until, asked.after, limit)
    place = place_of(asked.account)
    return {
        "account": asked.account,
        "institution": place.institution,
        "role": place.role,
        "currency": code,
        "asset": place.asset,
        "kind": place.kind,
        "from": _moment(asked.since),
        "to": _moment(asked.until),
        "opening": _balance(await read.balance(asked.account, asked.since), code),
        "closing": _balance(await read.balance(asked.account, asked.until), code),
        "lines": [_line(line, code) for line in page.lines],
        # Text: the number has more digits than most readers of JSON keep.
        "after": None if page.after is None else str(page.after),
    }


async def statement_lines(read: Reads, asked: Asked) -> AsyncIterator[dict[str, object]]:
    """Every line of a statement, read page by page."""
    held = await read.account(asked.account)
    after: int | None = asked.after
    while after is not None and held is not None:
        page = await read.statement(asked.account, asked.since, asked.until, after, LINES_MAX)
        for line in page.lines:
            yield _line(line, held.currency)
        after = page.after


def _balance(account: Account | None, code: str) -> dict[str, str]:
    """The four sums; what was booked on no account yet is nothing."""
    return {name: _amount(0 if account is None else getattr(account, name), code) for name in SUMS}


def _line(line: StatementLine, code: str) -> dict[str, object]:
    of_payment = is_uetr(line.uetr)
    return {
        "entry": str(line.entry_id),
        "at": _moment(line.at),
        "uetr": line.uetr if of_payment else None,
        "item": None if of_payment else line.uetr or None,
        "side": line.side,
        "amount": _amount(line.minor, code),
        "phase": line.phase,
        "resolves": None if line.pending_entry is None else str(line.pending_entry),
    }


def _moment(at: datetime) -> str:
    """To the microsecond: what is shown can be asked for again."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _amount(minor: int, code: str) -> str:
    return major_units(minor, currency(code))
