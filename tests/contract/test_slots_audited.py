"""Several slots, each with a chain of its own, are one set of books."""

from __future__ import annotations

from dataclasses import replace

from switch.delta import across_slots
from switch.lifecycle import Event
from switch.store.audit import audit
from switch.store.check_proof import check_proof
from tests.contract.contract_engines import KEY, MemoryPlace
from tests.contract.test_proofs import proof_of, text
from tests.switch_core.core_values import MEMBER_KHR, capped, concluded, opened, payment, received

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
