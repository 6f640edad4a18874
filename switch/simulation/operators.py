"""Two operators of a simulated run: they work on what waits for people, with what partners show.

They hand in statements, have partners say again what their books say, and end what is in the queue
as the book of its network has it: one proposes with evidence, the other approves. They also err,
work at the same time, and find the switch dead between a proposal and its approval. The surprise:
they know nothing but the queue and the partners' books, so what they decide is right as long as the
queue tells them the truth.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson

from switch.simulation.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switch.client import ClientAnswer
    from switch.simulation.city import City

PAIR: Final = ("operator-1", "operator-2")
QUEUE: Final = "/v1/operations/payments"
STATEMENTS: Final = ("thailand", "laos")
"""Networks whose simulators give statements."""

NOTICES: Final[Mapping[str, Mapping[bool, Mapping[str, str]]]] = MappingProxyType(
    {
        "vietnam": {True: {"code": "00"}, False: {"code": "51"}},
        "unionpay": {True: {"status": "APPROVED"}, False: {"status": "REJECTED", "reason": "51"}},
    }
)
"""Networks whose simulators tell unasked what a payment has come to, and in which words: that it is
booked, that it is not."""

ENDED: Final = ("booked", "refused")
"""How lines stand that a network tells of."""

RECALLING: Final = ("thailand",)
"""Networks that ask for money back."""

MISLED_EVERY: Final = 2
"""Of so many payments that are taken back after all, a network says of one that it was right at
first, and is believed until it says once more that it was not."""

CREATED, DONE, CONFLICT = 201, 200, 409
AGAIN_MAX: Final = 2
"""Times that what does not go back is taken up again before it is owed."""

TRIES: Final = 3
AHEAD_S: Final = 300
"""By then no partner's clock was ever so far ahead that its statement lacks what it had booked."""

TOLD_S: Final = 4 * 3600
TELLS: Final = "-sandbox-tells"
"""End of the names of tasks in which partners tell what the switch has not acknowledged."""

LOOK_AGAIN_S: Final = 120
DOWN_S: Final = 1.0
REFUSED_AS: Final = "AC04"
_AWAY: Final = (aiohttp.ClientError, OSError, TimeoutError)


class Act(StrEnum):
    """Ways in which operators work; the words of a plan and of the report."""

    WORK = "works"
    BOTH = "both work at once"
    DEATH = "approves after a crash"
    ERR = "errs"


class Operators:
    """Everybody who works on the queue; ``acts`` counts what came of it."""

    def __init__(self, city: City) -> None:
        self.acts: Counter[str] = Counter()
        self._patient = True
        self._city = city
        self._again: Counter[str] = Counter()
        self._misled: dict[str, None] = {}
        self._believed: dict[str, bool] = {}
        """References that were taken back, and whether people believe once that they are paid."""
        self.desk = Desk(self._said, self.acts)

    async def work(self, act: Act) -> int:
        """Look through the queue once; how many cases were worked on."""
        await self._hear_partners()
        if act is Act.BOTH:
            pairs = (PAIR, PAIR[::-1])
            tasks = [self._city.tasks.start("operators", self._round(act, *pair)) for pair in pairs]
            return max([await task for task in tasks])
        return await self._round(act, *PAIR)

    async def wait_for_news(self) -> None:
        """Wait until networks have told what they had to; they pause for up to an hour."""
        world = self._city.world
        await world.sleep(AHEAD_S)
        until = world.loop.time() + TOLD_S
        while world.loop.time() < until and world.loop.works_on(TELLS):
            await world.sleep(LOOK_AGAIN_S)
        self._patient = False

    async def attend(self, uetr: str) -> None:
        """Look at one payment that was held: let it go, block it, refuse it, or leave it."""
        path = f"{QUEUE}/{uetr}"
        case = await self._held_case(path)
        if case is not None:
            await self._case(case, Act.WORK, *PAIR)

    async def _held_case(self, path: str) -> Mapping[str, Any] | None:
        answer = await self._said(PAIR[0], "GET", path)
        if answer is None or answer.status != DONE:
            return None
        case: Mapping[str, Any] = answer.json()
        return case if "release" in case["actions"] else None

    async def _hear_partners(self) -> None:
        """What networks say of themselves: statements, and news of what they had said amiss."""
        for network in self._there(STATEMENTS):
            content = await self._city.fetched(network, "GET", "/control/statement")
            body = {"name": f"{network}.xml", "content": b64encode(content).decode()}
            path = f"/v1/operations/settlements/{network}"
            answer = await self._said(PAIR[0], "POST", path, body)
            self.acts["statement"] += answer is not None and answer.status == DONE
        for network in self._there(NOTICES):
            lies = await self._city.sandbox(network, "GET", "/control/lies")
            lied = lies["references"]
            for line in await self._city.book(network) if lied else ():
                if line["reference"] in lied and line["status"] in ENDED:
                    await self._told_of(network, line)

    async def _told_of(self, network: str, line: Mapping[str, Any]) -> None:
        """A network tells what it has booked; once it says again that it has what it has not."""
        reference, booked = line["reference"], line["status"] == "booked"
        misleads = self._believed.get(reference) is False
        if misleads:
            self._believed[reference] = True
        told = {"uetr": line["uetr"], "reference": reference, **NOTICES[network][booked ^ misleads]}
        await self._city.sandbox(network, "POST", "/control/notify", told)
        self.acts["false notice" if misleads else "notice"] += 1

    def _there(self, networks: Iterable[str]) -> list[str]:
        return [network for network in networks if network in self._city.networks]

    async def _round(self, act: Act, proposer: str, approver: str) -> int:
        worked = 0
        after: str | None = "0"
        while after is not None:
            answer = await self._said(proposer, "GET", f"{QUEUE}?after={after}")
            if answer is None or answer.status != DONE:
                return worked
            page = answer.json()
            for case in page["payments"]:
                worked += await self._case(case, act, proposer, approver)
            after = page["after"]
        return worked

    async def _case(self, case: Mapping[str, Any], act: Act, proposer: str, approver: str) -> bool:
        """Work on one payment; whether anything was done."""
        path = f"{QUEUE}/{case['uetr']}"
        if act is Act.ERR:
            await self._err(case, path, proposer)
        decided = await self._decided(case)
        if decided is None:
            return False
        shown = await self._proposed(path, decided, proposer)
        if shown is None:
            return False
        if act is Act.DEATH:
            await self._dies()
        # What is proposed already may be one's own: then the other one approves it.
        eyes = approver if shown["operator"] != approver else proposer
        answer = await self._said(eyes, "POST", f"{path}/approvals", {"proposal": shown["id"]})
        if answer is not None and answer.status == DONE:
            self.acts[f"approved {decided['action']}"] += 1
            self.acts[act.value] += 1
            self._approved(case, decided["action"])
        elif answer is not None:
            self.acts["approval refused"] += 1
        return True

    def _approved(self, case: Mapping[str, Any], action: str) -> None:
        """What follows from what was carried out; only what was tried again counts as tried."""
        reference = case["reference"]
        if action == "again":
            self._again[case["uetr"]] += 1
        elif action == "book":
            self._believed.pop(reference, None)
            self._misled[reference] = None
        elif (
            action == "unbook"
            and case["network"] in NOTICES
            and reference not in self._misled
            and int(case["uetr"][0], 16) % MISLED_EVERY
        ):
            self._believed[reference] = False

    async def _proposed(
        self, path: str, decided: Mapping[str, str], proposer: str
    ) -> Mapping[str, str] | None:
        """Propose; what is proposed then, which replaces what somebody else proposed wrongly."""
        answer = await self._said(proposer, "POST", f"{path}/proposals", decided)
        if answer is None:
            return None
        if answer.status == CONFLICT:
            held = await self._held(path, proposer)
            if held is None or held["action"] == decided["action"]:
                return held
            instead = {**decided, "instead_of": held["id"]}
            answer = await self._said(proposer, "POST", f"{path}/proposals", instead)
            self.acts["proposal replaced"] += answer is not None and answer.status == CREATED
        if answer is None or answer.status != CREATED:
            return None
        shown: Mapping[str, str] | None = answer.json()["proposal"]
        return shown

    async def _held(self, path: str, operator: str) -> Mapping[str, str] | None:
        answer = await self._said(operator, "GET", path)
        if answer is None or answer.status != DONE:
            return None
        held: Mapping[str, str] | None = answer.json()["proposal"]
        return held

    async def _err(self, case: Mapping[str, Any], path: str, operator: str) -> None:
        """Propose what the book does not bear out; nobody approves it."""
        wrong = {"action": "accepted", "evidence": "mistaken for another one"}
        decided = await self._decided(case)
        if decided is not None and decided["action"] == "accepted":
            wrong |= {"action": "refused", "reason": REFUSED_AS}
        elif decided is not None and len(case["actions"]) > 1:
            wrong["action"] = next(a for a in case["actions"] if a != decided["action"])
            if wrong["action"] == "refused":
                wrong["reason"] = REFUSED_AS
        answer = await self._said(operator, "POST", f"{path}/proposals", wrong)
        if answer is not None:
            said = "wrong proposal" if answer.status == CREATED else "proposal refused"
            self.acts[said] += 1

    async def _dies(self) -> None:
        """The switch that took a proposal dies before it is approved."""
        name = next((each for each in self._city.switches if self._city.lives(each)), None)
        if name is not None:
            self._city.world.kill(name)
            self._city.later(DOWN_S, self._city.begin, name)
            await self._city.world.sleep(DOWN_S * 3)

    async def _decided(self, case: Mapping[str, Any]) -> dict[str, str] | None:
        """What the partner's book says should become of a case."""
        actions = case["actions"]
        if not actions:
            return None
        if "release" in actions:
            return _looked_at(case["uetr"])
        if "unblock" in actions:
            return _ordered(case["uetr"])
        status = await self._status(case)
        action = actions[0]
        if case["kind"] == "recall":
            # Nobody has said anything for long: every other one is agreed to.
            theirs = case["origin"] == case["network"] or case["origin"] in RECALLING
            agreed = theirs and int(case["uetr"][0], 16) % 2 == 0
            action = "accepted" if agreed else "refused"
        elif "accepted" in actions:
            if status == "pending" or (status == "nothing" and self._patient):
                # What is on its way yet may still arrive: nobody can say that it will not.
                return None
            action = "accepted" if status == "booked" else "refused"
        elif "owe" in actions:
            action = "again" if self._again[case["uetr"]] < AGAIN_MAX else "owe"
        elif {"uphold", "again"} <= set(actions):
            action = "again" if self._again[case["uetr"]] < AGAIN_MAX else "uphold"
        elif "book" in actions:
            believed = status == "booked" or self._believed.get(case["reference"], False)
            action = "book" if believed else "uphold"
        elif "unbook" in actions:
            action = "unbook" if status in ("refused", "cancelled") else "uphold"
        elif "match" in actions:
            self._again[case["uetr"]] += 1
            action = "match" if self._again[case["uetr"]] == 1 else "send_back"
        decided = {"action": action, "evidence": f"{case['network']} says {status}"}
        return decided | ({"reason": REFUSED_AS} if action == "refused" else {})

    async def _status(self, case: Mapping[str, Any]) -> str:
        """What the book of the network that was asked says of a payment."""
        named = (case["reference"], case["uetr"])
        for line in await self._city.book(case["network"]):
            if line["reference"] == named[0] or (line["uetr"] == named[1] and not case["original"]):
                return str(line["status"])
        return "nothing"

    async def _said(
        self, operator: str, method: str, path: str, body: Mapping[str, str] | None = None
    ) -> ClientAnswer | None:
        """Say something, again where no answer came; None where nobody answers."""
        data = b"" if body is None else orjson.dumps(dict(body))
        for _ in range(TRIES):
            try:
                return await self._city.operator(operator).call(method, path, data)
            except _AWAY:
                await self._city.world.sleep(DOWN_S)
        return None


def _ordered(uetr: str) -> dict[str, str] | None:
    """What an authority orders for what is blocked: nothing, for one in four."""
    action = ("unblock", "surrender", "", "surrender")[int(uetr[1], 16) % 4]
    return {"action": action, "evidence": "order 12"} if action else None


def _looked_at(uetr: str) -> dict[str, str] | None:
    """What people find out about whom a list names: as often one thing as another."""
    action = ("release", "block", "refused", "")[int(uetr[0], 16) % 4]
    if not action:
        return None
    decided = {"action": action, "evidence": "looked at by two"}
    return decided | ({"reason": REFUSED_AS} if action == "refused" else {})
