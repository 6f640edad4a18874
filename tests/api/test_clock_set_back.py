"""The wall clock is set back an hour among payments: nothing is lost, half-written or paid twice.

Deadlines run on the other clock; what is a row is late by that hour at most; the journal's times
never go back, so a statement still finds everything in its place.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch.lifecycle import is_final
from switch.store.audit import audit
from tests.api.api_rig import DEBTOR

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from tests.api.api_rig import Rig

HOUR: Final = timedelta(hours=1)


async def _pay(rig: Rig, key: str, token: str) -> ClientAnswer:
    return await rig.client().pay(key, {"quote": token, "debtor": DEBTOR})


async def test_an_hour_back_costs_time_only(hasty: Rig) -> None:
    before = await hasty.quote()
    paid = await _pay(hasty, "before", before)
    await hasty.fault("pay", "hold")
    held_token, unused = await hasty.quote(), await hasty.quote()
    held = await _pay(hasty, "held", held_token)
    paying = asyncio.create_task(_pay(hasty, "among", unused))
    hasty.clock.ahead -= HOUR

    among = await paying
    assert (paid.status, held.status, among.status) == (200, 202, 200)
    # Callers' signatures, quotes and numbers go on at the time that it now is.
    after = await _pay(hasty, "after", await hasty.quote())
    assert after.json()["status"] == "ACCC"
    assert (await _pay(hasty, "before", before)).body == paid.body
    # A timer that was set before is a row, and fires when that time comes again.
    await hasty.sandbox("POST", "/control/release", {})
    hasty.clock.ahead += HOUR + timedelta(seconds=20)
    async with asyncio.timeout(10):
        while (await _pay(hasty, "held", held_token)).status == 202:  # noqa: ASYNC110  no event
            await asyncio.sleep(0.05)

    assert all(is_final(payment) for payment in hasty.engine.listed(0, 100))
    assert len(await hasty.book()) == 4
    report = audit(hasty.engine, hasty.keys.ed25519_public("journal"))
    assert report.sound, report.faults
    times = [block.at for block, _ in hasty.engine.blocks()]
    assert times == sorted(times)
