"""The measurement of scanned codes runs, holds answers against ours, and names who is left out.

No figure is compared with a bound: how fast this machine is proves nothing.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from switch.bench import peers, qr
from switch.bench.peers import central_bank, konthaina, unlike
from switch.bench.qr import QrMeasured
from switch.bench.qr_report import lines, view
from switch.bench.race import Job, NotThere, Race, Speed
from switch.cli import bench
from switch.runtime.clock import SystemClock
from tests.peers.khqr_peer import why_absent

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("bench")


@pytest.fixture(scope="module")
def shown(root: Path) -> dict[str, Any]:
    """What a quick run of this part prints, from the project's folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        done = CliRunner().invoke(bench.command, ["--part", "qr", "--quick", "--json"])
    assert done.exit_code == 0, done.output[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def contenders(shown: dict[str, Any], job: str) -> dict[str, dict[str, Any]]:
    return {" ".join(c["name"].split()[:2]): c for c in shown["qr"][job]["contenders"]}


def test_both_jobs_are_measured_beside_the_peers_on_the_code_of_183_characters(
    shown: dict[str, Any],
) -> None:
    assert shown["qr"]["characters"] == 183
    assert shown["machine"]["cores"] >= 1
    for job in ("decode", "encode"):
        found = shown["qr"][job]["contenders"]
        assert found[0]["name"] == "bakong-switch"
        assert all(c["least_ns"] <= c["median_ns"] <= c["most_ns"] for c in found)
        assert all(c["per_second"] > 0 for c in found)


def test_every_peer_is_measured_or_named_as_left_out(shown: dict[str, Any]) -> None:
    known = {"PyPI konthaina-khqr", "PyPI bakong-khqr", "npm bakong-khqr"}
    left_out = {" ".join(text.split()[:2]) for text in shown["qr"]["absent"]}

    assert known == (set(contenders(shown, "decode")) & known) | left_out
    assert ("npm bakong-khqr" in left_out) == (why_absent() is not None)


def test_every_answer_is_held_against_ours(shown: dict[str, Any]) -> None:
    decode, encode = contenders(shown, "decode"), contenders(shown, "encode")

    assert [name for name, c in decode.items() if not c["comparable"]] == []
    assert encode["PyPI konthaina-khqr"]["why_not"] == "writes otherwise: 99"
    assert encode["PyPI bakong-khqr"]["why_not"] == "writes otherwise: 29, 30"
    assert decode["PyPI bakong-khqr"]["checked"] is False
    if why_absent() is None:
        assert encode["npm bakong-khqr"]["comparable"] is True


def test_the_stages_of_our_own_are_measured(shown: dict[str, Any]) -> None:
    stages = shown["qr"]["stages"]

    assert len(stages) == 6
    assert all(stage["median_ns"] > 0 for stage in stages)


def speed(name: str, ns: int, *, checked: bool = True, fault: str | None = None) -> Speed:
    return Speed(name, "a phrase", checked, fault, ns, ns, ns)


def test_the_ratio_is_to_the_fastest_that_checks_and_is_comparable() -> None:
    ours, slow = speed("ours", 1_000), speed("slow", 3_000)
    unchecked, other = speed("b", 100, checked=False), speed("c", 200, fault="writes otherwise")

    assert Race((ours, unchecked, slow, other)).ratio_percent == 300
    assert Race((ours, unchecked, slow, other)).fastest == slow
    assert Race((ours, unchecked, other)).ratio_percent is None


def test_a_row_that_is_not_comparable_says_why_in_the_table() -> None:
    race = Race((speed("ours", 1_000), speed("c", 2_500, fault="writes otherwise: 99")))
    measured = QrMeasured(183, 3, race, Race((speed("ours", 1_000),)), (), ("d is not installed",))

    text = "\n".join(lines(measured))

    assert "- c " in text
    assert "(not comparable: writes otherwise: 99)" in text
    assert "nobody else whose checked answer is comparable was there" in text
    assert "Left out: d is not installed" in text
    assert view(measured)["decode"]["ratio_percent"] is None


def test_codes_are_alike_when_only_the_values_of_time_stamps_differ() -> None:
    stamped = "5802KH99080004123499040001"

    assert unlike("5802KH9908000412346304ABCD", "5802KH9908000499996304EF01") == []
    assert unlike("5802KH9908000412346304ABCD", "5802TH9908010499996304EF01") == ["58", "99"]
    assert unlike(stamped, "5802KH") == ["99"]


def test_an_answer_that_differs_is_named_by_field() -> None:
    wanted = qr._wanted()
    ours = qr._ours(SystemClock(), wanted).read
    theirs = replace(ours, answer={"amount": "9.98", "category": "5999"})

    assert qr._fault(ours, theirs) == "reads otherwise: amount"


async def test_a_package_that_is_not_installed_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock, wanted = SystemClock(), qr._wanted()
    monkeypatch.setitem(sys.modules, "konthaina_khqr", None)
    monkeypatch.setattr(peers, "MODULES", tmp_path)

    with pytest.raises(NotThere, match="PyPI konthaina-khqr is not installed"):
        konthaina(clock, wanted)
    with pytest.raises(NotThere, match="npm bakong-khqr is not here"):
        async with central_bank(clock, wanted):
            pass


def test_one_part_is_measured_when_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unwanted(*_: object) -> None:
        raise AssertionError("the payments were not asked for")

    monkeypatch.setattr(bench, "run", unwanted)
    monkeypatch.setattr(qr, "konthaina", _absent)
    monkeypatch.setattr(qr, "bakong", _absent)
    monkeypatch.setattr(peers, "SCRIPT", peers.SCRIPT / "absent")
    result = CliRunner().invoke(bench.command, ["--part", "qr", "--quick"])

    assert result.exit_code == 0
    assert "Decode" in result.stdout
    assert result.stdout.count("Left out: ") == 3


def _absent(*_: object) -> Job:
    raise NotThere("it is not installed")
