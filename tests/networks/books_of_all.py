"""Holds the rows of a switch against every network's own book, payment by payment, line by line.

It shares no code with the product's own comparison. Each line that a network has booked must be
explained by exactly one row, each row that moved money by exactly one line at each network that
took part, with the same sum, and nobody may still be undecided. The surprise: a payment that was
unwound is booked where it was debited, because the refund beside it is what gave it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

Line = dict[str, Any]
Key = tuple[str, str]
"""A line of a book: the network, and its reference there."""

MOVED: Final = "ACCC"
ENDED: Final = (MOVED, "RJCT")
NO_UETR: Final = ""
"""In the books of networks whose messages have no place for one."""


def disagreements(ours: Sequence[Line], theirs: Mapping[str, Sequence[Line]]) -> list[str]:
    """One sentence for each payment that is not the same on both sides; none: the books agree."""
    books = {name: {line["reference"]: line for line in book} for name, book in theirs.items()}
    found = [
        f"{name}: a reference twice" for name in theirs if len(books[name]) < len(theirs[name])
    ]
    claimed: dict[Key, str] = {}
    for row in ours:
        if row["status"] not in ENDED or not row["final"]:
            found.append(f"{row['uetr']}: not ended ({row['state']})")
            continue
        if row["disputed"]:
            found.append(f"{row['uetr']}: disputed")
        found += _debited_twice(row, books)
        found += _not_given_back(row, ours, books)
        for network, line, moved, amount in _legs(row, books, claimed):
            found += _leg(row, network, line, moved, amount)
            if line is None:
                continue
            other = claimed.setdefault((network, line["reference"]), row["uetr"])
            if other != row["uetr"]:
                found.append(f"{row['uetr']} at {network}: its line is that of {other} too")
    for name, book in books.items():
        for reference, line in book.items():
            if line["status"] == "pending":
                found.append(f"{reference} at {name}: still pending there")
            if line["status"] == "booked" and (name, reference) not in claimed:
                found.append(f"{reference} at {name}: booked there alone")
    return found


def _debited_twice(row: Line, books: Mapping[str, Mapping[str, Line]]) -> Iterator[str]:
    """A guest's payment is one line of its network, under whatever references."""
    booked = _debits(row, books)
    if len(booked) > 1:
        yield f"{row['uetr']} at {row['counterparty']}: {len(booked)} debits of one payment"


def _debits(row: Line, books: Mapping[str, Mapping[str, Line]]) -> list[Line]:
    """What a guest's network has booked of a payment."""
    if (row["kind"], row["direction"]) != ("payment", "inbound"):
        return []
    return [line for line in books[row["counterparty"]].values()
            if (line["uetr"], line["direction"], line["status"])
            == (row["uetr"], "inbound", "booked")]  # fmt: skip


def _not_given_back(
    row: Line, ours: Sequence[Line], books: Mapping[str, Mapping[str, Line]]
) -> Iterator[str]:
    """What was unwound went back once and whole, by a refund of its own."""
    if row["state"] != "unwound":
        return
    back = [_sum(each["credit"]["value"]) for each in ours
            if (each["kind"], each["original"], each["status"])
            == ("refund", row["uetr"], MOVED)]  # fmt: skip
    if back != [_sum(line["amount"]) for line in _debits(row, books)]:
        yield f"{row['uetr']}: unwound, and {len(back)} refunds give it back"


Leg = tuple[str, Line | None, bool, Mapping[str, str]]
"""A network, its line if it has one, whether money must have moved there, and how much."""


def _legs(
    row: Line, books: Mapping[str, Mapping[str, Line]], claimed: Mapping[Key, str]
) -> Iterator[Leg]:
    moved = row["status"] == MOVED
    network, far = row["network"], row["counterparty"]
    if row["kind"] == "return":
        yield network, _returned(row, books[network], claimed), True, row["credit"]
        return
    yield network, books[network].get(row["reference"]), moved, row["credit"]
    if row["direction"] == "inbound":
        lines: list[Line | None] = [line for line in books[far].values()
                 if line["uetr"] == row["uetr"] and line["direction"] == "inbound"]  # fmt: skip
        unwound = row["state"] == "unwound"
        for line in lines or [None]:
            yield far, line, moved or unwound, row["debit"]


def _returned(row: Line, book: Mapping[str, Line], claimed: Mapping[Key, str]) -> Line | None:
    """What a network booked of a return: under its own reference, for the original's UETR."""
    for line in book.values():
        if (row["network"], line["reference"]) in claimed or line["direction"] != "inbound":
            continue
        mine = line["uetr"] in (row["original"], row["uetr"], NO_UETR)
        if mine and _sum(line["amount"]) == _sum(row["credit"]["value"]):
            return line
    return None


def _leg(
    row: Line, network: str, line: Line | None, moved: bool, amount: Mapping[str, str]
) -> Iterator[str]:
    booked = line is not None and line["status"] == "booked"
    if booked != moved:
        there = "nothing" if line is None else line["status"]
        yield f"{row['uetr']} at {network}: {row['state']} here, {there} there"
    if booked and line is not None:
        there = (_sum(line["amount"]), line["currency"])
        if there != (_sum(amount["value"]), amount["currency"]):
            yield f"{row['uetr']} at {network}: another sum"


def _sum(text: str) -> Decimal:
    return Decimal(text)
