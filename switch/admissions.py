"""The desk for members and merchants: how each stands, what is proposed, what two operators decide.

What is decided is committed and counts in every process at once, because each commit that opens a
payment looks at it. The surprise: a quote, which commits nothing, is looked at by what this process
last read, so it may be given up to a second after its member was suspended; it then pays nothing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from switch.commands import Declined
from switch.ledger import Role, account_key
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
            member_party(each.bic): (
                account_key(each.bic, Role.MEMBER, each.net_debit_max.currency.code, "deferred"),
            )
            for each in config.members.values()
        }
        self._seen: dict[str, tuple[float, PartyState]] = {}

    async def enrol(self) -> None:
        """Keep how those stand first that are not active, and note how the merchants stand."""
        for party, state in self._first.items():
            if state is not PartyState.ACTIVE:
                at, salt = self._clock.now(), self._ids.salt()
                await self._store.commit(Enrol(party, state, self._version, at, salt))
        await self.look()

    async def run(self) -> None:
        """Note again and again how the merchants stand: another process may have decided it."""
        while self._registered:
            await self._clock.sleep(LOOKED_S)
            with suppress(StoreBusy):
                # While the store is away nothing is opened either.
                await self.look()

    async def look(self) -> None:
        """Note how the merchants stand now, for those who read the registry."""
        for party, registered in self._registered.items():
            self._merchants.note(registered, (await self.stands(party)).state)

    async def stands(self, party: str) -> Stands:
        """How a party stands that is configured here."""
        held = await self._store.read.claimed(claim_of(party))
        return Stands(PartyState.ACTIVE) if held is None else stands_of(held)

    async def shut(self, member: str, door: Door) -> Reason | None:
        """Why a door is shut for a member, by what was last read."""
        party, now = member_party(member), self._clock.monotonic()
        seen = self._seen.get(party)
        if seen is None or now - seen[0] >= LOOKED_S:
            seen = self._seen[party] = (now, (await self.stands(party)).state)
        return shut_by(party, seen[1], door)

    async def page(self) -> list[dict[str, object]]:
        """Every member and merchant: how it stands, what is proposed and what can be."""
        return [await self.shown(party) for party in self._first]

    async def shown(self, party: str) -> dict[str, object]:
        """One of them."""
        stands = await self.stands(party)
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
        state = (await self.stands(party)).state
        self._log.info("step_taken", party=party, state=state.value)
        registered = self._registered.get(party)
        if registered is not None:
            self._merchants.note(registered, state)
        return None
