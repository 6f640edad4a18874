"""A member, a guest and Thailand's statement of the day: production code, virtual time, HTTP."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from switch.config import default_folder, load_config
from switch.demo.scenes import DEBTOR, thai_code
from switch.qr import Khqr, write_khqr
from switch.simulation.town import Residents, Town, residents
from switch.simulation.world import World
from switch.store.audit import audit_reads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switch.store.contract import Reads

MEMBER: Final = "ABAAKHPPXXX"
NETWORK: Final = "thailand"
OPERATOR: Final = "operator-1"


@cache
def shared() -> Residents:
    """Keys and simulators, made once."""
    return residents(load_config(default_folder()))


class SettledTown(Town):
    """A town in which files are handed in."""

    @property
    def read(self) -> Reads:
        """The rows of the switch that lives."""
        assert self.running is not None
        return self.running.store.read

    async def paid(self, number: int = 1, satang: str = "345.00") -> dict[str, Any]:
        """A member pays a Thai shop; what it is told first."""
        member = self.member(MEMBER)
        scanned = (await member.scan(thai_code(satang))).json()
        key = f"4b1b35c6-7a62-4cf5-8d6c-{number:012d}"
        order = {"quote": scanned["quotes"][0]["quote"], "debtor": dict(DEBTOR)}
        told: dict[str, Any] = (await member.pay(key, order)).json()
        return told

    async def guest_pays(self) -> str:
        """A Thai guest pays a Cambodian merchant; the payment's UETR."""
        shop = Khqr(
            account="noodleshop@aclb",
            merchant_name="Noodle Shop",
            merchant_city="Phnom Penh",
            category="5812",
        )
        asked = {"payload": write_khqr(shop), "amount": "41000"}
        told = await self.sandbox(NETWORK, "POST", "/control/pay-khqr", asked)
        return str(told["uetr"])

    async def statement(self, **query: str) -> bytes:
        """Thailand's statement of what it has booked so far."""
        net = self.outside.net
        url = f"{net.url(NETWORK)}/control/statement?{urlencode(query)}"
        async with net.session(NETWORK).get(url) as response:
            assert response.status == 200, await response.text()
            return await response.read()

    async def settle(self, content: bytes) -> dict[str, Any]:
        """Hand a file in."""
        assert self.running is not None
        settling = self.running.switch.aftercare.settling
        return await settling.take(NETWORK, "statement.xml", content, OPERATOR)

    async def shown(self, uetr: str) -> dict[str, Any]:
        """A payment as its member sees it."""
        seen: dict[str, Any] = (await self.member(MEMBER).payment(uetr)).json()
        return seen

    async def audited(self) -> tuple[object, ...]:
        """What the book-keeper finds wrong."""
        key = self._residents.keys.ed25519_private("journal").public_key()
        return (await audit_reads(self.read, (key,), {})).faults

    async def suspense(self, code: str = "THB") -> int:
        """What stands in suspense against the network: credits less debits."""
        account = await self.read.account(f"{NETWORK}/suspense/{code}/deferred")
        return 0 if account is None else account.credits_posted - account.debits_posted


def lived(story: Callable[[SettledTown], Awaitable[Any]], seed: int = 7, **facts: Any) -> Any:
    """Run a story in a town of its own; ``facts`` change Thailand's."""
    with World(seed) as world:
        town = SettledTown(world, shared(), lambda running, _: _changed(running, facts))

        async def told(_: World) -> Any:
            await town.open()
            return await story(town)

        return world.run(told(world))


def _changed(running: Any, facts: dict[str, Any]) -> None:
    adapter = running.switch.adapters[NETWORK]
    adapter._facts = replace(adapter.facts, **facts)
