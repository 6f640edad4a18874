"""The external codes are the edition they name, and every code we use is in its set."""

from __future__ import annotations

from pathlib import Path

import pytest

from iso20022 import external_codes as sets
from iso20022.codes import PAYMENT_STATUSES, REASONS
from iso20022.external_codes import DATA, external_codes, is_external_code
from iso20022.make.external_codes import render

EDITION = Path(__file__).resolve().parents[2].parent / "shared" / "xsd" / "external-codes.json"


@pytest.mark.skipif(not EDITION.is_file(), reason="the code sets are not beside the project")
def test_the_committed_table_is_what_the_generator_writes() -> None:
    assert render(EDITION.read_text("utf-8")) == DATA.read_text("utf-8")


def test_the_edition_is_named() -> None:
    assert "External Code Sets" in external_codes().edition


def test_every_set_that_a_rule_names_is_held() -> None:
    named = {
        value
        for name, value in vars(sets).items()
        if name.isupper() and isinstance(value, str) and value.startswith("External")
    }

    assert len(named) == 15
    assert named <= external_codes().sets.keys()


def test_reasons_and_statuses_that_we_give_exist() -> None:
    assert set() == set(REASONS) - external_codes().sets[sets.STATUS_REASON]
    assert set() == set(PAYMENT_STATUSES) - external_codes().sets[sets.TRANSACTION_STATUS]


@pytest.mark.parametrize(
    ("name", "code", "held"),
    [
        (sets.STATUS_REASON, "AB05", True),
        (sets.RETURN_REASON, "AB05", False),
        (sets.CANCELLATION_REASON, "FRAD", True),
        (sets.RETURN_REASON, "FRAD", False),
        (sets.CANCELLATION_REJECTION, "ARDT", True),
        (sets.STATUS_REASON, "BE23", True),
        (sets.VERIFICATION_REASON, "BE23", False),
        (sets.CASH_CLEARING, "THN", True),
        (sets.PROXY_TYPE, "BIID", True),
        (sets.PURPOSE, "gdds", False),
    ],
)
def test_a_code_belongs_to_its_set(name: str, code: str, held: bool) -> None:
    assert held == is_external_code(name, code)


def test_definitions_are_left_out() -> None:
    written = render('{"origin": "an edition", "sets": {"S": {"B": "text of ISO", "A": "more"}}}')

    assert "text of ISO" not in written
    assert 'S = """\nA B\n"""' in written
