"""Those who pay in a simulated run: members with their customers, and guests of other networks.

Each plays one payment to its end as a careful program does: the same key again when no final answer
came, the same message again from a network, an enquiry afterwards. What they are told is kept for
the oracle. They know nothing of the switch but its doors.
"""

from __future__ import annotations

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
ANSWER_WITHIN_S: Final = 25.0
"""A member's program waits so long for an answer: longer than the switch keeps it waiting."""

TRIES: Final = 30
"""Times that a caller says the same thing before it waits for better weather."""

PAUSE_S: Final = 1.5
AGAIN: Final = 2
"""Times that each asks again at the end, when everything has ended."""

_AWAY: Final = (aiohttp.ClientError, OSError, TimeoutError)


class Cast:
    """Everybody who pays in a run."""

    def __init__(self, city: City) -> None:
        self.told: dict[int, Told] = {}
        self._city = city
        self._asked: dict[int, tuple[str, dict[str, object]]] = {}
        self._ways: Mapping[str, Callable[[Payment, Told], Coroutine[Any, Any, None]]] = (
            MappingProxyType({"member": self._member, "thai guest": self._guest})
        )

    async def play(self, payment: Payment) -> None:
        """Make a payment, as far as the weather lets it."""
        told = self.told[payment.number] = Told(payment.number)
        await self._ways[payment.way](payment, told)

    async def ask_again(self, payment: Payment) -> None:
        """Ask how it ended, now that it has."""
        told = self.told[payment.number]
        for _ in range(AGAIN):
            if payment.number in self._asked:
                await self._say(payment, told)
            elif told.uetr:
                await self._enquire(told)

    # -- members ---------------------------------------------------------------------------------

    def _client(self, payment: Payment) -> SigningClient:
        bic = MEMBERS[payment.number % len(MEMBERS)]
        return self._city.member(bic, answer_within_s=ANSWER_WITHIN_S)

    async def _member(self, payment: Payment, told: Told) -> None:
        """A member's customer pays a shop in Thailand."""
        amount = f"{payment.minor // 100}.{payment.minor % 100:02d}"
        code = thai_code(amount, payment.to or "010555900011101")
        for _ in range(TRIES):
            scanned = await self._got(self._client(payment).scan(code))
            if scanned is not None and scanned.status == 200:  # noqa: PLR2004
                break
            await self._city.world.sleep(PAUSE_S)
        else:
            return
        offer = scanned.json()["quotes"][0]
        told.debit, told.credit = _money(offer["debit"]), _money(offer["credit"])
        asked = {"quote": offer["quote"], "debtor": dict(DEBTOR)}
        self._asked[payment.number] = (self._city.ids.uuid(), asked)
        copies = [
            self._city.tasks.start("copy", self._until_final(payment, told))
            for _ in range(payment.copies)
        ]
        for copy in copies:
            await copy

    async def _until_final(self, payment: Payment, told: Told) -> None:
        for _ in range(TRIES):
            if await self._say(payment, told):
                return
            await self._city.world.sleep(PAUSE_S)

    async def _say(self, payment: Payment, told: Told) -> bool:
        """Give the instruction once; whether the answer is final."""
        key, asked = self._asked[payment.number]
        known = len(told.words)
        answer = await self._got(self._client(payment).pay(key, asked))
        if answer is None or not answer.body.startswith(b"{"):
            return False
        body = answer.json()
        held = body.get("payment", body)
        if not isinstance(held, dict) or "uetr" not in held:
            return False
        body_kept = b"%d " % answer.status + answer.body if held["final"] else b""
        told.words.append(Word(held["status"], held["uetr"], known, body_kept))
        told.uetr = told.uetr or held["uetr"]
        return bool(held["final"])

    async def _got(self, call: Coroutine[Any, Any, ClientAnswer]) -> ClientAnswer | None:
        try:
            return await call
        except _AWAY:
            return None

    # -- guests ----------------------------------------------------------------------------------

    async def _guest(self, payment: Payment, told: Told) -> None:
        """A Thai guest pays a shop in Cambodia; its network repeats its message."""
        told.inbound = True
        riel = 1_000 + payment.minor
        shop = Khqr(
            account=payment.to or "noodleshop@aclb",
            merchant_name="Noodle Shop",
            merchant_city="Phnom Penh",
            category="5812",
        )
        asked = {"payload": write_khqr(shop), "amount": str(riel), "repeat": payment.copies}
        for _ in range(TRIES):
            answer = await self._city.sandbox("thailand", "POST", "/control/pay-khqr", asked)
            if answer.get("uetr") is not None:
                break
            await self._city.world.sleep(PAUSE_S)
        else:
            return
        told.uetr = answer["uetr"]
        told.debit, told.credit = (answer["currency"], answer["amount"]), ("KHR", str(riel))
        self._heard(told, answer)

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


def _money(given: Mapping[str, str]) -> tuple[str, str]:
    return given["currency"], given["value"]
