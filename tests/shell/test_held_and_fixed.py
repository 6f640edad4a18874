"""Orders are bounded like payments; what a code fixes is what is paid, its fee included."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from fx.money import Money
from switch.inbound_port import derived_uetr
from switch.port import InboundLookup
from switch.qr.emv import compose, seal
from switch.reasons import Reason
from switch.refusals import TooMany
from tests.shell.hand_parts import NOW, said
from tests.shell.shell_rig import MEMBER, Shell, shop
from tests.shell.test_orders import order, payment_of
from tests.shell.test_scans import baht, khqr, thai_code


async def test_velocity_bounds_a_network_that_pays_by_orders(shell: Shell) -> None:
    """It bounds what a member or network opens (docs/operator/limits.md)."""
    config = shell.config
    shell.configured(replace(config, velocity=replace(config.velocity, payments_max=1)))
    shell.transport.script("bakong", said("accepted"), said("accepted"))
    # The same bound holds for a network that pays in one step.
    await shell.receive(shell.inbound_pay())
    with pytest.raises(TooMany):
        await shell.receive(shell.inbound_pay())

    with pytest.raises(TooMany):
        await shell.receive(order())


async def test_a_paid_order_no_longer_counts_as_an_open_quote(shell: Shell) -> None:
    """Only what is held unused is bounded."""
    shell.transport.script("bakong", *[said("accepted")] * 3)
    await shell.receive(shell.inbound_pay())
    await shell.settle()
    # In one step: the quote is used and counts no more.
    assert shell.quoting.outstanding.all(shell.clock.now()) == {}

    await shell.receive(order())
    paid = await shell.receive(payment_of(shell))
    await shell.settle()
    assert paid["status"] == "ACCC"
    assert shell.quoting.outstanding.all(shell.clock.now()) == {}


async def test_paid_orders_do_not_stop_the_next_ones(shell: Shell) -> None:
    config = shell.config
    bound = config.quotes.model_copy(update={"outstanding_max": 1})
    shell.configured(replace(config, quotes=bound))
    answers = []
    for turn in range(1, 5):
        shell.transport.script("bakong", said("accepted"))
        key = f"order-{turn}"
        held = await shell.receive(order(key=key, content={"code": key}))
        answers.append(held.get("refused"))
        if "refused" in held:
            break
        uetr = derived_uetr("thailand", key)
        paid = await shell.receive(
            payment_of(shell, key=key, far_reference=key, amount=shell.payment(uetr).terms.debit)
        )
        assert paid["status"] == "ACCC"
    assert answers == [None] * 4


async def test_two_orders_of_one_key_at_once_are_one_and_a_conflict(shell: Shell) -> None:
    first = order(content={"code": "1"}, payload=khqr("41000"))
    other = order(content={"code": "2"}, payload=khqr("82000"))
    answers = [
        shown
        for _, shown in await asyncio.gather(
            shell.orders.hold("thailand", first), shell.orders.hold("thailand", other)
        )
    ]
    again = await shell.orders.hold("thailand", other)

    assert [isinstance(each, tuple) for each in answers].count(True) == 1
    assert Reason.DUPLICATE in answers
    assert again[1] == answers[1]


async def test_a_code_that_fixes_its_amount_is_paid_so_where_its_network_names_none(
    shell: Shell,
) -> None:
    shell.thailand.merchant = shop(None)
    scanned = await shell.scans.scan(MEMBER, thai_code("345.00"), None)
    open_one = await shell.scans.scan(MEMBER, thai_code(None), baht("1.00"))

    assert str(scanned.offers[0].quote.credit) == "345.00"
    assert str(open_one.offers[0].quote.credit) == "1.00"


def tipped(indicator: str, tag: str = "", fee: str = "") -> str:
    parts = [
        ("00", "01"), ("01", "12"), ("29", compose("00", "stall7@abaa")), ("52", "5812"),
        ("53", "116"), ("54", "41000"), ("55", indicator), *([(tag, fee)] if tag else []),
        ("58", "KH"), ("59", "Stall 7"), ("60", "Phnom Penh"),
        ("99", compose("00", str(int(NOW.timestamp() * 1000)))
         + compose("01", str(int((NOW + timedelta(hours=1)).timestamp() * 1000)))),
    ]  # fmt: skip
    return seal("".join(compose(tag, value) for tag, value in parts))


@pytest.mark.parametrize(
    ("payload", "credited"),
    [
        (tipped("01"), "41000"),
        (tipped("02", "56", "4000"), "45000"),
        (tipped("03", "57", "10"), "45100"),
        (tipped("03", "57", "0.01"), "41004"),
        (tipped("03", "57", "1.5"), "41615"),
    ],
)
def test_a_fee_printed_into_a_khqr_is_paid(shell: Shell, payload: str, credited: str) -> None:
    _, offer = shell.scans.scanned_abroad("thailand", InboundLookup(payload, None, {}))

    assert offer.quote.credit == Money.parse(credited, "KHR")
