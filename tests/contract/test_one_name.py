"""A name that a network gave is the reference of one payment: the commit refuses every other.

Nobody else's command of the batch suffers from it, on any engine, in one process or in two. What is
not named by its network is not looked up.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switch.commands import Declined, Done
from switch.delta import wanted
from switch.model import Payment
from switch.reasons import Reason
from switch.store.audit import audit
from tests.contract.contract_engines import KEY
from tests.switch_core.core_values import opened, payment

if TYPE_CHECKING:
    from switch.commands import Command, Result
    from tests.contract.contract_engines import Place

NAME = "ORDER-20261121-1"


def named(number: int, name: str = NAME) -> Command:
    """The opening of a payment that its network named."""
    held = replace(payment(number, quote=f"quote-{number}"), reference=name)
    return replace(opened(held), named=True)


def reasons(results: list[Result]) -> list[Reason | None]:
    """Why each was declined; None where it was opened."""
    found: list[Reason | None] = []
    for result in results:
        assert isinstance(result, Done | Declined)
        found.append(result.reason if isinstance(result, Declined) else None)
    return found


@pytest.mark.parametrize("apart", [True, False], ids=["later", "in one batch"])
def test_the_second_of_one_name_is_declined_and_the_others_are_opened(
    place: Place, *, apart: bool
) -> None:
    commands = [named(1), named(2), opened(payment(3, quote="quote-3")), named(4, "ORDER-2")]
    with closing(place.open()) as engine:
        batches = [[each] for each in commands] if apart else [commands]
        results = [result for batch in batches for result in engine.execute(batch)]

        assert reasons(results) == [None, Reason.DUPLICATE, None, None]
        assert engine.by_reference("thailand", NAME) == engine.payment(payment(1).uetr)
        assert engine.payment(payment(2).uetr) is None
        assert audit(engine, KEY.public_key()).faults == ()


def test_two_processes_let_one_have_a_name(shared_place: Place) -> None:
    with closing(shared_place.open(1)) as first, closing(shared_place.open(2)) as second:
        results = [*first.execute([named(1)]), *second.execute([named(2), named(3, "ORDER-3")])]

        assert reasons(results) == [None, Reason.DUPLICATE, None]


def test_only_names_that_were_given_are_looked_up() -> None:
    own: Payment = payment(1)

    assert wanted([opened(own)]).named == ()
    assert wanted([named(2)]).named == (("thailand", NAME),)
