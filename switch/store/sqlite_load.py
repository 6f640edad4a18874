"""What a batch needs, loaded from SQLite on the connection that will write it.

Payments behind a binding come with it. An open payment that this process holds is not read again:
nobody else writes it while the slot is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.delta import Claim, Snapshot
from switch.model import from_micros
from switch.store.row_values import rate_of
from switch.store.rows import payment_of
from switch.store.sqlite_read import (
    ONE_RATE,
    SELECT_PAYMENT,
    WRAPPED,
    answer_in,
    binding_in,
    row_of,
)

if TYPE_CHECKING:
    import apsw

    from switch.delta import Wanted
    from switch.store.open_payments import OpenPayments

_NAMED: Final = "SELECT uetr FROM payment WHERE network = ? AND reference = ?"


def load(connection: apsw.Connection, keys: Wanted, held: OpenPayments) -> Snapshot:
    """Load what a batch named, the payments behind its bindings included.

    An open payment that is ``held`` is as stored, and has no answer yet.
    """
    snapshot = Snapshot()
    uetrs = dict.fromkeys(keys.payments)
    for scope, key in keys.bindings:
        binding = binding_in(connection, scope, key)
        if binding is not None:
            snapshot.bindings[scope, key] = binding
            uetrs[binding.uetr] = None
    for uetr in uetrs:
        known = held.get(uetr)
        if known is not None:
            snapshot.payments[uetr] = known
            continue
        row = row_of(connection, SELECT_PAYMENT + "WHERE uetr = ?", (uetr,))
        if row is not None:
            snapshot.payments[uetr] = payment_of(row)
            answer = answer_in(connection, uetr)
            if answer is not None:
                snapshot.answers[uetr] = answer
    _load_others(connection, keys, snapshot)
    return snapshot


def _load_others(connection: apsw.Connection, keys: Wanted, snapshot: Snapshot) -> None:
    """Load what stands beside payments."""
    for quote_id in keys.claims:
        row = row_of(connection, "SELECT uetr, released FROM claim WHERE quote_id = ?", (quote_id,))
        if row is not None:
            snapshot.claims[quote_id] = Claim(quote_id, row[0], bool(row[1]))
    for grave in keys.tombstones:
        row = row_of(connection, "SELECT at FROM tombstone WHERE scope = ? AND uetr = ?", grave)
        if row is not None:
            snapshot.tombstones[grave] = from_micros(row[0])
    for item in keys.incoming:
        if row_of(connection, "SELECT 1 FROM incoming WHERE item_hash = ?", (item,)):
            snapshot.incoming.add(item)
    for uetr in keys.wrapped:
        row = row_of(connection, WRAPPED, (uetr,))
        if row is not None:
            snapshot.wrapped[uetr] = bytes(row[0])
    for name in keys.named:
        row = row_of(connection, _NAMED, name)
        if row is not None:
            snapshot.named[name] = row[0]
    for rate_key in keys.rates:
        row = row_of(connection, ONE_RATE, rate_key)
        if row is not None:
            snapshot.rates[rate_key] = rate_of(row)
