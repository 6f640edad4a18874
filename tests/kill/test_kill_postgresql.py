"""Switches on one PostgreSQL: killed, stopped past their lease, and two of them side by side."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from switch.demo.scenes import DEBTOR, MEMBER, quoted, thai_code
from switch.stores import VARIABLE
from tests.books.books_rig import THAI, all_ended, arrived, call, child, launched, until
from tests.kill import kill_rounds
from tests.kill.postgres_stage import LEASE_S, Beside, rows, stage_maker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switch.demo.stage import Stage
    from tests.servers.processes import PostgresServer

pytestmark = pytest.mark.slow

PAYMENTS = 256
CAP = 2_400_000
"""Riel; room for about two hundred payments."""

DEBIT = 12_000_00
"""More than one of those payments costs, in hundredths of a riel."""

MEMBER_ACCOUNT = (
    "SELECT debits_posted - credits_posted, debits_pending, net_debit_max FROM account "
    "WHERE key = 'ABAAKHPPXXX/member/KHR/deferred'"
)
BLOCKS = "SELECT slot, count(*) FROM block GROUP BY slot ORDER BY slot"
SLOTS = "SELECT slot, epoch, owner <> '' FROM slot ORDER BY slot"


def body(token: str) -> dict[str, Any]:
    """What a member sends; the same as from the stage, so that a repeat has the same content."""
    return {"quote": token, "debtor": dict(DEBTOR)}


def test_killed_at_any_moment_among_payments_on_postgresql(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five rounds; ``make soak`` plays fifty."""
    make = stage_maker(postgres_server, tmp_path, monkeypatch)
    asyncio.run(kill_rounds.played(make, rounds=5, embedded=False))


async def _zombie(make: Callable[[], Stage], folder: Path) -> None:
    url = os.environ[VARIABLE]
    async with make() as stage, Beside(stage, folder) as beside:
        first = child(stage, "switch")
        instruction = await call(stage, "345.00")
        # It has sent and waits for the answer when it is stopped.
        paying = await launched(stage, THAI, instruction.send(stage), kind="hold")
        first.send(signal.SIGSTOP)

        async def taken_over() -> bool:
            return await rows(url, SLOTS) == [(1, 2, False), (2, 1, True)]

        await until(taken_over)
        await stage.sandbox(THAI, "POST", "/control/release", {})
        before: dict[int, int] = dict(await rows(url, BLOCKS))

        async def ended() -> bool:
            return await rows(url, "SELECT state, slot FROM payment") == [("accepted", 2)]

        await until(ended)
        first.send(signal.SIGCONT)
        status = await asyncio.wait_for(first.process.wait(), 2 * LEASE_S)
        await asyncio.gather(paying, return_exceptions=True)
        again = [
            await beside.member(MEMBER).pay(instruction.key, body(instruction.token))
            for _ in range(2)
        ]

        assert status == 70
        said = (stage.data / "switch.log").read_text("utf-8").splitlines()
        assert [line for line in said if "Fenced" in line] == [said[-1]]
        assert said[-1].startswith("process_ended part=")
        assert dict(await rows(url, BLOCKS))[1] == before[1], "the stopped one wrote nothing more"
        assert beside.child.process.returncode is None
        assert (again[0].status, again[0].json()["status"]) == (200, "ACCC")
        assert again[0].body == again[1].body
        assert len(await arrived(stage, THAI)) == 1
        report = await kill_rounds.verified(stage)
        assert report["faults"] == []


def test_stopped_past_its_lease_it_commits_nothing_and_ends(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = stage_maker(postgres_server, tmp_path, monkeypatch)
    asyncio.run(_zombie(make, tmp_path))


async def _dead(make: Callable[[], Stage], folder: Path) -> None:
    async with make() as stage, Beside(stage, folder) as beside:
        instruction = await call(stage, "345.00")
        paying = await launched(stage, THAI, instruction.send(stage), kind="hold")
        await child(stage, "switch").kill()
        await asyncio.gather(paying, return_exceptions=True)
        await stage.sandbox(THAI, "POST", "/control/release", {})
        url = os.environ[VARIABLE]

        async def ended() -> bool:
            return await rows(url, "SELECT state, slot FROM payment") == [("accepted", 2)]

        # Nobody starts the dead one again: its lease runs out, and the other asks the network.
        await until(ended)
        answer = await beside.member(MEMBER).pay(instruction.key, body(instruction.token))

        assert (answer.status, answer.json()["status"]) == (200, "ACCC")
        assert len(await arrived(stage, THAI)) == 1


def test_what_a_dead_process_was_paying_is_ended_by_another(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = stage_maker(postgres_server, tmp_path, monkeypatch)
    asyncio.run(_dead(make, tmp_path))


async def _raced(make: Callable[[], Stage], folder: Path) -> None:
    async with make() as stage, Beside(stage, folder) as beside:
        clients = [stage.member(MEMBER), beside.member(MEMBER)]
        hot = [await quoted(stage, thai_code("100.00")) for _ in range(PAYMENTS)]
        one = await quoted(stage, thai_code("50.00"))
        paying = [
            clients[place % 2].pay(f"hot-{place}", body(token)) for place, token in enumerate(hot)
        ]
        claiming = [clients[place % 2].pay(f"one-{place}", body(one)) for place in range(64)]
        answers = await asyncio.gather(*paying, *claiming)
        claims, paid = answers[PAYMENTS:], answers[:PAYMENTS]
        reasons = [answer.json().get("reason") for answer in answers if answer.status == 422]
        lines = await all_ended(stage)
        used = sum(1 for answer in paid if answer.status == 200)
        winners = [answer for answer in claims if answer.status == 200]
        accounts = await rows(os.environ[VARIABLE], MEMBER_ACCOUNT)
        report = await kill_rounds.verified(stage)

    assert {answer.status for answer in answers} == {200, 422}
    assert len(winners) == 1, "one quote is used once"
    assert sorted({str(reason) for reason in reasons}) == ["AM04", "DUPL"]
    accepted = [line for line in lines.values() if line["status"] == "ACCC"]
    assert len(accepted) == used + 1
    # As many fit as fit to the unit; what is left is less than one more.
    ((posted, pending, cap),) = accounts
    assert pending == 0
    assert posted <= cap < posted + DEBIT
    assert (report["faults"], report["ledger_balanced"]) == ([], True)


def test_two_processes_race_for_a_cap_and_for_a_quote(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lesson 22: 256 payments on the same accounts, 64 on one quote, two processes at once."""
    cap = ("members.toml", '"2000000000"', f'"{CAP}"')
    make = stage_maker(postgres_server, tmp_path, monkeypatch, [cap])
    asyncio.run(_raced(make, tmp_path))
