"""The operators' desk for money in suspense, in a run: most of what is there is closed by two.

What nobody claims is given to a member, or borne where no member has an account in its currency;
some of it is left, and one operator alone cannot close any. The surprise: nothing is settled with
where it came from, because that is done outside, and no simulator of a network would know of it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from switch.client import ClientAnswer

    Say = Callable[[str, str, str, Mapping[str, str] | None], Awaitable[ClientAnswer | None]]

ITEMS: Final = "/v1/operations/suspense"
MEMBER: Final = "ABAAKHPPXXX"
BEARER: Final = "ACLBKHPPXXX"
LEFT_EVERY: Final = 4
"""Of so many items one stays where it is."""

OK, CREATED = 200, 201


class Desk:
    """Closes items; ``acts`` counts what came of it."""

    def __init__(self, say: Say, acts: Counter[str]) -> None:
        self._say = say
        self._acts = acts

    async def close(self, proposer: str, approver: str) -> None:
        """Close most of what is open."""
        for place, item in enumerate(await self.items(proposer)):
            if place % LEFT_EVERY != LEFT_EVERY - 1:
                await self._close(item, proposer, approver)

    async def deposit(self, member: str, proposer: str, approver: str) -> bool:
        """Make what is in suspense a member's deposit; False while nothing is."""
        for item in await self.items(proposer):
            asked = {"item": item["item"], "way": "deposited", "institution": member}
            return await self._both(item, asked, proposer, approver)
        return False

    async def items(self, operator: str) -> list[Mapping[str, Any]]:
        """Every item that is open."""
        found: list[Mapping[str, Any]] = []
        after: str | None = ""
        while after is not None:
            answer = await self._say(operator, "GET", f"{ITEMS}?after={after}", None)
            if answer is None or answer.status != OK:
                return found
            page = answer.json()
            found += page["items"]
            after = page["after"]
        return found

    async def _close(self, item: Mapping[str, Any], proposer: str, approver: str) -> None:
        for way, institution in {"assigned": MEMBER, "borne": BEARER}.items():
            asked = {"item": item["item"], "way": way, "institution": institution}
            if await self._both(item, asked, proposer, approver):
                return

    async def _both(
        self, item: Mapping[str, Any], asked: Mapping[str, str], proposer: str, approver: str
    ) -> bool:
        """One proposes, and both try to approve; False where it cannot be closed so."""
        path, way = f"{ITEMS}/proposals", asked["way"]
        answer = await self._say(proposer, "POST", path, {**asked, "reference": "letter 7"})
        if answer is None or answer.status != CREATED:
            self._acts["closing refused"] += 1
            return False
        seen = {"item": item["item"], "proposal": answer.json()["proposal"]["id"]}
        for eyes in (proposer, approver):
            said = await self._say(eyes, "POST", f"{ITEMS}/approvals", seen)
            done = said is not None and said.status == OK
            assert not (done and eyes == proposer), "one operator alone closed an item"
            self._acts[f"item {way}"] += done
        return True
