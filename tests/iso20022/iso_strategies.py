"""Hypothesis strategies for messages, derived from their declarations.

Every field of every message is drawn by its type, optional elements come and go, and the values
that message rules tie together are tied at the end; what is drawn can always be built.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from fx.money import Money, currency
from iso20022 import DOCUMENTS, HEADERS
from iso20022.codes import COUNTRIES
from iso20022.declare import Declaration, Group, Leaf, Node, Repeated, Supplement
from iso20022.identifiers import IBAN_LENGTHS
from iso20022.scalars import AmountType, Scalar

WITHOUT_BASE = {
    "camt.005.001.08",
    "camt.006.001.08",
    "pain.001.001.05",
    "pain.002.001.06",
    "pain.007.001.05",
}
"""Messages whose base schema is not at hand."""

_PLAIN = st.characters(
    codec="utf-8",
    exclude_categories=("Cc", "Cs", "Zl", "Zp"),
    exclude_characters="\ufffe\uffff",
)
_NAMES = st.sampled_from(["Sok Dara", "สมชาย กาแฟ", "សុខ ដារ៉ា", 'A & B <"Co"> ]]>', "x" * 20])
_IDENTIFIERS = st.one_of(
    st.text("AZaz09:._@-", min_size=1, max_size=35),
    st.sampled_from(["KHXB20261120000000000000000000001", "BKRTKHPPXXX/TOURKHPPXXX/R1", "a b"]),
)
_BICS = st.builds(
    lambda bank, country, place, branch: bank + country + place + branch,
    st.text("ABCXYZ019", min_size=4, max_size=4),
    st.sampled_from(sorted(COUNTRIES)),
    st.text("ABC019", min_size=2, max_size=2),
    st.one_of(st.just(""), st.text("X09", min_size=3, max_size=3)),
)
_OLD_BICS = st.builds(
    lambda bank, country: f"{bank}{country}B2XXX",
    st.text("ABCXYZ", min_size=4, max_size=4),
    st.sampled_from(sorted(COUNTRIES)),
)
_CODES = st.sampled_from(["KHR", "USD", "THB", "VND", "LAK", "JPY"])
_MILLISECONDS = st.integers(min_value=0, max_value=999).map(lambda count: count * 1000)
MOMENTS = st.builds(
    lambda moment, micro: moment.replace(microsecond=micro, tzinfo=UTC),
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)),
    st.one_of(_MILLISECONDS, st.integers(min_value=0, max_value=999_999)),
)
_RATES = st.integers(min_value=1, max_value=10**11 - 1).flatmap(
    lambda digits: st.integers(min_value=0, max_value=10).map(
        lambda places: Decimal(digits).scaleb(-places)
    )
)
_CAPITALS = "ABZ0189"
_ROWS = st.integers(min_value=1, max_value=2)


def _with_lei_check(body: str) -> str:
    return f"{body}{98 - _number(body + '00') % 97:02}"


def _with_iban_check(country: str, body: str) -> str:
    body = body[: IBAN_LENGTHS[country] - 4]
    return f"{country}{98 - _number(body + country + '00') % 97:02}{body}"


def _number(text: str) -> int:
    return int("".join(str(int(character, 36)) for character in text))


_BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "Moment": MOMENTS,
    "Day": st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)),
    "BaseOneRate": _RATES,
    "Flag": st.booleans(),
    "Max15Numeric": st.from_regex(r"\A[0-9]{1,15}\Z"),
    "Sum": st.from_regex(r"\A[0-9]{1,13}(\.[0-9]{1,5})?\Z"),
    "RateText": st.from_regex(r"\A[0-9]{1,11}(\.[0-9]{1,10})?\Z"),
    "MerchantCategory": st.from_regex(r"\A[0-9]{4}\Z"),
    "Uuid4": st.uuids(version=4).map(str),
    "CurrencyCode": _CODES,
    "Max5Numeric": st.from_regex(r"\A[0-9]{1,5}\Z"),
    "Lei": st.text(_CAPITALS, min_size=18, max_size=18).map(_with_lei_check),
    "Iban": st.builds(
        _with_iban_check,
        st.sampled_from(sorted(IBAN_LENGTHS)),
        st.text(_CAPITALS, min_size=30, max_size=30),
    ),
    "Country": st.sampled_from(sorted(COUNTRIES)),
    "CountryOfDebtor": st.sampled_from(sorted(COUNTRIES)),
    "Bic": _BICS,
    "BicOfDebtorSide": _BICS,
    "BicOf2009": _OLD_BICS,
    "Code4": st.sampled_from(["AB05", "INST", "MBNO", "X1"]),
    "Code3": st.sampled_from(["THN", "IBG"]),
    "Max35Identifier": _IDENTIFIERS,
}


@st.composite
def amounts(draw: st.DrawFn, *, zero: bool = False) -> Money:
    """Draw an amount of a handled currency in steps that it moves in."""
    unit = currency(draw(_CODES))
    steps = draw(st.integers(min_value=0 if zero else 1, max_value=10**13 // unit.cash_step))
    return Money(steps * unit.cash_step, unit)


def _texts(length: int) -> st.SearchStrategy[str]:
    drawn = st.text(_PLAIN, min_size=1, max_size=min(length, 60)).filter(lambda t: t.strip())
    named = _NAMES.map(lambda text: text[:length])
    return st.one_of(named, drawn)


def scalars(kind: Scalar | AmountType) -> st.SearchStrategy[Any]:
    """Draw values of one declared type."""
    if isinstance(kind, AmountType):
        return amounts(zero=kind.zero)
    if kind.name in _BY_TYPE:
        return _BY_TYPE[kind.name]
    if "enumeration" in kind.facets:
        return st.sampled_from(kind.says.removeprefix("one of ").split(", "))
    return _texts(int(kind.name.removeprefix("Max").removesuffix("Text")))


def _draw_node(draw: st.DrawFn, node: Node, values: dict[str, Any]) -> None:
    if isinstance(node, Leaf):
        if node.required or draw(st.booleans()):
            one = scalars(node.type)
            many = st.lists(one, min_size=1, max_size=min(node.times, 3)).map(tuple)
            values[node.field] = draw(one if node.times == 1 else many)
    elif isinstance(node, Repeated):
        if node.required or draw(st.booleans()):
            values[node.field] = tuple(_draw_row(draw, node) for _ in range(draw(_ROWS)))
    elif isinstance(node, Supplement):
        for part in node.parts:
            if draw(st.booleans()):
                _draw_group(draw, part.root, values)
    elif isinstance(node, Group) and not node.read_only and (node.required or draw(st.booleans())):
        _draw_group(draw, node, values)


def _draw_row(draw: st.DrawFn, node: Repeated) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for child in node.children:
        _draw_node(draw, child, row)
    return row


def _draw_group(draw: st.DrawFn, node: Group, values: dict[str, Any]) -> None:
    chosen = (draw(st.sampled_from(node.children)),) if node.choice else node.children
    for child in chosen:
        _draw_node(draw, child, values)


def _tie(declaration: Declaration, values: dict[str, Any], draw: st.DrawFn) -> None:
    if "number_of_transactions" in values:
        values["number_of_transactions"] = "1"
    if "agreed_rate" in values and "exchange_rate" in values:
        values["agreed_rate"] = values["exchange_rate"]
    family = declaration.name[:8]
    statuses = st.sampled_from(["RCVD", "PDNG", "ACSP", "ACSC", "ACCC", "BLCK", "RJCT"])
    if family == "pacs.002":
        values["status"] = draw(statuses)
        if "original_uetr" not in values:
            values["status"] = "RJCT"
            values.setdefault("original_transaction_id", "T1")
        if values["status"] == "RJCT" and not values.keys() & {"reason", "reason_proprietary"}:
            values["reason"] = "AB05"
    if family == "pain.002":
        for field in ("status", "payment_status", "group_status"):
            if field in values:
                values[field] = draw(statuses)
        if not values.keys() & {"status", "payment_status", "group_status"}:
            values["status"] = "ACSP"
            values["original_payment_information_id"] = "A/B/C"
    if family == "acmt.024" and not values["verified"]:
        values.pop("reason_proprietary", None)
        values["reason"] = "AC01"


@st.composite
def documents(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Draw the fields of one message."""
    declaration = DOCUMENTS[name]
    values: dict[str, Any] = {}
    _draw_group(draw, declaration.root, values)
    _tie(declaration, values, draw)
    return values


@st.composite
def headers(draw: st.DrawFn, name: str, document: str, message_id: str | None) -> dict[str, Any]:
    """Draw the fields of a business header that fits a document."""
    values: dict[str, Any] = {}
    _draw_group(draw, HEADERS[name].root, values)
    values["message_definition"] = document
    if message_id is not None:
        values["business_message_id"] = message_id
    return values
