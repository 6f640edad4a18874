"""The lease: kept while a process lives, and what a silent one left becomes unknown elsewhere."""

from __future__ import annotations

import pytest

from switch.leases import Leases
from switch.model import State
from switch.store.contract import Fenced, StoreBusy
from switch.store.memory import MemoryEngine
from tests.shell.hand_parts import HandStore
from tests.shell.shell_rig import Shell

LEASE_S = 10


class BusyStore(HandStore):
    """A store whose queue is full for the next renewals."""

    renewals = 0
    full = 0

    async def renew(self) -> None:
        if self.full:
            self.full -= 1
            raise StoreBusy
        self.renewals += 1
        await super().renew()


def of_slot(shell: Shell, slot: int) -> MemoryEngine:
    """The engine of another process beside the shell's."""
    return MemoryEngine(
        shell.tables, clock=shell.clock, sign=lambda _: b"signed", slot=slot, lease_s=LEASE_S
    )


def leases(shell: Shell, store: HandStore | None = None) -> Leases:
    return Leases(
        store=store or shell.store,
        sweeper=shell.sweeper,
        clock=shell.clock,
        log=shell.log,
        lease_s=LEASE_S,
    )


async def turns(each: Leases, shell: Shell, count: int) -> None:
    """Let a process live for that many seconds."""
    for _ in range(count):
        shell.clock.pass_s(1)
        await each.turn()


async def test_a_living_process_keeps_its_slot(shell: Shell) -> None:
    kept, other = leases(shell), of_slot(shell, 2)
    for _ in range(40):
        await turns(kept, shell, 1)
        other.renew()
        assert shell.clock.now() < shell.tables.slots[1].lease_until
        assert other.adopt() == []


async def test_a_lease_is_renewed_a_few_times_and_not_at_every_look(shell: Shell) -> None:
    store = BusyStore(shell.engine)
    await turns(leases(shell, store), shell, 60)

    assert 60 // LEASE_S * 2 <= store.renewals <= 60 // LEASE_S * 4


async def test_a_full_queue_costs_one_renewal_and_not_the_slot(shell: Shell) -> None:
    store = BusyStore(shell.engine)
    kept, other = leases(shell, store), of_slot(shell, 2)
    await turns(kept, shell, 2)
    store.full = 4
    for _ in range(8):
        await turns(kept, shell, 1)
        other.renew()
        assert other.adopt() == []

    assert store.renewals == 2, "one when there was room again, one in its turn"


async def test_what_a_silent_process_was_sending_becomes_unknown(shell: Shell) -> None:
    shell.transport.hung.add("thailand")
    uetrs = [(await shell.opened(f"key-{number}")).uetr for number in range(70)]
    shell.store.restart(of_slot(shell, 2))
    taking = leases(shell)
    await turns(taking, shell, LEASE_S - 1)
    assert {shell.payment(uetr).state for uetr in uetrs} == {State.SENDING}

    await turns(taking, shell, 2)

    assert {shell.payment(uetr).state for uetr in uetrs} == {State.UNKNOWN}
    assert [event for event in shell.log.events if "taken" in event] == ["slot_taken_over"]
    assert len(shell.transport.left) == 70, "nothing is sent a second time"


async def test_what_was_taken_over_is_enquired_about_by_its_taker(shell: Shell) -> None:
    shell.transport.hung.add("thailand")
    uetr = (await shell.opened()).uetr
    shell.store.restart(of_slot(shell, 2))
    await turns(leases(shell), shell, LEASE_S + 1)
    shell.transport.hung.clear()

    for _ in range(20):
        shell.clock.pass_s(1)
        await shell.sweeper.sweep()
        await shell.settle()

    assert shell.transport.enquiries("thailand") == 1
    assert shell.payment(uetr).state is State.ACCEPTED


async def test_a_process_that_was_replaced_is_told_so_at_its_next_renewal(shell: Shell) -> None:
    mine = leases(shell)
    shell.clock.pass_s(LEASE_S)
    of_slot(shell, 2).adopt()

    with pytest.raises(Fenced):
        await mine.turn()


async def test_the_lowest_living_slot_leads_and_another_when_it_dies(shell: Shell) -> None:
    first, second = leases(shell), leases(shell, HandStore(of_slot(shell, 2)))
    assert not first.leads(), "not before it has looked"
    await first.turn()
    await second.turn()
    assert (first.leads(), second.leads()) == (True, False)

    await turns(second, shell, LEASE_S + 1)

    assert second.leads()


async def test_a_takeover_whose_recovery_found_the_store_away_is_recovered_later(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.transport.hung.add("thailand")
    uetr = (await shell.opened()).uetr
    shell.store.restart(of_slot(shell, 2))
    taking = leases(shell)
    recover, away = shell.sweeper.recover, [True]

    async def recovered() -> int:
        if away:
            away.clear()
            raise StoreBusy
        return await recover()

    monkeypatch.setattr(shell.sweeper, "recover", recovered)
    await turns(taking, shell, LEASE_S + 1)
    assert away == []

    await turns(taking, shell, 1)

    assert shell.payment(uetr).state is State.UNKNOWN
