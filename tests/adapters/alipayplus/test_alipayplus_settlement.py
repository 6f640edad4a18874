"""Reports of a clearing cycle are read whole or refused; an empty one is normal."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.alipayplus.settlement import (
    Kind,
    Line,
    ReportRefused,
    disagreement,
    read_items,
    read_name,
    read_summary,
)
from adapters.alipayplus.wire import Amounts
from fx.money import Money

AMOUNTS = Amounts(2)
HEAD = (
    "acquirerId,pspId,transactionId,originalTransactionId,transactionRequestId,transactionType,"
    "transactionTime,transactionAmountValue,transactionCurrency,settlementAmountValue,"
    "settlementCurrency\n"
)
PAYMENT = "A,P,20261121001,,af0e60,PAYMENT,2026-11-21T11:00:00+08:00,1023,USD,1023,USD\n"
REFUND = "A,P,20261121002,20261121001,KH2026,REFUND,2026-11-21T12:00:00+08:00,249,USD,249,USD\n"
TOTAL = "clearingBatchId,totalCount,settlementAmountValue,settlementCurrency,direction\n"


def test_payments_and_refunds_are_read_with_both_amounts() -> None:
    payment, refund = read_items((HEAD + PAYMENT + REFUND + "<END>\n").encode(), AMOUNTS)

    assert (payment.kind, payment.request, payment.original) == (Kind.PAYMENT, "af0e60", "")
    assert payment.settlement == Money.parse("10.23", "USD")
    assert payment.at == datetime(2026, 11, 21, 3, tzinfo=UTC)
    assert (refund.kind, refund.request, refund.original) == (
        Kind.REFUND, "KH2026", "20261121001",
    )  # fmt: skip


@pytest.mark.parametrize("content", [HEAD, HEAD + "<END>\n", "\ufeff" + HEAD])
def test_a_day_without_payments_has_a_report_without_lines(content: str) -> None:
    summary = read_summary((TOTAL + "B1,0,0,USD,D\n").encode(), AMOUNTS)

    assert read_items(content.encode(), AMOUNTS) == ()
    assert (summary.count, summary.total) == (0, Money(0, Money.parse("1", "USD").currency))
    assert disagreement((), summary, acquirer=True) == ""


@pytest.mark.parametrize(
    ("row", "acquirer", "said"),
    [
        ("B1,2,774,USD,C", True, ""),
        ("B1,2,774,USD,D", False, ""),
        ("B1,2,774,USD,D", True, "the lines do not add up to the summary"),
        ("B1,2,775,USD,C", True, "the lines do not add up to the summary"),
        ("B1,3,774,USD,C", True, "2 lines, 3 in the summary"),
        ("B1,2,774,CNY,C", True, "a line is settled in another currency"),
    ],
)
def test_lines_are_held_against_the_summary(row: str, acquirer: bool, said: str) -> None:
    lines = read_items((HEAD + PAYMENT + REFUND).encode(), AMOUNTS)
    summary = read_summary((TOTAL + row).encode(), AMOUNTS)

    assert disagreement(lines, summary, acquirer=acquirer) == said


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"transactionId,pspId\n", "columns are missing"),
        ((HEAD.replace("pspId", "acquirerId") + PAYMENT).encode(), "twice"),
        ((HEAD + PAYMENT + PAYMENT).encode(), "line 3: transactionId: is there twice"),
        ((HEAD + PAYMENT.replace("1023,USD\n", "10.23,USD\n")).encode(), "is no amount"),
        ((HEAD + PAYMENT.replace("PAYMENT", "GIFT")).encode(), "line 2: transactionType"),
        ((HEAD + PAYMENT.replace("+08:00", "")).encode(), "transactionTime"),
        ((HEAD + REFUND.replace("20261121001,", ",")).encode(), "originalTransactionId"),
        ((HEAD + PAYMENT.replace("af0e60", "")).encode(), "is empty"),
        ((HEAD + "a,b,c\n").encode(), "too few columns"),
        ((HEAD + '"a\n').encode(), "not CSV"),
    ],
)
def test_a_report_that_cannot_be_read_whole_is_refused_with_its_line(
    content: bytes, why: str
) -> None:
    with pytest.raises(ReportRefused, match=why):
        read_items(content, AMOUNTS)


def test_a_summary_has_one_line_that_can_be_read() -> None:
    for rows in ("", "B1,1,100,USD,C\nB2,1,100,USD,C\n", "B1,x,100,USD,C\n", "B1,1,100,USD,X\n"):
        with pytest.raises(ReportRefused):
            read_summary((TOTAL + rows).encode(), AMOUNTS)


def test_a_name_says_whose_report_it_is_and_of_which_cycle() -> None:
    name = read_name("transactionItems_1022188000000000001_USD_202611211_AG01_000.csv")

    assert (name.kind, name.participant, name.currency) == (
        "transactionItems", "1022188000000000001", "USD",
    )  # fmt: skip
    assert (name.batch, name.agreement, name.sequence) == ("202611211", "AG01", 0)
    for bad in (
        "transactionItems.csv",
        "summary_1_usd_2_3_000.csv",
        "../summary_1_USD_2_3_000.csv",
    ):
        with pytest.raises(ReportRefused):
            read_name(bad)


@given(st.text(alphabet='ab,"\n019<>ENDPAYMT', max_size=200))
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    lines: tuple[Line, ...] = ()
    with suppress(ReportRefused):
        lines = read_items((HEAD + text).encode(), AMOUNTS)
    assert all(line.network_id for line in lines)
