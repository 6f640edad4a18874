"""The straight road takes a code only if the full reader says the same of it, word for word.

Codes are broken, reordered and re-sealed in every way that a generator thinks of; whatever the
road takes, the full reader without roads must take with the same content and nothing to note. The
other way round the road need not follow, but plain codes must really go that way.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from types import MappingProxyType

import pytest

from fx.money import Money
from switch.qr import (
    SCHEMES,
    Khqr,
    Language,
    QrContent,
    QrError,
    SchemeError,
    ThaiBillPayment,
    read_scheme,
    recognise,
    write_khqr,
    write_thai_bill_payment,
)
from switch.qr.emv import crc, parse, seal
from switch.qr.straight import fits, read_straight

AT = datetime(2026, 11, 21, 3, tzinfo=UTC)
LATER = AT + timedelta(minutes=10)
FULL_ONLY = replace(SCHEMES, roads=MappingProxyType({}))
CHARACTERS = "0123456789ABCab@.- /*\t\u17a0\u200b\u00e9\U0001f35c"
LABELS = "".join(f"{sub}25" + "x" * 25 for sub in ("01", "02", "03", "07"))

MERCHANT = Khqr(
    account="angkor_cafe@devb",
    merchant_name="Angkor Cafe",
    merchant_city="Siem Reap",
    currency="USD",
    merchant_id="1234567",
    acquiring_bank="Dev Bank",
    amount=Money.parse("9.99", "USD"),
    created_at=AT,
    expires_at=LATER,
    bill_number="B-77",
    terminal_label="POS 3",
)
PLAIN = (
    write_khqr(MERCHANT),
    write_khqr(Khqr("a@b", "N", "C")),
    write_khqr(Khqr("sok_dara@devb", "Sok Dara", account_information="85512345678")),
    write_khqr(
        Khqr(
            "sok_dara@devb",
            "Sok Dara",
            amount=Money.parse("5000", "KHR"),
            created_at=AT,
            expires_at=AT,
            mobile_number="85512345678",
            store_label="Main Branch",
            purpose="Lunch",
            language=Language("km", "សុខ ដារ៉ា", "ភ្នំពេញ"),
        )
    ),
)
"""Codes that go the straight road."""

SEEDS = (
    *PLAIN,
    write_khqr(Khqr("a@b", "N", unionpay="3119740116005204460000000DEVB00")),
    write_khqr(Khqr("a@b", "ហាង", "ភ្នំពេញ")),
    write_thai_bill_payment(
        ThaiBillPayment("010753600031508", "REF1", "NOODLE", "BANGKOK", "5812")
    ),
)


def straight(payload: str, at: datetime = AT) -> QrContent | None:
    return read_straight(SCHEMES.roads, payload, at)


def assert_the_full_reader_agrees(payload: str, at: datetime = AT) -> bool:
    """Compare the two readers; tell whether the road took the code."""
    taken = straight(payload, at)
    if taken is None:
        with contextlib.suppress(QrError):
            recognise(payload, at=at)
        return False
    recognition = recognise(payload, at=at, schemes=FULL_ONLY)
    (candidate,) = recognition.candidates
    assert candidate.deviations == ()
    assert candidate.notes == ()
    assert recognition.refused == ()
    full = candidate.content
    for name in sorted(name for name in dir(QrContent) if not name.startswith("_")):
        if name not in {"text", "rules", "rule"}:
            assert getattr(full, name) == getattr(taken, name), name
    assert full.rules is taken.rules
    assert full.rule is taken.rule
    return True


def mutated(text: str, chance: Random) -> str:
    """Break the objects of a text in one to three ways and seal what comes out."""
    objects = [[node.tag, node.value] for node in parse(text).nodes if node.tag != "63"]
    wrong_lengths: dict[int, int] = {}
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(objects))
        tag, value = objects[at]
        match chance.randrange(10):
            case 0:
                place = chance.randrange(len(value) + 1)
                objects[at][1] = value[:place] + chance.choice(CHARACTERS) + value[place:]
            case 1:
                place = chance.randrange(len(value) + 1)
                objects[at][1] = chance.choice((value[:place] + value[place + 1 :], ""))
            case 2:
                place = chance.randrange(len(value) + 1)
                objects[at][1] = value[:place] + chance.choice(CHARACTERS) + value[place + 1 :]
            case 3:
                wrong_lengths[at] = chance.choice((-1, 1, 10, -10))
            case 4:
                objects.insert(chance.randrange(len(objects)), [tag, value])
            case 5:
                other = chance.randrange(len(objects))
                objects[at], objects[other] = objects[other], objects[at]
            case 6:
                if len(objects) > 1:
                    del objects[at]
            case 7:
                objects[at][0] = f"{chance.randrange(100):02d}"
            case 8:
                sub = f"{chance.randrange(12):02d}02XY"
                objects[at][1] = chance.choice((value + sub, sub + value))
            case _:
                labels = (
                    f"{sub}25" + chance.choice("xyz") * 25 for sub in ("01", "02", "03", "07")
                )
                objects[at] = ["62", "".join(labels)]
    text = ""
    for place, (tag, value) in enumerate(objects):
        size = len(value) + wrong_lengths.get(place, 0)
        text += f"{tag}{min(99, max(0, size)):02d}{value}"
    return seal(text)


@pytest.mark.parametrize("payload", PLAIN, ids=range(len(PLAIN)))
def test_plain_codes_go_the_straight_road(payload: str) -> None:
    assert assert_the_full_reader_agrees(payload)


def test_a_thai_code_marked_for_payers_from_abroad_goes_the_straight_road() -> None:
    assert assert_the_full_reader_agrees(SEEDS[-1])


@pytest.mark.parametrize(
    "objects",
    [
        f"29070003a@b5204599953031165802KH5901N6001C6299{LABELS}",
        f"30080032{'a' * 30}@b0132{'m' * 32}0232{'b' * 32}5204599953031165802KH5901N6001C",
        "29070003a@b5204599953031165802KH5901N6001C6200",
        "29005204599953031165802KH5901N6001C",
    ],
    ids=["labels too long together", "account too long together", "empty 62", "empty 29"],
)
def test_a_template_of_another_length_than_it_says_does_not_pass(objects: str) -> None:
    payload = seal("000201010211" + objects)

    assert straight(payload) is None
    with pytest.raises(QrError) as refusal:
        recognise(payload, at=AT)
    assert refusal.value.layer == "tlv"


def test_a_text_that_no_symbol_carries_does_not_pass() -> None:
    assert straight(PLAIN[0] + "x" * 400) is None


def test_what_needs_a_remark_is_left_to_the_full_reader() -> None:
    assert straight(SEEDS[4]) is None, "a second network"
    assert straight(SEEDS[5]) is None, "a name that is not ASCII"
    assert straight(PLAIN[0].lower()) is None
    assert straight(PLAIN[0], LATER + timedelta(microseconds=1)) is None, "expired"


def test_the_very_millisecond_of_the_expiry_is_still_taken() -> None:
    assert assert_the_full_reader_agrees(PLAIN[0], LATER)
    assert assert_the_full_reader_agrees(PLAIN[0], LATER - timedelta(microseconds=1))


@pytest.mark.parametrize("seed", range(8))
def test_whatever_the_road_takes_the_full_reader_takes_alike(seed: int) -> None:
    chance = Random(seed)
    taken = 0
    for _ in range(1500):
        payload = mutated(chance.choice(SEEDS), chance)
        taken += assert_the_full_reader_agrees(payload)
    assert taken > 20, "the generator no longer makes codes that the road takes"


@pytest.mark.parametrize("seed", range(4))
def test_no_text_that_the_full_reader_refuses_passes(seed: int) -> None:
    """Texts are cut and changed without a new CRC, so nearly all are wrong."""
    chance = Random(seed)
    for _ in range(1000):
        payload = list(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 4)):
            payload[chance.randrange(len(payload))] = chance.choice(CHARACTERS)
        text = "".join(payload)[: chance.choice((None, -1, -4, -8))]
        if straight(text) is not None:
            recognise(text, at=AT, schemes=FULL_ONLY)


YAMA = """
scheme = "yamaqr"
countries = ["YM"]
currencies = ["764"]
[[account]]
tag = "41"
kind = "merchant"
ids = ["YAMA.ORG"]
straight = true
[[account.field]]
sub = "01"
name = "shop"
required = true
pattern = "[A-Z]{1,9}"
"""


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('ids = ["YAMA.ORG"]', "any_id = true", "not a required field with a pattern"),
        ('ids = ["YAMA.ORG"]', 'id_patterns = [".*@.*"]', "not a required field with a pattern"),
        ('sub = "01"', 'sub = "01/02"', "third level"),
        ("straight = true", 'straight = true\none_of = ["01"]', "beyond its fields"),
    ],
)
def test_a_file_that_asks_for_too_much_is_refused(old: str, new: str, why: str) -> None:
    text = YAMA.replace(old, new)
    assert text != YAMA

    with pytest.raises(SchemeError, match=why):
        SCHEMES.joined([read_scheme(text, "yama.toml")])


@pytest.mark.parametrize("value", ["A\x1bB", "A\u202eB", "A\ud800", "", "ABCDEFGHIJ"], ids=ascii)
@pytest.mark.parametrize("pattern", ["[A-Z]{1,9}", "[^@]{1,9}", ".{1,9}", "[A-Z]+"])
def test_a_pattern_that_lets_everything_pass_lets_no_disguise_pass(
    value: str, pattern: str
) -> None:
    extra = read_scheme(YAMA.replace("[A-Z]{1,9}", pattern), "yama.toml")
    account = f"0008YAMA.ORG01{len(value):02d}{value}"
    text = f"00020141{len(account):02d}{account}5204599953037645802YM5901N6001C6304"
    payload = text + crc(text) if "\ud800" not in text else text + "0000"

    clean = read_straight(SCHEMES.joined([extra]).roads, payload, AT)

    assert clean is None or (value, pattern) == ("ABCDEFGHIJ", "[A-Z]+")


def test_an_object_that_two_schemes_could_claim_has_no_road() -> None:
    other = YAMA.replace("YAMA.ORG", "B").replace('ids = ["B"]', "any_id = true")
    other = other.replace('"41"', '"29"').replace('"YM"', '"KH"').replace("straight = true", "")
    schemes = SCHEMES.joined([read_scheme(other, "other.toml")])

    assert "29" not in schemes.roads
    assert schemes.roads["30"]


def test_what_a_writer_may_leave_out_is_checked_for_a_reader() -> None:
    """``fits`` believes lengths of templates and the CRC; ``read_straight`` does not."""
    unsealed = PLAIN[0][:-4] + "0000"

    assert fits(SCHEMES.roads, unsealed, "30")
    assert straight(unsealed) is None
    with pytest.raises(QrError):
        recognise(unsealed, at=AT)
