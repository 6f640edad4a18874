"""Parts that the tests of the Alipay+ adapter share: keys, the adapter, a payment, a town."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, TypeVar

from adapters.alipayplus import AlipayPlusAdapter
from adapters.alipayplus.sandbox_orders import order_code
from fx.money import Money, Rate
from switch.config import default_folder, load_config
from switch.model import Particulars, Party, Payment, Terms
from switch.port import AdapterContext, Planning
from switch.simulation.town import Residents, Town, TownKeys, residents
from switch.simulation.world import World
from tests.adapters.paid_abroad import paid_abroad

MEMBER: Final = "ABAAKHPPXXX"
DEBTOR: Final = {"name": "Sok Dara", "account": "sokdara@abaa"}
NOW: Final = datetime(2026, 11, 21, 3, 15, 2, tzinfo=UTC)
UETR: Final = "5f8c1a52-6a2e-4c1f-9d0b-3a7f2b1c9e10"
ORDER: Final = "202611217952300000160002583"
OPTIONS: Final = {
    "client_id": "SANDBOX_BAKONG_SWITCH",
    "partner_client_id": "SANDBOX_ALIPAYPLUS",
    "acquirer_id": "1022188000000000001",
    "psp_id": "1022172000000000001",
}
ENDS_WITHIN_S: Final = 3600

Result = TypeVar("Result")


def new_adapter(**options: str) -> AlipayPlusAdapter:
    """The adapter with the public test keys."""
    context = AdapterContext("BKSWKHPP", "ANTISGSG", {**OPTIONS, **options}, TownKeys())
    return AlipayPlusAdapter(context)


def planning(at: datetime = NOW) -> Planning:
    """What dispatch gives an adapter."""
    number = (int(at.timestamp() * 1000) << 20) + 7
    return Planning(at, number, slot=1, send_by=at + timedelta(seconds=3), uetr=UETR)


def outbound_payment() -> Payment:
    """A Cambodian pays 12,000 won in Seoul for 34,938 riel and a fee."""
    terms = Terms(
        debit=Money.parse("35188", "KHR"),
        fee=Money.parse("250", "KHR"),
        source=Money.parse("34938", "KHR"),
        destination=Money.parse("12000", "KRW"),
        rate=Rate.parse("2.9115", "KRW", "KHR"),
        rate_version="",
        quote_id="0f0e0d0c-0b0a-4908-8706-050403020100",
        quote_expires_at=NOW + timedelta(minutes=10),
    )
    return paid_abroad(
        "alipayplus", terms, reference=ORDER, at=NOW, deadline_s=60,
        holder="ANTISGSGXXX", fee_taker="BKSWKHPPXXX",
    )  # fmt: skip


def particulars() -> Particulars:
    """Who is involved in :func:`outbound_payment`."""
    return Particulars(
        debtor=Party("Sok Dara", "000123456", MEMBER, "Phnom Penh", "KH"),
        creditor=Party("Seoul Noodle House", "SHOP01", "", "Seoul", "KR"),
        end_to_end_id="E2E-000123",
        qr_payload=order_code(12000),
        extra={"payment_request_id": ORDER, "customer_id": "a1b2"},
    )


@cache
def shared() -> Residents:
    """Keys and simulators, once for all stories."""
    return residents(load_config(default_folder()))


def lived(story: Callable[[Town], Awaitable[Result]], seed: int = 7) -> Result:
    """Live a story in a world of its own."""
    with World(seed) as world:
        town = Town(world, shared())

        async def told(_: World) -> Result:
            await town.open()
            return await story(town)

        return world.run(told(world))


@dataclass(frozen=True)
class Ended:
    """A payment as its member sees it, and the network's lines about it."""

    shown: dict[str, Any]
    book: list[dict[str, Any]]
    asked: list[str]


async def begun(town: Town, code: str, key: str = "4b1b35c6") -> dict[str, Any]:
    """Scan and pay; returns what the member is told first."""
    member = town.member(MEMBER)
    scanned = await member.scan(code)
    assert scanned.status == 200, scanned.body
    token = scanned.json()["quotes"][0]["quote"]
    told: dict[str, Any] = (await member.pay(key, {"quote": token, "debtor": DEBTOR})).json()
    shown: dict[str, Any] = told.get("payment", told)
    return shown


async def ended(town: Town, shown: dict[str, Any]) -> Ended:
    """Wait until the payment has ended, then look at both sides."""
    member = town.member(MEMBER)
    started = town.clock.monotonic()
    while not shown["final"] and town.clock.monotonic() - started < ENDS_WITHIN_S:
        await town.world.sleep(1)
        shown = (await member.payment(shown["uetr"])).json()
    requests = (await town.sandbox("alipayplus", "GET", "/control/requests"))["requests"]
    return Ended(shown, await town.book("alipayplus"), [each["operation"] for each in requests])


async def paid(town: Town, *faults: tuple[str, str, dict[str, Any]], won: int = 12000) -> Ended:
    """Pay an order abroad with these faults waiting."""
    for operation, kind, more in faults:
        await town.fault("alipayplus", operation, kind, **more)
    return await ended(town, await begun(town, order_code(won)))
