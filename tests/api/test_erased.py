"""Over HTTP an erased payment still answers: its outcome to whoever asks, names to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.vault_keeper import keeper_of
from tests.api.api_rig import DEBTOR, MEMBER
from tests.api.test_messages import opened, pacs008, pacs028, status

if TYPE_CHECKING:
    from tests.api.api_rig import Rig


async def erase(rig: Rig, uetr: str) -> None:
    """Erase a payment that has ended."""
    switch = rig.switch
    keeper = keeper_of(
        switch.config.retention.personal_days, switch._seams, switch._vault, switch._ids
    )
    assert await keeper.erase(uetr, "request")


async def test_a_json_repeat_gets_the_same_bytes(rig: Rig) -> None:
    body = {"quote": await rig.quote(), "debtor": DEBTOR}
    key = rig.ids.uuid()
    first = await rig.client().pay(key, body)
    await erase(rig, first.json()["uetr"])
    again = await rig.client().pay(key, body)

    assert (again.status, again.body) == (first.status, first.body)
    assert (await rig.client().payment(first.json()["uetr"])).json()["status"] == "ACCC"
    assert len(await rig.book()) == 1


async def test_a_repeated_message_gets_its_outcome_about_what_it_says_itself(rig: Rig) -> None:
    uetr = rig.ids.uetr()
    message = await pacs008(rig, uetr=uetr)
    first = await rig.client().message(message)
    stored = await rig.client().message(message)
    await erase(rig, uetr)
    again = await rig.client().message(message)

    assert stored.body == first.body
    assert again.body != first.body
    assert status(again) == status(first) == (200, "ACCC", None)
    assert opened(again).values["original_uetr"] == uetr
    assert opened(again).values["original_message_id"] == "M1"
    assert len(await rig.book()) == 1


async def test_a_refused_message_stays_refused_with_its_reason(rig: Rig) -> None:
    uetr = rig.ids.uetr()
    await rig.fault("pay", "refuse", reason="AC06")
    message = await pacs008(rig, uetr=uetr)
    first = await rig.client().message(message)
    await erase(rig, uetr)

    assert status(await rig.client().message(message)) == status(first)
    assert status(first)[1:] == ("RJCT", "AC06")


async def test_an_enquiry_by_message_is_answered(rig: Rig) -> None:
    uetr = rig.ids.uetr()
    await rig.client().message(await pacs008(rig, uetr=uetr))
    await erase(rig, uetr)

    assert status(await rig.client().message(pacs028(rig, uetr)))[1] == "ACCC"


async def test_the_stored_answer_of_a_message_is_sealed_and_that_of_json_names_nobody(
    rig: Rig,
) -> None:
    uetr = rig.ids.uetr()
    await rig.client().message(await pacs008(rig, uetr=uetr))
    body = {"quote": await rig.quote(), "debtor": DEBTOR, "end_to_end_id": "E2E-2"}
    paid = await rig.client(MEMBER).pay(rig.ids.uuid(), body)
    read = rig.store.read
    sealed, plain = await read.answer(uetr), await read.answer(paid.json()["uetr"])

    assert sealed is not None
    assert sealed.sealed
    assert uetr.encode() not in sealed.body
    assert plain is not None
    assert (plain.sealed, plain.body) == (False, paid.body)
    assert b"E2E-2" not in plain.body
