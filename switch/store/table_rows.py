"""What a batch leaves, as rows of the tables: the same for every SQL engine.

Whoever wrote a payment last owns it: its row names the slot and the epoch of the block that holds
it. Columns stand in the order of the tables; amounts are minor units, times are microseconds. The
surprise: nothing says here whether a row is new or takes another's place, because engines differ in
how they make sure of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from switch.model import to_micros
from switch.store.journal import canonical
from switch.store.rows import payment_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from switch.commands import Binding, PlannedExchange, RateRow
    from switch.delta import Delta
    from switch.ledger import Account, Entry
    from switch.outbox import OutboxRow
    from switch.store.journal import Block

Row = tuple[object, ...]
_SORTED: Final = orjson.OPT_SORT_KEYS


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of one batch by table."""

    payment: list[Row]
    """The frozen text is None where the row is stored already: it never changes."""
    binding: list[Row]
    answer: list[Row]
    data_key: list[Row]
    rewrapped: list[Row]
    erased: list[Row]
    claim: list[Row]
    tombstone: list[Row]
    incoming: list[Row]
    rate: list[Row]
    sealed: list[Row]
    exchange: list[Row]
    entry: list[Row]
    account: list[Row]
    balance_after: list[Row]
    leaf: list[Row]
    block: list[Row]
    outbox: list[Row]
    receiver: list[Row]
    """How far the events of an institution are numbered."""
    retention: list[Row]
    unbound: list[Row]
    """Payments by number: their bindings and answers are deleted before anything is added."""
    unburied: list[Row]
    """Tombstones that are deleted before anything is added."""


def table_rows(delta: Delta, block: Block, pack: Callable[[bytes], bytes]) -> TableRows:
    """The rows of a delta and its block; ``pack`` makes a journal entry as it is stored."""
    ids = {payment.uetr: payment.payment_id for payment in delta.payments.values()}
    ids |= delta.numbers
    sealed = [*delta.sealed, *(exchange.sealed for exchange in delta.exchanges)]
    return TableRows(
        payment=[
            (*payment_columns(payment, delta.frozen.get(payment.uetr)), block.slot, block.epoch)
            for payment in delta.payments.values()
        ],
        binding=[_binding(binding, ids[binding.uetr]) for binding in delta.bindings],
        answer=[
            (ids[u], a.status, a.content_type, a.body, int(a.sealed))
            for u, a in delta.answers.items()
        ],
        data_key=[(ids[uetr], wrapped) for uetr, wrapped in delta.wrapped_keys],
        rewrapped=[(wrapped, uetr) for uetr, wrapped in delta.rewrapped.items()],
        erased=[(uetr,) for uetr in delta.erased],
        claim=[(c.quote_id, c.uetr, int(c.released)) for c in delta.claims.values()],
        tombstone=[(*grave, to_micros(at)) for grave, at in delta.tombstones.items()],
        incoming=[(item,) for item in delta.incoming],
        rate=[_rate(row) for row in delta.rates.values()],
        sealed=[(s.record_id, ids[s.uetr], s.kind, s.blob) for s in sealed],
        exchange=[_exchange(exchange, ids[exchange.uetr]) for exchange in delta.exchanges],
        entry=[_entry(entry) for entry in delta.entries],
        account=[_account(account) for account in delta.accounts.values()],
        balance_after=[
            (block.slot, block.number, a.key, *_sums(a)) for a in delta.accounts.values()
        ],
        leaf=[
            (block.slot, block.number, place, leaf.salt, pack(canonical(leaf.content)))
            for place, leaf in enumerate(delta.leaves)
        ],
        block=[_block(block)],
        outbox=[_event(event) for event in delta.outbox],
        receiver=list(delta.receivers.items()),
        retention=list(delta.retained.items()),
        unbound=[(payment_id,) for payment_id in delta.unbound],
        unburied=list(delta.unburied),
    )


def _binding(binding: Binding, payment_id: int) -> Row:
    content = orjson.dumps(binding.content, option=_SORTED).decode()
    return payment_id, binding.scope, binding.key, content


def _exchange(exchange: PlannedExchange, payment_id: int) -> Row:
    return (
        exchange.exchange_id,
        payment_id,
        exchange.network,
        exchange.operation.value,
        exchange.reference,
        exchange.method,
        exchange.path,
        to_micros(exchange.send_by),
        exchange.answer_within_ms,
        exchange.sealed.record_id,
    )


def _entry(entry: Entry) -> Row:
    line = entry.line
    return (
        entry.entry_id,
        entry.uetr,
        line.account,
        line.side.value,
        line.currency,
        line.minor,
        entry.phase.value,
        entry.pending_entry,
    )


def _account(account: Account) -> Row:
    place = account.place
    return (
        account.key,
        account.currency,
        *_sums(account),
        account.net_debit_max,
        account.net_credit_max,
        place.institution,
        place.role,
        place.asset,
        place.kind,
    )


def _sums(account: Account) -> Row:
    return (
        account.debits_posted,
        account.credits_posted,
        account.debits_pending,
        account.credits_pending,
    )


def _event(row: OutboxRow) -> Row:
    told = (row.receiver, row.number, row.payment_id, row.version, row.kind.value, row.status.value)
    return (*told, to_micros(row.at))


def _rate(row: RateRow) -> Row:
    return (
        *row.key,
        to_micros(row.effective_at),
        to_micros(row.published_at),
        row.sheet,
        None if row.withdrawn_at is None else to_micros(row.withdrawn_at),
    )


def _block(block: Block) -> Row:
    return (
        block.slot,
        block.number,
        block.epoch,
        block.previous,
        block.root,
        block.at,
        block.leaves,
        block.signature,
    )
