"""Whatever Bakong sends, reading it raises nothing, and what was read can be acknowledged.

An exception on this path would end the process for one bad item, so answers are made of the parts
that genuine ones have, with extreme times, odd amounts, other namespaces and SOAP inside SOAP.
"""

from __future__ import annotations

import dataclasses
from html import escape
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bakong import soap
from switch.port import Operation, OutcomeKind, WireAnswer
from tests.adapters.bakong.bakong_cases import (
    ADAPTER,
    ASKED,
    HASH,
    PAID,
    PAYMENT,
    REFERENCE,
    TIME,
    answered,
    envelope,
    planning,
)

CALLS: Final = (
    "makeFullFundTransfer",
    "getOutgoingTransaction",
    "getIncomingTransaction",
    "makeAcknowledgement",
)
COLLECT: Final = ADAPTER.plan_collect(planning(), 200)
ACKNOWLEDGE: Final = dataclasses.replace(COLLECT, operation=Operation.ACKNOWLEDGE)
PAIN: Final = "urn:iso:std:iso:20022:tech:xsd:pain."

# What an XML document can carry; other characters are left to the bytes below.
WORDS: Final = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=40)
ODD: Final = st.sampled_from(
    ["", " ", "\n", "-1", "/", "//", "]]>", "<a/>", "&#0;", "9" * 400, "NaN", "1e5", "\u00a0"]
)
TIMES: Final = st.one_of(
    st.just(TIME),
    st.builds(
        "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}{}{}".format,
        st.sampled_from([0, 1, 2026, 9999, 10000]),
        st.sampled_from([0, 1, 2, 12, 13]),
        st.sampled_from([0, 1, 29, 31, 32]),
        st.sampled_from([0, 23, 24]),
        st.sampled_from([0, 59, 60]),
        st.sampled_from([0, 59, 60]),
        st.sampled_from(["", ".", ".1", ".999999999", ",5"]),
        st.sampled_from(
            ["", "Z", "+07:00", "-11:00", "+14:00", "-23:59", "+24:00", "+23:59:59.999999", "+7"]
        ),
    ),
    st.sampled_from(["0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-11:00", "9999-W53-7"]),
    WORDS,
    ODD,
)
AMOUNTS: Final = st.one_of(
    st.just("41000"),
    st.sampled_from(
        ["1e5", "1E-400", "0", "-0", "0.0", "NaN", "sNaN", "Infinity", "-1", "1_000", "+1", ".5"]
    ),
    st.sampled_from(["41000.00", "41000.50", "0x10", "\u0661", "1" * 15, "1" * 5000, "1.00000"]),
    WORDS,
    ODD,
)
CURRENCIES: Final = st.sampled_from(["KHR", "USD", "XXX", "khr", "", "K" * 300, "\u1e9e"])
IDS: Final = st.one_of(
    st.sampled_from(["M1", "M1/2", "/M1", "M" * 35, "M" * 36, "\u17d4" * 35]), WORDS, ODD
)
SPACES: Final = st.sampled_from(
    [
        f"{PAIN}001.001.05",
        f"{PAIN}007.001.05",
        f"{PAIN}002.001.06",
        PAIN,
        f"{PAIN}[1]*/@x",
        f"{PAIN}{'9' * 60}",
        f"{PAIN}{{x",
        f"{PAIN}x}}y",
        soap.SERVICE,
        "",
    ]
)
CODES: Final = st.sampled_from(["ACLBKHPPXXX", "ACLBKHPP", "BKRTKHPPXXX", "ZZZZZZPPXXX", "", "x"])
STAGES: Final = st.sampled_from(["SETTLED", "Failed At FI", "RECEIVED_AT_FI", "", "\u00df", "WHAT"])
STATUSES: Final = st.sampled_from(["ACSC", "ACSP", "RJCT", "WHAT", "", "acsc"])
RETURNS: Final = st.sampled_from(
    ["n:return", "return", "n:result", 'return xmlns="http://webservice.example/"']
)


@st.composite
def transfers(draw: st.DrawFn) -> str:
    """A pain.001 or pain.007, in a right or wrong namespace."""
    group = f"<GrpHdr><MsgId>{escape(draw(IDS))}</MsgId><CreDtTm>{escape(draw(TIMES))}</CreDtTm>"
    amount, code = escape(draw(AMOUNTS)), escape(draw(CURRENCIES))
    identifier = escape(draw(IDS))
    if draw(st.booleans()):
        inner = (
            f"<CstmrCdtTrfInitn>{group}</GrpHdr><PmtInf><PmtInfId>{identifier}</PmtInfId>"
            f'<CdtTrfTxInf><Amt><InstdAmt Ccy="{code}">{amount}</InstdAmt></Amt></CdtTrfTxInf>'
            "</PmtInf></CstmrCdtTrfInitn>"
        )
    else:
        inner = (
            f"<CstmrPmtRvsl>{group}</GrpHdr><OrgnlPmtInfAndRvsl>"
            f"<OrgnlPmtInfId>{identifier}</OrgnlPmtInfId>"
            f'<TxInf><RvsdInstdAmt Ccy="{code}">{amount}</RvsdInstdAmt></TxInf>'
            "</OrgnlPmtInfAndRvsl></CstmrPmtRvsl>"
        )
    return f'<Document xmlns="{draw(SPACES)}">{inner}</Document>'


@st.composite
def reports(draw: st.DrawFn) -> str:
    """A pain.002 with a group header."""
    return (
        f'<Document xmlns="{draw(SPACES)}"><CstmrPmtStsRpt><GrpHdr>'
        f"<MsgId>{escape(draw(IDS))}</MsgId><CreDtTm>{escape(draw(TIMES))}</CreDtTm></GrpHdr>"
        f"<TxInfAndSts><TxSts>{draw(STATUSES)}</TxSts><OrgnlTxRef><Amt>"
        f'<InstdAmt Ccy="{escape(draw(CURRENCIES))}">{escape(draw(AMOUNTS))}</InstdAmt>'
        f"</Amt><RmtInf><Ustrd>{escape(draw(IDS))}</Ustrd></RmtInf></OrgnlTxRef>"
        "</TxInfAndSts></CstmrPmtStsRpt></Document>"
    )


DOCUMENTS: Final = st.one_of(
    transfers(),
    reports(),
    WORDS,
    # SOAP inside SOAP, and a tree deeper than any message.
    transfers().map(lambda inner: envelope(f"<return>{escape(inner)}</return>").body.decode()),
    st.just("<a>" * 300 + "</a>" * 300),
    st.just('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
)


@st.composite
def items(draw: st.DrawFn) -> str:
    """One item, its parts with or without the namespace, in part missing or given twice."""
    prefix = draw(st.sampled_from(["n:", ""]))
    parts = [
        ("hash", draw(st.sampled_from([HASH, HASH.upper(), "", "x"]))),
        ("status", draw(STAGES)),
        ("reason", draw(st.sampled_from(["", "AC01", "DUPL", "\u0130", "ACCOUNT_NOT_FOUND"]))),
        ("payer_participant_code", draw(CODES)),
        ("payee_participant_code", draw(CODES)),
        ("ext_ref", draw(st.sampled_from([REFERENCE, "", "other"]))),
        ("content_message", draw(DOCUMENTS)),
    ]
    if draw(st.integers(0, 9)) == 0:
        parts.insert(0, parts[draw(st.integers(0, 6))])
    if draw(st.integers(0, 9)) == 0:
        parts.pop(draw(st.integers(0, 6)))
    return "".join(f"<{prefix}{name}>{escape(value)}</{prefix}{name}>" for name, value in parts)


@st.composite
def answers(draw: st.DrawFn) -> WireAnswer:
    """An answer to any operation: items, reports, words, nested XML; at times a byte is spoilt."""
    tag = f"n:{draw(st.sampled_from(CALLS))}Response"
    content = ""
    for name in draw(st.lists(RETURNS, max_size=3)):
        held = draw(st.one_of(items(), reports().map(escape), DOCUMENTS.map(escape)))
        content += f"<{name}>{held}</{name.partition(' ')[0]}>"
    wrapped = envelope(f'<{tag} xmlns:n="{soap.SERVICE}">{content}</{tag}>')
    body = bytearray(wrapped.body)
    if draw(st.integers(0, 9)) == 0:
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    return WireAnswer(draw(st.sampled_from([200, 200, 200, 500])), {}, bytes(body))


def _read_every_way(answer: WireAnswer) -> None:
    for exchange in (PAID, ASKED):
        assert isinstance(ADAPTER.read(exchange, PAYMENT, answer).kind, OutcomeKind)
    assert isinstance(ADAPTER.read_acknowledge(ACKNOWLEDGE, answer), bool)
    page = ADAPTER.read_collect(COLLECT, answer)
    for item in () if page is None else page.items:
        assert Operation.ACKNOWLEDGE is ADAPTER.plan_acknowledge(item, planning()).operation


@settings(max_examples=400)
@given(answer=answers())
def test_answer_made_of_odd_parts_is_read_without_an_exception(answer: WireAnswer) -> None:
    _read_every_way(answer)


@settings(max_examples=400)
@given(document=transfers(), prefix=st.sampled_from(["n:", ""]), payer=CODES)
def test_item_with_odd_contents_is_left_out_or_can_be_acknowledged(
    document: str, prefix: str, payer: str
) -> None:
    parts = {
        "hash": HASH,
        "status": "SETTLED",
        "payer_participant_code": payer,
        "payee_participant_code": "ACLBKHPPXXX",
        "ext_ref": REFERENCE,
        "content_message": document,
    }
    held = "".join(f"<{prefix}{key}>{escape(text)}</{prefix}{key}>" for key, text in parts.items())
    content = f"<{prefix}return>{held}</{prefix}return>"

    _read_every_way(answered("getIncomingTransaction", content))


@given(raw=st.binary(max_size=200), status=st.sampled_from([200, 500, 404]))
def test_any_bytes_are_read_without_an_exception(raw: bytes, status: int) -> None:
    _read_every_way(WireAnswer(status, {}, raw))
