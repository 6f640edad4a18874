"""What a dead network costs the payments of others: two switches side by side, one with a dead one.

Both are paid through two networks at the same fixed rates, in turns, round by round; in one of them
the second network's simulator is stopped, so that it takes connections and never says a word. Only
the first network's payments are timed. Afterwards the dead one comes back, and both sides' books
are compared. The surprise: nothing is mended by hand, so what its backlog executes late is found by
the switch's own enquiries.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from prometheus_client.parser import text_string_to_metric_families

from switch import lifecycle
from switch.bench.durable import durability
from switch.bench.gate import evidence, faults
from switch.bench.gauges import PARTNER
from switch.bench.ground import Ground
from switch.bench.load import Wanted, drive_at, prepare
from switch.bench.machine import Percentiles, description, percentiles
from switch.bench.run import held_payments
from switch.keys import KeyFolder
from switch.metering.page import PREFIX
from switch.model import Status
from switch.store.audit import audit_reads

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence
    from pathlib import Path

    from switch.bench.load import Answered, Ready
    from switch.config import Config
    from switch.model import Payment

DEAD: Final = "laos"
"""An ordinary network: ISO 20022, 15 s for an answer, five enquiries within a minute."""

WAITING_MAX: Final = 5_000
"""Requests that may wait for an answer: those to the dead network wait as long as members do."""

OPEN_WITHIN_S: Final = 150
"""How long the end of what is open is waited for, once the network is back."""

DEPTHS: Final = ("tasks", "requests_under_way", "commits_waiting", "breaker_open")
"""Figures of the switch beside the dead network, summed over their labels."""

LOOK_AGAIN_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Storm:
    """How much is paid: rounds in turns, seconds of each, payments a second.

    ``p99_times_max`` bounds in hundredths how much slower others may be beside the dead network;
    0 judges nothing, because so few payments have no tail.
    """

    rounds: int
    seconds: int
    rate: int
    dead_rate: int
    p99_times_max: int = 0


P99_TIMES_MAX: Final = 1_000
"""Ten times, in hundredths: what waits for a dead network waits for seconds, so for hundreds of
times as long, and a machine that is busy with other work seldom makes three of it."""

FULL_STORM: Final = Storm(rounds=6, seconds=5, rate=60, dead_rate=20, p99_times_max=P99_TIMES_MAX)
SHORT_STORM: Final = Storm(rounds=5, seconds=2, rate=40, dead_rate=15, p99_times_max=P99_TIMES_MAX)
"""Part of every whole run."""

QUICK_STORM: Final = Storm(rounds=2, seconds=1, rate=15, dead_rate=8)


@dataclass(frozen=True, slots=True)
class BlackholeMeasured:
    """Payments of others beside a network that answers, and beside the same one dead.

    ``p50_times`` and ``p99_times`` are medians of the rounds' own quotients in hundredths, so they
    hold where times do not. ``pending`` counts payments of the dead network when the load ended,
    ``answers`` what members were told about theirs, ``open`` those that had not ended
    ``settled_s`` seconds after it came back. ``depths`` are the most that was under way at once.
    """

    storm: Storm
    alive: Percentiles
    dead: Percentiles
    p50_times: int
    p99_times: int
    asked: int
    answers: dict[str, int]
    pending: int
    open: int
    settled_s: int
    depths: dict[str, int]
    faults: tuple[str, ...]
    machine: dict[str, object]

    @property
    def slowed(self) -> tuple[str, ...]:
        """Says that others were held up, where they were beyond the storm's bound."""
        most = self.storm.p99_times_max
        if not most or self.p99_times <= most:
            return ()
        times = f"{_hundredths(self.p99_times)} times as long (p99)"
        return (f"beside a dead network others took {times}, and {_hundredths(most)} is the most",)

    def lines(self) -> list[str]:
        """The figures for people to read, the ratio first."""
        told = ", ".join(f"{count} {said}" for said, count in self.answers.items())
        most = self.storm.p99_times_max
        bound = f"p99 at most {_hundredths(most)} times" if most else "too few to judge"
        others = "Beside a dead network, others: "
        for name, times in (("p50", self.p50_times), ("p99", self.p99_times)):
            before, after = getattr(self.alive, f"{name}_us"), getattr(self.dead, f"{name}_us")
            others += f"{name} {_ms(before)}, then {_ms(after)} ms ({_hundredths(times)} times); "
        own = f"Its own {self.asked}: {told}; {self.pending} waited when the load ended, "
        own += f"{self.open} when it had been back for {self.settled_s} s"
        return [others + bound, own]

    def view(self) -> dict[str, object]:
        """The figures as plain values."""
        return {
            "rounds": self.storm.rounds,
            "seconds": self.storm.seconds,
            "others_per_s": self.storm.rate,
            "dead_per_s": self.storm.dead_rate,
            "others_p50_us": {"alive": self.alive.p50_us, "dead": self.dead.p50_us},
            "others_p99_us": {"alive": self.alive.p99_us, "dead": self.dead.p99_us},
            "times_in_hundredths": {"p50": self.p50_times, "p99": self.p99_times},
            "p99_times_max_in_hundredths": self.storm.p99_times_max,
            "asked_of_dead": self.asked,
            "answers_of_dead": self.answers,
            "pending_of_dead": self.pending,
            "most_at_once": self.depths,
            "open_after": {"seconds": self.settled_s, "payments": self.open},
        }


async def run_blackhole(
    config: Config, config_folder: Path | None, storm: Storm, wanted: Wanted
) -> BlackholeMeasured:
    """Measure; ``wanted`` is what is paid at the network that dies.

    Raises ``ChildFailed``, ``LoadFailed`` or ``NoMeter``.
    """
    networks = (PARTNER, DEAD)
    sides = [Ground(config, config_folder, networks=networks) for _ in range(2)]
    async with sides[0], sides[1]:
        alive, dead = [await _Side.prepared(side, storm, wanted) for side in sides]
        hole = next(child for child in dead.stage.children if child.name == DEAD)
        hole.pause()
        depths: list[dict[str, int]] = []
        try:
            for number in range(storm.rounds):
                await alive.play(number)
                await dead.play(number)
                depths.append(await dead.depths())
            pending = len(await dead.unended())
            told = await dead.told()
            await alive.told()
        finally:
            hole.go_on()
        settled_s = await dead.settle()
        left = len(await dead.unended())
        wrong = [*await alive.faults(), *await dead.faults()]
    pairs = list(zip(alive.rounds, dead.rounds, strict=True))
    return BlackholeMeasured(
        storm=storm,
        alive=percentiles([micros for times in alive.rounds for micros in times]),
        dead=percentiles([micros for times in dead.rounds for micros in times]),
        p50_times=_median([_times(one, other, "p50_us") for one, other in pairs]),
        p99_times=_median([_times(one, other, "p99_us") for one, other in pairs]),
        asked=sum(told.values()),
        answers=dict(sorted(told.items())),
        pending=pending,
        open=left,
        settled_s=settled_s,
        depths={name: max(each[name] for each in depths) for name in DEPTHS},
        faults=tuple(wrong),
        machine=description(),
    )


def _hundredths(value: int) -> str:
    return f"{value // 100}.{value % 100:02d}"


def _ms(micros: int) -> str:
    return f"{micros // 1000}.{micros // 100 % 10}"


def _times(alive: Sequence[int], dead: Sequence[int], name: str) -> int:
    before, after = getattr(percentiles(alive), name), getattr(percentiles(dead), name)
    return int(100 * after // max(before, 1))


def _median(values: Sequence[int]) -> int:
    return sorted(values)[len(values) // 2]


@dataclass(slots=True)
class _Side:
    """One of the two switches, with the requests that wait for it."""

    stage: Ground
    storm: Storm
    others: list[Ready]
    theirs: list[Ready]
    answered: list[Answered]
    rounds: list[list[int]]
    waiting: list[asyncio.Task[list[Answered]]]

    @classmethod
    async def prepared(cls, stage: Ground, storm: Storm, wanted: Wanted) -> _Side:
        """Take every quote while both networks answer."""
        seconds = storm.rounds * storm.seconds
        others = await prepare(stage, storm.rate * seconds)
        theirs = await prepare(stage, storm.dead_rate * seconds, wanted)
        return cls(stage, storm, others, theirs, [], [], [])

    async def play(self, number: int) -> None:
        """Pay through both networks for a round; who waits for the second one goes on waiting."""
        storm, stage = self.storm, self.stage
        count, theirs = storm.rate * storm.seconds, storm.dead_rate * storm.seconds
        part = self.theirs[number * theirs : (number + 1) * theirs]
        self.waiting.append(
            stage.tasks.start("theirs", drive_at(stage, part, storm.dead_rate, WAITING_MAX))
        )
        mine = self.others[number * count : (number + 1) * count]
        answers = await drive_at(stage, mine, storm.rate, WAITING_MAX)
        self.answered += answers
        self.rounds.append([answer.took_us for answer in answers])

    async def told(self) -> Counter[str]:
        """What members were told about payments of the second network."""
        answers = [answer for task in self.waiting for answer in await task]
        said: Counter[str] = Counter()
        for answer in answers:
            body = orjson.loads(answer.body) if answer.body else {}
            said[str(body.get("status", answer.status))] += 1
        return said

    async def depths(self) -> dict[str, int]:
        """What is under way now, as the switch shows it to the overseer."""
        page = await self.stage.overseer().call("GET", "/v1/oversight/metrics")
        sums = dict.fromkeys(DEPTHS, 0)
        for family in text_string_to_metric_families(page.body.decode()):
            name = family.name.removeprefix(PREFIX)
            if name in sums:
                sums[name] = round(sum(sample.value for sample in family.samples))
        return sums

    async def unended(self) -> list[Payment]:
        """Payments of the second network that have not ended."""
        async with self.stage.reading() as read:
            payments = await held_payments(read)
        theirs = [payment for payment in payments if payment.network == DEAD]
        return [payment for payment in theirs if not lifecycle.is_final(payment)]

    async def settle(self) -> int:
        """Wait until nothing is open, but not for ever; returns whole seconds."""
        clock, within_s = self.stage.clock, OPEN_WITHIN_S
        started = clock.monotonic()
        while await self.unended() and clock.monotonic() - started < within_s:
            await clock.sleep(LOOK_AGAIN_S)
        return int(clock.monotonic() - started)

    async def faults(self) -> list[str]:
        """What does not add up: the gate for the others, both books for the second network."""
        stage = self.stage
        key = KeyFolder(stage.data / "keys").ed25519_private("journal").public_key()
        async with stage.reading() as read:
            payments = await held_payments(read)
            report = await audit_reads(read, [key], {})
        others = [payment for payment in payments if payment.network != DEAD]
        book = (await stage.sandbox(PARTNER, "GET", "/state"))["book"]
        found = evidence(self.answered, others, book, report, await durability(stage))
        theirs = (await stage.sandbox(DEAD, "GET", "/state"))["book"]
        return [*faults(found), *differing(payments, theirs)]


def differing(payments: Sequence[Payment], book: Sequence[dict[str, Any]]) -> list[str]:
    """Ended payments of the second network that its own book shows otherwise."""
    booked = {entry["reference"] for entry in book if entry["status"] == "booked"}
    ended = [each for each in payments if each.network == DEAD and lifecycle.is_final(each)]
    wrong = sum(
        (lifecycle.status(each) is Status.ACCC) is not (each.reference in booked) for each in ended
    )
    return [f"{wrong} payments of {DEAD} ended otherwise in its book"] if wrong else []
