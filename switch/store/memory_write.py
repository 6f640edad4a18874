"""How the model store loads what a batch names, and keeps what it leaves.

What the keys and checks of a database would refuse is asserted here before anything is kept, so the
model fails where an engine would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.delta import BLOCK_BITS, Snapshot
from switch.ledger import Phase, balanced
from switch.store.statements import BALANCES_EVERY

if TYPE_CHECKING:
    from switch.delta import Delta, Wanted
    from switch.store.memory_tables import MemoryTables


def load(tables: MemoryTables, keys: Wanted) -> Snapshot:
    """Load what a batch named, the payments behind its bindings included."""
    bindings = {key: tables.bindings[key] for key in keys.bindings if key in tables.bindings}
    uetrs = dict.fromkeys(keys.payments)
    uetrs.update(dict.fromkeys(binding.uetr for binding in bindings.values()))
    return Snapshot(
        payments={uetr: tables.payments[uetr] for uetr in uetrs if uetr in tables.payments},
        bindings=bindings,
        answers={uetr: tables.answers[uetr] for uetr in uetrs if uetr in tables.answers},
        claims={quote: tables.claims[quote] for quote in keys.claims if quote in tables.claims},
        tombstones={g: tables.tombstones[g] for g in keys.tombstones if g in tables.tombstones},
        incoming={item for item in keys.incoming if item in tables.incoming},
        rates={key: tables.rates[key] for key in keys.rates if key in tables.rates},
        named={n: tables.references[n] for n in keys.named if n in tables.references},
        wrapped={u: tables.wrapped_keys[u] for u in keys.wrapped if u in tables.wrapped_keys},
    )


def refuse_clashes(tables: MemoryTables, delta: Delta) -> None:
    """Assert what the keys and checks of a database would refuse; only a bug can cause it."""
    for phase in Phase:
        balanced([entry.line for entry in delta.entries if entry.phase is phase])
    records = [s.record_id for s in (*delta.sealed, *(x.sealed for x in delta.exchanges))]
    assert len(set(records)) == len(records), "two records of a batch have one number"
    assert tables.sealed.keys().isdisjoint(records), "a sealed record is written once"
    exchanges = [x.exchange_id for x in delta.exchanges]
    assert len(set(exchanges)) == len(exchanges), "two exchanges of a batch have one number"
    assert tables.exchanges.keys().isdisjoint(exchanges), "an exchange is written once"
    for event in delta.outbox:
        assert (event.receiver, event.number) not in tables.outbox, "an event is written once"
    references: dict[tuple[str, str], str] = {}
    for payment in delta.payments.values():
        named = payment.network, payment.reference
        holder = tables.references.get(named) or references.setdefault(named, payment.uetr)
        assert holder == payment.uetr, "a reference names one payment of its network"


def let_go(tables: MemoryTables, delta: Delta) -> None:
    """Take out the requests to erase that are done."""
    for uetr in delta.erased:
        tables.erasure_requests.pop(uetr, None)


def write(tables: MemoryTables, delta: Delta, number: int) -> None:
    """Keep a delta whole; ``number`` is that of its block, across slots."""
    # What came and went in one batch was never here, as a database deletes no row then.
    if delta.unbound:
        of_unbound = (u for u, p in tables.payments.items() if p.payment_id in delta.unbound)
        gone = dict.fromkeys(of_unbound)
        for uetr in gone:
            tables.answers.pop(uetr, None)
        tables.bindings = {k: b for k, b in tables.bindings.items() if b.uetr not in gone}
    for grave in delta.unburied:
        tables.tombstones.pop(grave, None)
    for what, before in delta.retained.items():
        tables.retained[what] = max(before, tables.retained.get(what, 0))
    tables.payments.keep(delta.payments)
    tables.bindings.update({(b.scope, b.key): b for b in delta.bindings})
    tables.answers.update(delta.answers)
    tables.claims.update(delta.claims)
    tables.tombstones.update(delta.tombstones)
    tables.incoming.update(dict.fromkeys(delta.incoming))
    tables.accounts.update(delta.accounts)
    whole = (number & ((1 << BLOCK_BITS) - 1)) % BALANCES_EVERY == 0
    tables.balances[number] = tuple((tables.accounts if whole else delta.accounts).values())
    tables.rates.update(delta.rates)
    tables.entries.extend(delta.entries)
    tables.exchanges.keep({x.exchange_id: x for x in delta.exchanges})
    tables.sealed.keep({s.record_id: s for s in delta.sealed})
    tables.sealed.keep({x.sealed.record_id: x.sealed for x in delta.exchanges})
    tables.wrapped_keys.update(delta.wrapped_keys)
    tables.wrapped_keys.update(delta.rewrapped)
    let_go(tables, delta)
    tables.outbox.update({(e.receiver, e.number): e for e in delta.outbox})
    tables.receivers.update(delta.receivers)
    tables.references.update({(p.network, p.reference): p.uetr for p in delta.payments.values()})
