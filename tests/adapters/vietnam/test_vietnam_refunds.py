"""What a guest paid goes back to NAPAS as a return, in part or whole, once, whatever goes wrong.

The refund is asked of the running switch as a merchant's bank would have it asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fx.money import Money
from switch.linked_payments import Asked
from switch.model import Kind, Payment
from switch.reasons import Reason
from tests.adapters.vietnam.test_vietnam_guest import OWED, guest
from tests.adapters.vietnam.vietnam_town import lived

if TYPE_CHECKING:
    from switch.simulation.town import Town


async def refunded(town: Town, uetr: str, riel: str, key: str = "refund-1") -> Any:
    """Ask the switch to give back riel of what a guest paid."""
    running = await town.ready()
    switch = running.switch
    found = await running.store.read.payment(uetr)
    assert found is not None
    opened = await switch.dispatch.open(uetr)
    asked = Asked("ABAAKHPPXXX", key, {"amount": riel})
    return await switch.linked.refund(found, opened, Money.parse(riel, "KHR"), asked)


async def settled(town: Town, made: Any, within_s: int = 3600) -> Payment:
    """The refund once it has ended."""
    assert isinstance(made, Payment), made
    running = await town.ready()
    started = town.clock.monotonic()
    while True:
        payment = await running.store.read.payment(made.uetr)
        assert payment is not None
        if payment.state.value in ("accepted", "refused"):
            return payment
        assert town.clock.monotonic() - started < within_s, payment.state
        await town.world.sleep(1)


async def lines(town: Town) -> list[tuple[str, str, str]]:
    """The network's book: direction, dong, status."""
    book = await town.book("vietnam")
    return [(each["direction"], each["amount"], each["status"]) for each in book]


def test_a_refund_is_a_return_at_the_rate_of_the_payment() -> None:
    async def story(town: Town) -> tuple[Any, Any, Any]:
        told = await guest(town)
        back = await settled(town, await refunded(town, told["uetr"], "10000"))
        return told, back, await town.book("vietnam")

    told, back, book = lived(story)

    assert (back.kind, back.original, back.state.value) == (Kind.REFUND, told["uetr"], "accepted")
    assert str(back.terms.destination) == "66000"
    assert [(each["direction"], each["amount"]) for each in book] == [
        ("inbound", OWED),
        ("outbound", "66000"),
    ]
    assert book[1]["uetr"] == back.uetr
    assert book[1]["reference"] == back.reference


def test_refunds_add_up_to_the_whole_and_the_network_agrees() -> None:
    async def story(town: Town) -> tuple[Any, Any]:
        uetr = (await guest(town))["uetr"]
        for place, riel in enumerate(("10000", "31000")):
            await settled(town, await refunded(town, uetr, riel, f"refund-{place}"))
        return await refunded(town, uetr, "100", "refund-9"), await lines(town)

    more, book = lived(story)

    assert more is Reason.REFUND_TOO_MUCH
    back = [int(amount) for direction, amount, _ in book if direction == "outbound"]
    assert sum(back) == int(OWED)


@pytest.mark.parametrize("kind", ["drop_answer", "garbage", "wrong_signature", "late", "pending"])
def test_a_refund_whose_answer_was_lost_is_found_by_asking(kind: str) -> None:
    async def story(town: Town) -> tuple[Any, Any, Any]:
        uetr = (await guest(town))["uetr"]
        await town.fault("vietnam", "refund", kind, delay_ms=40_000)
        back = await settled(town, await refunded(town, uetr, "41000"))
        asked = (await town.sandbox("vietnam", "GET", "/control/requests"))["requests"]
        return back, await lines(town), [each["operation"] for each in asked]

    back, book, asked = lived(story)

    assert back.state.value == "accepted"
    assert book == [("inbound", OWED, "booked"), ("outbound", OWED, "booked")]
    assert asked[0] == "refund"
    assert "enquire" in asked


def test_a_refund_that_never_arrived_ends_and_can_be_asked_for_again() -> None:
    async def story(town: Town) -> tuple[Any, Any, Any]:
        uetr = (await guest(town))["uetr"]
        await town.fault("vietnam", "refund", "drop_request")
        lost = await settled(town, await refunded(town, uetr, "41000"))
        again = await settled(town, await refunded(town, uetr, "41000", "refund-2"))
        return lost, again, await lines(town)

    lost, again, book = lived(story)

    assert (lost.state.value, again.state.value) == ("refused", "accepted")
    assert book == [("inbound", OWED, "booked"), ("outbound", OWED, "booked")]
