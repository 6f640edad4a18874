"""Every engine keeps rates: a version once, the newest to be read, across a change of schema."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from switch.commands import Conflict, Done, Known
from tests.contract.contract_engines import AnyEngine, Place
from tests.switch_core.core_values import MEMBER_KHR, NOW, capped, opened, payment, posted, uetr

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def engine(place: Place) -> Iterator[AnyEngine]:
    """An open engine on an empty place."""
    with closing(place.open()) as opened_engine:
        yield opened_engine


def test_the_newest_rates_of_a_provider_and_pair_are_read(engine: AnyEngine) -> None:
    commands = [posted(f"r-{number}") for number in (1, 2, 3)]
    later = replace(commands[0].row, provider="provider-b", effective_at=NOW + timedelta(hours=1))
    engine.execute([*reversed(commands), replace(commands[0], row=later, salt=b"later")])

    assert [row.version for row in engine.rates(9)] == ["r-1", "r-2", "r-3", "r-1"]
    assert engine.rates(2) == [commands[1].row, commands[2].row, later]


def test_a_rate_withdrawn_before_it_took_effect_pushes_none_out(engine: AnyEngine) -> None:
    standing = posted("r-1")
    ahead = [
        replace(standing.row, version=f"s-{day}", effective_at=NOW + timedelta(days=day))
        for day in (1, 2, 3)
    ]
    engine.execute([standing, *(replace(standing, row=row, salt=b"a") for row in ahead)])
    gone = [replace(row, withdrawn_at=NOW) for row in ahead]
    engine.execute([replace(standing, row=row, salt=b"b") for row in gone])

    assert engine.rates(2) == [standing.row]


def test_a_confirmed_rate_is_as_fresh_as_it_was_last_confirmed(engine: AnyEngine) -> None:
    first, again = posted("r-1"), posted("r-1", second=30)
    results = engine.execute([first, replace(again, confirms=True), replace(first, confirms=True)])
    withdrawal = posted("r-1", withdrawn=True, second=60)
    gone = engine.execute([withdrawal, replace(again, confirms=True)])

    assert results == [Done(None), Done(None), Known(None, None)]
    assert gone == [Done(None), Conflict("withdrawn_at")]
    [row] = engine.rates(9)
    assert row == replace(again.row, withdrawn_at=withdrawal.row.withdrawn_at)


def test_every_version_is_read_by_name_however_old(engine: AnyEngine) -> None:
    commands = [posted(f"r-{number}") for number in (1, 2, 3)]
    engine.execute(commands)

    assert [engine.rate(each.row.key) for each in commands] == [each.row for each in commands]
    assert engine.rate(("provider-a", "KHR/THB", "r-4")) is None


def test_one_account_is_read_by_name(engine: AnyEngine) -> None:
    engine.execute([capped(7)])

    assert engine.account(MEMBER_KHR) == engine.accounts()[MEMBER_KHR]
    assert engine.account("nobody") is None


def test_of_64_openings_in_one_batch_one_claims_the_quote(engine: AnyEngine) -> None:
    results = engine.execute([opened(payment(number, quote="one")) for number in range(2, 130, 2)])

    assert [type(result).__name__ for result in results] == ["Done", *["Declined"] * 63]
    assert engine.execute([opened(payment(2, quote="one"))])[0] == Known(
        engine.payment(uetr(2)), None, opened(payment(2, quote="one")).binding
    )
