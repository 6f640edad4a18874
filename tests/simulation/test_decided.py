"""What people decided is judged: a booking turned once too often, or not, and money surrendered.

One payment is written by hand as its network, its two operators and the books leave it; whatever
is spoilt in it is found. The table of a run that takes an order back is beside it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from switch.simulation.evidence import Left, Told
from switch.simulation.oracle import judge
from tests.simulation.test_families import BACK, accounts, entries, line, terms

PAYER, PAYEE = "ABAAKHPPXXX/member/KHR/deferred", "thailand/network/THB/deferred"
FROZEN = "ABAAKHPPXXX/member/KHR/deferred/frozen"
AUTHORITY = "ABAAKHPPXXX/authority/KHR/deferred"
PAID = [(PAYER, "debit", 60_000), ("H/holder/KHR/deferred", "credit", 60_000),
        ("H/holder/THB/deferred", "debit", 500), (PAYEE, "credit", 500)]  # fmt: skip
TURNED = [(name, {"debit": "credit", "credit": "debit"}[side], minor) for name, side, minor in PAID]
LOST = [("F/bearer/THB/deferred/thailand", "debit", 500), (PAYEE, "credit", 500)]


def left(
    state: str, status: str, lines: list[Any], *decided: str, disputed: bool = True
) -> list[str]:
    """What is found of a payment of which its network lied, by what was posted and decided."""
    frozen = {"direction": "outbound", "terms": terms(60_000, 500, "KHR THB"), "origin": "bakong",
              "institutions": BACK}  # fmt: skip
    row = {"uetr": "u", "network": "thailand", "reference": "R", "state": state, "disputed": 0,
           "reservation": None if disputed else 0, "reason": None,
           "frozen": json.dumps(frozen)}  # fmt: skip
    posted = [each for each in entries("u", 0, lines) if each["phase"] == "posted"]
    posted = [{**each, "pending_entry": None} for each in posted]
    leaves = [{"kind": "disputed", "uetr": "u", "state": state}] if disputed else []
    leaves += [
        {"kind": "settled", "uetr": "u", "claim": f"u@{place}:{action}::operator-1:digest"}
        for place, action in enumerate(decided)
    ]
    rows: dict[str, list[dict[str, Any]]] = {
        "payment": [row], "entry": posted, "account": accounts(posted),
        "answer": [{"uetr": "u"}], "binding": [], "exchange": [{"uetr": "u", "operation": "pay"}],
        "leaf": [{"content": json.dumps(each)} for each in leaves],
    }  # fmt: skip
    books = {"thailand": [{**line("u", "R", "outbound", "5.00"), "status": status}]}
    lies = frozenset({("thailand", "R")} if disputed else ())
    return [str(each) for each in judge(Left(rows, books, [], lies=lies))]


@pytest.mark.parametrize(
    ("state", "status", "lines", "decided"),
    [
        ("accepted", "refused", PAID + TURNED, ["unbook"]),
        ("accepted", "refused", PAID + TURNED + PAID + TURNED, ["unbook", "book", "unbook"]),
        ("accepted", "booked", PAID, ["uphold"]),
        ("refused", "booked", LOST, ["book"]),
        ("refused", "refused", [], ["uphold"]),
    ],
)
def test_what_stands_as_the_network_has_it_is_good(
    state: str, status: str, lines: list[Any], decided: list[str]
) -> None:
    assert left(state, status, lines, *decided) == []


@pytest.mark.parametrize(
    ("state", "status", "lines", "decided"),
    [
        ("accepted", "refused", PAID, []),
        ("accepted", "refused", PAID, ["uphold"]),
        ("accepted", "refused", PAID, ["unbook"]),
        ("accepted", "refused", PAID + TURNED + PAID, ["unbook", "book"]),
        ("accepted", "booked", PAID + TURNED, ["unbook"]),
        ("refused", "booked", [], []),
        ("refused", "refused", LOST, ["book"]),
        ("refused", "refused", LOST, []),
    ],
)
def test_what_stands_otherwise_is_found(
    state: str, status: str, lines: list[Any], decided: list[str]
) -> None:
    assert left(state, status, lines, *decided) != []


BLOCKED = [(PAYER, "debit", 60_000), (FROZEN, "credit", 60_000)]
GIVEN = [(FROZEN, "debit", 60_000), (AUTHORITY, "credit", 60_000)]


def test_what_is_surrendered_is_the_authoritys_and_nobody_elses() -> None:
    def found(lines: list[Any], *decided: str) -> list[str]:
        return left("refused", "refused", lines, *decided, disputed=False)

    assert found(BLOCKED + GIVEN, "block", "surrender") == []
    assert found(BLOCKED, "block", "surrender") != []
    assert found(BLOCKED + GIVEN, "block", "unblock") != []


@pytest.mark.parametrize(("state", "amiss"), [("lapsed", False), ("unwound", False),
                                              ("refused", False), ("credited", True)])  # fmt: skip
def test_what_was_taken_back_in_time_is_not_credited(state: str, *, amiss: bool) -> None:
    row = {"uetr": "u", "network": "bakong", "reference": "R", "state": state, "disputed": 0,
           "reservation": None, "reason": None,
           "frozen": json.dumps({"direction": "inbound", "institutions": BACK, "origin": "unionpay",
                                 "terms": terms(500, 60_000, "CNY KHR")})}  # fmt: skip
    rows: dict[str, list[dict[str, Any]]] = {
        table: [] for table in ("entry", "account", "binding", "exchange", "leaf")
    }
    rows |= {"payment": [row], "answer": [{"uetr": "u"}]}
    told = [Told(1, inbound=True, uetr="u", taken_back=True)]
    found = [str(each) for each in judge(Left(rows, {}, told))]

    assert any("taken back in time" in each for each in found) is amiss
