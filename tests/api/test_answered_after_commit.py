"""What was committed is never answered with "nothing was stored", also when it cannot be read back.

The server of the store goes away (fail-over) between a commit and the look behind it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from switch.commands import Open, Refuse
from switch.model import State
from switch.operators import (
    Approve,
    ApproveClosing,
    ApproveStep,
    Propose,
    ProposeClosing,
    ProposeStep,
)
from switch.store.postgresql_link import StoreAway
from tests.api import test_standings_api, test_suspense_api
from tests.api.test_casework import ACCEPTED, call
from tests.api.test_casework import manual as manual  # noqa: PLC0414
from tests.api.test_refused_for_good import guest, refund

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switch.commands import Command, Result
    from switch.model import Payment
    from tests.api.api_rig import Rig

READS = ("payment", "answer", "claimed", "sealed")


@contextmanager
def away_behind(rig: Rig, kind: type) -> Iterator[list[Command]]:
    """From the commit of such a command on nothing can be read."""
    store, done = rig.store, list[Any]()
    plain = store.commit
    with pytest.MonkeyPatch.context() as patch:

        async def away(*_: object) -> None:
            raise StoreAway("the server of the store does not answer")

        async def commit(command: Command) -> Result:
            result = await plain(command)
            if isinstance(command, kind):
                done.append(command)
                for name in READS:
                    patch.setattr(store.read, name, away)
            return result

        patch.setattr(store, "commit", commit)
        yield done
    assert len(done) == 1


async def test_a_refund_is_answered_and_made_once(rig: Rig) -> None:
    uetr = await guest(rig)
    with away_behind(rig, Open):
        said = await refund(rig, uetr, 1000, "r-1")
    again = await refund(rig, uetr, 1000, "r-1")

    assert (said.status, again.status) == (200, 200)
    assert said.json()["uetr"] == again.json()["uetr"]


async def test_a_refund_that_is_refused_is_answered_as_it_always_will_be(rig: Rig) -> None:
    uetr = await guest(rig)
    with away_behind(rig, Refuse):
        said = await refund(rig, uetr, 99_000_000, "r-1")
    again = await refund(rig, uetr, 99_000_000, "r-1")

    assert said.status == 422
    assert said.body == again.body


async def test_what_two_operators_decide_of_a_payment_is_told(hasty: Rig, manual: Payment) -> None:
    case = f"/{manual.uetr}"
    with away_behind(hasty, Propose):
        proposed = await call(hasty, "operator-1", f"{case}/proposals", ACCEPTED)
    seen = (await call(hasty, "operator-2", case)).json()["proposal"]["id"]
    with away_behind(hasty, Approve):
        approved = await call(hasty, "operator-2", f"{case}/approvals", {"proposal": seen})
    after = hasty.engine.payment(manual.uetr)

    assert (proposed.status, proposed.json()["state"]) == (202, "manual")
    assert (approved.status, approved.json()["state"]) == (202, "accepted")
    assert after is not None
    assert after.state is State.ACCEPTED


async def test_an_item_that_two_operators_close_is_told(rig: Rig) -> None:
    desk, item = test_suspense_api, test_suspense_api.ITEM
    await desk.put(rig)
    with away_behind(rig, ProposeClosing):
        proposed = await desk.call(rig, "operator-1", "/proposals", desk.CLOSING)
    (listed,) = (await desk.call(rig, "operator-2", f"?item={item}")).json()["items"]
    approval = {"item": item, "proposal": listed["proposal"]["id"]}
    with away_behind(rig, ApproveClosing):
        approved = await desk.call(rig, "operator-2", "/approvals", approval)

    assert [(each.status, each.json()) for each in (proposed, approved)] == [
        (202, {"stored": item})
    ] * 2
    assert desk.left(rig) == 0


async def test_a_step_that_two_operators_take_is_told(rig: Rig) -> None:
    desk, mine = test_standings_api, test_standings_api.MINE
    body = {"version": 0, "step": "suspend_new", "reference": "letter 12/2026"}
    with away_behind(rig, ProposeStep):
        proposed = await desk.call(rig, "operator-1", f"{mine}/proposals", body)
    with away_behind(rig, ApproveStep):
        approved = await desk.call(rig, "operator-2", f"{mine}/approvals", {"version": 1})
    stands = (await desk.call(rig, "operator-1", mine)).json()

    assert [(each.status, each.json()) for each in (proposed, approved)] == [
        (202, {"stored": mine.removeprefix("/")})
    ] * 2
    assert stands["state"] == "suspended_new_only"
