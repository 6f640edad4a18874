"""JSON from outside is read in one way or not at all, and a refusal tells nothing of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from switch.wire.strict_json import DEPTH_MAX, DIGITS_MAX, JsonRefused, read_object


def test_integers_stay_integers_and_other_numbers_keep_every_digit() -> None:
    body = b'{"whole": 12345678901234567890123, "rate": 0.10, "text": "10000.00", "none": null}'
    read = read_object(body)
    expected = {
        "whole": 12345678901234567890123,
        "rate": Decimal("0.10"),
        "text": "10000.00",
        "none": None,
    }
    assert expected == read
    assert str(read["rate"]) == "0.10"
    assert type(read["whole"]) is int


@pytest.mark.parametrize(
    "body",
    [
        b'{"amount": 1, "amount": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e5}',
        b'{"a": 1.5E-3}',
        b'{"a": "\\ud800"}',
        b'{"a": "ab\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"\\udfff": 1}',
        b'{"a": ["\\udc00x"]}',
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": "\n"}',
        b'{"a": 01}',
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1} {}',
        b"[1]",
        b"1",
        b"",
        b'{"a": ' + b"9" * (DIGITS_MAX + 1) + b"}",
        b'{"a": 0.' + b"9" * DIGITS_MAX + b"}",
        b'{"a": ' * (DEPTH_MAX + 1) + b"1" + b"}" * (DEPTH_MAX + 1),
        b"{" * 60_000,
        b'{"a":' + b"[" * 60_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_two_readers_could_read_differently_is_refused(body: bytes) -> None:
    with pytest.raises(JsonRefused):
        read_object(body)


def test_bounds_are_the_callers() -> None:
    body = b'{"a": {"b": 1}}'
    assert read_object(body, bytes_max=len(body), depth_max=2) == {"a": {"b": 1}}
    with pytest.raises(JsonRefused):
        read_object(body, bytes_max=len(body) - 1)
    with pytest.raises(JsonRefused):
        read_object(body, depth_max=1)


def test_brackets_within_a_text_are_no_depth() -> None:
    body = b'{"a": "' + b"[{" * 50 + b'\\""}'
    assert read_object(body) == {"a": "[{" * 50 + '"'}


def test_a_surrogate_pair_is_one_character() -> None:
    assert read_object(b'{"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}


@pytest.mark.parametrize("body", [b'{"secret": "Sok', b'{"secret": 1, "secret": 2}', b'["secret"]'])
def test_a_refusal_echoes_nothing(body: bytes) -> None:
    with pytest.raises(JsonRefused) as refused:
        read_object(body)
    assert "secret" not in str(refused.value)
    assert "Sok" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
