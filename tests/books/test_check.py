"""The checker finds what it is there to find: sound books have no fault, each planted one is named.

The books are written here by hand, row by row, into the product's own schema.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.books import check

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]

M, F, N, B = "MEMBERKH", "HOLDERKH", "thailand", "SPONSORK"
POSITION, PAID = f"{M}/member/KHR/deferred", f"{F}/holder/KHR/deferred"
OUT: Final = (
    (POSITION, "debit", "KHR", 41_250_00),
    (PAID, "credit", "KHR", 41_000_00),
    ("FEETAKER/fee/KHR/deferred", "credit", "KHR", 250_00),
    (f"{F}/holder/THB/deferred", "debit", "THB", 345_00),
    (f"{N}/network/THB/deferred", "credit", "THB", 345_00),
)
IN: Final = (
    (f"{N}/network/THB/deferred", "debit", "THB", 345_00),
    (f"{F}/holder/THB/deferred", "credit", "THB", 345_00),
    (PAID, "debit", "KHR", 41_000_00),
    (f"{B}/pool/KHR/bakong", "credit", "KHR", 41_000_00),
)
RECEIVED: Final = (
    (f"{B}/pool/KHR/bakong", "debit", "KHR", 7_00),
    (f"{B}/suspense/KHR/bakong", "credit", "KHR", 7_00),
)
OUT_TERMS: Final = {
    "payer_currency": "KHR", "payee_currency": "THB",
    "debit": 41_250_00, "fee": 250_00, "source": 41_000_00, "destination": 345_00,
}  # fmt: skip
IN_TERMS: Final = {
    "payer_currency": "THB", "payee_currency": "KHR",
    "debit": 345_00, "fee": 0, "source": 345_00, "destination": 41_000_00,
}  # fmt: skip


def frozen(number: int, direction: str) -> str:
    """The frozen part of a payment."""
    outbound = direction == "outbound"
    terms = OUT_TERMS if outbound else IN_TERMS
    return json.dumps({
        "direction": direction,
        "origin": M if outbound else N,
        "channel": "json" if outbound else "network",
        "terms": {**terms, "quote_id": f"q{number}"},
        "institutions": {
            "payer_side": M if outbound else N, "holder": F,
            "payee_side": N if outbound else B, "fee_taker": "FEETAKER",
        },
    })  # fmt: skip


def write(c: sqlite3.Connection, number: int, direction: str, state: str, phase: str) -> None:
    """One payment with everything that belongs to it; ``phase`` is how its reservation ended."""
    uetr, final = f"u{number}", state in ("accepted", "credited", "refused")
    network = "thailand" if direction == "outbound" else "bakong"
    reason = "ACCOUNT_CLOSED" if state == "refused" else None
    reservation = number * 100 if phase else None
    c.execute(
        "INSERT INTO payment VALUES (?, ?, ?, ?, ?, 2, 0, NULL, 0, ?, NULL, 0, ?, ?)",
        (number, uetr, network, f"r{number}", state, reason, reservation,
         frozen(number, direction)),
    )  # fmt: skip
    c.execute("INSERT INTO binding VALUES (?, 's', ?, '{}')", (number, f"k{number}"))
    if final:
        body = {"uetr": uetr, "status": "RJCT" if state == "refused" else "ACCC"}
        answer = (number, "application/json", json.dumps(body))
        c.execute("INSERT INTO answer VALUES (?, 200, ?, ?)", answer)
    if phase:
        c.execute("INSERT INTO claim VALUES (?, ?, 0)", (f"q{number}", uetr))
        c.execute(
            "INSERT INTO exchange VALUES (?, ?, ?, 'pay', ?, 'POST', '/', 0, 1, ?)",
            (number, number, network, f"r{number}", number),
        )
    for place, line in enumerate((OUT if direction == "outbound" else IN) if phase else ()):
        first = number * 100 + place
        insert = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        c.execute(insert, (first, uetr, *line, "pending", None))
        if final:
            c.execute(insert, (first + 50, uetr, *line, phase, first))


ACCOUNTS: Final = """
INSERT INTO account SELECT account, currency,
  sum(minor * (side = 'debit' AND phase = 'posted')),
  sum(minor * (side = 'credit' AND phase = 'posted')),
  sum(minor * (side = 'debit') * (phase = 'pending'))
    - sum(minor * (side = 'debit') * (pending_entry IS NOT NULL)),
  sum(minor * (side = 'credit') * (phase = 'pending'))
    - sum(minor * (side = 'credit') * (pending_entry IS NOT NULL)),
  NULL, NULL
FROM entry GROUP BY account
"""


@pytest.fixture
def database(tmp_path: Path, root: Path) -> Path:
    """Sound books: credited, refused, open and received."""
    path = tmp_path / "switch.db"
    schema = (root / "switch" / "store" / "migrations" / "0001_first.sql").read_text("utf-8")
    with closing(sqlite3.connect(path)) as c, c:
        c.executescript(schema)
        write(c, 1, "outbound", "accepted", "posted")
        write(c, 2, "outbound", "refused", "voided")
        write(c, 3, "outbound", "unknown", "pending")
        write(c, 4, "inbound", "credited", "posted")
        write(c, 5, "inbound", "refused", "")
        c.execute("INSERT INTO incoming VALUES ('h1')")
        for place, line in enumerate(RECEIVED):
            row = (900 + place, "", *line, "posted", None)
            c.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        c.execute(ACCOUNTS)
    return path


def line(number: int, direction: str, status: str, amount: str, currency: str) -> Row:
    """One line of a network's book."""
    reference = f"r{number}" if currency == "KHR" or direction == "outbound" else f"t{number}"
    return {
        "uetr": f"u{number}", "reference": reference, "direction": direction, "status": status,
        "amount": amount, "currency": currency,
    }  # fmt: skip


@pytest.fixture
def states() -> dict[str, Row]:
    """What the networks show."""
    return {
        "thailand": {"book": [
            line(1, "outbound", "booked", "345.00", "THB"),
            line(2, "outbound", "refused", "345.00", "THB"),
            line(3, "outbound", "booked", "345.00", "THB"),
            line(4, "inbound", "booked", "345.00", "THB"),
            line(5, "inbound", "refused", "345.00", "THB"),
            line(9, "outbound", "refused", "1.00", "THB"),
        ]},
        "bakong": {"book": [line(4, "inbound", "booked", "41000", "KHR")]},
    }  # fmt: skip


def test_sound_books_have_no_fault(database: Path, states: dict[str, Row]) -> None:
    assert check.check(check.read_tables(database), states) == []


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        (f"UPDATE account SET debits_posted = debits_posted + 1 WHERE key = '{POSITION}'",
         "debits_posted is"),
        (f"UPDATE account SET debits_pending = 0 WHERE key = '{POSITION}'", "reserves 0"),
        (f"DELETE FROM account WHERE key = '{POSITION}'", "no account"),
        (f"UPDATE account SET currency = 'THB' WHERE key = '{POSITION}'", "is in THB"),
        ("DELETE FROM entry WHERE entry_id = 150", "sum to"),
        ("UPDATE entry SET minor = minor + 1 WHERE entry_id = 151", "differs from what"),
        ("UPDATE entry SET minor = minor + 1 WHERE entry_id IN (100, 101, 150, 151)",
         "not as they must be"),
        ("UPDATE entry SET pending_entry = NULL WHERE entry_id = 150", "without a reservation"),
        ("UPDATE entry SET pending_entry = 77 WHERE entry_id = 150", "what is not reserved"),
        ("UPDATE entry SET pending_entry = 100 WHERE entry_id = 250", "resolved 2 times"),
        ("UPDATE entry SET phase = 'posted' WHERE uetr = 'u2' AND phase = 'voided'",
         "refused, but posted"),
        ("UPDATE entry SET uetr = 'u7' WHERE uetr = 'u1'", "is no payment"),
        ("DELETE FROM entry WHERE uetr = 'u1'", "accepted, but posted"),
        ("UPDATE payment SET state = 'unknown' WHERE uetr = 'u1'", "unknown, but posted"),
        ("UPDATE payment SET state = 'accepted' WHERE uetr = 'u3'", "accepted, but posted"),
        ("UPDATE payment SET state = 'credited' WHERE uetr = 'u1'", "is no state"),
        ("UPDATE payment SET reservation = NULL WHERE uetr = 'u1'", "without a reservation"),
        ("UPDATE payment SET disputed = 1 WHERE uetr = 'u1'", "disputed"),
        ("UPDATE payment SET reason = NULL WHERE uetr = 'u2'", "with reason None"),
        ("UPDATE payment SET frozen = replace(frozen, ': 25000', ': 25001')", "not source and fee"),
        ("DELETE FROM answer WHERE payment_id = 1", "stored answer does not fit"),
        ("""UPDATE answer SET body = '{"uetr": "u1", "status": "RJCT"}' WHERE payment_id = 1""",
         "says something else"),
        ("DELETE FROM binding WHERE payment_id = 1", "one key"),
        ("DELETE FROM exchange WHERE payment_id = 1", "0 exchanges"),
        ("UPDATE exchange SET payment_id = 1 WHERE payment_id = 3", "2 exchanges"),
        ("UPDATE exchange SET network = 'bakong' WHERE payment_id = 1", "not to the network"),
        ("UPDATE claim SET released = 1 WHERE uetr = 'u1'", "hold its quote"),
        ("UPDATE claim SET uetr = 'u3' WHERE uetr = 'u1'", "hold its quote"),
        ("DELETE FROM incoming", "two entries for each item"),
    ],
)  # fmt: skip
def test_a_fault_planted_in_the_tables_is_named(
    database: Path, states: dict[str, Row], planted: str, named: str
) -> None:
    with closing(sqlite3.connect(database)) as c, c:
        assert c.execute(planted).rowcount > 0

    faults = check.check(check.read_tables(database), states)

    assert any(named in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("network", "place", "planted", "named"),
    [
        ("thailand", 0, {"status": "refused"}, "accepted here, not booked there"),
        ("thailand", 0, {"status": "pending"}, "still pending there"),
        ("thailand", 0, {"reference": "r99"}, "booked, unknown to the switch"),
        ("thailand", 0, {"amount": "345.01"}, "another amount"),
        ("thailand", 0, {"currency": "KHR"}, "another amount"),
        ("thailand", 0, {"uetr": "u3"}, "another payment"),
        ("thailand", 0, {"direction": "inbound"}, "another payment"),
        ("thailand", 1, {"status": "booked"}, "refused here, booked there"),
        ("thailand", 2, {"amount": "1.00"}, "another amount"),
        ("thailand", 3, {"status": "pending"}, "credited here, not booked there"),
        ("thailand", 4, {"status": "booked"}, "refused here, booked there"),
        ("thailand", 5, {"status": "booked"}, "booked, unknown to the switch"),
        ("thailand", 5, {"reference": "r1"}, "2 lines"),
        ("bakong", 0, {"status": "refused"}, "credited here, not booked there"),
        ("bakong", 0, {"amount": "41000.01"}, "another amount"),
    ],
)
def test_a_fault_planted_in_a_network_s_book_is_named(
    database: Path, states: dict[str, Row], network: str, place: int, planted: Row, named: str
) -> None:
    changed = deepcopy(states)
    changed[network]["book"][place].update(planted)

    faults = check.check(check.read_tables(database), changed)

    assert any(named in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("moved", "total", "transit", "named"),
    [
        ("59007.00", "100", "0", None),
        ("59000.00", "100", "0", "moved by -40993"),
        ("59007.00", "101", "0", "the sum of KHR changed"),
        ("59007.00", "100", "1", "in transit"),
    ],
)
def test_the_mirror_of_the_pool_is_compared_with_the_pool(
    database: Path, moved: str, total: str, transit: str, named: str | None
) -> None:
    before = {"pools": {B: {"KHR": "100000"}}, "transit": {}, "totals": {"KHR": "100"}}
    after = {
        "pools": {B: {"KHR": moved}}, "transit": {"KHR": transit}, "totals": {"KHR": total}
    }  # fmt: skip

    faults = list(check.pool(check.read_tables(database), before, after, B))

    assert len(faults) == (named is not None)
    assert all(named is not None and named in fault for fault in faults)
