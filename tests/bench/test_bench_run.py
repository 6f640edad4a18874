"""A measurement starts, pays, judges itself and prints figures that fit each other.

No figure is compared with a bound: how fast this machine is proves nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from switch.bench.machine import (
    Cores,
    NoMeter,
    Percentiles,
    cpu_of,
    cpu_of_family,
    own_pid,
    percentiles,
    split_cores,
    written_by,
    written_by_family,
)
from switch.bench.run import Measured, Plan
from switch.cli import bench

if TYPE_CHECKING:
    from pathlib import Path

    from switch.config import Config


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """What a quick run prints."""
    command = [sys.executable, "-m", "switch", "bench", "--quick", "--json"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=220)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


pytestmark = [pytest.mark.xdist_group("bench"), pytest.mark.timeout(300)]


@pytest.mark.slow
def test_a_quick_run_is_valid_and_its_counts_are_equal(shown: dict[str, Any]) -> None:
    gate = shown["gate"]

    assert shown["valid"] is True
    assert gate["sent"] >= sum(level["payments"] for level in shown["levels"])
    assert gate["sent"] == gate["answered_accc"] == gate["held_by_switch"]
    assert gate["sent"] == gate["booked_by_network"]
    assert (gate["ledger_balanced"], gate["journal_verified"], gate["fsync"]) == (True, True, True)
    assert 0 <= shown["idle_cpu_us_per_s"] < 1_000_000


@pytest.mark.slow
def test_every_level_has_figures_that_fit_each_other(shown: dict[str, Any]) -> None:
    assert [level["in_flight"] for level in shown["levels"]] == [1, 16, 64]
    for level in shown["levels"]:
        latency = level["latency_us"]
        assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"] <= level["elapsed_us"]
        assert level["payments"] > 0
        assert 0 < level["commits"] <= 2 * level["payments"]
        rate = level["payments"] * 1_000_000 // level["elapsed_us"]
        assert rate == level["payments_per_s"]
        used = level["cpu_user_us"] + level["cpu_system_us"]
        assert used // level["payments"] == level["cpu_us_per_payment"]


@pytest.mark.slow
def test_payments_beside_a_dead_network_are_timed_in_the_same_run(shown: dict[str, Any]) -> None:
    hole = shown["blackhole"]

    assert hole["asked_of_dead"] == sum(hole["answers_of_dead"].values()) > 0
    assert hole["answers_of_dead"].get("ACCC", 0) == hole["open_after"]["payments"] == 0
    assert min(*hole["others_p99_us"].values(), *hole["times_in_hundredths"].values()) > 0


@pytest.mark.slow
def test_scanned_codes_are_measured_in_the_same_run(shown: dict[str, Any]) -> None:
    assert {"decode", "encode", "stages"} <= set(shown["qr"])


@pytest.mark.slow
def test_every_stage_was_measured_and_one_batch_size_counts(shown: dict[str, Any]) -> None:
    stages = shown["stages"]
    commits = [stage for stage in stages if "SQLite" in stage["stage"]]

    assert all(stage["wall_us"] >= 0 and stage["repeats"] > 0 for stage in stages)
    assert len(commits) == 4
    assert sum(stage["in_sum"] for stage in commits) == 1
    assert shown["fsync_us"]["p50"] <= shown["fsync_us"]["p99"]


def test_a_run_that_is_not_valid_prints_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unsound(_: Config, __: Path | None, plan: Plan, store: str) -> Measured:
        del plan, store
        none = Percentiles(0, 0, 0)
        faults = ("3 payments sent, 2 answered ACCC",)
        return Measured(None, faults, (), None, (), none, {}, None)  # type: ignore[arg-type]

    monkeypatch.setattr(bench, "run", unsound)
    result = CliRunner().invoke(bench.command, ["--quick", "--part", "payments"])

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "not valid: 3 payments sent, 2 answered ACCC" in result.stderr


def test_each_switch_has_a_core_and_the_load_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def cores(count: int, switches: int) -> Cores:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(count)))
        return split_cores(switches)

    assert cores(4, 1) == Cores((0,), (1, 2, 3))
    assert cores(4, 2) == Cores((0, 1), (2, 3))
    assert cores(2, 2) == Cores((0,), (1,))
    assert cores(1, 2) == Cores()


def test_a_family_is_a_process_and_its_children() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        written = written_by_family(own_pid())

        assert written >= written_by(own_pid()) + written_by(child.pid)
        assert cpu_of_family(own_pid()).total_us >= cpu_of(own_pid()).total_us
        child.communicate(b"\n")


def test_percentiles_are_by_nearest_rank() -> None:
    assert percentiles([7]) == Percentiles(7, 7, 7)
    assert percentiles(range(100, 0, -1)) == Percentiles(50, 95, 99)


def test_cpu_time_of_this_process_grows_and_of_none_is_refused() -> None:
    first = cpu_of(own_pid())

    assert sum(range(3_000_000)) > 0
    assert cpu_of(own_pid()).since(first).total_us >= 0
    with pytest.raises(NoMeter):
        cpu_of(0)
