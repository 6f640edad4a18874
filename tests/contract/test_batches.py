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
from typing import TYPE_CHECKING, Any

from hypothesis import event as note
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.commands import Attempt, Command, Conclude, Done, Known, Result, Stale
from switch.decide import decide
from switch.delta import Snapshot, across_slots
from switch.ledger import Account
from switch.lifecycle import STATES, TABLE, Event, Timer, Verdict
from switch.model import Direction
from switch.reasons import Reason
from switch.store.audit import audit
from switch.store.memory import MemoryEngine, MemoryTables
from tests.contract.contract_engines import KEY, MemoryPlace, comparable, dump, transient
from tests.switch_core.core_values import (
    EXPIRY,
    HOLDER_THB,
    MEMBER_KHR,
    NOW,
    POOL_KHR,
    answer,
    buried,
    capped,
    concluded,
    direct,
    enquired,
    erased,
    opened,
    payment,
    posted,
    received,
    refused,
    rewrapped,
    uetr,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.model import Payment

NUMBERS = st.integers(1, 5)
QUOTES = st.sampled_from(["quote-1", "quote-2", "quote-3"])
CONTENTS = st.sampled_from([{}, {}, {}, {"amount": "a1"}, {"creditor": "c1"}])
CONCLUDING = [event for event in Event if event not in (Event.OPENED, Event.CHECK_FAILED)]
CAPS = st.sampled_from([None, 0, 4_125_000, 2 * 4_125_000, 10**12])
CAPPED = st.sampled_from([MEMBER_KHR, HOLDER_THB, POOL_KHR])


def fresh(draw: st.DrawFn, number: int) -> Payment:
    """Payment ``number`` as some request would open it; its direction is its number's parity."""
    direction = Direction.INBOUND if number % 2 else Direction.OUTBOUND
    quote = draw(QUOTES)
    held = payment(number, direction=direction, quote=quote)
    if draw(st.booleans()):
        held = replace(held, terms=direct(direction, quote, draw(st.sampled_from(["r-1", "r-2"]))))
    return replace(held, opened_at=EXPIRY if draw(st.integers(0, 9)) == 0 else NOW)


def about(draw: st.DrawFn, held: Payment) -> Attempt | Conclude | None:
    """An enquiry or a conclusion about a payment, possible in its state; sometimes stale."""
    chosen = draw(st.sampled_from(CONCLUDING))
    ladder = STATES[held.state].timer in (Timer.POLL, Timer.LADDER)
    command: Attempt | Conclude | None
    if chosen is Event.RUNG:
        command = enquired(held) if ladder else None
    elif TABLE[held.direction, held.state, chosen].verdict is Verdict.IMPOSSIBLE:
        command = None
    else:
        command = concluded(held, chosen)
    if command is not None and held.version > 1 and draw(st.integers(0, 5)) == 0:
        command = replace(command, version=held.version - 1)
    return command


@st.composite
def scripts(draw: st.DrawFn) -> tuple[list[Command], list[int]]:
    """Commands that an honest shell could make, and where to cut them into batches."""
    model = MemoryPlace().open()
    commands: list[Command] = []
    for place in range(draw(st.integers(1, 24))):
        number = draw(NUMBERS)
        held = model.payment(uetr(number))
        kind = draw(
            st.sampled_from(
                ["open", "about", "about", "refuse", "bury", "money", "cap", "rate", "key"]
            )
        )
        command: Command | None
        if kind == "about" and held is not None:
            command = about(draw, held)
        elif kind == "refuse":
            command = refused(fresh(draw, number), Reason.TOO_OLD, **draw(CONTENTS))
        elif kind == "key" and held is not None:
            wrapped = model.wrapped_key(held.uetr) or b""
            command = draw(st.sampled_from([erased(held), rewrapped(held, wrapped)]))
        elif kind == "bury":
            command = buried(number, fresh(draw, number).origin)
        elif kind == "money":
            command = received(draw(st.sampled_from(["item-1", "item-2"])))
        elif kind == "cap":
            command = capped(draw(CAPS), draw(CAPPED), f"c-{place}")
        elif kind == "rate":
            version = draw(st.sampled_from(["r-1", "r-2"]))
            rate = draw(st.sampled_from(["118.84", "118.85"]))
            command = posted(version, rate, withdrawn=draw(st.booleans()), second=place)
        else:
            command = opened(
                fresh(draw, number), draw(st.sampled_from([None, "k"])), **draw(CONTENTS)
            )
        if command is not None:
            model.execute([command])
            commands.append(command)
    cuts = draw(st.lists(st.integers(0, len(commands)), max_size=6))
    return commands, sorted({0, len(commands), *cuts})


def plain(result: Result) -> Result:
    """A result without the number of the reservation."""
    match result:
        case Done(payment=held):
            return Done(comparable(held))
        case Known(payment=held, answer=stored):
            return Known(comparable(held), stored, result.binding)
        case Stale(payment=held):
            return Stale(comparable(held) or held)
        case _:
            return result


def run(engine: Any, commands: Sequence[Command], cuts: Sequence[int]) -> list[Result]:
    """Execute the commands in batches between the cuts."""
    results: list[Result] = []
    for start, end in pairwise(cuts):
        results += engine.execute(commands[start:end])
    return [plain(result) for result in results]


@settings(max_examples=150)
@given(scripts())
def test_a_batch_equals_its_commands_one_by_one(script: tuple[list[Command], list[int]]) -> None:
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
        tombstones=set(tables.tombstones),
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
    """Sums are zero per currency, and what is pending is what open payments reserve."""
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
    ended: dict[str, object] = {}
    for command in commands:
        engine.execute([command])
        for number, stored in answers.items():
            assert engine.answer(number) == stored
        for number, state in ended.items():
            held = engine.payment(number)
            assert held is not None
            assert held.state is state
        answers.update(engine.tables.answers)
        finals = [p for p in engine.tables.payments.values() if STATES[p.state].final]
        ended.update({p.uetr: p.state for p in finals})

    assert answers.keys() == ended.keys()


@given(scripts())
def test_caps_hold_at_every_step_unless_they_were_lowered(
    script: tuple[list[Command], list[int]],
) -> None:
    """Only money that arrived in a pool by itself may pass a cap: it is booked, never ignored."""
    commands, _ = script
    engine = MemoryPlace().open()
    for command in commands:
        before = engine.accounts()
        engine.execute([command])
        for key, account in engine.accounts().items():
            held = before.get(key, Account(key, account.currency))
            same_caps = (held.net_debit_max, held.net_credit_max) == (
                account.net_debit_max,
                account.net_credit_max,
            )
            if same_caps and held.within_caps() and not key.endswith("/bakong"):
                assert account.within_caps()


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
