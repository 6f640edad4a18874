"""A token opens only as it was sealed: no flipped bit, no other key, no other purpose."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from fx.token import TOKEN_CHARACTERS_MAX, QuoteSeal, TokenError

KEY, OTHER = b"k" * 32, b"o" * 32
NONCE = bytes(range(12))
SEAL = QuoteSeal({"k1": KEY, "k3": OTHER}, "k1")
TERMS: dict[str, object] = {"quote_id": "q", "debit": 4_125_000, "names": ["ស", "x"], "none": None}
TOKEN = SEAL.seal(TERMS, NONCE, purpose="quote")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def refused(seal: QuoteSeal, token: str, purpose: str = "quote") -> str:
    with pytest.raises(TokenError) as caught:
        seal.open(token, purpose=purpose)
    assert caught.value.__cause__ is None
    return caught.value.code


@given(
    st.dictionaries(st.text(max_size=10), json_values, max_size=5),
    st.binary(min_size=12, max_size=12),
)
def test_terms_survive_their_token(terms: dict[str, object], nonce: bytes) -> None:
    try:
        token = SEAL.seal(terms, nonce, purpose="scan")
    except TokenError:
        reject()

    assert terms == SEAL.open(token, purpose="scan")
    assert token.isascii()
    assert len(token) <= TOKEN_CHARACTERS_MAX


def test_order_of_terms_does_not_change_the_token() -> None:
    assert SEAL.seal(dict(reversed(TERMS.items())), NONCE, purpose="quote") == TOKEN


def test_token_shows_nothing_of_its_terms() -> None:
    assert "quote" not in TOKEN
    assert repr(SEAL) == str(SEAL) == "QuoteSeal()"


def test_every_flipped_bit_is_refused() -> None:
    for place in range(len(TOKEN)):
        for bit in range(8):
            altered = TOKEN[:place] + chr(ord(TOKEN[place]) ^ 1 << bit) + TOKEN[place + 1 :]

            assert refused(SEAL, altered) in {
                "token_malformed",
                "token_forged",
                "token_key_unknown",
            }


def test_every_cut_and_every_appended_character_is_refused() -> None:
    for end in range(len(TOKEN)):
        assert refused(SEAL, TOKEN[:end]) in {"token_malformed", "token_forged"}
    for tail in ("A", "AAAA", "=", "\n", ".", " "):
        assert refused(SEAL, TOKEN + tail) in {"token_malformed", "token_forged"}


def test_spare_bits_of_the_last_character_are_refused() -> None:
    """Lengths with two spare bits: another last character would decode to the same bytes."""
    for size in range(3):
        token = SEAL.seal({"a": "x" * size}, NONCE, purpose="quote")
        others = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        for last in others.replace(token[-1], ""):
            assert refused(SEAL, token[:-1] + last) in {"token_malformed", "token_forged"}


@given(st.text(max_size=60) | st.text("bs1.kAZaz09-_=", max_size=60).map("bs1.k1.".__add__))
def test_any_other_text_is_refused_with_a_code(text: str) -> None:
    assert refused(SEAL, text) in {"token_malformed", "token_forged", "token_key_unknown"}


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("", "token_malformed"),
        ("bs1.k1.", "token_malformed"),
        ("bs1.k1." + "A" * 36, "token_malformed"),
        ("bs1.k1." + "A" * 37, "token_malformed"),
        ("bs1.k1." + "A" * 38, "token_malformed"),
        ("bs1.k1." + "A" * 39, "token_forged"),
        ("bs2" + TOKEN[3:], "token_malformed"),
        ("bs1.k9." + TOKEN[7:], "token_key_unknown"),
        ("bs1.k3." + TOKEN[7:], "token_forged"),
        (TOKEN.replace("k1", "ķ1"), "token_malformed"),
        (TOKEN[:-1] + "é", "token_malformed"),
        (TOKEN[:-1] + "/", "token_malformed"),
        (TOKEN[:-1] + "\udc80", "token_malformed"),
        ("bs1.k1." + "A" * TOKEN_CHARACTERS_MAX, "token_malformed"),
        ("bs1.k1." + "A" * 10_000_000, "token_malformed"),
    ],
    ids=range(15),
)
def test_text_that_is_no_token_of_ours_has_its_code(token: str, code: str) -> None:
    assert code == refused(SEAL, token)


def test_token_of_one_purpose_is_forged_for_another() -> None:
    assert refused(SEAL, TOKEN, purpose="scan") == "token_forged"


def test_token_of_a_retired_key_opens_until_the_key_is_gone() -> None:
    renewed = QuoteSeal({"k1": KEY, "k4": OTHER}, "k4")

    assert renewed.open(TOKEN, purpose="quote") == TERMS
    assert renewed.seal(TERMS, NONCE, purpose="quote").startswith("bs1.k4.")
    assert refused(QuoteSeal({"k4": OTHER}, "k4"), TOKEN) == "token_key_unknown"
    assert refused(QuoteSeal({"k1": OTHER}, "k1"), TOKEN) == "token_forged"


def test_longest_token_opens_and_one_character_more_is_not_sealed() -> None:
    room = next(n for n in range(1600, 0, -1) if fits(n))

    assert len(SEAL.seal({"a": "x" * room}, NONCE, purpose="q")) <= TOKEN_CHARACTERS_MAX
    assert room > 1450
    with pytest.raises(TokenError) as caught:
        SEAL.seal({"a": "x" * (room + 1)}, NONCE, purpose="q")
    assert caught.value.code == "token_too_large"


def fits(size: int) -> bool:
    try:
        SEAL.open(SEAL.seal({"a": "x" * size}, NONCE, purpose="q"), purpose="q")
    except TokenError:
        return False
    return True


@dataclass
class _Other:
    value: int = 1


class _Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "value", [datetime(2026, 1, 1, tzinfo=UTC), _Other(), _Text("x"), b"x", 2**64, {1: 2}]
)
def test_value_that_reading_would_not_give_back_is_not_sealed(value: object) -> None:
    with pytest.raises(TypeError):
        SEAL.seal({"value": value}, NONCE, purpose="quote")


@pytest.mark.parametrize("nonce", [b"", bytes(11), bytes(13)])
def test_nonce_of_another_length_is_a_bug(nonce: bytes) -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        SEAL.seal(TERMS, nonce, purpose="quote")


@pytest.mark.parametrize("purpose", ["", "a.b", "Quote", "q" * 33, "quote\n"])
def test_purpose_that_could_be_confused_is_a_bug(purpose: str) -> None:
    with pytest.raises(ValueError, match="purpose"):
        SEAL.seal(TERMS, NONCE, purpose=purpose)
    with pytest.raises(ValueError, match="purpose"):
        SEAL.open(TOKEN, purpose=purpose)


@pytest.mark.parametrize(
    ("keys", "current"),
    [
        ({"k1": b"short"}, "k1"),
        ({"k.1": KEY}, "k.1"),
        ({"": KEY}, ""),
        ({"k" * 17: KEY}, "k" * 17),
        ({"k1": KEY}, "k2"),
        ({}, "k1"),
    ],
)
def test_unusable_keys_are_refused_without_showing_them(
    keys: dict[str, bytes], current: str
) -> None:
    with pytest.raises(ValueError, match="token key") as caught:
        QuoteSeal(keys, current)

    assert "kkkk" not in str(caught.value).replace("k" * 17, "")


def test_seal_is_neither_copied_nor_pickled() -> None:
    for operation in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            operation(SEAL)
