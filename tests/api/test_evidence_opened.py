"""Evidence can be read by whoever approves: on purpose, and the log says who, never what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch import evidence
from switch.dispatch import Happened
from switch.lifecycle import Event
from tests.api.api_rig import MEMBER
from tests.api.test_casework import ACCEPTED, REFUSED, call, manual, paid
from tests.api.test_erased import erase

if TYPE_CHECKING:
    from switch.model import Payment
    from tests.api.api_rig import Rig

__all__ = ["manual"]

CONTRADICTION = b"<FIToFIPmtStsRpt>RJCT of Sok Dara</FIToFIPmtStsRpt>"


async def opened(hasty: Rig, payment: Payment, after: str = "0", kid: str = "operator-2") -> Any:
    """What an operator is shown."""
    answer = await call(hasty, kid, f"/{payment.uetr}/evidence?after={after}")
    assert answer.status == 200, answer.body
    return answer.json()


async def contradicted(hasty: Rig, payment: Payment, message: bytes) -> None:
    """Its network says something else than before, in a message."""
    held = await hasty.switch.dispatch.open(payment.uetr)
    now = hasty.engine.payment(payment.uetr)
    assert now is not None
    await hasty.switch.dispatch.conclude(now, held, Happened(Event.REFUSED, evidence=message))


async def test_both_messages_of_a_dispute_can_be_read(hasty: Rig) -> None:
    payment = await paid(hasty)
    await contradicted(hasty, payment, CONTRADICTION)
    shown = await opened(hasty, payment)

    first, second = shown["messages"]
    assert "ACSP" in first["text"] or "ACCC" in first["text"] or "ACSC" in first["text"]
    assert second["text"].encode() == CONTRADICTION
    assert first["at"] <= second["at"]
    assert [(each["operation"], payment.uetr in each["text"]) for each in shown["sent"]] == [
        ("pay", True)
    ]
    assert (shown["unreadable"], shown["after"]) == (None, None)


async def test_who_approves_reads_what_was_proposed_and_why(hasty: Rig, manual: Payment) -> None:
    case = f"/{manual.uetr}"
    first = (await call(hasty, "operator-1", f"{case}/proposals", ACCEPTED)).json()["proposal"]
    instead = {**REFUSED, "instead_of": first["id"]}
    await call(hasty, "operator-1", f"{case}/proposals", instead)
    seen = (await call(hasty, "operator-2", case)).json()["proposal"]
    proposals = (await opened(hasty, manual))["proposals"]

    assert seen["evidence"] == REFUSED["evidence"]
    assert [each["said"]["evidence"] for each in proposals] == [
        ACCEPTED["evidence"],
        REFUSED["evidence"],
    ]
    assert [each["id"] for each in proposals] == [first["id"], seen["id"]]
    await call(hasty, "operator-2", f"{case}/approvals")
    assert (await opened(hasty, manual))["proposals"] == proposals


async def test_the_log_says_who_looked_and_not_at_what(hasty: Rig) -> None:
    payment = await paid(hasty)
    await contradicted(hasty, payment, CONTRADICTION)
    await opened(hasty, payment)

    looked = [line for line in hasty.log.events if line[0] == "evidence_opened"]
    assert [fields for _, fields in looked] == [{"uetr": payment.uetr, "operator": "operator-2"}]
    assert "Sok Dara" not in repr(hasty.log.events)


async def test_it_opens_for_operators_alone(hasty: Rig) -> None:
    payment = await paid(hasty)
    asked = [await call(hasty, kid, f"/{payment.uetr}/evidence") for kid in (MEMBER, "overseer")]
    nothing = await call(hasty, "operator-1", f"/{hasty.ids.uetr()}/evidence")
    wrong = await call(hasty, "operator-1", f"/{payment.uetr}/evidence?after=x")

    assert [each.status for each in (*asked, nothing, wrong)] == [401, 401, 404, 400]


async def test_what_was_erased_says_so(hasty: Rig) -> None:
    payment = await paid(hasty)
    await erase(hasty, payment.uetr)
    shown = await opened(hasty, payment)

    assert shown["unreadable"]["cause"] == "request"
    assert shown["unreadable"]["at"] is not None
    assert (shown["messages"], shown["sent"], shown["proposals"]) == ([], [], [])


@pytest.mark.parametrize("text", [b"\xff\x00<bytes>", "ខ្មែរ".encode()])
async def test_what_is_no_text_is_written_out(hasty: Rig, text: bytes) -> None:
    payment = await paid(hasty)
    await contradicted(hasty, payment, text)
    shown = (await opened(hasty, payment))["messages"][-1]["text"]

    assert shown == text.decode("utf-8", "backslashreplace")


async def test_many_messages_come_in_pages_none_twice(
    hasty: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = await paid(hasty)
    await contradicted(hasty, payment, CONTRADICTION)
    whole = (await opened(hasty, payment))["messages"]
    monkeypatch.setattr(evidence, "MESSAGES_MAX", 1)
    first = await opened(hasty, payment)
    second = await opened(hasty, payment, first["after"])

    assert [*first["messages"], *second["messages"]] == whole
    assert (len(whole), second["after"], second["sent"]) == (2, None, [])
