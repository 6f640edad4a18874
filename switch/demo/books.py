"""Compares the switch's book with each network's own, payment by payment.

Both are read over HTTP. A payment that the switch calls credited must be booked for the same amount
at every network that took part, one that it calls refused at none, and no network may have booked
what the switch does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switch.demo.stage import Stage

PAGE = 200
UNWOUND = "unwound"
RETURN = "return"
Line = dict[str, Any]


async def switch_book(stage: Stage) -> list[Line]:
    """Every payment of the switch, as the overseer reads it."""
    overseer = stage.overseer()
    lines: list[Line] = []
    after: str | None = "0"
    while after is not None:
        path = f"/v1/oversight/payments?after={after}&limit={PAGE}"
        page = (await overseer.call("GET", path)).json()
        lines.extend(page["payments"])
        after = page["after"]
    return lines


async def network_books(stage: Stage) -> dict[str, list[Line]]:
    """The book of each network."""
    books = {}
    for name in sorted(stage.urls):
        if name != "switch":
            books[name] = (await stage.sandbox(name, "GET", "/state"))["book"]
    return books


def differences(ours: Sequence[Line], theirs: Mapping[str, Sequence[Line]]) -> list[str]:
    """What does not agree, one sentence each; empty when the books agree."""
    found: list[str] = []
    explained: set[tuple[str, str]] = set()
    for payment in ours:
        network, far = payment["network"], payment["counterparty"]
        if payment["kind"] == RETURN:
            entry = _given_back(payment, theirs.get(network, ()), explained)
            if entry is None:
                found.append(f"{payment['uetr']} at {network}: a return that it has not booked")
            else:
                explained.add((network, entry["reference"]))
            continue
        legs = [(network, "reference", payment["reference"], payment["credit"])]
        if payment["direction"] == "inbound":
            legs.append((far, "uetr", payment["uetr"], payment["debit"]))
        for name, key, value, amount in legs:
            entry = next((e for e in theirs.get(name, ()) if e[key] == value), None)
            if entry is not None:
                explained.add((name, entry["reference"]))
            # What is unwound was paid there; the refund that gave it back is a payment of its own.
            unwound = payment["state"] == UNWOUND and name == far
            problem = _compared("ACCC" if unwound else payment["status"], amount, entry)
            if problem is not None:
                found.append(f"{payment['uetr']} at {name}: {problem}")
    for name, entries in theirs.items():
        found += [
            f"{entry['reference']} at {name}: booked, but unknown to the switch"
            for entry in entries
            if entry["status"] == "booked" and (name, entry["reference"]) not in explained
        ]
    return found


def _given_back(
    payment: Line, entries: Sequence[Line], explained: set[tuple[str, str]]
) -> Line | None:
    """The network's line of money that it gave back: under its own reference, for the original."""
    # Some networks have no place for a UETR.
    uetrs = (payment["original"], payment["uetr"], "")
    for entry in entries:
        new = (payment["network"], entry["reference"]) not in explained
        came = entry["direction"] == "inbound" and entry["status"] == "booked"
        if new and came and entry["uetr"] in uetrs and _same(entry, payment["credit"]):
            return entry
    return None


def _compared(status: str, amount: Mapping[str, str], entry: Line | None) -> str | None:
    booked = entry is not None and entry["status"] == "booked"
    if status not in ("ACCC", "RJCT"):
        return "not ended"
    if booked != (status == "ACCC"):
        return f"the switch says {status}, the network {entry['status'] if entry else 'nothing'}"
    if booked and entry is not None and not _same(entry, amount):
        return "booked for another amount"
    return None


def _same(entry: Line, amount: Mapping[str, str]) -> bool:
    same_currency: bool = entry["currency"] == amount["currency"]
    return same_currency and _plain(entry["amount"]) == _plain(amount["value"])


def _plain(text: str) -> str:
    """An amount without trailing zeros: networks write whole riel with and without them."""
    return text.rstrip("0").rstrip(".") if "." in text else text
