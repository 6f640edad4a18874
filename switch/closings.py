"""The desk for money in suspense: what is there, and how two operators close it.

What is shown names no person, and nothing is read but what the store keeps of each item. The
surprise: items are kept in the order of their names, and what is closed is passed over, so a page
by name may show fewer than it looked through, or none, and there is more all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch.answers import amount, instant
from switch.commands import Declined
from switch.config import HOME
from switch.model import from_micros, to_micros
from switch.operators import ApproveClosing, ProposeClosing
from switch.reasons import Reason
from switch.suspense import (
    FIRST_CLAIM,
    Ending,
    Way,
    gives_back,
    item_claim,
    origin_of,
    proposal_digest,
    suspended_of,
    ways_of,
    withdrawal,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from fx.money import Money
    from switch.config import Config
    from switch.logs import Log
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store
    from switch.store.tables import Row
    from switch.suspense import Suspended

PAGE_MAX: Final = 200
"""Items that are looked through for a page."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an operator proposes for an item; ``institution`` is whose account takes it.

    It is left out where the item is settled. ``instead_of`` is the id of what stands proposed.
    ``withdrawn`` is how much is to be paid out of a deposit, which makes the item.
    """

    item: str
    way: Way
    institution: str
    reference: str
    instead_of: str = ""
    withdrawn: Money | None = None


class Closings:
    """Shows what is in suspense, and takes proposals and approvals."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, log: Log) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._log = log

    async def page(self, after: str, limit: int) -> dict[str, object]:
        """Open items by name, behind a name."""
        size, now = max(1, min(limit, PAGE_MAX)), self._clock.now()
        found = _items_of(await self._store.read.record_page("claim", (item_claim(after),), size))
        return {
            "items": [_shown(name, held, now) for name, held in found if not held.closed_by],
            "after": found[-1][0] if len(found) == size else None,
        }

    async def oldest(self, after: str, limit: int) -> dict[str, object] | None:
        """Open items by age, the oldest first, behind one of them; None where there is none such.

        Every item that there ever was is looked through for each page.
        """
        size, now = max(1, min(limit, PAGE_MAX)), self._clock.now()
        behind = await self._held(after) if after else None
        if after and behind is None:
            return None
        first = (behind.since, after) if behind is not None else (0, "")
        found: list[tuple[int, str, Suspended]] = []
        name, more = FIRST_CLAIM, True
        while more:
            rows = await self._store.read.record_page("claim", (name,), PAGE_MAX)
            ours = _items_of(rows)
            open_ones = [(held.since, each, held) for each, held in ours if not held.closed_by]
            found = sorted(
                found + [each for each in open_ones if each[:2] > first], key=lambda each: each[:2]
            )[: size + 1]
            name, more = str(rows[-1][0]) if rows else "", len(ours) == PAGE_MAX
            await self._clock.sleep(0)
        return {
            "items": [_shown(each, held, now) for _, each, held in found[:size]],
            "after": found[size - 1][1] if len(found) > size else None,
        }

    async def shown(self, item: str) -> dict[str, object] | None:
        """One item, closed or not; None where there is none of this name."""
        held = await self._held(item)
        return None if held is None else _shown(item, held, self._clock.now())

    async def propose(self, asked: Asked, operator: str, config: Config) -> Reason | None:
        """Propose how an item closes; nothing happens yet. Why not, where it cannot."""
        item = asked.item
        held, at = await self._held(item), self._clock.now()
        begins = (
            None if asked.withdrawn is None else withdrawal(item, asked.withdrawn, to_micros(at))
        )
        held = held or begins
        if held is None:
            return await self._absent(item)
        taker = _taker(asked, held, config)
        if isinstance(taker, Reason):
            return taker
        ending = Ending(asked.way, taker, operator, asked.reference)
        stands = "" if held.ending is None else proposal_digest(item, held)
        if not held.closed_by and ending != held.ending and asked.instead_of != stands:
            return Reason.PROPOSAL_CHANGED
        salt = self._ids.salt()
        command = ProposeClosing(item, held.version, ending, at, salt, begins)
        result = await self._store.commit(command)
        if isinstance(result, Declined):
            return result.reason
        self._log.info("closing_proposed", item=item, way=asked.way.value)
        return None

    async def approve(self, item: str, proposal: str, operator: str) -> Reason | None:
        """Close an item as another operator proposed; ``proposal`` is the id of what was seen."""
        held = await self._held(item)
        if held is None:
            return await self._absent(item)
        if held.ending is None or proposal_digest(item, held) != proposal:
            return Reason.ITEM_CLOSED if held.closed_by else Reason.PROPOSAL_CHANGED
        at, salt = self._clock.now(), self._ids.salt()
        result = await self._store.commit(ApproveClosing(item, held.seen, operator, at, salt))
        if isinstance(result, Declined):
            return result.reason
        self._log.info("item_closed", item=item, way=held.ending.way.value)
        return None

    async def _held(self, item: str) -> Suspended | None:
        name = item_claim(item)
        text = (await self._store.read.claimed(name, name)).get(name)
        return None if text is None else suspended_of(text)

    async def _absent(self, item: str) -> Reason:
        """Why there is no item of this name: a payment may have its money, and its own way out."""
        if await self._store.read.payment(item) is not None:
            return Reason.HELD_BY_PAYMENT
        pushed = "/" not in item and await self._store.read.has_item(item)
        return Reason.HELD_BY_PAYMENT if pushed else Reason.NOT_SUSPENDED


def _items_of(rows: Iterable[Row]) -> list[tuple[str, Suspended]]:
    """The items among rows of claims."""
    return [
        (str(name).removeprefix(FIRST_CLAIM), suspended_of(text))
        for name, text, *_ in rows
        if str(name).startswith(FIRST_CLAIM)
    ]


def _taker(asked: Asked, held: Suspended, config: Config) -> str | Reason:
    """Whose account takes an item, or who gave back: whence it came, a member, or a bearer."""
    named = asked.institution
    if asked.way not in ways_of(held):
        return Reason.WAY_NOT_OPEN
    if asked.way is Way.RECOVERED:
        return named if named in gives_back(held) else Reason.AGENT_INCORRECT
    if asked.way in (Way.SETTLED, Way.WRITTEN_OFF):
        return Reason.AGENT_INCORRECT if named not in ("", origin_of(held)) else origin_of(held)
    if asked.way is Way.BORNE:
        bearers = {each.fee_taker for each in config.corridors.values()}
        return named if named in bearers else Reason.AGENT_UNKNOWN
    withdraws = asked.way is Way.WITHDRAWN
    member = config.members.get(held.place.institution if withdraws else named)
    if member is None or (withdraws and named != config.networks[HOME].own_bic):
        return Reason.AGENT_UNKNOWN
    if member.net_debit_max.currency != held.amount.currency:
        return Reason.CURRENCY_UNSUPPORTED
    return named


def _shown(item: str, held: Suspended, now: datetime) -> dict[str, object]:
    since, ending = from_micros(held.since), held.ending
    proposal = closed = None
    if ending is not None:
        proposal = {
            "id": proposal_digest(item, held),
            "way": ending.way.value,
            "institution": ending.institution,
            "operator": ending.operator,
            "reference": ending.reference,
        }
    if held.closed_by:
        closed = {"operator": held.closed_by, "at": instant(from_micros(held.closed_at))}
    return {
        "item": item,
        "network": held.far or held.place.institution,
        "amount": amount(held.amount),
        "to_us": held.minor > 0,
        "account": held.account,
        "since": instant(since),
        "age_s": (now - since) // timedelta(seconds=1),
        "ways": [] if held.closed_by else [way.value for way in ways_of(held)],
        "proposal": proposal,
        "closed": closed,
    }
