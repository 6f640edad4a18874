"""However a process dies or stalls, a payment ends once, the same for everybody, and books agree.

The switch and its networks are processes; the switch is killed by its own handle and started again
on the same data folder and port. What a test waits for is seen from outside: the request that has
reached the network, the row that has been committed.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import pytest

from switch.demo.scenes import MEMBER, khqr_code
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
    faults,
    guest,
    launched,
    new_stage,
    payments,
    restarted,
)

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from switch.demo.stage import Stage
    from tests.books.books_rig import Call

pytestmark = pytest.mark.slow

SEED: Final = 20_260_701
ROUNDS: Final = 3
OUTBOUND_PER_ROUND: Final = 6
INBOUND_PER_ROUND: Final = 2
KILLED_WITHIN_S: Final = 0.15
"""About as long as the payments of a round take."""


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
    assert {entry["phase"] for entry in tables.rows["entry"]} == {"pending", "voided"}


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


async def _round(
    stage: Stage, chance: random.Random, number: int
) -> tuple[dict[Call, ClientAnswer | None], list[str]]:
    """Kill the switch among payments; the answers that had come, and the guests' payments."""
    calls = [
        await call(stage, f"{100 * number + place}.50")
        for place in range(1, OUTBOUND_PER_ROUND + 1)
    ]
    shop = khqr_code(stage, "coffee@abaa")
    paying = [asyncio.create_task(each.send(stage)) for each in calls]
    guests = [
        asyncio.create_task(guest(stage, shop, amount=str(1000 * number + 100 * place)))
        for place in range(1, INBOUND_PER_ROUND + 1)
    ]
    # Early in the first round, late in the last: some have not begun, some have been answered.
    await asyncio.sleep(chance.uniform(number - 1, number) * KILLED_WITHIN_S / ROUNDS)
    await child(stage, "switch").kill()
    came = await asyncio.gather(*paying, return_exceptions=True)
    told = await asyncio.gather(*guests)
    await restarted(stage)
    answers: dict[Call, ClientAnswer | None] = {}
    for each, answer in zip(calls, came, strict=True):
        if isinstance(answer, BaseException):
            assert isinstance(answer, aiohttp.ClientError | ConnectionError), answer
            answers[each] = None
        else:
            answers[each] = answer if answer.status == 200 else None
    return answers, [each["uetr"] for each in told if each["uetr"] is not None]


async def _guests_ended(stage: Stage, uetrs: list[str]) -> None:
    """Let the guests' network ask for each of its payments until it has ended there.

    Except where Bakong never saw a transfer of an opened payment: that one stays reserved.
    """
    for uetr in uetrs:
        async with asyncio.timeout(10):
            while True:
                asked = await stage.sandbox(THAI, "POST", "/control/enquire", {"uetr": uetr})
                if asked["status"] in ("ACSC", "ACCC", "RJCT"):
                    break
                line = (await payments(stage)).get(uetr)
                if line and line["reference"] not in await arrived(stage, BAKONG):
                    break
                await asyncio.sleep(0.1)


async def _rounds() -> None:
    chance = random.Random(SEED)
    print(f"seed {SEED}")
    async with new_stage() as stage:
        answers: dict[Call, ClientAnswer | None] = {}
        guests: list[str] = []
        for number in range(1, ROUNDS + 1):
            more, uetrs = await _round(stage, chance, number)
            answers |= more
            guests += uetrs
        await asyncio.gather(*[each.send(stage) for each in answers])
        await _guests_ended(stage, guests)
        found = await payments(stage)
        unseen = [
            uetr for uetr, line in found.items()
            if line["network"] == BAKONG and line["reference"] not in await arrived(stage, BAKONG)
        ]  # fmt: skip
        lines = await all_ended(stage, but=unseen)
        final = await asyncio.gather(*[each.send(stage) for each in answers])
        again = await asyncio.gather(*[each.send(stage) for each in answers])

        assert [200] * len(final) == [answer.status for answer in final]
        assert [answer.body for answer in final] == [answer.body for answer in again]
        for before, after in zip(answers.values(), final, strict=True):
            assert before is None or before.body == after.body
        told = {answer.json()["uetr"]: answer.json()["status"] for answer in final}
        assert len(told) == ROUNDS * OUTBOUND_PER_ROUND
        assert told == {u: n["status"] for u, n in lines.items() if n["origin"] == MEMBER}
        assert faults(stage) == []


def test_killed_at_any_moment_among_payments() -> None:
    asyncio.run(_rounds())
