"""A refund or recall that is refused stays so under its key, whatever becomes of the payment."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from switch.commands import Done, Refuse
from switch.qr import Khqr, write_khqr
from switch.store.audit import audit
from switch.store.contract import StoreBusy
from tests.api.api_rig import DEBTOR, OTHER_MEMBER, SECRETS
from tests.api.test_erased import erase
from tests.api.test_messages import pacs008
from tests.api.test_recall_messages import camt056, said
from tests.api.test_repeats import RETENTION_DAYS

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from switch.commands import Command, Result
    from tests.api.api_rig import Rig

TOO_LATE = timedelta(days=400)
"""Longer than any network takes refunds for."""


@pytest.fixture
async def credited(rig: Rig) -> str:
    """The UETR of 41,000 riel that a Thai guest paid a customer of the member."""
    return await guest(rig)


async def guest(rig: Rig) -> str:
    shop = Khqr("coffee@abaa", merchant_name="Coffee", merchant_city="Phnom Penh", category="5812")
    asked = {"payload": write_khqr(shop), "amount": "41000"}
    told = await rig.sandbox("POST", "/control/pay-khqr", asked)
    assert told["status"] == "ACSC"
    uetr: str = told["uetr"]
    return uetr


async def refund(
    rig: Rig, uetr: str, riel: int, key: str = "r-1", code: str = "KHR"
) -> ClientAnswer:
    asked = {"amount": {"currency": code, "value": str(riel)}}
    path = f"/v1/payments/{uetr}/refunds"
    return await rig.client().call("POST", path, orjson.dumps(asked), idempotency_key=key)


async def recall(rig: Rig, uetr: str, key: str = "r-1", why: str = "CUST") -> ClientAnswer:
    body = orjson.dumps({"reason": why})
    path = f"/v1/payments/{uetr}/recall"
    return await rig.client().call("POST", path, body, idempotency_key=key)


def same(*answers: ClientAnswer) -> bool:
    """Whether they are one answer, byte for byte."""
    return len({(each.status, each.body) for each in answers}) == 1


def sound(rig: Rig) -> bool:
    return audit(rig.engine, rig.keys.ed25519_public("journal")).faults == ()


async def test_a_refund_that_came_too_late_stays_refused_when_it_would_be_taken(
    rig: Rig, credited: str
) -> None:
    rig.clock.ahead += TOO_LATE
    first = await refund(rig, credited, 41_000)
    rig.clock.ahead -= TOO_LATE
    again = await refund(rig, credited, 41_000)
    other = await refund(rig, credited, 40_000)
    shown = await rig.client().payment(first.json()["payment"]["uetr"])
    anew = await refund(rig, credited, 41_000, "r-2")

    assert same(first, again)
    assert (first.status, first.json()["reason"]) == (422, "TM01")
    assert first.json()["payment"]["final"] is True
    assert (other.status, other.json()["field"]) == (409, "amount")
    assert (shown.json()["status"], shown.json()["credit"]["value"]) == ("RJCT", "0.00")
    # What was refused took nothing of the payment, and no place of a refund.
    assert (anew.status, anew.json()["status"]) == (200, "ACCC")
    assert len(await rig.book()) == 2
    assert sound(rig)


@pytest.mark.parametrize("key", ["refund:k", "recall:k", "k"])
async def test_a_payment_may_have_the_key_of_a_refund_or_recall_and_more_before_it(
    rig: Rig, credited: str, key: str
) -> None:
    given = await refund(rig, credited, 1_000, "k")
    payment = {"quote": await rig.quote(), "debtor": DEBTOR}
    paid = await rig.client().pay("other", payment)
    asked = await recall(rig, paid.json()["uetr"], "k")
    second = await rig.client().pay(key, {"quote": await rig.quote(), "debtor": DEBTOR})

    assert [given.status, second.status, second.json()["status"]] == [200, 200, "ACCC"]
    assert "field" not in asked.json()
    assert len({each.json()["uetr"] for each in (given, paid, second)}) == 3


async def test_what_is_too_much_stays_too_much_after_the_refund_before_it_failed(
    hasty: Rig,
) -> None:
    uetr = await guest(hasty)
    await hasty.fault("refund", "pending")
    held = await refund(hasty, uetr, 41_000, "r-1")
    first = await refund(hasty, uetr, 1_000, "r-2")
    original = hasty.engine.payment(uetr)
    assert original is not None
    linked = await hasty.switch.linked.of(original)

    assert (held.status, first.status, first.json()["reason"]) == (202, 422, "AM02")
    assert [each.uetr for each in linked] == [held.json()["uetr"]]
    assert same(first, await refund(hasty, uetr, 1_000, "r-2"))


@pytest.mark.parametrize("riel", [41_001, 10**9])
async def test_more_than_was_paid_and_other_money_are_refused_and_the_record_is_sound(
    rig: Rig, credited: str, riel: int
) -> None:
    much = await refund(rig, credited, riel)
    baht = await refund(rig, credited, 100, "r-2", "THB")
    sums = rig.sums()
    repeats = [await refund(rig, credited, riel), await refund(rig, credited, 100, "r-2", "THB")]

    assert [each.json()["reason"] for each in (much, baht)] == ["AM02", "AM03"]
    assert [each.body for each in repeats] == [much.body, baht.body]
    assert rig.sums() == sums
    assert (await rig.book())[1:] == []
    assert sound(rig)


async def test_the_same_key_at_once_gets_one_answer(rig: Rig, credited: str) -> None:
    leaves = rig.leaves()
    answers = await asyncio.gather(*(refund(rig, credited, 50_000) for _ in range(5)))

    assert same(*answers)
    assert answers[0].status == 422
    assert rig.leaves() == leaves + 1


async def test_all_of_it_asked_for_at_once_under_one_key_is_one_refund(
    rig: Rig, credited: str
) -> None:
    """Whoever is judged after the first was committed finds too much, and that the key is taken."""
    answers = await asyncio.gather(*(refund(rig, credited, 41_000) for _ in range(5)))

    assert {each.status for each in answers} == {200}
    assert len({each.json()["uetr"] for each in answers}) == 1
    assert len(await rig.book()) == 2


async def test_what_was_committed_and_never_answered_is_the_answer_to_the_repeat(
    rig: Rig, credited: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, done = rig.store.commit, []

    async def lost(command: Command) -> Result:
        result = await commit(command)
        assert isinstance(result, Done)
        assert result.payment is not None
        done.append(result.payment.uetr)
        raise StoreBusy

    with monkeypatch.context() as patch:
        patch.setattr(rig.store, "commit", lost)
        away = await refund(rig, credited, 50_000)
    again = await refund(rig, credited, 50_000)

    assert (away.status, again.status, len(done)) == (503, 422, 1)
    assert again.json()["payment"]["uetr"] == done[0]


async def test_nothing_is_answered_before_it_is_committed(
    rig: Rig, credited: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(command: Command) -> Result:
        assert isinstance(command, Refuse)
        raise StoreBusy

    with monkeypatch.context() as patch:
        patch.setattr(rig.store, "commit", away)
        first = await refund(rig, credited, 50_000)

    assert first.status == 503
    # Nothing was bound, so the key may still be used for something else.
    assert (await refund(rig, credited, 1_000)).status == 200


async def test_after_the_retention_the_key_is_free_and_names_may_go_before(
    rig: Rig, credited: str
) -> None:
    first = await refund(rig, credited, 50_000)
    uetr = first.json()["payment"]["uetr"]
    await erase(rig, uetr)
    erased = await refund(rig, credited, 50_000)
    rig.clock.passed += timedelta(days=RETENTION_DAYS)
    forgotten = await rig.switch.retention.turn()
    anew = await refund(rig, credited, 50_000)

    assert same(first, erased)
    assert forgotten[0] == 2
    assert anew.status == 422
    assert anew.json()["payment"]["uetr"] != uetr
    assert sound(rig)


async def test_of_a_payment_whose_names_are_gone_what_was_done_stays_and_the_rest_is_refused(
    rig: Rig, credited: str
) -> None:
    part = await refund(rig, credited, 1_000)
    await erase(rig, credited)
    refused = await refund(rig, credited, 1_000, "r-2")

    assert same(part, await refund(rig, credited, 1_000))
    assert (refused.status, refused.json()["reason"]) == (422, "AG03")
    assert same(refused, await refund(rig, credited, 1_000, "r-2"))


async def test_a_recall_of_what_has_not_ended_is_asked_again_under_its_key(hasty: Rig) -> None:
    await hasty.fault("pay", "hold")
    asked = {"quote": await hasty.quote(), "debtor": DEBTOR}
    paid = await hasty.client().pay("order-1", asked)
    uetr = paid.json()["uetr"]
    early = await recall(hasty, uetr)
    by_message = await hasty.client().message(camt056(hasty, uetr))
    await hasty.sandbox("POST", "/control/release")
    await hasty.client().pay("order-1", asked)
    later = await recall(hasty, uetr)

    assert (paid.status, early.status, early.json()["reason"]) == (202, 409, "NARR")
    assert "field" not in early.json()
    assert said(by_message) == (202, "PDCR", None)
    assert (later.status, later.json()["status"]) == (200, "ACCC")


async def test_a_second_recall_stays_refused_by_json_and_by_message(rig: Rig) -> None:
    uetr = rig.ids.uetr()
    await rig.client().message(await pacs008(rig, uetr=uetr))
    await rig.fault("recall", "refuse", reason="CUST")
    await recall(rig, uetr)
    second = await recall(rig, uetr, "r-2")
    by_message = [await rig.client().message(camt056(rig, uetr, "C2")) for _ in range(2)]

    assert (second.status, second.json()["reason"]) == (422, "DUPL")
    assert same(second, await recall(rig, uetr, "r-2"))
    assert (await recall(rig, uetr, "r-2", "DUPL")).json()["field"] == "reason"
    assert [said(each) for each in by_message] == [(200, "RJCR", "NARR")] * 2
    assert sound(rig)


async def test_another_members_key_is_its_own_and_what_is_not_there_binds_nothing(
    rig: Rig, credited: str
) -> None:
    leaves = rig.leaves()
    path = f"/v1/payments/{credited}/refunds"
    body = b'{"amount": {"currency": "KHR", "value": "1000"}}'
    stranger = await rig.client(OTHER_MEMBER).call("POST", path, body, idempotency_key="r-1")
    odd = await refund(rig, credited, 0)

    assert (stranger.status, odd.status, odd.json()["reason"]) == (404, 422, "AM01")
    assert rig.leaves() == leaves
    assert (await refund(rig, credited, 1_000)).status == 200


async def test_what_was_refused_waits_for_nobody_and_names_nobody(rig: Rig, credited: str) -> None:
    refused = await refund(rig, credited, 50_000)
    found: Any = rig.engine.payment(refused.json()["payment"]["uetr"])

    assert (found.original, found.next_at, found.version) == (credited, None, 1)
    assert not any(secret.encode() in refused.body for secret in SECRETS)
    assert [fields["reason"] for event, fields in rig.log.events if event == "linked_refused"] == [
        "AM02"
    ]
