"""What a quote promises, kept over HTTP: one payment of a quote, consent, residue in the books."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.api.api_rig import DEBTOR, new_rig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switch.keys import KeyFolder
    from tests.api.api_rig import Rig

CALLERS = 64
RESIDUE = "BKSWKHPPXXX/residue/KHR/deferred"


@pytest.fixture
async def brief(keys: KeyFolder, tmp_path: Path) -> AsyncIterator[Rig]:
    """A switch whose quotes hold for a minute, while a merchant is known for ten."""
    rig = new_rig(keys, tmp_path)
    ends = ("bakong", "thailand")
    corridor = replace(rig.config.corridors[ends], quote_valid_s=60)
    rig.config = replace(rig.config, corridors=rig.config.corridors | {ends: corridor})
    yield await rig.start()
    await rig.close()


async def test_of_64_callers_with_one_quote_one_pays_and_the_others_are_refused_for_ever(
    rig: Rig,
) -> None:
    payment = {"quote": await rig.quote(), "debtor": DEBTOR}
    client = rig.client()

    async def paid() -> list[tuple[int, bytes]]:
        answers = await asyncio.gather(*(client.pay(f"k{n}", payment) for n in range(CALLERS)))
        return [(answer.status, answer.body) for answer in answers]

    first = await paid()
    sums = rig.sums()

    assert sorted(status for status, _ in first) == [200, *[422] * (CALLERS - 1)]
    assert all(b'"DUPL"' in body for status, body in first if status == 422)
    assert len({body for _, body in first}) == CALLERS
    assert await paid() == first
    assert rig.sums() == sums
    assert [line["status"] for line in await rig.book()] == ["booked"]


async def test_an_expired_quote_is_paid_at_todays_price_only_with_consent(brief: Rig) -> None:
    without = {"quote": await brief.quote(), "debtor": DEBTOR}
    consent = {"quote": await brief.quote(), "debtor": DEBTOR, "requote_tolerance_bp": 0}
    brief.clock.ahead = timedelta(seconds=61)
    refused = await brief.client().pay("k1", without)
    paid = await brief.client().pay("k2", consent)

    assert (refused.status, refused.json()["reason"]) == (422, "TM01")
    assert (paid.status, paid.json()["status"]) == (200, "ACCC")
    assert paid.json()["debit"] == {"currency": "KHR", "value": "41250"}
    assert (await brief.client().pay("k2", consent)).body == paid.body


async def test_what_rounding_leaves_is_in_the_books_and_not_the_providers(rig: Rig) -> None:
    """345.00 baht at 118.84 are 40,999.80 riel; the payer's 41,000 leave 0.20."""
    await rig.client().pay("k", {"quote": await rig.quote(), "debtor": DEBTOR})
    held = rig.engine.account(RESIDUE)

    assert held is not None
    assert (held.credits_posted, held.debits_posted) == (20, 0)
