"""The T+1 reports of Alipay+: Transaction Detail and Summary, read into lines and totals. Pure.

A clearing cycle is a day of UTC+8; cancelled payments are in no report, refunds are, and no report
holds a rate. File names and the empty report are published; the columns are assumed until a first
report has come, so they are found by their names and others are passed over. The surprise: a report
of a day without payments is there and has no line, which is not the same as a report that is
missing.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from adapters.alipayplus import wire
from fx.money import Money, MoneyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from adapters.alipayplus.wire import Amounts

BYTES_MAX: Final = 64 * 1024 * 1024
LINES_MAX: Final = 1_000_000
END: Final = "<END>"

ITEMS: Final = (
    "transactionId", "originalTransactionId", "transactionRequestId", "transactionType",
    "transactionTime", "transactionAmountValue", "transactionCurrency", "settlementAmountValue",
    "settlementCurrency",
)  # fmt: skip
"""Columns of a Transaction Detail Report that are read."""

SUMMARY: Final = (
    "clearingBatchId", "totalCount", "settlementAmountValue", "settlementCurrency", "direction",
)  # fmt: skip
"""Columns of a Transaction Summary Report that are read."""

_NAME: Final = re.compile(
    r"\A(?P<kind>transactionItems|summary)_(?P<participant>[0-9A-Za-z]{1,64})"
    r"_(?P<currency>[A-Z]{3})_(?P<batch>[0-9A-Za-z]{1,32})_(?P<agreement>[0-9A-Za-z]{1,64})"
    r"_(?P<seq>[0-9]{3})\.csv\Z"
)
_COUNT_DIGITS_MAX: Final = 9


class ReportRefused(ValueError):  # noqa: N818  the name says what happened
    """A report that cannot be used; the text names line and column, and echoes nothing."""


class Kind(StrEnum):
    """What a line is about."""

    PAYMENT = "PAYMENT"
    REFUND = "REFUND"


@dataclass(frozen=True, slots=True)
class Name:
    """What the name of a report says."""

    kind: str
    participant: str
    currency: str
    batch: str
    agreement: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Line:
    """One payment or refund of a clearing cycle.

    ``request`` is ``paymentRequestId`` or ``refundRequestId``: our reference of a refund or of an
    outbound payment, the key of an order. ``original`` is the network's id of what is refunded.
    """

    kind: Kind
    network_id: str
    original: str
    request: str
    at: datetime
    amount: Money
    settlement: Money


@dataclass(frozen=True, slots=True)
class Summary:
    """The total of a clearing cycle; ``owed_to_us`` says which way it goes."""

    batch: str
    count: int
    total: Money
    owed_to_us: bool


def read_name(name: str) -> Name:
    """Read the name of a report. Raises :class:`ReportRefused`."""
    found = _NAME.match(name)
    if found is None:
        raise ReportRefused("the name is not that of a report")
    return Name(
        found["kind"],
        found["participant"],
        found["currency"],
        found["batch"],
        found["agreement"],
        int(found["seq"]),
    )


def read_items(content: bytes, amounts: Amounts) -> tuple[Line, ...]:
    """Read a Transaction Detail Report; none for a day without payments.

    Raises :class:`ReportRefused`: a report that is read in part would look like missing payments.
    """
    lines: list[Line] = []
    seen: dict[tuple[Kind, str], None] = {}
    for place, row in _rows(content, ITEMS):
        line = _line(place, row, amounts)
        if (line.kind, line.network_id) in seen:
            raise ReportRefused(f"line {place}: transactionId: is there twice")
        seen[line.kind, line.network_id] = None
        lines.append(line)
    return tuple(lines)


def read_summary(content: bytes, amounts: Amounts) -> Summary:
    """Read a Transaction Summary Report, which has one line. Raises :class:`ReportRefused`."""
    rows = list(_rows(content, SUMMARY))
    if len(rows) != 1:
        raise ReportRefused("a summary has one line")
    place, row = rows[0]
    count, direction = row["totalCount"], row["direction"]
    plain = count.isascii() and count.isdigit() and len(count) <= _COUNT_DIGITS_MAX
    if not plain or direction not in ("C", "D"):
        raise ReportRefused(f"line {place}: totalCount, direction: cannot be read")
    money = _money(place, row, "settlementAmountValue", "settlementCurrency", amounts, zero=True)
    return Summary(row["clearingBatchId"], int(count), money, direction == "C")


def disagreement(lines: Sequence[Line], summary: Summary, *, acquirer: bool) -> str:
    """Say how lines and summary of one cycle disagree; empty when they agree.

    To an acquirer payments are owed and refunds are taken off; to a wallet it is the other way
    round. Fees are in a report of their own.
    """
    if len(lines) != summary.count:
        return f"{len(lines)} lines, {summary.count} in the summary"
    if any(line.settlement.currency != summary.total.currency for line in lines):
        return "a line is settled in another currency"
    paid = sum(line.settlement.minor for line in lines if line.kind is Kind.PAYMENT)
    net = paid - sum(line.settlement.minor for line in lines if line.kind is Kind.REFUND)
    stated = summary.total.minor if summary.owed_to_us == acquirer else -summary.total.minor
    return "" if net == stated else "the lines do not add up to the summary"


def _rows(content: bytes, wanted: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows under a header that has every column wanted, with their numbers from 1."""
    if len(content) > BYTES_MAX:
        raise ReportRefused("the report is beyond the bound")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ReportRefused("the report is not UTF-8") from None
    reader = csv.reader(text.splitlines(), strict=True)
    columns: dict[str, int] | None = None
    try:
        for place, row in enumerate(reader, start=1):
            if not row or row == [END]:
                continue
            if place > LINES_MAX:
                raise ReportRefused("the report has too many lines")
            if columns is None:
                columns = _columns(row, wanted)
            elif len(row) < len(columns):
                raise ReportRefused(f"line {place}: has too few columns")
            else:
                yield place, {name: row[columns[name]].strip() for name in wanted}
    except csv.Error:
        raise ReportRefused("the report is not CSV") from None


def _columns(header: Sequence[str], wanted: Sequence[str]) -> dict[str, int]:
    columns = {name.strip(): place for place, name in enumerate(header)}
    if len(columns) != len(header):
        raise ReportRefused("a column is there twice")
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise ReportRefused(f"columns are missing: {', '.join(missing)}")
    return columns


def _line(place: int, row: dict[str, str], amounts: Amounts) -> Line:
    try:
        kind = Kind(row["transactionType"])
        at = wire.moment(row["transactionTime"])
    except ValueError:
        raise ReportRefused(
            f"line {place}: transactionType, transactionTime: cannot be read"
        ) from None
    if not row["transactionId"] or not row["transactionRequestId"]:
        raise ReportRefused(f"line {place}: transactionId, transactionRequestId: is empty")
    if kind is Kind.REFUND and not row["originalTransactionId"]:
        raise ReportRefused(f"line {place}: originalTransactionId: is empty")
    return Line(
        kind=kind,
        network_id=row["transactionId"],
        original=row["originalTransactionId"],
        request=row["transactionRequestId"],
        at=at,
        amount=_money(place, row, "transactionAmountValue", "transactionCurrency", amounts),
        settlement=_money(place, row, "settlementAmountValue", "settlementCurrency", amounts),
    )


def _money(  # where it stands, and how it is read
    place: int,
    row: dict[str, str],
    value: str,
    code: str,
    amounts: Amounts,
    *,
    zero: bool = False,
) -> Money:
    try:
        if zero and row[value] == "0":
            one = amounts.read({"value": "100", "currency": row[code]})
            return one - one
        return amounts.read({"value": row[value], "currency": row[code]})
    except (wire.Unreadable, MoneyError):
        raise ReportRefused(f"line {place}: {value}, {code}: is no amount") from None
