"""The simulator is strict about what it is sent, and its window ends when the switch's does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.japan.sandbox import cancel_ends
from adapters.japan.sandbox_body import BodyRefused, read_body
from adapters.japan.sandbox_shops import CodeRefused, read_code
from switch.port import OutcomeKind
from switch.timers import cancel_until
from tests.adapters.japan.japan_parts import UETR, jpqr, new_adapter, particulars, payment, planning

if TYPE_CHECKING:
    from pathlib import Path

    from tests.adapters.japan.japan_link import Link

BODY = new_adapter().plan_pay(payment(), particulars(), planning()).body


def changed(**changes: object) -> bytes:
    return json.dumps({**json.loads(BODY), **changes}).encode()


def refused(body: bytes) -> str:
    with pytest.raises(BodyRefused) as raised:
        read_body(body, "payment")
    return raised.value.code


@pytest.mark.parametrize(
    "amount",
    [
        {"amount": 1500.0, "currency": "JPY"},
        {"amount": "1500", "currency": "JPY"},
        {"amount": True, "currency": "JPY"},
        {"amount": 0, "currency": "JPY"},
        {"amount": -1, "currency": "JPY"},
        {"amount": 10**11, "currency": "JPY"},
        {"amount": 1500, "currency": "USD"},
        {"amount": 1500},
        {"amount": 1500, "currency": "JPY", "unit": "yen"},
        1500,
    ],
)
def test_an_amount_that_is_no_whole_yen_is_refused(amount: Any) -> None:
    assert refused(changed(amount=amount)) == "INVALID_REQUEST_PARAMS"


@pytest.mark.parametrize("name", sorted(json.loads(BODY)))
def test_a_field_that_is_missing_or_empty_is_refused(name: str) -> None:
    without = {key: value for key, value in json.loads(BODY).items() if key != name}

    assert refused(json.dumps(without).encode()) == "MISSING_REQUEST_PARAMS"
    assert refused(changed(**{name: ""})) == "INVALID_REQUEST_PARAMS"
    assert refused(changed(**{name: None})) == "INVALID_REQUEST_PARAMS"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        BODY[:-1] + b',"amount":{"amount":1,"currency":"JPY"}}',
        BODY[:-1] + b',"tip":1}',
        BODY.replace(b"1500", b"1.5e3"),
        BODY.replace(b"1500", b"NaN"),
        b'{"amount":' * 50_000,
    ],
)
def test_a_body_of_another_make_is_refused(body: bytes) -> None:
    assert body != BODY
    assert refused(body) == "INVALID_REQUEST_PARAMS"


def test_the_bodies_that_we_write_are_taken() -> None:
    assert read_body(BODY, "payment")["merchantPaymentId"] == UETR


def test_codes_are_read_as_they_are_printed() -> None:
    shop, amount = read_code(jpqr(amount="980"))

    assert (shop.store_id, amount) == ("S-0012", 980)
    assert read_code(jpqr())[1] is None


def test_published_codes_are_read(shared: Path) -> None:
    lines = (shared / "vectors" / "qr.jsonl").read_text(encoding="utf-8").splitlines()
    codes = [each for each in map(json.loads, lines) if each["network"] == "jpqr"]
    sound = [each for each in codes if each["valid"]]

    def unreadable(payload: str) -> bool:
        try:
            read_code(payload)
        except CodeRefused as refusal:
            return refusal.code != "OPA_CLIENT_NOT_FOUND"
        return False

    assert sound
    assert [each["id"] for each in sound if unreadable(each["payload"])] == []


@pytest.mark.parametrize(
    ("code", "answered"),
    [
        (jpqr()[:-1] + "0", "INVALID_REQUEST_PARAMS"),
        (jpqr(currency="840"), "OP_OUT_OF_SCOPE"),
        (jpqr("1234567890128"), "OPA_CLIENT_NOT_FOUND"),
        (jpqr("4900000000031"), "OP_OUT_OF_SCOPE"),
        (jpqr(amount="1.5"), "INVALID_REQUEST_PARAMS"),
        (jpqr(amount="0"), "INVALID_REQUEST_PARAMS"),
        ("", "INVALID_REQUEST_PARAMS"),
        ("\ud800", "INVALID_REQUEST_PARAMS"),
    ],
)
def test_a_code_that_nobody_can_pay_is_refused(code: str, answered: str) -> None:
    with pytest.raises(CodeRefused) as raised:
        read_code(code)

    assert raised.value.code == answered


@pytest.mark.parametrize(
    ("taken", "ends"),
    [
        ("2026-11-21T03:15:02+00:00", "2026-11-21T15:15:00+00:00"),
        ("2026-11-21T14:59:59+00:00", "2026-11-21T15:15:00+00:00"),
        ("2026-11-21T15:00:00+00:00", "2026-11-22T15:15:00+00:00"),
        ("2026-12-31T16:00:00+00:00", "2027-01-01T15:15:00+00:00"),
    ],
)
def test_a_payment_can_be_cancelled_until_a_quarter_past_midnight_in_japan(
    taken: str, ends: str
) -> None:
    assert cancel_ends(datetime.fromisoformat(taken)) == datetime.fromisoformat(ends)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1)))
def test_the_switch_and_the_network_end_the_window_at_one_moment(at: datetime) -> None:
    taken = at.replace(tzinfo=UTC)

    assert cancel_until(new_adapter().facts, taken) == cancel_ends(taken)


async def test_a_request_changed_by_one_byte_books_nothing(link: Link) -> None:
    of = link.open_payment()
    exchange = link.adapter.plan_pay(of, particulars(), link.plan())
    altered = replace(exchange, body=exchange.body.replace(b"1500", b"9500"))

    answer = await link.send(altered)

    assert answer is not None
    assert answer.status == 401
    assert link.adapter.read(exchange, of, answer).kind is OutcomeKind.UNKNOWN
    assert await link.book() == []


async def test_a_request_that_is_caught_and_sent_again_books_nothing(link: Link) -> None:
    of = link.open_payment()
    exchange = link.adapter.plan_pay(of, particulars(), link.plan())
    first, again = await link.send(exchange), await link.send(exchange)

    assert first is not None
    assert again is not None
    assert (first.status, again.status) == (200, 401)
    assert len(await link.book()) == 1


async def test_an_old_request_books_nothing(link: Link) -> None:
    plan = link.plan()
    old = replace(plan, now=plan.now - timedelta(seconds=121))
    answer = await link.send(link.adapter.plan_pay(link.open_payment(), particulars(), old))

    assert answer is not None
    assert answer.status == 401
    assert await link.book() == []


async def test_the_same_payment_is_answered_the_same_and_another_under_its_name_refused(
    link: Link,
) -> None:
    of = await link.paid()

    assert (await link.pay(of)).kind is OutcomeKind.ACCEPTED
    other = replace(of, accepted_at=of.accepted_at + timedelta(seconds=1))
    assert (await link.pay(other)).kind is OutcomeKind.UNKNOWN
    assert len(await link.book()) == 1


async def test_a_cancel_is_done_once_and_said_again(link: Link) -> None:
    of = await link.paid()

    assert (await link.cancel(of)).kind is OutcomeKind.CANCELLED
    assert (await link.cancel(of)).kind is OutcomeKind.CANCELLED
    assert (await link.enquire(of)).kind is OutcomeKind.CANCELLED
    assert (await link.book())[0]["status"] == "cancelled"


async def test_a_cancel_of_nothing_is_not_confirmed(link: Link) -> None:
    assert (await link.cancel(link.open_payment())).kind is OutcomeKind.NEVER_SEEN
