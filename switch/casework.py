"""The queue of payments that need people: what is open, what is disputed, and how it is ended.

One operator proposes an end with evidence, which is sealed with the payment; another approves it,
and only then does anything happen. What is shown holds nobody's name. The surprise: a proposal is
for one version of a payment, so one that ends by itself meanwhile is left as it is.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fx.money import major_units
from switch import lifecycle
from switch.answers import amount, instant, payment_view
from switch.commands import Declined, Done, Known
from switch.dispatch import Happened
from switch.lifecycle import Event
from switch.linked_payments import Asked
from switch.model import Funding, State
from switch.operators import Action, Approve, Judged, Propose
from switch.parts import is_reversal, part_of
from switch.proposals import PROPOSALS_A_DAY, actions_for, proposal_name, proposal_turn
from switch.reasons import Reason
from switch.screening import LISTED_AS, LISTED_BY
from switch.store.contract import StoreBusy
from switch.store.vault import VaultError
from switch.worklist import Wanted, Worklist

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.aftercare import Aftercare
    from switch.commands import Open
    from switch.dispatch import Dispatch
    from switch.holds import Released
    from switch.logs import Log
    from switch.model import Payment
    from switch.records import Open as Opened
    from switch.records import Records
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store
    from switch.worklist import Total

MATCHED: Final = "matched"
"""Scope of the keys under which money is booked that first fitted nothing."""

PAGE_MAX: Final = 200
"""Payments of one page of the queue."""

ALL: Final = Wanted()

_EVENTS: Final = (
    *((Action.ACCEPTED, Event.ACCEPTED), (Action.REFUSED, Event.REFUSED)),
    *((Action.BLOCK, Event.BLOCKED), (Action.UNBLOCK, Event.UNBLOCKED)),
    (Action.SURRENDER, Event.SURRENDERED),
)

_SIGHTED: Final = (Action.RELEASE, Action.AGAIN, Action.OWE)
"""What needs the names of a payment, or what it was paid with."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an operator proposes; ``evidence`` is what shows it (a message, a file line, a call).

    ``instead_of`` is the id of what was proposed before, which it then replaces.
    """

    action: Action
    reason: Reason | None
    evidence: str = field(repr=False)
    instead_of: str = ""


class Casework:
    """Shows the queue, and takes proposals and approvals."""

    def __init__(  # the parts it uses
        self,
        store: Store,
        records: Records,
        dispatch: Dispatch,
        care: Aftercare,
        *,
        clock: Clock,
        ids: Ids,
        log: Log,
    ) -> None:
        self._store = store
        self._records = records
        self._proposals = records.proposals
        self._dispatch = dispatch
        self._care = care
        self._clock = clock
        self._ids = ids
        self._log = log
        self._worklist = Worklist(store, clock)

    async def queue(
        self, after: int, limit: int, wanted: Wanted = ALL, *, largest: bool = False
    ) -> dict[str, object]:
        """A page of payments that are unknown, left to people or disputed, the oldest first.

        Or the ``largest`` of each currency, with what all of them come to.
        """
        size = max(1, min(limit, PAGE_MAX))
        if not largest:
            page, last = await self._worklist.oldest(after, size, wanted)
            return {"payments": [self.line(each) for each in page], "after": _number(last)}
        found = await self._worklist.largest(after, size, wanted)
        return {
            "payments": [self.line(each) for each in found.payments],
            "after": _number(found.after),
            "totals": [_total(total) for total in found.totals],
        }

    async def case(self, uetr: str, operator: str) -> dict[str, object] | None:
        """Everything that is known of a payment, for an operator, without anybody's name.

        What shows a proposal stands with it: its words are its operator's own, and who read them
        is logged.
        """
        payment = await self._store.read.payment(uetr)
        if payment is None:
            return None
        others = (*await self._care.linked.of(payment), *await self._care.recalls.of(payment))
        linked = [self.line(each) for each in others]
        shown = {**self.line(payment), "linked": linked, "proposal": None, "screening": None}
        opened, held = await self._opened(payment), await self._proposals.standing(payment)
        extra = {} if opened is None else opened.particulars.extra
        if LISTED_BY in extra:
            shown["screening"] = {"list": extra[LISTED_BY], "met": extra[LISTED_AS]}
        if held is not None and held.said is not None:
            names = ("action", "reason", "operator", "at", "evidence")
            said = {name: held.said[name] for name in names}
            self._log.info("proposal_read", uetr=uetr, operator=operator)
            code = Reason[said["reason"]].iso if said["reason"] else ""
            shown["proposal"] = {"id": held.digest, **said, "reason": code}
        return shown

    def line(self, payment: Payment) -> dict[str, object]:
        """A payment of the queue: everything known of it but names."""
        age = self._clock.now() - payment.opened_at
        return {
            **payment_view(payment),
            "state": payment.state.value,
            "kind": payment.kind.value,
            "original": payment.original or None,
            "age_s": age // timedelta(seconds=1),
            "owed": amount(payment.terms.destination),
            "origin": payment.origin,
            "network": payment.network,
            "reference": payment.reference,
            "far_reference": payment.far_reference,
            "enquiries": max(0, payment.rung),
            "next_at": None if payment.next_at is None else instant(payment.next_at),
            "version": payment.version,
            "actions": [action.value for action in actions_for(payment)],
        }

    async def propose(self, uetr: str, operator: str, proposal: Proposal) -> Payment | Reason:
        """Keep a proposal for a payment as it stands, one at a time; nothing happens yet.

        Another one replaces it where it names it; whoever approves names what they approve.
        """
        payment = await self._store.read.payment(uetr)
        if payment is None:
            return Reason.ORIGINAL_UNKNOWN
        if (proposal.action is Action.REFUSED) != (proposal.reason is not None):
            return Reason.ELEMENT_MISSING
        if await self._opened(payment) is None and not _is_blind(payment, proposal.action):
            return Reason.TRANSACTION_UNSUPPORTED
        held = await self._proposals.standing(payment)
        if held is not None and held.said is None:
            return Reason.TRANSACTION_UNSUPPORTED
        if proposal.instead_of != ("" if held is None else held.digest):
            return Reason.PROPOSAL_CHANGED
        place, replaces = 1, ""
        if held is not None and held.said is not None:
            place, replaces = held.place + 1, _claimed(payment, held.said, held.digest)
        at = self._clock.now()
        turn = await self._turn(payment, operator, at)
        proposed = {
            "action": proposal.action.value,
            "reason": "" if proposal.reason is None else proposal.reason.name,
            "operator": operator,
            "evidence": proposal.evidence,
            "at": instant(at),
        }
        result = await self._store.commit(
            Propose(
                uetr=uetr,
                version=payment.version,
                action=proposal.action,
                reason=proposal.reason,
                operator=operator,
                sealed=await self._proposals.sealed(uetr, payment.version, place, proposed),
                at=at,
                salt=self._ids.salt(),
                place=place,
                replaces=replaces,
                turn=turn,
            )
        )
        if isinstance(result, (Done, Known)):
            self._log.info("end_proposed", uetr=uetr, action=proposal.action.value)
            return payment
        return result.reason if isinstance(result, Declined) else Reason.DUPLICATE

    async def _turn(self, payment: Payment, operator: str, at: datetime) -> int:
        """How manieth proposal of an operator for this version today it is; beyond the last too."""
        turn = 1
        while turn <= PROPOSALS_A_DAY:
            name = proposal_turn(payment.uetr, payment.version, operator, at, turn)
            if not await self._store.read.claimed(name, name):
                break
            turn += 1
        return turn

    async def approve(self, uetr: str, operator: str, proposal: str) -> Payment | Reason:
        """Carry out what another operator proposed for a payment as it stands.

        ``proposal`` is the id of what the approver saw; nothing else is carried out.
        """
        payment = await self._store.read.payment(uetr)
        held = None if payment is None else await self._proposals.standing(payment)
        if payment is None or held is None or held.said is None:
            return Reason.ORIGINAL_UNKNOWN
        if held.digest != proposal:
            return Reason.PROPOSAL_CHANGED
        opened, said = await self._opened(payment), held.said
        action = Action(said["action"])
        if opened is None and not _is_blind(payment, action):
            return Reason.TRANSACTION_UNSUPPORTED
        reason = Reason[said["reason"]] if said["reason"] else None
        if action is Action.REFUSED and await self._care.recalls.is_given(payment):
            return Reason.NOT_REFUNDABLE
        conclude, event = None, _event(payment, action)
        if event is not None:
            conclude = self._dispatch.conclusion(payment, opened, Happened(event, reason))
        released: Released | None = None
        if action is Action.RELEASE and opened is not None:
            planned = await self._care.holds.released(payment, opened)
            if isinstance(planned, Reason):
                return planned
            released = planned
            conclude = self._dispatch.conclusion(payment, opened, released.happened)
        opens = await self._matched(payment) if action is Action.MATCH else None
        if isinstance(opens, Reason):
            return opens
        at = self._clock.now()
        result = await self._store.commit(
            Approve(
                uetr=uetr,
                version=payment.version,
                action=action,
                reason=reason,
                proposer=said["operator"],
                operator=operator,
                conclude=conclude,
                at=at,
                salt=self._ids.salt(),
                opens=opens,
                paid=await self._records.money_paid(payment) if action is Action.OWE else None,
                proposal=proposal,
                judged=await self._judged(payment, action),
            )
        )
        if isinstance(result, Done) and result.payment is not None:
            self._log.info("end_approved", uetr=uetr, action=action.value)
            if released is not None and opened is not None:
                self._care.holds.send(result.payment, opened, released)
            if lifecycle.is_final(result.payment) and not lifecycle.is_final(payment):
                await self._told(result.payment)
            return result.payment
        if isinstance(result, Declined):
            return result.reason
        return Reason.DUPLICATE

    async def _told(self, payment: Payment) -> None:
        """Wake who waits; it is committed, and while the store is away they look by themselves."""
        with suppress(StoreBusy):
            await self._dispatch.told(payment)

    async def _judged(self, payment: Payment, action: Action) -> Judged:
        """By what else it is judged: the reversal that a refund is of, and what is no refund of it.

        Where that reversal waits no more, all refunds of reversals count.
        """
        original, recalls = payment.original, self._care.recalls
        if action is Action.REFUSED and is_reversal(payment):
            return Judged(original, apart=await recalls.others(payment))
        if action is not Action.BOOK:
            return Judged()
        if payment.funding is Funding.REVERSED:
            async for each in self._worklist.open(0):
                if is_reversal(each) and each.original == original:
                    others = await recalls.others(each)
                    if payment.uetr not in others:
                        return Judged(original, each.uetr, others)
        return Judged(original)

    async def _matched(self, payment: Payment) -> Open | Reason:
        """What books money that fitted nothing to the payer of its payment, as that stands now."""
        original = await self._store.read.payment(payment.original)
        opened = None if original is None else await self._opened(original)
        if original is None or opened is None:
            return Reason.ORIGINAL_UNKNOWN
        linked = await self._care.linked.of(original)
        part = part_of(original, linked, payment.terms.destination)
        if isinstance(part, Reason):
            return part
        asked = Asked(MATCHED, payment.uetr, {})
        return self._care.returns.matched(original, opened.particulars, part, asked)

    async def _opened(self, payment: Payment) -> Opened | None:
        try:
            return await self._records.open(payment.uetr)
        except VaultError:
            return None


def _event(payment: Payment, action: Action) -> Event | None:
    """What an action does to a payment that is not final yet."""
    event = dict(_EVENTS).get(action)
    if event is not Event.ACCEPTED:
        return event
    if payment.state is State.CANCEL_MANUAL:
        return Event.TOO_LATE
    # In three legs nothing is carried out without our word: it goes out, and is answered.
    ready = lifecycle.decided(payment, Event.READY).verdict is lifecycle.Verdict.MOVE
    return Event.READY if ready else event


def _is_blind(payment: Payment, action: Action) -> bool:
    """Whether an action needs nothing that was sealed: it sends nothing, and only books."""
    return action not in _SIGHTED and _event(payment, action) is not Event.READY


def _claimed(payment: Payment, said: Mapping[str, str], digest: str) -> str:
    """What claims the proposal that stands."""
    case, end = f"{payment.uetr}@{payment.version}", f"{said['action']}:{said['reason']}"
    return proposal_name(case, end, said["operator"], digest)


def _number(payment_id: int | None) -> str | None:
    return None if payment_id is None else str(payment_id)


def _total(total: Total) -> dict[str, object]:
    """A sum, which may be more than an amount can be."""
    code, value = total.currency.code, major_units(total.minor, total.currency)
    shown = {"currency": code, "value": value}
    return {"state": total.state, "count": total.count, "currency": code, "amount": shown}
