"""The overseer reads the statement of any account at any past time, over HTTP and by command."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from switch.cli.main import main
from tests.api.api_rig import DEBTOR, MEMBER, Rig
from tests.api.test_oversight import overseer

ACCOUNT = f"{MEMBER}/member/KHR/deferred"
PATH = f"/v1/oversight/statement?account={ACCOUNT}"
NOTHING = dict.fromkeys(
    ("debits_posted", "credits_posted", "debits_pending", "credits_pending"), "0"
)


async def pay(rig: Rig, number: int) -> None:
    """A payment of 41,250 riel that is booked."""
    payment = {"quote": await rig.quote(), "debtor": DEBTOR}
    assert (await rig.client().pay(f"k{number}", payment)).json()["status"] == "ACCC"


async def ask(rig: Rig, query: str) -> Any:
    """What the overseer is answered."""
    answer = await overseer(rig).call("GET", PATH + query)
    assert answer.status == 200, answer.body
    return answer.json()


async def test_a_statement_tells_how_one_balance_became_another(rig: Rig) -> None:
    start = (await ask(rig, ""))["to"]
    await pay(rig, 1)
    middle = (await ask(rig, ""))["to"]
    await pay(rig, 2)
    whole = await ask(rig, f"&from={start}")
    second = await ask(rig, f"&from={middle}")
    before = await ask(rig, f"&to={middle}")

    assert (whole["opening"], whole["closing"]["debits_posted"]) == (NOTHING, "82500")
    assert (second["opening"]["debits_posted"], before["closing"]) == ("41250", second["opening"])
    assert [line["phase"] for line in whole["lines"]] == ["pending", "posted"] * 2
    assert whole["lines"][2:] == second["lines"]
    assert before["lines"] == []
    first, posted = whole["lines"][:2]
    assert (posted["resolves"], posted["uetr"]) == (first["entry"], first["uetr"])
    assert (posted["side"], posted["amount"]) == ("debit", "41250")
    assert (whole["institution"], whole["role"], whole["asset"]) == (MEMBER, "member", "deferred")
    assert b"Sok Dara" not in orjson.dumps(whole)


async def test_a_statement_is_read_page_by_page(rig: Rig) -> None:
    start = (await ask(rig, ""))["to"]
    await pay(rig, 1)
    end = (await ask(rig, ""))["to"]
    lines: list[object] = []
    after: str | None = "0"
    while after is not None:
        page = await ask(rig, f"&from={start}&to={end}&limit=1&after={after}")
        assert len(page["lines"]) <= 1
        lines += page["lines"]
        after = page["after"]

    assert lines == (await ask(rig, f"&from={start}&to={end}"))["lines"]
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("&from=yesterday", 400),
        ("&to=2026-11-22T00:00:00", 400),
        ("&to=" + "9" * 60, 400),
        ("&from=0001-01-01T00:00:00%2B14:00", 400),
        ("&after=-1", 400),
        ("x", 404),
    ],
)
async def test_a_statement_that_cannot_be_is_refused(rig: Rig, query: str, status: int) -> None:
    assert (await overseer(rig).call("GET", PATH + query)).status == status
    assert (await rig.client().call("GET", PATH)).status == 401


async def command(rig: Rig, *options: str) -> tuple[int | None, bytes]:
    """Status and output of ``statement`` on the rig's folder, beside the process that owns it."""
    called = ["-m", "switch", "statement", *options, "--data", str(rig.data)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *called, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    output, _ = await process.communicate()
    return process.returncode, output


async def test_the_command_shows_the_same(rig: Rig) -> None:
    start = (await ask(rig, ""))["to"]
    await pay(rig, 1)
    end = (await ask(rig, ""))["to"]
    shown = await ask(rig, f"&from={start}&to={end}")
    status, output = await command(rig, ACCOUNT, "--from", start, "--to", end, "--json")
    head, *lines = (orjson.loads(line) for line in output.splitlines())

    assert (status, lines) == (0, shown["lines"])
    assert head == {key: shown[key] for key in shown if key not in ("lines", "after")}
    status, output = await command(rig, ACCOUNT, "--at", end)
    assert status == 0
    assert b"closing" in output
    assert b"posted 41250 Dr 0 Cr" in output
    assert (await command(rig, "a/b/c/d"))[0] == 1


@pytest.mark.parametrize("wrong", [["--at", "noon"], ["--to", "2026-11-22"]])
def test_a_time_that_names_no_moment_is_refused(wrong: list[str]) -> None:
    assert CliRunner().invoke(main, ["statement", ACCOUNT, *wrong]).exit_code == 2


def test_a_moment_and_a_time_between_two_exclude_each_other() -> None:
    both = ["--at", "2026-11-22T00:00:00Z", "--to", "2026-11-22T00:00:00Z"]

    assert CliRunner().invoke(main, ["statement", ACCOUNT, *both]).exit_code == 2
