"""What Thailand sends is verified before it is read, and answered in its own dialect, signed.

The messages come from the sandbox's own writer, which shares no code with the adapter.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from adapters.iso_profile import mapping
from adapters.iso_profile.sandbox_messages import Desk, StatusOf
from fx.board import Board
from fx.engine import quote_all
from fx.market_file import read_market
from fx.money import Money, currency
from fx.requests import Request
from iso20022.xmldsig import XmlVerifier, read_verified
from switch.model import Party, State, Status
from switch.port import InboundEnquiry, InboundLookup, InboundPay, Merchant, Rendered, WireRefusal
from switch.reasons import Reason
from tests.adapters.thailand.thailand_parts import (
    NOW,
    UETR,
    Keys,
    SetClock,
    credit,
    inbound_payment,
    new_desk,
    partner_signer,
    planning,
)

if TYPE_CHECKING:
    from adapters.thailand import ThailandAdapter
    from fx.quotes import Quote
    from iso20022 import Message

HEADERS = {"content-type": "application/xml"}
KHQR = "000201010211"


@pytest.fixture(scope="module")
def desk(keys: Keys) -> Desk:
    return new_desk(keys)


def answered(keys: Keys, body: bytes) -> Message:
    """Our answer, verified with the certificate that the network pins."""
    names = (mapping.STATUS, mapping.REPORT, mapping.REJECT)
    return read_verified(body, XmlVerifier(keys.certificate("switch-thailand")), names=names)


def resigned(keys: Keys, body: bytes, old: str, new: str) -> bytes:
    """The network's message with a piece changed before it was signed."""
    text = re.sub(r"<Sgntr>.*</Sgntr>", "", body.decode())
    assert old in text
    return partner_signer(keys).sign(text.replace(old, new).encode())


def refused(
    thailand: ThailandAdapter, body: bytes, headers: dict[str, str] | None = None
) -> WireRefusal:
    with pytest.raises(WireRefusal) as caught:
        thailand.translate(HEADERS if headers is None else headers, body, planning())
    return caught.value


def test_question_about_a_code(thailand: ThailandAdapter, desk: Desk) -> None:
    khr = Money.parse("41000", "KHR")
    sent = desk.question(KHQR, khr)
    got = thailand.translate(HEADERS, sent.body, planning())

    assert isinstance(got, InboundLookup)
    assert (KHQR, khr) == (got.payload, got.amount)
    assert sent.message_id == got.request["message_id"]


def test_question_without_an_amount(thailand: ThailandAdapter, desk: Desk) -> None:
    got = thailand.translate({}, desk.question(KHQR, None).body, planning())

    assert isinstance(got, InboundLookup)
    assert got.amount is None


def test_instruction_to_pay(thailand: ThailandAdapter, desk: Desk) -> None:
    of = credit()
    sent = desk.payment(of)
    got = thailand.translate(HEADERS, sent.body, planning())

    assert isinstance(got, InboundPay)
    assert got.uetr == UETR
    assert of.transaction_id == got.key != sent.message_id
    assert got.quote_token == "sealed-quote-token"
    assert Money.parse("346.87", "THB") == got.settlement_amount
    assert of.accepted_at == got.accepted_at
    assert (
        got.particulars.debtor.name,
        got.particulars.debtor.account,
        got.particulars.debtor.country,
    ) == ("Nok Suwan", "1234567890", "TH")
    assert got.particulars.creditor.account == "noodleshop@aclb"
    assert got.particulars.qr_payload == KHQR
    assert got.content["settlement_amount"] == "346.87 THB"


def test_a_true_repeat_has_equal_content_and_another_amount_has_not(
    thailand: ThailandAdapter, keys: Keys, desk: Desk
) -> None:
    body = desk.payment(credit()).body
    first = thailand.translate(HEADERS, body, planning())
    again = thailand.translate(HEADERS, body, planning(NOW + timedelta(hours=2), 99))
    anew = thailand.translate(HEADERS, desk.payment(credit()).body, planning())
    other = thailand.translate(
        HEADERS, resigned(keys, body, ">346.87</IntrBk", ">346.88</IntrBk"), planning()
    )

    assert isinstance(first, InboundPay)
    assert isinstance(other, InboundPay)
    assert isinstance(anew, InboundPay)
    assert first == again
    assert (first.key, first.content) == (anew.key, anew.content)
    assert first.key == other.key
    assert first.content != other.content


def test_an_old_instruction_is_handed_on_with_the_earlier_time(
    thailand: ThailandAdapter, keys: Keys
) -> None:
    old = new_desk(keys, SetClock(NOW - timedelta(hours=1)))
    got = thailand.translate(HEADERS, old.payment(credit(accepted_at=NOW)).body, planning())

    assert isinstance(got, InboundPay)
    assert NOW - timedelta(hours=1) == got.accepted_at


def test_enquiry(thailand: ThailandAdapter, desk: Desk) -> None:
    of = credit()
    got = thailand.translate(HEADERS, desk.enquiry("TH-MSG-1", of).body, planning())

    assert isinstance(got, InboundEnquiry)
    assert (UETR, of.transaction_id) == (got.uetr, got.key)
    assert (of.transaction_id, "") == (got.reference, got.returned)


def test_an_enquiry_about_a_return_is_about_nothing_else(
    thailand: ThailandAdapter, desk: Desk
) -> None:
    asked = desk.asking("TH-MSG-1", "pacs.004.001.09", "TH-RTR-1", UETR)
    got = thailand.translate(HEADERS, asked.body, planning())

    assert isinstance(got, InboundEnquiry)
    assert (got.uetr, got.returned) == ("", "TH-RTR-1")
    assert got.request["original_uetr"] == UETR


@pytest.mark.parametrize("shift_s", [-301, 301])
def test_a_question_with_a_skewed_clock_is_rejected(
    thailand: ThailandAdapter, keys: Keys, shift_s: int
) -> None:
    skewed = new_desk(keys, SetClock(NOW + timedelta(seconds=shift_s)))
    for body in (skewed.question(KHQR, None).body, skewed.enquiry("TH-1", credit()).body):
        refusal = refused(thailand, body)
        values = answered(keys, refusal.body).values

        assert (refusal.status, values["reason_code"]) == (400, "TM01")


def test_signatures_are_judged_before_anything_is_read(
    thailand: ThailandAdapter, keys: Keys, desk: Desk
) -> None:
    good = desk.payment(credit()).body
    text = re.sub(rb"<Sgntr>.*</Sgntr>", b"", good)
    cases = [
        (good.replace(b"346.87", b"946.87"), 401, "DS0B"),
        (partner_signer(keys, "stranger").sign(text), 401, "DS0B"),
        (text, 401, "DS0A"),
        (b"", 400, "FF01"),
        (b"{}", 400, "FF01"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 400, "FF01"),
        (good[:-30], 400, "FF01"),
        (b"<a>" * 20_000, 400, "FF01"),
        (good + b" " * 70_000, 413, "FF01"),
    ]
    for body, status, code in cases:
        refusal = refused(thailand, body)
        message = answered(keys, refusal.body)

        assert message.name == mapping.REJECT
        assert (status, code) == (refusal.status, message.values["reason_code"])
        assert message.values["related_reference"] == "NOTPROVIDED"


def test_an_expired_partner_certificate_is_refused(thailand: ThailandAdapter, desk: Desk) -> None:
    late = planning(NOW + timedelta(days=4_000))
    with pytest.raises(WireRefusal) as caught:
        thailand.translate(HEADERS, desk.question(KHQR, None).body, late)

    assert caught.value.status == 401


def test_other_media_types_kinds_and_addressees_are_refused(
    thailand: ThailandAdapter, keys: Keys, desk: Desk
) -> None:
    good = desk.question(KHQR, None).body
    status = desk.status(StatusOf("TH-1", "TH-2", UETR, "ACSC")).body
    to = "<To><FIId><FinInstnId><BICFI>"
    addressed = resigned(keys, good, f"{to}NBHQKHPPXXX", f"{to}ABAAKHPPXXX")

    assert refused(thailand, good, {"content-type": "application/json"}).status == 415
    assert Reason.FORMAT_INVALID is refused(thailand, status).reason
    assert Reason.AGENT_INCORRECT is refused(thailand, addressed).reason


def test_refusals_echo_nothing_of_a_hostile_message(
    thailand: ThailandAdapter, keys: Keys, desk: Desk
) -> None:
    body = resigned(
        keys,
        desk.payment(credit()).body,
        f"<TxId>{credit().transaction_id}</TxId>",
        "<TxId>&lt;script&gt;//x</TxId>",
    )
    refusal = refused(thailand, body)

    assert answered(keys, refusal.body).name == mapping.REJECT
    assert b"script" not in refusal.body
    assert "Nok" not in str(refusal) + repr(refusal)


def rendered_for(thailand: ThailandAdapter, desk: Desk) -> dict[str, Rendered]:
    """Everything that we answer."""
    pay = thailand.translate(HEADERS, desk.payment(credit()).body, planning())
    ask = thailand.translate(HEADERS, desk.question(KHQR, None).body, planning())
    enquiry = thailand.translate(HEADERS, desk.enquiry("TH-1", credit()).body, planning())
    assert isinstance(pay, InboundPay)
    assert isinstance(ask, InboundLookup)
    assert isinstance(enquiry, InboundEnquiry)
    done, who = inbound_payment(State.CREDITED), pay.particulars
    failed = inbound_payment(State.REFUSED, Reason.ACCOUNT_UNKNOWN)
    lost = inbound_payment(State.REFUSED, Reason.NEVER_SEEN)
    return {
        "credited": thailand.render_status(done, who, Status.ACCC, planning()),
        "pending": thailand.render_status(done, who, Status.PDNG, planning()),
        "failed": thailand.render_status(failed, who, Status.RJCT, planning()),
        "lost": thailand.render_status(lost, who, Status.RJCT, planning()),
        "refused": thailand.render_refusal(pay, Reason.QUOTE_EXPIRED, planning()),
        "enquired": thailand.render_enquiry(enquiry, done, Status.ACCC, planning()),
        "enquired_failed": thailand.render_enquiry(enquiry, failed, Status.RJCT, planning()),
        "never_seen": thailand.render_enquiry(enquiry, None, None, planning()),
        "found": thailand.render_lookup(ask, found(), planning()),
        "not_found": thailand.render_lookup(ask, Reason.QR_EXPIRED, planning()),
    }


def found() -> tuple[Merchant, Quote, str]:
    """A merchant with a quote and its token."""
    khr = Money.parse("41000", "KHR")
    market = read_market(Path(__file__).parents[3] / "config" / "providers.toml")
    request = Request("thailand-bakong", currency("THB"), currency("KHR"), khr)
    quote = quote_all(Board.open(market, NOW), request, at=NOW, quote_ids=lambda: UETR).best()
    shop = Party("Noodle Shop", "noodleshop@aclb", "ACLBKHPPXXX", "Phnom Penh", "KH")
    return Merchant(shop, "Phnom Penh", "5812", "KHR", khr), quote, "token"


@pytest.mark.parametrize(
    ("name", "status", "reason", "proprietary"),
    [
        ("credited", "ACSC", None, None),
        ("pending", "PDNG", None, None),
        ("failed", "RJCT", "AC01", None),
        ("lost", "RJCT", "NARR", None),
        ("refused", "RJCT", "TM01", None),
        ("enquired", "ACSC", None, None),
        ("enquired_failed", "RJCT", "AC01", None),
        ("never_seen", "RJCT", None, "NSEEN"),
    ],
)
def test_statuses_are_reported_signed_and_about_the_right_payment(
    thailand: ThailandAdapter,
    keys: Keys,
    desk: Desk,
    name: str,
    status: str,
    reason: str | None,
    proprietary: str | None,
) -> None:
    rendered = rendered_for(thailand, desk)[name]
    values = answered(keys, rendered.body).values

    assert (rendered.status, rendered.content_type) == (200, "application/xml")
    assert (status, reason, proprietary) == (
        values["status"],
        values.get("reason"),
        values.get("reason_proprietary"),
    )
    assert (UETR, credit().transaction_id) == (
        values["original_uetr"],
        values["original_transaction_id"],
    )


def test_merchant_and_quote_are_told(thailand: ThailandAdapter, keys: Keys, desk: Desk) -> None:
    values = answered(keys, rendered_for(thailand, desk)["found"].body).values

    assert values["verified"] is True
    assert (
        values["party_name"],
        values["account"],
        values["sup_merchant_city"],
    ) == ("Noodle Shop", "noodleshop@aclb", "Phnom Penh")
    assert (values["sup_quote_token"], values["sup_quote_rate"]) == ("token", "118.20")
    assert Money.parse("346.87", "THB") == values["sup_quote_debit"]
    assert Money.parse("41000", "KHR") == values["sup_quote_credit"]
    assert NOW + timedelta(seconds=600) == values["sup_quote_expires_at"]


def test_a_code_that_cannot_be_paid_is_told_with_its_reason(
    thailand: ThailandAdapter, keys: Keys, desk: Desk
) -> None:
    values = answered(keys, rendered_for(thailand, desk)["not_found"].body).values

    assert (values["verified"], values["reason"]) == (False, "DS24")


def test_everything_answered_is_valid_under_the_base_schemas(
    thailand: ThailandAdapter, desk: Desk, shared: Path
) -> None:
    bodies = [rendered.body for rendered in rendered_for(thailand, desk).values()]
    bodies.append(refused(thailand, b"").body)
    bodies += [desk.payment(credit()).body, desk.question(KHQR, Money.parse("1", "KHR")).body]
    bodies += [desk.enquiry("TH-1", credit()).body, desk.reject("", "FF01", "why").body]
    for body in bodies:
        for part in etree.fromstring(body):
            name = etree.QName(part).namespace.rpartition(":")[2]
            schema = etree.XMLSchema(file=str(shared / "xsd" / f"{name}.xsd"))

            schema.assertValid(etree.fromstring(etree.tostring(part)))
