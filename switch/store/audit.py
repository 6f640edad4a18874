"""The book-keeper's check of a whole store, from its rows and the public keys alone.

The journal is read once from end to end: chains, signatures, what each entry says of ledger rows
and payments. Then every table is read once and held against that, and the books against what open
payments reserve. Nothing is held that grows with the number of payments. The surprise: what is
missing at the end of the journal is missed by nobody who has not seen a head of it published, so
the report says up to which block each slot is anchored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson

from switch.delta import BLOCK_BITS
from switch.runtime.entropy import SEQUENCE_BITS, SystemEntropy
from switch.store.awaited import Awaited
from switch.store.chain import Chain, Keyring, block_of
from switch.store.contract import RecordUnreadable
from switch.store.cursor import Cursor
from switch.store.journal import Faults
from switch.store.merged import Merged, written_slots
from switch.store.past import Dated, Past
from switch.store.replay import (
    UNSAID,
    Replay,
    is_late,
    late_items,
    late_row_items,
    leaf_items,
    named,
    payment_faults,
    row_items,
)
from switch.store.report import Anchor, Report
from switch.store.standing import Standing
from switch.store.statements import BALANCES_EVERY
from switch.store.tally import KEY_BYTES, Differing, Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from switch.store.contract import Reader, Reads
    from switch.store.journal import Block
    from switch.store.tables import Row

ROWS_PAGE: Final = 4_000
WRITTEN_MIN: Final = 500
"""Entries of payments that are gathered before the payments are looked up."""

NAMED_MAX: Final = 2_000
"""UETRs of one look-up."""

COMPARED: Final = (
    *("payment", "answer", "sealed", "claim", "tombstone", "incoming", "rate", "data_key"),
)
"""Tables that are held against the entries row by row; the ledger's are compared on the way."""

LATE: Final = ("binding", "exchange", "data_key")
"""Tables of which entries of earlier versions say nothing: compared where no entry is of one."""

Heads: TypeAlias = "Mapping[tuple[int, int], bytes]"
Content: TypeAlias = dict[str, Any]
OfLeaf: TypeAlias = "Callable[[Mapping[str, Any]], Iterable[tuple[bytes, int]]]"
OfRows: TypeAlias = "Callable[[str, Iterable[Row]], Iterable[bytes]]"
_UNREADABLE: Final = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)


def audit(
    read: Reader, keys: Ed25519PublicKey | Iterable[Ed25519PublicKey], heads: Heads | None = None
) -> Report:
    """Check a store that is read without waiting; as :func:`audit_reads`."""
    given = keys if isinstance(keys, list | tuple) else (keys,)
    return _without_waiting(audit_reads(Awaited(read), given, heads or {}))


async def audit_reads(
    read: Reads, keys: Iterable[Ed25519PublicKey], heads: Heads, tally_key: bytes | None = None
) -> Report:
    """Check a whole store. ``heads`` are hashes of published blocks by slot and number.

    ``read`` must show one state of the store throughout. ``tally_key`` is random unless given.
    """
    work = _Audit(read, Keyring(keys), heads, tally_key or SystemEntropy().bytes(KEY_BYTES))
    return await work.run()


def _without_waiting(work: Coroutine[Any, Any, Report]) -> Report:
    try:
        work.send(None)
    except StopIteration as ended:
        report: Report = ended.value
        return report
    raise AssertionError("reads of an engine in this process wait for nothing")


@dataclass(slots=True)
class _Audit:
    read: Reads
    keys: Keyring
    heads: Heads
    tally_key: bytes
    faults: Faults = field(default_factory=Faults)
    standing: Standing = field(default_factory=Standing)
    replay: Replay = field(default_factory=Replay)
    chains: dict[Any, Chain] = field(default_factory=dict)
    anchored: dict[Any, int] = field(default_factory=dict)
    accounts: dict[str, Row] = field(default_factory=dict)
    past: Past | None = None
    blocks: int = 0
    late: Tally | None = None
    """Of :data:`LATE` tables; None where an entry is of before."""

    unsaid_until_ms: int = -1
    """Records made up to then are in entries of before entries said anything of records."""

    async def run(self) -> Report:
        tally, self.late = Tally(self.tally_key), Tally(self.tally_key)
        try:
            async for page in _pages(self.read, "account"):
                self.accounts.update((row[0], row) for row in page)
            await self._journal(tally)
            await self._tables(tally)
            if tally.odd():
                await self._differing(tally, COMPARED, leaf_items, self._items)
            if self.late is not None and self.late.odd():
                await self._differing(self.late, LATE, late_items, _late_rows)
            self.replay.compare(self.accounts, self.faults)
            retained = {
                row[0]: row async for page in _pages(self.read, "retention") for row in page
            }
            self.replay.compare_retention(retained, self.faults)
            self.standing.compare(self.accounts)
        except RecordUnreadable as error:
            self.faults.add("database", str(error))
            self.standing.faults.add("database", "the books cannot be read whole")
        self._witnessed()
        found, books = self.faults.all(), self.standing.faults.all()
        payments, faults = self.standing.payments, (*books, *found)
        return Report(self.blocks, payments, faults, not books, not found, self._anchors())

    async def _journal(self, tally: Tally) -> None:
        slots = await written_slots(self.read)
        self.past = Past(self.tally_key, self.faults, ordered=len(slots) <= 1)
        written: list[tuple[int, Content]] = []
        async for page, chunk in Merged(self.read, slots, self.faults).pages():
            expected, said = self._chunk(page, chunk, tally)
            if expected != chunk["entry"]:
                self._ledger_rows(expected, chunk["entry"])
            written += said
            if len(written) >= WRITTEN_MIN:
                await self._payments(written)
                written = []
        await self._payments(written)
        self.past.end(self.replay.all_sums())

    def _chunk(
        self, page: list[Row], chunk: Mapping[str, list[Row]], tally: Tally
    ) -> tuple[list[Row], list[tuple[int, Content]]]:
        """Check blocks with their leaves; returns ledger rows and entries of payments as said."""
        by_block = _by_block(chunk["leaf"])
        checks, after = _by_block(chunk["balance_check"]), _by_block(chunk["balance_after"])
        expected: list[Row] = []
        written: list[tuple[int, Content]] = []
        said: list[bytes] = []
        taken: list[bytes] = []
        for row in page:
            place = f"block {row[0]}/{row[1]}"
            block, held = block_of(row), by_block.pop(row[:2], [])
            leaves = [each[3:5] for each in held]
            if block is None or not all(_is_bytes(leaf) for leaf in leaves):
                self.faults.add(place, "holds a value of another kind")
                continue
            if [each[2] for each in held] != list(range(len(held))):
                self.faults.add(place, "its entries are not numbered in their order")
            self.blocks += 1
            start, capped = len(expected), set[Any]()
            across = block.slot << BLOCK_BITS | block.number
            for content in self._chain(block).take(block, leaves):
                try:
                    expected += self.replay.take(content, block.slot)
                    capped.update(cap[0] for cap in content.get("caps", ()))
                    for found, sign in leaf_items(content):
                        (said if sign > 0 else taken).append(found)
                    self._take_late(content)
                    if "version" in content:
                        written.append((across, content))
                        self._unsaid(content)
                except _UNREADABLE:
                    self.faults.add(place, "an entry cannot be read")
            self._head(block)
            booked = expected[start:]
            dated = Dated(
                *(place, block.slot, block.at),
                named=frozenset(capped.union(each[2] for each in booked)),
                whole=block.number % BALANCES_EVERY == 0,
            )
            self._past(dated, booked, checks.pop(row[:2], []), after.pop(row[:2], []))
        tally.add(said, 1)
        tally.add(taken, -1)
        for table, left in (
            ("leaf", by_block),
            ("balance_check", checks),
            ("balance_after", after),
        ):
            for slot, number in left:
                self.faults.add(f"{table} {slot}/{number}", "is in no block")
        return expected, written

    def _past(
        self, block: Dated, booked: Sequence[Row], checks: list[Row], after: list[Row]
    ) -> None:
        assert self.past is not None, "made before the first block"
        try:
            self.past.take(block, booked, checks, after, self.replay.sums)
        except _UNREADABLE:
            self.faults.add(block.place, "its balances cannot be read")

    def _chain(self, block: Block) -> Chain:
        chain = self.chains.get(block.slot)
        if chain is None:
            chain = self.chains[block.slot] = Chain(block.slot, self.keys, self.faults)
        return chain

    def _head(self, block: Block) -> None:
        witnessed = self.heads.get((block.slot, block.number))
        if witnessed is None:
            return
        if witnessed != block.hash():
            place = f"block {block.slot}/{block.number}"
            self.faults.add(place, "is another block than the one that was published")
        self.anchored[block.slot] = block.number

    def _take_late(self, content: Content) -> None:
        if not is_late(content):
            self.late = None
        if self.late is not None:
            for found, sign in late_items(content):
                self.late.add((found,), sign)

    def _unsaid(self, content: Content) -> None:
        """Note an entry of an earlier version: of its records the journal says nothing."""
        if "disputed" not in content:
            self.unsaid_until_ms = max(self.unsaid_until_ms, content["at"] // 1_000)

    def _ledger_rows(self, expected: Sequence[Row], booked: Sequence[Row]) -> None:
        said, held = ({row[0]: row for row in rows} for rows in (expected, booked))
        for number in sorted(said.keys() | held.keys(), key=str):
            if number not in held:
                self.faults.add(f"entry {number}", "is missing")
            elif number not in said:
                self.faults.add(f"entry {number}", "is in no journal entry")
            elif not _same(said[number], held[number]):
                self.faults.add(f"entry {number}", "is not what was journaled")

    async def _payments(self, written: list[tuple[int, Content]]) -> None:
        names = list(dict.fromkeys(str(content.get("uetr")) for _, content in written))
        rows: dict[str, Row] = {}
        for start in range(0, len(names), NAMED_MAX):
            found = await self.read.payment_rows(names[start : start + NAMED_MAX])
            rows.update((row[1], row) for row in found)
        for across, content in written:
            place = f"payment {content.get('uetr')}"
            row = rows.get(str(content.get("uetr")))
            if row is None:
                self.faults.add(place, "is missing")
                continue
            try:
                for what in payment_faults(content, row, across):
                    self.faults.add(place, what)
            except _UNREADABLE:
                self.faults.add(place, "its row or its entry cannot be read")

    async def _tables(self, tally: Tally) -> None:
        for table in COMPARED:
            async for page in _pages(self.read, table):
                tally.add(self._items(table, page), -1)
                if table == "payment":
                    self.standing.take(page)
        for table in LATE if self.late is not None else ():
            async for page in _pages(self.read, table):
                if self.late is not None:
                    self.late.add(_late_rows(table, page), -1)

    def _items(self, table: str, page: Iterable[Row]) -> Iterable[bytes]:
        for row in page:
            if table in ("answer", "sealed") and self._is_unsaid(row[0]):
                continue
            yield from row_items(table, row)

    def _is_unsaid(self, number: object) -> bool:
        return isinstance(number, int) and number >> SEQUENCE_BITS <= self.unsaid_until_ms

    async def _differing(
        self, tally: Tally, tables: Sequence[str], of_leaf: OfLeaf, of_rows: OfRows
    ) -> None:
        """Go through everything once more, to name what is on one side only."""
        differing = Differing(tally)
        async for page in _pages(self.read, "leaf"):
            for row in page:
                for content in _contents(row[4]):
                    for found, sign in _said(of_leaf, content):
                        differing.add((found,), sign)
        for table in tables:
            async for page in _pages(self.read, table):
                differing.add(of_rows(table, page), -1)
        sides: dict[str, set[bool]] = {}
        for found, count in differing.found():
            sides.setdefault(named(found), set()).add(count > 0)
        for place, side in sides.items():
            said = {True: "is missing", False: "is in no journal entry"}
            only = next(iter(side)) if len(side) == 1 else None
            self.faults.add(place, "is not what was journaled" if only is None else said[only])
        if differing.left_out or not sides:
            self.faults.add("tables", "more rows differ from the journal than are listed")

    def _witnessed(self) -> None:
        """Published heads that the journal does not reach: its tail was cut."""
        ends = {slot: chain.last.number for slot, chain in self.chains.items() if chain.last}
        beyond: dict[int, int] = {}
        for slot, number in self.heads:
            if number > ends.get(slot, 0):
                beyond[slot] = max(number, beyond.get(slot, 0))
        for slot, number in sorted(beyond.items()):
            what = f"was published, but the journal ends at {ends.get(slot, 0)}: its tail was cut"
            self.faults.add(f"block {slot}/{number}", what)

    def _anchors(self) -> tuple[Anchor, ...]:
        return tuple(
            Anchor(slot, chain.last.number, self.anchored.get(slot, 0), chain.last.hash())
            for slot, chain in sorted(self.chains.items())
            if chain.last is not None
        )


def _late_rows(table: str, page: Iterable[Row]) -> Iterable[bytes]:
    for row in page:
        yield from late_row_items(table, row)


async def _pages(read: Reads, table: str) -> AsyncIterator[list[Row]]:
    cursor = Cursor(read, table, ROWS_PAGE)
    while page := await cursor.page():
        yield page


def _by_block(rows: Iterable[Row]) -> dict[Row, list[Row]]:
    found: dict[Row, list[Row]] = {}
    for row in rows:
        found.setdefault(row[:2], []).append(row)
    return found


def _is_bytes(leaf: Row) -> bool:
    return isinstance(leaf[0], bytes) and isinstance(leaf[1], bytes)


def _same(said: Row, held: Row) -> bool:
    if said[-1] == UNSAID:
        return bool(said[:-1] == held[:-1])
    return bool(said == held)


def _contents(text: object) -> list[Content]:
    """What a leaf says, or nothing: that it cannot be read was said before."""
    try:
        content = orjson.loads(text)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return []
    return [content] if isinstance(content, dict) else []


def _said(of_leaf: OfLeaf, content: Content) -> list[tuple[bytes, int]]:
    found = []
    try:
        for each in of_leaf(content):
            found.append(each)  # noqa: PERF402  what came before the error counts
    except _UNREADABLE:
        pass
    return found
