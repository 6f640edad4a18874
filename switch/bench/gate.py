"""The validity gate: a run whose payments do not add up has no figures.

Three records are compared payment by payment: what the member was answered, what the switch holds,
what the network's own book says. Then the ledger must balance, the journal must verify, and commits
must have been synced to disk. The surprise: one lost payment voids a run of thousands, because a
switch that drops work is fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from switch import lifecycle
from switch.bench.load import OK
from switch.model import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switch.bench.load import Answered
    from switch.model import Payment
    from switch.store.report import Report

FULL: Final = 2
"""``PRAGMA synchronous`` when every commit waits for the disk."""

WAL: Final = "wal"


@dataclass(frozen=True, slots=True)
class Durability:
    """How the store syncs: ``PRAGMA synchronous`` and ``PRAGMA journal_mode``."""

    synchronous: int
    journal_mode: str


@dataclass(frozen=True, slots=True)
class ServerDurability:
    """How a server syncs, as it says itself."""

    fsync: str
    full_page_writes: str
    synchronous_commit: str


SYNCED: Final = (Durability(FULL, WAL), ServerDurability("on", "on", "on"))
"""Whoever commits in one of these ways waits for the disk."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a run is judged by.

    ``sent`` counts requests; ``answers`` maps the UETR of each payment answered ACCC to its credit;
    ``held`` maps the UETR of each payment of the switch to its status, credit and reference there;
    ``book`` is the network's, as it shows it.
    """

    sent: int
    answers: Mapping[str, str]
    held: Mapping[str, tuple[str, str, str]]
    book: Sequence[Mapping[str, Any]]
    ledger_balanced: bool
    journal_verified: bool
    durability: Durability | ServerDurability

    def view(self) -> dict[str, object]:
        """The counts and checks as plain values."""
        return {
            "sent": self.sent,
            "answered_accc": len(self.answers),
            "held_by_switch": len(self.held),
            "booked_by_network": sum(entry["status"] == "booked" for entry in self.book),
            "ledger_balanced": self.ledger_balanced,
            "journal_verified": self.journal_verified,
            "fsync": self.durability in SYNCED,
        }


def evidence(
    answered: Sequence[Answered],
    payments: Sequence[Payment],
    book: Sequence[Mapping[str, Any]],
    report: Report,
    durability: Durability | ServerDurability,
) -> Evidence:
    """Gather a run's evidence from its three records."""
    answers = {}
    for answer in answered:
        if answer.status == OK:
            body = orjson.loads(answer.body)
            if body["status"] == Status.ACCC.value:
                answers[body["uetr"]] = f"{body['credit']['currency']} {body['credit']['value']}"
    held = {
        payment.uetr: (
            lifecycle.status(payment).value,
            f"{payment.terms.destination.currency.code} {payment.terms.destination.short()}",
            payment.reference,
        )
        for payment in payments
    }
    return Evidence(
        sent=len(answered),
        answers=answers,
        held=held,
        book=book,
        ledger_balanced=report.ledger_balanced,
        journal_verified=report.journal_verified,
        durability=durability,
    )


def faults(found: Evidence) -> list[str]:
    """Why a run is not valid, one sentence each; empty when it is."""
    sentences = []
    if found.sent == 0:
        sentences.append("no payment was sent")
    if len(found.answers) != found.sent:
        sentences.append(f"{found.sent} payments sent, {len(found.answers)} answered ACCC")
    if len(found.held) != found.sent:
        sentences.append(f"{found.sent} payments sent, the switch holds {len(found.held)}")
    differing = sum(
        found.held.get(uetr, ("", "", ""))[:2] != (Status.ACCC.value, credit)
        for uetr, credit in found.answers.items()
    )
    if differing:
        sentences.append(f"{differing} payments stand otherwise in the switch than was answered")
    sentences += _book_faults(found)
    if not found.ledger_balanced:
        sentences.append("the ledger does not balance")
    if not found.journal_verified:
        sentences.append("the journal does not verify")
    if found.durability not in SYNCED:
        sentences.append("commits do not wait for the disk")
    return sentences


def _book_faults(found: Evidence) -> list[str]:
    booked = [entry for entry in found.book if entry["status"] == "booked"]
    sentences = []
    if not len(found.book) == len(booked) == found.sent:
        sentences.append(
            f"{found.sent} payments sent, the network has {len(found.book)} entries, "
            f"{len(booked)} of them booked"
        )
    theirs = {entry["reference"]: entry for entry in booked}
    differing = 0
    for uetr, (_, credit, reference) in found.held.items():
        entry = theirs.get(reference)
        differing += entry is None or (entry["uetr"], f"{entry['currency']} {entry['amount']}") != (
            uetr,
            credit,
        )
    if differing:
        sentences.append(f"{differing} payments stand otherwise in the network's book")
    return sentences
