"""What a network tells about payments of ours: an outcome, money given back, a question first.

Each names our reference there. An outcome is taken as the answer to an enquiry is: the first final
one counts and a contradiction opens a dispute. "Never seen" told unasked is believed of nobody. The
surprise: what names no payment of ours is answered and put down, and moves nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switch import lifecycle
from switch.commands import Conflict
from switch.dispatch import Happened, happened
from switch.inbound_port import InboundReturn
from switch.lifecycle import Event
from switch.linked_payments import Asked, apart
from switch.model import Direction, Finality, Kind, Payment, State, Status
from switch.orders import Taken
from switch.port import Outcome, OutcomeKind
from switch.reasons import Reason
from switch.refusals import Busy
from switch.returns import BURIED, UNSENT, Back, beside, returned
from switch.store.vault import VaultError, is_gone

if TYPE_CHECKING:
    from switch.dispatch import Dispatch
    from switch.inbound_port import InboundAuthorise, InboundCancel, InboundNotice, InboundRecall
    from switch.logs import Log
    from switch.model import Particulars
    from switch.recalls import Recalls
    from switch.records import Open as Opened
    from switch.restoring import Restoring
    from switch.returns import Returns
    from switch.store.contract import Store
    from switch.unsolicited import Unsolicited

UNDOING: Final = (State.CANCELLING, State.CANCEL_MANUAL)
"""What we asked to be undone: it may be executed already, and must not be from now on."""


class Notices:
    """Takes what networks tell unasked."""

    def __init__(
        self,
        *,
        store: Store,
        dispatch: Dispatch,
        returns: Returns,
        recalls: Recalls,
        unsolicited: Unsolicited,
        restoring: Restoring,
        log: Log,
    ) -> None:
        self._store = store
        self._dispatch = dispatch
        self._returns = returns
        self._recalls = recalls
        self._unsolicited = unsolicited
        self._restoring = restoring
        self._log = log

    async def recall(self, network: str, request: InboundRecall, body: bytes) -> Taken:
        """Put a recall of a network to the payee's bank; ``body`` is the message, as evidence."""
        return await self._recalls.asked(network, request, body)

    async def notice(self, network: str, request: InboundNotice, body: bytes) -> Taken:
        """Take an outcome; ``body`` is the message, kept as evidence."""
        payment = await self._ours(network, request.reference)
        if payment is None or not _tells_of(request, payment):
            await self._unsolicited.note(network, body)
            return Taken(None, Reason.ORIGINAL_UNKNOWN)
        outcome = request.outcome_of(payment)
        if outcome.kind is not request.outcome.kind:
            self._log.warning("notice_of_another_amount", network=network, uetr=payment.uetr)
        if outcome.kind is OutcomeKind.NEVER_SEEN:
            outcome = Outcome(OutcomeKind.UNKNOWN)
        if payment.state in UNSENT:
            # Nothing of it has been sent: nobody can know how it ended.
            self._log.warning("notice_of_unsent", uetr=payment.uetr)
            return Taken(payment, Reason.TRANSACTION_UNSUPPORTED)
        told = happened(outcome, body)
        if told.event is Event.LOST:
            # That nothing is known is no news.
            return Taken(payment)
        verdict = lifecycle.decided(payment, told.event).verdict
        if verdict is lifecycle.Verdict.IMPOSSIBLE:
            return Taken(payment, Reason.TRANSACTION_UNSUPPORTED)
        opened, told = await self._legible(payment, told)
        return Taken(await self._dispatch.conclude(payment, opened, told))

    async def authorise(self, network: str, request: InboundAuthorise) -> Taken:
        """Whether a payment of ours may be debited: only what it was opened for.

        One that is refused, or that we are undoing, may not any more; whoever only asks how it
        stands is told so.
        """
        payment = await self._ours(network, request.reference)
        if payment is None or payment.kind is not Kind.PAYMENT:
            return Taken(None, Reason.ORIGINAL_UNKNOWN)
        if request.amount is not None and payment.reason is not None:
            return Taken(payment, payment.reason)
        if request.amount is not None and payment.state in UNSENT:
            return Taken(payment, Reason.TRANSACTION_UNSUPPORTED)
        if request.amount is not None and payment.state in UNDOING:
            return Taken(payment, Reason.CANCELLED)
        terms = payment.terms
        owed = {terms.destination, terms.paid_out, *(hop.source for hop in terms.hops)}
        right = request.amount is None or request.amount in owed
        return Taken(payment, None if right else Reason.AMOUNT_DIFFERS)

    async def returned(self, network: str, request: InboundReturn, body: bytes) -> Taken:
        """Book money that a network gives back; ``body`` is the message, kept where people look.

        Only what names no payment of ours is refused: then nothing has moved. What only asks us to
        give back may be refused otherwise, and that stays said to its key.
        """
        content = {
            "amount": str(request.amount.minor),
            "currency": request.amount.currency.code,
            "reference": request.reference,
        }
        asked = Asked(network, returned(request.key), content)
        original = await self._ours(network, request.reference)
        if original is None or request.uetr not in ("", original.uetr):
            await self._unsolicited.note(network, body)
            return Taken(None, await self._of_nothing(asked, settled=request.settled))
        if original.direction is not Direction.OUTBOUND:
            return Taken(original, Reason.NOT_REFUNDABLE)
        particulars = await self._particulars(original, settled=request.settled)
        back = Back(request.amount, particulars, body if request.settled else None)
        made = await self._returns.returned(original, back, asked)
        if request.settled and (isinstance(made, Conflict) or _is_refused(made)):
            # Its money has moved under a name that means other money: people must look.
            asked = Asked(network, returned(beside(asked)), content)
            made = await self._returns.returned(original, replace(back, particulars=None), asked)
        # A refund of ours that comes back has moved too, and nothing can be linked to a refund.
        nowhere = original.kind is not Kind.PAYMENT or made is Reason.LINKED_FULL
        if nowhere and request.settled and isinstance(made, Reason):
            aside = await self._returns.put_aside(original, back, asked, returned(request.key))
            return Taken(original, status=Status.ACCC) if aside else Taken(original, BURIED)
        if isinstance(made, Conflict):
            return Taken(original, Reason.DUPLICATE)
        if isinstance(made, Reason):
            return Taken(original, made)
        if _is_refused(made):
            return Taken(original, made.reason, Status.RJCT)
        return Taken(made)

    async def _of_nothing(self, asked: Asked, *, settled: bool) -> Reason:
        """Why a return that names no payment of ours is refused; an instruction is so for good."""
        if not settled:
            if self._restoring.holding:
                raise Busy
            payment, status = await self._returns.buried(asked.scope, asked.key)
            if payment is not None or status is not None:
                return Reason.DUPLICATE
        return Reason.ORIGINAL_UNKNOWN

    async def _particulars(self, original: Payment, *, settled: bool) -> Particulars | None:
        """Who is involved; None where nobody can read that any more, or money has moved anyhow."""
        try:
            return (await self._dispatch.open(original.uetr)).particulars
        except VaultError as error:
            self._log.warning("return_of_unreadable", uetr=original.uetr)
            if not settled and not is_gone(error):
                raise Busy from None
            return None

    async def asked_about(self, network: str, key: str) -> tuple[Payment | None, Status | None]:
        """What became of money that a network gave back under a key, which it asks about.

        No status is a promise: what is not here will never be taken. Raises :class:`Busy` after a
        loss, when it may have been here.
        """
        found = await self._returns.known(network, returned(key))
        if found is None and self._restoring.holding:
            raise Busy
        return found or await self._returns.buried(network, returned(key))

    async def taken_back(
        self, network: str, request: InboundCancel, taken: Taken, body: bytes
    ) -> Taken:
        """Book a payment of ours as given back that a network cancels after it has executed it.

        What it says of a payer of its own whom it had debited is put down, and people look at it.
        """
        payment = taken.payment
        if payment is not None and payment.origin == network and request.undebited:
            return await self._undebited(network, payment, body)
        if taken.reason is not Reason.CANCEL_TOO_LATE or payment is None:
            return taken
        if payment.direction is not Direction.OUTBOUND or payment.state is not State.ACCEPTED:
            return taken
        key, whole = apart("cancel", request.key), payment.terms.destination
        back = InboundReturn(key, payment.reference, whole, request.request)
        return await self.returned(network, back, b"")

    async def _undebited(self, network: str, payment: Payment, body: bytes) -> Taken:
        """Dispute what an advised debit paid for that its network takes back; both are evidence.

        A credit that is under way is ended by Bakong's word alone: until then it is told again.
        """
        if payment.finality is not Finality.ADVICE or payment.state is State.LAPSED:
            return Taken(payment)
        if not lifecycle.is_final(payment):
            self._log.warning("undebited_too_soon", uetr=payment.uetr)
            raise Busy
        self._log.warning("undebited", uetr=payment.uetr, state=payment.state.value)
        if payment.state is State.UNWOUND:
            # It has gone back already: the network's file will show whether twice.
            await self._unsolicited.note(network, body)
            return Taken(payment)
        event = Event.REFUSED if payment.state is State.CREDITED else Event.SPENT
        reason = Reason.CANCELLED if event is Event.REFUSED else None
        opened, told = await self._legible(payment, Happened(event, reason, evidence=body))
        return Taken(await self._dispatch.conclude(payment, opened, told))

    async def _legible(self, payment: Payment, told: Happened) -> tuple[Opened | None, Happened]:
        """A payment opened for what was told of it; without evidence where it opens no more.

        Raises :class:`Busy` where that is not final.
        """
        try:
            return await self._dispatch.open(payment.uetr), told
        except VaultError:
            self._log.warning("notice_of_unreadable", uetr=payment.uetr)
            if not lifecycle.is_final(payment):
                raise Busy from None
            # What is final and erased is still contradicted; only the message cannot be kept.
            return None, replace(told, evidence=b"")

    async def _ours(self, network: str, reference: str) -> Payment | None:
        """The payment that a network speaks of. Raises :class:`Busy` where it may be lost."""
        payment = await self._store.read.by_reference(network, reference)
        if payment is None:
            if self._restoring.holding:
                raise Busy
            self._log.warning("notice_of_nothing", network=network)
        return payment


def _is_refused(made: object) -> bool:
    """Whether a return was refused before, under its key."""
    return isinstance(made, Payment) and made.state is State.REFUSED


def _tells_of(request: InboundNotice, payment: Payment) -> bool:
    """Whether a notice is about a payment: only an answer to a recall of ours ends that.

    What a network sent itself (a return, a recall of its own) waits for no word of it.
    """
    if payment.direction is Direction.INBOUND and payment.kind is not Kind.PAYMENT:
        return False
    if (payment.kind is Kind.RECALL) is not request.recall:
        return False
    return request.original in ("", payment.original)
