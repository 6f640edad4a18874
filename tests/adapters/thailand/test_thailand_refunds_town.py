"""A Thai guest gets money back through the whole switch, whatever is lost on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from fx.money import Money
from switch.demo.scenes import khqr_code
from switch.linked_payments import Asked
from switch.model import Kind, Payment, State
from switch.reasons import Reason
from switch.simulation.town import Town
from switch.simulation.world import World
from tests.adapters.thailand.test_thailand_returns_town import ours, shared

ENDS_WITHIN_S: Final = 3600
BANK: Final = "ACLBKHPPXXX"
Line = dict[str, Any]


def lived(story: Callable[[Town, str], Awaitable[None]]) -> None:
    """A Thai guest pays 41,000 riel, 346.87 baht; then go on with the payment's UETR."""

    async def told(_: World) -> None:
        await town.open()
        code = khqr_code(town, "noodleshop@aclb")  # type: ignore[arg-type]
        asked = {"payload": code, "amount": "41000"}
        paid = await town.sandbox("thailand", "POST", "/control/pay-khqr", asked)
        assert (paid["status"], paid["amount"]) == ("ACSC", "346.87")
        await story(town, paid["uetr"])

    with World(7) as world:
        town = Town(world, shared())
        world.run(told(world))


async def found(town: Town, uetr: str) -> Payment:
    """A payment by its UETR."""
    payment = await (await town.ready()).store.read.payment(uetr)
    assert payment is not None
    return payment


async def begun(town: Town, uetr: str, riel: str, key: str = "a") -> Payment | Reason:
    """Ask for a refund as the shop's bank does."""
    switch, original = (await town.ready()).switch, await found(town, uetr)
    opened = await switch.dispatch.open(uetr)
    asked = Asked(BANK, key, {"amount": riel})
    made = await switch.linked.refund(original, opened, Money.parse(riel, "KHR"), asked)
    assert isinstance(made, Payment | Reason)
    return made


async def refunded(town: Town, uetr: str, riel: str, key: str = "a") -> Line:
    """Ask, wait until it has ended, and show how it did."""
    made = await begun(town, uetr, riel, key)
    assert isinstance(made, Payment)
    assert made.kind is Kind.REFUND
    started = town.clock.monotonic()
    while town.clock.monotonic() - started < ENDS_WITHIN_S:
        (line,) = [each for each in await ours(town) if each["uetr"] == made.uetr]
        if line["final"]:
            return line
        await town.world.sleep(5)
    raise AssertionError("the refund did not end")


async def there(town: Town) -> list[tuple[str, str]]:
    """What went back by the network's own book."""
    return [(line["amount"], line["status"]) for line in (await town.book("thailand"))[1:]]


def test_parts_go_back_at_the_rate_of_the_payment_until_all_has() -> None:
    async def story(town: Town, uetr: str) -> None:
        first = await refunded(town, uetr, "10000", "a")
        second = await refunded(town, uetr, "31000", "b")
        beyond = await begun(town, uetr, "100", "c")

        # 10,000 of 41,000 riel for 346.87 baht is 84.60 baht and a bit, rounded down.
        assert (first["status"], first["credit"]["value"]) == ("ACCC", "84.60")
        assert (second["status"], second["credit"]["value"]) == ("ACCC", "262.27")
        assert beyond is Reason.REFUND_TOO_MUCH
        assert await there(town) == [("84.60", "booked"), ("262.27", "booked")]

    lived(story)


@pytest.mark.parametrize(
    "kind", ["drop_answer", "garbage", "wrong_signature", "error_500", "twice"]
)
def test_a_refund_whose_answer_is_lost_is_booked_once(kind: str) -> None:
    async def story(town: Town, uetr: str) -> None:
        await town.fault("thailand", "refund", kind)
        line = await refunded(town, uetr, "41000")

        assert (line["status"], line["reason"]) == ("ACCC", None)
        assert await there(town) == [("346.87", "booked")]

    lived(story)


def test_a_refund_that_never_arrived_gives_nothing_back_and_can_be_asked_for_again() -> None:
    async def story(town: Town, uetr: str) -> None:
        await town.fault("thailand", "refund", "drop_request")
        lost = await refunded(town, uetr, "41000", "a")
        assert (lost["status"], await there(town)) == ("RJCT", [])

        again = await refunded(town, uetr, "41000", "b")
        assert again["status"] == "ACCC"
        assert await there(town) == [("346.87", "booked")]

    lived(story)


def test_a_refund_that_the_network_refuses_leaves_the_money_here() -> None:
    async def story(town: Town, uetr: str) -> None:
        await town.fault("thailand", "refund", "refuse", reason="AC04")
        line = await refunded(town, uetr, "41000")

        assert (line["status"], line["reason"]) == ("RJCT", "AC04")
        assert await there(town) == [("346.87", "refused")]
        assert (await found(town, uetr)).state is State.CREDITED

    lived(story)
