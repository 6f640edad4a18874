"""Lines and files that contradict themselves end nothing, and stop nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from switch.model import State
from switch.settlement_port import FileRefused, LineKind
from tests.shell.test_settling import baht, entries, filed, line

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


async def test_a_line_that_names_two_payments_ends_neither(shell: Shell) -> None:
    one = await shell.lost()
    other = await shell.lost("key-2")
    assert one.uetr != other.uetr
    told = line(LineKind.PAYMENT, one.reference, other.uetr, baht("345.00"), to_us=False)
    report = await filed(shell, told)

    assert report["counts"] == {"differs": 1}
    assert shell.payment(one.uetr).state is State.UNKNOWN


async def test_a_file_of_the_year_one_is_taken_or_refused(shell: Shell) -> None:
    payment = await shell.opened()
    told = line(LineKind.PAYMENT, payment.reference, payment.uetr, baht("345.00"), to_us=False)
    start = datetime(1, 1, 1, tzinfo=UTC)
    report = await filed(shell, told, period=(start, start + timedelta(days=1)))

    assert report["taken"]


def test_an_entry_whose_transactions_are_more_than_it_is_refused() -> None:
    """The account moved by 345.00; its transactions say 690.00."""
    detail = [
        {"amount": baht("345.00"), "transaction_id": f"T-{each}", "uetr": f"U-{each}"}
        for each in (1, 2)
    ]
    with pytest.raises(FileRefused, match="less than its transactions"):
        entries("R-1", *detail, amount=baht("345.00"))

    assert len(entries("R-1", *detail, amount=baht("690.00")).lines) == 2
