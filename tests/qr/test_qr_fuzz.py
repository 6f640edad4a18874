"""No text makes the reader raise anything but its own error or take more than a bounded time."""

from __future__ import annotations

from datetime import UTC, datetime
from time import perf_counter

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from switch.qr import QrError, Recognition, describe, examine, recognise
from switch.qr.emv import parse, seal, write
from switch.qr.view import view
from tests.qr.qr_codes import NETWORKS, code

AT = datetime(2026, 11, 21, 3, tzinfo=UTC)
MERCHANT = seal(
    "00020101021230430016mekong_food@bank010776543210208Rice Bnk52045999530384054047.255802KH5911"
    "Mekong Food6006Kampot62170104C-120705POS 599340013179523000000001131795230600000"
)
KHMER = seal(
    "00020101021129170013chan_rith@abc5204599953031165802KH5908Rith Tea6006Kampot"
    "64180002km0108រិទ្ធ ទា"
)
CROSS_BORDER = seal(
    "00020101021230600016A00000067701200601150993000456701000208TABLE0070305T000252045812"
    "5303764540599.505802TH5917SIAM RIVER BISTRO6007AYUTTHA"
)
WALLET = seal(
    "00020101021229390016A000000677010111031514000090222222253037645802TH540510.05"
    "81240E2A0E270E310E2A0E140E35"
)
LINKS = (
    "upi://pay?pa=chai%40icici&pn=Chai%20Shop&am=12.50&cu=INR",
    "https://qr.example.com/MPM/3/GPLD0240001005HELLO0002005WORLD",
    "https://qr.example.com/28166604000123456",
    "251001020123456789012345",
)
SEEDS = (MERCHANT, KHMER, CROSS_BORDER, WALLET, *map(code, sorted(NETWORKS)))
ANY = st.characters(exclude_categories=())
OBJECT = st.builds(
    lambda tag, value: f"{tag:02d}{len(value):02d}{value}",
    st.integers(0, 99),
    st.text("0123456789.@AKHT", min_size=1, max_size=20) | st.text(min_size=1, max_size=20),
)


def test_the_seeds_themselves_are_taken() -> None:
    for seed in SEEDS:
        assert attempt(seed) is not None


def attempt(text: str) -> Recognition | None:
    examined = examine(text, at=AT)
    strict = examine(text, at=AT, profile="strict")
    assert strict.valid is (examined.valid and not examined.deviations)
    assert examined.valid is not bool(examined.faults)
    for answer in (examined, strict):
        assert orjson.dumps(view(answer))
    try:
        recognition = recognise(text, at=AT)
    except QrError:
        assert not examined.networks
        return None
    assert examined.networks == tuple(found.scheme for found in recognition.candidates)
    for candidate in recognition.candidates:
        describe(candidate.content)
        assert text == candidate.content.payload
        assert len(candidate.content.md5) == 32
    return recognition


@given(st.text(ANY, max_size=600))
@example("\ud800")
@example("63046007")
@example("https://a.b/281666040123456789?\ud800")
@example("upi://pay?pa=a@b&pn=\udfff")
@example("upi://pay?pa=a@b&\ud800=x")
def test_random_text_raises_only_our_error(text: str) -> None:
    attempt(text)


@given(
    st.sampled_from(SEEDS + LINKS),
    st.lists(
        st.tuples(st.integers(0, 250), st.integers(0, 3), st.text(ANY, max_size=4)), max_size=4
    ),
    st.booleans(),
)
def test_mutated_code_raises_only_our_error(
    seed: str, edits: list[tuple[int, int, str]], resealed: bool
) -> None:
    text = seed
    for place, cut, insert in edits:
        at = place % (len(text) + 1)
        text = text[:at] + insert + text[at + cut :]
    body = text[:-8]
    if resealed and not any("\ud800" <= character <= "\udfff" for character in body):
        text = seal(body)
    attempt(text)


@given(st.lists(OBJECT, max_size=12))
def test_sealed_objects_raise_only_our_error(objects: list[str]) -> None:
    attempt(seal("000201" + "".join(objects)))


@given(st.lists(OBJECT, min_size=1, max_size=12))
def test_parsed_tree_writes_back_the_same_text(objects: list[str]) -> None:
    text = seal("000201" + "".join(objects))
    parsed = parse(text)
    if not any(found.layer == "tlv" for found in parsed.faults):
        assert text == write(parsed.nodes)


@given(st.sampled_from(SEEDS), st.integers(0, 300), st.characters(exclude_categories=["Cs"]))
def test_any_single_changed_character_is_refused_or_harmless(
    seed: str, place: int, character: str
) -> None:
    """The CRC finds it; the one harmless change is the case of the CRC's own digits."""
    at = place % len(seed)
    text = seed[:at] + character + seed[at + 1 :]
    if attempt(text) is not None:
        assert seed.upper() == text.upper()


@pytest.mark.parametrize(
    "text",
    [
        "0" * 10_000,
        "000201" + "5901A" * 2_000,
        "000201" + "2699" * 2_500,
        "000201" + "6299509950" * 1_000,
        "000201" + "ក" * 10_000,
        "https://" + "a." * 5_000 + "/mpm/",
        "https://a/281" + "1" * 10_000,
        "upi://pay?" + "pa=a@b&" * 1_500,
        "2" * 10_000,
        "https://a/MPM/3/GPLD999" + "0001000" * 1_400,
    ],
    ids=[
        "zeros",
        "duplicates",
        "templates",
        "nested",
        "khmer",
        "domain",
        "order",
        "keys",
        "digits",
        "objects",
    ],
)
def test_ten_kilobytes_are_refused_at_once(text: str) -> None:
    assert seconds(text, 100) < 0.5


@pytest.mark.parametrize(
    "unit",
    ["5901A", "2699", "6299509950", "0101A", "99990", "2604000", "628450805076"],
)
def test_the_worst_code_that_is_read_takes_a_bounded_time(unit: str) -> None:
    """512 characters; a code of twice the length takes about twice as long, never four times."""
    text = "000201" + unit * 110
    text = text[:512]

    assert seconds(text, 50) < 0.5


def seconds(text: str, times: int) -> float:
    begun = perf_counter()
    for _ in range(times):
        assert not examine(text, at=AT).valid
    return perf_counter() - begun
