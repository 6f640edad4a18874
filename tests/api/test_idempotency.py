"""One key, one payment, one answer: whoever repeats, hangs up or changes the content (M4)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from switch.client import sign_request
from tests.api.api_rig import DEBTOR, MEMBER, OTHER_MEMBER, thai_code

if TYPE_CHECKING:
    from tests.api.api_rig import Rig

CALLERS = 32


async def test_many_callers_with_one_key_make_one_payment_and_get_equal_answers(rig: Rig) -> None:
    payment = {"quote": await rig.quote(), "debtor": DEBTOR}

    answers = await asyncio.gather(*(rig.client().pay("order-1", payment) for _ in range(CALLERS)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert answers[0].json()["status"] == "ACCC"
    assert [line["status"] for line in await rig.book()] == ["booked"]


async def test_repeat_after_the_end_gets_the_same_bytes(rig: Rig) -> None:
    payment = {"quote": await rig.quote(), "debtor": DEBTOR}
    first = await rig.client().pay("order-1", payment)
    later = await rig.client().pay("order-1", payment)

    assert (200, first.body) == (later.status, later.body)


async def test_refusal_is_final_for_its_key(rig: Rig) -> None:
    token = await rig.quote()
    await rig.client().pay("order-1", {"quote": token, "debtor": DEBTOR})
    first = await rig.client().pay("order-2", {"quote": token, "debtor": DEBTOR})
    later = await rig.client().pay("order-2", {"quote": token, "debtor": DEBTOR})

    assert (first.status, first.json()["reason"]) == (422, "DUPL")
    assert first.body == later.body


async def test_other_content_is_a_conflict_that_names_the_field(rig: Rig) -> None:
    token = await rig.quote()
    await rig.client().pay("order-1", {"quote": token, "debtor": DEBTOR})
    changes = {
        "quote": {"quote": await rig.quote("99.00"), "debtor": DEBTOR},
        "debtor.name": {"quote": token, "debtor": DEBTOR | {"name": "Sok Dana"}},
        "debtor.account": {"quote": token, "debtor": DEBTOR | {"account": "other@abaa"}},
        "end_to_end_id": {"quote": token, "debtor": DEBTOR, "end_to_end_id": "E1"},
        "remittance": {"quote": token, "debtor": DEBTOR, "remittance": "lunch"},
    }

    for name, changed in changes.items():
        answer = await rig.client().pay("order-1", changed)
        assert (409, name) == (answer.status, answer.json()["field"])
        assert answer.json()["reason"] == "DUPL"
    assert len(await rig.book()) == 1


async def test_conflict_while_the_first_is_open_is_told_at_once(rig: Rig) -> None:
    await rig.fault("pay", "hold")
    payment = {"quote": await rig.quote(), "debtor": DEBTOR}
    first = asyncio.ensure_future(rig.client().pay("order-1", payment))
    await rig.arrived(1)

    other = await rig.client().pay("order-1", {**payment, "remittance": "x"})
    await rig.sandbox("POST", "/control/release")

    assert other.status == 409
    assert (await first).json()["status"] == "ACCC"


@pytest.mark.parametrize(
    ("signed", "sent"),
    [("order-1", ["order-2"]), (None, ["order-1"]), ("order-1", []), ("a", ["a", "b"])],
    ids=["rewritten", "added", "taken away", "second one"],
)
async def test_key_that_the_member_did_not_sign_binds_nothing(
    rig: Rig, signed: str | None, sent: list[str]
) -> None:
    payment = {"quote": await rig.quote(), "debtor": DEBTOR}
    body = orjson.dumps(payment)
    before = rig.leaves()
    headers = sign_request(
        rig.signer(),
        "POST",
        "/v1/payments",
        body,
        now=rig.clock.now(),
        jti="carried",
        idempotency_key=signed,
    )
    headers.pop("Idempotency-Key", None)
    typed = [("Content-Type", "application/json"), *headers.items()]
    carried: Any = [*typed, *(("Idempotency-Key", key) for key in sent)]

    refused = await rig.send("POST", "/v1/payments", body, carried)

    assert (refused.status, refused.json()["reason"]) == (401, "DS0B")
    assert rig.log.why() == ["other_key"]
    assert rig.leaves() == before
    assert await rig.book() == []
    assert (await rig.client().pay("order-1", payment)).status == 200


async def test_keys_of_two_members_are_different_keys(rig: Rig) -> None:
    first = await rig.client().pay("order-1", {"quote": await rig.quote(), "debtor": DEBTOR})
    scanned = await rig.client(OTHER_MEMBER).scan(thai_code())
    token = scanned.json()["quotes"][0]["quote"]
    second = await rig.client(OTHER_MEMBER).pay("order-1", {"quote": token, "debtor": DEBTOR})

    assert (first.status, second.status) == (200, 200)
    assert first.json()["uetr"] != second.json()["uetr"]


async def test_client_that_hangs_up_does_not_take_the_payment_with_it(rig: Rig) -> None:
    await rig.fault("pay", "hold")
    payment = {"quote": await rig.quote(), "debtor": DEBTOR}
    body = orjson.dumps(payment)
    headers = {"Content-Type": "application/json"} | sign_request(
        rig.signer(),
        "POST",
        "/v1/payments",
        body,
        now=rig.clock.now(),
        jti="hang-up",
        idempotency_key="order-1",
    )
    host, port = rig.urls["switch"].removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(
        ["POST /v1/payments HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *lines, "", ""]
    )
    writer.write(head.encode() + body)
    await rig.arrived(1)
    writer.transport.abort()
    await asyncio.sleep(0.1)
    await rig.sandbox("POST", "/control/release")

    answer = await rig.client().pay("order-1", payment)

    assert (answer.status, answer.json()["status"]) == (200, "ACCC")
    assert [line["status"] for line in await rig.book()] == ["booked"]


async def test_open_payment_is_answered_202_then_by_its_final_answer(hasty: Rig) -> None:
    await hasty.fault("pay", "hold")
    payment = {"quote": await hasty.quote(), "debtor": DEBTOR}
    waiting = await hasty.client().pay("order-1", payment)
    location = waiting.headers["location"]
    open_view = (await hasty.client().call("GET", location)).json()
    await hasty.sandbox("POST", "/control/release")
    final = await hasty.client().pay("order-1", payment)

    assert (
        waiting.status,
        waiting.json()["status"],
        waiting.json()["final"],
    ) == (202, "PDNG", False)
    assert location == f"/v1/payments/{waiting.json()['uetr']}"
    assert open_view == waiting.json()
    assert (final.status, final.json()["status"], final.json()["final"]) == (200, "ACCC", True)
    assert (await hasty.client().call("GET", location)).json() == final.json()


async def test_payment_of_one_member_is_not_shown_to_another(rig: Rig) -> None:
    paid = await rig.client(MEMBER).pay("order-1", {"quote": await rig.quote(), "debtor": DEBTOR})
    uetr = paid.json()["uetr"]

    assert (await rig.client(MEMBER).payment(uetr)).status == 200
    assert (await rig.client(OTHER_MEMBER).payment(uetr)).status == 404
    assert (await rig.client(MEMBER).payment("0" * 36)).status == 404


async def test_payment_leaves_nothing_personal_in_the_log(rig: Rig) -> None:
    payment = {"quote": await rig.quote(), "debtor": DEBTOR, "end_to_end_id": "E2E-77"}
    await rig.client().pay("order-secret", payment)

    logged = repr(rig.log.events)
    assert rig.log.events
    for secret in ("Sok Dara", "sokdara@abaa", "E2E-77", "order-secret", str(payment["quote"])):
        assert secret not in logged
