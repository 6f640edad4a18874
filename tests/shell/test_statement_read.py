"""How a statement's lines and its period are read: named the same in every report, or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters.iso_profile.settlement import NOTIFICATION, STATEMENT, read_statement
from fx.money import Money
from iso20022 import Message
from switch.settlement_port import FileRefused
from tests.shell.test_orders import net
from tests.shell.test_settling import filed

if TYPE_CHECKING:
    from switch.settlement_port import SettlementFile
    from tests.shell.shell_rig import Shell

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OWED = {"amount": Money.parse("10.00", "THB"), "direction": "CRDT", "status": "BOOK"}
USD = Money.parse("10.00", "USD")
NAMED: dict[str, object] = {
    "transaction_id": "TH-UNKNOWN-1",
    "uetr": "7f6b0b1e-2f0c-4a53-9a54-2d1c5b1d7a01",
}


def read(name: str, *entries: dict[str, object], **values: Any) -> SettlementFile:
    """A report of these entries."""
    paged = {"account": "A-1", "page_number": "1", "page_last": True, **values}
    return read_statement(Message(name, None, None, {**paged, "entries": entries}), "A-1", "THB")


@pytest.mark.parametrize("names", [("transaction_id",), ("uetr",), ("transaction_id", "uetr")])
async def test_one_movement_of_two_reports_stands_in_suspense_once(
    shell: Shell, names: tuple[str, ...]
) -> None:
    detail = {name: NAMED[name] for name in names}
    entry = {**OWED, "entry_reference": "1", "transactions": [detail]}
    other = {**OWED, "transactions": [{"transaction_id": "ANOTHER"}]}
    hour = read(NOTIFICATION, entry, report_id="N-1")
    day = read(STATEMENT, other, {**entry, "entry_reference": "2"}, report_id="S-1")
    before = net(shell, "thailand/suspense/THB/")
    reports = [await filed(shell, *file.lines) for file in (hour, day)]

    assert [each["counts"] for each in reports] == [{"unknown": 1}, {"unknown": 2}]
    assert net(shell, "thailand/suspense/THB/") - before == -2_000


async def test_two_that_only_their_place_names_are_two(shell: Shell) -> None:
    alike = {**OWED, "entry_reference": "1", "transactions": []}
    file = read(NOTIFICATION, alike, dict(alike), report_id="N-1")
    before = net(shell, "thailand/suspense/THB/")
    await filed(shell, *file.lines)

    assert net(shell, "thailand/suspense/THB/") - before == -2_000


@pytest.mark.parametrize(
    "period",
    [
        {},
        {"from_at": NOON},
        {"to_at": NOON},
        {"from_at": NOON, "to_at": NOON},
        {"from_at": NOON, "to_at": NOON - timedelta(days=1)},
    ],
)
def test_without_a_period_a_statement_is_a_part_of_one(period: dict[str, datetime]) -> None:
    file = read(STATEMENT, {**OWED, "transactions": [NAMED]}, report_id="S-1", **period)

    assert (file.period, len(file.lines), file.signed) == (None, 1, True)


def test_with_a_period_it_is_whole() -> None:
    period = (NOON, NOON + timedelta(days=1))
    file = read(STATEMENT, report_id="S-1", from_at=period[0], to_at=period[1])

    assert file == replace(file, period=period)


@pytest.mark.parametrize(
    "other",
    [
        {"account": "A-2"},
        {"account": ""},
        {"account_currency": "USD"},
        {"entries": [{**OWED, "amount": USD}]},
        {"entries": [OWED, {**OWED, "transactions": [NAMED | {"amount": USD}]}]},
    ],
)
def test_what_is_of_another_account_or_currency_is_refused_whole(other: dict[str, Any]) -> None:
    values = {"account": "A-1", "report_id": "S-1", "entries": [{**OWED, **NAMED}], **other}
    entries = [{"transactions": [NAMED], **each} for each in values["entries"]]
    with pytest.raises(FileRefused):
        read_statement(Message(STATEMENT, None, None, {**values, "entries": entries}), "A-1", "THB")


def test_an_account_may_be_named_by_its_iban_and_its_currency() -> None:
    named = {"account_iban": "A-1", "account_currency": "THB", "report_id": "S-1"}

    assert read_statement(Message(STATEMENT, None, None, named), "A-1", "THB").lines == ()
