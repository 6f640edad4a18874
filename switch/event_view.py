"""An event as its receiver sees it: over a webhook, fetched, or in a stream, always the same.

The payment in it is as ``GET /v1/payments/{uetr}`` shows it at the moment of showing, so an event
that arrives late tells the truth of then and not of when it was written. It names nobody. The
surprise: ``order`` is the payment's version, so of two events of one payment the greater is later
however they arrive, while ``sequence`` counts all events of the receiver and has no gaps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from switch.answers import instant, payment_view
from switch.store.rows import payment_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.model import Payment
    from switch.outbox import OutboxRow
    from switch.store.contract import Reads


def event_view(row: OutboxRow, payment: Payment) -> dict[str, object]:
    """An event with its payment as it stands now."""
    return {
        "event_id": row.event_id,
        "receiver": row.receiver,
        "sequence": row.number,
        "order": row.version,
        "kind": row.kind.value,
        "status": row.status.value,
        "at": instant(row.at),
        "payment_kind": payment.kind.value,
        "original": payment.original or None,
        "payment": payment_view(payment),
    }


def event_body(row: OutboxRow, payment: Payment) -> bytes:
    """The body of a webhook's request."""
    return orjson.dumps(event_view(row, payment))


async def payments_of(read: Reads, rows: Sequence[OutboxRow]) -> dict[str, Payment]:
    """The payments of events, by UETR, as they stand."""
    uetrs = list(dict.fromkeys(row.uetr for row in rows))
    found = [payment_of(row) for row in await read.payment_rows(uetrs)]
    return {payment.uetr: payment for payment in found}
