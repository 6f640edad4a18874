"""What is erased stays erased and still answers; data keys come under the newest wrapping key.

Nothing here looks into files: ``tests/privacy`` does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import orjson
import pytest

from switch.commands import Conflict, Open, Rewrap
from switch.keys import KeyMissing
from switch.model import Finality, State
from switch.payments import Standing
from switch.port import InboundEnquiry
from switch.refusals import Busy
from switch.store.vault import Erased, wrapping_of
from switch.vault_keeper import EVERY_S, LATER_EVERY_S, LOOK_EVERY_S, PASS_EVERY_S
from tests.shell.hand_parts import said
from tests.shell.shell_rig import MEMBER, changed_corridor, ends
from tests.shell.test_orders import UETR, net, order, payment_of
from tests.shell.vault_parts import KEPT, keeper

if TYPE_CHECKING:
    from switch.port import InboundPay
    from tests.shell.shell_rig import Shell

NEW: Final = "2026-11"


async def erased(shell: Shell, uetr: str) -> None:
    """Have a payment erased as somebody asked."""
    shell.engine.tables.erasure_requests[uetr] = None
    await keeper(shell).turn()
    assert shell.engine.erasure_requests(9) == []


def wrapped_by(shell: Shell) -> list[str]:
    """The wrapping keys of all data keys, by payment."""
    return [wrapping_of(held.wrapped) for held in shell.engine.wrapped_keys(0, 1 << 63, 999)]


async def credited(shell: Shell) -> InboundPay:
    """A payment from a network, credited."""
    request = shell.inbound_pay()
    assert (await shell.receive(request))["status"] == "ACCC"
    return request


# Erasing.


async def test_an_erased_payment_opens_no_more_and_says_why(shell: Shell) -> None:
    payment = await shell.opened()
    await erased(shell, payment.uetr)
    with pytest.raises(Erased) as caught:
        await shell.records.open(payment.uetr)

    assert (caught.value.cause, caught.value.at) == ("request", shell.clock.now())
    assert shell.store.scrubbed == 1
    assert "names_erased" in shell.log.events


async def test_books_and_payment_stay_whole(shell: Shell) -> None:
    payment = await shell.opened()
    accounts = shell.engine.accounts()
    leaves = sum(len(leaves) for _, leaves in shell.engine.blocks())
    await erased(shell, payment.uetr)

    assert shell.payment(payment.uetr) == payment
    assert shell.engine.accounts() == accounts
    assert sum(len(leaves) for _, leaves in shell.engine.blocks()) == leaves + 1


async def test_the_journal_says_that_and_why_and_nothing_personal(shell: Shell) -> None:
    payment = await shell.opened()
    await erased(shell, payment.uetr)
    *_, (_, ((_, content),)) = shell.engine.blocks()

    assert orjson.loads(content) == {
        "kind": "erased",
        "uetr": payment.uetr,
        "cause": "request",
        "at": round(shell.clock.now().timestamp() * 1_000_000),
    }


async def test_an_open_payment_keeps_its_names_until_it_has_ended(shell: Shell) -> None:
    payment = await shell.lost()
    shell.engine.tables.erasure_requests[payment.uetr] = None
    await keeper(shell).turn()

    assert await shell.records.open(payment.uetr) is not None
    assert shell.engine.erasure_requests(9) == [payment.uetr]
    shell.clock.pass_s(10)
    await shell.sweep()
    assert shell.payment(payment.uetr).state is State.ACCEPTED
    await keeper(shell).turn()
    assert shell.engine.erasure_requests(9) == []
    with pytest.raises(Erased):
        await shell.records.open(payment.uetr)


async def test_a_members_repeat_gets_the_same_bytes_and_pays_nothing(shell: Shell) -> None:
    payment = await shell.opened()
    before = await shell.payments.find(payment.uetr)
    await erased(shell, payment.uetr)
    again = await shell.payments.repeated(MEMBER, "key-1", {"quote": "key-1"})

    assert again == before
    assert isinstance(again, Standing)
    assert again.answer is not None
    assert shell.transport.left == [("thailand", "/pay")]


async def test_the_key_alone_decides_when_nothing_is_left_to_compare(shell: Shell) -> None:
    """Content that differs cannot be told any more; to pay again would be the worse mistake."""
    payment = await shell.opened()
    assert Conflict("quote") == await shell.payments.repeated(MEMBER, "key-1", {"quote": "other"})
    await erased(shell, payment.uetr)
    again = await shell.payments.repeated(MEMBER, "key-1", {"quote": "other"})
    opened = await shell.payments.open(shell.instruction())

    assert isinstance(again, Standing)
    assert again == opened
    assert again.payment.uetr == payment.uetr


async def test_a_network_gets_its_outcome_again_without_names(shell: Shell) -> None:
    request = await credited(shell)
    before = await shell.receive(request)
    await erased(shell, request.uetr)
    again = await shell.receive(request)

    assert again["status"] == before["status"] == "ACCC"
    assert shell.transport.left == [("bakong", "/pay")]


async def test_an_enquiry_about_an_erased_payment_is_answered(shell: Shell) -> None:
    request = await credited(shell)
    await erased(shell, request.uetr)
    asked = InboundEnquiry(
        uetr=request.uetr, key=request.uetr, request={}, reference=f"TX-{request.uetr[:8]}"
    )

    assert (await shell.receive(asked))["enquiry"] == "ACCC"


async def test_a_refusal_is_erased_as_well(shell: Shell) -> None:
    """Its answer to a network names references of the payer, so it was sealed."""
    offer = shell.offer(inbound=True)
    shell.clock.pass_s(3_600)
    request = shell.inbound_pay(offer=offer)
    before = await shell.receive(request)
    stored = shell.engine.answer(request.uetr)
    await erased(shell, request.uetr)

    assert stored is not None
    assert stored.sealed
    assert before["status"] == "RJCT"
    assert (await shell.receive(request))["status"] == "RJCT"
    assert shell.transport.left == []


async def test_it_is_done_only_when_no_file_keeps_the_old_bytes(shell: Shell) -> None:
    payment = await shell.opened()
    shell.engine.tables.erasure_requests[payment.uetr] = None
    keeping = keeper(shell)
    shell.store.engine_scrubs = False
    await keeping.turn()
    await keeping.turn()
    assert shell.store.scrubbed == 2
    shell.store.engine_scrubs = True
    await keeping.turn()
    await keeping.turn()

    assert shell.store.scrubbed == 3


# Retention.


async def test_names_are_erased_so_long_after_the_end(shell: Shell) -> None:
    """The page's own times are days; the last second before counts as kept."""
    first = await shell.opened("key-1")
    shell.clock.pass_s(86_400)
    second = await shell.opened("key-2")
    keeping = keeper(shell)
    kept_s = KEPT[first.use_case].total_seconds()
    shell.clock.pass_s(kept_s - 86_400 - 60)
    await keeping.turn()
    assert await shell.records.open(first.uetr) is not None
    shell.clock.pass_s(PASS_EVERY_S)
    await keeping.turn()
    with pytest.raises(Erased, match="retention"):
        await shell.records.open(first.uetr)

    assert await shell.records.open(second.uetr) is not None
    shell.clock.pass_s(PASS_EVERY_S)
    await keeping.turn()
    with pytest.raises(Erased, match="retention"):
        await shell.records.open(second.uetr)


async def test_a_clock_that_is_wrong_once_costs_no_names(shell: Shell) -> None:
    payment = await shell.opened("key-1")
    keeping = keeper(shell)
    shell.clock.ahead = timedelta(days=400)
    await keeping.turn()
    shell.clock.ahead = timedelta(0)
    await keeping.turn()

    assert await shell.records.open(payment.uetr) is not None
    assert "clock_not_believed" in shell.log.events


async def test_what_is_still_open_is_kept_however_old(shell: Shell) -> None:
    payment = await shell.lost()
    shell.clock.pass_s(KEPT[payment.use_case].total_seconds() * 2)
    await keeper(shell).turn()

    assert await shell.records.open(payment.uetr) is not None


# Rotation.


async def test_every_data_key_comes_under_the_new_wrapping_key(shell: Shell) -> None:
    payments = [await shell.opened(f"key-{number}") for number in range(5)]
    await erased(shell, payments[1].uetr)
    keeping = keeper(shell)
    shell.wrapping[NEW] = bytes(32)
    await keeping.turn()

    assert wrapped_by(shell) == [NEW, "", NEW, NEW, NEW]
    del shell.wrapping["vault"]
    await keeping.turn()
    for payment in (payments[0], *payments[2:]):
        assert await shell.records.open(payment.uetr) is not None


async def test_a_rotation_that_was_cut_short_is_finished_by_the_next_life(shell: Shell) -> None:
    for number in range(3):
        await shell.opened(f"key-{number}")
    shell.wrapping[NEW] = bytes(32)
    shell.store.busy[Rewrap] = 1
    await keeper(shell).turn()
    assert wrapped_by(shell) == ["vault"] * 3
    await keeper(shell).turn()

    assert wrapped_by(shell) == [NEW] * 3
    assert shell.store.scrubbed == 1


async def test_a_payment_on_its_way_during_a_rotation_is_wrapped_anew_later(shell: Shell) -> None:
    """Its data key was made before, its row came after all others were looked at."""
    await shell.opened("key-1")
    keeping = keeper(shell)

    async def rotate_first(command: object) -> None:
        if isinstance(command, Open):
            shell.store.before = None
            shell.wrapping[NEW] = bytes(32)
            await keeping.turn()

    shell.store.before = rotate_first
    late = await shell.opened("key-2")
    assert wrapped_by(shell) == [NEW, "vault"]
    scrubbed = shell.store.scrubbed
    shell.clock.pass_s(LOOK_EVERY_S)
    await keeping.turn()

    assert wrapped_by(shell) == [NEW, NEW]
    assert shell.store.scrubbed == scrubbed + 1
    assert await shell.records.open(late.uetr) is not None


async def test_one_that_comes_much_later_is_found_too_and_others_are_not_read(
    shell: Shell,
) -> None:
    early, other = await shell.opened("key-1"), None
    shell.wrapping[NEW] = bytes(32)
    keeping = keeper(shell)
    was = shell.tables.wrapped_keys.pop(early.uetr)
    await keeping.turn()
    shell.clock.pass_s(LATER_EVERY_S)
    await keeping.turn()
    other = await shell.opened("key-2")
    shell.tables.wrapped_keys[early.uetr] = was
    opened_under = shell.tables.wrapped_keys[other.uetr]
    shell.clock.pass_s(LATER_EVERY_S)
    await keeping.turn()

    assert wrapped_by(shell) == [NEW, NEW]
    assert shell.tables.wrapped_keys[other.uetr] == opened_under


async def test_a_key_that_is_erased_while_it_is_wrapped_anew_stays_erased(shell: Shell) -> None:
    payment = await shell.opened()
    keeping = keeper(shell)

    async def erase_first(command: object) -> None:
        if isinstance(command, Rewrap):
            shell.store.before = None
            await keeping.erase(payment.uetr, "request")

    shell.wrapping[NEW] = bytes(32)
    shell.store.before = erase_first
    await keeping.turn()

    assert wrapped_by(shell) == [""]
    with pytest.raises(Erased):
        await shell.records.open(payment.uetr)


async def test_a_payment_under_a_wrapping_key_that_is_gone_reads_as_such(shell: Shell) -> None:
    """As in a backup from before the month's key was destroyed; the keeper does not stumble."""
    payment = await shell.opened()
    keeping = keeper(shell)
    shell.wrapping.clear()
    shell.wrapping[NEW] = bytes(32)
    await keeping.turn()
    with pytest.raises(Erased, match="no wrapping key"):
        await shell.records.open(payment.uetr)

    assert "data_keys_lost" in shell.log.events
    with pytest.raises(Busy):
        # It may come back, and until then nobody can tell whether this is the same.
        await shell.payments.repeated(MEMBER, "key-1", {"quote": "key-1"})


async def test_wrapping_keys_that_cannot_be_read_now_are_used_as_they_were(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = await shell.opened()

    def unreadable() -> bool:
        raise KeyMissing("gone")

    monkeypatch.setattr(shell.vault, "refresh", unreadable)
    await keeper(shell).turn()

    assert "wrapping_keys_unreadable" in shell.log.events
    assert await shell.records.open(payment.uetr) is not None


async def test_one_wrapping_key_is_no_work(shell: Shell) -> None:
    await shell.opened()
    slept = len(shell.clock.slept)
    keeping = keeper(shell)
    shell.clock.pass_s(EVERY_S)
    await keeping.turn()
    commands = len(shell.store.done)
    await keeping.turn()

    assert len(shell.store.done) == commands
    assert len(shell.clock.slept) - slept <= 1


async def test_a_debit_that_cannot_be_compared_for_now_is_not_taken_for_the_first(
    shell: Shell,
) -> None:
    ways = ends(inbound=True)
    shell.configured(changed_corridor(shell.config, ways, finality=Finality.ADVICE))
    await shell.receive(order())
    shell.transport.script("bakong", said("accepted"))
    await shell.receive(payment_of(shell))
    await shell.settle()
    keeping, kept = keeper(shell), dict(shell.wrapping)
    shell.wrapping.clear()
    shell.wrapping[NEW] = bytes(32)
    await keeping.turn()
    second = payment_of(shell, far_reference="VOUCHER-2")
    with pytest.raises(Busy):
        await shell.receive(second)
    shell.wrapping.update(kept)
    await keeping.turn()
    before = net(shell, "thailand/suspense/THB/")
    await shell.receive(second)

    assert net(shell, "thailand/suspense/THB/") - before == -shell.payment(UETR).terms.debit.minor
