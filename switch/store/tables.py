"""What an audit reads of each table: its columns, and the key that orders and pages it.

Both SQL engines make the same query from a row here, and the model makes the same rows, so an
audit knows no engine. Rows are raw: what a damaged file holds need not be a value that the product
could make. A table that a journal entry says something about stands here, or it is not checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from switch.store.rows import PAYMENT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

Row = tuple[Any, ...]
"""The columns of :class:`Table` as the database gives them."""

UNENDED: Final = (
    "(next_at IS NOT NULL OR disputed = 1 OR state IN ('manual', 'cancel_manual', 'blocked'))"
)
"""Which payments have a timer or wait for people: word for word what the index of them says, so
that both engines see that it holds all of them."""

NEWEST_BLOCK_AT: Final = (
    "WITH RECURSIVE s (slot) AS (SELECT min(slot) FROM block UNION ALL "
    "SELECT (SELECT min(slot) FROM block WHERE block.slot > s.slot) FROM s "
    "WHERE s.slot IS NOT NULL) SELECT max((SELECT at FROM block WHERE block.slot = s.slot "
    "ORDER BY number DESC LIMIT 1)) FROM s"
)
"""When anything was last written: by the last block of each slot, because within a slot times never
go back. One lookup for each slot instead of a read of every block."""

Key = tuple[Any, ...]
"""The first columns of a row: greater for each next one."""


@dataclass(frozen=True, slots=True)
class Table:
    """``columns`` of ``source``; the first ``keyed`` of them are unique and give the order."""

    columns: str
    source: str
    keyed: int = 1

    def page(self, mark: Callable[[int], str], *, first: bool) -> str:
        """The query of a page: the key of the row before it unless first, then how many rows.

        ``mark`` writes a place for a value by its number from 1.
        """
        key = ", ".join(self.columns.split(", ")[: self.keyed])
        marks = [mark(number) for number in range(1, self.keyed + 2)]
        if first:
            rows = f"SELECT {self.columns} FROM {self.source}"  # noqa: S608  constants
            return f"{rows} ORDER BY {key} LIMIT {marks[0]}"
        behind = f"({key}) > ({', '.join(marks[:-1])})"
        return (
            f"SELECT {self.columns} FROM {self.source} WHERE {behind} "  # noqa: S608  constants
            f"ORDER BY {key} LIMIT {marks[-1]}"
        )


TABLES: Final = MappingProxyType(
    {
        "block": Table("slot, number, epoch, previous, root, at, leaves, signature", "block", 2),
        "leaf": Table("slot, number, place, salt, content", "leaf", 3),
        "entry": Table(
            "entry_id, uetr, account, side, currency, minor, phase, pending_entry", "entry"
        ),
        "account": Table(
            "key, currency, debits_posted, credits_posted, debits_pending, credits_pending, "
            "net_debit_max, net_credit_max, institution, role, asset, kind",
            "account",
        ),
        "balance_check": Table(
            "slot, number, currency, phase, debits, credits", "balance_check", 4
        ),
        "balance_after": Table(
            "slot, number, account, debits_posted, credits_posted, debits_pending, credits_pending",
            "balance_after",
            3,
        ),
        "payment": Table(PAYMENT_COLUMNS, "payment"),
        "answer": Table(
            "answer.payment_id, uetr, status, content_type, body, sealed",
            "answer LEFT JOIN payment ON payment.payment_id = answer.payment_id",
        ),
        "sealed": Table(
            "record_id, uetr, kind, blob",
            "sealed LEFT JOIN payment ON payment.payment_id = sealed.payment_id",
        ),
        "binding": Table(
            "binding.payment_id, uetr, scope, key, content",
            "binding LEFT JOIN payment ON payment.payment_id = binding.payment_id",
        ),
        "exchange": Table(
            "exchange_id, uetr, exchange.network, operation, exchange.reference, method, path, "
            "send_by, answer_within_ms, record_id",
            "exchange LEFT JOIN payment ON payment.payment_id = exchange.payment_id",
        ),
        "data_key": Table(
            "data_key.payment_id, uetr, wrapped",
            "data_key LEFT JOIN payment ON payment.payment_id = data_key.payment_id",
        ),
        "claim": Table("quote_id, uetr, released", "claim"),
        "tombstone": Table("scope, uetr", "tombstone", 2),
        "incoming": Table("item_hash", "incoming"),
        "retention": Table("what, before", "retention"),
        "rate": Table(
            "provider, pair, version, effective_at, published_at, sheet, withdrawn_at", "rate", 3
        ),
    }
)
