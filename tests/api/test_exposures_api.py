"""Over HTTP: at its bound a corridor says no early, and two operators open it again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
import pytest

from fx.money import Money
from switch.exposures import LOOKED_S
from switch.lifecycle import Event
from switch.store.audit import audit
from tests.api.api_rig import DEBTOR, new_rig, thai_code
from tests.api.test_casework import call as case
from tests.api.test_casework import paid
from tests.api.test_statement import command
from tests.api.test_suspense_api import call
from tests.metering.test_metering import asked, figure, read
from tests.shell.shell_rig import changed_corridor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switch.keys import KeyFolder
    from switch.model import Payment
    from tests.api.api_rig import Rig

BEARER = "BKSWKHPPXXX"
EXPOSURE, LOST = (f"{BEARER}/bearer/THB/deferred{kind}" for kind in ("/exposure", ""))
LETTER = "letter 12"


@pytest.fixture
async def narrow(keys: KeyFolder, tmp_path: Path) -> AsyncIterator[Rig]:
    """A switch whose corridor to Thailand closes at an exposure of 345 baht."""
    made = new_rig(keys, tmp_path, answer_within_ms=200)
    most = Money.parse("345.00", "THB")
    made.config = changed_corridor(made.config, ("bakong", "thailand"), exposure_max=most)
    started = await made.start()
    yield started
    await started.close()


async def exposed(rig: Rig) -> Payment:
    """A payment that was refused and carried out all the same, as two operators book it."""
    await rig.fault("pay", "refuse", reason="AC04")
    payment = await paid(rig, Event.ACCEPTED)
    booked = {"action": "book", "evidence": "their settlement file, line 3"}
    await case(rig, "operator-2", f"/{payment.uetr}/proposals", booked)
    await case(rig, "operator-1", f"/{payment.uetr}/approvals")
    return payment


def net(rig: Rig, key: str) -> int:
    account = rig.engine.account(key)
    return 0 if account is None else account.debits_posted - account.credits_posted


async def test_at_its_bound_a_corridor_is_closed_until_two_operators_end_it(narrow: Rig) -> None:
    before = await narrow.quote()
    payment = await exposed(narrow)
    narrow.clock.passed += timedelta(seconds=LOOKED_S)
    scanned = await narrow.client().scan(thai_code())
    priced = {"corridor": "bakong-thailand", "amount": {"currency": "THB", "value": "345.00"}}
    shown = await narrow.client().call("POST", "/v1/quotes", orjson.dumps(priced))
    refused = await narrow.client().pay("k1", {"quote": before, "debtor": DEBTOR})
    page = read((await asked(narrow)).body)
    (item,) = (await call(narrow, "operator-1", "")).json()["items"]
    ended = {"item": item["item"], "way": "written_off", "reference": LETTER}
    proposed = await call(narrow, "operator-1", "/proposals", ended)
    approval = {"item": item["item"], "proposal": proposed.json()["proposal"]["id"]}
    alone = await call(narrow, "operator-1", "/approvals", approval)
    closed = await call(narrow, "operator-2", "/approvals", approval)
    narrow.clock.passed += timedelta(seconds=LOOKED_S)

    assert [each.status for each in (scanned, shown)] == [422, 422]
    assert {each.json()["reason"] for each in (scanned, shown)} == {"AG01"}
    assert (refused.status, refused.json()["reason"]) == (422, "AG01")
    assert figure(page, "corridor_exposed", corridor="bakong-thailand") == 1
    assert figure(page, "corridor_exposed", corridor="thailand-bakong") == 0
    assert (item["item"], item["to_us"]) == (f"exposed/{payment.uetr}", False)
    assert (alone.status, closed.status) == (422, 200)
    assert (net(narrow, EXPOSURE), net(narrow, LOST)) == (0, payment.terms.destination.minor)
    assert await narrow.quote()
    assert audit(narrow.engine, narrow.keys.ed25519_public("journal")).faults == ()


async def test_it_came_from_its_network_or_not_at_all(narrow: Rig) -> None:
    payment = await exposed(narrow)
    ended = {"item": f"exposed/{payment.uetr}", "way": "recovered", "reference": LETTER}
    wrong = await call(narrow, "operator-1", "/proposals", {**ended, "institution": "laos"})
    right = await call(narrow, "operator-1", "/proposals", {**ended, "institution": "thailand"})
    approval = {"item": ended["item"], "proposal": right.json()["proposal"]["id"]}
    closed = await call(narrow, "operator-2", "/approvals", approval)
    _, statement = await command(narrow, EXPOSURE)

    assert (wrong.status, right.status, closed.status) == (422, 201, 200)
    assert net(narrow, EXPOSURE) == 0
    assert f"exposed/{payment.uetr}".encode() in statement
