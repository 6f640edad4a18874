"""A pacs.004 that names two payments at once: OrgnlTxId of one, OrgnlUETR of another."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from adapters.iso_profile.sandbox_messages import Desk, Outgoing
from switch.config import default_folder, load_config
from switch.demo.scenes import thai_code
from switch.simulation.town import Residents, Town, residents
from switch.simulation.world import World

if TYPE_CHECKING:
    import pytest

    from fx.money import Money

MEMBER: Final = "ABAAKHPPXXX"
DEBTORS: Final = (
    {"name": "Sok Dara", "account": "sokdara@abaa"},
    {"name": "Chan Vanna", "account": "chanvanna@abaa"},
)
KEYS: Final = ("4b1b35c6-7a62-4cf5-8d6c-6f8f3f2a9a11", "4b1b35c6-7a62-4cf5-8d6c-6f8f3f2a9a12")


@cache
def shared() -> Residents:
    return residents(load_config(default_folder()))


async def paid(town: Town, number: int) -> None:
    member = town.member(MEMBER)
    scanned = (await member.scan(thai_code("345.00"))).json()
    quote = scanned["quotes"][0]["quote"]
    told = (await member.pay(KEYS[number], {"quote": quote, "debtor": DEBTORS[number]})).json()
    assert told["status"] == "ACCC"


def test_a_return_that_names_two_payments_is_given_to_neither_payer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[str, Any] = {}
    genuine = Desk.giving_back

    async def told(_: World) -> None:
        await town.open()
        await paid(town, 0)
        await paid(town, 1)
        one, other = await town.book("thailand")
        assert one["uetr"] != other["uetr"]

        def crossed(
            self: Desk, return_id: str, transaction_id: str, uetr: str, money: Money
        ) -> Outgoing:
            assert (transaction_id, uetr) == (one["reference"], one["uetr"])
            return genuine(self, return_id, transaction_id, other["uetr"], money)

        monkeypatch.setattr(Desk, "giving_back", crossed)
        body = {"reference": one["reference"]}
        seen["told"] = await town.sandbox("thailand", "POST", "/control/return", body)
        path = "/v1/oversight/payments?after=0&limit=200"
        seen["lines"] = (await town.overseer().call("GET", path)).json()["payments"]

    with World(7) as world:
        town = Town(world, shared())
        world.run(told(world))
    assert seen["told"]["status"] != "ACSC"
    assert seen["lines"][2:] == [], "given to neither of the two"
