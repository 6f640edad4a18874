"""One random run over all networks at once: processes, HTTP, faults, and a switch that is killed.

Members' customers pay in every country, guests from each country pay here, shops and their banks
give back; one request in five meets a fault at whichever network it reaches. The switch is killed
among them, again and again, and started on what it left. At the end nobody is helped: it is waited
until every payment has ended, and then the books of all sides are held against each other.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from switch.config import load_config
from switch.demo.abroad import Abroad, demonstrated
from switch.demo.books import network_books, switch_book
from switch.demo.stage import Stage
from tests.books.books_rig import child, restarted
from tests.kill.kill_rounds import verified
from tests.networks.books_of_all import disagreements
from tests.networks.fast_facts import hurried
from tests.networks.opened_evidence import opened
from tests.networks.people import Run, asked_again, enquire, lines, person, shops

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

    from switch.config import Config

GOING_BACK: Final = ("unwinding", "returning")
AT_ONCE: Final = 10
"""People who act side by side."""

SHARE: Final = 0.20
"""Of all requests: those that meet a fault."""

ANSWERED_BADLY: Final = (
    *("drop_request", "drop_answer", "garbage", "wrong_signature", "error_500", "unavailable"),
    *("late", "slow", "slow_body", "twice", "answer_twice", "reset", "redirect", "oversize"),
    "wrong_clock",
)
DECIDED_BADLY: Final = ("refuse", "pending")
"""Only where money moves. Left out: `hold` (until it is told to answer) and `contradict`, after
which the books must differ until people have settled the dispute."""

OPERATIONS: Final = ("lookup", "quote", "pay", "enquire", "cancel", "refund", "collect")
DELAY_MS: Final = {
    "late": 2_200, "slow_body": 2_200, "pending": 2_500, "slow": 600, "wrong_clock": 500_000
}  # fmt: skip

ENDED_WITHIN_S: Final = 300


class Stopwatch:
    """How long each part took, in seconds."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._at = time.monotonic()

    def lap(self, what: str) -> None:
        """What has ended now."""
        before, self._at = self._at, time.monotonic()
        self.laps[what] = self._at - before


@dataclass(frozen=True)
class Told:
    """The end of a run."""

    ours: list[dict[str, Any]]
    differing: list[str]
    report: dict[str, Any]
    customers: int
    unheard: int
    """Guests of whom the switch has no row: it never heard of them, and their network knows."""
    kills: int
    returns: int
    refunds: int
    faults: Counter[str]
    requests: int
    contradictions: list[str]
    opened: int
    """Requests that operators were shown afterwards."""
    telling: list[str]
    """Those that show a secret of the switch."""
    took_s: Mapping[str, float]

    @property
    def by_way(self) -> Counter[str]:
        """Customers' payments by direction and network."""
        return Counter(f"{line['direction']} {line['counterparty']}" for line in self.ours
                       if line["kind"] == "payment")  # fmt: skip

    def __str__(self) -> str:
        ended = Counter(line["status"] for line in self.ours)
        took = ", ".join(f"{what} {seconds:.0f} s" for what, seconds in self.took_s.items())
        return (
            f"{len(self.ours)} payments ({dict(ended)}), {self.refunds} refunds and"
            f" {self.returns} returns among them; {self.kills} kills; {self.faults.total()} of"
            f" {self.requests} requests met a fault, {len(self.faults)} kinds; {took};"
            f" {len(self.differing)} differences; {dict(self.by_way)}"
        )


def ways(config: Config) -> list[tuple[str, Abroad]]:
    """Every direction of every enabled corridor."""
    networks = demonstrated(config).values()
    out = [("out", each) for each in networks if each.currency]
    return out + [("in", each) for each in networks if each.guests]


def played(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, payments: int, kills: int, seed: int
) -> Told:
    """Play a run of so many customers' payments with so many kills."""
    tree = hurried(folder)
    monkeypatch.chdir(tree)
    monkeypatch.setenv("PYTHONPATH", str(tree))
    config = load_config(tree / "config")
    return asyncio.run(_played(config, payments, kills, seed))


async def _played(config: Config, payments: int, kills: int, seed: int) -> Told:
    networks = sorted({each.name for _, each in ways(config)})
    run, took = Run(random.Random(seed)), Stopwatch()
    async with Stage(config, None, networks=networks) as stage:
        took.lap("start")
        await _troubled(stage, demonstrated(config), seed)
        todo = [ways(config)[place % len(ways(config))] for place in range(payments)]
        run.chance.shuffle(todo)
        queue = iter(list(enumerate(todo)))
        people = [person(stage, run, queue) for _ in range(AT_ONCE)]
        others = _killer(stage, run, payments, kills), shops(stage, run, payments)
        await asyncio.gather(*people, *others)
        took.lap("payments")
        faults, requests = await _calm(stage)
        await _ended(stage, run)
        took.lap("until all had ended")
        await asyncio.gather(*[asked_again(stage, run, order) for order in run.orders])
        ours, theirs = await switch_book(stage), await network_books(stage)
        shown, telling = await opened(stage, ours)
        report = await verified(stage)
        took.lap("asking again and comparing")
    run.contradictions += _told_otherwise(run, ours)
    refunds = [line for line in ours if line["kind"] == "refund"]
    unheard = len(run.guests.keys() - {line["uetr"] for line in ours})
    return Told(
        ours, disagreements(ours, theirs), report, run.done, unheard, run.kills,
        run.returns, len(refunds), faults, requests, run.contradictions, shown, telling,
        took.laps,
    )  # fmt: skip


async def _troubled(stage: Stage, networks: dict[str, Abroad], seed: int) -> None:
    """Faults of every kind by rate, at every network, for every operation that it knows."""
    for name in sorted(stage.urls):
        if name == "switch":
            continue
        for place, operation in enumerate(OPERATIONS):
            moves = operation in ("pay", "refund")
            kinds = (*ANSWERED_BADLY, *DECIDED_BADLY) if moves else ANSWERED_BADLY
            rate = round(1 - (1 - SHARE) ** (1 / len(kinds)), 6)
            for number, kind in enumerate(kinds):
                reason = networks[name].refusal if name in networks else "AC06"
                asked = {
                    "operation": operation, "kind": kind, "rate": rate,
                    "seed": 10_000 * seed + 100 * place + number, "delay_ms": DELAY_MS.get(kind, 0),
                    "reason": reason if kind == "refuse" else "", "bytes": 20,
                }  # fmt: skip
                if kind == "oversize":
                    asked["bytes"] = 3_000_000
                told = await stage.sandbox(name, "POST", "/control/faults", asked)
                assert "waiting" in told or told["error"].startswith("operation"), told


async def _calm(stage: Stage) -> tuple[Counter[str], int]:
    """No more faults, whatever is pending ends; returns what has happened to how many requests."""
    happened: Counter[str] = Counter()
    requests = 0
    for name in stage.urls:
        if name != "switch":
            shown = await stage.sandbox(name, "GET", "/control/faults")
            seen = (await stage.sandbox(name, "GET", "/control/requests"))["requests"]
            requests += len([each for each in seen if each["operation"] in OPERATIONS])
            for what, count in shown["happened"].items():
                happened[what.rpartition(" ")[2]] += count
            await stage.sandbox(name, "DELETE", "/control/faults")
            await stage.sandbox(name, "POST", "/control/release", {})
    return happened, requests


async def _killer(stage: Stage, run: Run, payments: int, kills: int) -> None:
    """Kill the switch at random moments, spread over the run, and start it again."""
    for number in range(kills):
        at = payments * (number + 0.2 + 0.6 * run.chance.random()) / kills
        await run.reached(at)
        await asyncio.sleep(run.chance.random() * 0.3)
        await child(stage, "switch").kill()
        await restarted(stage)
        run.kills += 1


async def _ended(stage: Stage, run: Run) -> None:
    """Wait until every payment has ended; guests' networks ask what became of theirs."""
    began = time.monotonic()
    while time.monotonic() - began < ENDED_WITHIN_S:
        await enquire(stage, run)
        waiting = [line for line in await lines(stage)
                   if not line["final"] or line["state"] in GOING_BACK]  # fmt: skip
        if not waiting:
            break
        await asyncio.sleep(1)
    await enquire(stage, run)


def _told_otherwise(run: Run, ours: list[dict[str, Any]]) -> list[str]:
    """Callers who were told something else than the row says."""
    rows = {line["uetr"]: line for line in ours}
    found = []
    for order in run.orders:
        if not order.final:
            continue
        body = orjson.loads(order.final.partition(b" ")[2])
        shown = body.get("payment", body)
        row = rows.get(shown.get("uetr", ""))
        if row is None or row["status"] != shown["status"]:
            found.append(f"{shown.get('uetr')}: told {shown['status']}, the row says otherwise")
    return found
