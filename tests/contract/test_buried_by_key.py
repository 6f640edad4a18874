"""What bears no UETR of its own is here, or was promised never to be: never both, on any engine.

It is named by its key while it is bound, by its item where it was put down, and by a tombstone.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from switch.commands import Bury, Conflict, Declined, Done, Open, Receive, Stale
from switch.reasons import Reason
from switch.store.audit import audit
from tests.contract.contract_engines import KEY
from tests.switch_core.core_values import NOW, opened, payment, received, salt

if TYPE_CHECKING:
    from switch.commands import Result
    from tests.contract.contract_engines import Place

GRAVE: Final = "grave-1"
ITEM: Final = "item-1"


def bound() -> Open:
    """An opening that a tombstone would name otherwise than by its UETR."""
    return replace(opened(payment(1)), grave=GRAVE)


def burial() -> Bury:
    """The promise that it is not here and never will be."""
    held = bound()
    scope, key = held.binding.scope, held.binding.key
    return Bury(scope, GRAVE, NOW, salt(1, 2), bound=key, item=ITEM)


def put_down() -> Receive:
    """The item that says that it came."""
    return replace(received(ITEM), sponsor=bound().binding.scope, minor=0, grave=GRAVE)


def executed(place: Place, *commands: Open | Bury | Receive, apart: bool) -> list[Result]:
    """What each comes to, in batches of their own or in one; the books are right afterwards."""
    with closing(place.open()) as engine:
        batches = [[each] for each in commands] if apart else [commands]
        results = [result for batch in batches for result in engine.execute(batch)]
        assert audit(engine, KEY.public_key()).faults == ()
        return results


@pytest.mark.parametrize("apart", [True, False], ids=["later", "in one batch"])
class TestEitherOrder:
    """Whichever comes first stands."""

    def test_what_is_bound_is_not_buried(self, place: Place, *, apart: bool) -> None:
        done, told, again = executed(place, bound(), burial(), burial(), apart=apart)

        assert isinstance(done, Done)
        assert [isinstance(each, Stale) and each.payment.uetr for each in (told, again)] == [
            bound().payment.uetr
        ] * 2

    def test_what_was_put_down_is_not_buried(self, place: Place, *, apart: bool) -> None:
        done, told = executed(place, put_down(), burial(), apart=apart)

        assert (isinstance(done, Done), told) == (True, Conflict("item"))

    def test_what_is_buried_is_not_opened_nor_put_down(self, place: Place, *, apart: bool) -> None:
        commands = (burial(), bound(), put_down(), burial(), opened(payment(2, quote="q-2")))
        done, late, item, again, other = executed(place, *commands, apart=apart)

        assert [late, item] == [Declined(Reason.TOMBSTONED)] * 2
        assert [isinstance(each, Done) for each in (done, again, other)] == [True] * 3
