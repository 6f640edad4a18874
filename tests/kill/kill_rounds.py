"""The switch killed again and again, at random moments among payments in both directions.

Each round sends payments side by side, kills the switch with SIGKILL while they are on their way
and starts it again on what it left. In the end every caller asks again, twice: who was answered is
answered the same, and every payment that was accepted is there once, in the switch's books and in
the networks'.
"""

from __future__ import annotations

import asyncio
import random
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson

from switch.demo.scenes import MEMBER, khqr_code
from tests.books.books_rig import (
    BAKONG,
    THAI,
    all_ended,
    arrived,
    call,
    child,
    faults,
    guest,
    payments,
    restarted,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from switch.client import ClientAnswer
    from switch.demo.stage import Stage
    from tests.books.books_rig import Call

SEED: Final = 20_260_701
OUTBOUND: Final = 6
INBOUND: Final = 2
KILLED_WITHIN_S: Final = 0.15
"""About as long as the payments of a round take."""


@dataclass
class Played:
    """What the rounds have sent, and the final answers that came before a kill."""

    answers: dict[Call, ClientAnswer | None] = field(default_factory=dict)
    guests: list[str] = field(default_factory=list)


async def _round(stage: Stage, killed_after_s: float, number: int, so_far: Played) -> None:
    """Kill the switch among payments, and start it again."""
    calls = [await call(stage, f"{100 * number + place}.50") for place in range(1, OUTBOUND + 1)]
    shop = khqr_code(stage, "coffee@abaa")
    paying = [asyncio.create_task(each.send(stage)) for each in calls]
    guests = [
        asyncio.create_task(guest(stage, shop, amount=str(1000 * number + 100 * place)))
        for place in range(1, INBOUND + 1)
    ]
    await asyncio.sleep(killed_after_s)
    await child(stage, "switch").kill()
    came = await asyncio.gather(*paying, return_exceptions=True)
    told = await asyncio.gather(*guests)
    await restarted(stage)
    for each, answer in zip(calls, came, strict=True):
        if isinstance(answer, BaseException):
            assert isinstance(answer, aiohttp.ClientError | ConnectionError), answer
            so_far.answers[each] = None
        else:
            so_far.answers[each] = answer if answer.status == 200 else None
    so_far.guests += [each["uetr"] for each in told if each["uetr"] is not None]


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


async def verified(stage: Stage) -> dict[str, Any]:
    """What the product's own check says of the record, read beside the switch."""
    folder = stage.config_folder
    config = () if folder is None else ("--config", str(folder))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "switch", "journal", "verify", "--json"),
        *("--data", str(stage.data), *config),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    report: dict[str, Any] = orjson.loads(said)
    return report


async def played(make: Callable[[], Stage], *, rounds: int, embedded: bool = True) -> None:
    """Play so many rounds on a new stage and judge what is left.

    The check that shares no code with the product reads the embedded store alone.
    """
    chance = random.Random(SEED)
    print(f"seed {SEED}")
    async with make() as stage:
        so_far = Played()
        for number in range(1, rounds + 1):
            # Early in the first rounds, late in the last: some have not begun, some are answered.
            late = (number - 1 + chance.random()) / rounds
            await _round(stage, late * KILLED_WITHIN_S, number, so_far)
        await asyncio.gather(*[each.send(stage) for each in so_far.answers])
        await _guests_ended(stage, so_far.guests)
        found = await payments(stage)
        reached = set(await arrived(stage, BAKONG))
        unseen = [
            uetr for uetr, line in found.items()
            if line["network"] == BAKONG and line["reference"] not in reached
        ]  # fmt: skip
        lines = await all_ended(stage, but=unseen)
        await _same_again(stage, so_far, lines, rounds)
        report = await verified(stage)
        assert report["faults"] == []
        assert (report["ledger_balanced"], report["journal_verified"]) == (True, True)
        assert not embedded or faults(stage) == []


async def _same_again(
    stage: Stage, so_far: Played, lines: dict[str, dict[str, Any]], rounds: int
) -> None:
    """Every caller that asks again is told what it was told, and what the switch holds."""
    final = await asyncio.gather(*[each.send(stage) for each in so_far.answers])
    again = await asyncio.gather(*[each.send(stage) for each in so_far.answers])

    assert [200] * len(final) == [answer.status for answer in final]
    assert [answer.body for answer in final] == [answer.body for answer in again]
    for before, after in zip(so_far.answers.values(), final, strict=True):
        assert before is None or before.body == after.body
    told = {answer.json()["uetr"]: answer.json()["status"] for answer in final}
    assert len(told) == rounds * OUTBOUND
    assert told == {u: line["status"] for u, line in lines.items() if line["origin"] == MEMBER}
