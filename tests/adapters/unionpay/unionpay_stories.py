"""Stories in a town: the whole switch, UnionPay and Bakong, each in a world of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from switch.config import default_folder, load_config
from switch.simulation.town import Residents, Town, residents
from switch.simulation.world import World
from tests.adapters.unionpay.unionpay_parts import emv

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MEMBER: Final = "ABAAKHPPXXX"
DEBTOR: Final = {"name": "Sok Dara", "account": "sokdara@abaa"}
KEY: Final = "4b1b35c6-7a62-4cf5-8d6c-6f8f3f2a9a11"
YUAN: Final = {"currency": "CNY", "value": "345.00"}
ENDS_WITHIN_S: Final = 3600
QUICK_S: Final = 60

Told = TypeVar("Told")


@dataclass(frozen=True)
class Ended:
    """A payment as its member sees it, and the network's lines about it."""

    shown: dict[str, Any]
    book: list[dict[str, Any]]
    asked: list[str]


@cache
def shared(*options: tuple[str, str]) -> Residents:
    """The default configuration, UnionPay with other options where some are given."""
    config = load_config(default_folder())
    known = config.networks["unionpay"]
    changed = known.model_copy(update={"options": {**known.options, **dict(options)}})
    config = replace(config, networks={**config.networks, "unionpay": changed})
    kept = {"unionpay", "bakong"}
    corridors = {ends: row for ends, row in config.corridors.items() if set(ends) <= kept}
    networks = {name: row for name, row in config.networks.items() if name in kept}
    return residents(replace(config, networks=networks, corridors=corridors))


def lived(
    story: Callable[[Town], Awaitable[Told]], *options: tuple[str, str], seed: int = 7
) -> Told:
    """Play one story to its end."""
    with World(seed) as world:
        town = Town(world, shared(*options))

        async def told(_: World) -> Told:
            await town.open()
            return await story(town)

        return world.run(told(world))


async def quoted(town: Town, code: str, amount: dict[str, str] | None = YUAN) -> str:
    """Scan and price; returns the token of the quote."""
    member = town.member(MEMBER)
    scanned = await member.scan(code)
    assert scanned.status == 200, scanned.body
    body = scanned.json()
    if amount is not None:
        body = (await member.quote(body["scan"], amount)).json()
    token: str = body["quotes"][0]["quote"]
    return token


async def begun(town: Town, code: str, amount: dict[str, str] | None = YUAN) -> dict[str, Any]:
    """Scan, quote and pay; returns what the member is told first."""
    token = await quoted(town, code, amount)
    paid = await town.member(MEMBER).pay(KEY, {"quote": token, "debtor": DEBTOR})
    told: dict[str, Any] = paid.json()
    shown: dict[str, Any] = told.get("payment", told)
    return shown


async def ended(town: Town, shown: dict[str, Any]) -> Ended:
    """Wait until the payment has ended, then look at both sides."""
    member = town.member(MEMBER)
    started = town.clock.monotonic()
    while not shown["final"] and (waited := town.clock.monotonic() - started) < ENDS_WITHIN_S:
        await town.world.sleep(1 if waited < QUICK_S else QUICK_S)
        shown = (await member.payment(shown["uetr"])).json()
    requests = (await town.sandbox("unionpay", "GET", "/control/requests"))["requests"]
    return Ended(shown, await town.book("unionpay"), [each["operation"] for each in requests])


async def paid(town: Town, *faults: tuple[str, str, dict[str, Any]]) -> Ended:
    """Pay a static code while these things go wrong."""
    for operation, kind, more in faults:
        await town.fault("unionpay", operation, kind, **more)
    return await ended(town, await begun(town, emv()))


def statuses(found: Ended) -> list[tuple[str, str, str]]:
    """What the network has booked."""
    return [(line["status"], line["amount"], line["currency"]) for line in found.book]


async def ledger(town: Town) -> list[dict[str, Any]]:
    """Every payment of the switch, as the overseer sees them."""
    page = await town.overseer().call("GET", "/v1/oversight/payments?after=0&limit=200")
    lines: list[dict[str, Any]] = page.json()["payments"]
    return lines


async def control(town: Town, name: str, **body: object) -> dict[str, Any]:
    """Ask the network's own cardholders for something."""
    told: dict[str, Any] = await town.sandbox("unionpay", "POST", f"/control/{name}", body)
    return told


async def settled(town: Town, uetr: str) -> dict[str, Any]:
    """A payment of the overseer's list once it has ended."""
    for waited in range(ENDS_WITHIN_S):
        line = next((each for each in await ledger(town) if each["uetr"] == uetr), None)
        if line is not None and line["final"] and line["state"] != "unwinding":
            return line
        await town.world.sleep(1 if waited < QUICK_S else QUICK_S)
    raise AssertionError("the payment did not end")


async def books(town: Town) -> dict[str, list[tuple[str, str]]]:
    """What both networks have booked: status and amount, in order."""
    return {
        name: [(line["status"], line["amount"]) for line in await town.book(name)]
        for name in ("unionpay", "bakong")
    }


def sums(town: Town) -> list[tuple[str, int, int]]:
    """Accounts with anything pending: none once everything has ended."""
    assert town.running is not None
    accounts = town.running.engine.accounts()
    return [
        (key, each.debits_pending, each.credits_pending)
        for key, each in sorted(accounts.items())
        if each.debits_pending or each.credits_pending
    ]
