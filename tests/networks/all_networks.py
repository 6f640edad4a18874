"""One random run over all networks at once: processes, HTTP, faults, and a switch that is killed.

Members' customers pay in every country, guests from each country pay here, shops and their banks
give back; one request in five meets a fault at whichever network it reaches. The switch is killed
among them, again and again, and started on what it left. At the end nobody is helped: it is waited
until every payment has ended, and then the books of all sides are held against each other.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson

from switch.config import load_config
from switch.demo.abroad import Abroad, demonstrated
from switch.demo.books import network_books, switch_book
from switch.demo.scenes import DEBTOR
from switch.demo.stage import Stage
from switch.qr import Khqr, write_khqr
from tests.books.books_rig import child, restarted
from tests.kill.kill_rounds import verified
from tests.networks.books_of_all import disagreements
from tests.networks.fast_facts import hurried

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from pathlib import Path

    import pytest

    from switch.client import ClientAnswer
    from switch.config import Config

MEMBERS: Final = ("ABAAKHPPXXX", "CADIKHPPXXX")
SHOPS_BANK: Final = MEMBERS[0]
SHOPS: Final = ("coffee@abaa", "silkhouse@abaa", "closed@abaa", "vanishing@abaa")
SHOP_WEIGHTS: Final = (8, 8, 1, 1)
"""Most shops can be credited; of the others one is refused at once and one underway."""

ACQUIRERS: Final = "1974011600520446"
"""What stands before a number of UnionPay in a KHQR: the institutions on both sides."""

AT_ONCE: Final = 10
"""People who act side by side."""

SHARE: Final = 0.20
"""Of all requests: those that meet a fault."""

ANSWERED_BADLY: Final = (
    *("drop_request", "drop_answer", "garbage", "wrong_signature", "error_500", "unavailable"),
    *("late", "slow", "slow_body", "twice", "answer_twice", "reset", "redirect", "oversize"),
    "wrong_clock",
)
DECIDED_BADLY: Final = ("refuse", "pending")
"""Only where money moves. Left out: `hold` (until it is told to answer) and `contradict`, after
which the books must differ until people have settled the dispute."""

OPERATIONS: Final = ("lookup", "quote", "pay", "enquire", "cancel", "refund", "collect")
DELAY_MS: Final = {
    "late": 2_200, "slow_body": 2_200, "pending": 2_500, "slow": 600, "wrong_clock": 900_000
}  # fmt: skip

RETURNING: Final = ("thailand", "laos", "malaysia", "vietnam", "unionpay", "alipayplus")
"""Networks whose shops give back by a message to us; Japan's refunds are ours to ask for."""

LOOKS: Final = 4
"""How often shops look through what they got."""

ASKED_AGAIN_S: Final = 0.3
TRIES: Final = 100
MEMBER_WAITS_S: Final = 2.5
GUEST_WAITS_MS: Final = 2_500
ENDED_WITHIN_S: Final = 300
NOBODY: Final = (aiohttp.ClientError, OSError, TimeoutError)


@dataclass
class Order:
    """A member's instruction, which can be given again byte for byte, and what was heard of it."""

    member: str
    key: str
    asked: dict[str, Any]
    path: str = "/v1/payments"
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


class Stopwatch:
    """How long each part took, in seconds."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._at = time.monotonic()

    def lap(self, what: str) -> None:
        """What has ended now."""
        before, self._at = self._at, time.monotonic()
        self.laps[what] = self._at - before


@dataclass(frozen=True)
class Told:
    """The end of a run."""

    ours: list[dict[str, Any]]
    differing: list[str]
    report: dict[str, Any]
    kills: int
    returns: int
    refunds: int
    faults: Counter[str]
    requests: int
    contradictions: list[str]
    took_s: Mapping[str, float]

    @property
    def by_way(self) -> Counter[str]:
        """Customers' payments by direction and network."""
        return Counter(f"{line['direction']} {line['counterparty']}" for line in self.ours
                       if line["kind"] == "payment")  # fmt: skip

    def __str__(self) -> str:
        ended = Counter(line["status"] for line in self.ours)
        took = ", ".join(f"{what} {seconds:.0f} s" for what, seconds in self.took_s.items())
        return (
            f"{len(self.ours)} payments ({dict(ended)}), {self.refunds} refunds and"
            f" {self.returns} returns among them; {self.kills} kills; {self.faults.total()} of"
            f" {self.requests} requests met a fault, {len(self.faults)} kinds; {took};"
            f" {len(self.differing)} differences; {dict(self.by_way)}"
        )


def ways(config: Config) -> list[tuple[str, Abroad]]:
    """Every direction of every enabled corridor."""
    networks = demonstrated(config).values()
    out = [("out", each) for each in networks if each.currency]
    return out + [("in", each) for each in networks if each.guests]


def played(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, payments: int, kills: int, seed: int
) -> Told:
    """Play a run of so many customers' payments with so many kills."""
    tree = hurried(folder)
    monkeypatch.chdir(tree)
    monkeypatch.setenv("PYTHONPATH", str(tree))
    config = load_config(tree / "config")
    return asyncio.run(_played(config, payments, kills, seed))


async def _played(config: Config, payments: int, kills: int, seed: int) -> Told:
    networks = sorted({each.name for _, each in ways(config)})
    run, took = Run(random.Random(seed)), Stopwatch()
    async with Stage(config, None, networks=networks) as stage:
        took.lap("start")
        await _troubled(stage, demonstrated(config), seed)
        todo = [ways(config)[place % len(ways(config))] for place in range(payments)]
        run.chance.shuffle(todo)
        queue = iter(list(enumerate(todo)))
        people = [_person(stage, run, queue) for _ in range(AT_ONCE)]
        others = _killer(stage, run, payments, kills), _shops(stage, run, payments)
        await asyncio.gather(*people, *others)
        took.lap("payments")
        faults, requests = await _calm(stage)
        await _ended(stage, run)
        took.lap("until all had ended")
        await asyncio.gather(*[_asked_again(stage, run, order) for order in run.orders])
        ours, theirs = await switch_book(stage), await network_books(stage)
        report = await verified(stage)
        took.lap("asking again and comparing")
    run.contradictions += _told_otherwise(run, ours)
    refunds = [line for line in ours if line["kind"] == "refund"]
    return Told(
        ours, disagreements(ours, theirs), report, run.kills, run.returns, len(refunds),
        faults, requests, run.contradictions, took.laps,
    )  # fmt: skip


async def _troubled(stage: Stage, networks: dict[str, Abroad], seed: int) -> None:
    """Faults of every kind by rate, at every network, for every operation that it knows."""
    for name in sorted(stage.urls):
        if name == "switch":
            continue
        for place, operation in enumerate(OPERATIONS):
            moves = operation in ("pay", "refund")
            kinds = (*ANSWERED_BADLY, *DECIDED_BADLY) if moves else ANSWERED_BADLY
            rate = round(1 - (1 - SHARE) ** (1 / len(kinds)), 6)
            for number, kind in enumerate(kinds):
                reason = networks[name].refusal if name in networks else "AC06"
                asked = {
                    "operation": operation, "kind": kind, "rate": rate,
                    "seed": 10_000 * seed + 100 * place + number, "delay_ms": DELAY_MS.get(kind, 0),
                    "reason": reason if kind == "refuse" else "", "bytes": 20,
                }  # fmt: skip
                if kind == "oversize":
                    asked["bytes"] = 3_000_000
                await stage.sandbox(name, "POST", "/control/faults", asked)


async def _calm(stage: Stage) -> tuple[Counter[str], int]:
    """No more faults, whatever is pending ends; returns what has happened to how many requests."""
    happened: Counter[str] = Counter()
    requests = 0
    for name in stage.urls:
        if name != "switch":
            shown = await stage.sandbox(name, "GET", "/control/faults")
            seen = (await stage.sandbox(name, "GET", "/control/requests"))["requests"]
            requests += len([each for each in seen if each["operation"] in OPERATIONS])
            for what, count in shown["happened"].items():
                happened[what.rpartition(" ")[2]] += count
            await stage.sandbox(name, "DELETE", "/control/faults")
            await stage.sandbox(name, "POST", "/control/release", {})
    return happened, requests


async def _person(stage: Stage, run: Run, queue: Any) -> None:
    for place, (way, network) in queue:
        if way == "out":
            await _customer(stage, run, network, place)
        else:
            await _guest(stage, run, network, place)
        await run.one_more()


async def _killer(stage: Stage, run: Run, payments: int, kills: int) -> None:
    """Kill the switch at random moments, spread over the run, and start it again."""
    for number in range(kills):
        at = payments * (number + 0.2 + 0.6 * run.chance.random()) / kills
        await run.reached(at)
        await asyncio.sleep(run.chance.random() * 0.3)
        await child(stage, "switch").kill()
        await restarted(stage)
        run.kills += 1


async def _tried(call: Coroutine[Any, Any, ClientAnswer], within_s: float) -> ClientAnswer | None:
    """What a caller gets, if it gets anything in time."""
    try:
        return await asyncio.wait_for(call, within_s)
    except NOBODY:
        return None


async def _until(
    make: Callable[[], Coroutine[Any, Any, ClientAnswer]], *, within_s: float = 8.0
) -> ClientAnswer:
    """Ask until there is an answer that is 200."""
    for _ in range(TRIES):
        answer = await _tried(make(), within_s)
        if answer is not None and answer.status == 200:
            return answer
        await asyncio.sleep(ASKED_AGAIN_S)
    told = "nothing" if answer is None else str(answer.body[:300])
    raise AssertionError(f"asked {TRIES} times in vain: {told}")


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
        scanned = (await _until(lambda: member.scan(network.shown(stage)))).json()
        offer: dict[str, Any] = scanned["quotes"][0]
        return offer
    whole = int(float(network.amount))
    wish = {"currency": network.currency, "value": str(whole + run.chance.randrange(whole))}
    for _ in range(TRIES):
        scan = (await _until(lambda: member.scan(network.shown(stage)))).json()["scan"]
        answer = await _tried(member.quote(scan, wish), 8.0)
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


async def _shops(stage: Stage, run: Run, payments: int) -> None:
    """Now and then one in five shops abroad that got its money gives a part of it back."""
    seen: set[str] = set()
    for step in range(1, LOOKS + 1):
        await run.reached(payments * step / LOOKS)
        for line in await _lines(stage):
            paid = (line["kind"], line["direction"], line["status"]) == (
                "payment", "outbound", "ACCC"
            )  # fmt: skip
            if paid and line["uetr"] not in seen:
                seen.add(line["uetr"])
                if run.chance.random() < SHARE and line["counterparty"] in RETURNING:
                    await _give_back(stage, run, line)


async def _lines(stage: Stage) -> list[dict[str, Any]]:
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


async def _ended(stage: Stage, run: Run) -> None:
    """Wait until every payment has ended; guests' networks ask what became of theirs."""
    async with asyncio.timeout(ENDED_WITHIN_S):
        while True:
            await _enquire(stage, run)
            lines = await _lines(stage)
            if all(line["final"] and line["state"] not in ("unwinding", "returning")
                   for line in lines):  # fmt: skip
                break
            await asyncio.sleep(1)
    await _enquire(stage, run)


async def _enquire(stage: Stage, run: Run) -> None:
    """Each network asks after what is pending in its own book."""
    for name in sorted(set(run.guests.values())):
        book = (await stage.sandbox(name, "GET", "/state"))["book"]
        for line in book:
            if line["status"] == "pending" and line["uetr"] in run.guests:
                await _control(stage, name, "/control/enquire", {"uetr": line["uetr"]})


async def _asked_again(stage: Stage, run: Run, order: Order) -> None:
    """A caller asks again, twice: who was answered is answered the same."""
    for _ in range(2):
        for _ in range(TRIES):
            answer = await _tried(_given(stage, order), 10)
            if answer is not None and answer.status not in (202, 429, 500, 503):
                break
            await asyncio.sleep(ASKED_AGAIN_S)
        _heard(run, order, answer)


def _told_otherwise(run: Run, ours: list[dict[str, Any]]) -> list[str]:
    """Callers who were told something else than the row says."""
    rows = {line["uetr"]: line for line in ours}
    found = []
    for order in run.orders:
        if not order.final:
            continue
        body = orjson.loads(order.final.partition(b" ")[2])
        shown = body.get("payment", body)
        row = rows.get(shown["uetr"])
        if row is None or row["status"] != shown["status"]:
            found.append(f"{shown['uetr']}: told {shown['status']}, the row says otherwise")
    return found
