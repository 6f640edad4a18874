"""Money that comes back is never lost: what fits no payment is held, and settled by two people.

Proposed and approved as operators do, with the books checked after each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fx.money import Money
from switch import returns
from switch.casework import Casework, Proposal
from switch.inbound_port import InboundNotice, InboundReturn
from switch.model import Funding, Kind, Payment, State
from switch.operators import Action
from switch.port import InboundEnquiry, Outcome, OutcomeKind
from switch.reasons import Reason
from switch.refusals import Busy
from tests.shell.approving import approved
from tests.shell.hand_parts import said
from tests.shell.shell_rig import MEMBER
from tests.shell.test_linked_payments import baht
from tests.shell.test_orders import net, owed

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

ALL = Money.parse("345.00", "THB")
EVIDENCE = "their statement of today, line 4"


async def returned(shell: Shell, original: Payment, text: str, key: str = "R-1") -> Payment:
    """The network gives money back; what it was taken as."""
    told = await shell.receive(InboundReturn(key, original.reference, baht(text), {}, settled=True))
    assert (told["status"], told["reason"]) == ("ACCC", None)
    return shell.payment(told["uetr"])


async def settled(
    shell: Shell, payment: Payment, action: Action, reason: Reason | None = None
) -> Payment | Reason:
    """One operator proposes an action, another approves it."""
    casework: Casework = shell.aftercare.casework
    proposed = await casework.propose(payment.uetr, "one", Proposal(action, reason, EVIDENCE))
    assert isinstance(proposed, Payment)
    return await approved(casework, payment.uetr, "two")


def suspense(shell: Shell) -> int:
    return net(shell, "thailand/suspense/THB/deferred")


async def refused(shell: Shell) -> Payment:
    shell.transport.script("thailand", said("refused", Reason.ACCOUNT_CLOSED))
    return await shell.opened()


async def unknown(shell: Shell) -> Payment:
    return await shell.lost()


async def pending(shell: Shell) -> Payment:
    shell.transport.script("thailand", said("pending"))
    return await shell.opened()


@pytest.mark.parametrize("standing", ["refused", "pending", "unknown"])
async def test_what_comes_back_of_a_payment_that_is_not_accepted_is_held(
    shell: Shell, standing: str
) -> None:
    made = {"refused": refused, "pending": pending, "unknown": unknown}[standing]
    original = await made(shell)
    before = shell.pending()
    held = await returned(shell, original, "345.00")

    assert (held.kind, held.funding, held.disputed) == (Kind.RETURN, Funding.HELD, True)
    assert (suspense(shell), owed(shell)) == (-ALL.minor, ALL.minor)
    assert shell.pending() == before
    assert shell.payment(original.uetr) == original


async def test_it_is_held_once_however_often_it_is_told(shell: Shell) -> None:
    original = await shell.lost()
    first = await returned(shell, original, "345.00")
    again = await returned(shell, original, "345.00")

    assert (first.uetr, suspense(shell)) == (again.uetr, -ALL.minor)
    assert len(await shell.linked.of(original)) == 1


async def test_the_message_is_kept_as_evidence(shell: Shell) -> None:
    original = await shell.lost()
    shell.thailand.incoming.append(InboundReturn("R-1", original.reference, ALL, {}, settled=True))
    await shell.receiving.receive("thailand", {}, b"<their message>")
    (held,) = await shell.linked.of(original)
    record = await shell.store.read.sealed(held.uetr, "evidence")

    assert record is not None
    assert b"their message" not in record[1]


async def test_it_stands_in_the_queue_and_says_nothing_to_anybodys_bank(shell: Shell) -> None:
    await shell.store.outbox.enrol([MEMBER], [])
    original = await shell.lost()
    held = await returned(shell, original, "345.00")
    queue = await shell.aftercare.casework.queue(0, 9)
    told = await shell.store.outbox.events(MEMBER, 0, 9)
    rows: Any = queue["payments"]
    listed = {row["uetr"]: row["actions"] for row in rows}

    assert listed[held.uetr] == ["match", "send_back"]
    assert [row.uetr for row in told] == []


async def test_two_operators_book_it_to_the_payer_once_the_payment_is_accepted(
    shell: Shell,
) -> None:
    original = await shell.lost()
    held = await returned(shell, original, "100.00")
    too_soon = await settled(shell, held, Action.MATCH)
    accepted = Outcome(OutcomeKind.ACCEPTED)
    await shell.receive(InboundNotice(original.reference, accepted, {}))
    done = await approved(shell.aftercare.casework, held.uetr, "two")
    first, second = await shell.linked.of(original)

    assert too_soon is Reason.NOT_REFUNDABLE
    assert isinstance(done, Payment)
    assert (first.uetr, first.disputed, second.kind) == (held.uetr, False, Kind.RETURN)
    assert second.terms.destination == baht("100.00")
    assert suspense(shell) == 0
    # 345.00 baht were paid to the network, and 100.00 came back.
    assert owed(shell) == -24_500
    assert net(shell, f"{MEMBER}/member/KHR") == (
        original.terms.debit.minor - second.terms.source.minor
    )


async def test_what_was_matched_cannot_be_matched_or_sent_back_again(shell: Shell) -> None:
    original = await shell.lost()
    held = await returned(shell, original, "345.00")
    await shell.receive(InboundNotice(original.reference, Outcome(OutcomeKind.ACCEPTED), {}))
    await settled(shell, held, Action.MATCH)
    casework = shell.aftercare.casework
    again = [
        await casework.propose(held.uetr, "one", Proposal(action, None, EVIDENCE))
        for action in (Action.MATCH, Action.SEND_BACK)
    ]

    assert again == [Reason.TRANSACTION_UNSUPPORTED] * 2
    assert (suspense(shell), owed(shell)) == (0, 0)


async def test_two_operators_send_back_what_belongs_to_no_payment(shell: Shell) -> None:
    original = await refused(shell)
    held = await returned(shell, original, "345.00")
    done = await settled(shell, held, Action.SEND_BACK)

    assert isinstance(done, Payment)
    assert (done.disputed, suspense(shell), owed(shell)) == (False, 0, 0)
    assert shell.payment(original.uetr).state is State.REFUSED


async def test_more_than_was_paid_is_held_beside_what_was(shell: Shell) -> None:
    original = await shell.opened()
    booked = await returned(shell, original, "345.00", "R-1")
    beyond = await returned(shell, original, "0.01", "R-2")

    assert (booked.disputed, beyond.disputed) == (False, True)
    assert (suspense(shell), owed(shell)) == (-1, 1)
    assert await settled(shell, beyond, Action.MATCH) is Reason.REFUND_TOO_MUCH


async def test_one_operator_alone_settles_nothing(shell: Shell) -> None:
    held = await returned(shell, await refused(shell), "345.00")
    casework = shell.aftercare.casework
    await casework.propose(held.uetr, "one", Proposal(Action.SEND_BACK, None, EVIDENCE))

    assert await approved(casework, held.uetr, "one") is Reason.SAME_OPERATOR
    assert suspense(shell) == -ALL.minor


async def test_money_in_another_currency_is_held_in_it(shell: Shell) -> None:
    original = await shell.opened()
    dollars = Money.parse("9.00", "USD")
    told = await shell.receive(InboundReturn("R-1", original.reference, dollars, {}, settled=True))

    assert (told["status"], shell.payment(told["uetr"]).disputed) == ("ACCC", True)
    assert net(shell, "thailand/suspense/USD") == -900


async def test_nothing_at_all_is_not_taken(shell: Shell) -> None:
    original = await shell.opened()
    told = await shell.receive(
        InboundReturn("R-1", original.reference, baht("0.00"), {}, settled=True)
    )

    assert told["reason"] == "AMOUNT_ZERO"


async def test_other_money_under_a_name_that_was_used_is_held_for_people(shell: Shell) -> None:
    shell.transport.script("thailand", said("accepted"))
    original = await shell.opened()
    first = await returned(shell, original, "100.00")
    other = await returned(shell, original, "45.00")
    again = await returned(shell, original, "45.00")

    assert (first.disputed, other.disputed, again.uetr) == (False, True, other.uetr)
    assert (suspense(shell), len(await shell.linked.of(original))) == (-4_500, 2)


async def test_an_order_to_give_back_under_a_name_that_was_used_moves_nothing(
    shell: Shell,
) -> None:
    shell.transport.script("thailand", said("accepted"))
    original = await shell.opened()
    await returned(shell, original, "100.00")
    told = await shell.receive(InboundReturn("R-1", original.reference, baht("45.00"), {}))

    assert told["reason"] == "DUPLICATE"
    assert (suspense(shell), len(await shell.linked.of(original))) == (0, 1)


async def test_money_with_no_place_left_at_its_payment_is_put_aside_once(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.transport.script("thailand", said("accepted"))
    original = await shell.opened()
    await returned(shell, original, "100.00")
    monkeypatch.setattr(returns, "LINKED_MAX", 1)
    told = InboundReturn("R-2", original.reference, baht("45.00"), {}, settled=True)
    answers = [await shell.receive(told) for _ in range(2)]
    unmoved = await shell.receive(InboundReturn("R-3", original.reference, baht("1.00"), {}))

    assert [(each["status"], each["reason"]) for each in answers] == [("ACCC", None)] * 2
    assert unmoved["reason"] == "LINKED_FULL"
    assert (suspense(shell), len(await shell.linked.of(original))) == (-4_500, 1)


@pytest.mark.parametrize(
    ("kind", "reason"), [(OutcomeKind.ACCEPTED, None), (OutcomeKind.REFUSED, "NOT_REFUNDABLE")]
)
async def test_whether_to_give_back_what_nobody_knows_is_answered_when_it_is_known(
    shell: Shell, kind: OutcomeKind, reason: str | None
) -> None:
    original = await shell.lost()
    asked = InboundReturn("R-1", original.reference, baht("45.00"), {})
    with pytest.raises(Busy):
        await shell.receive(asked)
    why = None if reason is None else Reason.ACCOUNT_CLOSED
    await shell.receive(InboundNotice(original.reference, Outcome(kind, why), {}))
    told = await shell.receive(asked)

    assert (told["reason"], len(await shell.linked.of(original))) == (reason, int(reason is None))


async def test_a_payment_that_was_never_sent_cannot_be_given_back(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = await shell.lost()
    monkeypatch.setattr(returns, "UNSENT", (original.state,))
    told = await shell.receive(InboundReturn("R-1", original.reference, baht("45.00"), {}))

    assert told["reason"] == "NOT_REFUNDABLE"


def asks(key: str) -> InboundEnquiry:
    """Their question about money that they gave back."""
    return InboundEnquiry("", key, {}, returned=key)


async def test_a_network_that_asks_is_told_of_what_was_put_aside_and_of_what_is_bound(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.transport.script("thailand", said("accepted"))
    original = await shell.opened()
    await returned(shell, original, "100.00")
    monkeypatch.setattr(returns, "LINKED_MAX", 1)
    await shell.receive(InboundReturn("R-2", original.reference, baht("45.00"), {}, settled=True))
    said_of = [(await shell.receive(asks(key)))["enquiry"] for key in ("R-1", "R-2", "R-3")]

    assert said_of == ["ACCC", "ACCC", "never seen"]
    late = InboundReturn("R-3", original.reference, baht("45.00"), {}, settled=True)
    assert (await shell.receive(late))["reason"] == "TOMBSTONED"
    assert suspense(shell) == -4_500


async def test_what_came_and_was_not_booked_yet_is_pending_when_it_is_asked_about(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.transport.script("thailand", said("accepted"))
    original = await shell.opened()
    await returned(shell, original, "100.00")
    monkeypatch.setattr(returns, "LINKED_MAX", 1)
    told = InboundReturn("R-2", original.reference, baht("45.00"), {}, settled=True)
    items = shell.aftercare.returns._items
    put, names = items.put, []

    async def once(item: str, *rest: Any, **more: Any) -> bool:
        names.append(item)
        if len(names) == 2:
            raise Busy
        return await put(item, *rest, **more)

    monkeypatch.setattr(items, "put", once)
    with pytest.raises(Busy):
        await shell.receive(told)
    asked = await shell.receive(asks("R-2"))
    again = await shell.receive(told)
    after = await shell.receive(asks("R-2"))

    assert (asked["enquiry"], again["status"], after["enquiry"]) == ("PDNG", "ACCC", "ACCC")
    assert suspense(shell) == -4_500
