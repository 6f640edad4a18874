"""A payment that nobody can open keeps its money and stops nobody: no start, no sweep, no other.

A bit that flipped in a sealed record or in a wrapped key, a wrapping key that is gone: each with
many payments behind it, on the store in memory and on SQLite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import apsw
import pytest

from switch import sweeper
from switch.inbound_port import InboundRecall, InboundReturn
from switch.keys import KeyMissing
from switch.leases import Leases
from switch.model import State
from switch.oversight import payments_page
from switch.refusals import Busy
from switch.store.sqlite import SqliteEngine
from switch.store.wrapping import HeldKeys, KeysAway
from switch.sweeper import ASIDE_S, LOOKS_MAX, SWEEP_BATCH
from tests.shell.hand_parts import said
from tests.shell.shell_rig import MEMBER, Shell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from switch.model import Payment

BEHIND: Final = 5
"""Payments that wait behind the one that does not open."""

FLIP: Final = "UPDATE {table} SET {column} = ? WHERE payment_id = ?"


class OnDisk(Shell):
    """The shell on SQLite, in a file that a disk may have altered."""

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__()

    def _engine(self) -> Any:
        self.engine: Any = SqliteEngine(
            str(self._path), clock=self.clock, sign=lambda _: bytes(64), slot=1
        )
        return self.engine


@pytest.fixture(params=["memory", "sqlite"])
async def shell(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shell]:
    """A shell on each store that needs no server."""
    made = Shell() if request.param == "memory" else OnDisk(tmp_path / "switch.db")
    yield made
    await made.close()
    assert made.crashes == []


def altered(shell: Shell, payment: Payment, table: str, column: str) -> None:
    """Flip one bit of what the store holds of a payment."""
    if isinstance(shell, OnDisk):
        connection = apsw.Connection(str(shell._path))
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        asked = f"SELECT {column} FROM {table} WHERE payment_id = ?"
        was: Any = connection.execute(asked, (payment.payment_id,)).fetchall()[0][0]
        flipped = bytes([*was[:-1], was[-1] ^ 1])
        connection.execute(FLIP.format(table=table, column=column), (flipped, payment.payment_id))
        connection.close()
    elif table == "data_key":
        was = shell.tables.wrapped_keys[payment.uetr]
        shell.tables.wrapped_keys[payment.uetr] = bytes([*was[:-1], was[-1] ^ 1])
    else:
        for record in shell.tables.sealed.values():
            if record.uetr == payment.uetr:
                flipped = bytes([*record.blob[:-1], record.blob[-1] ^ 1])
                object.__setattr__(record, "blob", flipped)


def record_flipped(shell: Shell, payment: Payment) -> None:
    altered(shell, payment, "sealed", "blob")


def key_flipped(shell: Shell, payment: Payment) -> None:
    altered(shell, payment, "data_key", "wrapped")


DAMAGES: Final = pytest.mark.parametrize("damage", [record_flipped, key_flipped])


def without_wrapping_key(shell: Shell) -> None:
    """Lose the wrapping key of all payments until now."""
    shell.wrapping["2026-12"] = bytes(range(2, 34))
    del shell.wrapping["vault"]
    shell.vault.refresh()


async def looked_at(shell: Shell, times: int) -> None:
    """Let the time of a set-aside payment come so often."""
    for _ in range(times):
        shell.clock.pass_s(ASIDE_S)
        await shell.sweep()


async def test_what_does_not_open_for_a_while_is_refused_to_nobody_for_good(shell: Shell) -> None:
    """A wrapping key that is away may come back: until then nobody is told a final no."""
    shell.transport.script("bakong", said("accepted"))
    request = shell.inbound_pay()
    await shell.receive(request)
    await shell.settle()
    paid = await shell.opened()
    recalled = InboundRecall("C-1", request.uetr, "", {})
    back = InboundReturn("R-1", paid.reference, paid.terms.destination, {})
    key = shell.wrapping["vault"]
    without_wrapping_key(shell)
    for asked in (recalled, back):
        with pytest.raises(Busy):
            await shell.received(asked)
    shell.wrapping["vault"] = key
    shell.vault.refresh()

    assert (await shell.receive(recalled))["status"] == "PDNG"
    assert (await shell.receive(back))["status"] == "ACCC"


@DAMAGES
async def test_a_start_passes_over_it(
    shell: Shell, damage: Callable[[Shell, Payment], None]
) -> None:
    shell.transport.hung.add("thailand")
    first, *rest = [await shell.opened(f"key-{number}") for number in range(1 + BEHIND)]
    damage(shell, first)
    reserved = shell.pending()

    assert await shell.new_sweeper().recover() == 1 + BEHIND
    assert shell.pending() == reserved != []
    assert {shell.payment(each.uetr).state for each in (first, *rest)} == {State.UNKNOWN}


async def test_who_takes_over_passes_over_it(shell: Shell) -> None:
    shell.transport.hung.add("thailand")
    opened = [await shell.opened(f"key-{number}") for number in range(BEHIND)]
    record_flipped(shell, opened[0])
    shell.sweeper = shell.new_sweeper()
    taker = Leases(
        store=shell.store, sweeper=shell.sweeper, clock=shell.clock, log=shell.log, lease_s=10
    )
    taker._taken = True
    await taker.turn()

    assert {shell.payment(each.uetr).state for each in opened} == {State.UNKNOWN}


@DAMAGES
async def test_those_behind_it_are_enquired_about(
    shell: Shell, damage: Callable[[Shell, Payment], None]
) -> None:
    first, *rest = [await shell.lost(f"key-{number}") for number in range(1 + BEHIND)]
    damage(shell, first)
    shell.clock.pass_s(10)
    for _ in range(3):
        await shell.sweep()

    assert {shell.payment(each.uetr).state for each in rest} == {State.ACCEPTED}
    assert shell.payment(first.uetr).state is State.UNKNOWN
    assert shell.transport.enquiries("thailand") == BEHIND
    assert shell.log.events.count("payment_unreadable") == 1
    assert shell.pending() != []


async def test_more_than_a_batch_of_them_hide_nobody(shell: Shell) -> None:
    lost = [await shell.lost(f"key-{number}") for number in range(SWEEP_BATCH + 6)]
    without_wrapping_key(shell)
    late = await shell.lost("late")
    shell.clock.pass_s(10)
    for _ in range(3):
        await shell.sweep()

    assert shell.payment(late.uetr).state is State.ACCEPTED
    assert {shell.payment(each.uetr).state for each in lost} == {State.UNKNOWN}
    assert shell.log.events.count("payment_unreadable") == len(lost)


async def test_it_goes_on_when_its_wrapping_key_comes_back(shell: Shell) -> None:
    payment = await shell.lost()
    without_wrapping_key(shell)
    shell.clock.pass_s(10)
    await shell.sweep()
    await looked_at(shell, LOOKS_MAX - 2)
    assert shell.payment(payment.uetr).state is State.UNKNOWN
    shell.wrapping["vault"] = bytes(range(32))
    await looked_at(shell, 1)

    assert shell.payment(payment.uetr).state is State.ACCEPTED
    assert shell.pending() == []


async def test_in_the_end_it_is_left_to_people_with_its_money_reserved(shell: Shell) -> None:
    payment = await shell.lost()
    reserved = shell.pending()
    record_flipped(shell, payment)
    shell.clock.pass_s(10)
    await shell.sweep()
    await looked_at(shell, LOOKS_MAX + 3)

    assert shell.payment(payment.uetr).state is State.MANUAL
    assert shell.pending() == reserved != []
    assert shell.store.concluded(payment.uetr) == ["lost", "spent"]
    assert shell.log.events.count("payment_unreadable") == 1
    page: Any = await payments_page(shell.store.read, 0, 9)
    assert [(row["uetr"], row["state"]) for row in page["payments"]] == [(payment.uetr, "manual")]


async def test_there_is_a_bound_to_what_is_set_aside(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "ASIDE_MAX", 2)
    lost = [await shell.lost(f"key-{number}") for number in range(4)]
    without_wrapping_key(shell)
    shell.clock.pass_s(10)
    await shell.sweep()
    states = [shell.payment(each.uetr).state for each in lost]

    assert sorted(states) == [State.MANUAL] * 2 + [State.UNKNOWN] * 2
    await looked_at(shell, 1)
    assert [shell.payment(each.uetr).state for each in lost] == states


async def test_a_repeat_of_it_is_answered_and_pays_nothing(shell: Shell) -> None:
    payment = await shell.lost()
    left = list(shell.transport.left)
    key_flipped(shell, payment)
    again = await shell.payments.repeated(MEMBER, "key-1", {"quote": "key-1"})

    assert again == await shell.payments.find(payment.uetr)
    assert shell.transport.left == left


def test_wrapping_keys_that_cannot_be_read_are_not_held() -> None:
    found = {"vault": bytes(32)}

    def read() -> dict[str, bytes]:
        if not found:
            raise KeyMissing("gone")
        return dict(found)

    held = HeldKeys(read)
    found.clear()
    assert not held.holds("2026-11")
    assert held.holds("vault")
    with pytest.raises(KeysAway):
        held.refresh()
