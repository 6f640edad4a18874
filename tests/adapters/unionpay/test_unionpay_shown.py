"""Card numbers stand in UnionPay's messages, ours and theirs: operators are shown none of them."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.unionpay.envelope import masked
from switch.simulation.town import Town
from tests.adapters.unionpay.unionpay_parts import khqr
from tests.adapters.unionpay.unionpay_stories import control, ledger, lived, paid, shared

OPERATOR = "operator-1"


async def opened(town: Town, uetr: str) -> dict[str, Any]:
    """What an operator is shown of a payment."""
    path = f"/v1/operations/payments/{uetr}/evidence"
    answer = await town.operator(OPERATOR).call("GET", path, b"")
    assert answer.status == 200, answer.body
    shown: dict[str, Any] = answer.json()
    return shown


@pytest.mark.parametrize("dialect", ["jws", "embedded"])
def test_nobody_is_shown_the_card_number_that_our_payments_are_made_with(dialect: str) -> None:
    async def story(town: Town) -> dict[str, Any]:
        found = await paid(town)
        key = found.book[0]["reference"]
        await control(town, "notify", reference=key, status="REJECTED", reason="51")
        return await opened(town, found.shown["uetr"])

    shown = lived(story, ("signature", dialect))
    card = shared().config.networks["unionpay"].options["token"]
    (pay,) = [each["text"] for each in shown["sent"] if each["operation"] == "pay"]
    news = [each["text"] for each in shown["messages"] if "REJECTED" in each["text"]]

    assert card not in repr(shown)
    assert '"token":"***"' in pay
    assert '"trxAmt":"345.00"' in pay
    assert ['"token":"***"' in each for each in news] == [True]


def test_money_that_came_back_and_fits_nothing_shows_no_card_number_either() -> None:
    """What is held for people has the network's own message beside it."""

    async def story(town: Town) -> list[dict[str, Any]]:
        found = await paid(town)
        key = found.book[0]["reference"]
        await control(town, "notify", reference=key, kind="REFUND", amount="345.01")
        return [await opened(town, line["uetr"]) for line in await ledger(town)]

    shown = lived(story)
    card = shared().config.networks["unionpay"].options["token"]

    assert [card in repr(each) for each in shown] == [False, False]
    assert ['"token":"***"' in each["messages"][-1]["text"] for each in shown[1:]] == [True]


def test_a_guests_card_number_is_shown_to_nobody() -> None:
    async def story(town: Town) -> list[dict[str, Any]]:
        await control(town, "pay-khqr", payload=khqr(), amount="41000")
        await town.world.sleep(60)
        return [await opened(town, line["uetr"]) for line in await ledger(town)]

    assert ['"token":"6' in repr(each) for each in lived(story)] == [False]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"token":"6292"}', b'{"token":"***"}'),
        (b'{"token" : "a\\"b","x":"1"}', b'{"token" : "***","x":"1"}'),
        (b'{"tokens":"6292","n":"62926292629262"}', b'{"tokens":"6292","n":"***"}'),
        (b'{"token":"6292', b'{"token":"***'),
        (b'{"token":"\\', b'{"token":"***\\'),
        (b"\xff", b"\xff"),
    ],
)
def test_only_card_numbers_are_blotted_out(body: bytes, shown: bytes) -> None:
    assert masked(body, "62926292629262") == shown
