"""Parts of the tests of the Malaysian adapter: codes, a payment, keys, a town and its stories."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from adapters.malaysia import MalaysiaAdapter
from adapters.malaysia.sandbox_messages import Desk
from adapters.sandbox_kit import SandboxContext
from fx.money import Money, Rate
from switch.config import default_folder, load_config
from switch.model import Particulars, Party, Payment, Terms
from switch.port import AdapterContext, Planning
from switch.qr.emv import compose, seal
from switch.runtime.entropy import Ids, SeededEntropy
from switch.runtime.tasks import Tasks
from switch.simulation.town import Residents, Town, TownKeys, residents
from switch.simulation.world import World
from switch.wire.net import TcpNet
from tests.adapters.paid_abroad import number, paid_abroad

OWN, PARTNER = "BKSWKHPP", "RPPEMYKL"
NOW: Final = datetime(2026, 11, 21, 3, 15, 2, 120_000, tzinfo=UTC)
UETR: Final = "5f8c1a52-6a2e-4c1f-9d0b-3a7f2b1c9e10"
SHOP: Final = "MY100000001"
MEMBER: Final = "ABAAKHPPXXX"
DEBTOR: Final = {"name": "Sok Dara", "account": "sokdara@abaa"}
KEY: Final = "4b1b35c6-7a62-4cf5-8d6c-6f8f3f2a9a11"
RINGGIT: Final = {"currency": "MYR", "value": "42.50"}
ENDS_WITHIN_S: Final = 7_200
WATCHED_EVERY_S: Final = 20
PAYNET_OPTIONS: Final = {"own_bic": PARTNER, "partner_bic": OWN}


def duitnow(shop: str = SHOP, amount: str | None = None, currency: str = "458") -> str:
    """The code of a Malaysian shop as it is printed."""
    account = (compose("00", "A0000006150001"), compose("01", "501664"), compose("02", shop))
    return seal(
        "".join(
            (
                compose("00", "01"),
                compose("01", "11" if amount is None else "12"),
                compose("26", "".join(account)),
                compose("52", "5814"),
                compose("53", currency),
                *(() if amount is None else (compose("54", amount),)),
                compose("58", "MY"),
                compose("59", "KOPI PAK DIN"),
                compose("60", "KUALA LUMPUR"),
            )
        )
    )


def planning(at: datetime = NOW, sequence: int = 41) -> Planning:
    """What dispatch gives an adapter."""
    send_by = at + timedelta(seconds=3)
    return Planning(at, number(at), slot=1, send_by=send_by, uetr=UETR, sequence=sequence)


@cache
def new_adapter() -> MalaysiaAdapter:
    """The adapter as the switch makes it."""
    return MalaysiaAdapter(AdapterContext(OWN, PARTNER, {}, TownKeys()))


@dataclass
class SetClock:
    """A clock that stands where it is put."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nobody sleeps here: {seconds}")


def new_desk(at: datetime = NOW) -> Desk:
    """PayNet's own writer of messages, at a fixed time."""
    clock = SetClock(at)
    ids = Ids(clock, SeededEntropy(1))
    net = TcpNet(clock, {}, {})
    return Desk(SandboxContext(clock, ids, Tasks(), net, TownKeys(), PAYNET_OPTIONS))


def terms() -> Terms:
    """42.50 ringgit for 40,724 riel and a fee of 250."""
    source, fee = Money.parse("40724", "KHR"), Money.parse("250", "KHR")
    return Terms(
        debit=source + fee,
        fee=fee,
        source=source,
        destination=Money.parse("42.50", "MYR"),
        rate=Rate.parse("958.20", "MYR", "KHR"),
        rate_version="khr-myr-1",
        quote_id="0f0e0d0c-0b0a-4908-8706-050403020100",
        quote_expires_at=NOW + timedelta(minutes=10),
    )


def outbound_payment(at: datetime = NOW, **changes: object) -> Payment:
    """A Cambodian pays a Malaysian shop."""
    made = paid_abroad(
        "malaysia", terms(), reference=new_adapter().reference(planning(at)), at=at, deadline_s=25,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def outbound_particulars() -> Particulars:
    """Who is involved in :func:`outbound_payment`."""
    return Particulars(
        debtor=Party("Sok Dara", "000123456", MEMBER, "Phnom Penh", "KH"),
        creditor=Party("Kopi Pak Din", "514011223344", "MBBEMYKL", "Kuala Lumpur", "MY"),
        end_to_end_id="E2E-000123",
        qr_payload=duitnow(),
        merchant_category="5814",
        extra={"enquiry_id": "20261121BKSWKHPP521ORB00000040"},
    )


@dataclass(frozen=True)
class Ended:
    """A payment as its member sees it, PayNet's lines about it, and what PayNet was asked."""

    shown: dict[str, Any]
    book: list[dict[str, Any]]
    asked: list[str]


@cache
def shared() -> Residents:
    """What all towns share."""
    return residents(load_config(default_folder()))


def lived(story: Callable[[Town], Awaitable[Ended]], seed: int = 7) -> Ended:
    """Let a story happen in a town of its own."""
    with World(seed) as world:
        town = Town(world, shared())

        async def told(_: World) -> Ended:
            await town.open()
            return await story(town)

        return world.run(told(world))


async def begun(town: Town, code: str, amount: dict[str, str] | None = RINGGIT) -> dict[str, Any]:
    """Scan, quote and pay; returns what the member is told first."""
    member = town.member(MEMBER)
    scanned = await member.scan(code)
    assert scanned.status == 200, scanned.body
    body = scanned.json()
    if amount is not None:
        body = (await member.quote(body["scan"], amount)).json()
    paid = await member.pay(KEY, {"quote": body["quotes"][0]["quote"], "debtor": DEBTOR})
    told: dict[str, Any] = paid.json()
    shown: dict[str, Any] = told.get("payment", told)
    return shown


async def ended(town: Town, shown: dict[str, Any], within_s: float = ENDS_WITHIN_S) -> Ended:
    """Wait until the payment has ended, then look at both sides."""
    member = town.member(MEMBER)
    started = town.clock.monotonic()
    while not shown["final"] and town.clock.monotonic() - started < within_s:
        await town.world.sleep(WATCHED_EVERY_S)
        shown = (await member.payment(shown["uetr"])).json()
    return Ended(shown, await town.book("malaysia"), await asked(town))


async def asked(town: Town) -> list[str]:
    """The operations that PayNet was asked for, in order."""
    requests = (await town.sandbox("malaysia", "GET", "/control/requests"))["requests"]
    return [each["operation"] for each in requests]


async def paid(town: Town, *faults: tuple[str, str, dict[str, Any]]) -> Ended:
    """Pay the shop while PayNet does these things wrongly."""
    for operation, kind, more in faults:
        await town.fault("malaysia", operation, kind, **more)
    return await ended(town, await begun(town, duitnow()))


def statuses(found: Ended) -> list[tuple[str, str, str]]:
    """What PayNet's book says of each payment."""
    return [(line["status"], line["amount"], line["currency"]) for line in found.book]
