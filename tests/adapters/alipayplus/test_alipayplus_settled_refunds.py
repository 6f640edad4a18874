"""A T+1 report and the refunds that the network made by itself."""

from __future__ import annotations

from typing import Any

from adapters.alipayplus.sandbox_orders import order_code
from switch.simulation.town import Town
from tests.adapters.alipayplus.alipayplus_parts import begun, ended, lived
from tests.adapters.alipayplus.test_alipayplus_settlement import HEAD

WALLET = "transactionItems_{}_{}_B1_A1_001.csv"


async def report(town: Town, currency: str, *lines: str) -> dict[str, Any]:
    running = await town.ready()
    settling = running.switch.aftercare.settling
    who = "1022172000000000001"
    content = (HEAD + "".join(lines) + "<END>\n").encode()
    name = WALLET.format(who, currency)
    await settling.take("alipayplus", name, content, "operator-1", ("operator-1", "operator-2"))
    return await settling.take(
        "alipayplus", name, content, "operator-2", ("operator-1", "operator-2")
    )


def test_a_refund_of_the_network_that_is_booked_is_matched() -> None:
    async def story(town: Town) -> dict[str, Any]:
        await ended(town, await begun(town, order_code(12000)))
        (line,) = await town.book("alipayplus")
        order = line["reference"]
        back = await town.sandbox(
            "alipayplus", "POST", "/control/return", {"reference": order, "amount": "5000"}
        )
        assert back["status"] == "ACSC", back
        key = back["reference"]
        return await report(
            town,
            "KHR",
            f"A,P,T1,,{order},PAYMENT,2026-11-21T11:00:00+08:00,12000,KRW,3493800,KHR\n",
            f"A,P,T2,T1,{key},REFUND,2026-11-21T12:00:00+08:00,5000,KRW,1455700,KHR\n",
        )

    counts = lived(story)["counts"]

    assert counts == {"matched": 2}, counts
