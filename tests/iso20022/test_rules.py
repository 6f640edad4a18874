"""Each rule on any message refuses what breaks it, where it is broken, and nothing beside that."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from iso20022 import DOCUMENTS, build
from iso20022.declare import Leaf, places
from iso20022.envelope import find_parts
from iso20022.external_codes import STATUS_REASON, is_external_code
from iso20022.make.rule_table import PAGE, rows, rule_table
from iso20022.sight import look
from iso20022.tree_rules import TREE_RULES, faults
from iso20022.tree_values import VALUE_RULES, Fault, number
from iso20022.vocabulary import is_debtor_side
from switch.reasons import Reason
from tests.iso20022.iso_examples import AT, HEADER, PAYMENT, STATUS

ROOT = Path(__file__).resolve().parents[2]

PAID = build(
    "pacs.008.001.13",
    {**PAYMENT, "agreed_rate": PAYMENT["exchange_rate"]},
    header_name="head.001.001.04",
    header=HEADER,
).decode()
TOLD = build(
    "pacs.002.001.10",
    {**STATUS, "acceptance_at": AT, "message_id": "KHXB0001"},
    header_name="head.001.001.02",
    header=HEADER,
).decode()

SPACE = "urn:iso:std:iso:20022:tech:xsd:"
RECALLED = f"""<Document xmlns="{SPACE}camt.056.001.08"><FIToFIPmtCxlReq><Assgnmt><Id>1</Id>
<CreDtTm>2026-11-21T03:15:02Z</CreDtTm></Assgnmt><CtrlData><NbOfTxs>1</NbOfTxs></CtrlData>
<Undrlyg><TxInf><OrgnlUETR>5f8c1a52-6a2e-4c1f-9d0b-3a7f2b1c9e10</OrgnlUETR>
<CxlRsnInf><Rsn><Cd>DUPL</Cd></Rsn></CxlRsnInf></TxInf></Undrlyg></FIToFIPmtCxlReq></Document>"""
ANSWERED = f"""<Document xmlns="{SPACE}camt.029.001.09"><RsltnOfInvstgtn>
<Sts><Conf>RJCR</Conf></Sts>
<CxlDtls><TxInfAndSts><OrgnlTxId>1</OrgnlTxId><TxCxlSts>RJCR</TxCxlSts><CxlStsRsnInf><Rsn>
<Cd>NOOR</Cd></Rsn></CxlStsRsnInf></TxInfAndSts></CxlDtls></RsltnOfInvstgtn></Document>"""
VERIFIED = f"""<Document xmlns="{SPACE}acmt.024.001.04"><IdVrfctnRpt><Rpt><OrgnlId>1</OrgnlId>
<Vrfctn>false</Vrfctn><Rsn><Cd>AC01</Cd></Rsn></Rpt></IdVrfctnRpt></Document>"""
BATCH = f"""<Document xmlns="{SPACE}pain.001.001.09"><CstmrCdtTrfInitn><GrpHdr><MsgId>1</MsgId>
<CreDtTm>2026-11-21T03:15:02Z</CreDtTm><NbOfTxs>3</NbOfTxs><CtrlSum>60.5</CtrlSum></GrpHdr>
<PmtInf><NbOfTxs>2</NbOfTxs><CtrlSum>30.5</CtrlSum>
<CdtTrfTxInf><Amt><InstdAmt Ccy="USD">10.50</InstdAmt></Amt></CdtTrfTxInf>
<CdtTrfTxInf><Amt><InstdAmt Ccy="USD">20.00</InstdAmt></Amt></CdtTrfTxInf></PmtInf>
<PmtInf><CdtTrfTxInf><Amt><InstdAmt Ccy="USD">30</InstdAmt></Amt></CdtTrfTxInf></PmtInf>
</CstmrCdtTrfInitn></Document>"""
RETURNED = f"""<Document xmlns="{SPACE}pacs.004.001.09"><PmtRtr><GrpHdr><NbOfTxs>2</NbOfTxs>
<TtlRtrdIntrBkSttlmAmt Ccy="THB">30.25</TtlRtrdIntrBkSttlmAmt></GrpHdr>
<TxInf><OrgnlTxId>1</OrgnlTxId><RtrdIntrBkSttlmAmt Ccy="THB">10.00</RtrdIntrBkSttlmAmt>
<RtrRsnInf><Rsn><Prtry>X</Prtry></Rsn></RtrRsnInf></TxInf>
<TxInf><OrgnlTxId>2</OrgnlTxId><RtrdIntrBkSttlmAmt Ccy="THB">20.25</RtrdIntrBkSttlmAmt>
<RtrRsnInf><Rsn><Cd>AC04</Cd></Rsn></RtrRsnInf></TxInf></PmtRtr></Document>"""

SOUND = {
    "a payment": PAID,
    "a status": TOLD,
    "a recall": RECALLED,
    "an answer to a recall": ANSWERED,
    "a verification": VERIFIED,
    "a batch": BATCH,
    "a return": RETURNED,
}

REJECTED = TOLD.replace(">ACCC<", ">RJCT<").replace(
    "</TxSts>", "</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>"
)

# Message, what is sought in it, what is put there, and then: rule, code, end of the path.
BROKEN = [
    (PAID, "E2E-1", "   ", "TXT-1", "CH21", "EndToEndId"),
    (PAID, "Sok Dara", "Sok\nDara", "TXT-2", "CH16", "Dbtr/Nm"),
    (PAID, "Sok Dara", "Sok\u2028Dara", "TXT-2", "CH16", "Dbtr/Nm"),
    (PAID, "E2E-1", "/E2E-1", "ID-1", "CH16", "EndToEndId"),
    (PAID, "<BizMsgIdr>KHXB0001", "<BizMsgIdr>KHXB//1", "ID-1", "CH16", "AppHdr/BizMsgIdr"),
    (PAID, "E2E-1", "E2E-១", "ID-2", "RR10", "EndToEndId"),
    (PAID, "(<CreDtTm>.*?)Z", r"\1", "TIME-1", "FF01", "CreDtTm"),
    (PAID, "(<CreDt>.*?)T03", r"\1T24", "TIME-2", "FF01", "AppHdr/CreDt"),
    (PAID, "<CreDtTm>", "<CreDtTm>-", "TIME-2", "FF01", "CreDtTm"),
    (PAID, 'Ccy="THB">345.00', 'Ccy="XAU">345.00', "AMT-5", "AM03", "IntrBkSttlmAmt"),
    (PAID, 'Ccy="THB">345.00', 'Ccy="THB">345.001', "AMT-2", "AM12", "IntrBkSttlmAmt"),
    (PAID, '"THB">345.00', '"THB">-345.00', "AMT-2", "AM12", "IntrBkSttlmAmt"),
    (PAID, '"THB">345.00', '"THB">.001', "AMT-2", "AM12", "IntrBkSttlmAmt"),
    (BATCH, 'Ccy="USD">10.50', 'Ccy="JPY">10.50', "AMT-2", "AM12", "InstdAmt"),
    (PAID, 'Ccy="THB">345.00', 'Ccy="THB">0.00', "AMT-4", "AM01", "IntrBkSttlmAmt"),
    (PAID, "<XchgRate>118.84", "<XchgRate>-1", "RATE-1", "FF01", "XchgRate"),
    (PAID, "118.84</XchgRate>", "118.85</XchgRate>", "RATE-2", "AB04", "XchgRate"),
    (PAID, "118.84", "118.90", "RATE-3", "AB04", "XchgRate"),
    (PAID, "345.00", "346.00", "RATE-3", "AB04", "XchgRate"),
    (PAID, "<XchgRate>118.84", "<XchgRate>0.008", "RATE-5", "AB04", "XchgRate"),
    (PAID, "<XchgRate>.*?</XchgRate>", "", "RATE-4", "CH21", "InstdAmt"),
    (PAID, "Dara</Nm>", "Dara</Nm><CtryOfRes>XX</CtryOfRes>", "CTRY-1", "BE10", "CtryOfRes"),
    (PAID, "Co Ltd</Nm>", "Co Ltd</Nm><CtryOfRes>XX</CtryOfRes>", "CTRY-1", "BE11", "CtryOfRes"),
    (PAID, "(<DbtrAgt>.*?)NBHQKHPP", r"\1NBHQXXPP", "BIC-1", "RC03", "DbtrAgt/FinInstnId/BICFI"),
    (PAID, "KASITHBK", "KASIXXBK", "BIC-1", "RC04", "CdtrAgt/FinInstnId/BICFI"),
    (PAID, "(<CdtrAcct><Id>).*?</Id></CdtrAcct>", r"\1<IBAN>DE00</IBAN></Id></CdtrAcct>",
     "IBAN-1", "AC03", "IBAN"),
    (PAID, "(<DbtrAcct><Id>).*?</Id></DbtrAcct>", r"\1<IBAN>DE00</IBAN></Id></DbtrAcct>",
     "IBAN-1", "AC02", "IBAN"),
    (PAID, "KASITHBK</BICFI>", "KASITHBK</BICFI><LEI>7LTWFZYICNSX8D621K87</LEI>",
     "LEI-1", "BE17", "LEI"),
    (PAID, "<UETR>.*?</UETR>", "", "UETR-1", "CH21", "CdtTrfTxInf"),
    (TOLD, "(<OrgnlUETR>)5f8c", r"\g<1>5F8C", "UETR-2", "FF01", "OrgnlUETR"),
    (PAID, "<Cd>THN</Cd>", "<Cd>ZZZ</Cd>", "EXT-1", "CH16", "ClrSys/Cd"),
    (PAID, "</CdtrAcct>", "</CdtrAcct><Purp><Cd>ZZZZ</Cd></Purp>", "EXT-1", "CH16", "Purp/Cd"),
    (REJECTED, "AC04", "ARDT", "EXT-1", "CH16", "StsRsnInf/Rsn/Cd"),
    (RETURNED, "AC04", "AB05", "EXT-1", "CH16", "RtrRsnInf/Rsn/Cd"),
    (RECALLED, "DUPL", "AB05", "EXT-1", "CH16", "CxlRsnInf/Rsn/Cd"),
    (ANSWERED, "NOOR", "DUPL", "EXT-1", "CH16", "CxlStsRsnInf/Rsn/Cd"),
    (ANSWERED, "<Conf>RJCR", "<Conf>ZZZZ", "EXT-1", "CH16", "Sts/Conf"),
    (VERIFIED, "AC01", "BE23", "EXT-1", "CH16", "Rpt/Rsn/Cd"),
    (TOLD, "ACCC", "DONE", "STS-1", "CH21", "TxSts"),
    (REJECTED, "<StsRsnInf>.*</StsRsnInf>", "", "STS-4", "CH21", "TxSts"),
    (VERIFIED, "<Rsn>.*</Rsn>", "", "VRF-1", "CH21", "Vrfctn"),
    (ANSWERED, "<CxlStsRsnInf>.*</CxlStsRsnInf>", "", "CXL-1", "CH21", "Conf"),
    (RECALLED, "<CxlRsnInf>.*</CxlRsnInf>", "", "RSN-1", "CH21", "TxInf"),
    (RETURNED, "<RtrRsnInf><Rsn><Cd>.*?</RtrRsnInf>", "", "RSN-1", "CH21", "TxInf[2]"),
    (RECALLED, "<OrgnlUETR>.*</OrgnlUETR>", "", "ORG-1", "CH21", "/Document"),
    (BATCH, "<NbOfTxs>3", "<NbOfTxs>2", "MSG-2", "AM18", "GrpHdr/NbOfTxs"),
    (BATCH, "<NbOfTxs>2", "<NbOfTxs>3", "MSG-2", "AM18", "PmtInf[1]/NbOfTxs"),
    (BATCH, "60.5", "60.51", "SUM-1", "AM10", "GrpHdr/CtrlSum"),
    (BATCH, "30.5<", "60.5<", "SUM-1", "AM10", "PmtInf[1]/CtrlSum"),
    (RETURNED, "30.25", "30.26", "SUM-1", "AM10", "TtlRtrdIntrBkSttlmAmt"),
    (PAID, "<MsgDefIdr>pacs.008", "<MsgDefIdr>pacs.009", "BAH-1", "FF01", "MsgDefIdr"),
    (PAID, "NBHQKHPP", "ABAAKHPP", "BAH-3", "FF01", "AppHdr/Fr/FIId/FinInstnId/BICFI"),
    (PAID, "NXSGSGSG", "ABAAKHPP", "BAH-3", "FF01", "AppHdr/To/FIId/FinInstnId/BICFI"),
    (PAID, "(<AccptncDtTm>)2026", r"\g<1>2036", "TIME-3", "DT04", "AccptncDtTm"),
    (PAID, "(<AccptncDtTm>2026-11-)21", r"\g<1>19", "TIME-4", "TM01", "AccptncDtTm"),
    (TOLD, "(<CreDtTm>2026-11-)21", r"\g<1>25", "TIME-5", "DT04", "CreDtTm"),
    (PAID, "urn:bakong-switch:xsd:payment.1", SPACE + "pacs.008.001.13",
     "SPL-1", "FF01", "SplmtryData"),
]  # fmt: skip


def found(text: str) -> list[Fault]:
    parts = find_parts(etree.fromstring(text.encode()))
    return list(faults(look(parts.document_name, parts.header, parts.document)))


@pytest.mark.parametrize("what", SOUND)
def test_a_sound_message_breaks_no_rule(what: str) -> None:
    assert found(SOUND[what]) == []


@pytest.mark.parametrize(
    ("text", "old", "new", "rule", "code", "end"),
    [pytest.param(*entry, id=f"{entry[3]} {entry[5]}") for entry in BROKEN],
)
def test_a_broken_message_breaks_its_rule_in_its_place(
    text: str, old: str, new: str, rule: str, code: str, end: str
) -> None:
    broken, count = re.subn(old, new, text, count=1, flags=re.DOTALL)
    if old == "118.84":
        broken = text.replace(old, new)
    assert count == 1

    named = [(fault.rule.id, fault.code) for fault in found(broken)]

    assert (rule, code) in named
    assert any(fault.path.endswith(end) for fault in found(broken) if fault.rule.id == rule)
    assert all(fault.path.startswith(("/AppHdr", "/Document")) for fault in found(broken))


def test_every_rule_on_any_message_is_shown_broken() -> None:
    shown = {entry[3] for entry in BROKEN}
    applied = {entry.rule.id for entry in (*TREE_RULES, *VALUE_RULES)} - {"MSG-1"}

    assert applied <= shown


def test_a_payment_of_two_transactions_is_one_too_many() -> None:
    transaction = PAID[PAID.index("<CdtTrfTxInf>") : PAID.index("</FIToFICstmrCdtTrf>")]
    two = PAID.replace(transaction, transaction * 2).replace("<NbOfTxs>1", "<NbOfTxs>2")

    assert [fault.rule.id for fault in found(two)] == ["MSG-1"]


def test_charges_may_be_taken_off_before_the_rate() -> None:
    charge = '<ChrgsInf><Amt Ccy="KHR">250</Amt></ChrgsInf><InstgAgt>'
    charged = PAID.replace('"KHR">41000.00', '"KHR">41250.00')

    assert [fault.rule.id for fault in found(charged)] == ["RATE-3"]
    assert found(charged.replace("<InstgAgt>", charge, 1)) == []


def test_a_rate_is_read_in_both_directions_and_by_its_last_digit() -> None:
    def at(rate: str) -> list[str]:
        changed = re.sub("<AgrdRate>.*</AgrdRate>", "", PAID).replace(">118.84<", f">{rate}<")
        return [fault.rule.id for fault in found(changed)]

    assert at("0.0084146341") == []
    assert at("0.008415") == []
    assert at("119") == []
    assert at("0.008420") == ["RATE-3"]
    assert at("117") == ["RATE-3"]
    assert at("0.008") == ["RATE-5"]
    assert at("0.02") == ["RATE-3"]


def test_no_rate_agrees_with_amounts_that_are_far_from_it() -> None:
    bare = re.sub("<AgrdRate>.*</AgrdRate>", "", PAID)
    coarse = bare.replace(">118.84<", ">0.0002<").replace('"THB">345.00', '"THB">{}')

    def paid(amount: str) -> list[str]:
        return [fault.rule.id for fault in found(coarse.format(amount))]

    assert paid("8.20") == []
    assert paid("8.22") == []
    assert paid("0.01") == ["RATE-3"]
    assert paid("4.05") == ["RATE-3"]
    assert paid("12.00") == ["RATE-5"]
    assert paid("13.00") == ["RATE-3"]


@pytest.mark.parametrize("rate", ["9e999999", "1e5", "1_0", "NaN", "9" * 60_000, "٣", " ", "0x1"])
def test_what_is_no_number_of_xml_schema_is_not_reckoned_with(rate: str) -> None:
    old = re.sub("<XchgRate>.*</XchgRate>", f"<XchgRate>{rate}</XchgRate>", PAID, count=1)

    assert {"RATE-3", "RATE-4", "RATE-5"} & {fault.rule.id for fault in found(old)} == set()


@pytest.mark.parametrize(
    ("text", "value"),
    [(".5", "0.5"), ("5.", "5"), ("+5.00", "5"), ("-0", "0"), (" 7\n", "7")],
)
def test_every_way_to_write_a_decimal_is_read(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


@pytest.mark.parametrize("text", [".5", "5.", "+5.00", "005.0"])
def test_an_amount_may_be_written_in_any_way_that_a_decimal_may(text: str) -> None:
    written = BATCH.replace('"USD">30<', f'"USD">{text}<').replace(
        "60.5<", f"{Decimal('30.5') + Decimal(text)}<"
    )

    assert found(written) == []


def test_a_group_that_is_rejected_as_a_whole_may_say_why_in_its_transactions() -> None:
    grouped = TOLD.replace("<TxInfAndSts>", "<OrgnlGrpInfAndSts><GrpSts>RJCT</GrpSts>"
                           "</OrgnlGrpInfAndSts><TxInfAndSts>")  # fmt: skip

    assert [fault.rule.id for fault in found(grouped)] == ["STS-4"]
    reason = "<StsRsnInf><Rsn><Prtry>U110</Prtry></Rsn></StsRsnInf>"
    assert found(grouped.replace("</TxSts>", f"</TxSts>{reason}")) == []


def test_what_stands_in_foreign_supplementary_data_is_not_judged() -> None:
    foreign = PAID.replace("<MrchntCtgy>5814</MrchntCtgy>", "<IBAN>   </IBAN><Ctry>XX</Ctry>")

    assert found(foreign) == []


def test_a_comment_inside_a_value_hides_nothing() -> None:
    split = PAID.replace("E2E-1", "/<!-- -->E2E-1")

    assert [fault.rule.id for fault in found(split)] == ["ID-1"]


def test_a_given_moment_decides_what_is_late_and_what_is_early() -> None:
    parts = find_parts(etree.fromstring(PAID.encode()))

    def ids(after: timedelta) -> list[str]:
        sight = look(parts.document_name, parts.header, parts.document, at=AT + after)
        return [fault.rule.id for fault in faults(sight)]

    assert ids(timedelta()) == []
    assert ids(timedelta(hours=25)) == ["TIME-4"]
    assert ids(timedelta(hours=-1)) == ["TIME-3"]


def test_the_table_in_the_documentation_is_current() -> None:
    assert rule_table() == (ROOT / PAGE).read_text("utf-8")


def test_every_rule_has_an_id_of_its_own_a_source_and_a_code_that_exists() -> None:
    every = rows()

    assert len({row.rule.id for row in every}) == len(every)
    for row in every:
        assert row.rule.source
        assert row.rule.detail
        assert row.switch or row.any_file
        assert all(is_external_code(STATUS_REASON, code) for code in row.code.split("/"))


def test_declared_messages_and_any_file_agree_on_the_debtors_side() -> None:
    sides = {"RC03": True, "BE10": True, "RC04": False, "BE11": False}
    differing = {
        path
        for declared in DOCUMENTS.values()
        for path, _, node in places(declared)
        if isinstance(node, Leaf)
        and sides.get(node.type.code) not in {None, is_debtor_side(tuple(path.split("/")))}
    }

    # Inquiries and statements have no debtor's side in the declarations.
    assert {path for path in differing if "Assgnmt" not in path and "TxDtls" not in path} == set()


def test_every_reason_that_the_switch_gives_exists() -> None:
    missing = [each.name for each in Reason if not is_external_code(STATUS_REASON, each.iso)]

    assert missing == []
