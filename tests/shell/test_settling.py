"""What a line of a settlement file may end: only what it names beyond doubt, and what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters.iso_profile.settlement import read_statement
from fx.money import Money
from iso20022 import Message
from switch.model import Direction, Payment, State
from switch.port import Operation
from switch.reasons import Reason
from switch.settlement_port import FileLine, FileRefused, LineKind, SettlementFile
from switch.store.contract import StoreBusy
from tests.shell.hand_parts import said
from tests.shell.test_linked_weather import advised as advised  # noqa: PLC0414
from tests.shell.test_linked_weather import credited, refund
from tests.shell.test_orders import UETR, looked_after, net, order, payment_of

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


OPERATORS = ("operator-1", "operator-2")


def baht(text: str) -> Money:
    return Money.parse(text, "THB")


async def test_a_file_with_what_is_no_text_is_refused(shell: Shell) -> None:
    reading = {"read_settlement_file": lambda *_: pytest.fail("is not read")}
    shell.thailand.__class__ = type("Filing", (type(shell.thailand),), reading)
    with pytest.raises(FileRefused):
        await shell.aftercare.settling.take("thailand", "file", b"a,\x00,b", "operator-1")


async def filed(
    shell: Shell,
    *lines: FileLine,
    period: Any = None,
    signed: bool = True,
    operator: str = "operator-1",
    direction: Direction | None = None,
) -> dict[str, Any]:
    """What becomes of a file of these lines."""
    found = SettlementFile(tuple(lines), period, signed=signed, direction=direction)
    reading = {"read_settlement_file": lambda _, name, content: found}
    shell.thailand.__class__ = type("Filing", (type(shell.thailand),), reading)
    content = repr(lines).encode()
    settling = shell.aftercare.settling
    return await settling.take("thailand", "file", content, operator, OPERATORS)


def line(kind: LineKind, reference: str, uetr: str, money: Money, *, to_us: bool) -> FileLine:
    return FileLine(kind, reference, uetr, "N-1", (money,), to_us, "text")


@pytest.fixture
async def refunding(shell: Shell) -> Shell:
    """A shell whose Thailand takes refunds."""
    operations = (*shell.thailand.facts.operations, Operation.REFUND)
    shell.thailand.facts = replace(shell.thailand.facts, operations=operations)
    return shell


async def test_a_line_that_says_they_owe_us_ends_nothing_that_we_owe(shell: Shell) -> None:
    payment = await shell.lost()
    named = (LineKind.PAYMENT, payment.reference, payment.uetr, baht("345.00"))
    wrong = await filed(shell, line(*named, to_us=True))
    before = shell.payment(payment.uetr).state
    right = await filed(shell, line(*named, to_us=False))

    assert (wrong["counts"], before) == ({"differs": 1}, State.UNKNOWN)
    assert right["counts"] == {"resolved": 1}
    assert shell.payment(payment.uetr).state is State.ACCEPTED


async def test_a_line_of_money_given_back_does_not_end_the_payment_itself(shell: Shell) -> None:
    payment = await shell.lost()
    back = line(LineKind.BACK, payment.reference, payment.uetr, baht("345.00"), to_us=True)
    report = await filed(shell, back)

    assert report["counts"] == {"unknown": 1}
    assert shell.payment(payment.uetr).state is State.UNKNOWN
    assert net(shell, "thailand/suspense") == -34_500


async def test_a_line_that_may_be_of_two_refunds_ends_neither(refunding: Shell) -> None:
    original = await credited(refunding)
    refunding.transport.script("thailand", said("refused", Reason.ACCOUNT_CLOSED))
    first = await refund(refunding, original, "10000", "refund-1")
    refunding.transport.script("thailand", said("accepted"))
    second = await refund(refunding, original, "10000", "refund-2")
    assert isinstance(first, Payment)
    assert isinstance(second, Payment)
    money = second.terms.destination
    guess = await filed(refunding, line(LineKind.BACK, "", original.uetr, money, to_us=False))
    sure = await filed(refunding, line(LineKind.BACK, second.reference, "", money, to_us=False))

    assert (guess["counts"], sure["counts"]) == ({"differs": 1}, {"matched": 1})
    assert not refunding.payment(first.uetr).disputed


async def test_what_nobody_signed_ends_nothing_before_two_operators_handed_it_in(
    shell: Shell,
) -> None:
    payment = await shell.lost()
    named = (LineKind.PAYMENT, payment.reference, payment.uetr, baht("345.00"))
    bill = line(*named, to_us=False)
    other = line(*named, to_us=True)
    first = [await filed(shell, bill, signed=False) for _ in range(2)]
    another = await filed(shell, other, signed=False, operator="operator-2")
    before = shell.payment(payment.uetr).state
    second = await filed(shell, bill, signed=False, operator="operator-2")

    assert [each["taken"] for each in (*first, another, second)] == [False, False, False, True]
    assert (first[1]["counts"], before) == ({}, State.UNKNOWN)
    assert second["counts"] == {"resolved": 1}
    assert shell.payment(payment.uetr).state is State.ACCEPTED


async def test_a_payment_that_is_billed_again_in_one_file_is_seen(shell: Shell) -> None:
    payment = await shell.lost()
    named = (LineKind.PAYMENT, payment.reference, payment.uetr, baht("345.00"))
    bill = line(*named, to_us=False)
    report = await filed(shell, bill, replace(bill, network_reference="N-2"))

    assert report["counts"] == {"resolved": 1, "twice": 1}
    assert [each["uetr"] for each in report["twice"]] == [payment.uetr]
    assert net(shell, "thailand/suspense") == 0


DAYS = [
    (datetime(2026, 11, day, tzinfo=UTC), datetime(2026, 11, day + 1, tzinfo=UTC))
    for day in (20, 21)
]


async def test_a_payment_that_is_billed_again_on_another_day_is_seen(shell: Shell) -> None:
    payment = await shell.lost()
    named = (LineKind.PAYMENT, payment.reference, payment.uetr, baht("345.00"))
    bill = line(*named, to_us=False)
    first, next_day = DAYS
    reports = [await filed(shell, bill, period=day) for day in (first, first, next_day, next_day)]
    corrected = await filed(shell, replace(bill, text="corrected"), period=first)

    assert [each["counts"].get("again", 0) for each in (*reports, corrected)] == [0, 0, 1, 1, 0]
    assert reports[2]["counts"]["matched"] == 1
    assert [each["uetr"] for each in reports[2]["again"]] == [payment.uetr]
    assert net(shell, "thailand/suspense") == 0


async def test_a_file_that_was_interrupted_among_its_payments_does_not_take_itself_for_another(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = await shell.lost()
    named = (LineKind.PAYMENT, payment.reference, payment.uetr, baht("345.00"))
    bill = line(*named, to_us=False)
    commit = shell.store.commit
    put: list[str] = []

    async def interrupted(command: Any) -> Any:
        if getattr(command, "item_hash", "").startswith("billed/"):
            if put:
                raise StoreBusy
            put.append(command.item_hash)
        return await commit(command)

    with monkeypatch.context() as cut:
        cut.setattr(shell.store, "commit", interrupted)
        with pytest.raises(StoreBusy):
            await filed(shell, bill, period=DAYS[0])
    again = await filed(shell, bill, period=DAYS[0])
    other = await filed(shell, bill, period=DAYS[1])

    assert len(put) == 1
    assert "again" not in again["counts"]
    assert other["counts"]["again"] == 1


async def test_two_days_lines_of_one_number_and_other_amounts_are_both_booked(
    shell: Shell,
) -> None:
    first = line(LineKind.PAYMENT, "", "", baht("10.00"), to_us=True)
    other = line(LineKind.PAYMENT, "", "", baht("99.00"), to_us=True)
    for each in (first, first, other, other):
        await filed(shell, each)

    assert net(shell, "thailand/suspense") == -10_900


async def test_a_second_amount_that_differs_is_seen(shell: Shell) -> None:
    payment = await shell.lost()
    right = line(LineKind.PAYMENT, payment.reference, "", baht("345.00"), to_us=False)
    more = replace(right, amounts=(baht("345.00"), baht("346.00")))

    assert (await filed(shell, more))["counts"] == {"differs": 1}
    assert shell.payment(payment.uetr).state is State.UNKNOWN


@pytest.mark.parametrize(("days", "counts"), [(0, {}), (1, {"missing": 1}), (5, {})])
async def test_of_a_period_of_ages_its_end_is_looked_through(
    shell: Shell, days: int, counts: dict[str, int]
) -> None:
    ages = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    shell.transport.script("thailand", said("accepted"))
    await shell.opened()
    shell.clock.pass_s(days * 86_400)

    assert (await filed(shell, period=ages))["counts"] == counts
    assert (await filed(shell, period=(ages[1], ages[1])))["counts"] == {}


@pytest.mark.parametrize(
    ("direction", "counts"),
    [(None, {"missing": 1}), (Direction.OUTBOUND, {"missing": 1}), (Direction.INBOUND, {})],
)
async def test_a_file_of_one_way_lacks_nothing_of_the_other(
    shell: Shell, direction: Direction | None, counts: dict[str, int]
) -> None:
    shell.transport.script("thailand", said("accepted"))
    await shell.opened()
    shell.clock.pass_s(86_400)
    day = (shell.clock.now() - timedelta(days=2), shell.clock.now())

    assert (await filed(shell, period=day, direction=direction))["counts"] == counts


def entries(report: str, *transactions: dict[str, object], **entry: object) -> SettlementFile:
    owed = {"amount": baht("10.00"), "direction": "CRDT", "status": "BOOK"}
    values = {
        "report_id": report,
        "account": "A-1",
        "entries": [{**owed, **entry, "transactions": transactions}],
    }
    return read_statement(Message("camt.054.001.08", None, None, values), "A-1", "THB")


def test_what_names_a_line_only_in_its_report_or_batch_says_so() -> None:
    one: dict[str, object] = {"amount": baht("4.00")}
    (first,) = entries("S-1", entry_reference="1").lines
    (second,) = entries("S-2", entry_reference="1").lines
    (whole,) = entries("S-1", servicer_reference="A").lines
    batch = entries("S-1", one, one, servicer_reference="A").lines

    assert (first.only_in, second.only_in) == ("S-1/1/1", "S-2/1/1")
    assert whole.only_in == ""
    assert [each.only_in for each in batch] == ["1", "2"]


async def test_a_guest_of_whom_only_the_file_tells_gets_the_money_back(advised: Shell) -> None:
    """The order lapsed and the advice never came, or came after the file."""
    await advised.receive(order())
    advised.clock.pass_s(1_000)
    await looked_after(advised)
    lapsed = advised.payment(UETR)
    advised.transport.script("thailand", said("accepted"))
    entry = line(LineKind.PAYMENT, lapsed.reference, UETR, lapsed.terms.debit, to_us=True)
    found = await filed(advised, entry)
    await looked_after(advised, 3)
    told = await advised.receive(payment_of(advised))
    again = await filed(advised, entry)
    original = advised.payment(UETR)

    assert lapsed.state is State.LAPSED
    assert found["counts"] == {"resolved": 1}
    assert (original.state, original.disputed) == (State.UNWOUND, False)
    assert len(await advised.linked.of(original)) == 1
    assert (told["reason"], again["counts"]) == (None, {"matched": 1})
    assert net(advised, "thailand/suspense/THB/") == 0
