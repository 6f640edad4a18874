"""Those who pay in a simulated run: members with their customers, and guests of other networks.

Each plays one payment to its end as a careful program does: the same key again when no final answer
came, the same message again from a network, an enquiry afterwards. What they are told is kept for
the oracle. They know nothing of the switch but its doors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson

from switch.demo.scenes import DEBTOR
from switch.qr import Khqr, write_khqr
from switch.simulation.corridors import LISTED
from switch.simulation.evidence import FINAL, Told, Word
from switch.simulation.orders import PAYMENTS, Order
from switch.simulation.regrets import Regrets
from switch.simulation.shops import SHOPS

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from switch.client import ClientAnswer, SigningClient
    from switch.simulation.city import City
    from switch.simulation.operators import Operators
    from switch.simulation.plan import Payment
    from switch.simulation.shops import Shop

MEMBERS: Final = ("ABAAKHPPXXX", "CADIKHPPXXX")
SPONSOR: Final = "ACLBKHPPXXX"
DEPOSIT: Final = "3000000"
"""Riel that a member pays in: enough for some dozens of payments, then they are refused."""
ANSWER_WITHIN_S: Final = 25.0
"""A member's program waits so long for an answer: longer than the switch keeps it waiting."""

WITHIN_MS: Final = (15_000, 15_000, 3_000)
"""How long a guest's network waits before it asks; one in three is impatient."""

TRIES: Final = 9
"""Times that a caller says the same thing before it waits for better weather."""

PAUSE_S, PAUSE_MAX_S = 1.5, 30.0
"""Pauses between them: doubling from the one to the other."""

ENQUIRIES: Final = 3

_AWAY: Final = (aiohttp.ClientError, OSError, TimeoutError)


CONFIRMED: Final = "ACCC"
"""What a network hears that takes an order back."""

HEARD: Final = "S"
"""What a shop's network hears that takes back an order which is not paid yet."""

OK: Final = 200
UNPROCESSABLE: Final = 422

LOOKS, LOOK_S = 3, 10.0
"""How often operators look whether somebody was held, and how long they wait."""

TOO_MUCH_EVERY: Final = 5
"""Of so many payments that are paid for in advance, the bank of one pushes too much."""


class Cast:
    """Everybody who pays in a run."""

    def __init__(self, city: City, operators: Operators) -> None:
        self.told: list[Told] = []
        self._operators = operators
        self._city = city
        self._orders: list[Order] = []
        self._guests: list[tuple[str, Told]] = []
        self._pushed: dict[str, None] = {}
        self._regrets = Regrets(city, self)

    async def play(self, payment: Payment) -> None:
        """Make a payment, as far as the weather lets it: who pays, and where the payee is."""
        who, _, network = payment.way.rpartition(" ")
        match who:
            case "member":
                await self.member(payment, network)
            case "called off":
                await self.member(payment, network, called_off=True)
            case "listed":
                await self._listed(payment, network)
            case "greedy":
                await self.member(payment, network, keys=2)
            case "guest":
                await self.guest(payment, network)
            case "refunded" | "recalled" | "returned" | "asked":
                await self._regrets.play(payment, who, network)
            case "debited":
                await self._debited(payment, network, "/control/pay-khqr")
            case "fickle":
                await self._fickle(payment, network)
            case _:
                await self._incoming(payment)

    async def at_last(self) -> None:
        """Whoever has not said anything yet does so, now that everybody is healthy."""
        await self._regrets.at_last()

    async def ask_again(self) -> None:
        """Everybody asks how it ended, now that it has."""
        for order in self._orders:
            for _ in range(_times(order.told)):
                await self._say(order)
        for network, told in self._guests:
            for _ in range(_times(told)):
                await self._enquire(network, told)

    def _new(self, payment: Payment, *, inbound: bool = False) -> Told:
        told = Told(payment.number, inbound=inbound)
        self.told.append(told)
        return told

    async def _pause(self, tried: int) -> None:
        await self._city.world.sleep(min(PAUSE_S * 2**tried, PAUSE_MAX_S))

    # -- members ---------------------------------------------------------------------------------

    async def _listed(self, payment: Payment, network: str) -> None:
        """Somebody pays who may be on a list; operators look at it before long."""
        paid = self._city.tasks.start(
            "payment", self.member(payment, network, debtor={**DEBTOR, "name": LISTED})
        )
        for _ in range(LOOKS):
            await self._city.world.sleep(LOOK_S)
            for told in self.told:
                if told.number == payment.number and told.uetr:
                    await self._operators.attend(told.uetr)
        await paid

    async def member(
        self,
        payment: Payment,
        network: str,
        keys: int = 1,
        debtor: Mapping[str, str] = DEBTOR,
        *,
        called_off: bool = False,
    ) -> Order | None:
        """A member's customer pays a shop abroad; with several keys at one quote each time.

        ``called_off``: the shop takes its order back while the payer's money is awaited.
        """
        member = MEMBERS[payment.number % len(MEMBERS)]
        client = self._city.member(member, answer_within_s=ANSWER_WITHIN_S)
        offer = await self._offer(client, SHOPS[network], payment)
        if offer is None:
            return None
        asked = {"quote": offer["quote"], "debtor": dict(debtor)}
        orders, code = [], (network, SHOPS[network].code(payment)) if called_off else ("", "")
        for _ in range(keys):
            told = self._new(payment)
            told.debit, told.credit = _money(offer["debit"]), _money(offer["credit"])
            key = self._city.ids.uuid()
            orders.append(Order(client, member, key, asked, told, called_off=code))
        self._orders += orders
        first = orders[0]
        if keys > 1 and payment.number % 2:
            # One after the other, so that the second finds a quote that has been used.
            await self.until_final(orders.pop(0))
        copies = [
            self._city.tasks.start("copy", self.until_final(order))
            for order in orders
            for _ in range(payment.copies)
        ]
        for copy in copies:
            await copy
        return first

    async def order(self, order: Order, copies: int) -> None:
        """Say something until it is final, several at once, and remember to ask in the end."""
        self._orders.append(order)
        self.told.append(order.told)
        said = [self._city.tasks.start("copy", self.until_final(order)) for _ in range(copies)]
        for each in said:
            await each

    async def _offer(
        self, client: SigningClient, shop: Shop, payment: Payment
    ) -> Mapping[str, Any] | None:
        """Scan the shop's code and, where it fixes no amount, have one quoted."""
        amount = {"currency": shop.currency, "value": shop.amount(payment.minor)}
        for tried in range(TRIES):
            answer = await self._got(client.scan(shop.code(payment)))
            if answer is not None and answer.status == OK and not shop.fixes:
                answer = await self._got(client.quote(answer.json()["scan"], amount))
            if answer is not None and answer.status == OK:
                offer: Mapping[str, Any] = answer.json()["quotes"][0]
                return offer
            await self._pause(tried)
        return None

    async def until_final(self, order: Order) -> None:
        """Say it until the answer is final, or patience ends."""
        for tried in range(TRIES):
            if await self._say(order):
                return
            await self._pause(tried)

    async def _say(self, order: Order) -> bool:
        """Give the instruction once; whether the answer is final."""
        told, known = order.told, len(order.told.words)
        body = orjson.dumps(dict(order.asked))
        said = order.client.call("POST", order.path, body, idempotency_key=order.key)
        answer = await self._got(said)
        if answer is None or not answer.body.startswith(b"{"):
            return False
        body = answer.json()
        held = body.get("payment", body)
        if not isinstance(held, dict) or "uetr" not in held:
            if answer.status != UNPROCESSABLE or order.path == PAYMENTS:
                return False
            # Refused in words alone: whoever was told so relies on it all the same.
            told.words.append(Word("RJCT", "", known, b"%d " % answer.status + answer.body))
            return True
        kept = b"%d " % answer.status + answer.body if held["final"] else b""
        told.words.append(Word(held["status"], held["uetr"], known, kept))
        told.uetr = told.uetr or held["uetr"]
        if "fund" in held and told.uetr not in self._pushed:
            self._pushed[told.uetr] = None
            if await self._stands(order):
                await self._push(order, held["fund"])
        return bool(held["final"])

    async def pay_in(self, member: str) -> None:
        """Somebody pays in what a member's customers are to pay of."""
        paid = {"payee": SPONSOR, "amount": DEPOSIT, "currency": "KHR", "note": member}
        await self._city.sandbox("bakong", "POST", "/control/incoming", paid)

    async def _stands(self, order: Order) -> bool:
        """Whether the payer's bank pushes money; of a shop's order that is called off every second.

        Only where the shop was heard: otherwise nobody may pay, and it expires.
        """
        network, payload = order.called_off
        if not network:
            return True
        said = await self._city.sandbox(network, "POST", "/control/cancel", {"payload": payload})
        return said.get("status") == HEARD and order.told.number % 2 == 0

    async def _push(self, order: Order, fund: Mapping[str, Any]) -> None:
        """The payer's bank pushes what is asked for, once; now and then a riel too much."""
        value = int(fund["amount"]["value"]) + (order.told.number % TOO_MUCH_EVERY == 0)
        pushed = {
            "payer": order.member,
            "payee": fund["participant"],
            "amount": str(value),
            "currency": fund["amount"]["currency"],
            "note": fund["note"],
        }
        await self._city.sandbox("bakong", "POST", "/control/incoming", pushed)

    async def _got(self, call: Coroutine[Any, Any, ClientAnswer]) -> ClientAnswer | None:
        try:
            return await call
        except _AWAY:
            return None

    # -- guests ----------------------------------------------------------------------------------

    async def guest(self, payment: Payment, network: str) -> Told | None:
        """A guest pays a shop in Cambodia; the network repeats its message, then asks."""
        riel = 1_000 + payment.minor
        asked = {
            "payload": _khqr(payment),
            "amount": str(riel),
            "repeat": payment.copies,
            "within_ms": WITHIN_MS[payment.number % len(WITHIN_MS)],
        }
        for tried in range(TRIES):
            answer = await self._city.sandbox(network, "POST", "/control/pay-khqr", asked)
            if answer.get("uetr") is not None:
                break
            await self._pause(tried)
        else:
            return None
        told = self._new(payment, inbound=True)
        told.uetr = answer["uetr"]
        told.debit, told.credit = (answer["currency"], answer["amount"]), ("KHR", str(riel))
        self._guests.append((network, told))
        self._heard(told, answer)
        for tried in range(ENQUIRIES):
            if any(word.final for word in told.words):
                break
            await self._enquire(network, told)
            await self._pause(tried)
        return told

    async def _fickle(self, payment: Payment, network: str) -> None:
        """A guest orders and takes it back; every second is debited nevertheless."""
        order = await self._debited(payment, network, "/control/verify")
        if order is None:
            return
        key = {"key": order["key"]}
        said = await self._city.sandbox(network, "POST", "/control/cancel", key)
        if said["status"] == CONFIRMED:
            told = next(each for each in self.told if each.uetr == order["uetr"])
            told.taken_back = True
        if payment.number % 2:
            await self._city.sandbox(network, "POST", "/control/advise", key)

    async def _debited(self, payment: Payment, network: str, path: str) -> Mapping[str, Any] | None:
        """A guest is debited by its network, which then tells the switch until it is heard."""
        riel = 1_000 + payment.minor
        asked = {
            "payload": _khqr(payment, self._city.number_of(network, payment.to)),
            "amount": str(riel),
            "repeat": payment.copies,
            "customer": f"guest-{payment.number}",
        }
        for tried in range(TRIES):
            answer = await self._city.sandbox(network, "POST", path, asked)
            if answer.get("uetr") is not None:
                break
            await self._pause(tried)
        else:
            return None
        told = self._new(payment, inbound=True)
        told.uetr = answer["uetr"]
        told.debit, told.credit = (answer["currency"], answer["amount"]), ("KHR", str(riel))
        shown: Mapping[str, Any] = answer
        return shown

    async def _enquire(self, network: str, told: Told) -> None:
        asked = {"uetr": told.uetr}
        self._heard(told, await self._city.sandbox(network, "POST", "/control/enquire", asked))

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


def _times(told: Told) -> int:
    """How often to ask at the end: until there are two final answers to compare."""
    return 1 if any(word.final for word in told.words) else 2


def _khqr(payment: Payment, unionpay: str | None = None) -> str:
    """The code of the Cambodian shop of a payment, without an amount.

    ``unionpay`` is the shop's number there, where it has one.
    """
    shop = Khqr(
        account=payment.to or "noodleshop@aclb",
        merchant_name="Noodle Shop",
        merchant_city="Phnom Penh",
        category="5812",
        unionpay=unionpay,
    )
    return write_khqr(shop)


def _money(given: Mapping[str, str]) -> tuple[str, str]:
    return given["currency"], given["value"]
