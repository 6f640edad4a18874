"""Nothing that the journal speaks of can be changed, removed, added or reordered unnoticed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from switch.store.audit import audit
from switch.store.journal import (
    FAULTS_MAX,
    GENESIS,
    Block,
    Faults,
    JournalFault,
    leaf_hash,
    merkle_root,
)
from switch.store.sqlite import open_reader
from tests.contract.contract_engines import KEY, MemoryPlace, SqlitePlace
from tests.contract.journal_chain import tell, told
from tests.switch_core.core_values import MEMBER_KHR, uetr

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switch.store.memory import Leaves

Chain = list[tuple[Block, "Leaves"]]
OTHER: Final = Ed25519PrivateKey.from_private_bytes(bytes(32))


def test_an_untouched_journal_has_no_fault() -> None:
    report = audit(told().engine, KEY.public_key())

    assert report.faults == ()
    assert (report.blocks, report.payments, report.sound) == (6, 6, True)


def test_an_empty_store_has_no_fault() -> None:
    assert audit(MemoryPlace().open(), KEY.public_key()).faults == ()


# Blocks and their entries.


def resigned(block: Block, **changes: Any) -> Block:
    """The block with changes, signed again: what a thief of the key could write."""
    unsigned = replace(block, **changes, signature=b"")
    return replace(unsigned, signature=KEY.sign(unsigned.header()))


def changed_leaf(blocks: Chain) -> None:
    block, leaves = blocks[2]
    text = leaves[0][1].replace(b"4125000", b"4125001")
    assert text != leaves[0][1]
    blocks[2] = (block, ((leaves[0][0], text), *leaves[1:]))


def changed_salt(blocks: Chain) -> None:
    block, leaves = blocks[2]
    blocks[2] = (block, ((b"x" * 16, leaves[0][1]), *leaves[1:]))


def removed_leaf(blocks: Chain) -> None:
    block, leaves = blocks[1]
    blocks[1] = (block, leaves[:-1])


def added_leaf(blocks: Chain) -> None:
    block, leaves = blocks[5]
    blocks[5] = (block, (*leaves, (b"s" * 16, b'{"kind":"buried"}')))


def swapped_leaves(blocks: Chain) -> None:
    block, (first, second, *rest) = blocks[5]
    blocks[5] = (block, (second, first, *rest))


def removed_first_block(blocks: Chain) -> None:
    del blocks[0]


def removed_block(blocks: Chain) -> None:
    del blocks[3]


def removed_block_and_renumbered(blocks: Chain) -> None:
    del blocks[3]
    for place in (3, 4):
        block, leaves = blocks[place]
        blocks[place] = (replace(block, number=place + 1), leaves)


def removed_last_blocks(blocks: Chain) -> None:
    """Found because the tables hold what was written there."""
    del blocks[2:]


def swapped_blocks(blocks: Chain) -> None:
    (first, mine), (second, others) = blocks[3], blocks[4]
    blocks[3] = (replace(second, number=4), others)
    blocks[4] = (replace(first, number=5), mine)


def changed_time(blocks: Chain) -> None:
    block, leaves = blocks[3]
    blocks[3] = (replace(block, at=block.at + 1), leaves)


def changed_epoch(blocks: Chain) -> None:
    block, leaves = blocks[3]
    blocks[3] = (replace(block, epoch=2), leaves)


def changed_slot(blocks: Chain) -> None:
    block, leaves = blocks[3]
    blocks[3] = (replace(block, slot=2), leaves)


def changed_count(blocks: Chain) -> None:
    block, leaves = blocks[3]
    blocks[3] = (replace(block, leaves=3), leaves)


def foreign_signature(blocks: Chain) -> None:
    block, leaves = blocks[5]
    blocks[5] = (replace(block, signature=OTHER.sign(block.header())), leaves)


def rewritten_with_the_key(blocks: Chain) -> None:
    """Even the holder of the key cannot rewrite one block: the next names its hash."""
    block, leaves = blocks[1]
    kept = leaves[:1]
    root = merkle_root([leaf_hash(*leaf) for leaf in kept])
    blocks[1] = (resigned(block, leaves=1, root=root), kept)


def resigned_in_place(blocks: Chain) -> None:
    block, leaves = blocks[0]
    blocks[0] = (resigned(block, at=block.at + 1), leaves)


def broken_chain(blocks: Chain) -> None:
    block, leaves = blocks[5]
    blocks[5] = (resigned(block, previous=GENESIS), leaves)


def earlier_epoch(blocks: Chain) -> None:
    block, leaves = blocks[5]
    blocks[5] = (resigned(block, epoch=0), leaves)


@pytest.mark.parametrize(
    "tamper",
    [
        *(changed_leaf, changed_salt, removed_leaf, added_leaf, swapped_leaves),
        *(removed_first_block, removed_block, removed_block_and_renumbered),
        *(removed_last_blocks, swapped_blocks),
        *(changed_time, changed_epoch, changed_slot, changed_count, earlier_epoch),
        foreign_signature,
        *(rewritten_with_the_key, resigned_in_place, broken_chain),
    ],
    ids=lambda tamper: tamper.__name__,
)
def test_a_tampered_journal_is_found(tamper: Callable[[Chain], None]) -> None:
    story = told()
    tamper(story.chain)

    assert story.faults()


def test_a_wrong_key_fails_every_block() -> None:
    story = told()
    faults = audit(story.engine, OTHER.public_key()).faults

    assert {fault.what for fault in faults} == {"its signature does not verify"}
    assert [fault.place for fault in faults] == [f"block 1/{n}" for n in range(1, 7)]


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"null", b'{"kind":"opened","entries":[[1]]}', b'{"entries":7}'),
        *(b'{"version":"x","uetr":[]}', b'{"caps":[[1]]}', b'{"kind":"key","public":7}'),
        *(b'{"kind":"forgotten"}', b'{"sealed":4}', b'{"version":2,"uetr":"u","kind":"opened"}'),
    ],
)
def test_content_that_cannot_be_read_is_a_fault_not_an_error(content: bytes) -> None:
    story = told()
    block, leaves = story.chain[3]
    story.chain[3] = (block, ((leaves[0][0], content),))

    assert [fault for fault in story.faults() if fault.place == "block 1/4"]


def test_faults_are_bounded_and_the_rest_is_counted() -> None:
    faults = Faults()
    for number in range(FAULTS_MAX + 7):
        faults.add(f"block 1/{number}", "is wrong")

    assert len(faults.all()) == FAULTS_MAX + 1
    assert faults.all()[-1] == JournalFault("journal", "7 more faults are not listed")


# Published heads.


def test_a_cut_tail_is_found_where_a_head_was_published() -> None:
    """The last block booked nothing and is cut with all that it wrote: only the head knows."""
    whole, cut = told(), told()
    cut.engine.execute([])
    head = whole.chain[-1][0]
    del cut.chain[5:]
    heads = {(1, 6): head.hash()}

    assert whole.faults(heads=heads) == []
    assert JournalFault(
        "block 1/6", "was published, but the journal ends at 5: its tail was cut"
    ) in cut.faults(heads=heads)


def test_another_block_than_the_published_one_is_found() -> None:
    story = told()

    assert story.faults(heads={(1, 4): bytes(32)}) == [
        JournalFault("block 1/4", "is another block than the one that was published")
    ]


def test_a_slot_that_was_published_and_is_gone_is_found() -> None:
    assert told().faults(heads={(2, 1): bytes(32)}) == [
        JournalFault("block 2/1", "was published, but the journal ends at 0: its tail was cut")
    ]


@pytest.mark.parametrize(
    ("heads", "sentence"),
    [
        ([], "slot 1: tail not anchored after block 0 of 6"),
        ([2, 4], "slot 1: tail not anchored after block 4 of 6"),
        ([6], "slot 1: anchored to its last block, 6"),
    ],
)
def test_the_report_says_how_far_a_tail_is_anchored(heads: list[int], sentence: str) -> None:
    story = told()
    published = {(1, n): story.chain[n - 1][0].hash() for n in heads}
    (anchor,) = audit(story.engine, KEY.public_key(), published).anchors

    assert anchor.sentence == sentence


# Rows of a database.


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The database file of the six blocks."""
    path = tmp_path_factory.mktemp("journal") / "switch.db"
    engine = SqlitePlace(path).open()
    tell(engine)
    engine.close()
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    return path.read_bytes()


def faults_after(written: bytes, path: Path, *statements: str) -> list[str]:
    """What an audit finds in a copy on which somebody worked who respects no trigger."""
    path.write_bytes(written)
    connection = apsw.Connection(str(path))
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for statement in statements:
        before = connection.total_changes()
        connection.execute(statement)
        assert connection.total_changes() > before, "the statement changed something"
    connection.close()
    reader = open_reader(str(path), 1)
    report = audit(reader, KEY.public_key())
    reader.connection.close()
    return [f"{fault.place}: {fault.what}" for fault in report.faults]


def test_a_copy_on_which_nobody_worked_has_no_fault(written: bytes, tmp_path: Path) -> None:
    assert faults_after(written, tmp_path / "copy.db") == []


ONE: Final = f"uetr = '{uetr(1)}'"
PAYMENT: Final = f"payment {uetr(1)}"


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE entry SET minor = minor + 1 WHERE minor = 4125000", "is not what was journaled"),
        ("UPDATE entry SET phase = 'voided' WHERE phase = 'posted'", "is not what was journaled"),
        ("UPDATE entry SET uetr = 'x'", "is not what was journaled"),
        ("UPDATE entry SET pending_entry = pending_entry + 1", "is not what was journaled"),
        ("DELETE FROM entry WHERE phase = 'pending'", "is missing"),
        (
            ("INSERT INTO entry SELECT entry_id + 90, uetr, account, side, currency, minor, phase, "
            "pending_entry FROM entry LIMIT 1"),
            "is in no journal entry",
        ),
        (
            ("INSERT INTO entry SELECT entry_id + (1 << 50), uetr, account, side, currency, minor, "
            "phase, pending_entry FROM entry LIMIT 1"),
            "is in no block",
        ),
        *(
            (f"UPDATE account SET {column} = {column} + 1 WHERE key = '{MEMBER_KHR}'", MEMBER_KHR)
            for column in (
                *("debits_posted", "credits_posted", "debits_pending", "credits_pending"),
                "net_debit_max",
            )
        ),
        ("UPDATE account SET net_credit_max = 5", "its caps are not those that were configured"),
        (f"DELETE FROM account WHERE key = '{MEMBER_KHR}'", f"{MEMBER_KHR}: is missing"),
        ("UPDATE account SET asset = 'bakong'", "is not what its name says"),
        ("UPDATE balance_check SET debits = debits + 1", "the check of its sums"),
        ("DELETE FROM balance_check WHERE number = 3", "the check of its sums"),
        ("UPDATE balance_after SET debits_pending = debits_pending + 1", "behind it is another"),
        ("DELETE FROM balance_after WHERE number = 3", "behind it is missing"),
        (f"UPDATE payment SET state = 'refused' WHERE {ONE}", PAYMENT),
        (f"UPDATE payment SET version = version + 1 WHERE {ONE}", PAYMENT),
        (f"UPDATE payment SET reason = 'DUPLICATE' WHERE {ONE}", PAYMENT),
        (f"UPDATE payment SET reference = 'another' WHERE {ONE}", PAYMENT),
        (f"UPDATE payment SET disputed = 1 WHERE {ONE}", PAYMENT),
        (f"UPDATE payment SET reservation = reservation + 1 WHERE {ONE}", PAYMENT),
        (f"UPDATE payment SET block = block - 1 WHERE {ONE}", PAYMENT),
        (f"UPDATE payment SET updated_at = updated_at + 1 WHERE {ONE}", PAYMENT),
        (f"UPDATE payment SET network = 'malaysia' WHERE {ONE}", PAYMENT),
        (f"UPDATE payment SET frozen = replace(frozen, '34500', '34501') WHERE {ONE}", PAYMENT),
        (f"UPDATE payment SET uetr = '{uetr(99)}' WHERE {ONE}", f"{PAYMENT}: is missing"),
        (f"DELETE FROM payment WHERE {ONE}", f"{PAYMENT}: is missing"),
        (
            ("INSERT INTO payment SELECT payment_id + 1, 'x', network, 'x', state, version, "
            "updated_at, next_at, rung, reason, far_reference, disputed, reservation, frozen, "
            "slot, epoch, block FROM payment LIMIT 1"),
            "payment x: is in no journal entry",
        ),
        ("UPDATE answer SET status = 422", "answer"),
        ("UPDATE answer SET body = x'00'", "is not what was journaled"),
        ("DELETE FROM answer", "is missing"),
        ("UPDATE sealed SET blob = x'00' WHERE kind = 'evidence'", "is not what was journaled"),
        ("DELETE FROM sealed", "is missing"),
        ("UPDATE claim SET released = 1 - released", "claim quote-1: is not what was journaled"),
        ("DELETE FROM claim", "claim quote-1: is missing"),
        ("DELETE FROM tombstone", f"tombstone thailand/{uetr(9)}: is missing"),
        ("INSERT INTO incoming VALUES ('item-9')", "incoming item-9: is in no journal entry"),
        ("UPDATE rate SET sheet = '{}'", "rate provider-a/KHR/THB/r-7: is not what was journaled"),
        ("UPDATE rate SET withdrawn_at = NULL", "rate provider-a/KHR/THB/r-7"),
        ("INSERT INTO retention VALUES ('answer', 5)", "retention answer"),
        ("DELETE FROM block WHERE number = 6", "leaf 1/6: is in no block"),
        ("DELETE FROM block WHERE number = 3", "block 3 is missing"),
        ("UPDATE block SET number = CASE number WHEN 3 THEN -4 ELSE -3 END WHERE number IN (3, 4)",
         "is not what"),
        ("UPDATE block SET root = 'text' WHERE number = 3", "holds a value of another kind"),
        ("UPDATE leaf SET content = 'text' WHERE number = 3", "holds a value of another kind"),
    ],
)  # fmt: skip
def test_a_changed_row_is_named(written: bytes, tmp_path: Path, statement: str, found: str) -> None:
    faults = faults_after(written, tmp_path / "copy.db", statement)

    assert [fault for fault in faults if found in fault], faults


def test_rows_of_another_kind_than_the_table_says_are_faults_not_errors(
    written: bytes, tmp_path: Path
) -> None:
    """A damaged file may hold text where a number should stand, or the other way round."""
    for table, column in (
        *(("entry", "minor"), ("account", "debits_posted"), ("payment", "frozen")),
        *(
            ("payment", "version"),
            ("payment", "updated_at"),
            ("answer", "body"),
            ("sealed", "kind"),
        ),
        *(("claim", "uetr"), ("balance_after", "debits_posted"), ("balance_check", "debits")),
        *(("block", "at"), ("leaf", "salt"), ("rate", "effective_at"), ("payment", "uetr")),
    ):
        statement = f"UPDATE {table} SET {column} = x'ff00' WHERE rowid IS NOT NULL"
        if table in ("account", "claim", "balance_after", "balance_check", "block", "leaf", "rate"):
            statement = f"UPDATE {table} SET {column} = x'ff00'"
        if column == "uetr" and table == "payment":
            statement += f" AND {ONE}"

        assert faults_after(written, tmp_path / "copy.db", statement), f"{table}.{column}"
