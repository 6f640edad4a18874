"""The parts that take long pay, judge themselves and fit together; here they are short.

No figure of this machine is compared with a bound: how fast it is proves nothing.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from switch.bench.blackhole import (
    DEAD,
    FULL_STORM,
    P99_TIMES_MAX,
    QUICK_STORM,
    SHORT_STORM,
    BlackholeMeasured,
    Storm,
    differing,
)
from switch.bench.machine import Percentiles
from switch.bench.memory import Point, growth
from switch.cli.bench_long import STOPPED, held_up
from switch.model import State
from tests.switch_core.core_values import payment

pytestmark = [pytest.mark.xdist_group("bench"), pytest.mark.timeout(300)]


def shown(*arguments: str) -> dict[str, Any]:
    """What a part prints."""
    command = [sys.executable, "-m", "switch", "bench", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_beside_a_dead_network_others_are_paid_and_its_own_payments_wait() -> None:
    found = shown("--part", "blackhole", "--quick")
    asked = QUICK_STORM.rounds * QUICK_STORM.seconds * QUICK_STORM.dead_rate

    assert found["valid"] is True
    assert found["asked_of_dead"] == sum(found["answers_of_dead"].values()) == asked
    assert found["pending_of_dead"] > 0
    assert found["answers_of_dead"].get("ACCC", 0) == 0
    assert found["open_after"]["payments"] == 0
    assert found["most_at_once"]["tasks"] >= found["most_at_once"]["requests_under_way"] > 0
    for times in (found["others_p50_us"], found["others_p99_us"]):
        assert min(times["alive"], times["dead"]) > 0


def measured(p99_times: int, storm: Storm = SHORT_STORM) -> BlackholeMeasured:
    """A run in which others took so many hundredths as long beside the dead network."""
    times = Percentiles(10_000, 15_000, 20_000)
    return BlackholeMeasured(
        storm, times, times, p99_times, p99_times, 150, {"PDNG": 100, "RJCT": 50}, 100, 0, 13,
        {"tasks": 50}, (), {"cores": 2},
    )  # fmt: skip


def test_others_that_are_held_up_end_it_with_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert held_up(measured(P99_TIMES_MAX)) == 0
    assert capsys.readouterr().err == ""
    assert held_up(measured(P99_TIMES_MAX + 1)) == 1
    assert "10.01 times as long (p99), and 10.00 is the most" in capsys.readouterr().err


def test_every_storm_is_judged_but_one_that_has_no_tail() -> None:
    assert [each.p99_times_max for each in (FULL_STORM, SHORT_STORM)] == [P99_TIMES_MAX] * 2
    assert measured(100_000, QUICK_STORM).slowed == ()


def test_the_ratio_is_printed() -> None:
    others, own = measured(123).lines()

    assert "(1.23 times)" in others
    assert others.endswith("p99 at most 10.00 times")
    assert own.startswith("Its own 150: 100 PDNG, 50 RJCT; 100 waited when the load ended, 0 when")
    assert measured(123, QUICK_STORM).lines()[0].endswith("too few to judge")


@pytest.mark.slow
def test_a_run_that_is_stopped_ends_what_it_started(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "switch", "bench", "--part", "memory"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        ends = time.monotonic() + 200
        while not list(tmp_path.glob("*/switch.db")) and time.monotonic() < ends:
            time.sleep(0.1)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.send_signal(signal.SIGINT)

        assert process.wait(60) == STOPPED
    assert children
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_memory_is_told_for_each_part_of_a_run_that_adds_up() -> None:
    found = shown("--part", "memory", "--payments", "40")
    (point,) = found["points"]

    assert found["valid"] is True
    assert point["payments"] == 40
    assert point["resident_kib"] > 0


def test_growth_is_that_of_the_second_half() -> None:
    def points(*held: int) -> list[Point]:
        return [Point(1024 * (n + 1), kib, 0, 0) for n, kib in enumerate(held)]

    assert growth(points(90)) == 0
    assert growth(points(50, 100, 110, 100)) == 0
    assert growth(points(50, 100, 101, 102)) == 1


def test_a_payment_that_the_other_book_shows_otherwise_is_a_fault() -> None:
    accepted = replace(payment(), network=DEAD, state=State.ACCEPTED)
    refused = replace(payment(), network=DEAD, state=State.REFUSED)
    entry = {"reference": accepted.reference, "status": "booked"}

    assert differing([accepted], [entry]) == []
    assert differing([refused], []) == []
    assert differing([accepted], []) != []
    assert differing([refused], [entry]) != []
