"""A member and a Vietnamese shop in a world of its own: production code, virtual time, HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from adapters.vietnam.sandbox_codes import SHOPS, write_code
from switch.config import default_folder, load_config
from switch.simulation.town import Residents, Town, residents
from switch.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MEMBER: Final = "ABAAKHPPXXX"
DEBTOR: Final = {"name": "Sok Dara", "account": "sokdara@abaa"}
KEY: Final = "4b1b35c6-7a62-4cf5-8d6c-6f8f3f2a9a11"
DONG: Final = {"currency": "VND", "value": "65000"}
SHOP: Final = "104765941000012"
ENDS_WITHIN_S: Final = 3600


@dataclass(frozen=True)
class Ended:
    """A payment as its member sees it, and the network's lines about it."""

    shown: dict[str, Any]
    book: list[dict[str, Any]]
    asked: list[str]

    @property
    def booked(self) -> list[tuple[str, str, str]]:
        """Status, amount and currency of every line of the network's book."""
        return [(line["status"], line["amount"], line["currency"]) for line in self.book]


@cache
def shared() -> Residents:
    """Keys and simulators, made once."""
    return residents(load_config(default_folder()))


def lived(story: Callable[[Town], Awaitable[Any]], seed: int = 7) -> Any:
    """Run a story in a town of its own."""
    with World(seed) as world:
        town = Town(world, shared())

        async def told(_: World) -> Any:
            await town.open()
            return await story(town)

        return world.run(told(world))


def code(shop: str = SHOP, dong: str = "", bill: str = "") -> str:
    """The code of a Vietnamese shop, with a fixed amount of dong or without."""
    return write_code(SHOPS[shop], dong, bill)


async def begun(town: Town, payload: str, amount: dict[str, str] | None = DONG) -> dict[str, Any]:
    """Scan, quote and pay; returns what the member is told first."""
    member = town.member(MEMBER)
    scanned = await member.scan(payload)
    assert scanned.status == 200, scanned.body
    body = scanned.json()
    if amount is not None:
        body = (await member.quote(body["scan"], amount)).json()
    paid = await member.pay(KEY, {"quote": body["quotes"][0]["quote"], "debtor": DEBTOR})
    told: dict[str, Any] = paid.json()
    shown: dict[str, Any] = told.get("payment", told)
    return shown


async def ended(town: Town, shown: dict[str, Any], within_s: int = ENDS_WITHIN_S) -> Ended:
    """Wait until the payment has ended, then look at both sides."""
    member = town.member(MEMBER)
    started = town.clock.monotonic()
    while not shown["final"] and town.clock.monotonic() - started < within_s:
        await town.world.sleep(1)
        shown = (await member.payment(shown["uetr"])).json()
    requests = (await town.sandbox("vietnam", "GET", "/control/requests"))["requests"]
    return Ended(shown, await town.book("vietnam"), [each["operation"] for each in requests])


async def paid(town: Town, *faults: tuple[str, str, dict[str, Any]]) -> Ended:
    """Pay a shop while all this goes wrong."""
    for operation, kind, more in faults:
        await town.fault("vietnam", operation, kind, **more)
    return await ended(town, await begun(town, code()))
