"""The same measurement with two switches on a PostgreSQL that the measurement starts by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from switch.bench import postgres
from switch.bench.postgres import NoServer
from switch.cli import bench
from tests.servers import programs
from tests.servers.fixtures import SETTING

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.xdist_group("bench"), pytest.mark.timeout(300)]


@pytest.mark.slow
def test_two_switches_share_a_server_and_every_payment_is_there_once() -> None:
    if programs.postgres() is None and os.environ.get(SETTING) == "1":
        pytest.skip(f"no PostgreSQL; {SETTING}=1")
    command = [sys.executable, "-m", "switch", "bench", "--part", "payments", "--quick", "--json"]
    done = subprocess.run(
        [*command, "--store", "postgresql"], capture_output=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    shown: dict[str, Any] = json.loads(done.stdout)
    gate = shown["gate"]

    assert (shown["valid"], shown["store"], shown["machine"]["switches"]) == (True, "postgresql", 2)
    assert gate["sent"] == gate["answered_accc"] == gate["held_by_switch"]
    assert gate["sent"] == gate["booked_by_network"]
    assert (gate["ledger_balanced"], gate["journal_verified"], gate["fsync"]) == (True, True, True)
    assert sum(level["store_cpu_us_per_payment"] for level in shown["levels"]) > 0
    commits = [stage for stage in shown["stages"] if "to PostgreSQL" in stage["stage"]]
    assert len(commits) == 4


def test_a_part_that_knows_no_server_is_refused() -> None:
    result = CliRunner().invoke(bench.command, ["--part", "qr", "--store", "postgresql"])

    assert (result.exit_code, result.stdout) == (2, "")
    assert "only the parts payments and memory" in result.stderr


def test_without_a_server_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none(_: Path) -> Path:
        raise NoServer("PostgreSQL is neither here nor there")

    monkeypatch.setattr(postgres, "_programs", none)
    asked = ["--part", "payments", "--quick", "--store", "postgresql"]
    result = CliRunner().invoke(bench.command, asked)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "PostgreSQL is neither here nor there" in result.stderr
