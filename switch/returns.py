"""Money that a network gives back of what we paid: booked when we hear of it, whatever we think.

A return of a payment that was accepted goes to its payer at the payment's own rate. One that fits
no payment as it stands (not known yet, refused, more than was paid, in another currency) is money
all the same: it is booked to suspense against the network, under its own identification, and waits
in the queue, with the message as evidence, until two operators book it to the payer or send it
back. So does other money under a name that was used; what finds no place left is an item. The
surprise: all are answered "taken"; only what names no payment of ours, and what is no more than an
instruction to give back, is refused, and then nothing has moved. That stays said to its key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from switch import lifecycle
from switch.commands import Bury, Conflict, Done, Open
from switch.denials import NOWHERE
from switch.inbound_port import derived_uetr
from switch.items import Items
from switch.lifecycle import Event
from switch.linked_payments import TRIES_MAX, Asked, apart
from switch.model import Direction, Funding, Kind, Particulars, Party, State, Status, changed
from switch.parts import (
    LINKED_MAX,
    Part,
    changed_terms,
    linked_quote,
    linked_uetr,
    part_of,
    unmatched_terms,
)
from switch.reasons import Reason
from switch.refusals import Busy

if TYPE_CHECKING:
    from fx.money import Money
    from switch.answers import Answers
    from switch.denials import Denials
    from switch.dispatch import Dispatch
    from switch.linked_payments import LinkedPayments
    from switch.logs import Log
    from switch.model import Payment, Terms
    from switch.records import Records
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store

BURIED: Final = Reason.TOMBSTONED
"""Why money that comes back is not taken: its network was told that it never came."""

UNSENT: Final = (State.HELD, State.BLOCKED, State.AWAITING_FUNDS)
"""What waits for us or for its money: no network has a word in it yet."""

_IS_BOOKED: Final = "/booked"

NOBODY = Particulars(Party("", ""), Party("", ""), "")
"""Who is involved in money of which nobody can read that any more."""


@dataclass(frozen=True, slots=True)
class Back:
    """What comes back. ``particulars`` are the original's, None where nobody can read them.

    ``message`` is what moved the money; None where that would move it only if it is taken.
    """

    amount: Money
    particulars: Particulars | None = field(repr=False)
    message: bytes | None = field(repr=False)


def returned(key: str) -> str:
    """The idempotency key of what a network gives back under its own key."""
    return apart("return", key)


def _undecided(original: Payment) -> bool:
    """Whether a payment was sent, or may have been, and nobody knows how it ended."""
    return original.state not in UNSENT and not lifecycle.is_final(original)


def _grave(network: str, key: str) -> str:
    """What a tombstone names a return by: the wire has no UETR for it."""
    return derived_uetr(network, key)


def _came(network: str, key: str) -> str:
    """The item that says that a return came which no payment has room for."""
    return f"return/{network}/{_grave(network, key)}"


def beside(asked: Asked) -> str:
    """What names a return by its content too: it came under a name that other money came under."""
    written = [asked.key, *(f"{name}={value}" for name, value in sorted(asked.content.items()))]
    return sha256("\n".join(written).encode()).hexdigest()


class Returns:
    """Books what networks give back."""

    def __init__(  # the parts it uses
        self,
        *,
        store: Store,
        records: Records,
        dispatch: Dispatch,
        linked: LinkedPayments,
        denials: Denials,
        answers: Answers,
        clock: Clock,
        ids: Ids,
        log: Log,
    ) -> None:
        self._store = store
        self._records = records
        self._dispatch = dispatch
        self._linked = linked
        self._denials = denials
        self._answers = answers
        self._clock = clock
        self._ids = ids
        self._items = Items(store, clock, ids)
        self._log = log

    async def returned(
        self, original: Payment, back: Back, asked: Asked
    ) -> Payment | Conflict | Reason:
        """Book what a network gives back of an outbound payment: final when it is committed.

        Raises :class:`~switch.refusals.Busy`, also where it is only asked to be given back and
        nobody knows yet whether it was paid: "no" would be final, and perhaps wrong.
        """
        if original.direction is not Direction.OUTBOUND or original.kind is not Kind.PAYMENT:
            return Reason.NOT_REFUNDABLE
        if back.amount.minor <= 0:
            return Reason.AMOUNT_ZERO
        known = await self._linked.known(asked)
        if known is not None:
            return known
        for _ in range(TRIES_MAX):
            if back.message is None and _undecided(original):
                self._log.info("return_waits", original=original.uetr)
                raise Busy
            made: Payment | Conflict | Reason
            command = await self._command(original, back, asked)
            if isinstance(command, Reason):
                made = command
            else:
                made = await self._committed(command, original, asked)
                if made is Reason.NOT_REFUNDABLE or (
                    isinstance(made, Conflict) and made.field_name == "uetr"
                ):
                    # The original has moved on under it, or its place was taken: look again.
                    original = await self._store.read.payment(original.uetr) or original
                    continue
            if isinstance(made, Reason) and back.message is None and made is not BURIED:
                return await self._denied(original, back.amount, asked, made)
            return made
        raise Busy

    async def _command(self, original: Payment, back: Back, asked: Asked) -> Open | Reason:
        """What books it: to the payer where it fits, to suspense where it only is there."""
        linked = await self._linked.of(original)
        if len(linked) >= LINKED_MAX:
            return Reason.LINKED_FULL
        part: Part | Reason = Reason.NOT_REFUNDABLE
        if original.state in (State.ACCEPTED, State.CONFIRMING):
            part = part_of(original, linked, back.amount)
        if back.particulars is not None and not isinstance(part, Reason):
            return self.matched(original, back.particulars, part, asked)
        if back.message is None:
            return part if isinstance(part, Reason) else Reason.NOT_REFUNDABLE
        return self._unmatched(original, len(linked) + 1, back, asked)

    async def put_aside(self, original: Payment, back: Back, asked: Asked, key: str) -> bool:
        """Book money that has moved and has no place left at its payment: an item, to suspense.

        ``key`` is what its network asks about it by; where that was told that it never came, this
        is False and nothing is booked. Raises :class:`~switch.refusals.Busy`.
        """
        item, network = f"return/{asked.scope}/{beside(asked)}", asked.scope
        came = _came(network, key)
        if not await self._items.put(came, network, grave=_grave(network, key)):
            return False
        await self._items.put(item, original.network, back.amount)
        await self._items.put(f"{came}{_IS_BOOKED}", network)
        self._log.warning("return_put_aside", original=original.uetr, item=item)
        return True

    async def known(self, network: str, key: str) -> tuple[Payment | None, Status | None] | None:
        """The return that is here under a key and how it stands; None where nothing is known."""
        held = await self._records.bound(network, key)
        payment = None if held is None else await self._store.read.payment(held.uetr)
        if payment is not None:
            return payment, lifecycle.status(payment)
        came = _came(network, key)
        if not await self._store.read.has_item(came):
            return None
        booked = await self._store.read.has_item(f"{came}{_IS_BOOKED}")
        return None, Status.ACCC if booked else Status.PDNG

    async def buried(self, network: str, key: str) -> tuple[Payment | None, Status | None]:
        """Promise that what is not here under a key will never be; or how it stands, if it is."""
        bury = Bury(
            scope=network,
            key=_grave(network, key),
            at=self._clock.now(),
            salt=self._ids.salt(),
            bound=self._records.name_of(network, key),
            item=_came(network, key),
        )
        if isinstance(await self._store.commit(bury), Done):
            return None, None
        # It came in between.
        return await self.known(network, key) or (None, Status.PDNG)

    async def _committed(
        self, command: Open, original: Payment, asked: Asked
    ) -> Payment | Conflict | Reason:
        result = await self._store.commit(command)
        if isinstance(result, Done) and result.payment is not None:
            booked = result.payment
            self._log.info(
                "return_booked",
                uetr=booked.uetr,
                original=original.uetr,
                matched=not booked.disputed,
            )
            return booked
        return await self._linked.not_opened(result, asked)

    def matched(
        self, original: Payment, particulars: Particulars, part: Part, asked: Asked
    ) -> Open:
        """What books a part to the payer of an original, at its own rate."""
        quote = linked_quote(original.uetr, part.place)
        terms = changed_terms(original.terms, quote, part.payer, part.payee, part.between)
        booked = self._booked(original, part.place, terms=terms, funding=original.funding)
        # Nothing pushes it on over Bakong: it is owed to the payer, and people see to it.
        owed = booked.funding is Funding.GROSS
        return self._opening(changed(booked, disputed=owed), particulars, asked, b"")

    def _unmatched(self, original: Payment, place: int, back: Back, asked: Asked) -> Open:
        """What books money to suspense that fits an original not as it stands."""
        terms = unmatched_terms(original.terms, linked_quote(original.uetr, place), back.amount)
        booked = self._booked(original, place, terms=terms, funding=Funding.HELD)
        message = back.message or b""
        return self._opening(changed(booked, disputed=True), NOBODY, asked, message)

    async def _denied(
        self, original: Payment, amount: Money, asked: Asked, reason: Reason
    ) -> Payment | Conflict:
        """Bind that nothing is given back for an instruction: what was said to a key stays."""
        terms = unmatched_terms(original.terms, linked_quote(original.uetr, NOWHERE), amount)
        uetr = self._ids.uetr()
        denied = self._unbooked(original, uetr, terms=terms, funding=Funding.CAPPED)
        return await self._denials.bind(denied, asked, reason)

    def _booked(self, original: Payment, place: int, *, terms: Terms, funding: Funding) -> Payment:
        uetr = linked_uetr(original.uetr, place)
        linked = self._unbooked(original, uetr, terms=terms, funding=funding)
        _, booked = lifecycle.advance(linked, Event.BOOKED, at=linked.opened_at, next_at=None)
        return changed(booked, version=1)

    def _unbooked(self, original: Payment, uetr: str, *, terms: Terms, funding: Funding) -> Payment:
        linked = self._linked.linked(
            original,
            uetr,
            network=original.network,
            terms=terms,
            institutions=original.institutions,
        )
        return changed(
            linked,
            kind=Kind.RETURN,
            direction=Direction.INBOUND,
            origin=original.network,
            send_by=linked.opened_at,
            deadline=linked.opened_at,
            funding=funding,
        )

    def _opening(
        self, booked: Payment, particulars: Particulars, asked: Asked, evidence: bytes
    ) -> Open:
        answer = self._answers.render(booked, particulars, self._dispatch.planning(booked))
        key, wrapped = self._records.new_key(booked.uetr)
        return Open(
            payment=booked,
            binding=self._records.binding(key, asked.scope, asked.key, asked.content),
            exchange=None,
            wrapped_key=wrapped,
            salt=self._ids.salt(),
            sealed=self._records.held(particulars, key),
            answer=self._records.answer(booked, answer, key),
            evidence=self._records.evidence(key, evidence),
            grave=_grave(asked.scope, asked.key),
        )
