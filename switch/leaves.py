"""What the journal says of a payment and of a ledger entry: plain values, nothing personal. Pure.

Content is made of text (enumerations among it), whole numbers, null and lists only, so that it has
one canonical form. The names are read by whoever checks a record, also one written by an earlier
version: a name is added, never given another meaning.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from switch.ledger import Phase
from switch.model import to_micros

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switch.commands import Sealed
    from switch.ledger import Entry
    from switch.model import Payment


def sealed_digest(sealed: Sealed) -> str:
    """What the journal says of a sealed record: SHA-256 of its number, kind and ciphertext."""
    return sha256(f"{sealed.record_id}/{sealed.kind}/".encode() + sealed.blob).hexdigest()


def payment_content(
    kind: str, payment: Payment, entries: Sequence[Entry], more: Mapping[str, object]
) -> dict[str, object]:
    """A payment as it is after a command, and the entries that the command booked for it."""
    terms = payment.terms
    if terms.scheme_quote:
        more = {**more, "scheme_quote": terms.scheme_quote}
    return {
        **more,
        "kind": kind,
        "uetr": payment.uetr,
        "version": payment.version,
        "state": payment.state,
        "corridor": payment.corridor,
        "origin": payment.origin,
        "reference": payment.reference,
        "debit": [terms.debit.currency.code, terms.debit.minor],
        "destination": [terms.destination.currency.code, terms.destination.minor],
        "quote": terms.quote_id,
        "rates": [list(key) for key in terms.rate_keys],
        "config_version": payment.config_version,
        "reason": None if payment.reason is None else payment.reason.name,
        "disputed": payment.disputed,
        "at": to_micros(payment.updated_at),
        "entries": [entry_content(entry) for entry in entries],
    }


def entry_content(entry: Entry) -> list[object]:
    """What the journal says of an entry; the reservation that it resolves stands at the end.

    Null stands there for what was posted without having been reserved.
    """
    line = entry.line
    content: list[object] = [
        entry.entry_id,
        line.account,
        line.side,
        line.currency,
        line.minor,
        entry.phase,
    ]
    if entry.phase is not Phase.PENDING:
        content.append(entry.pending_entry)
    return content
