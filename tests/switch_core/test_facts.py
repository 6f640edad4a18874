"""A facts file is read whole or refused with its file and key named."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Final

import pytest

from switch.facts import Facts, FactsError, load_facts
from switch.port import Operation

FILE: Final = "thailand/facts.toml"
VALUES: Final[dict[str, object]] = {
    "network": "thailand",
    "schemes": ["thaiqr"],
    "operations": ["lookup", "pay", "enquire"],
    "clearing_system": "THN",
    "currency": "THB",
    "send_within_ms": 2_000,
    "answer_within_ms": 8_000,
    "lookup_within_ms": 5_000,
    "deadline_ms": 20_000,
    "hop_needs_ms": 4_000,
    "answer_margin_ms": 1_000,
    "enquiry_delays_s": [5, 10, 30],
    "enquiry_repeat_s": 60,
    "enquiries_max": 10,
    "never_seen_is_promise": True,
    "flight_max_s": 60,
    "duplicate_window_s": 86_400,
    "clock_skew_max_s": 5,
    "acceptance_age_max_s": 60,
    "poll_fast_ms": 200,
    "poll_slow_ms": 5_000,
    "answer_bytes_max": 65_536,
}


OPTIONAL: Final[dict[str, object]] = {
    "reference_sequence_digits": 6,
    "reference_day_ahead_min": 480,
    "repeatable": True,
    "cancel_after_rungs": 4,
    "cancel_every_s": 7,
    "cancel_until_min": 15,
    "cancel_zone_min": 480,
    "refund_window_days": 30,
    "enquiries_per_s": 9,
    "inbound_finality": "advice",
    "answers_named": True,
}
"""Facts of a network that counts our references, or can cancel; absent where it does not."""


def written(value: object) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(written(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def table(**changes: object) -> str:
    """The file, with values changed; a value of None leaves the fact out."""
    values = VALUES | changes
    return "".join(
        f'{key} = {{value = {written(value)}, mark = "H", source = "the page"}}\n'
        for key, value in values.items()
        if value is not None
    )


def test_a_complete_file_is_read() -> None:
    facts = load_facts(table(), FILE)

    assert VALUES.keys() == {f.name for f in fields(Facts)} - OPTIONAL.keys()
    unsaid = dict.fromkeys(OPTIONAL, 0) | {
        "cancel_every_s": 5,
        "refund_window_days": 365,
        "enquiries_per_s": 50,
        "inbound_finality": None,
    }
    assert {key: getattr(facts, key) for key in OPTIONAL} == unsaid
    assert facts.operations == (Operation.LOOKUP, Operation.PAY, Operation.ENQUIRE)
    assert facts.enquiry_delays_s == (5, 10, 30)
    for key in VALUES.keys() - {"operations", "enquiry_delays_s", "schemes"}:
        assert getattr(facts, key) == VALUES[key]


def test_optional_facts_are_read_where_they_stand() -> None:
    facts = load_facts(table(**OPTIONAL), FILE)

    assert {key: getattr(facts, key) for key in OPTIONAL} == OPTIONAL


def test_a_network_that_nobody_may_ask_is_refused() -> None:
    with pytest.raises(FactsError, match=rf"^{FILE}: enquiries_per_s: "):
        load_facts(table(enquiries_per_s=0), FILE)


@pytest.mark.parametrize("key", sorted(VALUES))
def test_a_missing_fact_is_named_with_its_file(key: str) -> None:
    with pytest.raises(FactsError, match=rf"^{FILE}: {key}: "):
        load_facts(table(**{key: None}), FILE)


@pytest.mark.parametrize("key", sorted(VALUES | OPTIONAL))
@pytest.mark.parametrize("value", [-1, 1.5, [[1]], [1.5]])
def test_a_wrongly_typed_fact_is_named_with_its_file(key: str, value: object) -> None:
    with pytest.raises(FactsError, match=rf"^{FILE}: {key}: "):
        load_facts(table(**{key: value}), FILE)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("network", 1),
        ("currency", ["THB"]),
        ("answer_within_ms", "8000"),
        ("answer_within_ms", True),
        ("never_seen_is_promise", 1),
        ("never_seen_is_promise", "yes"),
        ("schemes", "thaiqr"),
        ("schemes", [1]),
        ("operations", ["repay"]),
        ("inbound_finality", "three_leg"),
        ("inbound_finality", "credit"),
        ("enquiry_delays_s", []),
        ("enquiry_delays_s", [10, 5]),
        ("enquiry_delays_s", ["5"]),
        ("enquiry_delays_s", [True]),
    ],
)
def test_values_that_cannot_be_meant_are_refused(key: str, value: object) -> None:
    with pytest.raises(FactsError, match=rf"^{FILE}: {key}: "):
        load_facts(table(**{key: value}), FILE)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('"THB"', "needs value, mark and source"),
        ('{value = "THB", mark = "H"}', "needs value, mark and source"),
        ('{value = "THB", source = "page"}', "needs value, mark and source"),
        ('{value = "THB", mark = "H", source = "page", note = "x"}', "needs value, mark and"),
        ('{value = "THB", mark = "X", source = "page"}', "mark is one of H, M, L, A"),
        ('{value = "THB", mark = "H", source = " "}', "the source is empty"),
        ('{value = "THB", mark = "H", source = 7}', "the source is empty"),
    ],
)
def test_a_fact_has_value_mark_and_source(entry: str, said: str) -> None:
    text = table(currency=None) + f"currency = {entry}\n"
    with pytest.raises(FactsError, match=rf"^{FILE}: currency: {said}"):
        load_facts(text, FILE)


def test_an_unknown_fact_is_named() -> None:
    with pytest.raises(FactsError, match=rf"^{FILE}: answer_within_s: no such fact"):
        load_facts(table(answer_within_s=8), FILE)


def test_what_is_not_toml_is_named() -> None:
    with pytest.raises(FactsError, match=rf"^{FILE}: not TOML"):
        load_facts("network = ", FILE)


def test_facts_of_every_network_can_be_read(root: Path) -> None:
    files = sorted((root / "adapters").glob("*/facts.toml"))

    assert files
    for file in files:
        facts = load_facts(file.read_text("utf-8"), str(file.relative_to(root)))
        assert facts.network == file.parent.name
