"""Adapter and simulated backbone agree over real HTTP, and no fault loses or makes money."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson
import pytest

from fx.money import Money
from switch.port import Outcome, OutcomeKind
from switch.reasons import Reason
from tests.adapters.bakong.bakong_bench import Bench, run
from tests.adapters.bakong.bakong_cases import ADAPTER, UNKNOWN, particulars, payment

if TYPE_CHECKING:
    from switch.port import Exchange


def test_transfer_is_pending_until_it_is_settled() -> None:
    async def use(bench: Bench) -> None:
        paid, _ = await bench.pay(payment())
        early = await bench.enquire(payment())
        shown = await bench.entry()
        bench.clock.seconds += 0.1
        late = await bench.enquire(payment())

        assert paid.kind is early.kind is OutcomeKind.PENDING
        assert shown == ("pending", None)
        assert late == Outcome(OutcomeKind.ACCEPTED, far_reference=paid.far_reference)
        assert await bench.entry() == ("booked", None)

    run(use)


def test_book_names_the_payment_and_the_ledger_moves_its_amount() -> None:
    async def use(bench: Bench) -> None:
        await bench.pay(payment())
        between = await bench.get("/ledger")
        bench.clock.seconds += 0.1
        state, after = await bench.get("/state"), await bench.get("/ledger")

        line = dict(state["book"][0])  # type: ignore[index]
        line.pop("at")
        assert line == {
            "uetr": payment().uetr,
            "reference": payment().reference,
            "direction": "inbound",
            "amount": "41000.00",
            "currency": "KHR",
            "status": "booked",
            "reason": None,
        }
        assert state["totals"] == {"KHR": "41000.00"}
        assert between["transit"] == {"KHR": "41000.00", "USD": "0.00"}
        assert after["transit"] == {"KHR": "0.00", "USD": "0.00"}
        pools = after["pools"]
        assert isinstance(pools, dict)
        assert pools["ACLBKHPPXXX"]["KHR"] == "9999959000.00"
        assert pools["ABAAKHPPXXX"]["KHR"] == "10000041000.00"

    run(use)


@pytest.mark.parametrize(
    ("account", "amount", "currency", "expected"),
    [
        ("nobody@abaa", "1000", "KHR", Reason.ACCOUNT_UNKNOWN),
        ("closed@abaa", "1000", "KHR", Reason.ACCOUNT_CLOSED),
        ("blocked@abaa", "1000", "KHR", Reason.ACCOUNT_BLOCKED),
        ("coffee@abaa", "1.00", "USD", Reason.CURRENCY_UNSUPPORTED),
        ("coffee@abaa", "1.00", "THB", Reason.CURRENCY_UNSUPPORTED),
        ("coffee@abaa", "99000000000", "KHR", Reason.FUNDS_INSUFFICIENT),
    ],
)
def test_transfer_that_cannot_be_credited_is_refused_with_its_reason(
    account: str, amount: str, currency: str, expected: Reason
) -> None:
    async def use(bench: Bench) -> None:
        what = payment(amount, currency)
        outcome, exchange = await bench.pay(what, particulars(account))

        assert outcome == Outcome(OutcomeKind.REFUSED, expected)
        assert await bench.again(exchange, what) == outcome
        assert (await bench.enquire(what)).kind is OutcomeKind.REFUSED
        assert await bench.entry() == ("refused", expected.iso)

    run(use)


def test_bank_that_refuses_after_acceptance_gives_the_money_back() -> None:
    async def use(bench: Bench) -> None:
        paid, _ = await bench.pay(payment(), particulars("vanishing@abaa"))
        bench.clock.seconds += 0.1

        assert paid.kind is OutcomeKind.PENDING
        assert await bench.enquire(payment()) == Outcome(OutcomeKind.REFUSED, Reason.ACCOUNT_CLOSED)
        assert await bench.entry() == ("refused", "AC04")

    run(use)


@pytest.mark.parametrize("outcome", ["failed_at_fast", "failed_at_fi", "cannot_settle"])
def test_outcome_told_beforehand_comes(outcome: str) -> None:
    async def use(bench: Bench) -> None:
        await bench.control("settlement", outcome=outcome, reason="AC06")
        await bench.pay(payment())
        bench.clock.seconds += 0.1

        assert await bench.enquire(payment()) == Outcome(
            OutcomeKind.REFUSED, Reason.ACCOUNT_BLOCKED
        )

    run(use)


def test_stalled_transfer_settles_on_release() -> None:
    async def use(bench: Bench) -> None:
        await bench.control("settlement", outcome="stall")
        await bench.pay(payment())
        bench.clock.seconds += 600
        before = await bench.enquire(payment())
        await bench.control("release")

        assert before.kind is OutcomeKind.PENDING
        assert (await bench.enquire(payment())).kind is OutcomeKind.ACCEPTED

    run(use)


def test_repeat_of_the_same_bytes_gets_the_same_answer_and_pays_once() -> None:
    async def use(bench: Bench) -> None:
        first, exchange = await bench.pay(payment())
        bench.clock.seconds += 0.1
        second = await bench.again(exchange, payment())

        assert second == first
        assert (await bench.get("/state"))["totals"] == {"KHR": "41000.00"}

    run(use)


def test_other_content_under_one_reference_books_nothing() -> None:
    async def use(bench: Bench) -> None:
        await bench.pay(payment())
        outcome, _ = await bench.pay(payment("42000"))
        bench.clock.seconds += 0.1

        assert outcome == UNKNOWN
        assert (await bench.get("/state"))["totals"] == {"KHR": "41000.00"}

    run(use)


@pytest.mark.parametrize(
    "kind",
    ["drop_answer", "garbage", "wrong_signature", "error_500", "twice", "slow", "late"],
)
def test_payment_booked_under_a_fault_is_found_by_enquiry(kind: str) -> None:
    async def use(bench: Bench) -> None:
        await bench.control("faults", operation="pay", kind=kind, delay_ms=10)
        outcome, _ = await bench.pay(payment())
        bench.clock.seconds += 0.1

        spoilt = kind not in ("twice", "slow", "late")
        assert outcome.kind is (OutcomeKind.UNKNOWN if spoilt else OutcomeKind.PENDING)
        assert (await bench.enquire(payment())).kind is OutcomeKind.ACCEPTED
        assert (await bench.get("/state"))["totals"] == {"KHR": "41000.00"}

    run(use)


def test_request_that_was_dropped_was_never_seen_and_can_be_repeated() -> None:
    async def use(bench: Bench) -> None:
        await bench.control("faults", operation="pay", kind="drop_request")
        outcome, exchange = await bench.pay(payment())
        seen = await bench.enquire(payment())
        repeated = await bench.again(exchange, payment())

        assert outcome == UNKNOWN
        assert seen == Outcome(OutcomeKind.NEVER_SEEN)
        assert repeated.kind is OutcomeKind.PENDING

    run(use)


def test_held_answer_is_booked_before_it_is_released() -> None:
    async def use(bench: Bench) -> None:
        await bench.control("faults", operation="pay", kind="hold")
        waiting = asyncio.create_task(bench.pay(payment()))
        while not (await bench.get("/control/requests"))["requests"]:
            pass
        bench.clock.seconds += 0.1
        state = await bench.get("/state")
        await bench.control("release")

        assert state["totals"] == {"KHR": "41000.00"}
        assert (await waiting)[0].kind is OutcomeKind.PENDING

    run(use)


def test_refusal_and_interim_status_on_demand() -> None:
    async def use(bench: Bench) -> None:
        await bench.control("faults", operation="pay", kind="refuse", reason="AC06")
        await bench.control("faults", operation="pay", kind="pending")
        refused, _ = await bench.pay(payment())
        other = payment(number=5)
        pending, _ = await bench.pay(other)
        bench.clock.seconds += 600
        still = await bench.enquire(other)
        await bench.control("release")

        assert refused == Outcome(OutcomeKind.REFUSED, Reason.ACCOUNT_BLOCKED)
        assert pending.kind is still.kind is OutcomeKind.PENDING
        assert (await bench.enquire(other)).kind is OutcomeKind.ACCEPTED

    run(use)


@pytest.mark.parametrize("kind", ["garbage", "error_500", "drop_answer", "wrong_signature"])
def test_enquiry_without_a_usable_answer_is_unknown(kind: str) -> None:
    async def use(bench: Bench) -> None:
        await bench.control("faults", operation="enquire", kind=kind)

        assert await bench.enquire(payment()) == UNKNOWN
        assert (await bench.enquire(payment())).kind is OutcomeKind.NEVER_SEEN

    run(use)


@pytest.mark.parametrize("reversal", [False, True])
def test_incoming_item_is_collected_until_it_is_acknowledged_once(*, reversal: bool) -> None:
    async def use(bench: Bench) -> None:
        made = await bench.control(
            "incoming", payee="ACLBKHPPXXX", amount="50000", currency="KHR", reversal=reversal
        )
        (item,) = await bench.collect()
        (again,) = await bench.collect()
        first, second = await bench.acknowledge(item), await bench.acknowledge(item)
        shown = await bench.get("/ledger")

        assert item == again
        assert (item.item_hash, item.reversal) == (made["hash"], reversal)
        assert (item.payer_agent, item.amount) == ("BKRTKHPPXXX", Money.parse("50000", "KHR"))
        assert first
        assert second
        assert await bench.collect() == []
        pools = shown["pools"]
        assert isinstance(pools, dict)
        assert pools["ACLBKHPPXXX"]["KHR"] == "10000050000.00"

    run(use)


def test_pages_are_bounded_and_drain() -> None:
    async def use(bench: Bench) -> None:
        for _ in range(205):
            await bench.control("incoming", payee="ACLBKHPPXXX", amount="100", currency="KHR")
        page = await bench.collect()
        for item in page:
            assert await bench.acknowledge(item)

        assert len(page) == 200
        assert len(await bench.collect()) == 5

    run(use)


def _swap(old: bytes, new: bytes) -> Callable[[Exchange], Exchange]:
    return lambda exchange: dataclasses.replace(exchange, body=exchange.body.replace(old, new))


@pytest.mark.parametrize(
    "alter",
    [
        _swap(b"s&lt;e&gt;c&amp;ret", b"guess"),
        _swap(b"<web:cm_user_name>aclb-switch", b"<web:cm_user_name>nobody"),
        _swap(b"<web:cm_user_name>aclb-switch", b"<web:cm_user_name>abaa-switch"),
        _swap(b"http://webservice.nbc.org.kh/", b"http://webservice.example/"),
        _swap(b"<web:ext_ref>", b"<web:size>1</web:size><web:ext_ref>"),
        lambda exchange: dataclasses.replace(
            exchange, headers=tuple(h for h in exchange.headers if h[0] != "User-Agent")
        ),
        lambda exchange: dataclasses.replace(
            exchange, headers=(("Content-Type", "application/json"), *exchange.headers[1:])
        ),
    ],
)
def test_call_that_is_not_a_members_is_refused_without_a_trace(
    alter: Callable[[Exchange], Exchange],
) -> None:
    async def use(bench: Bench) -> None:
        exchange = alter(ADAPTER.plan_pay(payment(), particulars(), bench.planning()))
        outcome = await bench.again(exchange, payment())

        assert outcome.kind in (OutcomeKind.UNKNOWN, OutcomeKind.REFUSED)
        assert (await bench.get("/state"))["book"] == []
        assert (await bench.get("/control/requests"))["requests"] == []

    run(use)


@pytest.mark.parametrize(
    "alter",
    [
        _swap(b"<![CDATA[", b'<![CDATA[<?xml version="1.0"?>'),
        _swap(b"pain.001.001.05", b"pain.001.001.03"),
        _swap(b"<CtrlSum>41000", b"<CtrlSum>41001"),
        _swap(b">41000</InstdAmt>", b">41000.50</InstdAmt>"),
        _swap(b"<PmtInfId>ACLB", b"<PmtInfId>ABAA"),
        _swap(b"<soapenv:Header/>", b"<soapenv:Header>"),
    ],
)
def test_request_that_cannot_be_read_is_refused_as_such(
    alter: Callable[[Exchange], Exchange],
) -> None:
    async def use(bench: Bench) -> None:
        exchange = alter(ADAPTER.plan_pay(payment(), particulars(), bench.planning()))

        assert await bench.again(exchange, payment()) == Outcome(
            OutcomeKind.REFUSED, Reason.FORMAT_INVALID
        )
        assert (await bench.get("/state"))["book"] == []

    run(use)


def test_accounts_and_settlement_time_can_be_configured() -> None:
    async def use(bench: Bench) -> None:
        await bench.pay(payment(), particulars("banhji@abaa"))
        bench.clock.seconds += 1

        assert (await bench.enquire(payment())).kind is OutcomeKind.PENDING

    run(use, accounts="banhji@abaa, kulen@aclb", settle_ms="2000")


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("settlement", {"outcome": "never"}),
        ("settlement", {"outcome": "stall", "times": 0}),
        ("incoming", {"payee": "NOBODY", "amount": "1", "currency": "KHR"}),
        ("incoming", {"payee": "ACLBKHPPXXX", "amount": "1.5", "currency": "KHR"}),
        ("incoming", {"payee": "ACLBKHPPXXX", "amount": "1", "currency": "THB"}),
        ("incoming", {"payee": "ACLBKHPPXXX", "amount": "0", "currency": "KHR"}),
    ],
)
def test_control_that_cannot_be_followed_is_refused(name: str, given: dict[str, object]) -> None:
    async def use(bench: Bench) -> None:
        url = f"{bench.net.url('bakong')}/control/{name}"
        async with bench.net.session("bakong").post(url, data=orjson.dumps(given)) as response:
            assert response.status == 400

    run(use)
