"""Which open payments need people, by age or by amount, and what they come to together.

By age a page goes on until it is full, so what needs nobody never hides what does. By amount the
open payments are looked through, the oldest first and up to a bound, and the largest debits of each
currency are kept. The surprise: amounts of two currencies are never compared, so the largest come
currency by currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import nlargest
from typing import TYPE_CHECKING, Final

from switch.model import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fx.money import Currency
    from switch.model import Payment
    from switch.runtime.clock import Clock
    from switch.store.contract import Store

LOOKED_AT_MAX: Final = 20_000
"""Open payments that one request looks through; the page says where it stopped."""

READ_AT_ONCE: Final = 200
"""Payments read at once; others run in between."""

_WATCHED: Final = frozenset(
    (
        *(State.PUT, State.MANUAL, State.CANCEL_MANUAL, State.UNKNOWN, State.PENDING_FAR),
        *(State.CANCELLING, State.CREDIT_UNKNOWN, State.CREDIT_PENDING, State.RETURNING),
        *(State.UNWINDING, State.CONFIRMING, State.ACCEPTED_UNPOSTED, State.HELD),
        *(State.BLOCKED, State.GIVING_BACK),
    )
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of which payments the queue is asked for; what is empty says nothing."""

    network: str = ""
    currency: str = ""

    def has(self, payment: Payment) -> bool:
        """Whether a payment needs people, and is of these; its currency is that of its debit."""
        if not needs_eyes(payment):
            return False
        if self.network and self.network not in (payment.network, payment.origin):
            return False
        return not self.currency or payment.terms.debit.currency.code == self.currency


@dataclass(slots=True)
class Total:
    """What the payments of one currency and state come to, in minor units of it."""

    state: str
    currency: Currency
    count: int = 0
    minor: int = 0


@dataclass(slots=True)
class Largest:
    """The largest payments by currency; ``after`` is where the look stopped, None at the end."""

    payments: list[Payment] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    after: int | None = None


class Worklist:
    """Looks through the open payments of a store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def oldest(
        self, after: int, limit: int, wanted: Wanted
    ) -> tuple[list[Payment], int | None]:
        """Payments behind a number, the oldest first; and the number to go on from, if any."""
        found: list[Payment] = []
        looked_at = 0
        async for payment in self.open(after):
            looked_at += 1
            if wanted.has(payment):
                found.append(payment)
            if len(found) == limit or looked_at == LOOKED_AT_MAX:
                return found, payment.payment_id
        return found, None

    async def largest(self, after: int, limit: int, wanted: Wanted) -> Largest:
        """The largest debits behind a number in each currency, and the sums of all by state."""
        best: dict[str, list[Payment]] = {}
        totals: dict[tuple[str, str], Total] = {}
        result = Largest()
        looked_at = 0
        async for payment in self.open(after):
            looked_at += 1
            if wanted.has(payment):
                debit, state = payment.terms.debit, payment.state.value
                place = (debit.currency.code, state)
                total = totals.setdefault(place, Total(state, debit.currency))
                total.count += 1
                total.minor += debit.minor
                kept = best.setdefault(debit.currency.code, [])
                kept.append(payment)
                if len(kept) >= 2 * max(limit, READ_AT_ONCE):
                    kept[:] = nlargest(limit, kept, key=_size)
            if looked_at == LOOKED_AT_MAX:
                result.after = payment.payment_id
                break
        for _, kept in sorted(best.items()):
            result.payments += nlargest(limit, kept, key=_size)
        result.totals = [total for _, total in sorted(totals.items())]
        return result

    async def open(self, after: int) -> AsyncIterator[Payment]:
        """Every open payment behind a number, the oldest first."""
        while page := await self._store.read.unended(after, READ_AT_ONCE):
            for payment in page:
                yield payment
            if len(page) < READ_AT_ONCE:
                return
            after = page[-1].payment_id
            await self._clock.sleep(0)


def needs_eyes(payment: Payment) -> bool:
    """Left to people, disputed, or of an outcome that nobody knows yet."""
    return payment.disputed or payment.state in _WATCHED


def _size(payment: Payment) -> tuple[int, int]:
    # Of two that are alike the older one comes first.
    return payment.terms.debit.minor, -payment.payment_id
