"""A fault of a KHQR has the error number of the central bank's software, where one means the same.

Numbers are those of its table of errors; a cause that the table splits, or lacks, has none here.
"""

from __future__ import annotations

import pytest

from switch.qr import examine
from switch.qr.emv import seal
from tests.qr.qr_codes import AT, code, template

LONG = "x" * 26


@pytest.mark.parametrize(
    ("changes", "reason", "number"),
    [
        ({"29": template("chan_rith")}, "account_id_format", 3),
        ({"29": template("c" * 30 + "@abc")}, "account_id_length", 6),
        ({"59": LONG}, "length_59", 7),
        ({"53": None}, "missing_53", 9),
        ({"52": None}, "missing_52", 25),
        ({"58": None}, "missing_58", 26),
        ({"59": None}, "missing_59", 2),
        ({"60": None}, "missing_60", 27),
        ({"60": "y" * 16}, "length_60", 21),
        ({"53": "764"}, "currency_not_allowed", 28),
        ({"62": f"0126{LONG}"}, "length_62_01", 10),
        ({"64": template("", "Name")}, "language_without_code", 37),
        ({"64": template("kmr", "Name")}, "length_64_00", 38),
        ({"64": template("km", "", "City")}, "language_without_name", 39),
        ({"64": template("km", LONG)}, "length_64_01", 40),
        ({"64": template("km", "Name", "y" * 16)}, "length_64_02", 41),
        ({"58": "kh"}, "country_format", None),
        ({"00": "02"}, "pfi_value", None),
    ],
)
def test_a_broken_khqr_has_the_number_of_its_cause(
    changes: dict[str, str | None], reason: str, number: int | None
) -> None:
    examined = examine(code("khqr", changes), at=AT)

    assert (examined.network, examined.reason, examined.nbc) == ("khqr", reason, number)


def test_what_seals_and_opens_a_code_has_its_number() -> None:
    text = code("khqr")
    headless = examine(seal("0102" + text[10:-8]), at=AT)

    assert (headless.reason, headless.nbc) == ("missing_00", 23)
    assert (examine(text[:-8], at=AT).reason, examine(text[:-8], at=AT).nbc) == ("missing_63", 24)
    assert examine(text[:-4] + "0000", at=AT).nbc == 8
