"""What of a payment is news, and whose: decided from the payment and its journal entry alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switch import model
from switch.model import Direction, State, Status
from switch.outbox import Kind, OutboxRow, kind_of, receiver_of
from tests.switch_core.core_values import MEMBER, NOW, payment, uetr

if TYPE_CHECKING:
    from switch.model import Payment

BANK = "WIGCKHPPXXX"


def inbound(bank: str = BANK) -> Payment:
    """A payment to a customer of a bank."""
    held = payment(direction=Direction.INBOUND)
    return replace(held, institutions=replace(held.institutions, payee_bank=bank))


@pytest.mark.parametrize(
    ("state", "entry", "answered", "expected"),
    [
        (State.ACCEPTED, "accepted", True, Kind.ENDED),
        (State.REFUSED, "refused", True, Kind.ENDED),
        (State.UNWINDING, "refused", True, Kind.ENDED),
        (State.UNWINDING, "rung", False, None),
        (State.UNWOUND, "given_back", False, None),
        (State.CONFIRMING, "rung", False, None),
        (State.LAPSED, "expired", True, None),
        (State.ACCEPTED, "disputed", False, Kind.DISPUTED),
        (State.ACCEPTED, "settled", False, Kind.SETTLED),
        (State.MANUAL, "spent", False, Kind.WAITING),
        (State.UNKNOWN, "lost", False, None),
        (State.SENDING, "opened", False, None),
    ],
)
def test_what_ends_waits_or_is_contradicted_is_news(
    state: State, entry: str, *, answered: bool, expected: Kind | None
) -> None:
    assert kind_of(entry, replace(payment(), state=state), answered=answered) is expected


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (payment(), MEMBER),
        (inbound(), BANK),
        (inbound("WIGCKHPP"), BANK),
        (inbound(""), ""),
        (replace(payment(), direction=Direction.INBOUND, kind=model.Kind.RETURN), MEMBER),
    ],
)
def test_news_goes_to_the_bank_of_who_pays_is_paid_or_gets_money_back(
    held: Payment, expected: str
) -> None:
    assert receiver_of(held) == expected


def test_two_events_that_differ_in_anything_have_different_identifiers() -> None:
    row = OutboxRow(MEMBER, 1, 7, uetr(1), 2, Kind.ENDED, Status.ACCC, NOW)
    others = [
        replace(row, number=2),
        replace(row, receiver=BANK),
        replace(row, uetr=uetr(2)),
        replace(row, version=3),
        replace(row, kind=Kind.DISPUTED),
    ]

    assert len({each.event_id for each in (row, *others)}) == 6
    assert row.event_id[:13] == replace(row, number=2).event_id[:13]
