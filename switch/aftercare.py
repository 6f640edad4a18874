"""What may follow a payment, put together: refunds, returns, recalls, news of them, the queue.

One place makes the parts from what they are given, so that a process and a test have the same ones.
The surprise: nothing here decides anything; which part does what stands at each of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.asking_back import AskingBack
from switch.casework import Casework
from switch.closings import Closings
from switch.denials import Denials
from switch.evidence import Evidence
from switch.filed_returns import FiledReturns
from switch.found import Found
from switch.holds import Holds
from switch.items import Items
from switch.linked_payments import LinkedPayments
from switch.notices import Notices
from switch.port import Operation
from switch.recalls import Recalls
from switch.restoring import Restoring
from switch.returns import Returns
from switch.reversals import Reversals
from switch.settling import Settling
from switch.unsolicited import Unsolicited

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from switch.answers import Answers
    from switch.config import Config
    from switch.dispatch import Dispatch
    from switch.logs import Log
    from switch.port import Adapter
    from switch.records import Records
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.runtime.tasks import Tasks
    from switch.store.contract import Store


@dataclass(frozen=True, slots=True)
class Given:
    """What aftercare works with."""

    store: Store
    records: Records
    dispatch: Dispatch
    adapters: Mapping[str, Adapter]
    answers: Answers
    clock: Clock
    ids: Ids
    tasks: Tasks
    log: Log
    members: Collection[str]
    restoring: Restoring = field(default_factory=Restoring)


class Aftercare:
    """The parts."""

    def __init__(self, given: Given) -> None:
        store, records, dispatch = given.store, given.records, given.dispatch
        clock, ids, log = given.clock, given.ids, given.log
        self.linked = LinkedPayments(
            store=store,
            records=records,
            dispatch=dispatch,
            adapters=given.adapters,
            answers=given.answers,
            clock=clock,
            ids=ids,
            tasks=given.tasks,
            log=log,
            restoring=given.restoring,
            members=given.members,
        )
        self._given = given
        denials = self._denials()
        self.returns = Returns(
            store=store,
            records=records,
            dispatch=dispatch,
            linked=self.linked,
            denials=denials,
            answers=given.answers,
            clock=clock,
            ids=ids,
            log=log,
        )
        self.recalls = Recalls(
            store=store,
            records=records,
            dispatch=dispatch,
            linked=self.linked,
            denials=denials,
            adapters=given.adapters,
            ids=ids,
            log=log,
        )
        self.asking_back = AskingBack(self.linked, self.recalls, denials)
        self.holds = Holds(
            store=store,
            records=records,
            dispatch=dispatch,
            adapters=given.adapters,
            clock=clock,
            ids=ids,
            restoring=given.restoring,
            tasks=given.tasks,
            log=log,
        )
        self.notices = self._notices()
        self.settling = self._settling()
        self.closings = Closings(store, clock, ids, log)
        self.found = Found(store, Items(store, clock, ids), clock, ids, log)
        self.casework = Casework(store, records, dispatch, self, clock=clock, ids=ids, log=log)
        self.evidence = Evidence(store.read, records, given.adapters, log)

    def _denials(self) -> Denials:
        given = self._given
        return Denials(
            store=given.store,
            records=given.records,
            linked=self.linked,
            restoring=given.restoring,
            ids=given.ids,
            log=given.log,
        )

    def pools(self, config: Config) -> frozenset[str]:
        """Whose pools are collected from: the participants as which we poll."""
        return frozenset(
            config.networks[name].own_bic
            for name, adapter in self._given.adapters.items()
            if Operation.COLLECT in adapter.facts.operations
        )

    def _settling(self) -> Settling:
        given = self._given
        return Settling(
            store=given.store,
            dispatch=given.dispatch,
            linked=self.linked,
            returned=FiledReturns(given.store, self.returns, self.notices),
            restoring=given.restoring,
            adapters=given.adapters,
            clock=given.clock,
            ids=given.ids,
            log=given.log,
        )

    def _notices(self) -> Notices:
        given = self._given
        return Notices(
            store=given.store,
            dispatch=given.dispatch,
            returns=self.returns,
            recalls=self.recalls,
            unsolicited=Unsolicited(given.store, given.clock, given.ids, given.log),
            restoring=given.restoring,
            log=given.log,
        )

    def reversals(self, home: str) -> Reversals:
        """What takes in reversals that a network at home shows."""
        given = self._given
        return Reversals(
            home=home,
            store=given.store,
            records=given.records,
            dispatch=given.dispatch,
            linked=self.linked,
            ids=given.ids,
            log=given.log,
        )
