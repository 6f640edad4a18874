"""However a process dies or stalls, a payment ends once, the same for everybody, and books agree.

The switch and its networks are processes; the switch is killed by its own handle and started again
on the same data folder and port. What a test waits for is seen from outside: the request that has
reached the network, the row that has been committed.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from switch.demo.scenes import khqr_code
from switch.runtime.children import start_child
from tests.books import check
from tests.books.books_rig import (
    BAKONG,
    SPONSOR,
    THAI,
    all_ended,
    arrived,
    books,
    call,
    child,
    guest,
    launched,
    new_stage,
    restarted,
)
from tests.kill import kill_rounds

if TYPE_CHECKING:
    from switch.demo.stage import Stage

pytestmark = pytest.mark.slow


async def lost(work: asyncio.Task[Any]) -> None:
    """Wait for a call whose switch died."""
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await work


async def signalling(stage: Stage, number: signal.Signals) -> None:
    """Put a switch in place of the running one that signals itself after commit 1."""
    await child(stage, "switch").stop()
    peers = [f"{name}={url}" for name, url in stage.urls.items() if name != "switch"]
    port = stage.urls["switch"].rpartition(":")[2]
    script = Path(__file__).with_name("switch_with_signal.py")
    command = [sys.executable, str(script), number.name, str(stage.data), port, *peers]
    stage.children.append(await start_child("switch", command, stage.data / "switch.log"))


async def committed(stage: Stage) -> dict[str, Any]:
    """Wait for the row of the only payment, read beside whatever the switch is doing."""
    async with asyncio.timeout(10):
        while True:
            found = check.read_tables(stage.data / "switch.db").payments
            if found:
                (payment,) = found.values()
                return payment
            await asyncio.sleep(0.02)


async def _held() -> None:
    async with new_stage() as stage:
        before = check.shown(stage.urls[BAKONG], "/ledger")
        instruction = await call(stage, "345.00")
        paying = await launched(stage, THAI, instruction.send(stage), kind="hold")
        shop = khqr_code(stage, "coffee@abaa")
        credit = await launched(stage, BAKONG, guest(stage, shop, amount="41000"), kind="hold")
        await child(stage, "switch").kill()
        await lost(paying)
        told = await credit
        await restarted(stage)
        for network in (THAI, BAKONG):
            await stage.sandbox(network, "POST", "/control/release", {})

        answer = await instruction.send(stage)
        lines = await all_ended(stage)
        again = await instruction.send(stage)
        asked = await stage.sandbox(THAI, "POST", "/control/enquire", {"uetr": told["uetr"]})

        uetr = answer.json()["uetr"]
        assert (answer.status, answer.json()["status"]) == (200, "ACCC")
        assert again.body == answer.body
        assert (told["status"], asked["status"]) == (None, "ACSC")
        assert {u: n["status"] for u, n in lines.items()} == {uetr: "ACCC", told["uetr"]: "ACCC"}
        # Each was sent once; the end was found by asking.
        assert [len(await arrived(stage, network)) for network in (THAI, BAKONG)] == [1, 1]
        assert len(await arrived(stage, THAI, "enquire")) == 1
        tables, states = books(stage)
        assert check.check(tables, states) == []
        after = check.shown(stage.urls[BAKONG], "/ledger")
        assert list(check.pool(tables, before, after, SPONSOR)) == []


def test_answer_held_killed_and_restarted() -> None:
    asyncio.run(_held())


async def _killed_unsent() -> None:
    async with new_stage() as stage:
        instruction = await call(stage, "345.00")
        await signalling(stage, signal.SIGKILL)
        paying = asyncio.create_task(instruction.send(stage))
        await lost(paying)
        assert await child(stage, "switch").process.wait() == -signal.SIGKILL
        assert (await committed(stage))["state"] == "sending"
        await restarted(stage)

        answer = await instruction.send(stage)

        (line,) = (await all_ended(stage)).values()
        assert (line["status"], line["reason"]) == ("RJCT", "AB01")
        assert (answer.status, answer.json()["status"]) == (200, "RJCT")
        assert (await instruction.send(stage)).body == answer.body
        assert await arrived(stage, THAI) == []
        tables, states = books(stage)
        assert check.check(tables, states) == []
        assert states[THAI]["book"] == []
        assert {entry["phase"] for entry in tables.rows["entry"]} == {"pending", "voided"}


def test_killed_after_commit_before_the_byte_arrives() -> None:
    asyncio.run(_killed_unsent())


async def _stopped_past_send_by(stage: Stage) -> None:
    """Wait until the stopped switch may no longer send, then let it go on."""
    payment = await committed(stage)
    left_s = payment["send_by"] / 1_000_000 - stage.clock.now().timestamp()
    assert 0 < left_s <= 3
    await asyncio.sleep(left_s + 0.1)
    assert (await committed(stage))["state"] in ("sending", "crediting")
    child(stage, "switch").send(signal.SIGCONT)


async def _nothing_was_sent(stage: Stage, network: str) -> None:
    """The only payment is refused and released, and its network never heard of it."""
    (line,) = (await all_ended(stage)).values()
    assert (line["status"], line["reason"]) == ("RJCT", "AB01")
    # A byte that left late would arrive at once; an enquiry would say that one might have.
    await asyncio.sleep(0.3)
    assert await arrived(stage, network) == []
    assert await arrived(stage, network, "enquire") == []
    tables, states = books(stage)
    assert check.check(tables, states) == []
    assert states[network]["book"] == []
    assert {entry["phase"] for entry in tables.rows["entry"]} == {"pending", "expired"}


async def _stopped_outbound() -> None:
    async with new_stage() as stage:
        instruction = await call(stage, "345.00")
        await signalling(stage, signal.SIGSTOP)
        paying = asyncio.create_task(instruction.send(stage))
        await _stopped_past_send_by(stage)

        answer = await paying

        assert (answer.status, answer.json()["reason"]) == (200, "AB01")
        await _nothing_was_sent(stage, THAI)


async def _stopped_inbound() -> None:
    async with new_stage() as stage:
        await signalling(stage, signal.SIGSTOP)
        shop = khqr_code(stage, "coffee@abaa")
        paying = asyncio.create_task(guest(stage, shop, amount="41000"))
        await _stopped_past_send_by(stage)

        told = await paying

        assert (told["status"], told["reason"]) == ("RJCT", "AB01")
        await _nothing_was_sent(stage, BAKONG)


@pytest.mark.parametrize("direction", ["outbound", "inbound"])
def test_stopped_past_send_by_sends_nothing(direction: str) -> None:
    asyncio.run(_stopped_outbound() if direction == "outbound" else _stopped_inbound())


def test_killed_at_any_moment_among_payments() -> None:
    """Five rounds; ``make soak`` plays fifty."""
    asyncio.run(kill_rounds.played(new_stage, rounds=5))
