"""Members choose the UETR of a pacs.008; none stands where a refund or recall will stand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switch.inbound_port import derived_uetr, is_own, own_uetr
from switch.parts import linked_places, linked_uetr, recall_uetr
from switch.runtime.entropy import SeededEntropy, uuid_of
from tests.api.test_messages import pacs008, status
from tests.api.test_refused_for_good import guest, refund

if TYPE_CHECKING:
    from tests.api.api_rig import Rig


@pytest.mark.parametrize("place", [1, 2])
async def test_a_payment_in_the_place_of_a_refund_is_refused_and_the_refund_is_made(
    rig: Rig, place: int
) -> None:
    original = await guest(rig)
    taken = linked_uetr(original, place)
    paid = await rig.client().message(await pacs008(rig, "PLACE", uetr=taken))
    back = [await refund(rig, original, 1_000, key) for key in ("r-1", "r-2")]

    assert status(paid)[1:] == ("RJCT", "DUPL")
    assert [each.status for each in back] == [200, 200]
    assert back[place - 1].json()["uetr"] == taken


async def test_a_payment_in_the_place_of_a_recall_is_refused_and_the_recall_is_agreed_to(
    rig: Rig,
) -> None:
    original = await guest(rig)
    await rig.sandbox("POST", "/control/ask-back", {"uetr": original})
    paid = await rig.client().message(await pacs008(rig, "PLACE", uetr=linked_uetr(original, 1)))
    path = f"/v1/payments/{recall_uetr(original, 1)}/recall-answer"
    agreed = await rig.client().call("POST", path, b'{"agreed": true}')
    for _ in range(100):
        recalled = await rig.client().payment(recall_uetr(original, 1))
        if recalled.json()["final"]:
            break
        await asyncio.sleep(0.1)

    assert status(paid)[1:] == ("RJCT", "DUPL")
    assert agreed.status in (200, 202)
    assert recalled.json()["status"] == "ACCC"
    assert rig.crashes == []


def test_what_is_ours_is_told_from_whatever_others_draw_or_name() -> None:
    entropy = SeededEntropy("others")
    original = uuid_of(entropy.bytes(16))
    drawn = [uuid_of(entropy.bytes(16)) for _ in range(10_000)]
    named = [derived_uetr("vietnam", str(number)) for number in range(10_000)]
    ours = linked_places(original)

    assert not any(is_own(each) for each in (*drawn, *named, original, ""))
    assert all(is_own(each) for each in (*ours, recall_uetr(original, 1), own_uetr("x", "")))
    assert len(set(ours)) == len(ours)
