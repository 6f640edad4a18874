"""An entry is found in whatever way its name is written, and tells nothing by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from switch.model import Particulars, Party, UseCase
from switch.screening import (
    ACCOUNT,
    NAME,
    Hit,
    ListRow,
    NobodyListed,
    ScreeningFile,
    digest,
    normal,
    screening_of,
)

SECRET = "of the lists"
ENTRY = digest(SECRET.encode(), NAME, "Borey Kim")
RULES = ScreeningFile(lists=[ListRow(name="UN 1267", digests=[ENTRY])])


def about(debtor: str = "Sok Dara", creditor: str = "Shop") -> Particulars:
    """A payment between two names."""
    return Particulars(Party(debtor, "payer@abaa"), Party(creditor, "payee"), "")


@pytest.mark.parametrize(
    "written",
    [
        "Borey Kim",
        "BOREY KIM",
        "borey  kim ",
        "Borey-Kim",
        "\uff22orey Kim",
        "Borey, Kim.",
        "Bo\u200brey Ki\u00adm",
        "Bo\ufe0frey Ki\u034fm\u3164",
        "\u2066Borey\u2069 K\u2060im\ufeff",
    ],
)
def test_a_name_is_found_however_it_is_written(written: str) -> None:
    screening = screening_of(RULES, SECRET)

    assert screening.hit(about(debtor=written), UseCase.TRANSFER) == Hit(
        "UN 1267", 14_400, "debtor", NAME
    )
    assert screening.hit(about(creditor=written), UseCase.MERCHANT) == Hit(
        "UN 1267", 0, "creditor", NAME
    )


@pytest.mark.parametrize("written", ["Borey Kimm", "Kim Borey", "BoreyKim", ""])
def test_another_name_is_not_found(written: str) -> None:
    assert screening_of(RULES, SECRET).hit(about(debtor=written), UseCase.MERCHANT) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("001 234.567", "001234567", True),
        ("001-234 567", "001234567", True),
        ("sok.dara@abaa", "sokdara@abaa", False),
        ("Sok.Dara@ABAA", "sok.dara@abaa", True),
    ],
)
def test_an_accounts_number_is_one_however_it_is_spaced(one: str, other: str, same: bool) -> None:
    assert (digest(b"key", ACCOUNT, one) == digest(b"key", ACCOUNT, other)) is same


def test_a_name_is_no_account_and_another_secret_finds_nobody() -> None:
    listed = about(debtor="Borey Kim")

    assert digest(SECRET.encode(), ACCOUNT, "Borey Kim") != ENTRY
    assert screening_of(RULES, "another").hit(listed, UseCase.MERCHANT) is None
    assert NobodyListed().hit(listed, UseCase.MERCHANT) is None


@pytest.mark.parametrize(
    ("listed", "other"),
    [
        ("\u179f\u17bb\u1781", "\u179f\u17b7\u1781"),
        ("\u0e01\u0e34\u0e15", "\u0e01\u0e35\u0e15"),
        ("\u0928\u093f\u0936\u093e", "\u0928\u0940\u0936\u093e"),
    ],
    ids=["khmer", "thai", "hindi"],
)
def test_names_that_differ_by_a_vowel_sign_are_two(listed: str, other: str) -> None:
    assert normal(listed) != normal(other)
    assert normal(listed) == normal(f" {listed}. ")
    assert " " not in normal(listed)


@given(st.text(max_size=40))
def test_a_form_of_any_text_is_a_form_of_itself(text: str) -> None:
    assert normal(normal(text)) == normal(text)


def test_a_form_is_a_form_of_itself() -> None:
    assert normal(normal("\uff22orey,  KIM")) == "borey kim"
    assert normal("sok.dara@abaa") == "sok dara@abaa"


@pytest.mark.parametrize("entry", ["Borey Kim", ENTRY.upper(), ENTRY[:-1]])
def test_a_list_of_names_in_the_open_refuses_the_start(entry: str) -> None:
    with pytest.raises(ValidationError):
        ListRow(name="UN 1267", digests=[entry])


def test_what_holds_a_rule_and_its_lists_shows_neither() -> None:
    assert ENTRY not in repr(screening_of(RULES, SECRET))
    assert SECRET not in repr(screening_of(RULES, SECRET))
