"""The measurement of ISO 20022 messages runs, holds answers against ours, names who is left out.

No figure is compared with a bound: how fast this machine is proves nothing.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from lxml import etree

from iso20022.messages import DOCUMENTS
from switch.bench import iso, iso_peers, iso_signing
from switch.bench.iso import IsoMeasured, VersionCost, fault
from switch.bench.iso_report import lines, times_the_limit, view
from switch.bench.race import Job, NotThere, Race, RacePlan, Speed, race
from switch.cli import bench
from switch.runtime.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("bench")

MODELS = "PyPI pyiso20022"


@pytest.fixture(scope="module")
def shown(root: Path) -> dict[str, Any]:
    """What a quick run of this part prints, from the project's folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        done = CliRunner().invoke(bench.command, ["--part", "iso", "--quick", "--json"])
    assert done.exit_code == 0, done.output[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    assert set(found) == {"iso", "machine", "quick", "store", "valid"}
    part: dict[str, Any] = found["iso"]
    return part


@pytest.fixture(scope="module")
def sample() -> iso_peers.Sample:
    return iso._sample(*iso.INSIDE)


def test_the_payment_of_3_kb_is_measured_in_two_versions(shown: dict[str, Any]) -> None:
    versions = [(v["document"], v["header"]) for v in shown["versions"]]

    assert versions == [iso.INSIDE, iso.OUTWARD]
    assert all(2_900 < v["bytes"] < 3_200 and v["fields"] == 60 for v in shown["versions"])


def test_ours_comes_first_then_the_limit_and_every_time_is_sound(shown: dict[str, Any]) -> None:
    for version in shown["versions"]:
        for job, limit in (("read", "lxml: parse, both schemas"), ("write", "bare template")):
            found = version[job]["contenders"]
            assert found[0]["name"] == "bakong-switch"
            assert found[iso.LIMIT]["name"].startswith(limit)
            assert all(0 < c["least_ns"] <= c["median_ns"] <= c["most_ns"] for c in found)
            assert found[0]["of_ours_permille"] == 1_000
            share = found[iso.LIMIT]["of_ours_permille"]
            assert version[job]["times_the_limit_percent"] == -(-100_000 // share)


def test_every_answer_is_held_against_ours(shown: dict[str, Any]) -> None:
    for version in shown["versions"]:
        read, write = (version[job]["contenders"] for job in ("read", "write"))
        assert [c["name"] for c in read if not c["comparable"]] == []
        assert [c["why_not"] for c in write[: iso.LIMIT + 1]] == [None, None]


def test_the_models_are_measured_or_named_as_left_out(shown: dict[str, Any]) -> None:
    measured = [
        c["name"]
        for version in shown["versions"]
        for c in version["read"]["contenders"]
        if c["name"].startswith(MODELS)
    ]
    left_out = [text for text in shown["absent"] if text.startswith(MODELS)]

    assert (len(measured), len(left_out)) in {(2, 0), (0, 1)}


def test_every_family_of_messages_is_measured_once_in_its_newest_version(
    shown: dict[str, Any],
) -> None:
    found = {message["name"] for message in shown["messages"]}
    newest = {name[:8]: name for name in sorted(DOCUMENTS)}

    assert set(newest.values()) - found == set()
    assert all(message["bytes"] > 100 for message in shown["messages"])


def test_stages_and_signatures_are_measured(shown: dict[str, Any]) -> None:
    signatures = [stage["stage"] for stage in shown["signatures"]]

    assert len(shown["stages"]) == 7
    for words in ("JWS Ed25519", "JWS ES256", "one reference", "three references"):
        assert [name.split(": ")[1] for name in signatures if words in name][:2] == [
            "sign",
            "verify",
        ]
    assert all(stage["median_ns"] > 0 for stage in shown["stages"] + shown["signatures"])


def test_libxml2_alone_finds_every_field_that_we_read(sample: iso_peers.Sample) -> None:
    jobs = iso_peers.limits(SystemClock(), sample)

    (found,) = [job.answer for job in jobs.values() if job.answer]
    assert found == sample.fields


def test_the_bare_template_writes_the_bytes_that_we_write(sample: iso_peers.Sample) -> None:
    _, job = iso_peers.template(SystemClock(), sample)

    assert job.answer == sample.raw.decode()
    assert b"&amp;" in sample.raw


def test_an_answer_that_differs_is_named_by_field_and_never_by_value() -> None:
    async def none(_: int) -> int:
        return 0

    ours = Job(none, "", checked=True, answer={"uetr": "a", "creditor_name": "b"})

    assert fault(ours, replace(ours, answer={"uetr": "a"})) is None
    assert fault(ours, replace(ours, answer={})) is None
    assert fault(ours, replace(ours, answer={"uetr": "a", "creditor_name": "c"})) == (
        "reads otherwise: creditor_name"
    )
    text = replace(ours, answer="<A/>")
    assert fault(text, replace(text, answer="<B/>")) == "writes otherwise"
    assert fault(text, text) is None


def test_what_is_not_installed_is_left_out(
    monkeypatch: pytest.MonkeyPatch, sample: iso_peers.Sample
) -> None:
    for name in ("pyiso20022.pacs", "pyiso20022", "signxml"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(NotThere, match="PyPI pyiso20022 is not here"):
        iso_peers.models(SystemClock(), sample)
    with pytest.raises(NotThere, match="PyPI signxml is not installed"):
        iso_signing.peer(sample.raw)


def test_the_folder_of_the_peers_is_on_the_path_only_meanwhile() -> None:
    before = list(sys.path)

    with iso_peers.peers_on_path():
        assert [*before, str(iso_peers.FOLDER.resolve())] == sys.path
    assert before == sys.path


def test_every_signature_that_is_measured_covers_the_message(sample: iso_peers.Sample) -> None:
    calls = iso_signing.calls(sample.raw, sample.document)
    signed = [call() for name, call in calls.items() if "ECDSA: sign" in name]

    assert len(signed) == 2
    for raw in signed:
        assert isinstance(raw, bytes)
        assert etree.fromstring(raw).find(".//{*}Signature") is not None


def speed(name: str, share: int, why: str | None = None) -> Speed:
    ns = share
    return Speed(name, "a phrase", why is None, why, ns, ns, ns, share)


async def test_a_share_is_the_median_of_the_rounds_and_not_of_the_times() -> None:
    def paced(*paces: int) -> Job:
        left = [*paces[:1], *paces]

        async def work(count: int) -> int:
            return left.pop(0) * count

        return Job(work, "", checked=True, answer="")

    plan = RacePlan(rounds=3, warming_us=0, span_us=0)
    # The second round met a slow machine for both, the third for the other only.
    found = await race([("ours", paced(100, 900, 100)), ("c", paced(200, 1_800, 900))], plan)

    assert [speed.median_ns for speed in found.speeds] == [100, 900]
    assert [speed.share_permille for speed in found.speeds] == [1_000, 2_000]


def test_a_row_says_its_share_of_ours_and_why_it_is_not_comparable() -> None:
    run = Race((speed("ours", 1_000), speed("the limit", 600), speed("c", 9_990, "differs")))
    version = VersionCost("pacs.008.001.13", "head.001.001.04", 3_000, 60, run, run)
    measured = IsoMeasured(3, (version,), (), (), (), ("d is not here",))

    text = "\n".join(lines(measured))

    assert times_the_limit(run) == 167
    assert "9.99  a phrase (not comparable: differs)" in text
    assert "1.67 times the limit" in text
    assert "Left out: d is not here" in text
    assert view(measured)["versions"][0]["read"]["times_the_limit_percent"] == 167
