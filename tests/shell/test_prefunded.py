"""A prefunded corridor: a member pays out of what it deposited, and of nothing else.

Money comes into the pool, two operators make it a deposit, and from then on it is spent, given back
to and paid out by the same rules as everything else here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest

from fx.money import Money
from switch.closings import Asked
from switch.commands import Receive
from switch.dispatch import Happened
from switch.lifecycle import Event
from switch.model import Funding, State
from switch.operators import Action
from switch.reasons import Reason
from switch.suspense import Way
from tests.shell.hand_parts import LOST, said
from tests.shell.shell_rig import MEMBER, OTHER_MEMBER, SPONSOR, Shell, changed_corridor, ends
from tests.shell.test_closings import closed
from tests.shell.test_orders import net
from tests.shell.test_returns import returned, settled

if TYPE_CHECKING:
    from switch.model import Payment

DEPOSIT: Final = f"{MEMBER}/member/KHR/bakong"
POSITION: Final = f"{MEMBER}/member/KHR/deferred"
LETTER: Final = "letter 12"


@pytest.fixture
def prefunded(shell: Shell) -> Shell:
    """A shell whose members pay Thailand out of deposits."""
    out = ends(inbound=False)
    shell.configured(changed_corridor(shell.config, out, funding=Funding.PREFUNDED))
    return shell


async def deposit(shell: Shell, riel: int, item: str = "a" * 64) -> None:
    """Money that came into the pool becomes the member's deposit."""
    taken = Receive(item, SPONSOR, "KHR", riel * 100, shell.clock.now(), shell.ids.salt())
    await shell.store.commit(taken)
    await closed(shell, item, Way.DEPOSITED, MEMBER)


def held(shell: Shell) -> tuple[int, int]:
    """What is deposited and what of it is reserved, in riel."""
    account = shell.engine.account(DEPOSIT)
    if account is None:
        return 0, 0
    return (
        (account.credits_posted - account.debits_posted) // 100,
        account.debits_pending // 100,
    )


async def paid(shell: Shell, key: str = "key-1") -> Payment:
    """A payment that Thailand carried out."""
    payment = await shell.opened(key)
    assert (payment.state, payment.funding) == (State.ACCEPTED, Funding.PREFUNDED)
    return payment


async def test_nothing_is_paid_before_anything_was_deposited(prefunded: Shell) -> None:
    payment = await prefunded.opened()

    assert (payment.state, payment.reason) == (State.REFUSED, Reason.FUNDS_INSUFFICIENT)
    assert prefunded.transport.left == []
    assert prefunded.pending() == prefunded.posted() == []


async def test_a_payment_is_taken_from_the_deposit_and_the_position_stays(
    prefunded: Shell,
) -> None:
    await deposit(prefunded, 100_000)
    payment = await paid(prefunded)
    debit = payment.terms.debit.minor // 100

    assert held(prefunded) == (100_000 - debit, 0)
    assert prefunded.engine.account(POSITION) is None
    assert net(prefunded, f"{SPONSOR}/suspense") == 0


async def test_what_comes_back_is_deposited_again_at_the_payments_rate(prefunded: Shell) -> None:
    await deposit(prefunded, 100_000)
    payment = await paid(prefunded)
    debit = payment.terms.debit.minor // 100
    back = await returned(prefunded, payment, "345.00")

    assert back.funding is Funding.PREFUNDED
    assert held(prefunded) == (100_000 - debit + payment.terms.source.minor // 100, 0)
    assert net(prefunded, POSITION.replace("/KHR", "/THB")) == 0


async def test_of_many_at_once_as_many_go_as_the_deposit_holds(prefunded: Shell) -> None:
    probe = prefunded.instruction("probe").priced.quote.debit.minor // 100
    await deposit(prefunded, 2 * probe + 1)
    asked = [prefunded.instruction(f"key-{number}") for number in range(5)]
    await asyncio.gather(*(prefunded.payments.open(each) for each in asked))
    await prefunded.settle(200)
    ended = Counter((each.state, each.reason) for each in prefunded.engine.tables.payments.values())

    assert ended == {
        (State.ACCEPTED, None): 2,
        (State.REFUSED, Reason.FUNDS_INSUFFICIENT): 3,
    }
    assert held(prefunded) == (1, 0)


async def test_what_may_have_been_paid_is_not_paid_out(prefunded: Shell) -> None:
    await deposit(prefunded, 100_000)
    prefunded.transport.script("thailand", LOST)
    payment = await prefunded.opened()
    debit = payment.terms.debit.minor // 100
    assert held(prefunded) == (100_000, debit)
    refused = await withdraw(prefunded, 100_000, "LETTER-1")
    assert refused is Reason.FUNDS_INSUFFICIENT
    assert await withdraw(prefunded, 100_000 - debit, "LETTER-2") is None
    prefunded.transport.script("thailand", said("refused", Reason.ACCOUNT_CLOSED))
    prefunded.clock.pass_s(10)
    await prefunded.sweep()

    assert held(prefunded) == (debit, 0)
    assert net(prefunded, f"{SPONSOR}/pool/KHR") == debit * 100


async def withdraw(
    shell: Shell, riel: int, letter: str, member: str = MEMBER, pool: str = SPONSOR
) -> Reason | None:
    """Two operators have so much paid out; why not, where they cannot."""
    desk, item = shell.aftercare.closings, f"withdrawal/{member}/{letter}"
    asked = Asked(item, Way.WITHDRAWN, pool, LETTER, withdrawn=Money(riel * 100, KHR))
    refused = await desk.propose(asked, "one", shell.config)
    if refused is not None:
        return refused
    seen: Any = await desk.shown(item)
    assert (seen["ways"], seen["account"]) == (
        ["withdrawn"],
        f"{member}/member/KHR/bakong",
    )
    return await desk.approve(item, seen["proposal"]["id"], "two")


KHR: Final = Money.parse("1", "KHR").currency


async def test_a_withdrawal_is_of_a_member_out_of_the_pool_that_is_ours(prefunded: Shell) -> None:
    await deposit(prefunded, 1_000)

    assert await withdraw(prefunded, 1, "A", member="NOBODYKHXXX") is Reason.AGENT_UNKNOWN
    assert await withdraw(prefunded, 1, "A", pool=OTHER_MEMBER) is Reason.AGENT_UNKNOWN
    assert await withdraw(prefunded, 1, "A", member=OTHER_MEMBER) is Reason.FUNDS_INSUFFICIENT
    assert await withdraw(prefunded, 1_000, "A") is None
    assert held(prefunded) == (0, 0)


async def test_an_item_says_in_which_ways_it_can_be_closed(prefunded: Shell) -> None:
    item = "b" * 64
    taken = Receive(item, SPONSOR, "KHR", 100, prefunded.clock.now(), prefunded.ids.salt())
    await prefunded.store.commit(taken)
    await prefunded.aftercare.returns._items.put("line/thailand/1", "thailand", Money(100, KHR))
    desk = prefunded.aftercare.closings
    pushed: Any = await desk.shown(item)
    line: Any = await desk.shown("line/thailand/1")
    asked = Asked("line/thailand/1", Way.DEPOSITED, MEMBER, LETTER)

    assert pushed["ways"] == ["settled", "assigned", "borne", "deposited"]
    assert line["ways"] == ["settled", "assigned", "borne"]
    assert await desk.propose(asked, "one", prefunded.config) is Reason.WAY_NOT_OPEN


async def test_what_people_book_takes_no_more_than_there_is_either(prefunded: Shell) -> None:
    await deposit(prefunded, 100_000)
    payment = await paid(prefunded)
    debit = payment.terms.debit.minor // 100
    opened = await prefunded.dispatch.open(payment.uetr)
    refused = Happened(Event.REFUSED, Reason.ACCOUNT_CLOSED)
    await prefunded.dispatch.conclude(payment, opened, refused)
    given = await settled(prefunded, prefunded.payment(payment.uetr), Action.UNBOOK)
    assert isinstance(given, type(payment))
    assert held(prefunded) == (100_000, 0)
    assert await withdraw(prefunded, 100_000 - debit + 1, "LETTER-1") is None
    await prefunded.dispatch.conclude(given, opened, Happened(Event.ACCEPTED))
    again = await settled(prefunded, prefunded.payment(payment.uetr), Action.BOOK)

    assert again is Reason.FUNDS_INSUFFICIENT
    assert held(prefunded) == (debit - 1, 0)
