"""What is linked to a payment is judged: who gives, who gets, how much in all, at which rate.

One good family is written by hand, a credit of which two parts went back; whatever is spoilt in it
is found.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from switch.simulation.evidence import Left
from switch.simulation.families import Families
from switch.simulation.oracle import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

GUEST = "guest"
FIRST, LAST = "first", "last"
WHO = {"payer_side": "thailand", "payee_side": "ACLBKHPPXXX", "holder": "H", "fee_taker": "F",
       "payee_bank": "ABAAKHPPXXX", "sponsor": "ACLBKHPPXXX"}  # fmt: skip
BACK = {**WHO, "payer_side": "ABAAKHPPXXX", "payee_side": "thailand", "payee_bank": ""}


def terms(source: int, destination: int, codes: str) -> dict[str, object]:
    payer, payee = codes.split(" ")
    return {"debit": source, "fee": 0, "source": source, "destination": destination,
            "quote_id": f"q{source}{payer}", "payer_currency": payer,
            "payee_currency": payee}  # fmt: skip


def entries(uetr: str, first: int, lines: list[tuple[str, str, int]]) -> list[dict[str, Any]]:
    return [
        {"entry_id": first + number + 10 * posted, "uetr": uetr, "account": account, "side": side,
         "currency": account.split("/")[2], "minor": minor,
         "phase": "posted" if posted else "pending",
         "pending_entry": first + number if posted else None}
        for posted in (0, 1)
        for number, (account, side, minor) in enumerate(lines)
    ]  # fmt: skip


def part(uetr: str, first: int, riel: int, satang: int) -> tuple[dict[str, Any], list[Any]]:
    """A refund of so much that was accepted: its row and its entries."""
    frozen = {"direction": "outbound", "kind": "refund", "original": GUEST, "institutions": BACK,
              "terms": terms(riel, satang, "KHR THB"), "origin": "ABAAKHPPXXX"}  # fmt: skip
    row = {"uetr": uetr, "network": "thailand", "reference": f"R{uetr}", "state": "accepted",
           "disputed": 0, "reservation": first, "reason": None, "frozen": frozen}  # fmt: skip
    lines = [("ABAAKHPPXXX/member/KHR/deferred", "debit", riel),
             ("H/holder/KHR/deferred", "credit", riel),
             ("H/holder/THB/deferred", "debit", satang),
             ("thailand/network/THB/deferred", "credit", satang)]  # fmt: skip
    return row, entries(uetr, first, lines)


def family() -> Left:
    """A guest paid 5.00 baht for 600 riel; 400 and 200 riel went back."""
    frozen = {"direction": "inbound", "terms": terms(500, 60_000, "THB KHR"), "origin": "thailand",
              "institutions": WHO}  # fmt: skip
    paid = {"uetr": GUEST, "network": "bakong", "reference": "X", "state": "credited",
            "disputed": 0, "reservation": 0, "reason": None, "frozen": frozen}  # fmt: skip
    lines = [("thailand/network/THB/deferred", "debit", 500),
             ("H/holder/THB/deferred", "credit", 500),
             ("H/holder/KHR/deferred", "debit", 60_000),
             ("ACLBKHPPXXX/pool/KHR/bakong", "credit", 60_000)]  # fmt: skip
    booked = entries(GUEST, 0, lines)
    parts = [part(FIRST, 100, 40_000, 333), part(LAST, 200, 20_000, 167)]
    booked += [entry for _, each in parts for entry in each]
    payments = [paid, *(row for row, _ in parts)]
    return Left(
        {
            "payment": payments, "entry": booked, "account": accounts(booked),
            "answer": [{"uetr": row["uetr"]} for row in payments],
            "binding": [{"uetr": row["uetr"], "scope": "A", "key": row["uetr"]}
                        for row in payments],
            "exchange": [{"uetr": GUEST, "operation": "pay"}],
        },
        {
            "thailand": [
                line(GUEST, "T1", "inbound", "5.00"),
                line(GUEST, f"R{FIRST}", "outbound", "3.33"),
                line(GUEST, f"R{LAST}", "outbound", "1.67"),
            ],
            "bakong": [line(GUEST, "X", "inbound", "600", "KHR")],
        },
        [],
    )  # fmt: skip


def line(uetr: str, reference: str, way: str, value: str, code: str = "THB") -> dict[str, str]:
    return {"uetr": uetr, "reference": reference, "direction": way, "amount": value,
            "currency": code, "status": "booked"}  # fmt: skip


def accounts(booked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    sums: dict[str, dict[str, Any]] = {}
    for entry in booked:
        if entry["phase"] == "posted":
            none = {"debits_pending": 0, "credits_pending": 0, "debits_posted": 0,
                    "credits_posted": 0}  # fmt: skip
            held = sums.setdefault(entry["account"], {"key": entry["account"], **none})
            held[f"{entry['side']}s_posted"] += entry["minor"]
    return list(sums.values())


def judged(left: Left, spoil: Callable[[Any], object]) -> set[str]:
    """Kinds of findings after something was spoilt, the sums of accounts put right again."""
    spoil(left)
    rows: Mapping[str, Any] = {
        **left.rows,
        "account": accounts([dict(entry) for entry in left.rows["entry"]]),
        "payment": [
            {**row, "frozen": json.dumps(row["frozen"])} for row in left.rows["payment"]
        ],
    }  # fmt: skip
    return {f"{each.kind}: {each.what}" for each in judge(Left(rows, left.books, left.told))}


def test_a_good_family_is_judged_good() -> None:
    assert judged(family(), lambda _: None) == set()


def moved(left: Any, uetr: str, riel: int, satang: int) -> None:
    """Another amount is frozen and booked in every book for a part."""
    row, booked = part(uetr, 300, riel, satang)
    rows = left.rows
    rows["payment"][:] = [row if each["uetr"] == uetr else each for each in rows["payment"]]
    rows["entry"][:] = [each for each in rows["entry"] if each["uetr"] != uetr] + booked
    for each in left.books["thailand"]:
        if each["reference"] == f"R{uetr}":
            each["amount"] = f"{satang // 100}.{satang % 100:02d}"


def elsewhere(left: Any) -> None:
    """The parts are taken from another bank."""
    for entry in left.rows["entry"]:
        entry["account"] = entry["account"].replace("ABAAKHPPXXX/member", "back/member")


def gave_back(left: Any) -> None:
    left.books["thailand"].append(line("paid", "RT1", "inbound", "1.00"))
    frozen = {"direction": "outbound", "terms": terms(60_000, 500, "KHR THB"), "origin": "A",
              "institutions": BACK}  # fmt: skip
    left.rows["payment"].append(
        {"uetr": "paid", "network": "thailand", "reference": "P", "state": "refused",
         "disputed": 0, "reservation": None, "reason": "NO", "frozen": frozen}
    )  # fmt: skip
    left.rows["answer"].append({"uetr": "paid"})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (elsewhere, "refund moved"),
        (lambda left: moved(left, LAST, 30_000, 250), "of 60000 went back in 2 parts"),
        (lambda left: moved(left, LAST, 20_000, 160), "all of it went back"),
        (lambda left: moved(left, LAST, 10_000, 130), "at another rate"),
        (lambda left: left.books["thailand"].pop(), "booked nothing"),
        (lambda left: left.books["thailand"][-1].update(amount="1.66"), "its account says"),
        (lambda left: left.rows["payment"].pop(0), "gone"),
        (lambda left: left.rows["payment"][1].update(state="refused"), "refund moved"),
        (gave_back, "gave back"),
    ],
)  # fmt: skip
def test_whatever_is_wrong_with_a_family_is_found(
    spoil: Callable[[Any], object], said: str
) -> None:
    assert [each for each in judged(family(), spoil) if said in each] != []


@pytest.mark.parametrize(
    ("state", "lied", "posted", "found"),
    [
        ("accepted", False, {"thailand/network/THB": -500}, 0),
        ("refused", True, {"F/bearer/THB": 500, "thailand/network/THB": -500}, 0),
        ("refused", True, {}, 1),
        ("refused", False, {}, 1),
    ],
    ids=["refunded", "refused in words and borne", "refused and never borne", "refused"],
)
def test_a_recall_that_was_agreed_to_has_given_all_back(
    state: str, lied: bool, posted: dict[str, int], found: int
) -> None:
    amounts = {"source": 60_000, "destination": 500}
    payments: dict[str, dict[str, Any]] = {
        GUEST: {"terms": {"source": 500, "destination": 60_000}},
        "recall": {"original": GUEST, "kind": "recall", "direction": "inbound",
                   "state": "accepted"},
        "refund": {"original": GUEST, "kind": "refund", "direction": "outbound",
                   "state": state, "terms": amounts},
    }  # fmt: skip
    families = Families(
        payments, lambda *_: Counter(posted), {}, {}, (), frozenset({"refund"} if lied else ())
    )

    assert len(list(families.recalls())) == found
