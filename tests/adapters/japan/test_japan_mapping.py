"""Answers of the Japanese network become outcomes only where they speak of this payment."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from adapters.japan.mapping import REFUSALS, amount_of
from adapters.japan.sandbox_body import SHAPES, read_body
from fx.money import Money
from iso20022 import IsoError
from switch.model import State
from switch.port import Merchant, Operation, OutcomeKind, Unavailable, WireAnswer
from switch.reasons import Reason
from tests.adapters.japan.japan_parts import (
    NOW,
    UETR,
    jpqr,
    new_adapter,
    particulars,
    payment,
    planning,
    stands,
    terms,
    told,
)

if TYPE_CHECKING:
    from pathlib import Path

    from switch.port import Exchange, Outcome

ADAPTER: Final = new_adapter()
ACCEPTED, REFUSED, PENDING = OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.PENDING
UNKNOWN, NEVER_SEEN, CANCELLED = (
    OutcomeKind.UNKNOWN,
    OutcomeKind.NEVER_SEEN,
    OutcomeKind.CANCELLED,
)
PAY, ENQUIRE, CANCEL = Operation.PAY, Operation.ENQUIRE, Operation.CANCEL
NOT_FOUND: Final = "DYNAMIC_QR_PAYMENT_NOT_FOUND"


def planned(operation: Operation) -> Exchange:
    plan = {PAY: ADAPTER.plan_pay, ENQUIRE: ADAPTER.plan_enquire, CANCEL: ADAPTER.plan_cancel}
    return plan[operation](payment(), particulars(), planning())


def read(operation: Operation, answer: WireAnswer, rung: int = 0) -> Outcome:
    return ADAPTER.read(planned(operation), payment(rung=rung), answer)


def test_an_instruction_says_what_the_survey_lists_and_amounts_are_whole_numbers() -> None:
    exchange = planned(PAY)

    assert (exchange.method, exchange.path, exchange.reference) == ("POST", "/v2/payments", UETR)
    assert json.loads(exchange.body) == {
        "merchantPaymentId": UETR,
        "merchantId": "310001000012",
        "storeId": "S-0012",
        "amount": {"amount": 1500, "currency": "JPY"},
        "payerAmount": {"amount": 40125, "currency": "KHR"},
        "fxQuoteId": "0f0e0d0c-0b0a-4908-8706-050403020100",
        "requestedAt": int(NOW.timestamp()),
    }
    assert dict(exchange.headers)["X-ASSUME-MERCHANT"] == "310001000012"


def test_what_is_about_a_payment_names_it_in_the_path_and_has_no_body() -> None:
    for operation, method in ((ENQUIRE, "GET"), (CANCEL, "DELETE")):
        exchange = planned(operation)

        assert (exchange.method, exchange.path) == (method, f"/v2/payments/{UETR}")
        assert exchange.body == b""
        assert "Content-Type" not in dict(exchange.headers)
        assert dict(exchange.headers)["Authorization"].endswith(":empty")


def test_shared_fields_have_the_shape_of_the_genuine_samples(shared: Path) -> None:
    folder = shared / "samples" / "networks" / "paypay"
    genuine = json.loads((folder / "create_qrcode.json").read_text())
    ours = json.loads(planned(PAY).body)

    common = genuine.keys() & ours.keys()
    assert common == {"merchantPaymentId", "requestedAt", "amount"}
    for name in common:
        assert type(ours[name]) is type(genuine[name])
    assert {name: type(value) for name, value in ours["amount"].items()} == {
        name: type(value) for name, value in genuine["amount"].items()
    }
    assert len(ours["merchantPaymentId"]) == len(genuine["merchantPaymentId"])


def test_an_amount_of_more_than_eleven_digits_is_not_planned() -> None:
    odd = payment(terms=terms(riel="100000000000"))

    with pytest.raises(IsoError) as refused:
        ADAPTER.plan_pay(odd, particulars(), planning())

    assert refused.value.code == "AM12"


def test_an_amount_with_a_fraction_of_its_unit_is_not_written() -> None:
    with pytest.raises(IsoError) as refused:
        amount_of(Money.parse("10.50", "USD"))

    assert refused.value.code == "AM12"
    assert amount_of(Money.parse("10.00", "USD")) == {"amount": 10, "currency": "USD"}


@pytest.mark.parametrize("operation", [PAY, ENQUIRE, CANCEL])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("CREATED", PENDING),
        ("AUTHORIZED", PENDING),
        ("COMPLETED", ACCEPTED),
        ("FAILED", REFUSED),
        ("EXPIRED", REFUSED),
        ("CANCELED", CANCELLED),
        ("REFUNDED", CANCELLED),
        ("completed", UNKNOWN),
        (["COMPLETED"], UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_a_status_about_this_payment_decides(
    operation: Operation, status: Any, kind: OutcomeKind
) -> None:
    if operation is CANCEL and kind in (PENDING, ACCEPTED):
        kind = UNKNOWN  # the cancel was taken, and may undo it yet
    assert read(operation, told("SUCCESS", stands(status))).kind is kind


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ORDER_NOT_REVERSIBLE", "COMPLETED", ACCEPTED),
        ("ORDER_NOT_REVERSIBLE", "FAILED", REFUSED),
        ("REQUEST_ACCEPTED", "COMPLETED", UNKNOWN),
        ("REQUEST_ACCEPTED", "CANCELED", UNKNOWN),
        ("RATE_LIMIT", "COMPLETED", UNKNOWN),
        ("INTERNAL_SERVER_ERROR", "COMPLETED", UNKNOWN),
    ],
)
def test_only_a_cancel_that_is_too_late_ends_a_payment_as_it_stands(
    code: str, status: str, kind: OutcomeKind
) -> None:
    assert read(CANCEL, told(code, stands(status))).kind is kind
    assert read(ENQUIRE, told(code, stands(status))).kind is UNKNOWN


def test_the_networks_own_identification_is_kept_where_it_is_one() -> None:
    assert read(PAY, told("SUCCESS", stands("COMPLETED"))).far_reference == "05f8c1a526a2e4c1f9d0"
    for odd in (7, "", "x" * 65, "a b"):
        answer = told("SUCCESS", stands("COMPLETED", paymentId=odd))
        assert (read(PAY, answer).kind, read(PAY, answer).far_reference) == (ACCEPTED, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"merchantPaymentId": UETR.replace("5", "6")},
        {"merchantPaymentId": None},
        {"amount": {"amount": 1501, "currency": "JPY"}},
        {"amount": {"amount": 1500, "currency": "KHR"}},
        {"amount": {"amount": True, "currency": "JPY"}},
        {"amount": {"amount": "1500", "currency": "JPY"}},
        {"amount": 1500},
    ],
)
@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "CANCELED"])
def test_a_status_about_another_payment_or_amount_says_nothing(
    status: str, changes: dict[str, Any]
) -> None:
    for operation in (PAY, ENQUIRE, CANCEL):
        assert read(operation, told("SUCCESS", stands(status, **changes))).kind is UNKNOWN


def test_an_amount_with_a_decimal_point_says_nothing() -> None:
    exact = told("SUCCESS", stands("COMPLETED"))
    pointed = replace(exact, body=exact.body.replace(b'"amount":1500', b'"amount":1500.0'))

    assert pointed.body != exact.body
    assert read(PAY, pointed).kind is UNKNOWN


@pytest.mark.parametrize(("code", "reason"), sorted(REFUSALS.items()))
def test_a_code_that_refuses_ends_only_the_first_instruction(code: str, reason: Reason) -> None:
    first = read(PAY, told(code, status=400))

    assert (first.kind, first.reason) == (REFUSED, reason)
    assert read(PAY, told(code, status=400), rung=1).kind is UNKNOWN
    assert read(PAY, told(code, status=500)).kind is UNKNOWN
    assert read(PAY, told(code, status=200)).kind is UNKNOWN
    assert read(ENQUIRE, told(code, status=400)).kind is UNKNOWN
    assert read(CANCEL, told(code, status=400)).kind is UNKNOWN


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("UNAUTHORIZED", 401),
        ("RATE_LIMIT", 429),
        ("DUPLICATE_DYNAMIC_QR_REQUEST", 400),
        ("INTERNAL_SERVER_ERROR", 500),
        ("NO_SUCH_CODE", 400),
        ("", 400),
    ],
)
def test_what_may_speak_of_a_copy_or_of_the_call_leaves_a_payment_unknown(
    code: str, status: int
) -> None:
    for operation in (PAY, ENQUIRE, CANCEL):
        assert read(operation, told(code, status=status)).kind is UNKNOWN


def test_taken_but_not_decided_is_pending() -> None:
    assert read(PAY, told("REQUEST_ACCEPTED", status=202)).kind is PENDING
    assert read(CANCEL, told("REQUEST_ACCEPTED", status=202)).kind is UNKNOWN
    assert read(ENQUIRE, told("REQUEST_ACCEPTED", status=202)).kind is UNKNOWN


def test_not_found_is_never_seen_only_where_it_was_asked() -> None:
    """Lesson 17: not found means what this network means by it."""
    assert read(ENQUIRE, told(NOT_FOUND, status=404)).kind is NEVER_SEEN
    assert read(CANCEL, told(NOT_FOUND, status=404)).kind is NEVER_SEEN
    assert read(PAY, told(NOT_FOUND, status=404)).kind is UNKNOWN
    assert read(ENQUIRE, told(NOT_FOUND, status=500)).kind is UNKNOWN


def test_a_cancel_that_is_done_may_say_nothing_more() -> None:
    assert read(CANCEL, told("SUCCESS")).kind is CANCELLED
    assert read(CANCEL, told("SUCCESS", status=400)).kind is UNKNOWN
    assert read(ENQUIRE, told("SUCCESS")).kind is UNKNOWN
    assert read(PAY, told("SUCCESS")).kind is UNKNOWN


def test_a_cancel_that_comes_too_late_tells_how_the_payment_stands() -> None:
    too_late = told("ORDER_NOT_REVERSIBLE", stands("COMPLETED"), 400)

    assert read(CANCEL, too_late).kind is ACCEPTED
    assert read(ENQUIRE, too_late).kind is UNKNOWN
    assert read(PAY, too_late).kind is UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff<garbage",
        b"[]",
        b'{"resultInfo":"SUCCESS"}',
        b'{"resultInfo":{"code":7}}',
        b'{"resultInfo":{"code":"SUCCESS","code":"SUCCESS"}}',
        b'{"resultInfo":{"code":"SUCCESS"},"data":[]}',
        b"[" * 100_000,
        b'{"resultInfo":{"code":"SUCCESS"},"data":' + b" " * 70_000 + b"{}}",
    ],
)
def test_what_cannot_be_read_is_unknown(body: bytes) -> None:
    for operation in (PAY, ENQUIRE):
        assert read(operation, WireAnswer(200, {}, body)).kind is UNKNOWN
    looked = ADAPTER.plan_lookup(jpqr(), None, planning())
    found = ADAPTER.read_lookup(looked, WireAnswer(200, {}, body))
    assert found == Unavailable(Reason.COUNTERPARTY_ERROR)


def looked_up(data: object, code: str = "SUCCESS", status: int = 200) -> Merchant | Unavailable:
    exchange = ADAPTER.plan_lookup(jpqr(), None, planning())
    return ADAPTER.read_lookup(exchange, told(code, data, status))  # type: ignore[arg-type]


SHOP: Final[dict[str, Any]] = {
    "merchantId": "310001000012",
    "storeId": "S-0012",
    "storeName": "SUSHI HONTEN",
    "city": "TOKYO",
    "category": "5812",
}


def test_a_shop_is_handed_on_with_what_its_payment_will_name() -> None:
    found = looked_up(SHOP)

    assert isinstance(found, Merchant)
    assert (found.currency, found.amount, found.category) == ("JPY", None, "5812")
    assert (found.party.name, found.party.country) == ("SUSHI HONTEN", "JP")
    assert found.extra == {"merchantId": "310001000012", "storeId": "S-0012"}


def test_a_code_may_fix_whole_yen_and_nothing_else() -> None:
    fixed = looked_up({**SHOP, "fixedAmount": {"amount": 980, "currency": "JPY"}})

    assert isinstance(fixed, Merchant)
    assert fixed.amount == Money.parse("980", "JPY")
    for odd in ({"amount": 980, "currency": "USD"}, {"amount": -1, "currency": "JPY"}, 980, {}):
        assert looked_up({**SHOP, "fixedAmount": odd}) == Unavailable(Reason.COUNTERPARTY_ERROR)


@pytest.mark.parametrize("name", ["merchantId", "storeId", "storeName"])
def test_a_shop_without_what_its_payment_needs_is_no_shop(name: str) -> None:
    for odd in ({k: v for k, v in SHOP.items() if k != name}, {**SHOP, name: 7}):
        assert looked_up(odd) == Unavailable(Reason.COUNTERPARTY_ERROR)


def test_a_lookup_may_be_refused() -> None:
    gone = looked_up(None, "OPA_CLIENT_NOT_FOUND", 404)
    down = looked_up(None, "MAINTENANCE_MODE", 503)
    odd = looked_up(None, "UNAUTHORIZED", 401)

    assert gone == Unavailable(Reason.ACCOUNT_UNKNOWN)
    assert down == Unavailable(Reason.CREDITOR_OFFLINE)
    assert odd == Unavailable(Reason.COUNTERPARTY_ERROR)


def test_a_body_of_ours_is_one_that_the_sandbox_takes_to_the_field() -> None:
    assert list(read_body(planned(PAY).body, "payment")) == [name for name, _ in SHAPES["payment"]]


def test_a_later_enquiry_is_about_the_same_payment() -> None:
    later = payment(state=State.UNKNOWN, rung=3)

    assert ADAPTER.plan_enquire(later, particulars(), planning(counter=9)).path.endswith(UETR)
