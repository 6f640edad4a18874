"""A guest of the Thai sandbox pays a KHQR merchant: both writers of messages meet both readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.reasons import Reason

if TYPE_CHECKING:
    from tests.adapters.thailand.thailand_link import Link


async def test_a_guest_pays_a_khqr_merchant(link: Link) -> None:
    told = await link.control("/control/pay-khqr", payload="KHQR", amount="41000", repeat=3)
    uetr = str(told["uetr"])
    entry = await link.entry(uetr)

    assert (told["status"], told["reason"]) == ("ACSC", None)
    assert (told["amount"], told["currency"]) == ("346.87", "THB")
    assert told["answers"] == [{"http": 200, "status": "ACSC", "reason": None}] * 3
    assert entry is not None
    assert (entry["direction"], entry["amount"], entry["status"]) == ("inbound", "346.87", "booked")
    assert link.switch.credited[uetr].quote_token == "token"


async def test_a_guest_whose_answer_is_lost_enquires(link: Link) -> None:
    link.switch.silent = True
    told = await link.control("/control/pay-khqr", payload="KHQR")
    pending = await link.entry(str(told["uetr"]))
    await link.control("/control/release")
    still = await link.entry(str(told["uetr"]))
    asked = await link.control("/control/enquire", uetr=told["uetr"])
    booked = await link.entry(str(told["uetr"]))

    assert told["status"] is None
    assert pending is not None
    assert still is not None
    assert booked is not None
    assert [pending["status"], still["status"], booked["status"]] == [
        "pending",
        "pending",
        "booked",
    ]
    assert asked["status"] == "ACSC"


async def test_a_guest_is_refused_and_a_payment_never_seen_ends_refused(link: Link) -> None:
    link.switch.reason = Reason.QR_EXPIRED
    refused = await link.control("/control/pay-khqr", payload="KHQR")
    link.switch.reason = None
    link.switch.silent = True
    told = await link.control("/control/pay-khqr", payload="KHQR")
    link.switch.credited.clear()
    asked = await link.control("/control/enquire", uetr=told["uetr"])
    entry = await link.entry(str(told["uetr"]))

    assert (refused["status"], refused["reason"], refused["uetr"]) == ("RJCT", "DS24", None)
    assert (asked["status"], asked["reason"]) == ("RJCT", "NSEEN")
    assert entry is not None
    assert (entry["status"], entry["reason"]) == ("refused", "NSEEN")


async def test_an_old_acceptance_reaches_the_switch_as_such(link: Link) -> None:
    told = await link.control("/control/pay-khqr", payload="KHQR", age_ms=400_000)
    got = link.switch.credited[str(told["uetr"])]

    assert (link.clock.now() - got.accepted_at).total_seconds() > 399


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/control/pay-khqr", {}),
        ("/control/pay-khqr", {"payload": "KHQR", "repeat": 0}),
        ("/control/pay-khqr", {"payload": "KHQR", "amount": "1.5"}),
        ("/control/enquire", {"uetr": "nobody's"}),
        ("/control/enquire", {}),
    ],
)
async def test_bad_control_requests_are_refused(
    link: Link, path: str, body: dict[str, object]
) -> None:
    assert "error" in await link.control(path, **body)
