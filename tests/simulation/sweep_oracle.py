"""An independent look at what a run left: raw tables and the networks' books, nothing else.

Shares no code with the ledger or the journal. Each finding is one sentence; none is good.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import apsw

Book = Sequence[Mapping[str, Any]]
ENDED = {"accepted": True, "credited": True, "refused": False}
"""Final states, and whether money moved."""

EXPONENT = 2
"""Of riel and of baht, in minor units (ISO 4217)."""


def opened(vfs: str) -> apsw.Connection:
    """The database that a switch left on its disk."""
    connection = apsw.Connection("switch.db", vfs=vfs)
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    return connection


def findings(connection: apsw.Connection, books: Mapping[str, Book]) -> list[str]:
    """Everything that is wrong once every payment should have ended."""
    return [
        *_integrity(connection),
        *_sums(connection),
        *_balances(connection),
        *_endings(connection),
        *_agreement(connection, books),
    ]


def _integrity(connection: apsw.Connection) -> list[str]:
    told = connection.execute("PRAGMA integrity_check").get
    return [] if told == "ok" else [f"the database is damaged: {told}"]


def _sums(connection: apsw.Connection) -> list[str]:
    """Per payment, phase and currency, debits equal credits."""
    query = (
        "SELECT uetr, phase, currency, "
        "sum(CASE side WHEN 'debit' THEN minor ELSE -minor END) AS total "
        "FROM entry GROUP BY uetr, phase, currency HAVING total <> 0"
    )
    return [f"{row} does not sum to zero" for row in connection.execute(query)]


def _balances(connection: apsw.Connection) -> list[str]:
    """Running sums are those of the entries, and nothing is reserved any more."""
    counted: Counter[tuple[str, str, str]] = Counter()
    resolved: Counter[int] = Counter()
    waiting = []
    rows = connection.execute(
        "SELECT entry_id, account, side, minor, phase, pending_entry FROM entry"
    )
    for entry_id, account, side, minor, phase, pending_entry in rows:
        if phase == "pending":
            waiting.append(entry_id)
            counted[account, side, "pending"] += minor
        else:
            resolved[pending_entry] += 1
            counted[account, side, "pending"] -= minor
            counted[account, side, "posted"] += minor if phase == "posted" else 0
    wrong = [f"entry {number} resolved {resolved[number]} times" for number in waiting
             if resolved[number] != 1]  # fmt: skip
    query = (
        "SELECT key, debits_posted, credits_posted, debits_pending, credits_pending FROM account"
    )
    for key, *sums in connection.execute(query):
        expected = [
            counted[key, side, stand]
            for stand in ("posted", "pending")
            for side in ("debit", "credit")
        ]
        if sums != expected:
            wrong.append(f"{key} says {sums}, its entries {expected}")
        if sums[2:] != [0, 0]:
            wrong.append(f"{key} still reserves {sums[2:]}")
    return wrong


def _endings(connection: apsw.Connection) -> list[str]:
    """Each payment ended once, with one answer, one key, and the entries of its end."""
    wrong = []
    query = (
        "SELECT uetr, state, disputed, "
        "(SELECT count(*) FROM answer a WHERE a.payment_id = p.payment_id), "
        "(SELECT count(*) FROM binding b WHERE b.payment_id = p.payment_id), "
        "(SELECT count(*) FROM entry e WHERE e.uetr = p.uetr AND phase = 'posted') "
        "FROM payment p"
    )
    for uetr, state, disputed, answers, bindings, posted in connection.execute(query):
        if (
            state not in ENDED
            or (answers, bindings) != (1, 1)
            or (posted > 0) != ENDED[state]
            or disputed
        ):
            wrong.append(f"{uetr}: {state}, {answers} answers, {bindings} keys, {posted} posted")
    return wrong


def _agreement(connection: apsw.Connection, books: Mapping[str, Book]) -> list[str]:
    """What is credited is booked once for the same amount at every network, nothing else is."""
    wrong = []
    owed: Counter[tuple[str, str, str, Decimal]] = Counter()
    query = "SELECT uetr, state, network, reference, frozen FROM payment"
    for uetr, state, network, reference, frozen in connection.execute(query):
        if not ENDED.get(state):
            continue
        held = json.loads(frozen)
        terms = held["terms"]
        owed[network, reference, terms["payee_currency"], _units(terms["destination"])] += 1
        if held["direction"] == "inbound":
            owed[held["origin"], uetr, terms["payer_currency"], _units(terms["debit"])] += 1
    booked: Counter[tuple[str, str, str, Decimal]] = Counter()
    for network, book in books.items():
        for line in book:
            if line["status"] == "booked":
                ours = network == "thailand" and line["direction"] == "inbound"
                name = line["uetr"] if ours else line["reference"]
                booked[network, name, line["currency"], Decimal(line["amount"])] += 1
            elif line["status"] != "refused":
                wrong.append(f"{network} has not ended {line['reference']}")
    wrong += [f"credited by the switch only: {key}" for key in (owed - booked)]
    wrong += [f"booked by the network only: {key}" for key in (booked - owed)]
    return wrong


def _units(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-EXPONENT)
