"""A batch equals its commands one by one, on every engine, whatever it mixes.

A script of commands is made against a model that executes them singly, so that it holds real
versions and stale ones, repeats, clashes and refusals. Cut into batches anywhere it must give the
same results and leave the same rows, apart from the numbers of ledger entries; and what a batch
says that it wants loaded must be all that it needs.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import event as note
from hypothesis import given, settings

from switch.commands import Command, Conclude, Forget, Open
from switch.decide import decide
from switch.delta import Snapshot, across_slots
from switch.ledger import Account
from switch.lifecycle import STATES, Event
from switch.model import Flow, Kind, State
from switch.store.audit import audit
from switch.store.memory import MemoryEngine, MemoryTables
from tests.contract.contract_engines import KEY, MemoryPlace, dump, transient
from tests.contract.contract_scripts import run, scripts
from tests.switch_core.core_values import NOW, answer, concluded, opened, payment


@settings(max_examples=150)
@given(scripts())
def test_a_batch_equals_its_commands_one_by_one(script: tuple[list[Command], list[int]]) -> None:
    """Lesson 9: many at once are the same as one after the other."""
    commands, cuts = script
    singly = MemoryPlace().open()
    expected = run(singly, commands, range(len(commands) + 1))
    for result in expected:
        note(type(result).__name__)
    state = dump(singly)

    whole = MemoryPlace().open()
    assert run(whole, commands, cuts) == expected
    assert dump(whole) == state
    for pieces in (cuts, range(len(commands) + 1)):
        with closing(transient()) as engine:
            assert run(engine, commands, pieces) == expected
            assert dump(engine) == state
            assert audit(engine, KEY.public_key()).faults == ()


def everything(tables: MemoryTables) -> Snapshot:
    """A snapshot of all there is, as if a batch had named every key."""
    return Snapshot(
        payments=dict(tables.payments),
        bindings=dict(tables.bindings),
        answers=dict(tables.answers),
        claims=dict(tables.claims),
        tombstones=dict(tables.tombstones),
        incoming=set(tables.incoming),
        accounts=dict(tables.accounts),
        rates=dict(tables.rates),
        wrapped=dict(tables.wrapped_keys),
    )


@given(scripts())
def test_what_a_batch_wants_is_all_that_it_needs(script: tuple[list[Command], list[int]]) -> None:
    commands, cuts = script
    engine = MemoryPlace().open()
    assert isinstance(engine, MemoryEngine)
    for start, end in pairwise(cuts):
        batch = commands[start:end]
        number = len(list(engine.blocks())) + 1
        _, expected = decide(everything(engine.tables), batch, across_slots(1, number))

        assert expected == engine.execute(batch)


@given(scripts())
def test_after_any_script_the_books_agree(script: tuple[list[Command], list[int]]) -> None:
    """Lesson 8: sums are zero per currency, and what is pending is what open payments reserve."""
    commands, cuts = script
    engine = MemoryPlace().open()
    assert isinstance(engine, MemoryEngine)
    run(engine, commands, cuts)
    sums: dict[str, int] = {}
    pending: dict[str, list[int]] = {}
    for account in engine.accounts().values():
        signed = account.debits_posted - account.credits_posted
        sums[account.currency] = sums.get(account.currency, 0) + signed
        pending[account.key] = [account.debits_pending, account.credits_pending]
    reserved = open_lines(engine)

    assert not any(sums.values())
    assert {key: row for key, row in pending.items() if any(row)} == reserved


def open_lines(engine: MemoryEngine) -> dict[str, list[int]]:
    """Pending debits and credits by account, added up from the entries of open payments."""
    reserved: dict[str, list[int]] = {}
    for entry in engine.tables.entries:
        held = engine.payment(entry.uetr)
        if held is None or STATES[held.state].final or entry.phase.value != "pending":
            continue
        row = reserved.setdefault(entry.line.account, [0, 0])
        row[0 if entry.line.side.value == "debit" else 1] += entry.line.minor
    return reserved


@given(scripts())
def test_answers_never_change_and_ended_payments_stay_ended(
    script: tuple[list[Command], list[int]],
) -> None:
    commands, _ = script
    engine = MemoryPlace().open()
    assert isinstance(engine, MemoryEngine)
    answers: dict[str, object] = {}
    ended: dict[str, State] = {}
    forgotten: set[str] = set()
    for command in commands:
        engine.execute([command])
        for number, stored in answers.items():
            let_go = isinstance(command, Forget) and number in command.bindings
            gone = number in forgotten or let_go
            assert engine.answer(number) in ((stored, None) if gone else (stored,))
        forgotten |= {number for number in answers if engine.answer(number) is None}
        for number, state in ended.items():
            held = engine.payment(number)
            assert held is not None
            assert STATES[held.state].final
            assert STATES[held.state].status is STATES[state].status
        answers.update(engine.tables.answers)
        finals = [p for p in engine.tables.payments.values() if STATES[p.state].final]
        ended.update({p.uetr: p.state for p in finals})

    assert answers.keys() == ended.keys()


@given(scripts())
def test_caps_hold_at_every_step_unless_they_were_lowered(
    script: tuple[list[Command], list[int]],
) -> None:
    """Only what has happened by itself may pass a cap: it is booked, never ignored.

    That is money that arrived in a pool, an advice, and what a network gave back.
    """
    commands, _ = script
    engine = MemoryPlace().open()
    assert isinstance(engine, MemoryEngine)
    for command in commands:
        before = engine.accounts()
        engine.execute([command])
        if has_happened(command, engine):
            continue
        for key, account in engine.accounts().items():
            held = before.get(key, Account(key, account.currency))
            same_caps = (held.net_debit_max, held.net_credit_max) == (
                account.net_debit_max,
                account.net_credit_max,
            )
            if same_caps and held.within_caps() and not key.endswith("/bakong"):
                assert account.within_caps()


def has_happened(command: Command, engine: MemoryEngine) -> bool:
    """Whether a command books what no cap can undo."""
    if isinstance(command, Open):
        return command.payment.kind is Kind.RETURN
    held = engine.payment(command.uetr) if isinstance(command, Conclude) else None
    return held is not None and held.flow is Flow.INBOUND_BOUND


def test_a_script_that_once_mattered() -> None:
    """Open, end and repeat in one batch, with the quote given back in between."""
    first, second = payment(2), payment(4)
    late = answer(first, "other")
    commands: list[Command] = [
        opened(first),
        opened(second),
        concluded(first, Event.NOT_SENT),
        opened(second, "again"),
        replace(concluded(first, Event.ACCEPTED), answer=late),
        opened(replace(first, opened_at=NOW + timedelta(seconds=1)), "key-2"),
    ]
    expected = run(MemoryPlace().open(), commands, range(len(commands) + 1))

    assert [type(result).__name__ for result in expected] == [
        "Done",
        "Declined",
        "Done",
        "Done",
        "Stale",
        "Known",
    ]
    with closing(transient()) as engine:
        assert run(engine, commands, [0, len(commands)]) == expected
