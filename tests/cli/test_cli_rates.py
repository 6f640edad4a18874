"""Rates are set, listed and withdrawn, and prices shown, from a shell against a running switch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from switch.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

pytestmark = pytest.mark.slow
FULL = Path("/dev/full")
SET = ("rates", "set", "acleda", "KHR", "THB")


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[tuple[str, ...]]:
    """The options that name a running switch and its folder."""
    data = tmp_path_factory.mktemp("rates")
    serve = [sys.executable, "-m", "switch", "serve", "--port", "0", "--data", str(data)]
    with (data / "log").open("wb") as log:
        process = subprocess.Popen(serve, cwd=root, stdout=subprocess.PIPE, stderr=log)
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    yield ("--data", str(data), "--url", url)
    process.terminate()
    process.wait(10)
    process.stdout.close()


def typed(*arguments: str) -> Result:
    """Run a command in this process."""
    result = CliRunner().invoke(main, arguments, prog_name="bakong-switch")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def told(*arguments: str) -> Any:
    """What a command that succeeds answers with --json."""
    result = typed(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_rate_is_set_listed_quoted_and_withdrawn(at: tuple[str, ...]) -> None:
    done = typed(*SET, "118.50", "--unit", "THB", "--version", "v2", "--spread-bp", "20",
                 "--tier", "100000=5", *at)  # fmt: skip
    listed = typed("rates", "list", *at)
    shown = typed("quote", "bakong-thailand", "345.00", "THB", "--provider", "acleda", *at)
    history = told("rates", "history", "acleda", "KHR", "THB", "--as", "acleda", *at)
    gone = typed("rates", "withdraw", "acleda", "KHR", "THB", "v2", "--as", "overseer", *at)
    after = told("quote", "bakong-thailand", "345.00", "THB", "--provider", "acleda", *at)

    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "taken")
    assert "KHR/THB" in listed.stdout
    assert "v2" in listed.stdout
    # 118.50 worsened by 20 bp is 118.737: 40,964.265 up to a riel, and the fee of 250.
    assert "41215 KHR -> 345.00 THB" in shown.stdout
    assert "1 THB = 118.737, spread 20 bp, version v2, residue 0.73 KHR" in shown.stdout
    assert "fee of the payer, invoiced: 250 KHR" in shown.stdout
    assert history["rates"][0]["tiers"] == [{"from": "100000.00", "improvement_bp": 5}]
    assert (gone.exit_code, gone.stdout) == (0, "withdrawn\n")
    assert after["quotes"] == []
    assert {"provider": "acleda", "reason": "withdrawn"} in after["left_out"]


def test_refused_rate_ends_with_its_code_and_status_1(at: tuple[str, ...]) -> None:
    refused = typed(*SET, "0.0084", "--unit", "KHR", "--version", "v9", *at)

    assert refused.exit_code == 1
    assert refused.stdout.startswith("refused rate_direction: ")


def test_what_cannot_be_sent_is_said_in_one_sentence(at: tuple[str, ...]) -> None:
    tier = typed(*SET, "1", "--unit", "THB", "--version", "v", "--tier", "1", *at)
    nobody = typed("rates", "list", "--as", "nobody", *at)
    member = typed("quote", "bakong-mars", "1.00", "THB", *at)

    assert (tier.exit_code, tier.stderr) == (
        2,
        "bakong-switch: --tier 1: is written AMOUNT=BP\n",
    )
    assert (nobody.exit_code, "provider-nobody.pem" in nobody.stderr) == (2, True)
    assert (member.exit_code, json.loads(member.stdout)["reason"]) == (1, "AG03")


@pytest.mark.skipif(not FULL.exists(), reason="needs the device that is always full")
@pytest.mark.parametrize(
    "line",
    [
        "rates list",
        "rates list --json",
        "rates history acleda KHR THB",
        "rates withdraw acleda KHR THB none",
        "quote bakong-thailand 345.00 THB",
    ],
)
def test_an_answer_that_nobody_takes_is_one_sentence(at: tuple[str, ...], line: str) -> None:
    words = [sys.executable, "-m", "switch", *line.split(), *at]
    with FULL.open("wb") as full:
        run = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    said = "bakong-switch: standard output: No space left on device\n"
    assert (run.returncode, run.stderr) == (2, said)
