"""Several slots, each with a chain of its own, are one set of books."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import apsw
import pytest

from switch.delta import across_slots
from switch.lifecycle import Event
from switch.store.audit import audit
from switch.store.check_proof import check_proof
from switch.store.journal import Faults
from switch.store.past import APART_US, Dated, Past
from switch.store.sqlite import open_reader
from switch.store.statements import BALANCES_EVERY
from tests.contract.contract_engines import KEY, MemoryPlace, SqlitePlace
from tests.contract.journal_chain import tell
from tests.contract.test_proofs import proof_of, text
from tests.switch_core.core_values import (
    MEMBER_KHR,
    buried,
    capped,
    concluded,
    opened,
    payment,
    received,
)

if TYPE_CHECKING:
    from pathlib import Path

    from switch.store.tables import Row

BLOCKS = 4


def two_slots() -> MemoryPlace:
    """Payments opened under one slot and ended under the other, on the same accounts."""
    place = MemoryPlace()
    first, second = place.open(1), place.open(2)
    first.execute([capped(10**12)])
    second.execute([received()])
    for number in range(1, BLOCKS):
        held = payment(number, quote=f"quote-{number}")
        (first if number % 2 else second).execute([opened(held)])
        known = first.payment(held.uetr) or held
        (second if number % 2 else first).execute([concluded(known, Event.ACCEPTED)])
    return place


def found(place: MemoryPlace) -> list[str]:
    report = audit(place.open(1), KEY.public_key())
    return [f"{fault.place}: {fault.what}" for fault in report.faults]


def test_the_books_of_two_slots_are_sound_and_each_says_how_far_it_goes() -> None:
    place = two_slots()
    report = audit(place.open(1), KEY.public_key(), {(2, 4): place.tables.blocks[2][-1][0].hash()})

    assert report.faults == ()
    assert [(each.slot, each.blocks, each.anchored) for each in report.anchors] == [
        (1, 4, 0),
        (2, 4, 4),
    ]


def test_a_changed_past_balance_of_one_of_two_slots_is_found() -> None:
    place = two_slots()
    number = across_slots(1, 2)
    place.tables.balances[number] = tuple(
        replace(each, debits_pending=each.debits_pending + 1) if each.key == MEMBER_KHR else each
        for each in place.tables.balances[number]
    )

    assert found(place) == [f"account {MEMBER_KHR}: its past balances are not what was booked"]


def long_slot(tmp_path: Path, slots: int, sql: str) -> list[str]:
    """What is found after a statement, 256 blocks of one slot and maybe one of another behind."""
    place = SqlitePlace(tmp_path / "switch.db")
    engine = place.open(1)
    tell(engine)
    for number in range(7, BALANCES_EVERY + 1):
        engine.execute([buried(number + 10)])
    engine.execute([buried(9_000)])
    engine.close()
    if slots > 1:
        other = place.open(2)
        other.execute([buried(9_001)])
        other.close()
    connection = apsw.Connection(str(tmp_path / "switch.db"))
    connection.execute("DROP TRIGGER balance_after_update; DROP TRIGGER balance_after_delete")
    connection.execute(sql)
    assert connection.changes()
    connection.close()
    reader = open_reader(str(tmp_path / "switch.db"), 1)
    report = audit(reader, KEY.public_key())
    reader.connection.close()
    return [f"{fault.place}: {fault.what}" for fault in report.faults]


SUMS = "account, debits_posted, credits_posted, debits_pending, credits_pending"
KEPT = f"number = {BALANCES_EVERY} AND account = '{MEMBER_KHR}'"
WAS = f"block 1/{BALANCES_EVERY}: the balance of {MEMBER_KHR} behind it is"


@pytest.mark.parametrize("slots", [1, 2])
@pytest.mark.parametrize(
    ("sql", "faults"),
    [
        ("UPDATE slot SET epoch = epoch", []),
        (
            f"UPDATE balance_after SET debits_posted = debits_posted + 1000 WHERE {KEPT}",
            [f"{WAS} another"],
        ),
        (f"DELETE FROM balance_after WHERE {KEPT}", [f"{WAS} missing"]),
        (
            f"INSERT INTO balance_after SELECT 1, 255, {SUMS} FROM balance_after WHERE {KEPT}",
            ["block 1/255: has the balance of an account that it did not touch"],
        ),
    ],
)
def test_balances_that_a_block_keeps_of_accounts_it_did_not_touch_are_checked(
    tmp_path: Path, slots: int, sql: str, faults: list[str]
) -> None:
    assert long_slot(tmp_path, slots, sql) == faults


def test_a_process_whose_clock_is_late_makes_no_kept_balance_false() -> None:
    """Blocks of two slots take an account to and fro; the one that keeps it all is between them."""
    faults = Faults()
    past = Past(bytes(32), faults, ordered=False)
    to, fro = ("a", "debit", 5), ("a", "credit", 5)

    def take(slot: int, at: int, booked: list[Row], sums: tuple[int, ...], *, whole: bool) -> None:
        rows = [(0, "", a, side, "KHR", minor, "posted", None) for a, side, minor in booked]
        block = Dated(f"{slot}/{at}", slot, at, frozenset(row[0] for row in booked), whole)
        past.take(block, rows, (), [(slot, at, "a", *sums)], lambda _: (0, 0, 0, 0))

    later = 3 * APART_US
    take(1, 10, [to], (5, 0, 0, 0), whole=False)
    take(1, later, [], (5, 5, 0, 0), whole=True)
    take(2, later + 10, [fro], (5, 5, 0, 0), whole=False)
    assert faults.all() == ()

    take(1, 2 * later, [], (5, 0, 0, 0), whole=True)
    past.end({"a": (5, 5, 0, 0)})
    assert [fault.what for fault in faults.all()] == ["the balance of a behind it is another"]


def test_a_chain_that_is_gone_whole_leaves_its_payments_and_money_unexplained() -> None:
    place = two_slots()
    del place.tables.blocks[2]
    faults = found(place)

    assert [fault for fault in faults if "is in no block" in fault]
    assert [fault for fault in faults if "its balance is not what was booked" in fault]


def test_a_payment_that_two_slots_wrote_is_proven_whole() -> None:
    engine = two_slots().open(1)
    proven = check_proof(text(proof_of(engine, 1)), [KEY.public_key()])

    assert [entry["kind"] for entry in proven.entries] == ["opened", "accepted"]
    assert [head.slot for head in proven.heads] == [1, 2]
