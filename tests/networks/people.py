"""Whoever acts in a run over all networks: customers, guests, shops, banks; none sees the switch.

Each knows its own door and gives the same order again until it is told how it ended. What they are
told is kept, so that an answer that changes later is found. The surprise: a shop abroad that gives
back is played by its network's simulator, because only the network can tell the switch.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson

from switch.demo.books import switch_book
from switch.demo.scenes import DEBTOR
from switch.qr import Khqr, write_khqr
from tests.books.books_rig import child

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Coroutine, Iterator

    from switch.client import ClientAnswer
    from switch.demo.abroad import Abroad
    from switch.demo.stage import Stage

PAYMENTS: Final = "/v1/payments"
MEMBERS: Final = ("ABAAKHPPXXX", "CADIKHPPXXX")
SHOPS_BANK: Final = MEMBERS[0]
SHOPS: Final = ("coffee@abaa", "silkhouse@abaa", "closed@abaa", "vanishing@abaa")
SHOP_WEIGHTS: Final = (8, 8, 1, 1)
"""Most shops can be credited; of the others one is refused at once and one underway."""

ACQUIRERS: Final = "1974011600520446"
"""What stands before a number of UnionPay in a KHQR: the institutions on both sides."""

RETURNING: Final = ("thailand", "laos", "malaysia", "vietnam", "unionpay", "alipayplus")
"""Networks whose shops give back by a message to us; Japan's refunds are ours to ask for."""

LOOKS: Final = 4
"""How often shops look through what they got."""

ASKED_AGAIN_S: Final = 0.3
ASKED_FOR_S: Final = 8.0
ANSWERED_WITHIN_S: Final = 180.0
TRIES: Final = 600
MEMBER_WAITS_S: Final = 2.5
GUEST_WAITS_MS: Final = 2_500
SHARE_GIVEN_BACK: Final = 0.2
NOBODY: Final = (aiohttp.ClientError, OSError, TimeoutError)


@dataclass
class Order:
    """A member's instruction, which can be given again byte for byte, and what was heard of it."""

    member: str
    key: str
    asked: dict[str, Any]
    path: str = PAYMENTS
    final: bytes = b""


@dataclass
class Run:
    """What has happened so far."""

    chance: random.Random
    orders: list[Order] = field(default_factory=list)
    guests: dict[str, str] = field(default_factory=dict)
    """Networks by the UETR of their guests' payments."""
    done: int = 0
    kills: int = 0
    returns: int = 0
    contradictions: list[str] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def one_more(self) -> None:
        """A customer has done what they came for."""
        async with self._changed:
            self.done += 1
            self._changed.notify_all()

    async def reached(self, number: float) -> None:
        """Wait until so many customers have."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.done >= number)


async def person(stage: Stage, run: Run, queue: Iterator[Any]) -> None:
    for place, (way, network) in queue:
        if way == "out":
            await _customer(stage, run, network, place)
        else:
            await _guest(stage, run, network, place)
        await run.one_more()


async def _tried(call: Coroutine[Any, Any, ClientAnswer], within_s: float) -> ClientAnswer | None:
    """What a caller gets, if it gets anything in time."""
    try:
        return await asyncio.wait_for(call, within_s)
    except NOBODY:
        return None


async def _until(
    stage: Stage, make: Callable[[], Coroutine[Any, Any, ClientAnswer]]
) -> ClientAnswer:
    """Ask until there is an answer that is 200; a switch may take long to come back."""
    began = time.monotonic()
    while time.monotonic() - began < ANSWERED_WITHIN_S:
        answer = await _tried(make(), ASKED_FOR_S)
        if answer is not None and answer.status == 200:
            return answer
        await asyncio.sleep(ASKED_AGAIN_S)
    told = "nothing" if answer is None else str(answer.body[:300])
    ended = child(stage, "switch").process.returncode
    log = (stage.data / "switch.log").read_text("utf-8")[-2_000:]
    raise AssertionError(f"asked in vain: {told}; the switch ended with {ended}: {log}")


async def _customer(stage: Stage, run: Run, network: Abroad, place: int) -> None:
    """A member's customer pays a shop abroad, and asks twice how it went."""
    bic = MEMBERS[place % len(MEMBERS)]
    member = stage.member(bic)
    offer = await _offer(stage, bic, network, run)
    order = Order(bic, stage.ids.uuid(), {"quote": offer["quote"], "debtor": dict(DEBTOR)})
    run.orders.append(order)
    for _ in range(1 + place % 2):
        answer = await _tried(member.pay(order.key, order.asked), MEMBER_WAITS_S)
        _heard(run, order, answer)


async def _offer(stage: Stage, bic: str, network: Abroad, run: Run) -> dict[str, Any]:
    """Scan a code and have an amount of the network's currency quoted, where it fixes none."""
    member = stage.member(bic)
    if network.orders:
        scanned = (await _until(stage, lambda: member.scan(network.shown(stage)))).json()
        offer: dict[str, Any] = scanned["quotes"][0]
        return offer
    whole = int(float(network.amount))
    wish = {"currency": network.currency, "value": str(whole + run.chance.randrange(whole))}
    for _ in range(TRIES):
        scan = (await _until(stage, lambda: member.scan(network.shown(stage)))).json()["scan"]
        answer = await _tried(member.quote(scan, wish), ASKED_FOR_S)
        if answer is not None and answer.status == 200:
            return dict(answer.json()["quotes"][0])
        await asyncio.sleep(ASKED_AGAIN_S)
    raise AssertionError(f"{network.name}: no quote")


def _heard(run: Run, order: Order, answer: ClientAnswer | None) -> None:
    """Keep the first final answer; another one later is a contradiction."""
    if answer is None or answer.status >= 500 or not answer.body.startswith(b"{"):
        return
    body = answer.json()
    shown = body.get("payment", body)
    if not isinstance(shown, dict) or not shown.get("final"):
        return
    final = b"%d " % answer.status + answer.body
    if order.final and order.final != final:
        run.contradictions.append(f"{shown['uetr']}: another answer than before")
    order.final = order.final or final


async def _guest(stage: Stage, run: Run, network: Abroad, place: int) -> None:
    """A guest pays a shop here; one shop in five gives something back."""
    (shop,) = run.chance.choices(SHOPS, SHOP_WEIGHTS)
    listed = stage.config.merchants.of_account("unionpay", shop)
    assert listed is not None, "every shop has a number there"
    code = write_khqr(
        Khqr(account=shop, merchant_name="Noodle Shop", merchant_city="Phnom Penh",
             category="5812", unionpay=f"{ACQUIRERS}{listed.merchant_id}")
    )  # fmt: skip
    riel = 20_000 + 100 * run.chance.randrange(400)
    asked = {"payload": code, "amount": str(riel), "repeat": 1 + place % 3,
             "within_ms": GUEST_WAITS_MS}  # fmt: skip
    for _ in range(TRIES):
        told = await stage.sandbox(network.name, "POST", "/control/pay-khqr", asked)
        if told.get("uetr"):
            break
        await asyncio.sleep(ASKED_AGAIN_S)
    else:
        raise AssertionError(f"{network.name}: no guest got a price: {told}")
    run.guests[told["uetr"]] = network.name
    if place % 5 == 0 and shop in SHOPS[:2]:
        await _bank_gives_back(stage, run, told["uetr"], 100 * run.chance.randrange(1, 100))


async def _bank_gives_back(stage: Stage, run: Run, uetr: str, riel: int) -> None:
    """The bank of a shop here gives back a part, as soon as the shop was credited."""
    asked = {"amount": {"currency": "KHR", "value": str(riel)}}
    order = Order(SHOPS_BANK, stage.ids.uuid(), asked, f"/v1/payments/{uetr}/refunds")
    for _ in range(8):
        answer = await _tried(_given(stage, order), MEMBER_WAITS_S)
        if answer is not None and answer.status in (200, 202):
            run.orders.append(order)
            _heard(run, order, answer)
            return
        await asyncio.sleep(ASKED_AGAIN_S)
    # Whether the last one was heard is not known, so it is asked for again at the end.
    run.orders.append(order)


def _given(stage: Stage, order: Order) -> Coroutine[Any, Any, ClientAnswer]:
    """An order, given once."""
    body = orjson.dumps(order.asked)
    return stage.member(order.member).call("POST", order.path, body, idempotency_key=order.key)


async def shops(stage: Stage, run: Run, payments: int) -> None:
    """Now and then one in five shops abroad that got its money gives a part of it back."""
    seen: set[str] = set()
    for step in range(1, LOOKS + 1):
        await run.reached(payments * step / LOOKS)
        for line in await lines(stage):
            paid = (line["kind"], line["direction"], line["status"]) == (
                "payment", "outbound", "ACCC"
            )  # fmt: skip
            if paid and line["uetr"] not in seen:
                seen.add(line["uetr"])
                if run.chance.random() < SHARE_GIVEN_BACK and line["counterparty"] in RETURNING:
                    await _give_back(stage, run, line)


async def lines(stage: Stage) -> list[dict[str, Any]]:
    """Every payment of the switch, as soon as one answers."""
    for _ in range(TRIES):
        try:
            return await switch_book(stage)
        except (*NOBODY, orjson.JSONDecodeError, KeyError):
            await asyncio.sleep(ASKED_AGAIN_S)
    raise AssertionError("the switch does not answer")


async def _give_back(stage: Stage, run: Run, line: dict[str, Any]) -> None:
    """A shop gives back a part that no other gives back."""
    whole = Decimal(line["credit"]["value"])
    cents = 2 if "." in line["credit"]["value"] else 0
    part = (whole / 3).quantize(Decimal(1).scaleb(-cents), ROUND_DOWN)
    asked = {"uetr": line["uetr"], "reference": line["reference"], "amount": str(part),
             "within_ms": GUEST_WAITS_MS}  # fmt: skip
    told = await stage.sandbox(line["counterparty"], "POST", "/control/return", asked)
    assert "error" not in told, told
    run.returns += 1


async def _control(
    stage: Stage, network: str, path: str, body: dict[str, Any]
) -> dict[str, Any] | None:
    """Ask a simulator for what not every one can do."""
    try:
        told: dict[str, Any] = await stage.sandbox(network, "POST", path, body)
    except orjson.JSONDecodeError:
        return None
    return None if "error" in told else told


async def asked_again(stage: Stage, run: Run, order: Order) -> None:
    """A caller asks again, twice: who was answered is answered the same."""
    statuses = []
    for _ in range(2):
        for _ in range(TRIES):
            answer = await _tried(_given(stage, order), 10)
            if answer is not None and answer.status not in (202, 429, 500, 503):
                break
            await asyncio.sleep(ASKED_AGAIN_S)
        _heard(run, order, answer)
        statuses.append(0 if answer is None else answer.status)
    if len(set(statuses)) > 1 or (order.path == PAYMENTS and not order.final):
        run.contradictions.append(f"{order.key}: answered {statuses} in the end")


async def enquire(stage: Stage, run: Run) -> None:
    """Each network asks after what is pending in its own book."""
    for name in sorted(set(run.guests.values())):
        book = (await stage.sandbox(name, "GET", "/state"))["book"]
        for line in book:
            if line["status"] == "pending" and line["direction"] == "inbound":
                await _control(stage, name, "/control/enquire", {"uetr": line["uetr"]})
