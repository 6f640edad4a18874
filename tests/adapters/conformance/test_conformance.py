"""Every network passes what applies to it, and the report says so."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
import pytest
from click.testing import CliRunner

from adapters.conformance import PlanError, Report, specification
from adapters.conformance.cases import CASES
from adapters.conformance.plan import read_plan
from adapters.conformance.run import Result, Verdict
from switch.cli.adapter import command
from switch.config import default_folder, load_config
from switch.conformance import NO_DOOR, PLAN, Asked, check_network
from switch.linked import made_adapters
from switch.model import Finality
from switch.own_keys import keys_of
from switch.port import Operation
from switch.registry import SANDBOXES, installed, package_of
from switch.runtime.children import start_child
from switch.runtime.folders import temporary_folder
from switch.runtime.ports import free_ports
from tests.adapters.conformance.conformance_world import checked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switch.config import Config
    from switch.keys import KeyFolder

ROOT: Final = Path(__file__).resolve().parents[3]


def networks() -> list[str]:
    """Networks that are configured, have a simulator and state a plan."""
    known = load_config(default_folder()).networks
    there = [name for name in installed(SANDBOXES) if name in known]
    return [name for name in there if (files(package_of(name)) / PLAN).is_file()]


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(default_folder())


@pytest.fixture(scope="module")
def keys(config: Config, tmp_path_factory: pytest.TempPathFactory) -> KeyFolder:
    return keys_of(config, tmp_path_factory.mktemp("conformance"))


@pytest.mark.parametrize("network", ["japan", "thailand"])
def test_a_check_over_http_with_a_switch_behind(config: Config, network: str) -> None:
    only = ("AC-03", "AC-10", "AC-25", "AC-28", "AC-43", "AC-47", "AC-54")
    with temporary_folder() as home:
        own = keys_of(config, Path(home))
        report = asyncio.run(check_network(config, own, Asked(network, only=only), Path(home)))

    assert isinstance(report, Report)
    assert report.passed, report.text()
    assert len(report.results) == len(only)


@pytest.mark.parametrize("network", networks())
def test_a_network_passes_what_applies_to_it(network: str) -> None:
    report = checked(network)

    assert [f"{each.case.number}: {each.why}" for each in report.results
            if each.verdict in (Verdict.FAILED, Verdict.NOT_RUN)] == []  # fmt: skip
    assert report.passed
    assert len(report.results) == len(CASES)


def test_every_network_and_the_backbone_has_a_plan() -> None:
    assert set(networks()) == set(load_config(default_folder()).networks)


def test_a_far_side_without_controls_leaves_what_must_be_steered_unrun(
    config: Config, keys: KeyFolder
) -> None:
    url = "http://127.0.0.1:1"
    report = asyncio.run(check_network(config, keys, Asked("thailand", url, ("AC-03", "AC-10"))))

    assert not report.passed
    assert [each.verdict for each in report.results] == [Verdict.FAILED, Verdict.FAILED]


def test_no_corridor_is_in_three_legs_so_no_case_is_about_them(
    config: Config, keys: KeyFolder
) -> None:
    """Laos would take a confirmation where a corridor agreed on three legs."""
    takers = [name for name, made in made_adapters(config, keys).items()
              if Operation.CONFIRM in made.facts.operations]  # fmt: skip

    assert takers == ["laos"]
    assert {each.finality for each in config.corridors.values()} == {
        Finality.TWO_LEG, Finality.ADVICE,
    }  # fmt: skip


def test_a_far_side_that_is_told_of_no_door_is_not_asked_to_call(
    config: Config, keys: KeyFolder
) -> None:
    asked = Asked("thailand", "http://127.0.0.1:1", ("AC-25", "AC-58"))
    report = asyncio.run(check_network(config, keys, asked))

    assert [each.verdict for each in report.results] == [Verdict.NOT_RUN] * 2
    assert {each.why for each in report.results} == {NO_DOOR}


async def _beside(keys: Path, door: int, work: Callable[[str], Awaitable[None]]) -> None:
    """A simulator as a process of its own, which finds the switch at the door."""
    (port,) = free_ports(1)
    command = [
        *(sys.executable, "-m", "switch", "sandbox", "thailand", "--data", str(keys)),
        *("--port", f"thailand={port}", "--switch", f"http://127.0.0.1:{door}"),
    ]
    child = await start_child("thailand", command, keys / "thailand.log")
    try:
        await work(f"http://127.0.0.1:{port}")
    finally:
        await child.stop()


@pytest.mark.slow
def test_a_far_side_that_finds_the_door_is_asked_to_call(config: Config, tmp_path: Path) -> None:
    keys_of(config, tmp_path)
    (door,) = free_ports(1)
    cases = [f"--case={number}" for number in ("AC-03", "AC-25", "AC-28", "AC-33", "AC-59")]

    async def work(url: str) -> None:
        ended = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "switch", "adapter", "check", "thailand", "--json"),
            *("--url", url, "--door", str(door), "--data", str(tmp_path), *cases),
            *("--patience-ms", "2000"),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await ended.communicate()
        shown = orjson.loads(said)
        assert [(each["number"], each["verdict"]) for each in shown["cases"]] == [
            (number.removeprefix("--case="), "passed") for number in cases
        ], said
        assert (ended.returncode, shown["passed"]) == (0, True)

    asyncio.run(_beside(tmp_path, door, work))


def test_the_specification_is_the_list_of_cases() -> None:
    page = (ROOT / "docs" / "network-engineer" / "conformance.md").read_text("utf-8")

    assert page == specification()


def test_numbers_are_unique_and_in_order() -> None:
    numbers = [case.number for case in CASES]

    assert numbers == sorted(set(numbers))


def test_the_command_reports_as_text_as_json_and_as_a_page(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    run = CliRunner().invoke(
        command, ["check", "thailand", "--case", "AC-03", "--json", "--html", str(page)]
    )
    shown = orjson.loads(run.stdout)

    assert run.exit_code == 0
    assert (shown["network"], shown["passed"]) == ("thailand", True)
    assert [(each["number"], each["verdict"]) for each in shown["cases"]] == [("AC-03", "passed")]
    assert "AC-03" in page.read_text("utf-8")
    assert "Signed" in page.read_text("utf-8")


def test_the_command_refuses_what_it_cannot_check() -> None:
    run = CliRunner().invoke(command, ["check", "atlantis"])

    assert run.exit_code == 2
    assert "atlantis" in run.stderr


def test_a_report_with_a_failure_or_an_unrun_case_is_no_pass() -> None:
    case, at = CASES[0], datetime(2026, 11, 22, tzinfo=UTC)
    for verdict, passed in (
        (Verdict.PASSED, True),
        (Verdict.NOT_APPLICABLE, True),
        (Verdict.FAILED, False),
        (Verdict.NOT_RUN, False),
    ):
        report = Report("thailand", "<far>", at, at, (Result(case, verdict, "<why>"),))
        assert report.passed is passed
        assert "<why>" not in report.html()
        assert "&lt;why&gt;" in report.html()


PLAN_TEXT: Final = '[payment]\npayload = "x"\namount = "1.00"\nrate = "100"\n'


@pytest.mark.parametrize(
    "text",
    [
        "[payment",
        "[payment]\n",
        PLAN_TEXT.replace("1.00", "1.001"),
        PLAN_TEXT.replace('"x"', "7"),
        PLAN_TEXT + "[surprise]\n",
        PLAN_TEXT + '[[refusals]]\ncode = "X"\nreason = "NONE"\n',
    ],
)
def test_a_plan_that_cannot_be_used_is_refused(text: str) -> None:
    read_plan(PLAN_TEXT, "THB")
    with pytest.raises(PlanError):
        read_plan(text, "THB")
