"""What is sent to UnionPay has the shape of its real messages, and its real answers are read.

Recorded answers came without their headers, so they are signed here by the key that is pinned.
"""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest

from adapters.unionpay.envelope import uuid_of
from fx.money import Money
from switch.port import Merchant, Outcome, OutcomeKind, Planning, Unavailable, WireAnswer
from switch.reasons import Reason
from tests.adapters.paid_abroad import number
from tests.adapters.unionpay.unionpay_parts import (
    CARD,
    INSTITUTION,
    LINK,
    NOW,
    SAMPLES,
    UETR,
    Keys,
    claims_of,
    emv,
    header_of,
    new_adapter,
    outbound_payment,
    particulars,
    planning,
    sample,
    terms,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.unionpay import UnionPayAdapter
    from switch.model import Payment
    from switch.port import Exchange

UNKNOWN: Final = Outcome(OutcomeKind.UNKNOWN)
VOUCHER: Final = "20196220855800073135"
needs_samples = pytest.mark.skipif(
    not (SAMPLES / "unionpay").exists(), reason="the network samples are not here"
)
SENT_AT: Final = datetime(2019, 8, 8, 3, 2, 16, 974_000, tzinfo=UTC)
BILL: Final = {
    "cdhldrBillAmt": "48.46",
    "cdhldrBillCurrency": "840",
    "cdhldrBillConvRate": "0.1404494",
}


@pytest.fixture
def payment(unionpay: UnionPayAdapter) -> Payment:
    return outbound_payment(unionpay.reference(planning()))


@pytest.fixture
def pay(unionpay: UnionPayAdapter, payment: Payment) -> Exchange:
    return unionpay.plan_pay(payment, particulars(), planning())


@pytest.fixture
def ask(unionpay: UnionPayAdapter, payment: Payment) -> Exchange:
    return unionpay.plan_enquire(payment, particulars(), planning(counter=8))


def sent(exchange: Exchange) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(exchange.body)
    return found


def receipt(**changes: object) -> dict[str, object]:
    """What an approval says of 345.00 yuan."""
    values = {"trxAmt": "345.00", "trxCurrency": "156", "qrcVoucherNo": VOUCHER, **BILL}
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


# The shape of what is sent.


def shape(message: Mapping[str, Any], place: str = "") -> dict[str, str]:
    """Each member by its path, as the kind of text that it is."""
    found: dict[str, str] = {}
    for name, value in message.items():
        path = f"{place}/{name}"
        if isinstance(value, dict):
            found |= shape(value, path)
        else:
            assert isinstance(value, str), path
            amount = re.fullmatch(r"[0-9]+\.[0-9]{2}", value) is not None
            found[path] = "amount" if amount else "digits" if value.isdecimal() else "text"
    return found


@needs_samples
def test_a_payment_has_the_shape_of_a_real_one(unionpay: UnionPayAdapter) -> None:
    code = emv(changes={"62": "0120000000000000000000000520000000000000000000000708" + "8" * 8})
    made = sent(unionpay.plan_pay(outbound_payment("A3999"), particulars(code), planning()))
    real = sample("mpqrc_payment_emv.request.json")
    ours, theirs = shape(made), shape(real)
    differing = {path for path in ours.keys() & theirs.keys() if ours[path] != theirs[path]}

    assert theirs.keys() - ours.keys() == set()
    assert ours.keys() - theirs.keys() == {"/trxInfo/mpqrcPayload"}
    assert differing == set()
    assert [*made["msgInfo"]] == [*real["msgInfo"]]
    assert [*made["trxInfo"]["merchantInfo"]] == [*real["trxInfo"]["merchantInfo"]]


@needs_samples
def test_a_result_inquiry_has_the_shape_of_a_real_one(ask: Exchange) -> None:
    real = sample("trx_result_inquiry.request.json")

    assert shape(sent(ask)) == shape(real)
    assert [*sent(ask)["trxInfo"]] == [*real["trxInfo"]]


def test_a_message_id_is_within_bounds_unique_and_of_its_own_moment(
    unionpay: UnionPayAdapter,
) -> None:
    plans = [planning(counter=at) for at in range(50)]
    plans += [replace(planning(counter=at), slot=2) for at in range(50)]
    made = [unionpay.reference(each) for each in plans]

    assert len(set(made)) == 100
    assert all(re.fullmatch(rf"A{INSTITUTION}20261122111502[0-9]{{12}}", each) for each in made)


def test_who_pays_is_another_one_for_each_payment(unionpay: UnionPayAdapter) -> None:
    one, same, other = (
        sent(unionpay.plan_pay(outbound_payment("A1", uetr=uetr), particulars(), planning()))
        for uetr in (UETR, UETR, UETR[:-1] + "1")
    )

    assert one["trxInfo"] == same["trxInfo"]
    for name in ("deviceID", "userID"):
        assert one["trxInfo"][name] != other["trxInfo"][name]
    assert one["trxInfo"]["token"] == other["trxInfo"]["token"] == CARD
    assert b"Sok" not in orjson.dumps(one)
    assert b"sokdara" not in orjson.dumps(one)


def test_a_link_is_paid_by_naming_the_inquiry_about_it(unionpay: UnionPayAdapter) -> None:
    exchange = unionpay.plan_pay(outbound_payment("A1"), particulars(LINK), planning())
    made = sent(exchange)

    assert (exchange.path, made["msgInfo"]["msgType"]) == (
        *("/scis/switch/qrurlpayment", "MPQRC_PAYMENT_URL"),
    )
    assert made["trxInfo"]["origTrxMsgID"] == "A3999999920190808110302170477"
    assert "additionalData" not in made["trxInfo"]
    assert made["trxInfo"]["merchantInfo"] == {"merchantName": "Kunming Noodles", "mcc": "5812"}


def test_the_token_names_the_path_and_the_moment(pay: Exchange) -> None:
    claims = claims_of(pay)

    assert claims.timestamp == int(NOW.timestamp())
    assert re.fullmatch(r"[0-9a-f]{32}", claims.uuid)
    assert [name for name, _ in pay.headers] == ["Content-Type", "UPI-JWS"]


def test_the_other_dialect_has_a_wallet_one_address_and_no_header(keys: Keys) -> None:
    adapter = new_adapter(keys, signature="embedded")
    exchange = adapter.plan_pay(outbound_payment("A1"), particulars(), planning())
    made = sent(exchange)

    assert exchange.path == "/umpsqrgw"
    assert exchange.headers == (("Content-Type", "application/json"),)
    assert made["msgInfo"]["walletID"] == INSTITUTION
    assert [*made["certificateSignature"]] == ["appSignCertID", "signature"]


# Real answers.


@needs_samples
def test_real_answers_are_read(keys: Keys, unionpay: UnionPayAdapter) -> None:
    """Signed here, since the recorded ones came without their headers."""
    real = sample("mpqrc_payment_emv.response.json")
    paid = outbound_payment(real["msgInfo"]["msgID"], SENT_AT, terms=terms("1.00", "0.13", "HKD"))
    at = Planning(SENT_AT, number(SENT_AT), 1, SENT_AT)
    exchange = unionpay.plan_pay(paid, particulars(), at)
    told = unionpay.read(exchange, paid, raw(keys, exchange, "mpqrc_payment_emv.response.json"))

    assert told == Outcome(OutcomeKind.ACCEPTED, far_reference=VOUCHER)


@needs_samples
def test_a_real_result_is_read(keys: Keys, unionpay: UnionPayAdapter) -> None:
    paid = outbound_payment("A1", SENT_AT, terms=terms("1.00", "0.13", "HKD"))
    asked = replaced_id(
        unionpay.plan_enquire(paid, particulars(), planning(SENT_AT)),
        sample("trx_result_inquiry.response.json")["msgInfo"]["msgID"],
    )
    told = unionpay.read(asked, paid, raw(keys, asked, "trx_result_inquiry.response.json"))

    assert told == Outcome(OutcomeKind.ACCEPTED)


@needs_samples
def test_a_real_merchant_is_read(keys: Keys, unionpay: UnionPayAdapter) -> None:
    asked = replaced_id(
        unionpay.plan_lookup(LINK, None, planning()),
        sample("qrc_info_inquiry.response.json")["msgInfo"]["msgID"],
    )
    found = unionpay.read_lookup(asked, raw(keys, asked, "qrc_info_inquiry.response.json"))

    assert isinstance(found, Merchant)
    assert (found.party.name, found.category, found.currency) == ("Test Merchant", "5811", "CNY")
    assert found.extra["inquiry"] == "A3999999920190808110302170477"


@needs_samples
def test_a_real_answer_that_is_no_json_is_no_price(keys: Keys, unionpay: UnionPayAdapter) -> None:
    asked = unionpay.plan_quote(
        *(MERCHANT, emv(), Money.parse("100.00", "CNY"), "USD", planning()),
    )
    answer = raw(keys, asked, "exchange_rate_inquiry.malformed.response.txt")

    assert unionpay.read_quote(asked, answer) == Unavailable(Reason.RATE_UNAVAILABLE)
    assert unionpay.read(asked, outbound_payment("A1"), answer) == UNKNOWN


@needs_samples
def test_a_message_of_another_kind_is_no_answer(keys: Keys, pay: Exchange, payment: Payment,
    unionpay: UnionPayAdapter) -> None:  # fmt: skip
    assert unionpay.read(pay, payment, raw(keys, pay, "qrc_generation.response.json")) == UNKNOWN


MERCHANT: Final = Merchant(particulars().creditor, "Kunming", "5812", "CNY", None)


def raw(keys: Keys, exchange: Exchange, name: str) -> WireAnswer:
    """A recorded answer, signed."""
    body = (SAMPLES / "unionpay" / name).read_bytes()
    return WireAnswer(200, header_of(keys, body, claims_of(exchange)), body)


def replaced_id(exchange: Exchange, message_id: str) -> Exchange:
    """The same request under the id of a recorded one."""
    body = exchange.body.replace(exchange.reference.encode(), message_id.encode())
    made = replace(exchange, reference=message_id, body=body)
    uuid = uuid_of(message_id)
    headers = dict(exchange.headers)
    parts = orjson.loads(_decoded(headers["UPI-JWS"].partition(".")[0]))
    text = orjson.dumps({**parts, "UPI-UUID": uuid})
    return replace(made, headers=(("UPI-JWS", f"{_encoded(text)}..AAAA"),))


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ins_id", "1"),
        ("ins_id", ""),
        ("token", "123"),
        ("signature", "none"),
        ("digest_info", "maybe"),
        ("colour", "red"),
    ],
)
def test_an_option_that_is_none_refuses_the_start(keys: Keys, name: str, value: str) -> None:
    with pytest.raises(ValueError, match=rf"options\.{name}"):
        new_adapter(keys, **{name: value})
