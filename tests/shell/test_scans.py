"""Scans and quotes: a price holds what was shown, to whom, for how long, and nothing else.

Codes are real ones, written by the product's own writer; only the networks' answers are made up.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fx.money import Money
from switch.port import InboundLookup, Merchant, Unavailable
from switch.qr import Khqr, ThaiBillPayment, write_khqr, write_thai_bill_payment
from switch.reasons import Reason
from switch.refusals import Refusal
from tests.shell.hand_parts import LOST, NOW, OFFLINE
from tests.shell.shell_rig import (
    MEMBER,
    OTHER_MEMBER,
    STALL,
    changed_corridor,
    changed_payments,
    shop,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from fx.quotes import Quote
    from tests.shell.shell_rig import Shell

OUT = ("bakong", "thailand")
IN = ("thailand", "bakong")


def thai_code(amount: str | None = "345.00") -> str:
    """The code of a Thai shop."""
    return write_thai_bill_payment(
        ThaiBillPayment(
            biller_id="010555900011101",
            reference_1="TABLE7",
            merchant_name="DOI KHAO SOI",
            merchant_city="CHIANG MAI",
            category="5812",
            amount=None if amount is None else Money.parse(amount, "THB"),
        )
    )


def khqr(amount: str = "41000", currency: str = "KHR", minutes: int = 60) -> str:
    """A Cambodian stall's code with a fixed amount, valid for so long."""
    return stall_code(
        currency=currency,
        amount=Money.parse(amount, currency),
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=minutes),
    )


def stall_code(account: str = STALL.account, **more: Any) -> str:
    """A Cambodian stall's code, open unless told otherwise."""
    return write_khqr(Khqr(account=account, merchant_name="Stall 7", **more))


def lookup(payload: str, amount: Money | None = None) -> InboundLookup:
    """Thailand asks about a code."""
    return InboundLookup(payload, amount, {})


def baht(text: str) -> Money:
    return Money.parse(text, "THB")


def riel(text: str) -> Money:
    return Money.parse(text, "KHR")


def reason_of(action: Callable[[], object]) -> Reason:
    """The reason for which something is refused."""
    with pytest.raises(Refusal) as refusal:
        action()
    return refusal.value.reason


async def price_refused(shell: Shell, token: str, amount: Money, member: str = MEMBER) -> Reason:
    """The reason for which a price is refused."""
    with pytest.raises(Refusal) as refusal:
        await shell.scans.price(member, token, amount)
    return refusal.value.reason


async def scan_refused(shell: Shell, payload: str, amount: Money | None = None) -> Refusal:
    """The refusal of a member's scan."""
    with pytest.raises(Refusal) as refusal:
        await shell.scans.scan(MEMBER, payload, amount)
    return refusal.value


async def scanned(shell: Shell, merchant: Merchant) -> str:
    """The scan token of a merchant."""
    shell.thailand.merchant = merchant
    code = thai_code(None if merchant.amount is None else "345.00")
    return (await shell.scans.scan(MEMBER, code, None)).scan_token


async def best(shell: Shell, token: str, amount: Money) -> Quote:
    """The best quote for a merchant that was looked up."""
    return (await shell.scans.price(MEMBER, token, amount)).offers[0].quote


async def test_a_fixed_amount_is_quoted_at_once(shell: Shell) -> None:
    shell.thailand.merchant = shop()
    found = await shell.scans.scan(MEMBER, thai_code(), None)

    offer = found.offers[0]
    assert baht("345.00") == offer.quote.destination
    assert riel("41250") == offer.quote.debit
    assert shell.quoting.open_quote(offer.token, MEMBER).quote == offer.quote


async def test_an_open_amount_is_priced_later_in_either_currency(shell: Shell) -> None:
    token = await scanned(shell, shop(None))

    assert baht("345.00") == (await best(shell, token, baht("345.00"))).destination
    assert riel("41250") == (await best(shell, token, riel("41250"))).debit


async def test_a_fixed_amount_cannot_be_priced_anew(shell: Shell) -> None:
    token = await scanned(shell, shop())

    for other in (baht("344.99"), baht("345.01"), riel("100000")):
        assert await price_refused(shell, token, other) is Reason.AMOUNT_DIFFERS
    assert Reason.AMOUNT_DIFFERS.iso == "AM09"
    assert baht("345.00") == (await best(shell, token, baht("345.00"))).destination


async def test_a_scan_token_is_no_quote_and_a_quote_token_no_scan(shell: Shell) -> None:
    scan = await scanned(shell, shop())
    quote = shell.offer().token

    assert reason_of(lambda: shell.quoting.open_quote(scan, MEMBER)) is Reason.QUOTE_INVALID
    assert await price_refused(shell, quote, baht("1")) is Reason.QUOTE_INVALID


async def test_another_members_tokens_are_refused(shell: Shell) -> None:
    scan = await scanned(shell, shop())
    quote = shell.offer().token

    assert await price_refused(shell, scan, baht("345"), OTHER_MEMBER) is Reason.QUOTE_INVALID
    assert reason_of(lambda: shell.quoting.open_quote(quote, OTHER_MEMBER)) is Reason.QUOTE_INVALID
    assert reason_of(lambda: shell.quoting.open_quote(quote, "thailand")) is Reason.QUOTE_INVALID


def test_a_networks_token_is_no_members(shell: Shell) -> None:
    token = shell.offer(inbound=True).token

    assert reason_of(lambda: shell.quoting.open_quote(token, MEMBER)) is Reason.QUOTE_INVALID
    assert shell.quoting.open_quote(token, "thailand").destination.merchant.party == STALL


def test_an_altered_token_is_refused(shell: Shell) -> None:
    token = shell.offer().token
    middle = len(token) // 2
    altered = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]

    assert reason_of(lambda: shell.quoting.open_quote(altered, MEMBER)) is Reason.QUOTE_INVALID


async def test_a_scan_token_ends_with_its_lookup(shell: Shell) -> None:
    shell.configured(changed_payments(shell.config, lookup_valid_s=60))
    token = await scanned(shell, shop(None))
    shell.clock.pass_s(59)
    offer = (await shell.scans.price(MEMBER, token, baht("345"))).offers[0]
    assert offer.quote.expires_at == NOW + timedelta(seconds=60)

    shell.clock.pass_s(1)
    assert await price_refused(shell, token, baht("345")) is Reason.QUOTE_EXPIRED


def test_a_code_that_expires_soon_bounds_its_quote(shell: Shell) -> None:
    _, offer = shell.scans.scanned_abroad("thailand", lookup(khqr(minutes=3)))

    assert offer.quote.expires_at == NOW + timedelta(minutes=3)


def test_a_code_that_expires_late_does_not_lengthen_its_quote(shell: Shell) -> None:
    _, offer = shell.scans.scanned_abroad("thailand", lookup(khqr(minutes=60)))

    assert offer.quote.expires_at == NOW + timedelta(minutes=10)


def test_an_expired_code_is_refused(shell: Shell) -> None:
    code = khqr(minutes=3)
    shell.clock.pass_s(180)

    assert reason_of(lambda: shell.scans.scanned_abroad("thailand", lookup(code))) is (
        Reason.QR_EXPIRED
    )


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ("0.99", Reason.AMOUNT_BELOW_SCHEME),
        ("50000.01", Reason.AMOUNT_ABOVE_SCHEME),
    ],
)
async def test_an_amount_beyond_the_corridors_bounds_is_refused(
    shell: Shell, amount: str, reason: Reason
) -> None:
    token = await scanned(shell, shop(None))

    assert await price_refused(shell, token, baht(amount)) is reason


@pytest.mark.parametrize("amount", ["1.00", "50000.00"])
async def test_the_corridors_bounds_themselves_are_allowed(shell: Shell, amount: str) -> None:
    token = await scanned(shell, shop(None))

    assert baht(amount) == (await best(shell, token, baht(amount))).destination


async def test_bounds_are_of_what_the_merchant_gets_in_whatever_currency_asked(
    shell: Shell,
) -> None:
    token = await scanned(shell, shop(None))

    assert await price_refused(shell, token, riel("6000000")) is Reason.AMOUNT_ABOVE_SCHEME


@pytest.mark.parametrize("amount", [("0.00", "THB"), ("0", "KHR")])
async def test_nothing_cannot_be_priced(shell: Shell, amount: tuple[str, str]) -> None:
    token = await scanned(shell, shop(None))
    nothing = Money.parse(*amount)

    assert await price_refused(shell, token, nothing) is Reason.AMOUNT_ZERO


async def test_a_third_currency_cannot_be_priced(shell: Shell) -> None:
    token = await scanned(shell, shop(None))
    dollars = Money.parse("10.00", "USD")

    assert await price_refused(shell, token, dollars) is Reason.CURRENCY_UNSUPPORTED


def test_a_khqr_in_dollars_is_refused(shell: Shell) -> None:
    code = khqr("10.00", "USD")

    assert reason_of(lambda: shell.scans.scanned_abroad("thailand", lookup(code))) is (
        Reason.CURRENCY_UNSUPPORTED
    )
    assert Reason.CURRENCY_UNSUPPORTED.iso == "AM03"


def test_a_dollar_code_is_not_priced_in_riel_by_the_guests_amount(shell: Shell) -> None:
    code = stall_code(currency="USD")
    asked = lookup(code, riel("41000"))

    assert reason_of(lambda: shell.scans.scanned_abroad("thailand", asked)) is (
        Reason.CURRENCY_UNSUPPORTED
    )


async def test_a_merchant_in_another_currency_than_the_corridors_is_refused(
    shell: Shell,
) -> None:
    shell.thailand.merchant = shop("10.00", "USD")

    assert (await scan_refused(shell, thai_code())).reason is Reason.CURRENCY_UNSUPPORTED


def test_an_open_khqr_needs_the_guests_amount(shell: Shell) -> None:
    code = stall_code()

    assert reason_of(lambda: shell.scans.scanned_abroad("thailand", lookup(code))) is (
        Reason.AMOUNT_MALFORMED
    )
    _, offer = shell.scans.scanned_abroad("thailand", lookup(code, riel("41000")))
    assert riel("41000") == offer.quote.destination


def test_a_fixed_khqr_is_not_changed_by_the_guests_amount(shell: Shell) -> None:
    _, offer = shell.scans.scanned_abroad("thailand", lookup(khqr(), riel("100")))

    assert riel("41000") == offer.quote.destination


def test_a_stall_at_an_unlisted_bank_is_refused(shell: Shell) -> None:
    code = stall_code("stall7@else")

    assert reason_of(lambda: shell.scans.scanned_abroad("thailand", lookup(code))) is (
        Reason.AGENT_UNKNOWN
    )


def test_a_network_is_not_told_about_foreign_codes(shell: Shell) -> None:
    assert reason_of(lambda: shell.scans.scanned_abroad("thailand", lookup(thai_code()))) is (
        Reason.QR_UNROUTABLE
    )


def test_a_closed_corridor_gives_no_price_and_opens_no_quote(shell: Shell) -> None:
    token = shell.offer(inbound=True).token
    shell.configured(changed_corridor(shell.config, IN, enabled=False))

    assert reason_of(lambda: shell.scans.scanned_abroad("thailand", lookup(khqr()))) is (
        Reason.QR_UNROUTABLE
    )
    assert reason_of(lambda: shell.quoting.open_quote(token, "thailand")) is Reason.QR_UNROUTABLE


async def test_a_closed_corridor_is_not_asked_for_its_merchants(shell: Shell) -> None:
    shell.configured(changed_corridor(shell.config, OUT, enabled=False))

    assert (await scan_refused(shell, thai_code())).reason is Reason.QR_UNROUTABLE
    assert shell.transport.tried == []


async def test_a_members_own_khqr_is_for_no_foreign_network(shell: Shell) -> None:
    assert (await scan_refused(shell, khqr())).reason is Reason.QR_UNROUTABLE
    assert shell.transport.tried == []


@pytest.mark.parametrize("result", [LOST, OFFLINE])
async def test_a_lookup_without_an_answer_says_try_again(shell: Shell, result: object) -> None:
    shell.transport.script("thailand", result)  # type: ignore[arg-type]
    refusal = await scan_refused(shell, thai_code())

    assert (refusal.reason, refusal.status) == (Reason.NETWORK_OFFLINE, 503)
    assert shell.store.done == []


async def test_a_merchant_that_is_gone_is_refused_in_the_networks_words(shell: Shell) -> None:
    shell.thailand.merchant = Unavailable(Reason.ACCOUNT_CLOSED)

    assert (await scan_refused(shell, thai_code())).reason is Reason.ACCOUNT_CLOSED


async def test_nothing_is_stored_for_a_price_that_is_never_used(shell: Shell) -> None:
    await scanned(shell, shop())

    assert shell.store.done == []
