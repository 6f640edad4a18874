"""An independent book-keeper: finds every way in which the books could be wrong.

It shares no code with the product. It reads the raw tables of the switch (standard library, read
only, one snapshot) and what each network itself shows at ``/state``, and returns one sentence for
each fault; none means that the books hold. The postings are written here a second time, from the
rules of the money and not from the product, so a wrong template cannot agree with itself.
"""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

Row = dict[str, Any]

TABLES: Final = (
    "payment", "entry", "account", "answer", "claim", "exchange", "incoming", "tombstone", "binding"
)  # fmt: skip

OPEN: Final = frozenset({
    "sending", "pending_far", "unknown", "crediting", "credit_pending", "credit_unknown", "manual"
})  # fmt: skip
"""States in which money is reserved."""

CREDITED: Final = {"outbound": "accepted", "inbound": "credited"}
REFUSED: Final = "refused"

DECIMALS: Final = {"KHR": 2, "THB": 2, "USD": 2}
"""ISO 4217, typed from the standard."""

LEG: Final = {
    "outbound": (
        ("payer_side", "member", "deferred", "debit", "debit"),
        ("holder", "holder", "deferred", "credit", "source"),
        ("fee_taker", "fee", "deferred", "credit", "fee"),
        ("paying_holder", "holder", "deferred", "debit", "destination"),
        ("payee_side", "network", "deferred", "credit", "destination"),
    ),
    "inbound": (
        ("payer_side", "network", "deferred", "debit", "debit"),
        ("holder", "holder", "deferred", "credit", "source"),
        ("fee_taker", "fee", "deferred", "credit", "fee"),
        ("paying_holder", "holder", "deferred", "debit", "destination"),
        ("payee_side", "pool", "bakong", "credit", "destination"),
    ),
}
"""Who is debited and credited with what: (institution, role, settlement asset, side, amount)."""

Booking = tuple[str, str, str, int]
"""Account, side, currency, minor units."""


@dataclass(frozen=True)
class Tables:
    """The rows of one snapshot; payments by UETR with their frozen part, entries by payment."""

    rows: Mapping[str, list[Row]]
    payments: Mapping[str, Row] = field(default_factory=dict)
    entries: Mapping[str, list[Row]] = field(default_factory=dict)

    def open_payments(self) -> list[str]:
        """UETRs of the payments that have not ended."""
        return [uetr for uetr, payment in self.payments.items() if payment["state"] in OPEN]


def read_tables(path: Path) -> Tables:
    """Read the switch's database as it is now, beside the process that owns it."""
    address = f"file:{quote(str(path))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")
        rows = {
            table: [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1")]
            for table in TABLES
        }
    payments = {row["uetr"]: {**row, **json.loads(row["frozen"])} for row in rows["payment"]}
    entries: dict[str, list[Row]] = defaultdict(list)
    # An item that is received is no payment: its entries carry its name, where theirs have a UETR.
    received = {row["item_hash"] for row in rows["incoming"]}
    for entry in rows["entry"]:
        entry["uetr"] = "" if entry["uetr"] in received else entry["uetr"]
        entries[entry["uetr"]].append(entry)
    return Tables(rows, payments, entries)


def shown(url: str, path: str = "/state") -> Row:
    """What a network shows of itself."""
    with urllib.request.urlopen(url + path, timeout=10) as answer:
        found: Row = json.loads(answer.read())
        return found


def check(tables: Tables, states: Mapping[str, Row]) -> list[str]:
    """Every fault within the switch's books and between them and the networks'."""
    within = (zero_sums, balances, resolutions, standings, reservations, answers, hops, quotes)
    faults = [fault for rule in within for fault in rule(tables)]
    return [*faults, *between(tables, states)]


def zero_sums(tables: Tables) -> Iterator[str]:
    """Each phase of each payment, and each phase as a whole, sums to zero in each currency."""
    sums: Counter[tuple[str, str, str]] = Counter()
    for entry in tables.rows["entry"]:
        for owner in (entry["uetr"] or "received", "all"):
            sums[owner, entry["phase"], entry["currency"]] += _signed(entry)
    for (owner, phase, currency), total in sums.items():
        if total:
            yield f"{owner}: {phase} entries in {currency} sum to {total}"


def balances(tables: Tables) -> Iterator[str]:
    """The four sums of each account are those of its entries."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in tables.rows["entry"]:
        account, side, minor = entry["account"], entry["side"], entry["minor"]
        if entry["phase"] == "posted":
            sums[account][f"{side}s_posted"] += minor
        if entry["phase"] == "pending":
            sums[account][f"{side}s_pending"] += minor
        elif entry["pending_entry"] is not None:
            sums[account][f"{side}s_pending"] -= minor
    accounts = {account["key"]: account for account in tables.rows["account"]}
    for name in sums.keys() - accounts.keys():
        yield f"{name}: has entries but no account"
    for name, account in accounts.items():
        if account["currency"] != name.split("/")[2]:
            yield f"{name}: is in {account['currency']}"
        for column in ("debits_posted", "credits_posted", "debits_pending", "credits_pending"):
            if account[column] != sums[name][column]:
                yield f"{name}: {column} is {account[column]}, entries say {sums[name][column]}"


def resolutions(tables: Tables) -> Iterator[str]:
    """A reserved line is posted or voided at most once, by a line equal to it."""
    pending = {e["entry_id"]: e for e in tables.rows["entry"] if e["phase"] == "pending"}
    resolved: Counter[int] = Counter()
    for entry in tables.rows["entry"]:
        number, origin = entry["entry_id"], entry["pending_entry"]
        if entry["currency"] != entry["account"].split("/")[2]:
            yield f"entry {number}: in {entry['currency']} on an account of another currency"
        if entry["phase"] == "pending":
            if origin is not None:
                yield f"entry {number}: a reservation resolves nothing"
        elif origin is None:
            if entry["uetr"] or entry["phase"] != "posted":
                yield f"entry {number}: {entry['phase']} without a reservation"
        elif origin not in pending:
            yield f"entry {number}: resolves what is not reserved"
        else:
            resolved[origin] += 1
            if _booking(entry) != _booking(pending[origin]) or (
                entry["uetr"] != pending[origin]["uetr"]
            ):
                yield f"entry {number}: differs from what was reserved"
    for origin, count in resolved.items():
        if count > 1:
            yield f"entry {origin}: resolved {count} times"


def standings(tables: Tables) -> Iterator[str]:
    """An open payment reserves, a credited one has posted, a refused one holds nothing.

    What was released expired where nothing had been sent, and was voided where it had.
    """
    for uetr in tables.entries.keys() - tables.payments.keys() - {""}:
        yield f"{uetr}: has entries but is no payment"
    for uetr, payment in tables.payments.items():
        state, direction = payment["state"], payment["direction"]
        terms = payment["terms"]
        if terms["debit"] != terms["source"] + terms["fee"]:
            yield f"{uetr}: the debit is not source and fee"
        if state not in {*OPEN, CREDITED[direction], REFUSED}:
            yield f"{uetr}: {state} is no state of an {direction} payment"
        booked: dict[str, list[Booking]] = {"pending": [], "posted": [], "voided": []}
        for entry in tables.entries.get(uetr, ()):
            phase = "voided" if entry["phase"] == "expired" else entry["phase"]
            booked[phase].append(_booking(entry))
        lines = sorted(_lines(payment))
        opened = payment["reservation"] is not None
        if not opened and state != REFUSED:
            yield f"{uetr}: {state} without a reservation"
        wanted = {
            "pending": lines if opened else [],
            "posted": lines if state == CREDITED[direction] else [],
            "voided": lines if opened and state == REFUSED else [],
        }
        for phase, bookings in booked.items():
            if sorted(bookings) != wanted[phase]:
                yield f"{uetr}: {state}, but {phase} entries are not as they must be"


def reservations(tables: Tables) -> Iterator[str]:
    """What accounts hold reserved is what open payments reserve; received money comes in pairs."""
    sums: Counter[tuple[str, str]] = Counter()
    for uetr in tables.open_payments():
        for account, side, _, minor in _lines(tables.payments[uetr]):
            sums[account, side] += minor
    for row in tables.rows["account"]:
        for side in ("debit", "credit"):
            reserved = row[f"{side}s_pending"]
            if reserved != sums[row["key"], side]:
                yield f"{row['key']}: reserves {reserved} on the {side} side"
    received = tables.entries.get("", [])
    if len(received) != 2 * len(tables.rows["incoming"]):
        yield "received: not two entries for each item"


def answers(tables: Tables) -> Iterator[str]:
    """A payment that has ended has one stored answer that says so; an open one has none."""
    stored = {row["payment_id"]: row for row in tables.rows["answer"]}
    bound = Counter(row["payment_id"] for row in tables.rows["binding"])
    for uetr, payment in tables.payments.items():
        answer = stored.get(payment["payment_id"])
        if bound[payment["payment_id"]] != 1:
            yield f"{uetr}: not bound to exactly one key"
        if (answer is None) != (payment["state"] in OPEN):
            yield f"{uetr}: {payment['state']}, and the stored answer does not fit"
        if (payment["reason"] is not None) != (payment["state"] == REFUSED):
            yield f"{uetr}: {payment['state']} with reason {payment['reason']}"
        if payment["disputed"]:
            yield f"{uetr}: disputed"
        if answer is not None and payment["channel"] == "json":
            told = json.loads(answer["body"])
            told = told.get("payment", told)
            wanted = "RJCT" if payment["state"] == REFUSED else "ACCC"
            if (told["uetr"], told["status"]) != (uetr, wanted):
                yield f"{uetr}: its answer says something else"


def hops(tables: Tables) -> Iterator[str]:
    """Each opened payment has one exchange that pays, to its own network; a refused one none."""
    counts: Counter[int] = Counter()
    networks = {row["payment_id"]: row["network"] for row in tables.rows["payment"]}
    for exchange in tables.rows["exchange"]:
        if exchange["operation"] == "pay":
            counts[exchange["payment_id"]] += 1
            if networks.get(exchange["payment_id"]) != exchange["network"]:
                yield f"exchange {exchange['exchange_id']}: not to the network of its payment"
    for uetr, payment in tables.payments.items():
        if counts[payment["payment_id"]] != int(payment["reservation"] is not None):
            yield f"{uetr}: {counts[payment['payment_id']]} exchanges that pay"


def quotes(tables: Tables) -> Iterator[str]:
    """A quote is held by the one payment that may still use it or has used it."""
    claims = {row["quote_id"]: row for row in tables.rows["claim"]}
    for uetr, payment in tables.payments.items():
        if payment["state"] == REFUSED:
            continue
        claim = claims.get(payment["terms"]["quote_id"])
        if claim is None or claim["released"] or claim["uetr"] != uetr:
            yield f"{uetr}: does not hold its quote"


def between(tables: Tables, states: Mapping[str, Row]) -> Iterator[str]:
    """Payment by payment the networks booked what the switch says, and nothing else."""
    explained: set[tuple[str, str]] = set()
    for uetr, payment in tables.payments.items():
        terms = payment["terms"]
        legs = [("reference", payment["network"], payment["reference"],
                 _amount(terms["destination"], terms["payee_currency"]))]  # fmt: skip
        if payment["direction"] == "inbound":
            debit = _amount(terms["debit"], terms["payer_currency"])
            legs.append(("uetr", payment["origin"], uetr, debit))
        for key, network, value, amount in legs:
            found = [entry for entry in states[network]["book"] if entry[key] == value]
            explained |= {(network, entry["reference"]) for entry in found}
            for fault in _leg(payment, found, amount):
                yield f"{uetr} at {network}: {fault}"
    for network, state in states.items():
        for entry in state["book"]:
            known = (network, entry["reference"]) in explained
            if not known and entry["status"] != "refused":
                yield f"{entry['reference']} at {network}: {entry['status']}, unknown to the switch"


def _leg(payment: Row, found: list[Row], amount: tuple[Decimal, str]) -> Iterator[str]:
    """What one network's lines say against one payment."""
    if len(found) > 1:
        yield f"{len(found)} lines"
    for entry in found:
        if (Decimal(entry["amount"]), entry["currency"]) != amount:
            yield "another amount"
        if (entry["uetr"], entry["direction"]) != (payment["uetr"], payment["direction"]):
            yield "another payment"
    if payment["state"] in OPEN:
        return
    booked = any(entry["status"] == "booked" for entry in found)
    if booked != (payment["state"] != REFUSED):
        yield f"{payment['state']} here, {'booked' if booked else 'not booked'} there"
    if any(entry["status"] == "pending" for entry in found):
        yield f"{payment['state']} here, still pending there"


def pool(tables: Tables, before: Row, after: Row, sponsor: str) -> Iterator[str]:
    """The mirror of the sponsor's pool moved as the pool did; only when nothing is in transit."""
    if any(Decimal(amount) for amount in after["transit"].values()):
        yield "bakong: money is in transit"
        return
    for currency in after["totals"]:
        if Decimal(before["totals"][currency]) != Decimal(after["totals"][currency]):
            yield f"bakong: the sum of {currency} changed"
        key = f"{sponsor}/pool/{currency}/bakong"
        mirrored = Decimal(0)
        for entry in tables.rows["entry"]:
            if entry["account"] == key and entry["phase"] == "posted":
                mirrored += _amount(_signed(entry), currency)[0]
        moved = [Decimal(side["pools"][sponsor][currency]) for side in (before, after)]
        if moved[1] - moved[0] != mirrored:
            yield f"{key}: moved by {mirrored}, the pool by {moved[1] - moved[0]}"


def _lines(payment: Row) -> Iterable[Booking]:
    """The bookings of a payment, from its frozen terms."""
    terms, who = payment["terms"], payment["institutions"]
    second = who.get("second_holder") or who["holder"]
    who = {**who, "paying_holder": second}
    legs = LEG[payment["direction"]]
    if who.get("on_us"):
        # Nothing leaves the sponsor's pool for the sponsor's own customer.
        legs = (*legs[:-1], ("payee_side", "member", "deferred", "credit", "destination"))
    for institution, role, asset, side, amount in legs:
        code = terms["payee_currency" if amount == "destination" else "payer_currency"]
        if terms[amount]:
            yield f"{who[institution]}/{role}/{code}/{asset}", side, code, terms[amount]
    hops = terms.get("hops", [])
    if len(hops) > 1 and second != who["holder"]:
        code, minor = hops[0]["destination"]
        yield f"{who['holder']}/holder/{code}/deferred", "debit", code, minor
        yield f"{second}/holder/{code}/deferred", "credit", code, minor
    if terms.get("payee_fee"):
        code, minor = terms["payee_currency"], terms["payee_fee"]
        yield f"{second}/holder/{code}/deferred", "debit", code, minor
        yield f"{who['fee_taker']}/fee/{code}/deferred", "credit", code, minor
    for holder, code, minor in terms.get("residues", []):
        yield f"{holder}/holder/{code}/deferred", "debit", code, minor
        yield f"{who['fee_taker']}/residue/{code}/deferred", "credit", code, minor


def _booking(entry: Row) -> Booking:
    return entry["account"], entry["side"], entry["currency"], entry["minor"]


def _signed(entry: Row) -> int:
    minor: int = entry["minor"]
    return minor if entry["side"] == "debit" else -minor


def _amount(minor: int, currency: str) -> tuple[Decimal, str]:
    return Decimal(minor).scaleb(-DECIMALS[currency]), currency
