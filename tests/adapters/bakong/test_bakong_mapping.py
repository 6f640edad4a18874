"""What leaves is shaped as the genuine messages, and what is collected can be acknowledged."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from adapters.bakong import mapping, soap
from fx.money import Money
from iso20022 import IsoError
from switch.abilities import Page
from switch.model import Institutions
from switch.port import IncomingItem, Operation, WireAnswer
from switch.reasons import Reason
from tests.adapters.bakong.bakong_cases import (
    ADAPTER,
    HASH,
    NOW,
    PAID,
    PAYMENT,
    REFERENCE,
    TIME,
    TRANSFER,
    answered,
    fault,
    item,
    make_adapter,
    particulars,
    payment,
    planning,
    response,
    status_report,
)

if TYPE_CHECKING:
    from pathlib import Path

    from lxml.etree import _Element


def _shape(element: _Element) -> list[str]:
    """Every path of leaves below an element, without namespaces, in order."""
    paths = []
    for each in element.iter("*"):
        if len(each) == 0:
            steps = [each, *each.iterancestors()]
            paths.append("/".join(str(s.tag).partition("}")[2] for s in reversed(steps)))
    return paths


def _inner(body: bytes, name: str) -> str:
    found = etree.fromstring(body).find(f".//{{{soap.SERVICE}}}{name}")
    assert found is not None
    return (found.text or "").strip()


def test_transfer_has_every_field_that_a_genuine_one_has(shared: Path) -> None:
    folder = shared / "samples/networks/bakong/backbone"
    genuine = (folder / "makeFullFundTransfer.request.xml").read_bytes()
    ours = ADAPTER.plan_pay(PAYMENT, particulars(bill="INV-7"), planning()).body

    assert _shape(etree.fromstring(genuine)) == _shape(etree.fromstring(ours))
    assert _shape(etree.fromstring(_inner(genuine, "iso_message"))) == _shape(
        etree.fromstring(_inner(ours, "iso_message"))
    )


def test_acknowledgement_and_collection_have_the_fields_of_genuine_ones(shared: Path) -> None:
    folder = shared / "samples/networks/bakong/backbone"
    collect = (folder / "getIncomingTransaction.request.xml").read_bytes()
    acknowledge = (folder / "makeAcknowledgement.request.xml").read_bytes()
    ours = ADAPTER.plan_acknowledge(_collected()[0], planning()).body

    assert _shape(etree.fromstring(collect)) == _shape(
        etree.fromstring(ADAPTER.plan_collect(planning(), 200).body)
    )
    assert _shape(etree.fromstring(_inner(acknowledge, "content_message"))) == _shape(
        etree.fromstring(_inner(ours, "content_message"))
    )


def test_transfer_pays_from_the_pool_under_one_reference_everywhere() -> None:
    inner = _inner(PAID.body, "iso_message")

    assert inner.startswith("<Document ")
    assert REFERENCE == _inner(PAID.body, "ext_ref") == PAID.reference
    assert len(REFERENCE) == 34
    for tag in ("MsgId", "InstrId", "EndToEndId"):
        assert f"<{tag}>{REFERENCE}</{tag}>" in inner
    assert re.search(
        f"<PmtInfId>ACLBKHPPXXX/ABAAKHPPXXX/{mapping.short_reference(REFERENCE)}</PmtInfId>", inner
    )
    assert '<InstdAmt Ccy="KHR">41000</InstdAmt>' in inner
    assert "aclbkhppxxx@aclb" in inner
    assert f"uetr:{PAYMENT.uetr}" in inner


def test_guest_is_not_named_to_the_merchants_bank() -> None:
    assert b"Guest" not in PAID.body
    assert b"0812345678" not in PAID.body


def test_dollars_are_written_with_their_cents() -> None:
    body = ADAPTER.plan_pay(payment("10.50", "USD"), particulars(), planning()).body

    assert b'<InstdAmt Ccy="USD">10.50</InstdAmt>' in body


def test_execution_day_is_the_day_in_cambodia() -> None:
    assert "<ReqdExctnDt>2026-11-22</ReqdExctnDt>" in _inner(PAID.body, "iso_message")


def test_same_planning_gives_the_same_bytes() -> None:
    assert ADAPTER.plan_pay(PAYMENT, particulars(), planning()) == PAID


def test_reference_is_the_uetr_of_the_payment_whatever_else_differs() -> None:
    one = planning()
    made = [one, dataclasses.replace(one, slot=4, message_number=9), planning(8)]
    references = [ADAPTER.reference(each) for each in made]

    assert "XB" + one.uetr.replace("-", "").upper() == references[0]
    assert references[0] == references[1] != references[2]


def test_end_mark_of_cdata_inside_a_name_does_not_end_it() -> None:
    body = ADAPTER.plan_pay(PAYMENT, particulars(name="a]]>b"), planning()).body

    document = etree.fromstring(_inner(body, "iso_message"))
    assert "a]]>b" in "".join(map(str, document.itertext()))


@pytest.mark.parametrize("document", [b"<a>]]></a>", b'<?xml version="1.0"?><a/>'])
def test_document_that_cdata_cannot_hold_is_refused(document: bytes) -> None:
    with pytest.raises(soap.SoapError):
        soap.request("makeFullFundTransfer", (("iso_message", document),))


def test_payee_bank_is_the_one_named_or_known_by_suffix() -> None:
    banks = mapping.parse_banks("aclb=ACLBKHPP")

    assert mapping.payee_agent(particulars("shop@aclb").creditor, banks) == "ACLBKHPPXXX"
    assert (
        mapping.payee_agent(particulars("000123", agent="ABAAKHPP").creditor, banks)
        == "ABAAKHPPXXX"
    )


def test_account_of_an_unlisted_bank_is_refused_before_anything_is_planned() -> None:
    with pytest.raises(IsoError) as refused:
        ADAPTER.plan_pay(PAYMENT, particulars("shop@nowhere"), planning())

    assert refused.value.code == "RC04"
    assert "nowhere" not in str(refused.value)


@pytest.mark.parametrize("agent", ["ACLBKHPPXXX", "ACLBKHPP", "ABAAKHPP001"])
def test_bank_that_contradicts_the_account_is_refused_before_anything_is_planned(
    agent: str,
) -> None:
    with pytest.raises(IsoError) as refused:
        ADAPTER.plan_pay(PAYMENT, particulars("coffee@abaa", agent=agent), planning())

    assert refused.value.code == Reason.AGENT_INCORRECT.iso
    assert "coffee" not in str(refused.value)


@pytest.mark.parametrize("agent", ["ABAAKHPPXXX", "ABAAKHPP"])
def test_bank_that_agrees_with_the_account_is_paid(agent: str) -> None:
    exchange = ADAPTER.plan_pay(PAYMENT, particulars("coffee@abaa", agent=agent), planning())

    assert exchange == PAID


def test_payee_is_the_one_of_the_particulars_whoever_else_the_payment_names() -> None:
    elsewhere = Institutions("thailand", "WIGCKHPPXXX", "WIGCKHPPXXX", "WIGCKHPPXXX")
    other = dataclasses.replace(PAYMENT, institutions=elsewhere)
    given = particulars("shop@wing", name="Shop", agent="CADIKHPP")

    inner = _inner(ADAPTER.plan_pay(other, given, planning()).body, "iso_message")

    for text in (
        "<CdtrAgt><FinInstnId><BICFI>CADIKHPPXXX</BICFI></FinInstnId></CdtrAgt>",
        "<Cdtr><Nm>Shop</Nm></Cdtr>",
        "<CdtrAcct><Id><Othr><Id>shop@wing</Id>",
    ):
        assert text in inner
    assert "WIGC" not in inner


@pytest.mark.parametrize("listed", ["aclb", "=ACLBKHPP", "aclb=X", "a=ACLBKHPP,a=ACLBKHPP"])
def test_list_of_banks_that_cannot_be_read_refuses_the_start(listed: str) -> None:
    with pytest.raises(ValueError, match="banks"):
        mapping.parse_banks(listed)


def test_missing_user_name_refuses_the_start() -> None:
    with pytest.raises(ValueError, match="user_name"):
        make_adapter(user_name="")


def _collected(document: str | None = None, **fields: str) -> list[IncomingItem]:
    given = {
        "payer_participant_code": "BKRTKHPPXXX",
        "payee_participant_code": "ACLBKHPPXXX",
    } | fields
    listed = item(document or TRANSFER.format(time=TIME, amount="1000"), **given)
    exchange = ADAPTER.plan_collect(planning(), 200)
    found = ADAPTER.read_collect(exchange, response("getIncomingTransaction", listed))
    assert found is not None
    return list(found.items)


def test_incoming_item_is_read_with_what_its_acknowledgement_needs() -> None:
    (found,) = _collected()

    assert (HASH, Money.parse("1000", "KHR")) == (found.item_hash, found.amount)
    assert (found.payer_agent, found.payee_agent) == ("BKRTKHPPXXX", "ACLBKHPPXXX")
    assert not found.reversal
    inner = _inner(ADAPTER.plan_acknowledge(found, planning()).body, "content_message")
    for text in ("<TxSts>ACSC</TxSts>", "M1/2", "BKRTKHPPXXX/ACLBKHPPXXX/R1", ">1000<"):
        assert text in inner
    assert "<OrgnlCreDtTm>2026-01-29T03:00:00.000Z</OrgnlCreDtTm>" in inner


def test_genuine_reversal_is_known_by_its_root(shared: Path) -> None:
    sample = shared / "samples/networks/bakong/backbone/makeReverseTransaction.request.xml"
    document = _inner(sample.read_bytes(), "content_message")

    (found,) = _collected(document)

    assert found.reversal
    assert Money.parse("800", "KHR") == found.amount


def test_word_reversing_does_not_make_a_transfer_a_reversal() -> None:
    document = TRANSFER.format(time=TIME, amount="1000").replace("M1/2", "REVERSING")

    assert not _collected(document)[0].reversal


def test_time_without_offset_is_left_out_of_the_acknowledgement() -> None:
    (found,) = _collected(TRANSFER.format(time="2026-01-29T10:00:00", amount="1000"))

    assert b"OrgnlCreDtTm" not in ADAPTER.plan_acknowledge(found, planning()).body


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-11:00"])
def test_time_that_utc_does_not_have_is_left_out_of_the_acknowledgement(time: str) -> None:
    (found,) = _collected(TRANSFER.format(time=time, amount="1000"))

    assert b"OrgnlCreDtTm" not in ADAPTER.plan_acknowledge(found, planning()).body


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ("<a/>", {}),
        ("no xml", {}),
        (TRANSFER.format(time=TIME, amount="0"), {}),
        (TRANSFER.format(time=TIME, amount="10.50"), {}),
        (TRANSFER.format(time=TIME, amount="1").replace("M1/2", "M" * 36), {}),
        (TRANSFER.format(time=TIME, amount="1").replace("CstmrCdtTrfInitn", "Other"), {}),
        (TRANSFER.format(time=TIME, amount="1"), {"payee_participant_code": "ABAAKHPPXXX"}),
    ],
)
def test_item_that_cannot_be_used_is_left_out(document: str, fields: dict[str, str]) -> None:
    assert _collected(document, **fields) == []


def test_page_that_cannot_be_read_is_no_page() -> None:
    exchange = ADAPTER.plan_collect(planning(), 200)

    assert ADAPTER.read_collect(exchange, WireAnswer(502, {}, b"")) is None
    assert ADAPTER.read_collect(exchange, fault("INTERNAL_ERROR")) is None
    busy = answered("getIncomingTransaction", "<n:result>busy</n:result>")
    assert ADAPTER.read_collect(exchange, busy) is None


def test_page_without_items_is_an_empty_page() -> None:
    exchange = ADAPTER.plan_collect(planning(), 200)

    assert ADAPTER.read_collect(exchange, response("getIncomingTransaction")) == Page(())


def test_item_beside_something_unknown_is_still_collected() -> None:
    given = {"payer_participant_code": "BKRTKHPPXXX", "payee_participant_code": "ACLBKHPPXXX"}
    listed = item(TRANSFER.format(time=TIME, amount="1000"), prefix="", **given)
    content = f"<n:total>1</n:total><return>{listed}</return>"
    answer = answered("getIncomingTransaction", content)

    found = ADAPTER.read_collect(ADAPTER.plan_collect(planning(), 200), answer)

    assert found is not None
    assert [each.item_hash for each in found.items] == [HASH]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (response("makeAcknowledgement", status_report("ACSC")), True),
        (response("makeAcknowledgement", "SUCCESS"), True),
        (response("makeAcknowledgement"), True),
        (fault("TRANSACTION_NOT_FOUND"), True),
        (response("makeAcknowledgement", status_report("RJCT")), False),
        (answered("makeAcknowledgement", f"<return>{status_report('RJCT')}</return>"), False),
        (answered("makeAcknowledgement", "<n:result>busy</n:result>"), False),
        (answered("makeAcknowledgement", "service busy"), False),
        (fault("INTERNAL_ERROR"), False),
        (WireAnswer(200, {}, b"<garbage"), False),
    ],
)
def test_acknowledgement_has_arrived_only_when_bakong_says_so(
    answer: WireAnswer, expected: bool
) -> None:
    exchange = ADAPTER.plan_acknowledge(_collected()[0], planning())

    assert ADAPTER.read_acknowledge(exchange, answer) is expected


def test_nothing_personal_is_shown_by_an_exchange() -> None:
    shown = repr(PAID) + repr(_collected())

    for personal in ("coffee", "Coffee", "aclbkhppxxx", "s&lt;e", "M1/2"):
        assert personal not in shown


def test_exchange_is_a_post_with_the_headers_that_the_service_wants() -> None:
    assert (PAID.method, PAID.path) == ("POST", "/BakongWebService/NBCInterface")
    assert dict(PAID.headers) == {
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": '""',
        "User-Agent": "bakong-switch",
    }
    assert (PAID.operation, PAID.send_by) == (Operation.PAY, NOW)


def test_an_option_that_nothing_reads_refuses_the_start() -> None:
    """A misspelt table of banks would be no table."""
    with pytest.raises(ValueError, match=r"options\.bankz: no such option"):
        make_adapter(bankz="aclb=ACLBKHPPXXX")
