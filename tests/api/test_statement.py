"""The overseer reads the statement of any account at any past time, over HTTP and by command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from click.testing import CliRunner

from switch.cli.main import main
from tests.api.api_rig import DEBTOR, MEMBER, Rig
from tests.api.test_oversight import overseer

if TYPE_CHECKING:
    from pathlib import Path

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
    lines, after = [], "0"
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
        ("&after=-1", 400),
        ("x", 404),
    ],
)
async def test_a_statement_that_cannot_be_is_refused(rig: Rig, query: str, status: int) -> None:
    assert (await overseer(rig).call("GET", PATH + query)).status == status
    assert (await rig.client().call("GET", PATH)).status == 401


async def test_the_command_shows_the_same(rig: Rig, tmp_path: Path) -> None:
    start = (await ask(rig, ""))["to"]
    await pay(rig, 1)
    end = (await ask(rig, ""))["to"]
    shown = await ask(rig, f"&from={start}&to={end}")
    data = str(rig.data)
    between = ["--from", start, "--to", end]
    told = CliRunner().invoke(main, ["statement", ACCOUNT, "--data", data, *between, "--json"])
    head, *lines = (orjson.loads(line) for line in told.output.splitlines())

    assert told.exit_code == 0
    assert lines == shown["lines"]
    assert head == {key: shown[key] for key in shown if key not in ("lines", "after")}
    people = CliRunner().invoke(main, ["statement", ACCOUNT, "--data", data, "--at", end])
    assert "closing" in people.output
    assert "posted 41250 Dr 0 Cr" in people.output
    nobody = CliRunner().invoke(main, ["statement", "a/b/c/d", "--data", data])
    assert nobody.exit_code == 1
    for wrong in (["--at", "noon"], ["--at", "2026-11-22"], ["--at", end, "--to", end]):
        assert (
            CliRunner().invoke(main, ["statement", ACCOUNT, "--data", data, *wrong]).exit_code == 2
        )
    del tmp_path
