"""What follows a payment: shops give back in parts, payers ask for their money, networks return it.

Each begins with a payment that was told to be paid. Who asks says the same under the same key until
it is final, like everybody. The surprise: a bank learns that a network recalls a payment from an
operator, because members of a run subscribe to no events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson

from switch.simulation.evidence import FINAL, Told
from switch.simulation.orders import PAYMENTS, Order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.simulation.cast import Cast
    from switch.simulation.city import City
    from switch.simulation.plan import Payment

SHOPS_BANK: Final = "ABAAKHPPXXX"
"""Whose customers give back what they were paid."""

PARTS_MAX: Final = 4
"""In how many parts at most they do."""

WITHIN_S: Final = 25.0
TRIES: Final = 6
PAUSE_S: Final = 3.0
OK: Final = 200
_AWAY: Final = (aiohttp.ClientError, OSError, TimeoutError)


class Regrets:
    """Everybody who wants money to go back."""

    def __init__(self, city: City, cast: Cast) -> None:
        self._city = city
        self._cast = cast
        self._recalls: list[tuple[str, str, bool]] = []
        self._puts: list[tuple[str, bool]] = []

    async def play(self, payment: Payment, who: str, network: str) -> None:
        """Make a payment, and what follows it."""
        match who:
            case "refunded":
                await self._refunded(payment, network)
            case "recalled":
                await self._recalled(payment, network)
            case "returned":
                await self._returned(payment, network)
            case _:
                await self._asked(payment, network)

    async def _refunded(self, payment: Payment, network: str) -> None:
        """A shop's customers give back what they were paid, in parts, and at last one too many."""
        paid = await self._cast.guest(payment, network)
        if paid is None or not _is_paid(paid):
            return
        bank = self._city.member(SHOPS_BANK, answer_within_s=WITHIN_S)
        riel, parts = 1_000 + payment.minor, 1 + payment.number % PARTS_MAX
        for part in range(parts + 1):
            # Each part but the last is one of equal ones; what is asked for then is too much.
            amount = riel - riel // parts * (parts - 1) if part == parts - 1 else riel // parts
            asked = {"amount": {"currency": "KHR", "value": str(amount)}}
            told = Told(payment.number, debit=("KHR", str(amount)))
            path = f"{PAYMENTS}/{paid.uetr}/refunds"
            key = self._city.ids.uuid()
            await self._cast.order(Order(bank, SHOPS_BANK, key, asked, told, path), payment.copies)

    async def _recalled(self, payment: Payment, network: str) -> None:
        """A payer asks for all of it; a shop that cannot say yet says so later, or never."""
        order = await self._cast.member(payment, network)
        if order is None or not _is_paid(order.told):
            return
        told = Told(payment.number)
        path = f"{PAYMENTS}/{order.told.uetr}/recall"
        asked = {"reason": "CUST"}
        key = self._city.ids.uuid()
        recall = Order(order.client, order.member, key, asked, told, path)
        self._recalls.append((network, order.told.uetr, bool(payment.number % 2)))
        said = self._city.tasks.start("recall", self._cast.order(recall, payment.copies))
        await self._city.world.sleep(PAUSE_S)
        for number in range(payment.number % 3):
            # In one of three cases the shop never says anything.
            await self._decide(network, order.told.uetr, agreed=bool((payment.number + number) % 2))
            await self._city.world.sleep(PAUSE_S)
        await said

    async def at_last(self) -> None:
        """Shops that have not said anything to a recall do, here and abroad."""
        for network, uetr, agreed in self._recalls:
            await self._decide(network, uetr, agreed=agreed)
        for uetr, agreed in self._puts:
            await self._answered(uetr, agreed=agreed)

    async def _decide(self, network: str, uetr: str, *, agreed: bool) -> None:
        shown = await self._city.sandbox(network, "GET", "/control/requests")
        for each in shown["requests"]:
            if each["operation"] == "recall" and each["uetr"] == uetr:
                decided = {"cancellation_id": each["reference"], "agreed": agreed}
                await self._city.sandbox(network, "POST", "/control/decide-recall", decided)

    async def _returned(self, payment: Payment, network: str) -> None:
        """A shop gives back what a member paid: in parts, and now and then one too many."""
        order = await self._cast.member(payment, network)
        if order is None or not _is_paid(order.told):
            return
        lines = await self._city.book(network)
        line = next((each for each in lines if each["uetr"] == order.told.uetr), None)
        if line is None or line["status"] != "booked":
            return
        half = payment.minor // 2
        parts = [half, payment.minor - half]
        if payment.number % 2:
            parts.append(payment.minor)
        for minor in parts:
            given = {"reference": line["reference"], "repeat": payment.copies}
            given["amount"] = f"{minor // 100}.{minor % 100:02d}"
            await self._city.sandbox(network, "POST", "/control/return", given)

    async def _asked(self, payment: Payment, network: str) -> None:
        """A guest's network asks for all of it; the shop says yes or no, or nothing."""
        paid = await self._cast.guest(payment, network)
        if paid is None or not _is_paid(paid):
            return
        asked = {"uetr": paid.uetr}
        for _ in range(payment.copies):
            await self._city.sandbox(network, "POST", "/control/ask-back", asked)
        says = payment.number % 3
        self._puts.append((paid.uetr, says == 1))
        for _ in range(TRIES if says else 0):
            if await self._answered(paid.uetr, agreed=says == 1):
                break
            await self._city.world.sleep(PAUSE_S)
            await self._city.sandbox(network, "POST", "/control/ask-back", asked)

    async def _answered(self, uetr: str, *, agreed: bool) -> bool:
        """Whether the shop's bank could say what it thinks of a recall of this payment."""
        case = await self._got("operator-1", "GET", f"/v1/operations/payments/{uetr}")
        recalls = [each for each in (case or {}).get("linked", ()) if each["kind"] == "recall"]
        for recall in recalls:
            path = f"{PAYMENTS}/{recall['uetr']}/recall-answer"
            answer: dict[str, object] = {"agreed": agreed}
            if not agreed:
                answer["reason"] = "CUST"
            if await self._got(SHOPS_BANK, "POST", path, answer) is None:
                return False
        return bool(recalls)

    async def _got(
        self, who: str, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Mapping[str, Any] | None:
        client = self._city.member(who) if who == SHOPS_BANK else self._city.operator(who)
        data = b"" if body is None else orjson.dumps(dict(body))
        try:
            answer = await client.call(method, path, data)
        except _AWAY:
            return None
        if answer.status >= OK + 100 or not answer.body.startswith(b"{"):
            return None
        shown: Mapping[str, Any] = answer.json()
        return shown


def _is_paid(told: Told) -> bool:
    """Whether its payer was told that it is paid."""
    return any(FINAL.get(word.status) for word in told.words)
