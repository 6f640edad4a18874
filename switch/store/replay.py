"""What a journal entry says of the tables: sums, caps, and rows; the ledger replayed from leaves.

An entry is read by its fields, so one written by an earlier version says less and is still checked
for what it says. :func:`leaf_items` and :func:`row_items` make the same texts of both sides, for
:mod:`switch.store.tally` to compare. The surprise: a row that changes is counted by differences,
each entry taking back what the one before it said, because the order of slots is nowhere written.
"""

from __future__ import annotations

from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import orjson

from switch.delta import row_digest
from switch.ledger import place_of
from switch.lifecycle import STATES, Event
from switch.model import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from switch.store.journal import Faults
    from switch.store.tables import Row

ENTRY_FIELDS: Final = 6
"""Values of an entry's content; one that resolves a reservation names it behind them."""

UNSAID: Final = "?"
"""Stands for the reservation that an entry resolved, where a journal of before does not name it."""

ERASED: Final = bytes(16)
"""How the mark begins that takes the place of a data key."""

_LATE: Final = MappingProxyType(
    {
        "opened": ("bound", "exchange"),
        "held": ("bound",),
        "booked": ("bound",),
        "refused": ("bound",),
        "enquired": ("exchange",),
    }
)
"""What entries of these kinds did not always say."""

ZERO: Final = (0, 0, 0, 0)
FINAL: Final = frozenset(state.value for state, traits in STATES.items() if traits.final)
Caps = tuple[Any, Any]


class Replay:
    """Posted and pending sums by account, and the caps that each slot's last entry set."""

    def __init__(self) -> None:
        self._sums: dict[str, list[int]] = {}
        self._currencies: dict[str, str] = {}
        self._caps: dict[int, dict[str, Caps]] = {}
        self._retained: dict[str, int] = {}

    def sums(self, account: str) -> tuple[int, ...]:
        """The four sums of an account so far."""
        return tuple(self._sums.get(account, ZERO))

    def all_sums(self) -> Mapping[str, Sequence[int]]:
        """The sums of every account that was booked on."""
        return self._sums

    def take(self, content: Mapping[str, Any], slot: int) -> list[tuple[Any, ...]]:
        """Book what an entry says; returns its ledger rows as they should stand.

        Raises :class:`ValueError`, :class:`TypeError` or :class:`KeyError` for what says nothing.
        """
        for account, debit, credit in content.get("caps", ()):
            self._caps.setdefault(slot, {})[account] = (debit, credit)
        if content.get("kind") == "forgotten":
            for what, moment in (("answer", "ended_before"), ("tombstone", "buried_before")):
                self._retained[what] = max(content[moment], self._retained.get(what, 0))
        entries = content.get("entries")
        if not entries:
            return []
        # What is booked for no payment is booked for an item, where its entry names it.
        uetr, rows = content.get("uetr", content.get("of", "")), []
        # An entry of before this was written down resolved the reservation of its payment.
        before = UNSAID if content["kind"] != "received" else None
        for entry in entries:
            number, account, side, currency, minor, phase = entry[:ENTRY_FIELDS]
            row = self._sums.get(account)
            if row is None:
                row = self._sums[account] = [0, 0, 0, 0]
                self._currencies[account] = currency
            column, pending = side == "credit", None
            if phase == "pending":
                row[column + 2] += minor
            else:
                pending = before if len(entry) == ENTRY_FIELDS else entry[ENTRY_FIELDS]
                if phase == "posted":
                    row[column] += minor
                if pending is not None:
                    row[column + 2] -= minor
            rows.append((number, uetr, account, side, currency, minor, phase, pending))
        return rows

    def compare(self, accounts: Mapping[str, Row], faults: Faults) -> None:
        """Hold the sums and caps of account rows against the entries."""
        capped = {key for caps in self._caps.values() for key in caps}
        for key in sorted(self._sums.keys() | capped | accounts.keys(), key=str):
            place, row = f"account {key}", accounts.get(key)
            if row is None:
                faults.add(place, "is missing")
                continue
            if key not in self._sums and key not in capped:
                faults.add(place, "is in no entry")
            if row[2:6] != self.sums(key):
                faults.add(place, "its balance is not what was booked")
            if (row[8], row[9], row[1], row[10], row[11]) != _place(key):
                faults.add(place, "is not what its name says")
            if row[1] != self._currencies.get(key, row[1]):
                faults.add(place, "its currency is not the one of its entries")
            if not self._capped_so(key, (row[6], row[7])):
                faults.add(place, "its caps are not those that were configured")

    def compare_retention(self, rows: Mapping[str, Row], faults: Faults) -> None:
        """Hold what retention let go of against what it said it did."""
        for what in sorted(self._retained.keys() | rows.keys(), key=str):
            if rows.get(what, (what, 0)) != (what, self._retained.get(what, 0)):
                faults.add(f"retention {what}", "is not what was journaled")

    def _capped_so(self, key: str, caps: Caps) -> bool:
        """True for what some slot configured last: which slot was the last of all is not known."""
        said = [each[key] for each in self._caps.values() if key in each]
        return caps in said if said else caps == (None, None)


def _place(key: str) -> tuple[str, ...] | None:
    """What an account is by its name: institution, role, currency, asset, kind."""
    try:
        place = place_of(key)
    except (ValueError, KeyError, AttributeError):
        return None
    return place.institution, place.role, place.currency, place.asset, place.kind


def item(*parts: object) -> bytes:
    """One thing that a table holds, as text that names it."""
    return orjson.dumps(parts, default=repr)


def leaf_items(content: Mapping[str, Any]) -> Iterator[tuple[bytes, int]]:
    """What an entry adds to tables (1) and takes back (-1)."""
    uetr, kind = content.get("uetr"), content.get("kind")
    version = content.get("version")
    if version is not None:
        yield item("payment", uetr, version), 1
        if version != 1:
            yield item("payment", uetr, version - 1), -1
        if kind in ("opened", "held", "booked"):
            yield item("claim", content["quote"], uetr, 0), 1
            if "given_back" in content:
                yield item("claim", content["quote"], content["given_back"], 1), -1
        elif kind == Event.NOT_SENT.value and content["state"] in FINAL:
            yield item("claim", content["quote"], uetr, 0), -1
            yield item("claim", content["quote"], uetr, 1), 1
    if kind in ("proposed", "approved", "settled", "standing"):
        yield from _claim_items(content)
    elif kind == "erased":
        yield item("erased", uetr), 1
    yield from _kept_items(content)
    if "answer" in content:
        yield item("answer", uetr, content["answer"]), 1
    for digest in content.get("sealed", ()):
        yield item("sealed", uetr, digest), 1
    if "item" in content:
        yield item("incoming", content["item"]), 1
    if kind == "buried":
        yield item("tombstone", content["scope"], uetr), 1
    elif kind == "forgotten":
        yield from _forgotten_items(content)
    elif kind in ("published", "confirmed", "withdrawn"):
        yield from _rate_items(content)


def _kept_items(content: Mapping[str, Any]) -> Iterator[tuple[bytes, int]]:
    """An item in suspense as it is kept from this entry on, and as it was before."""
    if "kept" in content:
        name, now, *before = content["kept"]
        yield item("claim", name, now, 0), 1
        for each in before:
            yield item("claim", name, each, 0), -1


def _forgotten_items(content: Mapping[str, Any]) -> Iterator[tuple[bytes, int]]:
    for forgotten, digest, *_ in content["answers"]:
        yield item("answer", forgotten, digest), -1
    for scope, grave in content["graves"]:
        yield item("tombstone", scope, grave), -1


def _claim_items(content: Mapping[str, Any]) -> Iterator[tuple[bytes, int]]:
    name, uetr = content["claim"], content.get("uetr")
    if content["kind"] == "standing":
        yield item("claim", name, content["stands"], 0), 1
        if "before" in content:
            yield item("claim", name, content["before"], 0), -1
        return
    if content["kind"] == "proposed":
        yield item("claim", name, uetr, 0), 1
        for said in ("place", "turn"):
            if said in content:
                yield item("claim", content[said], uetr, 0), 1
        if "replaced" in content:
            yield item("claim", content["replaced"], uetr, 0), -1
            yield item("claim", content["replaced"], uetr, 1), 1
        return
    yield item("claim", name, uetr, 0), -1
    yield item("claim", name, uetr, 1), 1


def late_items(content: Mapping[str, Any]) -> Iterator[tuple[bytes, int]]:
    """What an entry adds to, and takes from, tables that entries of before say nothing of."""
    uetr = content.get("uetr")
    if content.get("version") == 1:
        yield item("data_key", uetr), 1
    if "bound" in content:
        yield item("binding", uetr, content["bound"]), 1
    if "exchange" in content:
        yield item("exchange", uetr, content["exchange"]), 1
    if content.get("kind") == "forgotten":
        for forgotten, _, *bound in content["answers"]:
            yield item("binding", forgotten, *bound), -1


def is_late(content: Mapping[str, Any]) -> bool:
    """True for an entry that says all that :func:`late_items` has to be told by now."""
    kind = content.get("kind")
    if kind == "forgotten":
        return all(len(each) > len(("uetr", "answer")) for each in content["answers"])
    return all(name in content for name in _LATE.get(str(kind), ()))


def _rate_items(content: Mapping[str, Any]) -> Iterator[tuple[bytes, int]]:
    named = (content["provider"], content["pair"], content["rate_version"])
    posted = (*named, "posted", content["effective_at"], content["sheet"])
    if content["kind"] == "confirmed":
        yield item("rate", *posted, content["before"]), -1
    if content["kind"] in ("published", "confirmed"):
        yield item("rate", *posted, content["at"]), 1
        return
    yield item("rate", *named, "withdrawn", content["at"]), 1
    # One that was only configured is kept by its withdrawal. An entry of before this was written
    # down is taken for one of a rate that was posted.
    if not content.get("held", "published_at" not in content):
        yield item("rate", *posted, content["published_at"]), 1


def row_items(table: str, row: Row) -> tuple[bytes, ...]:
    """What a row of a table is to the journal."""
    match table:
        case "payment":
            return (item(table, row[1], row[5]),)
        case "answer":
            return (item(table, row[1], _answer(row)),)
        case "sealed":
            return (item(table, row[1], _sealed(row)),)
        case "data_key":
            return (item("erased", row[1]),) if _starts(row[2], ERASED) else ()
        case "rate":
            provider, pair, version, effective_at, published_at, sheet, withdrawn_at = row
            rate = (table, provider, pair, version)
            posted = item(*rate, "posted", effective_at, sheet, published_at)
            if withdrawn_at is None:
                return (posted,)
            return posted, item(*rate, "withdrawn", withdrawn_at)
        case "tombstone":
            return (item(table, *row[:2]),)
    return (item(table, *row),)


def late_row_items(table: str, row: Row) -> tuple[bytes, ...]:
    """What a row is to the journal, of a table that entries of before say nothing of."""
    match table:
        case "binding":
            return (item(table, row[1], row_digest(*row[2:])),)
        case "exchange":
            return (item(table, row[1], row_digest(row[0], *row[2:])),)
    return (item(table, row[1]),)


def _starts(value: object, mark: bytes) -> bool:
    return isinstance(value, bytes) and value.startswith(mark)


def _answer(row: Row) -> str:
    _, _, status, media, body, sealed = row
    kind = {0: "", 1: "sealed"}.get(sealed, "neither")
    return _digest(f"{status}\n{media}\n{kind}", body)


def _sealed(row: Row) -> str:
    record_id, _, kind, blob = row
    return _digest(f"{record_id}/{kind}/", blob)


def _digest(head: str, body: object) -> str:
    if not isinstance(body, bytes):
        return f"not bytes: {body!r}"
    return sha256(head.encode() + body).hexdigest()


def named(found: bytes) -> str:
    """The place of an item, for people: its table and what names it there."""
    table, *parts = orjson.loads(found)
    if table in (
        "payment",
        "answer",
        "sealed",
        "claim",
        "binding",
        "exchange",
        "data_key",
        "erased",
    ):
        return f"{table} {parts[0]}"
    if table == "rate":
        return f"{table} {'/'.join(map(str, parts[:3]))}"
    return f"{table} {'/'.join(map(str, parts))}"


def payment_faults(content: Mapping[str, Any], row: Row, block: int) -> Iterator[str]:
    """What of a payment's row is not as its entry in that block says.

    ``row`` is of :data:`~switch.store.rows.PAYMENT_COLUMNS`. Timer, rung, owner and the reference
    of the counterparty are what the switch works with: the journal does not say them.
    """
    (payment_id, _, network, reference, state, version, updated_at, _, _, reason, _) = row[:11]
    disputed, reservation, frozen, newest = row[11:]
    reserved = _reserved(content["entries"])
    unreserved = content["version"] == 1 and version == 1 and reserved is None
    if (reserved is not None or unreserved) and reservation != reserved:
        yield "its reservation is not the one that was journaled"
    if content["version"] == 1:
        held = content.get("frozen")
        text = f"{payment_id}/{network}/{frozen}".encode("utf-8", "replace")
        if held is not None and held != sha256(text).hexdigest():
            yield "its terms are not those that were journaled"
        if held is None and not _terms_agree(content, frozen):
            yield "its terms are not those that were journaled"
        if reference != content["reference"]:
            yield "its reference is not the one that was journaled"
    if version != content["version"]:
        return
    if (state, reason, updated_at) != (content["state"], content["reason"], content["at"]):
        yield "its state, reason or time is not what was journaled"
    if disputed != int(content.get("disputed", disputed)):
        yield "whether it is disputed is not what was journaled"
    if newest is not None and newest != block:
        yield "its newest entry is not where it says"


def _reserved(entries: Sequence[Sequence[Any]]) -> object:
    """The number of the first entry that reserves something."""
    return next((entry[0] for entry in entries if entry[ENTRY_FIELDS - 1] == "pending"), None)


def _terms_agree(content: Mapping[str, Any], frozen: object) -> bool:
    """What an entry of an earlier version says of the terms."""
    try:
        held = orjson.loads(frozen)  # type: ignore[arg-type]
        terms = held["terms"]
        return bool(
            content["debit"] == [terms["payer_currency"], terms["debit"]]
            and content["destination"] == [terms["payee_currency"], terms["destination"]]
            and (content["corridor"], content["origin"]) == (held["corridor"], held["origin"])
            and content["quote"] == terms["quote_id"]
        )
    except (TypeError, ValueError, KeyError):
        return False


def is_open(state: object) -> bool:
    """True for the text of a state that is not final, and for no text of a state."""
    return state not in FINAL and state in {each.value for each in State}
