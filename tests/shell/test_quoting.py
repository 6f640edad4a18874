"""Every willing provider quotes, best first; the rest are named with a reason.

Quotes are bounded by caps, counted while they can be used, and an expired one is made again only
with consent, within the tolerance, and still for one payment.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fx.money import Money
from fx.refusals import LeftOut
from switch.commands import Publish
from switch.ledger import Role, account_key
from switch.model import State
from switch.payments import Standing
from switch.postings import lines_of
from switch.reasons import Reason
from switch.refusals import Refusal
from tests.shell.shell_markets import BRIDGE, DIRECT, HOME, market, rate
from tests.shell.shell_rig import MEMBER, OTHER_MEMBER, Shell, changed_corridor, shop

if TYPE_CHECKING:
    from switch.quoting import Offers
    from switch.sealing import Destination

OUT = ("bakong", "thailand")
BAHT = Money.parse("345.00", "THB")


@pytest.fixture
def board(shell: Shell) -> Shell:
    """A shell in whose market three providers quote."""
    shell.configured(market(shell.config, DIRECT, HOME))
    return shell


def destination(shell: Shell, member: str = MEMBER, amount: str | None = None) -> Destination:
    """A Thai shop, looked up."""
    corridor = shell.quoting.corridor(*OUT)
    assert corridor is not None
    return shell.quoting.destination(corridor, member, shop(amount), "code")


def offers(shell: Shell, amount: Money = BAHT, **named: Any) -> Offers:
    """What a member is offered for a shop."""
    return shell.quoting.offers(destination(shell), amount, **named)


def refused(shell: Shell, **named: Any) -> Refusal:
    """The refusal of a price."""
    with pytest.raises(Refusal) as refusal:
        offers(shell, **named)
    return refusal.value


def names(found: Offers) -> list[str]:
    return [offer.quote.provider for offer in found.offers]


def test_the_payer_who_pays_least_comes_first(board: Shell) -> None:
    found = offers(board)

    assert names(found) == ["acleda", "wing", "canadia"]
    assert [str(each.quote.debit) for each in found.offers] == ["41250.00", "41271.00", "41305.00"]
    assert found.left_out == ()


def test_the_payee_who_gets_most_comes_first(board: Shell) -> None:
    found = offers(board, Money.parse("41250", "KHR"))

    assert names(found) == ["acleda", "wing", "canadia"]
    assert [str(each.quote.credit) for each in found.offers] == ["345.00", "344.82", "344.53"]


def test_a_nominated_provider_is_the_only_one(board: Shell) -> None:
    found = offers(board, nominated="canadia")

    assert names(found) == ["canadia"]
    assert ("acleda", LeftOut.NOT_NOMINATED) in found.left_out
    assert refused(board, nominated="nobody").reason is Reason.TRANSACTION_UNSUPPORTED


def test_a_price_for_display_is_counted_nowhere(board: Shell) -> None:
    corridor = board.quoting.corridor(*OUT)
    assert corridor is not None
    shown = board.quoting.display(corridor, MEMBER, BAHT)

    assert [quote.provider for quote in shown.quotes] == ["acleda", "wing", "canadia"]
    assert board.quoting.outstanding.all(board.clock.now()) == {}
    too_much = board.quoting.display(corridor, MEMBER, Money.parse("50000.01", "THB"))
    assert not too_much.quotes
    assert ("acleda", LeftOut.AMOUNT_TOO_LARGE) in too_much.left_out


def test_a_corridor_is_displayed_by_name_and_an_unknown_one_refused(board: Shell) -> None:
    assert board.scans.display(MEMBER, "bakong-thailand", BAHT).quotes
    for name in ("thailand-bakong", "bakong-laos", "bakong", ""):
        with pytest.raises(Refusal) as refusal:
            board.scans.display(MEMBER, name, BAHT)
        assert refusal.value.reason is Reason.TRANSACTION_UNSUPPORTED


def test_a_quote_holds_no_longer_than_provider_or_corridor_say(board: Shell) -> None:
    now = board.clock.now()
    ends = {o.quote.provider: o.quote.expires_at for o in offers(board).offers}
    assert ends == {
        "acleda": now + timedelta(seconds=600),
        "wing": now + timedelta(seconds=60),
        "canadia": now + timedelta(seconds=600),
    }

    board.configured(changed_corridor(board.config, OUT, quote_valid_s=30))
    assert {o.quote.expires_at for o in offers(board).offers} == {now + timedelta(seconds=30)}


# What a member holds unused.


def few(shell: Shell, **changes: int) -> None:
    """Other bounds on quotes."""
    quotes = shell.config.quotes.model_copy(update=changes)
    shell.configured(replace(shell.config, quotes=quotes))


def test_a_member_holds_only_so_many_quotes_of_a_provider(board: Shell) -> None:
    few(board, outstanding_max=2)
    for _ in range(2):
        offers(board)

    refusal = refused(board)
    assert (refusal.reason, refusal.status) == (Reason.QUOTES_OUTSTANDING, 429)
    other = board.quoting.offers(destination(board, OTHER_MEMBER), BAHT)
    assert len(other.offers) == 3


def test_quotes_that_expire_make_room_also_behind_later_ones(board: Shell) -> None:
    few(board, outstanding_max=2)
    for _ in range(2):
        offers(board)
    board.clock.pass_s(60)

    found = offers(board)
    assert names(found) == ["wing"]
    assert ("acleda", LeftOut.OUTSTANDING_CAP) in found.left_out
    counts = board.quoting.outstanding.all(board.clock.now())
    assert counts == {(MEMBER, "acleda"): 2, (MEMBER, "canadia"): 2, (MEMBER, "wing"): 1}


async def test_a_quote_that_is_used_is_held_no_more(board: Shell) -> None:
    few(board, outstanding_max=1)
    offer = board.quoting.offers(destination(board), BAHT, nominated="acleda").offers[0]
    standing = await board.payments.open(board.instruction("key-1", offer.token))
    assert isinstance(standing, Standing)

    assert board.quoting.outstanding.all(board.clock.now()) == {}
    await board.settle()


# What a holder can still pay.


def capped(shell: Shell, cap: str, percent: int) -> None:
    """Bound what Acleda's account may pay out in baht."""
    key = account_key("ACLBKHPPXXX", Role.HOLDER, "THB", "deferred")
    caps = tuple(
        replace(each, net_debit_max=Money.parse(cap, "THB").minor) if each.key == key else each
        for each in shell.config.caps
    )
    assert caps != shell.config.caps
    shell.configured(replace(shell.config, caps=caps))
    few(shell, stop_percent=percent)


async def test_quoting_stops_before_the_cap_of_a_holder(board: Shell) -> None:
    capped(board, "1000.00", 69)
    assert names(offers(board))[0] == "acleda"
    await board.opened()

    assert ("acleda", LeftOut.NO_LIQUIDITY) not in offers(board).left_out
    await board.opened("key-2")
    found = offers(board)
    assert ("acleda", LeftOut.NO_LIQUIDITY) in found.left_out
    assert names(found) == ["wing", "canadia"]
    key = account_key("ACLBKHPPXXX", Role.HOLDER, "THB", "deferred")
    account = board.engine.account(key)
    assert account is not None
    assert board.quoting.stopped(replace(account, net_debit_max=100_000))
    assert not board.quoting.stopped(account)


def test_the_only_provider_without_liquidity_is_no_fault_of_the_amount(shell: Shell) -> None:
    shell.configured(market(shell.config, rate("acleda", "118.84"), HOME))
    capped(shell, "1.00", 100)

    assert refused(shell).reason is Reason.RATE_UNAVAILABLE


# Two conversions.


async def test_a_bridged_quote_is_paid_through_two_holders(shell: Shell) -> None:
    shell.configured(market(shell.config, DIRECT, HOME, BRIDGE))
    found = offers(shell)
    best = found.offers[0].quote

    assert best.provider == "wing+bangkok"
    assert found.alarms == ("triangular",)
    standing = await shell.payments.open(shell.instruction("key-1", found.offers[0].token))
    assert isinstance(standing, Standing)
    await shell.settle()
    payment = shell.payment(standing.payment.uetr)
    assert payment.state is State.ACCEPTED
    assert payment.terms.between == Money.parse("10.06", "USD")
    booked = {
        (line.account, line.side.value): line.minor
        for line in lines_of(payment)
        if line.currency == "USD"
    }
    assert booked == {
        ("WIGCKHPPXXX/holder/USD/deferred", "debit"): 1006,
        ("BKKBTHBKXXX/holder/USD/deferred", "credit"): 1006,
    }


async def test_an_odd_bridged_price_raises_an_alarm(shell: Shell) -> None:
    shell.configured(market(shell.config, DIRECT, HOME, BRIDGE))
    shell.thailand.merchant = shop()
    token = shell.quoting.scan_token(destination(shell))
    found = await shell.scans.price(MEMBER, token, BAHT)

    assert found.alarms == ("triangular",)
    assert "quote_alarm" in shell.log.events


# Rates that change.


def withdrawn(shell: Shell) -> Publish:
    """The withdrawal of the rate that Acleda was configured with."""
    (posted,) = shell.quoting.board.history("acleda", ("KHR", "THB"))
    return shell.withdrawal(posted.sheet)


async def test_a_payment_at_a_withdrawn_rate_is_refused_for_ever(board: Shell) -> None:
    token = offers(board).offers[0].token
    await board.store.commit(withdrawn(board))
    standing = await board.payments.open(board.instruction("key-1", token))

    assert isinstance(standing, Standing)
    assert standing.payment.reason is Reason.RATE_WITHDRAWN
    assert standing.answer is not None
    again = await board.payments.repeated(MEMBER, "key-1", {"quote": "key-1"})
    assert again == Standing(standing.payment, standing.answer)
    assert board.pending() == []


async def test_rates_of_an_earlier_life_stand_over_the_configured_ones(board: Shell) -> None:
    await board.store.commit(withdrawn(board))
    board.configured(board.config)
    assert names(offers(board))[0] == "acleda"
    board.quoting.restore(board.engine.rates(9))

    found = offers(board)
    assert names(found) == ["wing", "canadia"]
    assert ("acleda", LeftOut.WITHDRAWN) in found.left_out


# One quote, many payments.


async def test_of_64_payments_on_one_quote_one_wins_and_each_loser_keeps_its_refusal(
    board: Shell,
) -> None:
    token = offers(board).offers[0].token
    asked = [board.instruction(f"key-{number}", token) for number in range(64)]
    standings = await asyncio.gather(*(board.payments.open(each) for each in asked))
    await board.settle()
    held = [each.payment for each in standings if isinstance(each, Standing)]
    losers = [payment for payment in held if payment.state is State.REFUSED]

    assert len(held) == 64
    assert {payment.reason for payment in losers} == {Reason.QUOTE_USED}
    (winner,) = [payment for payment in held if payment not in losers]
    assert board.payment(winner.uetr).state is State.ACCEPTED
    assert len(board.transport.left) == 1
    for instruction, first in zip(asked, standings, strict=True):
        again = await board.payments.repeated(MEMBER, instruction.key, instruction.content)
        assert isinstance(again, Standing)
        assert again.answer is not None
        assert again.payment.uetr == instruction.uetr
        assert again == first or instruction.uetr == winner.uetr
    assert board.pending() == []


# Consent to another price.


def late(shell: Shell, provider: str = "wing") -> str:
    """A token of a quote that has expired while its merchant is still known."""
    token = next(o.token for o in offers(shell).offers if o.quote.provider == provider)
    shell.clock.pass_s(61)
    return token


async def paid(shell: Shell, token: str, key: str, tolerance_bp: int | None) -> Any:
    """Pay with a token and a stated tolerance."""
    priced = shell.quoting.open_quote(token, MEMBER, tolerance_bp)
    instruction = replace(shell.instruction(key), priced=priced)
    standing = await shell.payments.open(instruction)
    await shell.settle()
    assert isinstance(standing, Standing)
    return shell.payment(standing.payment.uetr)


async def test_an_expired_quote_is_refused_without_consent(board: Shell) -> None:
    payment = await paid(board, late(board), "key-1", None)

    assert payment.reason is Reason.QUOTE_EXPIRED


async def test_with_consent_the_payee_gets_the_same_at_todays_price(board: Shell) -> None:
    token = late(board)
    old = board.quoting.open_quote(token, MEMBER).quote
    payment = await paid(board, token, "key-1", 0)

    assert payment.state is State.ACCEPTED
    assert payment.terms.quote_id == old.quote_id
    assert payment.terms.destination == old.credit
    assert (str(old.debit), str(payment.terms.debit)) == ("41271.00", "41250.00")


@pytest.mark.parametrize(("tolerance_bp", "state"), [(5, State.ACCEPTED), (4, State.REFUSED)])
async def test_beyond_the_tolerance_it_stays_expired(
    board: Shell, tolerance_bp: int, state: State
) -> None:
    """41,271 riel became 41,290: four basis points more are 41,287 and five 41,291."""
    token = late(board)
    board.configured(market(board.config, rate("wing", "118.955"), HOME))
    payment = await paid(board, token, "key-1", tolerance_bp)

    assert payment.state is state
    assert payment.reason in (None, Reason.QUOTE_EXPIRED)


async def test_a_merchant_looked_up_too_long_ago_is_not_priced_again(board: Shell) -> None:
    token = offers(board).offers[0].token
    board.clock.pass_s(board.config.payments.lookup_valid_s)
    payment = await paid(board, token, "key-1", 10_000)

    assert payment.reason is Reason.QUOTE_EXPIRED


async def test_quote_of_a_nominated_provider_is_made_again_by_that_provider(board: Shell) -> None:
    token = offers(board, nominated="canadia").offers[0].token
    board.clock.pass_s(600)
    again = board.quoting.open_quote(token, MEMBER, 10_000)

    assert again.nominated == "canadia"
    assert not again.quote.expired(board.clock.now())
    assert again.quote.provider == "canadia"


async def test_one_payment_only_comes_of_a_quote_that_is_made_again(board: Shell) -> None:
    token = late(board)
    first = await paid(board, token, "key-1", 0)
    second = await paid(board, token, "key-2", 0)

    assert first.state is State.ACCEPTED
    assert second.reason is Reason.QUOTE_USED


def test_a_merchant_of_the_code_is_not_priced_in_other_words(board: Shell) -> None:
    fixed = destination(board, amount="345.00")
    found = board.quoting.offers(fixed, Money.parse("41250", "KHR"))

    assert names(found) == ["acleda"]
    assert found.offers[0].quote.credit == BAHT
