"""Guests pay KHQR merchants over Alipay+: told once or often, credited once or given back whole.

Each story runs in a world of its own, the switch, Alipay+ and Bakong over HTTP on virtual time. The
guest is debited before the switch hears of it, so both books must agree however the credit ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from fx.money import Money
from switch.demo.books import differences
from switch.demo.scenes import khqr_code
from switch.hop_bounds import of_hop
from switch.linked_payments import Asked
from switch.qr import Khqr, write_khqr
from switch.simulation.town import Town
from tests.adapters.alipayplus.alipayplus_parts import lived

SHOP = "coffee@abaa"
NOBODY = "noodleshop@abaa"


@dataclass(frozen=True)
class Told:
    """What the guest saw, the switch's payments as an overseer reads them, and both books."""

    guest: dict[str, Any]
    payments: list[dict[str, Any]]
    alipay: list[dict[str, Any]]
    bakong: list[dict[str, Any]]

    @property
    def statuses(self) -> list[tuple[str, str]]:
        """Direction and status of each payment."""
        return [(line["direction"], line["status"]) for line in self.payments]

    @property
    def differences(self) -> list[str]:
        """What does not agree between the books."""
        return differences(self.payments, {"alipayplus": self.alipay, "bakong": self.bakong})


def code(town: Town, amount: str | None = "41000", account: str = SHOP) -> str:
    """A KHQR of a shop."""
    stage: Any = town
    return khqr_code(stage, account, amount)


async def payments(town: Town) -> list[dict[str, Any]]:
    """Every payment of the switch."""
    page = (await town.overseer().call("GET", "/v1/oversight/payments?after=0&limit=200")).json()
    found: list[dict[str, Any]] = page["payments"]
    return found


async def looked(town: Town, guest: dict[str, Any], within_s: int = 600) -> Told:
    """Wait until all has ended, then look at all sides."""
    started = town.clock.monotonic()
    while town.clock.monotonic() - started < within_s:
        found = await payments(town)
        if found and all(line["final"] and line["state"] != "unwinding" for line in found):
            break
        await town.world.sleep(1)
    return Told(guest, found, await town.book("alipayplus"), await town.book("bakong"))


async def guest_pays(town: Town, payload: str, **more: object) -> dict[str, Any]:
    """A guest pays a code."""
    body = {"payload": payload, **more}
    shown: dict[str, Any] = await town.sandbox("alipayplus", "POST", "/control/pay-khqr", body)
    return shown


async def call(town: Town, name: str, **fields: object) -> dict[str, Any]:
    """Alipay+ calls the switch."""
    body = {"call": name, "fields": fields}
    shown: dict[str, Any] = await town.sandbox("alipayplus", "POST", "/control/call", body)
    return shown


async def happily(town: Town) -> Told:
    return await looked(town, await guest_pays(town, code(town)))


def test_a_guest_pays_a_shop_and_both_books_agree() -> None:
    found = lived(happily)

    assert (found.guest["status"], found.guest["amount"]) == ("ACSC", "10.23")
    assert found.statuses == [("inbound", "ACCC")]
    assert found.payments[0]["credit"] == {"currency": "KHR", "value": "41000"}
    assert found.payments[0]["debit"] == {"currency": "USD", "value": "10.23"}
    assert found.payments[0]["uetr"] == found.guest["uetr"]
    assert found.differences == []


def test_what_is_told_five_times_is_credited_once_and_acknowledged_each_time() -> None:
    async def story(town: Town) -> Told:
        return await looked(town, await guest_pays(town, code(town), repeat=5))

    found = lived(story)

    assert [answer["status"] for answer in found.guest["answers"]] == ["S"] * 5
    assert found.statuses == [("inbound", "ACCC")]
    assert found.differences == []


def test_the_same_code_is_the_same_order_for_the_same_guest_and_another_for_another() -> None:
    async def story(town: Town) -> list[str]:
        payload = code(town)
        guests = ("guest-1", "guest-1", "guest-2")
        shown = [await guest_pays(town, payload, repeat=0, customer=name) for name in guests]
        return [each["order"] for each in shown]

    first, again, other = lived(story)

    assert first == again != other


def test_a_static_code_is_paid_twice_by_the_same_guest() -> None:
    async def story(town: Town) -> Told:
        payload = code(town, None)
        await guest_pays(town, payload, amount="41000")
        return await looked(town, await guest_pays(town, payload, amount="8000"))

    found = lived(story)

    assert found.statuses == [("inbound", "ACCC")] * 2
    assert [line["credit"]["value"] for line in found.payments] == ["41000", "8000"]
    assert found.differences == []


@pytest.mark.parametrize(
    ("amount", "account", "reason"),
    [(None, SHOP, "PARAM_ILLEGAL"), ("41000", "shop@nobank", "INVALID_CODE"),
     ("50", SHOP, "PARAM_ILLEGAL"), ("6000000", SHOP, "PAYMENT_AMOUNT_EXCEED_LIMIT")],
)  # fmt: skip
def test_an_order_that_cannot_be_held_is_refused_before_anybody_is_debited(
    amount: str | None, account: str, reason: str
) -> None:
    async def story(town: Town) -> Told:
        shown = await guest_pays(town, code(town, amount, account))
        return Told(shown, await payments(town), await town.book("alipayplus"), [])

    found = lived(story)

    assert (found.guest["status"], found.guest["reason"]) == ("RJCT", reason)
    assert (found.payments, found.alipay) == ([], [])


@pytest.mark.parametrize(
    "kind", ["drop_answer", "garbage", "error_500", "slow", "late", "twice", "hold"]
)
def test_whatever_bakong_answers_the_shop_is_credited_once(kind: str) -> None:
    async def story(town: Town) -> Told:
        await town.fault("bakong", "pay", kind, delay_ms=3000)
        return await looked(town, await guest_pays(town, code(town)))

    found = lived(story)

    assert found.guest["status"] == "ACSC"
    assert found.statuses == [("inbound", "ACCC")]
    assert found.differences == []


def test_a_guest_whose_shop_cannot_be_credited_gets_everything_back() -> None:
    async def story(town: Town) -> Told:
        return await looked(town, await guest_pays(town, code(town, account=NOBODY)))

    found = lived(story)

    assert found.guest["status"] == "ACSC"
    assert found.statuses == [("inbound", "RJCT"), ("outbound", "ACCC")]
    assert found.payments[0]["reason"] == "AC01"
    assert found.payments[1]["credit"] == {"currency": "USD", "value": "10.23"}
    assert [(line["direction"], line["amount"]) for line in found.alipay] == [
        ("inbound", "10.23"),
        ("outbound", "10.23"),
    ]
    assert found.differences == []


@pytest.mark.parametrize(
    "kind",
    ["drop_request", "drop_answer", "garbage", "wrong_signature", "error_500", "pending", "twice",
     "late", "unavailable"],
)  # fmt: skip
def test_money_goes_back_once_whatever_becomes_of_the_refunds_answer(kind: str) -> None:
    async def story(town: Town) -> tuple[Told, list[str]]:
        await town.fault("alipayplus", "refund", kind, delay_ms=30_000)
        found = await looked(town, await guest_pays(town, code(town, account=NOBODY)))
        asked = await town.sandbox("alipayplus", "GET", "/control/requests")
        refunds = [each for each in asked["requests"] if each["operation"] == "refund"]
        return found, [each["reference"] for each in refunds]

    found, references = lived(story)

    assert found.statuses == [("inbound", "RJCT"), ("outbound", "ACCC")]
    assert len(references) >= (1 if kind == "twice" else 2)
    assert set(references) == {found.payments[1]["reference"]}
    assert found.differences == []


def test_an_order_that_lapsed_and_is_paid_all_the_same_is_given_back() -> None:
    async def story(town: Town) -> Told:
        scanned = await guest_pays(town, code(town), repeat=0)
        await town.world.sleep(640)
        told = await town.sandbox(
            "alipayplus", "POST", "/control/notify", {"order": scanned["order"]}
        )
        return await looked(town, told)

    found = lived(story)

    assert found.guest["status"] == "ACSC"
    assert found.statuses == [("inbound", "RJCT"), ("outbound", "ACCC")]
    assert found.differences == []


@pytest.mark.parametrize("failed", [False, True])
def test_a_code_that_is_scanned_again_after_its_order_ended_is_paid(*, failed: bool) -> None:
    async def story(town: Town) -> tuple[str, Told]:
        now = town.clock.now()
        shown = Khqr(
            account=SHOP,
            merchant_name="Noodle Shop",
            merchant_city="Phnom Penh",
            amount=Money.parse("41000", "KHR"),
            created_at=now,
            expires_at=now + timedelta(hours=2),
        )
        payload = write_khqr(shown)
        first = await guest_pays(town, payload, repeat=0, customer="guest-7")
        if failed:
            said = {"resultCode": "PROCESS_FAIL", "resultStatus": "F", "resultMessage": "no"}
            await call(town, "notifyPayment", paymentRequestId=first["order"], paymentResult=said)
        else:
            await town.world.sleep(640)
        second = await guest_pays(town, payload, customer="guest-7")
        return first["order"], await looked(town, second)

    first, found = lived(story)

    assert found.guest["order"] != first
    assert found.statuses == [("inbound", "RJCT"), ("inbound", "ACCC")]
    assert (len(found.alipay), len(found.bakong), found.differences) == (1, 1, [])


def test_a_payment_that_failed_at_the_wallet_closes_its_order() -> None:
    async def story(town: Town) -> tuple[dict[str, Any], Told]:
        scanned = await guest_pays(town, code(town), repeat=0)
        failed = {"resultCode": "PROCESS_FAIL", "resultStatus": "F", "resultMessage": "no"}
        answer = await call(
            town, "notifyPayment", paymentRequestId=scanned["order"], paymentResult=failed
        )
        return answer["fields"]["result"], await looked(town, scanned)

    result, found = lived(story)

    assert result["resultStatus"] == "S"
    assert found.statuses == [("inbound", "RJCT")]
    assert found.alipay == found.bakong == []


def test_a_notification_of_no_order_is_not_acknowledged() -> None:
    paid = {"resultCode": "SUCCESS", "resultStatus": "S", "resultMessage": "success"}

    async def story(town: Town) -> dict[str, Any]:
        answer = await call(
            town,
            "notifyPayment",
            paymentRequestId="af0e606225d7a40f1f759b364acac3ee",
            paymentId="2026112100001",
            paymentResult=paid,
            paymentTime="2026-11-21T11:00:00+08:00",
            paymentAmount={"currency": "USD", "value": "1021"},
        )
        result: dict[str, Any] = answer["fields"]["result"]
        return result

    result = lived(story)

    assert (result["resultStatus"], result["resultCode"]) == ("F", "ORDER_NOT_EXIST")


def test_a_notification_that_contradicts_the_first_moves_nothing() -> None:
    paid = {"resultCode": "SUCCESS", "resultStatus": "S", "resultMessage": "success"}

    async def story(town: Town) -> tuple[dict[str, Any], Told]:
        guest = await guest_pays(town, code(town), repeat=0)
        for minor in (guest["amount"].replace(".", ""), "99"):
            answer = await call(
                town,
                "notifyPayment",
                paymentRequestId=guest["order"],
                paymentId="2026112100001",
                paymentResult=paid,
                paymentTime="2026-11-21T11:00:00+08:00",
                paymentAmount={"currency": "USD", "value": minor},
            )
        return answer["fields"]["result"], await looked(town, guest)

    result, found = lived(story)

    assert result["resultCode"] == "REPEAT_REQ_INCONSISTENT"
    assert found.statuses == [("inbound", "ACCC")]
    assert [line["status"] for line in found.bakong] == ["booked"]


async def refunded(town: Town, uetr: str, riel: str, key: str) -> str:
    """The merchant's bank gives part of a payment back."""
    running = await town.ready()
    switch = running.switch
    original = await running.store.read.payment(uetr)
    assert original is not None
    opened = await switch.dispatch.open(uetr)
    asked = Asked("ABAAKHPPXXX", key, {"amount": riel})
    made = await switch.linked.refund(original, opened, Money.parse(riel, "KHR"), asked)
    return getattr(made, "name", "") or type(made).__name__


def test_a_shop_refunds_in_parts_at_the_original_price_and_never_beyond() -> None:
    async def story(town: Town) -> tuple[list[str], Told]:
        guest = await guest_pays(town, code(town))
        await looked(town, guest)
        uetr = guest["uetr"]
        made = [
            await refunded(town, uetr, "10000", "k1"),
            await refunded(town, uetr, "10000", "k1"),
            await refunded(town, uetr, "31001", "k2"),
            await refunded(town, uetr, "31000", "k3"),
            await refunded(town, uetr, "1", "k4"),
        ]
        return made, await looked(town, guest)

    made, found = lived(story)

    assert made == ["Payment", "Payment", "REFUND_TOO_MUCH", "Payment", "REFUND_TOO_MUCH"]
    # 10,000 of 41,000 riel are 2.49 of 10.23 dollars, rounded down; the last part takes the rest.
    assert [line["amount"] for line in found.alipay] == ["10.23", "2.49", "7.74"]
    assert found.statuses == [("inbound", "ACCC"), ("outbound", "ACCC"), ("outbound", "ACCC")]
    assert found.differences == []


def test_when_the_last_byte_of_a_credit_left_is_its_own_affair_and_not_its_orders() -> None:
    async def story(town: Town) -> tuple[float, float]:
        paid = await looked(town, await guest_pays(town, code(town)))
        assert town.running is not None
        read = town.running.store.read
        payment = await read.payment(paid.guest["uetr"])
        assert payment is not None
        last = (await of_hop(read, payment)).send_by
        left, held = (at - payment.accepted_at for at in (last, payment.send_by))
        return left.total_seconds(), held.total_seconds()

    of_the_credit, of_the_order = lived(story)

    assert of_the_credit <= 4
    assert of_the_order >= 60
