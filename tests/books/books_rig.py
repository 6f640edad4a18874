"""Running switches and networks for the tests of books and of kills: start, arrange, wait, check.

Everything runs as processes of its own on free loopback ports and is reached over HTTP alone; the
books are read by the independent checker. A fault is set and its payment sent one at a time, so it
is known which payment meets which fault, and then all of them run side by side.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from switch.config import default_folder, load_config
from switch.demo.scenes import pay, quoted, thai_code
from switch.demo.stage import Stage
from tests.books import check

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from switch.client import ClientAnswer
    from switch.runtime.children import Child

THAI: Final = "thailand"
BAKONG: Final = "bakong"
SPONSOR: Final = "ACLBKHPPXXX"
ENDED_WITHIN_S: Final = 25.0
"""Longest wait for an end: the rungs of the enquiry ladder are 5 and 10 s."""

PAUSE_S: Final = 0.02


def new_stage() -> Stage:
    """A stage with the configuration that comes with the product."""
    return Stage(load_config(default_folder()), None)


@dataclass(frozen=True)
class Call:
    """An instruction of a member that can be repeated byte for byte: its quote and its key."""

    token: str
    key: str

    async def send(self, stage: Stage) -> ClientAnswer:
        """Pay, again if it was paid before."""
        return await pay(stage, self.token, self.key)


async def call(stage: Stage, amount: str) -> Call:
    """Look up and price a Thai shop for an amount of baht; pays nothing."""
    return Call(await quoted(stage, thai_code(amount)), stage.ids.uuid())


async def guest(stage: Stage, code: str, **more: object) -> Any:
    """A Thai guest pays a KHQR; returns what the guest's network was told."""
    return await stage.sandbox(THAI, "POST", "/control/pay-khqr", {"payload": code, **more})


async def arrived(stage: Stage, network: str, operation: str = "pay") -> list[str]:
    """References of the requests of an operation that a network has received."""
    seen = (await stage.sandbox(network, "GET", "/control/requests"))["requests"]
    return [request["reference"] for request in seen if request["operation"] == operation]


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition; raises :class:`TimeoutError` after the bound."""
    async with asyncio.timeout(ENDED_WITHIN_S):
        while True:
            if await true():
                return
            await asyncio.sleep(PAUSE_S)


async def launched(
    stage: Stage, network: str, work: Coroutine[Any, Any, Any], **fault: object
) -> asyncio.Task[Any]:
    """Start a payment and return once it has arrived; ``fault`` is what it meets there."""
    before = len(await arrived(stage, network))
    if fault:
        await stage.sandbox(network, "POST", "/control/faults", {"operation": "pay", **fault})
    task = asyncio.create_task(work)

    async def there() -> bool:
        return len(await arrived(stage, network)) > before

    await until(there)
    return task


async def payments(stage: Stage) -> dict[str, dict[str, Any]]:
    """Every payment of the switch by UETR, as the overseer sees it."""
    page = (await stage.overseer().call("GET", "/v1/oversight/payments?after=0&limit=500")).json()
    return {line["uetr"]: line for line in page["payments"]}


async def all_ended(stage: Stage, but: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """Wait until every payment has ended, except those named, and return them."""

    async def ended() -> bool:
        found = await payments(stage)
        return all(line["final"] or uetr in but for uetr, line in found.items())

    await until(ended)
    return await payments(stage)


def books(stage: Stage) -> tuple[check.Tables, dict[str, check.Row]]:
    """The rows of the switch, and what each network shows."""
    states = {name: check.shown(url) for name, url in stage.urls.items() if name != "switch"}
    return check.read_tables(stage.data / "switch.db"), states


def faults(stage: Stage) -> list[str]:
    """What the checker finds now."""
    return check.check(*books(stage))


def child(stage: Stage, name: str) -> Child:
    """The latest process of a name."""
    return next(each for each in reversed(stage.children) if each.name == name)


async def restarted(stage: Stage) -> None:
    """Start the switch again on its data folder and port, with its ordinary command."""
    await stage.start_switch(int(stage.urls["switch"].rpartition(":")[2]))
