"""Where the field disagrees, the reader does what the decision page says.

Each test is one numbered question of ``docs/decisions/0008``; the last one holds page and tests
together.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from switch.qr import examine, recognise
from switch.qr.emv import LENGTH_MAX, seal
from tests.qr.qr_codes import AT, CREATED_MS, LONG, code, template

PAGE = Path(__file__).resolve().parents[2] / "docs" / "decisions"
STAMPS = template(str(CREATED_MS), str(CREATED_MS + 600_000))
DYNAMIC: dict[str, str | None] = {"01": "12", "53": "840", "54": "1.50", "99": STAMPS}


def lowered(text: str) -> str:
    return text[:-4] + text[-4:].lower()


def with_letters(network: str, changes: dict[str, str | None] | None = None) -> str:
    """A code whose CRC holds a letter, so that its case can be seen."""
    for number in range(99):
        text = code(network, {**(changes or {}), "61": f"{number:05d}"})
        if lowered(text) != text:
            return text
    raise AssertionError("one of a hundred CRCs holds a letter")


def test_01_a_lower_case_crc_is_taken_and_reported() -> None:
    examined = examine(lowered(with_letters("khqr")), at=AT)

    assert (examined.networks, examined.deviations) == (("khqr",), ("crc_lower_case",))


def test_02_a_wrong_or_absent_crc_is_refused_before_anything_else() -> None:
    expired = code("khqr", {**DYNAMIC, "54": "1,5", "99": template("1", "2")})

    assert examine(expired[:-4] + "0000", at=AT).reason == "bad_crc"
    assert examine(expired[:-8], at=AT).reason == "missing_63"
    assert examine(expired[:-4] + "00G0", at=AT).reason == "crc_not_hex"


@pytest.mark.parametrize(
    ("behind", "layer", "reason"),
    [
        ("\n", "tlv", "trailing_characters"),
        (" ", "tlv", "trailing_characters"),
        ("\r\n", "tlv", "trailing_characters"),
        ("\x00", "tlv", "trailing_characters"),
        ("6304ABCD", "schema", "crc_not_last"),
        ("5901A", "schema", "crc_not_last"),
    ],
)
def test_03_nothing_may_stand_behind_the_crc(behind: str, layer: str, reason: str) -> None:
    examined = examine(code("khqr") + behind, at=AT)

    assert (examined.layer, examined.reason) == (layer, reason)


def test_04_format_indicator_02_is_taken_where_a_network_writes_it() -> None:
    examined = examine(code("duitnow", {"00": "02"}), at=AT)

    assert (examined.networks, examined.deviations) == (("duitnow",), ("pfi_value",))
    for network, value in (("khqr", "02"), ("duitnow", "03"), ("duitnow", "1")):
        assert examine(code(network, {"00": value}), at=AT).reason == "pfi_value"


def test_05_two_khqr_accounts_are_refused_unless_they_are_one() -> None:
    same = template("chan_rith@abc", "1234567", "Bank")
    other = template("other@abc", "1234567", "Bank")
    examined = examine(code("khqr", {"30": other}), at=AT)

    assert examine(code("khqr", {"30": same}), at=AT).valid
    assert (examined.layer, examined.reason) == ("network", "accounts_differ")


@pytest.mark.parametrize("point", ["11", "12", None])
def test_06_a_past_expiry_ends_static_codes_too(point: str | None) -> None:
    text = code("khqr", {**DYNAMIC, "01": point})
    late = AT + timedelta(minutes=11)

    assert examine(text, at=AT).valid
    assert (examine(text, at=late).layer, examine(text, at=late).nbc) == ("time", 46)


def test_07_a_static_code_may_carry_an_amount_if_it_says_when_it_ends() -> None:
    fixed = {**DYNAMIC, "01": "11"}

    assert examine(code("khqr", fixed), at=AT).valid
    assert examine(code("khqr", {**fixed, "99": None}), at=AT).reason == "missing_expiry"
    assert examine(code("thaiqr", {"54": "20.00"}), at=AT).valid


def test_08_an_object_that_stands_twice_is_refused_wherever_it_stands() -> None:
    text = code("khqr")[:-8]

    assert examine(seal(text + "5303840"), at=AT).reason == "duplicate_tag"
    assert examine(code("khqr", {"62": "0101A0101A"}), at=AT).path == "62/01"


def test_09_a_network_that_leaves_out_52_59_60_is_taken_and_others_are_not() -> None:
    bare: dict[str, str | None] = {"52": None, "59": None, "60": None}

    for network in ("thaiqr", "vietqr", "laoqr"):
        examined = examine(code(network, bare), at=AT)
        assert examined.deviations == ("missing_52", "missing_59", "missing_60")
    for network in ("khqr", "duitnow", "jpqr", "qris"):
        examined = examine(code(network, bare), at=AT)
        assert (examined.layer, examined.reason) == ("schema", "missing_mandatory")


def test_10_names_in_any_script_are_taken_and_over_long_ones_only_in_vietnam() -> None:
    khmer = examine(code("khqr", {"59": "ហាងកាហ្វេ", "60": "ភ្នំពេញ"}), at=AT)

    assert (khmer.valid, khmer.notes) == (True, ("not_ascii_59", "not_ascii_60"))
    assert examine(code("khqr", {"59": "A\N{NO-BREAK SPACE}B"}), at=AT).valid
    assert examine(code("khqr", {"59": "\N{HOT BEVERAGE}"}), at=AT).valid
    assert "astral_character" in examine(code("khqr", {"59": "\N{GRINNING FACE}"}), at=AT).notes
    assert examine(code("vietqr", {"59": "N" * 31}), at=AT).deviations == ("length_59",)
    note: dict[str, str | None] = {"62": "0840" + "n" * 40}
    assert examine(code("vietqr", note), at=AT).deviations == ("length_62_08",)
    assert examine(code("khqr", {"59": "N" * 26}), at=AT).reason == "length_59"
    assert examine(code("khqr", {"60": "N" * 16}), at=AT).reason == "length_60"


@pytest.mark.parametrize(
    "character",
    [
        *("\u202e", "\u2066", "\x07", "\n", "\u2028", "\x85"),
        *("\u200e", "\u200f", "\u061c", "\xad", "\U000e0041", "\U000e007f"),
    ],
)
def test_11_characters_that_disguise_a_name_are_refused(character: str) -> None:
    examined = examine(code("khqr", {"59": f"Rith{character}Tea"}), at=AT)

    assert (examined.layer, examined.reason) == ("field", "control_character")
    for joiner in "\u200b\u200c\u200d":
        assert examine(code("khqr", {"59": f"ស្រី{joiner}មុំ"}), at=AT).valid


def test_12_plain_values_and_an_identifier_of_62_are_taken_where_the_standard_has_none() -> None:
    examined = examine(code("qrph", {"62": template("10232023", "***")}), at=AT)

    assert (examined.valid, examined.deviations) == (True, ("sub_62_00",))
    for tag in ("80", "82", "91"):
        assert examine(code("khqr", {tag: "plain text"}), at=AT).valid
    # The central bank's own object must be readable, or nobody knows when the code ends.
    assert examine(code("khqr", {"99": "plain text"}), at=AT).layer == "tlv"


def test_13_unionpay_of_another_length_or_in_dollars_spoils_no_khqr() -> None:
    usual = examine(code("khqr", {"15": LONG}), at=AT)
    short = examine(code("khqr", {"15": LONG[:23]}), at=AT)
    dollars = examine(code("khqr", {"15": LONG, "53": "840"}), at=AT)

    assert (usual.networks, usual.notes) == (("khqr", "unionpay"), ())
    assert (short.networks, short.notes) == (("khqr", "unionpay"), ("unionpay_form",))
    assert (dollars.networks, dollars.notes) == (("khqr",), ())


@pytest.mark.parametrize(
    ("network", "amount", "verdict"),
    [
        ("khqr", "100", ()),
        ("khqr", "100.", ()),
        ("khqr", "100.00", ()),
        ("khqr", "0100", ()),
        ("khqr", "100.50", None),
        ("laoqr", "5000.00", ()),
        ("jpqr", "1980.00", ("amount_decimals",)),
        ("jpqr", "1980.50", None),
        ("thaiqr", "0.01", ()),
        ("thaiqr", "0.001", None),
        ("thaiqr", "0.00", None),
        ("thaiqr", ".50", None),
        ("thaiqr", "1,50", None),
        ("thaiqr", "1 000", None),
        ("thaiqr", "-1", None),
        ("thaiqr", "+1", None),
        ("thaiqr", "1e3", None),
        ("thaiqr", "\N{THAI DIGIT ONE}", None),
        ("thaiqr", "12345678901.00", None),
    ],
)
def test_14_an_amount_is_digits_with_one_point_in_units_that_move(
    network: str, amount: str, verdict: tuple[str, ...] | None
) -> None:
    stamps = {"99": STAMPS} if network == "khqr" else {}
    examined = examine(code(network, {"54": amount, **stamps}), at=AT)

    if verdict is None:
        assert (examined.layer, examined.reason) == ("field", "amount_format")
    else:
        assert (examined.valid, examined.deviations) == (True, verdict)


def test_15_a_code_in_lower_case_is_taken_if_its_crc_is_over_that_text() -> None:
    lower = seal(code("laoqr").lower()[:-8])
    examined = examine(lower, at=AT)
    spoilt = examine(code("laoqr").lower(), at=AT)

    assert (examined.networks, examined.deviations) == (("laoqr",), ("country_format",))
    assert examined.notes == ("identifier_lower_case",)
    assert (spoilt.layer, spoilt.reason) == ("crc", "bad_crc")
    assert examine(seal(code("khqr").lower()[:-8]), at=AT).reason == "country_format"


def test_16_every_network_of_a_sticker_is_named_unless_its_own_scheme_refuses_it() -> None:
    text = code("khqr", {**DYNAMIC, "53": "116", "54": "100", "15": LONG})
    words = [found.scheme for found in recognise(text, at=AT, prefer=("unionpay",)).candidates]
    late = examine(text, at=AT + timedelta(hours=1))

    assert words == ["unionpay", "khqr"]
    assert (late.networks, late.reason) == ((), "expired")


def test_17_a_code_ends_after_its_last_millisecond_and_no_clock_is_forgiven() -> None:
    end = AT + timedelta(minutes=10)

    assert examine(code("khqr", DYNAMIC), at=end).valid
    assert not examine(code("khqr", DYNAMIC), at=end + timedelta(microseconds=1)).valid


def test_18_a_static_code_may_say_only_when_it_was_made() -> None:
    made = template(str(CREATED_MS))
    examined = examine(code("khqr", {"99": made}), at=AT)

    assert (examined.valid, examined.notes) == (True, ("creation_only",))
    assert examine(code("khqr", {**DYNAMIC, "99": made}), at=AT).reason == "missing_expiry"


def test_19_a_text_that_no_symbol_carries_is_not_read() -> None:
    text = "000201" + "6505ABCDE" * 57

    assert len(text) > LENGTH_MAX
    assert (examine(text, at=AT).layer, examine(text, at=AT).reason) == ("tlv", "too_long")


def test_20_an_account_of_the_form_of_khqr_is_khqr_in_any_country() -> None:
    examined = examine(code("khqr", {"58": "US"}), at=AT)

    assert (examined.network, examined.layer, examined.reason) == (
        "khqr",
        "network",
        "country_not_allowed",
    )


def test_the_page_names_every_test_and_no_other() -> None:
    (page,) = PAGE.glob("0008-*.md")
    named = re.findall(r"`(test_\d\d_\w+)`", page.read_text("utf-8"))

    assert named == sorted(name for name in globals() if re.match(r"test_\d\d_", name))
