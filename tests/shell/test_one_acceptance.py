"""A payment that leaves later than it was taken in names one acceptance in all its messages."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from adapters.alipayplus.sandbox_orders import order_code
from switch.config import default_folder, load_config
from switch.demo.scenes import thai_code
from switch.model import Funding
from switch.operators import Action
from switch.port import Operation
from switch.records import Records
from switch.simulation.town import residents
from switch.simulation.world import World
from tests.shell import test_screening_town as screened
from tests.shell.gross_town import DEBTOR, KEY, MEMBER, SPONSOR, GrossTown

if TYPE_CHECKING:
    from switch.port import Exchange

STATED: Final = {
    "thailand": rb"AccptncDtTm>([^<]+)<",
    "alipayplus": rb'"paymentTime":"([^"]+)"',
}
CODES: Final = {"thailand": thai_code("345.00"), "alipayplus": order_code(12000)}


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[Exchange]:
    """Whatever is planned after a payment was opened, in its order."""
    kept: list[Exchange] = []
    for name in ("hop", "enquiry"):
        usual = getattr(Records, name)

        def keeps(self: Records, exchange: Exchange, *more: Any, _usual: Any = usual) -> Any:
            kept.append(exchange)
            return _usual(self, exchange, *more)

        monkeypatch.setattr(Records, name, keeps)
    return kept


def moments(planned: list[Exchange], network: str) -> dict[Operation, set[bytes]]:
    """When each message of a network says that the payment was accepted."""
    found: dict[Operation, set[bytes]] = {}
    for exchange in planned:
        if exchange.network == network:
            stated = set(re.findall(STATED[network], exchange.body))
            # What one operator's approval planned was never sent; the other's was.
            earlier = (
                set()
                if exchange.operation is Operation.PAY
                else found.get(exchange.operation, set())
            )
            found[exchange.operation] = earlier | stated
    return found


@pytest.mark.parametrize("network", STATED)
def test_a_payment_that_waited_for_its_money_is_asked_about_as_it_was_told(
    planned: list[Exchange], network: str
) -> None:
    config, ends = load_config(default_folder()), ("bakong", network)
    gross = replace(
        config.corridors[ends], funding=Funding.GROSS, sponsor=SPONSOR, fund_within_s=60
    )
    people = residents(replace(config, corridors=config.corridors | {ends: gross}))

    async def story(town: GrossTown) -> None:
        await town.open()
        await town.fault(network, "pay", "drop_answer")
        member = town.member(MEMBER)
        scanned = (await member.scan(CODES[network])).json()
        order = {"quote": scanned["quotes"][0]["quote"], "debtor": DEBTOR}
        told = (await member.pay(KEY, order)).json()
        await town.world.sleep(20)
        await town.pushed(told)
        assert (await town.ended(told["uetr"]))["status"] == "ACCC"

    with World(7) as world:
        town = GrossTown(world, people)
        world.run(story(town))

    said = moments(planned, network)
    assert set(said) == {Operation.PAY, Operation.ENQUIRE}
    assert said[Operation.PAY] == said[Operation.ENQUIRE]
    assert len(said[Operation.PAY]) == 1


def test_a_payment_that_was_held_is_asked_about_as_it_was_told(planned: list[Exchange]) -> None:
    async def story(town: screened.ScreenedTown) -> str:
        await town.fault("thailand", "pay", "drop_answer")
        _, told = await town.paid(screened.LISTED)
        await town.world.sleep(20)
        await town.decide(told["uetr"], Action.RELEASE)
        await town.world.sleep(300)
        return str((await town.shown(told["uetr"]))["status"])

    assert screened.lived(story, merchant="hold") == "ACCC"
    said = moments(planned, "thailand")
    assert set(said) == {Operation.PAY, Operation.ENQUIRE}
    assert said[Operation.PAY] == said[Operation.ENQUIRE]
