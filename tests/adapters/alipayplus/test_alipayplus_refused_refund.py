"""A refund of an order that nobody has paid stays refused, also once it is paid (design 4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.alipayplus.sandbox_orders import order_code
from tests.adapters.alipayplus.alipayplus_parts import DEBTOR, MEMBER, lived
from tests.adapters.alipayplus.test_alipayplus_wallet import call, order_of, result

if TYPE_CHECKING:
    from switch.simulation.town import Town


async def scanned(town: Town) -> str:
    """A quote of an order; its name is drawn at the scan."""
    answer = await town.member(MEMBER).scan(order_code(12000))
    return str(answer.json()["quotes"][0]["quote"])


async def paid(town: Town, quote: str) -> str:
    """Pay it; the order's name."""
    await town.member(MEMBER).pay("key-1", {"quote": quote, "debtor": DEBTOR})
    await town.world.sleep(60)
    return await order_of(town)


def test_the_same_refund_gets_the_same_answer_before_and_after() -> None:
    async def only_paid(town: Town) -> str:
        return await paid(town, await scanned(town))

    name = lived(only_paid)

    async def asked(town: Town, key: str) -> tuple[str, str]:
        amounts = {
            "refundAmount": {"currency": "KHR", "value": "100"},
            "refundFromAmount": {"currency": "KRW", "value": "4000"},
        }
        fields = {"paymentRequestId": name, "refundRequestId": key, **amounts}
        return result(await call(town, "refund", **fields))

    async def story(town: Town) -> list[tuple[str, str]]:
        quote = await scanned(town)
        told = [await asked(town, "r1")]
        assert await paid(town, quote) == name, "one seed, one name"
        return [*told, await asked(town, "r1"), await asked(town, "r2")]

    nothing = ("F", "ORDER_NOT_EXIST")
    assert lived(story) == [nothing, nothing, ("S", "SUCCESS")]
