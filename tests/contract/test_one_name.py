"""A name that a network gave is the reference of one payment: the commit refuses every other.

Nobody else's command of the batch suffers from it, on any engine, in one process or in two. What is
not named by its network is not looked up. What the network takes back under that name is opened by
nobody, or the other way round: whichever is committed first.
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
from tests.switch_core.core_values import buried, opened, payment, uetr

if TYPE_CHECKING:
    from switch.commands import Bury, Command, Open, Result
    from tests.contract.contract_engines import Place

NAME = "ORDER-20261121-1"
ORDER = uetr(9)


def named(number: int, name: str = NAME) -> Open:
    """The opening of a payment that its network named."""
    held = replace(payment(number, quote=f"quote-{number}"), reference=name)
    return replace(opened(held), named=True)


def paying(number: int, name: str = NAME) -> Open:
    """The opening of a payment of what its network can take back under another identity."""
    return replace(named(number, name), order=ORDER)


def taken_back(name: str = NAME) -> Bury:
    """Its network takes it back, having heard that nobody pays it."""
    return replace(buried(9), key=ORDER, named=name)


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


@pytest.mark.parametrize("apart", [True, False], ids=["later", "in one batch"])
def test_what_was_taken_back_is_not_paid_and_what_is_paid_is_not_taken_back(
    place: Place, *, apart: bool
) -> None:
    commands: list[Command] = [
        *(taken_back(), taken_back(), paying(1)),
        *(replace(paying(2, "ORDER-2"), order=uetr(8)), named(3, "ORDER-3"), taken_back("ORDER-3")),
        *(replace(taken_back("ORDER-2"), key=uetr(8)), replace(taken_back(), scope="laos")),
    ]
    with closing(place.open()) as engine:
        batches = [[each] for each in commands] if apart else [commands]
        results = [result for batch in batches for result in engine.execute(batch)]
        late = Reason.CANCEL_TOO_LATE

        assert reasons(results) == [None, None, Reason.CANCELLED, None, None, late, late, None]
        assert engine.by_reference("thailand", NAME) is None
        assert audit(engine, KEY.public_key()).faults == ()


def test_two_processes_agree_on_what_was_taken_back(shared_place: Place) -> None:
    with closing(shared_place.open(1)) as first, closing(shared_place.open(2)) as second:
        before = [*first.execute([taken_back()]), *second.execute([paying(1)])]
        other = replace(paying(2, "ORDER-2"), order=uetr(8))
        back = replace(taken_back("ORDER-2"), key=uetr(8))
        after = [*second.execute([other]), *first.execute([back])]

        assert reasons(before) == [None, Reason.CANCELLED]
        assert reasons(after) == [None, Reason.CANCEL_TOO_LATE]


def test_two_processes_let_one_have_a_name(shared_place: Place) -> None:
    with closing(shared_place.open(1)) as first, closing(shared_place.open(2)) as second:
        results = [*first.execute([named(1)]), *second.execute([named(2), named(3, "ORDER-3")])]

        assert reasons(results) == [None, Reason.DUPLICATE, None]


def test_only_names_that_were_given_are_looked_up() -> None:
    own: Payment = payment(1)

    assert wanted([opened(own)]).named == ()
    assert wanted([named(2)]).named == (("thailand", NAME),)
