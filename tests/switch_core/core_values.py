"""Payments and commands that the tests of the core and of the stores share.

Amounts are those of the project's worked example: 41,250 KHR with a fee of 250 buy 345.00 THB.
Everything is numbered, so two payments never share an id, a reference or a sealed record, and a
command is built from the payment as it is, with the timer, reason and answer its target needs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fx.money import Money, Rate, currency
from switch.commands import (
    Answer,
    Attempt,
    Binding,
    Bury,
    Conclude,
    Configure,
    Erase,
    Open,
    PlannedExchange,
    Publish,
    RateRow,
    Receive,
    Refuse,
    Rewrap,
    Sealed,
)
from switch.ledger import Account
from switch.lifecycle import STATES, TABLE, Event, Timer, Verdict
from switch.model import (
    Channel,
    Direction,
    Hop,
    Institutions,
    Payment,
    Residue,
    State,
    Status,
    Terms,
    UseCase,
)
from switch.port import Operation
from switch.reasons import Reason
from switch.store.vault import erasure_mark

NOW: Final = datetime(2026, 11, 21, 3, 4, 5, 678901, tzinfo=UTC)
EXPIRY: Final = NOW + timedelta(seconds=600)
MEMBER: Final = "ACLBKHPPXXX"
HOLDER: Final = "BKKBTHBKXXX"
SPONSOR: Final = "CADIKHPPXXX"
SECOND: Final = "ICBCCNBJXXX"

MEMBER_KHR: Final = f"{MEMBER}/member/KHR/deferred"
HOLDER_KHR: Final = f"{HOLDER}/holder/KHR/deferred"
HOLDER_THB: Final = f"{HOLDER}/holder/THB/deferred"
FEE_KHR: Final = "bakong/fee/KHR/deferred"
THAILAND_THB: Final = "thailand/network/THB/deferred"
POOL_KHR: Final = f"{SPONSOR}/pool/KHR/bakong"
SUSPENSE_KHR: Final = f"{SPONSOR}/suspense/KHR/bakong"

SENT: Final = {Direction.OUTBOUND: State.SENDING, Direction.INBOUND: State.CREDITING}
ENDED: Final = {Direction.OUTBOUND: State.ACCEPTED, Direction.INBOUND: State.CREDITED}


SENDS: Final = (Event.PAID, Event.FUNDED, Event.CLEARED)


def khr(riel: int) -> Money:
    """Whole riel."""
    return Money(riel * 100, currency("KHR"))


def thb(satang: int) -> Money:
    """Satang of baht."""
    return Money(satang, currency("THB"))


def uetr(number: int) -> str:
    """A UUID version 4 that shows its number."""
    return f"{number:08x}-0000-4000-8000-000000000000"


def terms(direction: Direction = Direction.OUTBOUND, quote: str = "quote-1") -> Terms:
    """The worked example in either direction."""
    outbound = direction is Direction.OUTBOUND
    return Terms(
        debit=khr(41_250) if outbound else thb(34_500),
        fee=khr(250) if outbound else thb(0),
        source=khr(41_000) if outbound else thb(34_500),
        destination=thb(34_500) if outbound else khr(41_000),
        rate=Rate.parse("118.84", "THB", "KHR"),
        rate_version="r-1",
        quote_id=quote,
        quote_expires_at=EXPIRY,
    )


def direct(
    direction: Direction = Direction.OUTBOUND, quote: str = "quote-1", version: str = "r-1"
) -> Terms:
    """The worked example as one recorded conversion; 345.00 at 118.84 are 40,999.80 riel."""
    held = terms(direction, quote)
    hop = Hop("provider-a", HOLDER, held.source, held.destination, held.rate, version)
    left = Residue(HOLDER, Money(20, currency("KHR")))
    residues = (left,) if direction is Direction.OUTBOUND else ()
    return replace(held, rate_version=version, hops=(hop,), residues=residues)


def bridged(quote: str = "quote-1") -> Terms:
    """41,000 riel buy 10.12 dollars of one provider, and these 345.00 baht of another."""
    held = terms(quote=quote)
    dollars = Money(1_012, currency("USD"))
    hops = (
        Hop("provider-a", HOLDER, held.source, dollars, Rate.parse("4050", "USD", "KHR"), "a-1"),
        Hop(
            "provider-b", SECOND, dollars, held.destination, Rate.parse("34.1", "USD", "THB"), "b-1"
        ),
    )
    return replace(held, hops=hops, residues=(Residue(HOLDER, Money(1_400, currency("KHR"))),))


def payment(
    number: int = 1, *, direction: Direction = Direction.OUTBOUND, quote: str = "quote-1"
) -> Payment:
    """A payment as commit 1 opens it."""
    outbound = direction is Direction.OUTBOUND
    return Payment(
        payment_id=number << 20,
        uetr=uetr(number),
        direction=direction,
        use_case=UseCase.MERCHANT,
        corridor="bakong-thailand" if outbound else "thailand-bakong",
        origin=MEMBER if outbound else "thailand",
        channel=Channel.JSON if outbound else Channel.NETWORK,
        network="thailand" if outbound else "bakong",
        reference=f"{number:017d}",
        terms=terms(direction, quote),
        institutions=(
            Institutions(MEMBER, HOLDER, "thailand", "bakong")
            if outbound
            else Institutions("thailand", HOLDER, SPONSOR, "bakong")
        ),
        config_version="c-1",
        state=SENT[direction],
        version=1,
        opened_at=NOW,
        accepted_at=NOW - timedelta(milliseconds=40),
        deadline=NOW + timedelta(seconds=20),
        send_by=NOW + timedelta(seconds=2),
        updated_at=NOW,
        next_at=NOW + timedelta(seconds=8),
    )


def binding(held: Payment, key: str | None = None, **content: str) -> Binding:
    """A key bound to a payment; ``content`` overrides the digests of the request's fields."""
    fields = {"amount": "a0", "creditor": "c0", "quote": held.terms.quote_id} | content
    return Binding(held.origin, key or f"key-{held.payment_id >> 20}", fields, held.uetr)


def exchange(held: Payment, operation: Operation = Operation.PAY) -> PlannedExchange:
    """The exchange that a version of a payment plans, with its sealed body."""
    number = held.payment_id + 10 * held.version
    return PlannedExchange(
        exchange_id=number,
        uetr=held.uetr,
        network=held.network,
        operation=operation,
        reference=held.reference,
        method="POST",
        path="/messages",
        send_by=held.send_by,
        answer_within_ms=8_000,
        sealed=Sealed(number, held.uetr, operation.value, b"sealed exchange %d" % number),
    )


def salt(*parts: int) -> bytes:
    """Sixteen bytes that tell commands apart."""
    return b"".join(part.to_bytes(8, "big") for part in (*parts, 0, 0)[:2])


def opened(held: Payment, key: str | None = None, **content: str) -> Open:
    """Commit 1 of a payment: with its exchange, or holding it, or booking it at once."""
    sends = held.state in SENT.values()
    number = held.payment_id + 3
    return Open(
        payment=held,
        binding=binding(held, key, **content),
        exchange=exchange(held) if sends else None,
        wrapped_key=b"wrapped %d" % held.payment_id,
        salt=salt(held.payment_id),
        sealed=None if sends else Sealed(number, held.uetr, "opening", b"sealed %d" % number),
        answer=answer(held, "booked") if STATES[held.state].final else None,
    )


def waiting(held: Payment, state: State, **shape: Any) -> Payment:
    """A payment that is opened in a state in which nothing is sent yet, or nothing ever will be."""
    if STATES[state].final:
        shape["next_at"] = None
    return replace(held, state=state, **shape)


def as_refused(held: Payment, reason: Reason) -> Payment:
    """The payment as a refusal at the boundary stores it."""
    return replace(held, state=State.REFUSED, reason=reason, next_at=None)


def answer(held: Payment, text: str = "final") -> Answer:
    """A stored answer that shows which payment and version it belongs to."""
    body = f'{{"uetr":"{held.uetr}","version":{held.version},"answer":"{text}"}}'
    return Answer(200, "application/json", body.encode())


def refused(
    held: Payment,
    reason: Reason = Reason.FUNDS_INSUFFICIENT,
    key: str | None = None,
    **content: str,
) -> Refuse:
    """A refusal bound to its key."""
    return Refuse(
        payment=as_refused(held, reason),
        binding=binding(held, key, **content),
        answer=answer(held, reason.name),
        wrapped_key=b"wrapped %d" % held.payment_id,
        salt=salt(held.payment_id, 1),
    )


def enquired(held: Payment, seconds: int = 5) -> Attempt:
    """An enquiry about a payment as it is now."""
    at = held.updated_at + timedelta(seconds=seconds)
    return Attempt(
        uetr=held.uetr,
        version=held.version,
        exchange=exchange(replace(held, version=held.version + 1), Operation.ENQUIRE),
        at=at,
        next_at=at + timedelta(seconds=seconds),
        salt=salt(held.payment_id, held.version + 1),
    )


def concluded(held: Payment, event: Event, **changes: Any) -> Conclude:
    """A conclusion about a payment as it is now, with what the table's target state needs."""
    decision = TABLE[held.flow, held.state, event]
    at = held.updated_at + timedelta(seconds=1)
    timed = STATES[decision.target].timer is not Timer.NONE
    moves = decision.verdict is Verdict.MOVE
    refuses = moves and STATES[decision.target].status is Status.RJCT and held.reason is None
    ends = STATES[decision.target].final and not STATES[held.state].final
    after = replace(held, version=held.version + 1)
    number = held.payment_id + 10 * (held.version + 1) + 5
    command = Conclude(
        uetr=held.uetr,
        version=held.version,
        event=event,
        at=at,
        next_at=at + timedelta(seconds=5) if timed else None,
        reason=Reason.UNSPECIFIED if refuses else None,
        far_reference="FAR-1" if event is Event.ACCEPTED else None,
        answer=answer(held, event.value) if ends else None,
        evidence=Sealed(number, held.uetr, "evidence", b"sealed evidence"),
        salt=salt(held.payment_id, held.version + 1),
        exchange=exchange(after) if event in SENDS and moves else None,
    )
    return replace(command, **changes)


def buried(number: int, scope: str = "thailand") -> Bury:
    """A tombstone for a payment's identity."""
    return Bury(scope, uetr(number), NOW, salt(number, 2))


def erased(held: Payment, cause: str = "request") -> Erase:
    """The names of a payment destroyed."""
    return Erase(held.uetr, cause, erasure_mark(cause, NOW), NOW, salt(held.payment_id, 6))


def rewrapped(held: Payment, before: bytes, name: str = "2026-11") -> Rewrap:
    """The data key of a payment wrapped anew."""
    after = name.encode().ljust(16, b"\0") + before[-60:]
    return Rewrap(name, ((held.uetr, before, after),), NOW, salt(held.payment_id, 7))


def received(item: str = "item-1", minor: int = 100_000) -> Receive:
    """Money that arrived in the sponsor's pool."""
    return Receive(item, SPONSOR, "KHR", minor, NOW, salt(minor, 3))


def posted(
    version: str = "r-1", rate: str = "118.84", *, withdrawn: bool = False, second: int = 0
) -> Publish:
    """A rate posted or, if so said, withdrawn; ``second`` is how long after now."""
    at = NOW + timedelta(seconds=second)
    row = RateRow(
        provider="provider-a",
        pair="KHR/THB",
        version=version,
        effective_at=NOW,
        published_at=at,
        sheet=f'{{"rate":"{rate}"}}',
        withdrawn_at=at if withdrawn else None,
    )
    return Publish(row, salt(len(version), second, 5)[:16])


def capped(net_debit_max: int | None, key: str = MEMBER_KHR, version: str = "c-1") -> Configure:
    """A cap on one account."""
    code = key.split("/")[2]
    account = Account(key, code, net_debit_max=net_debit_max)
    return Configure(version, (account,), NOW, salt(net_debit_max or 0, 4))
