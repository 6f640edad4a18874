"""Counts and totals are what they speak of, and no flood of them takes long to hold to that."""

from __future__ import annotations

import time
from collections import deque

import pytest
from lxml import etree

from iso20022.envelope import find_parts
from iso20022.reader import SIZE_BYTES_MAX
from iso20022.sight import look
from iso20022.tree_rules import TREE_RULES, faults

SPACE = "urn:iso:std:iso:20022:tech:xsd:"

PAID_TWICE = f"""<Document xmlns="{SPACE}pacs.008.001.02"><FIToFICstmrCdtTrf><GrpHdr>
<TtlIntrBkSttlmAmt Ccy="THB">30.00</TtlIntrBkSttlmAmt></GrpHdr>
<CdtTrfTxInf><IntrBkSttlmAmt Ccy="THB">10.00</IntrBkSttlmAmt></CdtTrfTxInf>
<CdtTrfTxInf><IntrBkSttlmAmt Ccy="THB">20.00</IntrBkSttlmAmt></CdtTrfTxInf>
</FIToFICstmrCdtTrf></Document>"""

BOOKED = f"""<Document xmlns="{SPACE}camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgPgntn>
<PgNb>1</PgNb><LastPgInd>true</LastPgInd></MsgPgntn></GrpHdr><Stmt><TxsSummry>
<TtlNtries><NbOfNtries>3</NbOfNtries><Sum>35</Sum></TtlNtries>
<TtlCdtNtries><NbOfNtries>2</NbOfNtries><Sum>30.5</Sum></TtlCdtNtries>
<TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>4.5</Sum></TtlDbtNtries></TxsSummry>
<Ntry><Amt Ccy="USD">10.50</Amt><CdtDbtInd>CRDT</CdtDbtInd></Ntry>
<Ntry><Amt Ccy="USD">4.50</Amt><CdtDbtInd>DBIT</CdtDbtInd></Ntry>
<Ntry><Amt Ccy="USD">20</Amt><CdtDbtInd>CRDT</CdtDbtInd></Ntry></Stmt></BkToCstmrStmt></Document>"""


def found(text: str) -> list[str]:
    parts = find_parts(etree.fromstring(text.encode()))
    return [
        f"{fault.rule.id} {'/'.join(fault.path.split('/')[-2:])}"
        for fault in faults(look(parts.document_name, parts.header, parts.document))
    ]


def test_a_total_in_another_currency_is_not_the_sum() -> None:
    other = PAID_TWICE.replace('<TtlIntrBkSttlmAmt Ccy="THB">', '<TtlIntrBkSttlmAmt Ccy="USD">')

    assert found(PAID_TWICE) == []
    assert found(other) == ["SUM-1 GrpHdr/TtlIntrBkSttlmAmt"]


def test_amounts_of_two_currencies_have_no_total() -> None:
    mixed = PAID_TWICE.replace('<IntrBkSttlmAmt Ccy="THB">10', '<IntrBkSttlmAmt Ccy="USD">10')

    assert found(mixed) == ["SUM-1 GrpHdr/TtlIntrBkSttlmAmt"]


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        (">3<", ">2<", ["MSG-2 TtlNtries/NbOfNtries"]),
        (">2<", ">1<", ["MSG-2 TtlCdtNtries/NbOfNtries"]),
        ("<NbOfNtries>1<", "<NbOfNtries>0<", ["MSG-2 TtlDbtNtries/NbOfNtries"]),
        ("<Sum>35", "<Sum>26", ["SUM-1 TtlNtries/Sum"]),
        ("<Sum>30.5", "<Sum>30.50", []),
        ("<Sum>30.5", "<Sum>30.51", ["SUM-1 TtlCdtNtries/Sum"]),
        ("<Sum>4.5", "<Sum>-4.5", ["SUM-1 TtlDbtNtries/Sum"]),
    ],
)
def test_a_summary_is_that_of_the_entries_beside_it(old: str, new: str, faults: list[str]) -> None:
    assert BOOKED.count(old) == 1

    assert found(BOOKED) == []
    assert found(BOOKED.replace(old, new)) == faults


def test_a_page_of_a_statement_has_not_all_that_the_summary_speaks_of() -> None:
    wrong = BOOKED.replace(">3<", ">4<")

    assert found(wrong.replace("true", "false")) == []
    assert found(wrong.replace("<PgNb>1", "<PgNb>2")) == []


def test_a_summary_without_entries_stands_alone() -> None:
    assert found(BOOKED.replace("Ntry>", "Othr>")) == []


def flood(name: str, before: str, unit: str, after: str = "") -> str:
    start, end = f'<Document xmlns="{SPACE}{name}"><X>{before}', f"{after}</X></Document>"
    return start + unit * ((SIZE_BYTES_MAX - len(start) - len(end)) // len(unit)) + end


COUNTED = "<CdtTrfTxInf/>" * 2_000
FLOODS = {
    "transactions": flood("pacs.028.001.06", "<GrpHdr/>", "<TxInf/>"),
    "recalls": flood("camt.056.001.08", "<Undrlyg>", "<TxInf/>", "</Undrlyg>"),
    "counts in groups": flood("pacs.028.001.02", "", "<g><NbOfTxs>1</NbOfTxs></g>"),
    "counts in one group": flood("pacs.008.001.02", COUNTED, "<NbOfTxs>2000</NbOfTxs>"),
    "sums": flood("pacs.008.001.02", COUNTED, "<CtrlSum>0</CtrlSum>"),
    "batches": flood("camt.054.001.08", "<Ntry>", "<Btch><NbOfTxs>1</NbOfTxs></Btch>", "</Ntry>"),
    "nested groups": flood(
        "pain.001.001.09", "<g>" * 35, "<NbOfTxs>1</NbOfTxs><TxInf/>", "</g>" * 35
    ),
    "rejections": flood("pacs.002.001.10", "", "<TxInfAndSts><TxSts>RJCT</TxSts></TxInfAndSts>"),
    "reasons": flood(
        "pacs.002.001.10",
        "<T><TxSts>RJCT</TxSts></T>" * 1_000,
        "<StsRsnInf><Rsn/></StsRsnInf>",
    ),
    "denials": flood(
        "acmt.024.001.04",
        "<Rpt><Rsn/></Rpt>" * 1_500,
        "<Vrfctn>0</Vrfctn>",
    ),
    "summaries": flood(
        "camt.053.001.08",
        "<Ntry><Amt/></Ntry>" * 1_500,
        "<TxsSummry><TtlNtries/></TxsSummry>",
    ),
    "rates": flood(
        "pacs.008.001.03",
        "",
        '<CdtTrfTxInf><IntrBkSttlmAmt Ccy="THB">1</IntrBkSttlmAmt><InstdAmt Ccy="KHR">1</InstdAmt>'
        "<XchgRate>9</XchgRate></CdtTrfTxInf>",
    ),
}


@pytest.mark.parametrize("what", FLOODS)
def test_no_flood_takes_long(what: str) -> None:
    assert len(FLOODS[what]) <= SIZE_BYTES_MAX
    parts = find_parts(etree.fromstring(FLOODS[what].encode()))
    started = time.monotonic()

    sight = look(parts.document_name, parts.header, parts.document)
    for entry in TREE_RULES:
        deque(entry.broken(sight), maxlen=0)

    assert time.monotonic() - started < 2
