"""Keys and tombstones are kept as long as is stated, and no open payment ever loses its key."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from switch import key_retention
from switch.commands import Forget
from switch.config import default_folder, load_config
from switch.config_files import PersonalDays, RetentionSection
from switch.key_retention import BATCH, Kept, KeyRetention, too_short
from switch.model import State
from switch.payments import Standing
from switch.port import Operation
from switch.reasons import Reason
from tests.shell.hand_parts import said
from tests.shell.shell_rig import MEMBER
from tests.shell.toy_network import BAKONG, THAILAND

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

DAY_S: Final = 86_400
TIMES: Final = Kept(timedelta(days=30), timedelta(days=60))


def retention(shell: Shell) -> KeyRetention:
    """Thirty days for keys, sixty for tombstones."""
    return KeyRetention(
        times=TIMES, store=shell.store, clock=shell.clock, ids=shell.ids, log=shell.log
    )


async def ended(shell: Shell, key: str) -> str:
    """A payment that Thailand accepted; its UETR."""
    shell.transport.script("thailand", said("accepted"))
    payment = await shell.opened(key)
    assert payment.state is State.ACCEPTED
    return payment.uetr


async def test_a_key_is_let_go_of_once_its_time_is_up(shell: Shell) -> None:
    first = await ended(shell, "old")
    shell.clock.pass_s(20 * DAY_S)
    later = await ended(shell, "young")
    shell.clock.pass_s(11 * DAY_S)

    assert await retention(shell).turn() == (1, 0)
    assert await retention(shell).turn() == (0, 0)
    assert await shell.payments.repeated(MEMBER, "old", {"quote": "old"}) is None
    repeated = await shell.payments.repeated(MEMBER, "young", {"quote": "young"})
    assert isinstance(repeated, Standing)
    assert (repeated.payment.uetr, repeated.answer is None) == (later, False)
    assert shell.payment(first).state is State.ACCEPTED


async def test_the_same_key_may_pay_again_but_never_the_same_quote_or_uetr(shell: Shell) -> None:
    token = shell.offer().token
    instruction = shell.instruction("key", token)
    shell.transport.script("thailand", said("accepted"))
    await shell.payments.open(instruction)
    await shell.settle()
    shell.clock.pass_s(31 * DAY_S)
    await retention(shell).turn()
    shell.transport.script("thailand", said("accepted"))
    again = await shell.opened("key")

    assert again.state is State.ACCEPTED
    assert again.uetr != instruction.uetr
    assert shell.tables.claims[instruction.priced.quote.quote_id].uetr == instruction.uetr


async def test_an_open_payment_keeps_its_key_for_ever(shell: Shell) -> None:
    payment = await shell.lost("key")
    shell.clock.pass_s(5000 * DAY_S)

    assert await retention(shell).turn() == (0, 0)
    repeated = await shell.payments.repeated(MEMBER, "key", {"quote": "key"})
    assert isinstance(repeated, Standing)
    assert repeated.payment.uetr == payment.uetr


async def test_a_refusal_is_kept_and_let_go_of_like_any_answer(shell: Shell) -> None:
    instruction = shell.instruction("key")
    await shell.payments.open(instruction, Reason.AMOUNT_DIFFERS)
    shell.clock.pass_s(29 * DAY_S)
    assert await retention(shell).turn() == (0, 0)
    shell.clock.pass_s(2 * DAY_S)

    assert await retention(shell).turn() == (1, 0)


async def test_tombstones_are_kept_for_a_time_of_their_own(shell: Shell) -> None:
    for _ in range(BATCH + 1):
        await shell.payments.bury("thailand", shell.ids.uetr())
    shell.clock.pass_s(59 * DAY_S)
    assert await retention(shell).turn() == (0, 0)
    shell.clock.pass_s(2 * DAY_S)

    assert await retention(shell).turn() == (0, BATCH + 1)
    commands = [each for each in shell.store.done if isinstance(each, Forget)]
    assert [len(each.tombstones) for each in commands] == [BATCH, 1]


async def test_batches_are_bounded_and_a_busy_store_ends_the_turn(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_retention, "BATCH", 2)
    for number in range(5):
        await ended(shell, f"key-{number}")
    shell.clock.pass_s(31 * DAY_S)
    shell.store.busy[Forget] = 1

    assert await retention(shell).turn() == (0, 0)
    assert await retention(shell).turn() == (5, 0)
    assert max(len(each.bindings) for each in shell.store.done if isinstance(each, Forget)) == 2


FACTS: Final = {
    "bakong": replace(BAKONG, duplicate_window_s=3 * DAY_S),
    "thailand": replace(
        THAILAND,
        duplicate_window_s=DAY_S,
        operations=(*THAILAND.operations, Operation.REFUND),
        refund_window_days=3,
    ),
    "vietnam": replace(THAILAND, duplicate_window_s=DAY_S),
}


@pytest.mark.parametrize(
    ("bindings", "tombstones", "wrong"),
    [
        (3, 4, None),
        (2, 4, r"retention\.bindings_days: shorter than the 259200 s in which bakong"),
        (3, 3, r"retention\.tombstone_days: shorter than the \d+ s after which .* of bakong"),
    ],
)
def test_a_retention_is_never_shorter_than_what_may_still_arrive(
    bindings: int, tombstones: int, wrong: str | None
) -> None:
    section = RetentionSection(
        bindings_days=bindings,
        tombstone_days=tombstones,
        personal_days=PersonalDays(merchant=1, transfer=1),
    )
    found = too_short(section, FACTS, load_config(default_folder()).corridors.values())

    if wrong is None:
        assert found is None
    else:
        assert re.match(wrong, found or "")


def test_a_tombstone_outlives_every_quote() -> None:
    section = load_config(default_folder()).retention.model_copy(update={"tombstone_days": 1})
    corridors = [
        replace(corridor, quote_valid_s=DAY_S + 1)
        for corridor in load_config(default_folder()).corridors.values()
    ]

    assert "of a quote" in (too_short(section, {}, corridors) or "")


def test_a_refunds_key_is_kept_as_long_as_its_payment_may_be_refunded() -> None:
    section = RetentionSection(
        bindings_days=3, tombstone_days=4, personal_days=PersonalDays(merchant=1, transfer=1)
    )
    longer = {**FACTS, "thailand": replace(FACTS["thailand"], refund_window_days=4)}

    assert too_short(section, FACTS, ()) is None
    assert "may be refunded" in (too_short(section, longer, ()) or "")
