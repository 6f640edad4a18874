"""Checks that only commit 1 can make: the refusal is bound to its key, and no money has moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from switch.api.shapes import Problem
from tests.api.api_rig import DEBTOR, new_rig

if TYPE_CHECKING:
    from pathlib import Path

    from switch.keys import KeyFolder
    from tests.api.api_rig import Rig


async def test_expired_quote_is_refused_for_ever(rig: Rig) -> None:
    payment = {"quote": await rig.quote(), "debtor": DEBTOR}
    rig.clock.ahead = timedelta(seconds=601)
    first = await rig.client().pay("k", payment)
    again = await rig.client().pay("k", payment)
    shown = Problem.model_validate(first.json()).payment

    assert (first.status, first.json()["reason"]) == (422, "TM01")
    assert first.body == again.body
    assert shown is not None
    assert (shown.status, shown.final) == ("RJCT", True)
    assert rig.sums() == []
    assert await rig.book() == []


async def test_quote_used_twice_pays_once(rig: Rig) -> None:
    payment = {"quote": await rig.quote(), "debtor": DEBTOR}
    paid = await rig.client().pay("k1", payment)
    sums = rig.sums()
    second = await rig.client().pay("k2", payment)

    assert paid.status == 200
    assert (second.status, second.json()["reason"]) == (422, "DUPL")
    assert rig.sums() == sums
    assert len(await rig.book()) == 1


async def test_cap_of_the_member_holds(keys: KeyFolder, tmp_path: Path) -> None:
    rig = new_rig(keys, tmp_path)
    caps = tuple(
        replace(account, net_debit_max=1_000_00) if "ABAA" in account.key else account
        for account in rig.config.caps
    )
    rig.config = replace(rig.config, caps=caps)
    await rig.start()
    answer = await rig.client().pay("k", {"quote": await rig.quote(), "debtor": DEBTOR})
    sums, book = rig.sums(), await rig.book()
    await rig.close()

    assert (answer.status, answer.json()["reason"]) == (422, "AM04")
    assert sums == []
    assert book == []


async def test_full_house_is_a_503_that_binds_nothing(keys: KeyFolder, tmp_path: Path) -> None:
    rig = new_rig(keys, tmp_path)
    one = rig.config.payments.model_copy(update={"in_flight_max": 1})
    rig.config = replace(rig.config, payments=one)
    await rig.start()
    payment = {"quote": await rig.quote(), "debtor": DEBTOR}
    before = rig.leaves()
    with rig.switch.payments.flights.room("thailand"):
        busy = await rig.client().pay("k", payment)
        bound = rig.leaves() - before
    later = await rig.client().pay("k", payment)
    await rig.close()

    assert (busy.status, busy.headers["retry-after"], bound) == (503, "1", 0)
    assert later.status == 200
