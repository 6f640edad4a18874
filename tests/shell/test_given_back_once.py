"""Money that goes back goes back once: nothing is owed, denied or ended while it still may arrive.

Nor can a network end, or open again, what it sent itself.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switch.casework import Proposal
from switch.commands import Done, Erase, Stale
from switch.dispatch import Happened
from switch.inbound_port import InboundNotice
from switch.lifecycle import Event
from switch.model import Funding, Kind, Payment, State
from switch.operators import Action
from switch.parts import linked_uetr
from switch.payments import Standing
from switch.port import IncomingItem, Outcome, OutcomeKind
from switch.proposals import actions_for
from switch.reasons import Reason
from tests.shell.approving import approved
from tests.shell.hand_parts import LOST, said
from tests.shell.shell_rig import MEMBER, SPONSOR, changed_corridor, ends
from tests.shell.test_gross_weather import funds
from tests.shell.test_linked_weather import advised as advised  # noqa: PLC0414
from tests.shell.test_linked_weather import refunding as refunding  # noqa: PLC0414
from tests.shell.test_orders import UETR, looked_after, net, order, owed, payment_of
from tests.shell.test_recalls import asked as recalled
from tests.shell.test_recalls import put
from tests.shell.test_recalls import recalling as recalling  # noqa: PLC0414
from tests.shell.test_returns import EVIDENCE, refused, returned, settled, suspense

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

DENIED = Outcome(OutcomeKind.REFUSED, Reason.RECALL_DENIED)
CLOSED = Outcome(OutcomeKind.REFUSED, Reason.ACCOUNT_CLOSED)


async def told(shell: Shell, payment: Payment, event: Event, reason: Reason | None = None) -> None:
    """A payment's counterparty says how it ended."""
    opened = await shell.dispatch.open(payment.uetr)
    await shell.dispatch.conclude(payment, opened, Happened(event, reason))


@pytest.fixture
async def going_back(advised: Shell) -> Shell:
    """An advice that was not credited and is disputed, while what gives it back is unknown."""
    await advised.receive(order())
    advised.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    advised.transport.script("thailand", LOST, *[said("unknown")] * 3)
    await advised.receive(payment_of(advised))
    await advised.settle()
    advised.clock.pass_s(2)
    await advised.sweep()
    await advised.settle()
    await told(advised, advised.payment(UETR), Event.ACCEPTED)
    return advised


def child(shell: Shell) -> Payment:
    return shell.payment(linked_uetr(UETR, 1))


async def test_what_may_still_arrive_is_not_owed(going_back: Shell) -> None:
    shell = going_back
    assert (shell.payment(UETR).disputed, child(shell).state) == (True, State.UNKNOWN)
    made = await settled(shell, shell.payment(UETR), Action.OWE)
    await told(shell, child(shell), Event.ACCEPTED)
    later = await approved(shell.aftercare.casework, UETR, "two")

    assert (made, later) == (Reason.NOT_REFUNDABLE, Reason.NOT_REFUNDABLE)
    assert (net(shell, "/bearer/THB/"), net(shell, "thailand/suspense/THB/")) == (0, 0)


async def test_what_is_owed_is_owed_once_and_nothing_more_goes_back(going_back: Shell) -> None:
    shell = going_back
    await told(shell, child(shell), Event.REFUSED, Reason.TRANSACTION_FORBIDDEN)
    made = await settled(shell, shell.payment(UETR), Action.OWE)
    await told(shell, shell.payment(UETR), Event.ACCEPTED)
    again = shell.aftercare.casework
    twice = await again.propose(UETR, "one", Proposal(Action.OWE, None, EVIDENCE))
    once_more = await again.propose(UETR, "one", Proposal(Action.AGAIN, None, EVIDENCE))

    assert isinstance(made, Payment)
    assert made.state is State.UNWOUND
    assert {twice, once_more} == {Reason.TRANSACTION_UNSUPPORTED}
    assert net(shell, "/bearer/THB/") == -made.terms.debit.minor
    assert net(shell, "thailand/suspense/THB/") == 0


@pytest.mark.parametrize("executed", [True, False])
async def test_what_was_refused_and_sent_all_the_same_ends_as_operators_find_out(
    going_back: Shell, *, executed: bool
) -> None:
    shell = going_back
    await told(shell, child(shell), Event.REFUSED, Reason.NEVER_SEEN)
    await told(shell, child(shell), Event.ACCEPTED)
    assert actions_for(child(shell)) == (Action.UPHOLD, Action.BOOK)
    await settled(shell, child(shell), Action.BOOK if executed else Action.UPHOLD)
    shell.transport.script("thailand", said("accepted"))
    await settled(shell, shell.payment(UETR), Action.AGAIN)
    for _ in range(3):
        await looked_after(shell)

    made = await shell.linked.of(shell.payment(UETR))
    assert len(made) == (1 if executed else 2)
    assert shell.payment(UETR).state is State.UNWOUND
    assert net(shell, "thailand/suspense/THB/") == 0
    assert net(shell, "/bearer/THB/") == 0


async def paid_gross_and_refused(shell: Shell) -> Payment:
    """A payment whose money the sponsor has, and which its network refused."""
    gross = ends(inbound=False)
    corridor = changed_corridor(
        shell.config, gross, funding=Funding.GROSS, sponsor=SPONSOR, fund_within_s=60
    )
    shell.configured(corridor)
    standing = await shell.payments.open(shell.instruction())
    assert isinstance(standing, Standing)
    asked = standing.payment
    shell.transport.script("thailand", said("refused", Reason.ACCOUNT_CLOSED))
    money = asked.terms.debit
    item = IncomingItem("a" * 64, money, MEMBER, SPONSOR, {}, uetr=asked.uetr)
    assert await funds(shell).take(SPONSOR, item)
    await shell.settle()
    return shell.payment(asked.uetr)


async def test_a_return_of_the_network_is_no_give_back_of_ours(shell: Shell) -> None:
    payment = await paid_gross_and_refused(shell)
    await returned(shell, payment, "0.01")
    shell.transport.script("bakong", said("accepted"))
    await looked_after(shell)
    linked = [(each.kind, each.state) for each in await shell.linked.of(payment)]

    assert linked == [(Kind.RETURN, State.ACCEPTED), (Kind.REFUND, State.ACCEPTED)]
    assert shell.payment(payment.uetr).state is State.RETURNED
    assert net(shell, f"{SPONSOR}/suspense") == 0


async def test_a_recall_goes_back_though_its_payments_names_are_erased(recalling: Shell) -> None:
    original, asked = await put(recalling)
    await recalling.aftercare.recalls.decide(asked, None)
    mark, now = bytes(16), recalling.clock.now()
    erase = Erase(original.uetr, "request", mark, now, recalling.ids.salt())
    assert isinstance(await recalling.store.commit(erase), Done)
    recalling.transport.script("thailand", said("accepted"))
    await looked_after(recalling, 2)
    (back,) = await recalling.linked.of(original)

    assert (back.state, recalling.payment(asked.uetr).state) == (State.ACCEPTED, State.ACCEPTED)


async def agreed_and_unknown(shell: Shell) -> tuple[Payment, Payment]:
    """A recall left to people while its refund is unknown: the recall and the refund."""
    original, asked = await put(shell)
    await shell.aftercare.recalls.decide(asked, None)
    shell.transport.script("thailand", LOST, *[said("unknown")] * 9)
    await looked_after(shell)
    held = shell.payment(asked.uetr)
    assert held.state is State.GIVING_BACK
    await told(shell, held, Event.SPENT)
    (back,) = await shell.linked.of(original)
    return shell.payment(asked.uetr), back


async def test_a_recall_is_not_denied_while_its_money_may_still_go(recalling: Shell) -> None:
    asked, back = await agreed_and_unknown(recalling)
    casework = recalling.aftercare.casework
    proposal = Proposal(Action.REFUSED, Reason.RECALL_DENIED, EVIDENCE)
    denied = await recalling.aftercare.recalls.decide(asked, Reason.RECALL_DENIED)
    await casework.propose(asked.uetr, "one", proposal)
    by_people = await approved(casework, asked.uetr, "two")

    assert back.state is State.UNKNOWN
    assert (denied, by_people) == (Reason.DUPLICATE, Reason.NOT_REFUNDABLE)
    assert recalling.payment(asked.uetr) == asked


async def test_a_recall_that_is_agreed_to_again_is_refunded_again(recalling: Shell) -> None:
    asked, back = await agreed_and_unknown(recalling)
    await told(recalling, back, Event.REFUSED, Reason.TRANSACTION_FORBIDDEN)
    await recalling.aftercare.recalls.decide(asked, None)
    recalling.transport.scripts["thailand"].clear()
    recalling.transport.script("thailand", said("accepted"))
    await looked_after(recalling, 2)
    original = recalling.payment(asked.original)
    ends = [each.state for each in await recalling.linked.of(original)]

    assert ends == [State.REFUSED, State.ACCEPTED]
    assert recalling.payment(asked.uetr).state is State.ACCEPTED


async def test_what_people_must_settle_is_not_erased(shell: Shell) -> None:
    held = await returned(shell, await refused(shell), "345.00")
    erase = Erase(held.uetr, "retention", bytes(16), shell.clock.now(), shell.ids.salt())

    assert isinstance(await shell.store.commit(erase), Stale)
    assert isinstance(await settled(shell, held, Action.SEND_BACK), Payment)


async def test_a_network_opens_no_return_of_its_own_again(shell: Shell) -> None:
    held = await returned(shell, await refused(shell), "345.00")
    await settled(shell, held, Action.SEND_BACK)
    answer = await shell.receive(InboundNotice(held.reference, CLOSED, {}))

    assert answer["reason"] == "ORIGINAL_UNKNOWN"
    assert not shell.payment(held.uetr).disputed
    assert (suspense(shell), owed(shell)) == (0, 0)


async def test_an_answer_to_a_recall_ends_no_payment(shell: Shell) -> None:
    payment = await shell.lost()
    answer = await shell.receive(InboundNotice(payment.reference, DENIED, {}, recall=True))

    assert answer["reason"] == "ORIGINAL_UNKNOWN"
    assert shell.payment(payment.uetr).state is State.UNKNOWN
    assert shell.pending() != []


async def test_an_answer_about_another_payment_ends_no_recall(recalling: Shell) -> None:
    made = await recalled(recalling, await recalling.opened(), said("pending"))
    for notice in (
        InboundNotice(made.reference, DENIED, {}, recall=True, original=UETR),
        InboundNotice(made.reference, DENIED, {}),
    ):
        await recalling.receive(notice)

    assert recalling.payment(made.uetr) == made


async def test_a_bank_that_says_the_same_again_is_told_how_it_stands(recalling: Shell) -> None:
    _, asked = await put(recalling)
    recalls = recalling.aftercare.recalls
    first = await recalls.decide(asked, Reason.RECALL_DENIED)
    again = await recalls.decide(recalling.payment(asked.uetr), Reason.RECALL_DENIED)
    other = await recalls.decide(recalling.payment(asked.uetr), None)

    assert (first, other) == (again, Reason.DUPLICATE)


async def test_of_two_proposals_at_once_one_is_kept(shell: Shell) -> None:
    held = await returned(shell, await refused(shell), "345.00")
    casework = shell.aftercare.casework
    first, second = await asyncio.gather(
        casework.propose(held.uetr, "one", Proposal(Action.SEND_BACK, None, EVIDENCE)),
        casework.propose(held.uetr, "two", Proposal(Action.MATCH, None, EVIDENCE)),
    )
    done = await approved(casework, held.uetr, "three")

    assert (first, second) == (held, Reason.PROPOSAL_CHANGED)
    assert isinstance(done, Payment)
    assert (suspense(shell), owed(shell)) == (0, 0)


async def test_an_advice_ends_the_dispute_of_an_order_that_lapsed(advised: Shell) -> None:
    """Its network says so first; the guest's money goes back all the same, by itself."""
    await advised.receive(order())
    advised.clock.pass_s(1_000)
    await looked_after(advised)
    await told(advised, advised.payment(UETR), Event.ACCEPTED)
    lapsed = advised.payment(UETR)
    advised.transport.script("thailand", said("accepted"))
    await advised.receive(payment_of(advised))
    await looked_after(advised, 3)
    original = advised.payment(UETR)

    assert (lapsed.state, lapsed.disputed) == (State.LAPSED, True)
    assert actions_for(lapsed) == (Action.UPHOLD,)
    assert (original.state, original.disputed) == (State.UNWOUND, False)
    assert child(advised).state is State.ACCEPTED
    assert net(advised, "thailand/suspense/THB/") == 0
