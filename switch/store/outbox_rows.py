"""Between the outbox and its rows: the same for every SQL engine.

Columns stand in the order in which both engines ask for them; times are microseconds. Reading
refuses nothing silently: a kind or a status that nobody wrote raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from switch.model import Status, from_micros, to_micros
from switch.outbox import Kind, OutboxRow
from switch.store.outbox_port import Retry, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

EVENT: Final = (
    "o.receiver, o.number, o.payment_id, p.uetr, o.version, o.kind, o.status, o.at "
    "FROM outbox o JOIN payment p ON p.payment_id = o.payment_id "
)
STANDING: Final = (
    "SELECT d.receiver, r.last, d.done, d.tries, d.next_at, d.failing_since, d.stopped "
    "FROM delivery d JOIN receiver r ON r.receiver = d.receiver "
)


def event_of(row: Sequence[Any]) -> OutboxRow:
    """The event of a row of :data:`EVENT`."""
    receiver, number, payment_id, uetr, version, kind, status, at = row
    said = (Kind(kind), Status(status), from_micros(at))
    return OutboxRow(receiver, number, payment_id, uetr, version, *said)


def standing_of(row: Sequence[Any]) -> Standing:
    """The standing of a row of :data:`STANDING`."""
    receiver, last, done, tries, next_at, failing_since, stopped = row
    times = (_moment(next_at), _moment(failing_since))
    return Standing(receiver, last, done, tries, *times, bool(stopped))


def retry_of(row: Sequence[Any]) -> Retry:
    """The retry of number, tries, since and next time."""
    number, tries, since, next_at = row
    return Retry(number, tries, from_micros(since), from_micros(next_at))


def retry_row(receiver: str, retry: Retry) -> tuple[object, ...]:
    """The columns of a retry."""
    times = (to_micros(retry.since), to_micros(retry.next_at))
    return (receiver, retry.number, retry.tries, *times)


def settled(after: Standing, before: Standing) -> tuple[object, ...]:
    """What a settlement sets, and the receiver that it sets it of."""
    assert after.receiver == before.receiver, "a settlement is of one receiver"
    times = (_micros(after.next_at), _micros(after.failing_since))
    return (after.done, after.tries, *times, int(after.stopped), after.receiver)


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)
