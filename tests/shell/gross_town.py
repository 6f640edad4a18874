"""A member that pays abroad out of money it pushes first: production code, virtual time, HTTP.

The corridor to Thailand is funded gross here; the member's bank pushes through the simulator of
Bakong, as another participant does, and names the payment in a note of the transfer.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from switch.config import default_folder, load_config
from switch.demo.scenes import thai_code
from switch.model import Funding
from switch.simulation.town import Residents, Town, residents
from switch.simulation.world import World
from switch.store.audit import audit_reads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switch.store.contract import Reads

MEMBER: Final = "ABAAKHPPXXX"
SPONSOR: Final = "ACLBKHPPXXX"
DEBTOR: Final = {"name": "Sok Dara", "account": "sokdara@abaa"}
KEY: Final = "4b1b35c6-7a62-4cf5-8d6c-6f8f3f2a9a11"
FUND_WITHIN_S: Final = 60
SUSPENSE: Final = f"{SPONSOR}/suspense/KHR/bakong"
POOL: Final = f"{SPONSOR}/pool/KHR/bakong"


@cache
def shared() -> Residents:
    """Keys and simulators, made once; the corridor is funded gross."""
    config = load_config(default_folder())
    ends = ("bakong", "thailand")
    gross = replace(
        config.corridors[ends],
        funding=Funding.GROSS,
        sponsor=SPONSOR,
        fund_within_s=FUND_WITHIN_S,
    )
    return residents(replace(config, corridors=config.corridors | {ends: gross}))


class GrossTown(Town):
    """A town whose payments to Thailand are paid for in advance."""

    async def asked(self, key: str = KEY) -> dict[str, Any]:
        """Scan, quote and pay; returns what the member is told."""
        member = self.member(MEMBER)
        scanned = (await member.scan(thai_code("345.00"))).json()
        order = {"quote": scanned["quotes"][0]["quote"], "debtor": DEBTOR}
        told: dict[str, Any] = (await member.pay(key, order)).json()
        return told

    async def pushed(
        self,
        told: dict[str, Any],
        value: str = "",
        payer: str = MEMBER,
        note: str = "",
        currency: str = "KHR",
    ) -> None:
        """The payer's bank pushes what it was asked for, or something else."""
        fund = told.get("fund") or {}
        item = {
            "payer": payer,
            "payee": SPONSOR,
            "amount": value or fund["amount"]["value"],
            "currency": currency,
            "note": note or fund["note"],
        }
        answer = await self.sandbox("bakong", "POST", "/control/incoming", item)
        assert "hash" in answer, answer

    async def shown(self, uetr: str) -> dict[str, Any]:
        """A payment as its member sees it."""
        seen: dict[str, Any] = (await self.member(MEMBER).payment(uetr)).json()
        return seen

    async def ended(self, uetr: str, within_s: int = 600) -> dict[str, Any]:
        """A payment once its answer is final."""
        started = self.clock.monotonic()
        seen = await self.shown(uetr)
        while not seen["final"] and self.clock.monotonic() - started < within_s:
            await self.world.sleep(0.5)
            seen = await self.shown(uetr)
        return seen

    @property
    def read(self) -> Reads:
        """The rows of the switch that lives."""
        assert self.running is not None
        return self.running.store.read

    async def rows(self) -> list[tuple[str, str]]:
        """State and kind of each payment, in the order of opening."""
        return [(each.state.value, each.kind.value) for each in await self.read.listed(0, 100)]

    async def quiet(self, within_s: int = 900) -> None:
        """Wait until nothing is left to be done, then hold the books against the journal."""
        started = self.clock.monotonic()
        while any(each.next_at for each in await self.read.listed(0, 100)):
            assert self.clock.monotonic() - started < within_s, await self.rows()
            await self.world.sleep(1)
        key = self._residents.keys.ed25519_private("journal").public_key()
        report = await audit_reads(self.read, (key,), {})
        assert report.faults == ()

    async def balance(self, name: str) -> int:
        """What an account was credited less what it was debited, pending included."""
        account = await self.read.account(name)
        if account is None:
            return 0
        given = account.credits_posted + account.credits_pending
        return given - account.debits_posted - account.debits_pending

    async def pool(self) -> int:
        """Riel of the sponsor's pool at Bakong, as Bakong has it."""
        ledger = await self.sandbox("bakong", "GET", "/ledger")
        return round(Decimal(ledger["pools"][SPONSOR]["KHR"]))


def lived(story: Callable[[GrossTown], Awaitable[Any]], seed: int = 7) -> Any:
    """Run a story in a town of its own."""
    with World(seed) as world:
        town = GrossTown(world, shared())

        async def told(_: World) -> Any:
            await town.open()
            return await story(town)

        return world.run(told(world))
