"""Each case can fail: for each there is one that is wrong in one way, and it fails that case alone.

Wrong are a network, its adapter, or the switch behind; time is simulated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.conformance.cases import CASES
from adapters.conformance.run import failed
from tests.adapters.conformance.conformance_world import adapters, checked
from tests.adapters.conformance.wrong_guests import GUESTS
from tests.adapters.conformance.wrong_networks import WRONGS

if TYPE_CHECKING:
    from tests.adapters.conformance.wrong_networks import Wrong


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.case)
def test_a_wrong_network_fails_its_case_and_no_other(
    wrong: Wrong, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong.apply(monkeypatch)
    adapter = adapters()[wrong.network]
    wronged = adapter if wrong.adapter is None else wrong.adapter(adapter)
    report = checked(wrong.network, wronged, home=False)

    assert failed(report.results) == [wrong.case]


@pytest.mark.parametrize("wrong", GUESTS, ids=lambda wrong: wrong.case)
def test_who_is_wrong_about_what_comes_in_fails_that_case_and_no_other(
    wrong: Wrong, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong.apply(monkeypatch)
    report = checked(wrong.network, wrong_home=wrong.home)

    assert failed(report.results) == [wrong.case]


def test_there_is_a_wrong_one_for_every_case() -> None:
    cases = {case.number for case in CASES}

    assert cases - {wrong.case for wrong in (*WRONGS, *GUESTS)} == set()
