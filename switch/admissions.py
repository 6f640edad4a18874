"""The desk for members and merchants: how each stands, what is proposed, what two operators decide.

What is decided is committed and counts in every process at once, because each commit that opens a
payment looks at it. The surprise: a quote, which commits nothing, is looked at by what this process
last read, so it may be given up to a second after its member was suspended; it then pays nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from switch.commands import Declined
from switch.ledger import Asset, Kind, Role, account_key
from switch.operators import ApproveStep, Enrol, ProposeStep
from switch.standings import (
    Door,
    PartyKind,
    PartyState,
    Stands,
    Step,
    claim_of,
    member_party,
    shut_by,
    stands_of,
    steps_from,
)
from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from switch.config import Config
    from switch.logs import Log
    from switch.merchants import Registration
    from switch.reasons import Reason
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store

PAGE_MAX: Final = 500
"""How many members and merchants are shown at once."""

_FIRST_MERCHANT: Final = f"{PartyKind.MERCHANT}/"
_LAST_MERCHANT: Final = f"{PartyKind.MERCHANT}/~"
"""No merchant's name is before or behind these."""

LOOKED_S: Final = 1
"""How long what was read of a party is believed where nothing is committed."""


class Admissions:
    """Proposes and approves steps, and says who may do what."""

    def __init__(self, config: Config, store: Store, clock: Clock, ids: Ids, log: Log) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._log = log
        self._version = config.switch.config_version
        self._merchants = config.merchants
        self._registered: dict[str, Registration] = {
            each.party: each for each in config.merchants.all()
        }
        self._first: dict[str, PartyState] = {
            **{member_party(each.bic): each.first for each in config.members.values()},
            **{party: each.state for party, each in self._registered.items()},
        }
        self._accounts: dict[str, tuple[str, ...]] = {
            # What is frozen, deposited or in a window that closes is no less its than its position.
            member_party(each.bic): tuple(
                account_key(each.bic, Role.MEMBER, each.net_debit_max.currency.code, asset, kind)
                for asset in (Asset.DEFERRED, Asset.BAKONG)
                for kind in (Kind.POSITION, Kind.SETTLING, Kind.FROZEN)
            )
            for each in config.members.values()
        }
        self._seen: dict[str, tuple[float, PartyState]] = {}
        self._order = sorted(self._first)
        self._noted: dict[str, str] = {}

    async def enrol(self) -> None:
        """Keep how those stand first that are not active, and note how the merchants stand.

        One question for all: only what is not kept yet is committed, which is nothing at most
        starts. A commit each would make every process wait that shares the store.
        """
        first = [party for party in self._order if self._first[party] is not PartyState.ACTIVE]
        if first:
            read = self._store.read
            held = await read.claimed(claim_of(first[0]), claim_of(first[-1]))
            for party in first:
                state, kept = self._first[party], held.get(claim_of(party))
                if kept is None:
                    at, salt = self._clock.now(), self._ids.salt()
                    await self._store.commit(Enrol(party, state, self._version, at, salt))
                    continue
                stands = stands_of(kept).state
                if stands is not state:
                    # What two operators decided counts, whatever the file says later.
                    said = {"stands": stands.value, "configured": state.value}
                    self._log.warning("standing_differs", party=party, **said)
        await self.look()

    async def run(self) -> None:
        """Note again and again how the merchants stand: another process may have decided it."""
        while self._registered:
            await self._clock.sleep(LOOKED_S)
            with suppress(StoreBusy):
                # While the store is away nothing is opened either.
                await self.look()

    async def look(self) -> None:
        """Note how the merchants stand now, for those who read the registry: one question for all.

        Only those about whom something was kept have an answer; the others stand as the file says.
        """
        if not self._registered:
            return
        held = await self._store.read.claimed(claim_of(_FIRST_MERCHANT), claim_of(_LAST_MERCHANT))
        for claim, said in held.items():
            if self._noted.get(claim) == said:
                continue
            registered = self._registered.get(claim.removeprefix(claim_of("")))
            if registered is not None:
                self._merchants.note(registered, stands_of(said).state)
                self._noted[claim] = said

    async def stands(self, party: str) -> Stands:
        """How a party stands that is configured here."""
        claim = claim_of(party)
        return _stood((await self._store.read.claimed(claim, claim)).get(claim))

    async def shut(self, member: str, door: Door) -> Reason | None:
        """Why a door is shut for a member, by what was last read."""
        party, now = member_party(member), self._clock.monotonic()
        seen = self._seen.get(party)
        if seen is None or now - seen[0] >= LOOKED_S:
            seen = self._seen[party] = (now, (await self.stands(party)).state)
        return shut_by(party, seen[1], door)

    async def page(self, after: str, limit: int) -> dict[str, object]:
        """Members and merchants behind a name: how each stands, what is proposed and can be."""
        size, start = max(1, min(limit, PAGE_MAX)), bisect_right(self._order, after)
        page = self._order[start : start + size]
        if not page:
            return {"parties": [], "after": None}
        held = await self._store.read.claimed(claim_of(page[0]), claim_of(page[-1]))
        parties = [_shown(party, _stood(held.get(claim_of(party)))) for party in page]
        more = start + size < len(self._order)
        return {"parties": parties, "after": page[-1] if more else None}

    async def shown(self, party: str) -> dict[str, object]:
        """One of them."""
        return _shown(party, await self.stands(party))

    def knows(self, party: str) -> bool:
        """Whether it is configured here."""
        return party in self._first

    async def propose(
        self, party: str, version: int, step: Step, operator: str, reference: str
    ) -> Reason | None:
        """Propose a step for a party of this version; it takes the place of what was proposed."""
        at, salt = self._clock.now(), self._ids.salt()
        command = ProposeStep(party, version, step, operator, reference, at, salt)
        result = await self._store.commit(command)
        if isinstance(result, Declined):
            return result.reason
        self._log.info("step_proposed", party=party, step=step.value)
        return None

    async def approve(self, party: str, version: int, operator: str) -> Reason | None:
        """Approve what was proposed in this version, and nothing else."""
        at, salt = self._clock.now(), self._ids.salt()
        accounts = self._accounts.get(party, ())
        command = ApproveStep(party, version, operator, at, salt, accounts)
        result = await self._store.commit(command)
        if isinstance(result, Declined):
            return result.reason
        self._seen.pop(party, None)
        with suppress(StoreBusy):
            # It is committed; what cannot be read back now is noted by the next look.
            state = (await self.stands(party)).state
            self._log.info("step_taken", party=party, state=state.value)
            registered = self._registered.get(party)
            if registered is not None:
                self._merchants.note(registered, state)
        return None


def _stood(held: str | None) -> Stands:
    """How a party stands of which this is kept."""
    return Stands(PartyState.ACTIVE) if held is None else stands_of(held)


def _shown(party: str, stands: Stands) -> dict[str, object]:
    kind, _, name = party.partition("/")
    proposed = stands.proposed
    said = None
    if proposed is not None:
        named = {"operator": proposed.operator, "reference": proposed.reference}
        said = {"step": proposed.step.value, **named}
    return {
        "kind": kind,
        "name": name,
        "state": stands.state.value,
        "version": stands.version,
        "steps": [step.value for step in steps_from(PartyKind(kind), stands.state)],
        "proposal": said,
    }
