"""A partner that is dead for a day costs its own payments only, and costs those a bounded number.

A whole day passes by a clock that a test moves: the network takes requests and never says a word,
while another one is paid at the same pace. Then the same day is lived without the fault, and what
happened at the other network is compared step by step.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from fx.money import Money
from switch.breakers import Breakers
from switch.config import default_folder, load_config
from switch.facts import load_facts
from switch.lifecycle import is_final
from switch.model import State
from switch.payments import Standing
from switch.port import Merchant
from switch.registry import shipped
from switch.sweeper import SWEEP_BATCH
from tests.shell.hand_parts import LOST
from tests.shell.shell_rig import MEMBER, SHOP, Shell, thai_links
from tests.shell.toy_network import ToyAdapter

if TYPE_CHECKING:
    from switch.facts import Facts
    from tests.shell.hand_parts import Scripted, Sent

DAY_S: Final = 86_400
HOUR_S: Final = 3_600
EVERY_S: Final = 600
"""How often each of the two networks is paid."""

BURST: Final = 40
"""Payments that set out together when the network has just died."""

DEAD, OTHER = "thailand", "laos"
KIP: Final = Money.parse("100000", "LAK")
TASKS_BESIDE: Final = 10
"""Tasks of the other network's payments that may be under way in the same moment."""


class Silence(deque["Scripted"]):
    """Never runs out, and each request waits until its time for an answer is over."""

    def __init__(self, shell: Shell, within_s: float) -> None:
        super().__init__([LOST])
        self._shell, self._within_s = shell, within_s
        self.waiting: list[tuple[float, asyncio.Event]] = []

    def popleft(self) -> Scripted:
        return self._no_answer

    async def _no_answer(self) -> Sent:
        over = asyncio.Event()
        self.waiting.append((self._shell.clock.elapsed_s + self._within_s, over))
        await over.wait()
        return LOST

    def let_go(self) -> None:
        """End the waits whose time is over."""
        now = self._shell.clock.elapsed_s
        for ends_s, over in self.waiting:
            if ends_s <= now:
                over.set()
        self.waiting = [each for each in self.waiting if each[0] > now]


@dataclass
class Day:
    """What was seen of a day, hour by hour."""

    opened: Counter[str] = field(default_factory=Counter)
    asked: dict[int, Counter[str]] = field(default_factory=dict)
    others: list[tuple[str, ...]] = field(default_factory=list)
    open_at: dict[int, int] = field(default_factory=dict)
    tasks_max: int = 0


def two_networks() -> Shell:
    """A shell with a second network abroad; both have the enquiries of the one that is shipped."""
    whole = load_config(default_folder())
    config = thai_links(whole)
    shell = Shell(config)
    facts = published(shell.thailand.facts)
    shell.thailand.facts = facts
    other = replace(facts, network=OTHER, currency="LAK", clearing_system="LAO", schemes=("laoqr",))
    shell.adapters[OTHER] = ToyAdapter(other)
    ends = ("bakong", OTHER)
    shell.configured(replace(whole, corridors=config.corridors | {ends: whole.corridors[ends]}))
    shell.transport.gate = Breakers(("bakong", DEAD, OTHER), shell.coordination, shell.clock)
    return shell


def published(facts: Facts) -> Facts:
    """The toy's facts with the enquiries that Thailand's adapter is shipped with."""
    text = shipped(DEAD, "facts.toml")
    assert text is not None
    real = load_facts(text, DEAD)
    return replace(
        facts,
        enquiry_delays_s=real.enquiry_delays_s,
        enquiry_repeat_s=real.enquiry_repeat_s,
        enquiries_max=real.enquiries_max,
    )


def abroad(shell: Shell) -> str:
    """A quote for a payment to the other network."""
    corridor = shell.quoting.corridor("bakong", OTHER)
    assert corridor is not None
    kiosk = Merchant(SHOP, "Vientiane", "5812", "LAK", None)
    destination = shell.quoting.destination(corridor, MEMBER, kiosk, "code")
    return shell.quoting.offer(destination, KIP).token


async def pay(shell: Shell, day: Day, network: str) -> None:
    """Begin a payment; its hop goes on by itself."""
    day.opened[network] += 1
    token = abroad(shell) if network == OTHER else None
    key = f"{network}-{day.opened[network]}"
    assert isinstance(await shell.payments.open(shell.instruction(key, token)), Standing)


async def step(shell: Shell, day: Day, silence: Silence, until_s: float) -> None:
    """Go to the next moment at which anything is due, at most so far, and let it happen."""
    now = shell.clock.now()
    dues = [each.next_at for each in shell.engine.tables.payments.values() if each.next_at]
    waits = [ends_s for ends_s, _ in silence.waiting]
    ahead = [(due - now).total_seconds() + shell.clock.elapsed_s for due in dues]
    soon = max(min([*ahead, *waits, until_s]), shell.clock.elapsed_s + 0.1)
    shell.clock.elapsed_s = min(soon, until_s)
    silence.let_go()
    before = len(shell.transport.left)
    await shell.sweeper.sweep()
    await shell.settle(30)
    day.tasks_max = max(day.tasks_max, len(shell.tasks))
    hour = int(shell.clock.elapsed_s // HOUR_S)
    for network, path in shell.transport.left[before:]:
        day.asked.setdefault(hour, Counter())[f"{network}{path}"] += 1


async def lived(shell: Shell, *, dead: bool) -> tuple[Day, Silence]:
    """A day of payments to both networks, one of them dead or not."""
    day = Day()
    silence = Silence(shell, shell.thailand.facts.answer_within_ms / 1000)
    if dead:
        shell.transport.scripts[DEAD] = silence
    for _ in range(BURST):
        await pay(shell, day, DEAD)
    for moment in range(0, DAY_S, EVERY_S):
        while shell.clock.elapsed_s < moment:
            await step(shell, day, silence, moment)
        before = len(shell.transport.left)
        for network in (DEAD, OTHER):
            await pay(shell, day, network)
        await shell.settle()
        sent = shell.transport.left[before:]
        day.others.append(tuple(path for network, path in sent if network == OTHER))
        day.open_at[moment] = len(still_open(shell, DEAD))
    while shell.clock.elapsed_s < DAY_S:
        await step(shell, day, silence, DAY_S)
    return day, silence


def still_open(shell: Shell, network: str) -> list[str]:
    """What has not ended at a network."""
    held = shell.engine.tables.payments.values()
    return [each.uetr for each in held if each.network == network and not is_final(each)]


async def test_a_dead_day_leaves_others_as_they_were() -> None:
    whole, broken = two_networks(), two_networks()
    healthy, _ = await lived(whole, dead=False)
    beside, silence = await lived(broken, dead=True)

    assert beside.others == healthy.others == [("/pay",)] * (DAY_S // EVERY_S)
    for day in (healthy, beside):
        asked = {what for each in day.asked.values() for what in each}
        assert not [what for what in asked if what.startswith(OTHER)], "nothing is asked again"
    for shell in (whole, broken):
        states = Counter(
            each.state for each in shell.engine.tables.payments.values() if each.network == OTHER
        )
        assert states == {State.ACCEPTED: DAY_S // EVERY_S}
    await ended(broken, beside, silence)
    for shell in (whole, broken):
        await shell.close()
        assert shell.crashes == []


async def ended(shell: Shell, day: Day, silence: Silence) -> None:
    """What the dead network's payments cost is bounded, and all end once it is back."""
    facts = shell.thailand.facts
    own = [each for each in shell.engine.tables.payments.values() if each.network == DEAD]
    waits = len(still_open(shell, DEAD))
    ladder, hourly = len(facts.enquiry_delays_s), HOUR_S // facts.enquiry_repeat_s
    new = BURST + HOUR_S // EVERY_S

    assert len(own) == day.opened[DEAD] == BURST + DAY_S // EVERY_S
    assert waits > DAY_S // EVERY_S // 2, "the day must have left something open"
    assert max(each.rung for each in own) <= facts.enquiries_max
    for hour, asked in day.asked.items():
        rows = day.open_at.get(hour * HOUR_S, waits) + new
        assert asked[f"{DEAD}/enquire"] <= new * ladder + rows * (hourly + 1), hour
    assert day.tasks_max <= SWEEP_BATCH + BURST + TASKS_BESIDE
    assert State.MANUAL not in {each.state for each in own}
    del shell.transport.scripts[DEAD]
    back_s = shell.clock.elapsed_s
    while still_open(shell, DEAD) and shell.clock.elapsed_s < back_s + 2 * facts.enquiry_repeat_s:
        await step(shell, day, silence, back_s + 2 * facts.enquiry_repeat_s)
    assert still_open(shell, DEAD) == []
    assert shell.pending() == []
