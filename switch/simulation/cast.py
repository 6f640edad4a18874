"""Those who pay in a simulated run: members with their customers, and guests of other networks.

Each plays one payment to its end as a careful program does: the same key again when no final answer
came, the same message again from a network, an enquiry afterwards. What they are told is kept for
the oracle. They know nothing of the switch but its doors.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from switch.demo.scenes import DEBTOR, thai_code
from switch.qr import Khqr, write_khqr
from switch.simulation.oracle import FINAL, Told, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from switch.client import ClientAnswer, SigningClient
    from switch.simulation.city import City
    from switch.simulation.plan import Payment

MEMBERS: Final = ("ABAAKHPPXXX", "CADIKHPPXXX")
SPONSOR: Final = "ACLBKHPPXXX"
ANSWER_WITHIN_S: Final = 25.0
"""A member's program waits so long for an answer: longer than the switch keeps it waiting."""

WITHIN_MS: Final = (15_000, 15_000, 3_000)
"""How long a guest's network waits before it asks; one in three is impatient."""

TRIES: Final = 30
"""Times that a caller says the same thing before it waits for better weather."""

PAUSE_S: Final = 1.5
ENQUIRIES: Final = 3
AGAIN: Final = 2
"""Times that each asks again at the end, when everything has ended."""

_AWAY: Final = (aiohttp.ClientError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class _Order:
    """What a member's program says again and again: a key, what it asks for, what it heard."""

    client: SigningClient
    key: str
    asked: Mapping[str, object]
    told: Told


class Cast:
    """Everybody who pays in a run."""

    def __init__(self, city: City) -> None:
        self.told: list[Told] = []
        self._city = city
        self._orders: list[_Order] = []
        self._guests: list[Told] = []
        ways: dict[str, Callable[[Payment], Coroutine[Any, Any, None]]] = {
            "member": self._member,
            "greedy member": self._greedy,
            "thai guest": self._guest,
            "incoming": self._incoming,
        }
        self._ways = MappingProxyType(ways)

    async def play(self, payment: Payment) -> None:
        """Make a payment, as far as the weather lets it."""
        await self._ways[payment.way](payment)

    async def ask_again(self) -> None:
        """Everybody asks how it ended, now that it has."""
        for _ in range(AGAIN):
            for order in self._orders:
                await self._say(order)
            for told in self._guests:
                await self._enquire(told)

    def _new(self, payment: Payment, *, inbound: bool = False) -> Told:
        told = Told(payment.number, inbound=inbound)
        self.told.append(told)
        return told

    async def _pause(self) -> None:
        await self._city.world.sleep(PAUSE_S)

    # -- members ---------------------------------------------------------------------------------

    async def _member(self, payment: Payment, keys: int = 1) -> None:
        """A member's customer pays a shop in Thailand."""
        client = self._city.member(
            MEMBERS[payment.number % len(MEMBERS)], answer_within_s=ANSWER_WITHIN_S
        )
        amount = f"{payment.minor // 100}.{payment.minor % 100:02d}"
        offer = await self._offer(client, thai_code(amount))
        if offer is None:
            return
        asked = {"quote": offer["quote"], "debtor": dict(DEBTOR)}
        orders = []
        for _ in range(keys):
            told = self._new(payment)
            told.debit, told.credit = _money(offer["debit"]), _money(offer["credit"])
            orders.append(_Order(client, self._city.ids.uuid(), asked, told))
        self._orders += orders
        if keys > 1 and payment.number % 2:
            # One after the other, so that the second finds a quote that has been used.
            await self._until_final(orders.pop(0))
        copies = [
            self._city.tasks.start("copy", self._until_final(order))
            for order in orders
            for _ in range(payment.copies)
        ]
        for copy in copies:
            await copy

    async def _greedy(self, payment: Payment) -> None:
        """A member's program tries to pay twice at one quote, each under a key of its own."""
        await self._member(payment, keys=2)

    async def _offer(self, client: SigningClient, code: str) -> Mapping[str, Any] | None:
        for _ in range(TRIES):
            scanned = await self._got(client.scan(code))
            if scanned is not None and scanned.status == 200:  # noqa: PLR2004
                offer: Mapping[str, Any] = scanned.json()["quotes"][0]
                return offer
            await self._pause()
        return None

    async def _until_final(self, order: _Order) -> None:
        for _ in range(TRIES):
            if await self._say(order):
                return
            await self._pause()

    async def _say(self, order: _Order) -> bool:
        """Give the instruction once; whether the answer is final."""
        told, known = order.told, len(order.told.words)
        answer = await self._got(order.client.pay(order.key, order.asked))
        if answer is None or not answer.body.startswith(b"{"):
            return False
        body = answer.json()
        held = body.get("payment", body)
        if not isinstance(held, dict) or "uetr" not in held:
            return False
        kept = b"%d " % answer.status + answer.body if held["final"] else b""
        told.words.append(Word(held["status"], held["uetr"], known, kept))
        told.uetr = told.uetr or held["uetr"]
        return bool(held["final"])

    async def _got(self, call: Coroutine[Any, Any, ClientAnswer]) -> ClientAnswer | None:
        try:
            return await call
        except _AWAY:
            return None

    # -- guests ----------------------------------------------------------------------------------

    async def _guest(self, payment: Payment) -> None:
        """A Thai guest pays a shop in Cambodia; its network repeats its message, then asks."""
        riel = 1_000 + payment.minor
        shop = Khqr(
            account=payment.to or "noodleshop@aclb",
            merchant_name="Noodle Shop",
            merchant_city="Phnom Penh",
            category="5812",
        )
        asked = {
            "payload": write_khqr(shop),
            "amount": str(riel),
            "repeat": payment.copies,
            "within_ms": WITHIN_MS[payment.number % len(WITHIN_MS)],
        }
        for _ in range(TRIES):
            answer = await self._city.sandbox("thailand", "POST", "/control/pay-khqr", asked)
            if answer.get("uetr") is not None:
                break
            await self._pause()
        else:
            return
        told = self._new(payment, inbound=True)
        told.uetr = answer["uetr"]
        told.debit, told.credit = (answer["currency"], answer["amount"]), ("KHR", str(riel))
        self._guests.append(told)
        self._heard(told, answer)
        for _ in range(ENQUIRIES):
            if any(word.final for word in told.words):
                return
            await self._enquire(told)
            await self._pause()

    async def _enquire(self, told: Told) -> None:
        asked = {"uetr": told.uetr}
        self._heard(told, await self._city.sandbox("thailand", "POST", "/control/enquire", asked))

    def _heard(self, told: Told, answer: Mapping[str, Any]) -> None:
        for each in answer["answers"]:
            if each["status"] is not None:
                # A network hears the same end in the words of an answer or of an enquiry.
                word = each["status"]
                body = b"%d" % FINAL[word] if word in FINAL else b""
                told.words.append(Word(word, told.uetr, len(told.words), body))

    # -- the backbone ----------------------------------------------------------------------------

    async def _incoming(self, payment: Payment) -> None:
        """Another bank pays into the sponsor's pool; the switch has to collect and acknowledge."""
        asked = {"payee": SPONSOR, "amount": str(payment.minor), "currency": "KHR"}
        await self._city.sandbox("bakong", "POST", "/control/incoming", asked)


def _money(given: Mapping[str, str]) -> tuple[str, str]:
    return given["currency"], given["value"]
