"""A run whose three records differ in one payment, or that was not durable, is not valid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from switch.bench.gate import Durability, Evidence, ServerDurability, faults

if TYPE_CHECKING:
    from collections.abc import Callable

UETRS: Final = tuple(f"00000000-0000-4000-8000-00000000000{digit}" for digit in range(3))


def entry(number: int, **changed: str) -> dict[str, Any]:
    """One line of the network's book."""
    line = {
        "uetr": UETRS[number],
        "reference": f"R{number}",
        "amount": "1.00",
        "currency": "THB",
        "status": "booked",
    }
    return line | changed


def sound() -> Evidence:
    """Three payments on which everybody agrees."""
    return Evidence(
        sent=3,
        answers=dict.fromkeys(UETRS, "THB 1.00"),
        held={uetr: ("ACCC", "THB 1.00", f"R{i}") for i, uetr in enumerate(UETRS)},
        book=[entry(i) for i in range(3)],
        ledger_balanced=True,
        journal_verified=True,
        durability=Durability(2, "wal"),
    )


def without_last(mapping: Any) -> dict[str, Any]:
    return dict(list(mapping.items())[:-1])


TAMPERED: Final[dict[str, Callable[[Evidence], Evidence]]] = {
    "nothing was sent": lambda e: replace(e, sent=0, answers={}, held={}, book=[]),
    "an answer is missing": lambda e: replace(e, answers=without_last(e.answers)),
    "one more was sent": lambda e: replace(e, sent=4),
    "the switch lost a payment": lambda e: replace(e, held=without_last(e.held)),
    "the switch refused one": lambda e: replace(
        e, held={**e.held, UETRS[0]: ("RJCT", "THB 1.00", "R0")}
    ),
    "the switch holds another amount": lambda e: replace(
        e, held={**e.held, UETRS[0]: ("ACCC", "THB 1.01", "R0")}
    ),
    "another payment was answered": lambda e: replace(
        e, answers={**without_last(e.answers), "another": "THB 1.00"}
    ),
    "the network lost one": lambda e: replace(e, book=e.book[:-1]),
    "the network booked one more": lambda e: replace(e, book=[*e.book, entry(0, reference="R9")]),
    "the network booked another amount": lambda e: replace(
        e, book=[entry(0, amount="1.01"), *e.book[1:]]
    ),
    "the network booked another payment": lambda e: replace(
        e, book=[entry(0, uetr=UETRS[1]), *e.book[1:]]
    ),
    "the network refused one": lambda e: replace(e, book=[entry(0, status="refused"), *e.book[1:]]),
    "the ledger is not balanced": lambda e: replace(e, ledger_balanced=False),
    "the journal is not verified": lambda e: replace(e, journal_verified=False),
    "commits were not synced": lambda e: replace(e, durability=Durability(1, "wal")),
    "there was no log": lambda e: replace(e, durability=Durability(2, "delete")),
}


def test_records_that_agree_pass() -> None:
    assert faults(sound()) == []


@pytest.mark.parametrize("how", TAMPERED)
def test_a_tampered_record_fails(how: str) -> None:
    assert faults(TAMPERED[how](sound())) != []


def test_a_server_that_waits_for_the_disk_passes_and_one_that_does_not_fails() -> None:
    on = ServerDurability("on", "on", "on")

    assert faults(replace(sound(), durability=on)) == []
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        off = replace(on, **{name: "off"})
        assert faults(replace(sound(), durability=off)) == ["commits do not wait for the disk"]


def test_the_view_counts_what_was_compared() -> None:
    assert sound().view() == {
        "sent": 3,
        "answered_accc": 3,
        "held_by_switch": 3,
        "booked_by_network": 3,
        "ledger_balanced": True,
        "journal_verified": True,
        "fsync": True,
    }
