"""What Alipay+ asks us as a wallet: authorise, tell, cancel, refund; answered after the commit.

Each story runs in a world of its own: production code on virtual time, both sides over HTTP.
"""

from __future__ import annotations

from typing import Any

import pytest

from adapters.alipayplus.sandbox_orders import order_code
from switch.simulation.town import Town
from tests.adapters.alipayplus.alipayplus_parts import DEBTOR, MEMBER, begun, ended, lived, paid

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


def test_a_refund_while_the_outcome_is_not_known_is_put_off_and_then_taken() -> None:
    """A "no" would be the end of it, and the shop's customer would never have the money."""

    async def story(town: Town) -> tuple[int, str, tuple[str, str], str]:
        await town.fault("alipayplus", "pay", "drop_answer")
        for _ in range(20):
            await town.fault("alipayplus", "enquire", "drop_answer")
        member = town.member(MEMBER)
        token = (await member.scan(order_code(12000))).json()["quotes"][0]["quote"]
        order = {"quote": token, "debtor": {"name": "Sok Dara", "account": "sokdara@abaa"}}
        town.tasks.start("pays", _ignored(member.pay("key-1", order)))
        await town.world.sleep(5)
        fields = {
            **ACQUIRER,
            "paymentRequestId": await order_of(town),
            "refundRequestId": "r1",
            "refundAmount": {"currency": "KHR", "value": "100"},
            "refundFromAmount": {"currency": "KRW", "value": "4000"},
        }
        asked = {"call": "refund", "fields": fields}
        first = await town.sandbox("alipayplus", "POST", "/control/call", asked)
        before = (await switch_lines(town))[0]["status"]
        await town.world.sleep(3_600)
        later = await town.sandbox("alipayplus", "POST", "/control/call", asked)
        lines = await switch_lines(town)
        return first["http"], before, result(later["fields"]), lines[0]["status"]

    assert lived(story) == (503, "PDNG", ("S", "SUCCESS"), "ACCC")


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
    moved = [line for line in lines if line["status"] == "ACCC"]
    assert [line["debit"]["value"] for line in moved] == ["35188", "11646", "23292"]
    assert [line["credit"]["value"] for line in moved] == ["12000", "4000", "8000"]
    assert [line["credit"]["value"] for line in lines if line["status"] == "RJCT"] == ["8001", "1"]


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


async def cancels(town: Town, code: str) -> str | None:
    """Alipay+ takes back the order of a code; what the switch says of it."""
    told = await town.sandbox("alipayplus", "POST", "/control/cancel", {"payload": code})
    assert told["http"] == 200
    status: str | None = told["status"]
    return status


async def scanned(town: Town, code: str) -> dict[str, Any]:
    """What a member pays the scanned code with."""
    page = (await town.member(MEMBER).scan(code)).json()
    return {"quote": page["quotes"][0]["quote"], "debtor": DEBTOR}


def test_what_was_cancelled_is_not_paid_afterwards() -> None:
    async def story(town: Town) -> tuple[str | None, list[dict[str, Any]], int, Any]:
        asked = await scanned(town, order_code(12000))
        cancelled = await cancels(town, order_code(12000))
        told = [(await town.member(MEMBER).pay("key-1", asked)).json() for _ in range(2)]
        again = (await town.member(MEMBER).scan(order_code(12000))).status
        return cancelled, told, again, await town.book("alipayplus")

    cancelled, told, again, book = lived(story)

    assert cancelled == "S"
    assert [each["reason"] for each in told] == ["DS02", "DS02"]
    assert told[0]["payment"]["status"] == "RJCT"
    assert again == 422
    assert book == []


@pytest.mark.parametrize("ahead_ms", range(-30, 12, 3))
def test_of_a_cancel_and_a_payment_at_one_moment_one_counts(ahead_ms: int) -> None:
    """Who was told that it is undone has it undone: never paid, or given back."""

    async def story(town: Town) -> tuple[str | None, list[str], list[str]]:
        asked = await scanned(town, order_code(12000))
        member, told = town.member(MEMBER), []

        async def pays() -> None:
            await town.world.sleep(max(0, -ahead_ms) / 1000)
            told.append((await member.pay("key-1", asked)).json())

        paying = town.tasks.start("pays", pays())
        await town.world.sleep(max(0, ahead_ms) / 1000)
        cancelled = await cancels(town, order_code(12000))
        await paying
        found = await ended(town, told[0].get("payment", told[0]))
        lines = [line["status"] for line in await switch_lines(town)]
        return cancelled, lines, [line["status"] for line in found.book]

    assert lived(story) in (
        ("S", ["RJCT"], []),
        ("S", ["ACCC", "ACCC"], ["cancelled"]),
        ("U", ["ACCC"], ["booked"]),
    )


def test_a_cancel_of_what_was_never_debited_succeeds_and_touches_no_other_order() -> None:
    async def story(town: Town) -> tuple[str | None, str]:
        await town.member(MEMBER).scan(order_code(12000))
        first = await cancels(town, order_code(12000))
        found = await ended(town, await begun(town, order_code(12000, number=2)))
        return first, found.shown["status"]

    assert lived(story) == ("S", "ACCC")


def test_a_call_that_is_not_ours_to_serve_is_refused() -> None:
    async def story(town: Town) -> tuple[str, str]:
        return result(await call(town, "applyToken", paymentRequestId="1"))

    assert lived(story) == ("F", "PARAM_ILLEGAL")
