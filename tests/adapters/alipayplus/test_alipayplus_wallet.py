"""What Alipay+ asks us as a wallet: authorise, tell, cancel, refund; answered after the commit.

Each story runs in a world of its own: production code on virtual time, both sides over HTTP.
"""

from __future__ import annotations

from typing import Any

import pytest

from adapters.alipayplus.sandbox_orders import order_code
from switch.simulation.town import Town
from tests.adapters.alipayplus.alipayplus_parts import MEMBER, begun, ended, lived, paid

ACQUIRER = {"acquirerId": "1022188000000000009", "pspId": "1022172000000000001"}


async def call(town: Town, name: str, **fields: object) -> dict[str, Any]:
    """Alipay+ calls the switch; returns the fields of its signed answer."""
    body = {"call": name, "fields": {**ACQUIRER, **fields}}
    shown = await town.sandbox("alipayplus", "POST", "/control/call", body)
    assert shown["http"] == 200
    found: dict[str, Any] = shown["fields"]
    return found


def result(fields: dict[str, Any], name: str = "result") -> tuple[str, str]:
    return fields[name]["resultStatus"], fields[name]["resultCode"]


async def order_of(town: Town) -> str:
    """The network's name of the one order in its book."""
    [line] = await town.book("alipayplus")
    name: str = line["reference"]
    return name


async def switch_lines(town: Town) -> list[dict[str, Any]]:
    page = (await town.overseer().call("GET", "/v1/oversight/payments?after=0&limit=50")).json()
    found: list[dict[str, Any]] = page["payments"]
    return found


RIEL = {"currency": "KHR", "value": "3493800"}
"""What the order of 12,000 won costs, in hundredths of a riel."""


def test_an_order_that_nobody_has_confirmed_is_in_process() -> None:
    async def story(town: Town) -> list[tuple[str, str]]:
        await town.member(MEMBER).scan(order_code(12000))
        asked = await call(town, "pay", paymentRequestId="20261121", paymentAmount=RIEL)
        told = await call(town, "inquiryPayment", paymentRequestId="20261121")
        return [result(asked), result(told), result(told, "paymentResult")]

    waiting = ("U", "PAYMENT_IN_PROCESS")

    assert lived(story) == [waiting, ("S", "SUCCESS"), waiting]


def test_a_payment_is_in_process_until_its_debit_is_final_and_then_done() -> None:
    async def story(town: Town) -> list[dict[str, Any]]:
        await town.fault("alipayplus", "pay", "pending", delay_ms=20_000)
        member = town.member(MEMBER)
        token = (await member.scan(order_code(12000))).json()["quotes"][0]["quote"]
        debtor = {"name": "Sok Dara", "account": "sokdara@abaa"}
        town.tasks.start("pays", _ignored(member.pay("key-1", {"quote": token, "debtor": debtor})))
        await town.world.sleep(1)
        name = await order_of(town)
        first = await call(town, "pay", paymentRequestId=name, paymentAmount=RIEL)
        await town.world.sleep(60)
        again = await call(town, "pay", paymentRequestId=name, paymentAmount=RIEL)
        told = await call(town, "inquiryPayment", paymentRequestId=name)
        return [first, again, told]

    first, again, told = lived(story)

    assert result(first) == ("U", "PAYMENT_IN_PROCESS")
    assert result(again) == result(told) == result(told, "paymentResult") == ("S", "SUCCESS")
    assert again["paymentId"] == told["paymentId"]
    assert len(again["paymentId"]) == 32


async def _ignored(answer: Any) -> None:
    await answer


def test_another_amount_than_the_customer_confirmed_is_refused() -> None:
    async def story(town: Town) -> tuple[str, str]:
        await paid(town)
        other = {"currency": "KHR", "value": "99999900"}
        name = await order_of(town)
        return result(await call(town, "pay", paymentRequestId=name, paymentAmount=other))

    assert lived(story) == ("F", "REPEAT_REQ_INCONSISTENT")


def test_a_refused_payment_is_told_as_refused() -> None:
    async def story(town: Town) -> tuple[str, str]:
        await paid(town, ("pay", "refuse", {"reason": "RISK_REJECT"}))
        told = await call(town, "inquiryPayment", paymentRequestId=await order_of(town))
        return result(told, "paymentResult")

    assert lived(story) == ("F", "RISK_REJECT")


def test_refunds_come_back_at_the_original_price_once_each_and_never_beyond() -> None:
    won = {"currency": "KRW"}

    async def story(town: Town) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
        await paid(town)
        name = await order_of(town)
        told = []
        for key, value in (("r1", "4000"), ("r1", "4000"), ("r1", "5000"), ("r2", "8001"),
                           ("r3", "8000"), ("r4", "1")):  # fmt: skip
            fields = {
                "paymentRequestId": name,
                "refundRequestId": key,
                "refundAmount": {"currency": "KHR", "value": "100"},
                "refundFromAmount": {**won, "value": value},
            }
            told.append(result(await call(town, "refund", **fields)))
        return told, await switch_lines(town)

    told, lines = lived(story)

    assert told == [
        ("S", "SUCCESS"),
        ("S", "SUCCESS"),
        ("F", "REPEAT_REQ_INCONSISTENT"),
        ("F", "REFUND_AMOUNT_EXCEED"),
        ("S", "SUCCESS"),
        ("F", "REFUND_AMOUNT_EXCEED"),
    ]
    # 4,000 of 12,000 won are 11,646 of 34,938 riel; the second part takes what is left.
    assert [line["debit"]["value"] for line in lines] == ["35188", "11646", "23292"]
    assert [line["credit"]["value"] for line in lines] == ["12000", "4000", "8000"]


def test_a_refund_of_nothing_that_we_paid_is_refused() -> None:
    async def story(town: Town) -> list[tuple[str, str]]:
        amount = {"currency": "KRW", "value": "4000"}
        unknown = {"paymentRequestId": "nobody", "refundRequestId": "r1"}
        first = await call(town, "refund", **unknown, refundFromAmount=amount)
        await paid(town, ("pay", "refuse", {"reason": "RISK_REJECT"}))
        known = {"paymentRequestId": await order_of(town), "refundRequestId": "r2"}
        return [result(first), result(await call(town, "refund", **known, refundFromAmount=amount))]

    assert lived(story) == [("F", "ORDER_NOT_EXIST"), ("F", "ORDER_STATUS_INVALID")]


@pytest.mark.parametrize("times", [1, 3])
def test_a_payment_that_is_cancelled_goes_back_whole_and_once(times: int) -> None:
    async def story(town: Town) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
        await paid(town)
        name = await order_of(town)
        told = [
            result(await call(town, "cancelPayment", paymentRequestId=name)) for _ in range(times)
        ]
        return told, await switch_lines(town)

    told, lines = lived(story)

    assert told == [("S", "SUCCESS")] * times
    assert [line["debit"]["value"] for line in lines] == ["35188", "34938"]
    assert [line["status"] for line in lines] == ["ACCC", "ACCC"]


def test_a_cancel_while_the_outcome_is_not_known_is_asked_again() -> None:
    async def story(town: Town) -> list[tuple[str, str]]:
        await town.fault("alipayplus", "pay", "pending", delay_ms=20_000)
        member = town.member(MEMBER)
        token = (await member.scan(order_code(12000))).json()["quotes"][0]["quote"]
        debtor = {"name": "Sok Dara", "account": "sokdara@abaa"}
        town.tasks.start("pays", _ignored(member.pay("key-1", {"quote": token, "debtor": debtor})))
        await town.world.sleep(1)
        name = await order_of(town)
        first = result(await call(town, "cancelPayment", paymentRequestId=name))
        await town.world.sleep(60)
        return [first, result(await call(town, "cancelPayment", paymentRequestId=name))]

    assert lived(story) == [("U", "UNKNOWN_EXCEPTION"), ("S", "SUCCESS")]


def test_a_cancel_of_what_was_never_debited_or_refused_succeeds() -> None:
    async def story(town: Town) -> list[tuple[str, str]]:
        first = result(await call(town, "cancelPayment", paymentRequestId="20261121"))
        found = await ended(town, await begun(town, order_code(12000)))
        assert found.shown["status"] == "ACCC"
        return [first]

    assert lived(story) == [("S", "SUCCESS")]


def test_a_call_that_is_not_ours_to_serve_is_refused() -> None:
    async def story(town: Town) -> tuple[str, str]:
        return result(await call(town, "applyToken", paymentRequestId="1"))

    assert lived(story) == ("F", "PARAM_ILLEGAL")
