"""Over HTTP two operators make a deposit of what came; it is spent by payments, and paid out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from switch.commands import Receive
from switch.model import Funding
from switch.store.audit import audit
from tests.api.api_rig import DEBTOR, MEMBER, Rig, configured
from tests.api.test_suspense_api import call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switch.keys import KeyFolder

POOL: Final = "ACLBKHPPXXX"
ITEM: Final = "c" * 64
ENDS: Final = ("bakong", "thailand")
WITHDRAWAL: Final = f"withdrawal/{MEMBER}/LETTER-7"
REFERENCE: Final = {"reference": "letter 7"}


@pytest.fixture
async def rig(keys: KeyFolder, tmp_path: Path) -> AsyncIterator[Rig]:
    """A switch whose members pay Thailand out of deposits."""
    config = configured()
    corridor = replace(config.corridors[ENDS], funding=Funding.PREFUNDED)
    config = replace(config, corridors=config.corridors | {ENDS: corridor})
    started = await Rig(config, keys, tmp_path).start()
    yield started
    await started.close()


async def both(rig: Rig, **asked: Any) -> int:
    """One operator proposes, another approves; the status of the approval."""
    proposed = await call(rig, "operator-1", "/proposals", {**REFERENCE, **asked})
    assert proposed.status == 201, proposed.body
    approval = {"item": asked["item"], "proposal": proposed.json()["proposal"]["id"]}
    return (await call(rig, "operator-2", "/approvals", approval)).status


async def pay(rig: Rig, key: str) -> tuple[object, str | None]:
    """What a member is told of a payment."""
    told = await rig.client().pay(key, {"quote": await rig.quote(), "debtor": DEBTOR})
    shown = told.json()
    return shown["status"], shown.get("reason")


async def test_a_deposit_is_paid_in_spent_and_paid_out(rig: Rig) -> None:
    before = await pay(rig, "order-1")
    received = Receive(ITEM, POOL, "KHR", 5_000_000, rig.clock.now(), rig.ids.salt())
    await rig.store.commit(received)
    deposited = await both(rig, item=ITEM, way="deposited", institution=MEMBER)
    after = await pay(rig, "order-2")
    account = rig.engine.account(f"{MEMBER}/member/KHR/bakong")
    assert account is not None
    rest = (account.credits_posted - account.debits_posted) // 100
    asked = {"item": WITHDRAWAL, "way": "withdrawn", "institution": POOL}
    too_much = {"currency": "KHR", "value": str(rest + 1)}
    refused = await both(rig, **{**asked, "item": f"{WITHDRAWAL}-B"}, amount=too_much)
    paid_out = await both(rig, **asked, amount={"currency": "KHR", "value": str(rest)})
    last = await pay(rig, "order-3")

    assert (before, after, last) == ((422, "AM04"), ("ACCC", None), (422, "AM04"))
    assert (deposited, refused, paid_out) == (200, 422, 200)
    assert len(await rig.book()) == 1
    assert audit(rig.engine, rig.keys.ed25519_public("journal")).faults == ()
