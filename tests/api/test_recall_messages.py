"""A member asks for a payment back in ISO 20022: camt.056 in, camt.029 out, signed; and in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from iso20022 import build, read
from switch.store.audit import audit
from tests.api.api_rig import DEBTOR, OTHER_MEMBER
from tests.api.test_messages import HEAD, header, pacs008

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from tests.api.api_rig import Rig

RECALL, RESOLUTION = "camt.056.001.11", "camt.029.001.13"


def camt056(rig: Rig, uetr: str, message_id: str = "C1", reason: str = "DUPL") -> bytes:
    """A member's recall of its payment."""
    values: dict[str, Any] = {
        "message_id": message_id,
        "created_at": rig.clock.now(),
        "assigner_agent": "ABAAKHPPXXX",
        "assignee_agent": "BKSWKHPPXXX",
        "case_id": "CASE-1",
        "case_creator": "ABAAKHPPXXX",
        "cancellation_id": "CXL-1",
        "original_message_id": "M1",
        "original_message_name": "pacs.008.001.13",
        "original_uetr": uetr,
        "reason": reason,
    }
    return build(RECALL, values, header_name=HEAD, header=header(rig, RECALL, message_id))


def said(answer: ClientAnswer) -> tuple[int, object, object]:
    """HTTP status, answer and reason of a camt.029."""
    values = read(answer.body, names=(RESOLUTION,), header=True).values
    assert values["case_id"] == "CASE-1"
    return answer.status, values["status"], values.get("reason")


@pytest.fixture
async def paid(rig: Rig) -> str:
    """The UETR of a payment that was accepted."""
    uetr = rig.ids.uetr()
    answer = await rig.client().message(await pacs008(rig, uetr=uetr))
    assert answer.status == 200
    return uetr


async def test_a_recall_that_is_agreed_to_says_so_and_the_money_comes_back(
    rig: Rig, paid: str
) -> None:
    first = await rig.client().message(camt056(rig, paid))
    again = await rig.client().message(camt056(rig, paid))
    await rig.clock.sleep(1)

    assert (said(first), said(again)) == ((200, "CNCL", None), (200, "CNCL", None))
    assert len([line for line in await rig.book() if line["direction"] == "inbound"]) == 1
    assert audit(rig.engine, rig.keys.ed25519_public("journal")).faults == ()


async def test_a_recall_that_is_refused_says_why(rig: Rig, paid: str) -> None:
    await rig.fault("recall", "refuse", reason="AC04")
    first = await rig.client().message(camt056(rig, paid))
    other = await rig.client().message(camt056(rig, paid, "C2"))

    assert said(first) == (200, "RJCR", "AC04")
    # There is one recall of a payment: the second is refused for good, under its own key.
    assert said(other) == (200, "RJCR", "NARR")


async def test_what_nobody_has_decided_is_not_yet(hasty: Rig) -> None:
    uetr = hasty.ids.uetr()
    await hasty.client().message(await pacs008(hasty, uetr=uetr))
    await hasty.fault("recall", "pending")
    first = await hasty.client().message(camt056(hasty, uetr))

    assert said(first) == (202, "PDCR", None)


async def test_a_recall_of_what_this_member_never_paid_is_refused_for_good(
    rig: Rig, paid: str
) -> None:
    never = rig.ids.uetr()
    unknown = await rig.client().message(camt056(rig, never))
    late = await rig.client().message(await pacs008(rig, "M2", uetr=never))

    assert said(unknown) == (422, "RJCR", "NOOR")
    assert late.status == 200
    assert b">RJCT<" in late.body
    assert len(await rig.book()) == 1
    assert paid != never


async def test_the_same_message_with_another_reason_is_refused(rig: Rig, paid: str) -> None:
    await rig.client().message(camt056(rig, paid))
    other = await rig.client().message(camt056(rig, paid, reason="FRAD"))

    assert said(other) == (422, "RJCR", "NARR")


async def test_in_json_another_member_finds_no_such_payment(rig: Rig, paid: str) -> None:
    path = f"/v1/payments/{paid}/recall"
    stranger = await rig.client(OTHER_MEMBER).call("POST", path, b"{}", idempotency_key="r-1")
    own = await rig.client().call("POST", path, b'{"reason": "CUST"}', idempotency_key="r-1")
    odd = await rig.client().call("POST", path, b'{"reason": "NONE"}', idempotency_key="r-2")

    assert (stranger.status, own.status, odd.status) == (404, 200, 400)
    assert own.json()["status"] == "ACCC"
    assert DEBTOR["name"].encode() not in own.body


async def test_in_json_the_same_key_with_another_reason_is_a_conflict(rig: Rig, paid: str) -> None:
    path = f"/v1/payments/{paid}/recall"
    bodies = [orjson.dumps({"reason": why}) for why in ("CUST", "DUPL")]
    answers = [await rig.client().call("POST", path, b, idempotency_key="r-1") for b in bodies]

    assert [each.status for each in answers] == [200, 409]
    assert answers[1].json()["field"] == "reason"
