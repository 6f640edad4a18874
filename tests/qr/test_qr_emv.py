"""The tree is lossless, its faults are named with their place, and the CRC is over UTF-8 bytes."""

from __future__ import annotations

import pytest

from switch.qr import QrError
from switch.qr.emv import LENGTH_MAX, Node, compose, crc, parse, seal, write


def bitwise(text: str) -> str:
    """The CRC once more, bit by bit, as EMVCo describes it."""
    register = 0xFFFF
    for byte in text.encode():
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1) ^ (0x1021 if register & 0x8000 else 0)
            register &= 0xFFFF
    return f"{register:04X}"


CODE = seal("00020101021126220012org.teahouse0102M75204581253038405802US5904TEAS6004RENO")


def first(text: str) -> tuple[str, str, int]:
    """Layer and word of the first fault, and where it is."""
    found = parse(text).faults[0]
    return found.layer, found.reason, found.position


def test_tree_has_tags_values_positions_and_children() -> None:
    parsed = parse(CODE)

    assert parsed.faults == ()
    assert [n.tag for n in parsed.nodes] == ["00", "01", "26", "52", "53", "58", "59", "60", "63"]
    account = parsed.nodes[2]
    assert account.start == 12
    assert (Node("00", "org.teahouse", 16), Node("01", "M7", 32)) == account.children
    assert account.text("01") == "M7"
    assert account.text("09") is None
    assert write(parsed.nodes) == CODE


def test_length_counts_code_points_and_crc_counts_bytes() -> None:
    text = "000201" + compose("64", "0002ZH" + compose("01", "茶馆一号") + "0202成都") + "5802CN"
    sealed = seal(text)
    parsed = parse(sealed)

    assert parsed.faults == ()
    assert parsed.nodes[1].start == len("000201")
    assert parsed.nodes[1].text("02") == "成都"
    assert sealed == text + "6304" + bitwise(text + "6304") == write(parsed.nodes)


def test_card_and_unionpay_objects_are_opaque() -> None:
    """Tag 15 of a Lao bank begins like an object; reading inside it would refuse the code."""
    parsed = parse("0002011531" + "9999041800520446abc000000000001" + "0205010X1")

    assert parsed.faults == ()
    assert all(not node.children for node in parsed.nodes)


@pytest.mark.parametrize("value", ["9f86d081884c7d65", "0124001112223", "00540065"])
@pytest.mark.parametrize("tag", ["82", "81"])
def test_plain_value_in_an_unreserved_object_is_no_fault(tag: str, value: str) -> None:
    parsed = parse("000201" + compose(tag, value))

    assert parsed.faults == ()
    assert parsed.nodes[1].children == ()
    assert parsed.soft


def test_third_level_inside_additional_data_is_split_where_it_parses() -> None:
    parsed = parse("000201" + compose("62", "0701T" + compose("50", "0003abc0101X")))

    assert (parsed.nodes[1].child("50") or Node("", "", 0)).text("00") == "abc"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("tlv", "empty", 0)),
        ("foo", ("tlv", "not_emv", 0)),
        ("upi://pay?pa=a@b", ("tlv", "not_emv", 0)),
        ("0" * 600, ("tlv", "not_emv", 0)),
        ("000201" + "99990" * 200, ("tlv", "too_long", 0)),
        ("000201\ud800", ("tlv", "not_unicode", 0)),
        ("0002015303", ("tlv", "truncated", 6)),
        ("00020153", ("tlv", "truncated", 6)),
        ("0002015300", ("tlv", "zero_length", 6)),
        ("000201590XA", ("tlv", "length_not_numeric", 6)),
        (
            "00020159\N{ARABIC-INDIC DIGIT ZERO}\N{ARABIC-INDIC DIGIT ONE}A",
            ("tlv", "length_not_numeric", 6),
        ),
        ("0002015901AB6005XXXXX", ("tlv", "wrong_length", 11)),
        ("0002012606000901", ("tlv", "wrong_length", 10)),
        ("0002016304ABCD\n", ("tlv", "trailing_characters", 14)),
        ("0002016304ABCD \r\n ", ("tlv", "trailing_characters", 14)),
        ("00020162100" + "0196" + "x" * 96, ("tlv", "length_three_digits", 10)),
        ("0002010002015802KH", ("schema", "duplicate_tag", 6)),
        ("00020162100101A0101B", ("schema", "duplicate_tag", 15)),
    ],
)
def test_fault_is_named_with_its_layer_and_place(text: str, expected: tuple[str, str, int]) -> None:
    assert expected == first(text)


def test_reading_goes_on_after_an_empty_object() -> None:
    faults = parse("0002015300540058025H").faults

    assert [(found.reason, found.path, found.position) for found in faults] == [
        ("zero_length", "53", 6),
        ("zero_length", "54", 10),
    ]


def test_longest_text_is_read() -> None:
    text = "000201" + compose("65", "x" * 99) * 4 + compose("65", "x" * 90)

    assert len(text) == LENGTH_MAX
    assert {"duplicate_tag"} == {found.reason for found in parse(text).faults}


@pytest.mark.parametrize(("value", "reason"), [("", "zero_length"), ("x" * 100, "value_too_long")])
def test_value_that_two_digits_cannot_measure_is_not_written(value: str, reason: str) -> None:
    with pytest.raises(QrError) as refusal:
        compose("62", value)

    assert ("tlv", reason, "62") == (
        refusal.value.layer,
        refusal.value.reason,
        refusal.value.path,
    )


def test_crc_keeps_its_leading_zeros() -> None:
    texts = (f"0002015904{number:04d}6304" for number in range(10_000))
    text = next(text for text in texts if bitwise(text).startswith("0"))

    assert crc(text) == bitwise(text)
    assert len(crc(text)) == 4


def test_nothing_shows_the_text() -> None:
    parsed = parse(CODE)

    assert "TEAS" not in repr(parsed) + repr(parsed.nodes) + repr(parsed.faults)
