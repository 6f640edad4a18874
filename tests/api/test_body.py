"""A JSON body is read or refused with a place: never another error, never a long time."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.api.body import DEPTH_MAX, json_path, read_json
from switch.api.shapes import PaymentRequest, ScanRequest
from switch.refusals import Refusal

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
NAMED = st.fixed_dictionaries(
    {},
    optional={
        "quote": ANY_JSON,
        "debtor": ANY_JSON | st.fixed_dictionaries({"name": st.text(), "account": st.text()}),
        "end_to_end_id": ANY_JSON,
        "remittance": st.text(),
    },
)


def refusal(raw: bytes) -> Refusal:
    """The refusal of a payment's body."""
    with pytest.raises(Refusal) as caught:
        read_json(raw, PaymentRequest)
    return caught.value


def test_a_text_that_a_store_cannot_hold_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        read_json(b'{"payload": "ab\\u0000"}', ScanRequest)

    assert caught.value.place == "$"
    assert read_json(b'{"payload": "ab\\u0041"}', ScanRequest).payload == "abA"


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_place(raw: bytes) -> None:
    caught = refusal(raw)

    assert caught.status == 400
    assert caught.place is not None
    assert caught.place.startswith("$")


@given(NAMED)
def test_any_values_are_read_or_refused(value: object) -> None:
    raw = json.dumps(value).encode()
    with suppress(Refusal):
        read = read_json(raw, PaymentRequest)

        assert json.loads(raw)["quote"] == read.quote
        assert read.debtor.name.encode()


def test_brackets_inside_text_are_not_depth() -> None:
    text = '[{"' * 50

    assert read_json(json.dumps({"payload": text}).encode(), ScanRequest).payload == text


@pytest.mark.parametrize(("depth", "place"), [(DEPTH_MAX - 1, "$.payload"), (DEPTH_MAX, "$")])
def test_depth_is_bounded_before_parsing(depth: int, place: str) -> None:
    raw = b'{"payload":' + b"[" * depth + b"]" * depth + b"}"
    with pytest.raises(Refusal) as caught:
        read_json(raw, ScanRequest)

    assert caught.value.place == place


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 9 + b'"' + b'\\"' * 32_000,
        b"[" * 9 + b'"' * 64_000,
        b"{" * 64_000,
        b'{"a":' * 12_000,
        b"{" + b",".join(b'"k%d":1' % n for n in range(6000)) + b"}",
    ],
    ids=["escaped quotes", "quotes", "braces", "nested", "members"],
)
def test_no_body_takes_long(raw: bytes) -> None:
    started = time.process_time()
    refusal(raw)

    assert time.process_time() - started < 1


def test_path_names_members_and_places_in_lists() -> None:
    assert json_path(["quotes", 0, "debit"]) == "$.quotes[0].debit"
