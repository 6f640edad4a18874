"""The overseer's key opens the overseer's pages and nothing else; no member's key opens them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iso20022.jws import JwsSigner
from switch.client import SigningClient
from tests.api.api_rig import DEBTOR, MEMBER

if TYPE_CHECKING:
    from tests.api.api_rig import Rig

PAYMENTS, ACCOUNTS = "/v1/oversight/payments", "/v1/oversight/accounts"


def overseer(rig: Rig) -> SigningClient:
    """The overseer's client."""
    signer = JwsSigner(rig.keys.ec_private("overseer"), "overseer")
    session, url = rig.net.session("switch"), rig.urls["switch"]
    return SigningClient(session, url, signer, rig.clock, rig.ids)


async def test_overseer_sees_every_payment_once_and_nobodys_name(rig: Rig) -> None:
    for number in range(3):
        payment = {"quote": await rig.quote(), "debtor": DEBTOR}
        await rig.client().pay(f"k{number}", payment)
    first = await overseer(rig).call("GET", f"{PAYMENTS}?after=0&limit=2")
    rest = await overseer(rig).call("GET", f"{PAYMENTS}?after={first.json()['after']}")
    accounts = await overseer(rig).call("GET", ACCOUNTS)
    listed = first.json()["payments"] + rest.json()["payments"]

    assert len(first.json()["payments"]) == 2
    assert [line["origin"] for line in listed] == [MEMBER] * 3
    assert len({line["uetr"] for line in listed}) == 3
    held = {line["account"]: line for line in accounts.json()["accounts"]}
    assert held[f"{MEMBER}/member/KHR/deferred"]["debits_posted"] == "123750"
    assert isinstance(first.json()["after"], str)
    assert rest.json()["after"] is None
    assert {line["state"] for line in listed} == {"accepted"}
    for answer in (first, rest, accounts):
        assert b"Sok Dara" not in answer.body
        assert b"sokdara" not in answer.body


async def test_keys_open_only_their_own_pages(rig: Rig) -> None:
    for path in (PAYMENTS, ACCOUNTS):
        assert (await rig.client().call("GET", path)).status == 401
        assert (await rig.send("GET", path)).status == 401
    assert (await overseer(rig).scan("x")).status == 401


@pytest.mark.parametrize("value", ["-1", "x", "1e3", "9" * 19, "9" * 30, "%D9%A1"])
async def test_bad_page_is_refused(rig: Rig, value: str) -> None:
    answer = await overseer(rig).call("GET", f"{PAYMENTS}?after={value}")

    assert answer.status in (400, 401)
    if answer.status == 400:
        assert answer.json()["path"] == "query after"
