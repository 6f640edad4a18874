"""The operators' queue: two pairs of eyes end what nothing else ends; refunds over HTTP."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from iso20022.jws import JwsSigner
from switch.app import SERVED_AS
from switch.client import SigningClient
from switch.dispatch import Happened
from switch.lifecycle import Event
from switch.model import EPOCH, State
from switch.proposals import PROPOSALS_A_DAY
from switch.reasons import Reason
from switch.store.audit import audit
from tests.api.api_rig import DEBTOR, MEMBER

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from switch.model import Payment
    from tests.api.api_rig import Rig

QUEUE = "/v1/operations/payments"
ACCEPTED = {"action": "accepted", "evidence": "settlement file of 21 November, line 17"}
REFUSED = {"action": "refused", "reason": "AC04", "evidence": "call with the duty officer"}


async def call(hasty: Rig, kid: str, step: str, body: dict[str, Any] | None = None) -> ClientAnswer:
    """What whoever signs as ``kid`` is answered; an approval is of what they see proposed."""
    name = f"member-{kid}" if kid == MEMBER else kid
    signer = JwsSigner(hasty.keys.ec_private(name), kid)
    session, url = hasty.net.session(SERVED_AS), hasty.net.url(SERVED_AS)
    client = SigningClient(session, url, signer, hasty.clock, hasty.ids)
    if step.endswith("approvals") and body is None:
        body = {"proposal": await seen(client, step.removesuffix("/approvals"))}
    content = b"" if body is None else orjson.dumps(body)
    method = "POST" if body is not None else "GET"
    return await client.call(method, QUEUE + step, content)


async def seen(client: SigningClient, case: str) -> str:
    """The id of what is proposed; of nothing where nothing is."""
    proposal = (await client.call("GET", QUEUE + case, b"")).json()["proposal"]
    return "0" * 64 if proposal is None else str(proposal["id"])


async def paid(hasty: Rig, *events: Event) -> Payment:
    """An outbound payment, and what then became of it."""
    body = {"quote": await hasty.quote(), "debtor": DEBTOR}
    answer = await hasty.client().call(
        "POST", "/v1/payments", orjson.dumps(body), idempotency_key="casework"
    )
    payment = await first_heard_of(hasty, answer.json()["uetr"])
    for event in events:
        payment = await told(hasty, payment, event)
    return payment


async def first_heard_of(hasty: Rig, uetr: str) -> Payment:
    """A payment once its network has answered, or has not: until then nobody else ends it."""
    payment = hasty.engine.payment(uetr)
    assert payment is not None
    for _ in range(1_000):
        if payment.state is not State.SENDING:
            break
        await asyncio.sleep(0.01)
        payment = hasty.engine.payment(uetr) or payment
    return payment


async def told(hasty: Rig, payment: Payment, event: Event) -> Payment:
    """Its network says how a payment ended."""
    opened = await hasty.switch.dispatch.open(payment.uetr)
    reason = Reason.ACCOUNT_CLOSED if event is Event.REFUSED else None
    now = hasty.engine.payment(payment.uetr)
    assert now is not None
    return await hasty.switch.dispatch.conclude(now, opened, Happened(event, reason))


@pytest.fixture
async def manual(hasty: Rig) -> Payment:
    """A payment that was left to people."""
    await hasty.fault("pay", "pending")
    payment = await paid(hasty, Event.SPENT)
    assert payment.state is State.MANUAL
    return payment


async def test_the_queue_is_shown_by_amount_and_a_mistyped_name_is_told(
    hasty: Rig, manual: Payment
) -> None:
    shown = (await call(hasty, "operator-1", "?order=amount&network=thailand&currency=KHR")).json()
    none = (await call(hasty, "operator-1", "?order=amount&currency=USD")).json()
    wrong = [
        await call(hasty, "operator-1", f"?{query}")
        for query in ("order=size", "network=tailand", "currency=KRH")
    ]

    assert [each["uetr"] for each in shown["payments"]] == [manual.uetr]
    debit = shown["payments"][0]["debit"]
    total = {"state": "manual", "currency": "KHR", "count": 1, "amount": debit}
    assert (shown["totals"], shown["after"]) == ([total], None)
    assert (none["payments"], none["totals"]) == ([], [])
    assert [(each.status, each.json()["reason"]) for each in wrong] == [(400, "FF01")] * 3


async def test_two_operators_end_a_payment_that_was_left_to_people(
    hasty: Rig, manual: Payment
) -> None:
    (listed,) = (await call(hasty, "operator-1", "")).json()["payments"]
    proposed = await call(hasty, "operator-1", f"/{manual.uetr}/proposals", ACCEPTED)
    assert hasty.engine.payment(manual.uetr) == manual
    approved = await call(hasty, "operator-2", f"/{manual.uetr}/approvals")
    after = hasty.engine.payment(manual.uetr)

    assert (listed["state"], listed["actions"]) == ("manual", ["accepted", "refused"])
    assert (proposed.status, proposed.json()["proposal"]["operator"]) == (201, "operator-1")
    assert (approved.status, approved.json()["state"]) == (200, "accepted")
    assert after is not None
    assert after.state is State.ACCEPTED
    assert audit(hasty.engine, hasty.keys.ed25519_public("journal")).faults == ()
    shown = (await hasty.client().call("GET", f"/v1/payments/{manual.uetr}")).json()
    assert (shown["status"], shown["final"]) == ("ACCC", True)


async def test_a_refusal_has_its_reason_and_releases_the_money(hasty: Rig, manual: Payment) -> None:
    unsaid = {"action": "refused", "evidence": "none"}
    without = await call(hasty, "operator-1", f"/{manual.uetr}/proposals", unsaid)
    await call(hasty, "operator-1", f"/{manual.uetr}/proposals", REFUSED)
    approved = await call(hasty, "operator-2", f"/{manual.uetr}/approvals")

    assert (without.status, approved.json()["status"]) == (422, "RJCT")
    assert approved.json()["reason"] == "AC04"
    assert all(row[2:] == (0, 0) for row in hasty.sums())


@pytest.mark.parametrize("code", ["AC1", "ac04", "ZZZZ", "", "TS01"])
async def test_a_reason_that_does_not_exist_is_not_another_one(
    hasty: Rig, manual: Payment, code: str
) -> None:
    mistyped = REFUSED | {"reason": code}
    refused = await call(hasty, "operator-1", f"/{manual.uetr}/proposals", mistyped)
    nothing = (await call(hasty, "operator-2", f"/{manual.uetr}")).json()["proposal"]
    proposed = await call(hasty, "operator-1", f"/{manual.uetr}/proposals", REFUSED)

    assert (refused.status, refused.json()["reason"], nothing) == (422, "CH16", None)
    assert refused.json()["title"] == "There is no such reason code; write it as AC04."
    assert proposed.json()["proposal"]["reason"] == "AC04"


async def test_nobody_approves_what_they_proposed(hasty: Rig, manual: Payment) -> None:
    await call(hasty, "operator-1", f"/{manual.uetr}/proposals", ACCEPTED)
    approved = await call(hasty, "operator-1", f"/{manual.uetr}/approvals")

    assert (approved.status, hasty.engine.payment(manual.uetr)) == (422, manual)


async def test_an_approval_of_nothing_and_a_second_proposal_change_nothing(
    hasty: Rig, manual: Payment
) -> None:
    nothing = await call(hasty, "operator-2", f"/{manual.uetr}/approvals")
    await call(hasty, "operator-1", f"/{manual.uetr}/proposals", ACCEPTED)
    second = await call(hasty, "operator-2", f"/{manual.uetr}/proposals", REFUSED)

    assert (nothing.status, second.status) == (404, 409)
    assert nothing.json()["title"].endswith("or nothing is proposed for it as it stands.")


async def test_an_approval_carries_out_what_its_operator_saw_and_nothing_else(
    hasty: Rig, manual: Payment
) -> None:
    case = f"/{manual.uetr}"
    first = (await call(hasty, "operator-1", f"{case}/proposals", ACCEPTED)).json()["proposal"]
    instead = {**REFUSED, "instead_of": first["id"]}
    second = (await call(hasty, "operator-1", f"{case}/proposals", instead)).json()["proposal"]
    blind = await call(hasty, "operator-2", f"{case}/approvals", {"proposal": first["id"]})
    stood = hasty.engine.payment(manual.uetr)
    done = await call(hasty, "operator-2", f"{case}/approvals", {"proposal": second["id"]})

    assert (blind.status, blind.json()["detail"]) == (409, Reason.PROPOSAL_CHANGED.sentence)
    assert stood == manual
    assert (done.status, done.json()["state"]) == (200, "refused")
    assert audit(hasty.engine, hasty.keys.ed25519_public("journal")).faults == ()


async def test_one_operator_alone_shuts_no_case(hasty: Rig, manual: Payment) -> None:
    case, standing = f"/{manual.uetr}/proposals", ""
    for number in range(PROPOSALS_A_DAY):
        said = {**ACCEPTED, "evidence": f"line {number}"}
        said |= {"instead_of": standing} if standing else {}
        made = await call(hasty, "operator-1", case, said)
        standing = made.json()["proposal"]["id"]
    spent = await call(hasty, "operator-1", case, {**ACCEPTED, "instead_of": standing})
    other = await call(hasty, "operator-2", case, {**REFUSED, "instead_of": standing})
    await call(hasty, "operator-1", f"/{manual.uetr}/approvals")
    after = hasty.engine.payment(manual.uetr)

    assert (spent.status, spent.json()["detail"]) == (422, Reason.PROPOSALS_SPENT.sentence)
    assert other.status == 201
    assert after is not None
    assert after.state is State.REFUSED
    assert audit(hasty.engine, hasty.keys.ed25519_public("journal")).faults == ()


async def test_a_payment_that_ended_by_itself_is_left_as_it_is(hasty: Rig, manual: Payment) -> None:
    await call(hasty, "operator-1", f"/{manual.uetr}/proposals", REFUSED)
    opened = await hasty.switch.dispatch.open(manual.uetr)
    await hasty.switch.dispatch.conclude(manual, opened, Happened(Event.ACCEPTED))
    approved = await call(hasty, "operator-2", f"/{manual.uetr}/approvals")
    after = hasty.engine.payment(manual.uetr)

    assert approved.status == 404
    assert after is not None
    assert after.state is State.ACCEPTED


async def test_an_open_payment_that_needs_nobody_cannot_be_ended(hasty: Rig) -> None:
    payment = await paid(hasty)
    proposed = await call(hasty, "operator-1", f"/{payment.uetr}/proposals", REFUSED)

    assert (proposed.status, payment.state) == (422, State.ACCEPTED)


async def test_a_dispute_is_upheld_and_its_answer_stays(hasty: Rig) -> None:
    payment = await paid(hasty, Event.REFUSED)
    assert payment.disputed
    before = hasty.sums()
    (listed,) = (await call(hasty, "operator-1", "")).json()["payments"]
    upheld = {"action": "uphold", "evidence": "their message was about another payment"}
    await call(hasty, "operator-1", f"/{payment.uetr}/proposals", upheld)
    approved = (await call(hasty, "operator-2", f"/{payment.uetr}/approvals")).json()

    assert (listed["disputed"], listed["actions"]) == (True, ["uphold", "unbook"])
    assert (approved["status"], approved["disputed"]) == ("ACCC", False)
    assert hasty.sums() == before
    assert audit(hasty.engine, hasty.keys.ed25519_public("journal")).faults == ()


async def test_what_was_not_carried_out_after_all_is_taken_back_once_by_two(hasty: Rig) -> None:
    payment = await paid(hasty, Event.REFUSED)
    case = f"/{payment.uetr}"
    said = {"action": "unbook", "evidence": "their statement lacks it; letter of 22 November"}
    await call(hasty, "operator-1", f"{case}/proposals", said)
    alone = await call(hasty, "operator-1", f"{case}/approvals")
    booked = member_lines(hasty, payment)
    approved = (await call(hasty, "operator-2", f"{case}/approvals")).json()
    shown = (await hasty.client().call("GET", f"/v1/payments/{payment.uetr}")).json()
    again = await told(hasty, payment, Event.REFUSED)
    twice = await call(hasty, "operator-1", f"{case}/proposals", said)

    assert (alone.status, twice.status) == (422, 422)
    assert (approved["status"], approved["disputed"]) == ("ACCC", False)
    assert (shown["status"], shown["final"], again.disputed) == ("ACCC", True, False)
    debit = payment.terms.debit.minor
    assert booked[-1] == ("debit", debit)
    assert member_lines(hasty, payment) == [*booked, ("credit", debit)]
    assert all(row[0] == row[1] and row[2:] == (0, 0) for row in hasty.sums())
    assert audit(hasty.engine, hasty.keys.ed25519_public("journal")).faults == ()


async def test_what_was_taken_back_and_is_told_as_paid_after_all_is_booked_again(
    hasty: Rig,
) -> None:
    payment = await paid(hasty, Event.REFUSED)
    before = member_lines(hasty, payment)
    for action in ("unbook", "book"):
        said = {"action": action, "evidence": "their duty officer"}
        await call(hasty, "operator-1", f"/{payment.uetr}/proposals", said)
        await call(hasty, "operator-2", f"/{payment.uetr}/approvals")
        after = await told(hasty, payment, Event.ACCEPTED)

    debit = payment.terms.debit.minor
    assert member_lines(hasty, payment) == [*before, ("credit", debit), ("debit", debit)]
    assert (after.state, after.disputed) == (State.ACCEPTED, False)
    assert audit(hasty.engine, hasty.keys.ed25519_public("journal")).faults == ()


def member_lines(hasty: Rig, payment: Payment) -> list[tuple[str, int]]:
    """What the statement of its bank's account shows of a payment, as it is booked."""
    account, after = f"{MEMBER}/member/KHR/deferred", hasty.clock.now() + timedelta(days=1)
    page = hasty.engine.statement(account, EPOCH, after, 0, 100)
    shown = [each for each in page.lines if each.uetr == payment.uetr and each.phase == "posted"]
    return [(str(each.side), each.minor) for each in shown]


async def test_a_late_acceptance_is_booked_to_whoever_bears_it(hasty: Rig) -> None:
    await hasty.fault("pay", "refuse", reason="AC04")
    payment = await paid(hasty, Event.ACCEPTED)
    assert (payment.state, payment.disputed) == (State.REFUSED, True)
    booked = {"action": "book", "evidence": "their settlement file, line 3"}
    await call(hasty, "operator-2", f"/{payment.uetr}/proposals", booked)
    approved = (await call(hasty, "operator-1", f"/{payment.uetr}/approvals")).json()
    exposure = hasty.engine.account("BKSWKHPPXXX/bearer/THB/deferred/exposure")

    assert (approved["status"], approved["disputed"]) == ("RJCT", False)
    assert exposure is not None
    assert exposure.debits_posted == payment.terms.destination.minor
    assert audit(hasty.engine, hasty.keys.ed25519_public("journal")).faults == ()


async def test_a_late_acceptance_told_again_is_borne_once(hasty: Rig) -> None:
    await hasty.fault("pay", "refuse", reason="AC04")
    payment = await paid(hasty, Event.ACCEPTED)
    booked = {"action": "book", "evidence": "their settlement file, line 3"}
    await call(hasty, "operator-2", f"/{payment.uetr}/proposals", booked)
    await call(hasty, "operator-1", f"/{payment.uetr}/approvals")
    again = await told(hasty, payment, Event.ACCEPTED)
    proposed = await call(hasty, "operator-2", f"/{payment.uetr}/proposals", booked)

    assert (again.state, again.disputed) == (State.REFUSED, False)
    assert proposed.status == 422


async def test_only_operators_see_the_queue(hasty: Rig, manual: Payment) -> None:
    asked = [await call(hasty, kid, "") for kid in (MEMBER, "overseer")]
    proposed = await call(hasty, "overseer", f"/{manual.uetr}/proposals", ACCEPTED)

    assert [each.status for each in (*asked, proposed)] == [401, 401, 401]


async def test_the_queue_names_nobody(hasty: Rig, manual: Payment) -> None:
    await call(hasty, "operator-1", f"/{manual.uetr}/proposals", ACCEPTED)
    listed = await call(hasty, "operator-1", "")
    shown = await call(hasty, "operator-1", f"/{manual.uetr}")

    assert b"Sok Dara" not in listed.body + shown.body
    assert b"line 17" not in listed.body


async def test_a_refund_of_somebody_elses_payment_is_not_found(hasty: Rig) -> None:
    payment = await paid(hasty)
    asked = {"amount": {"currency": "KHR", "value": "100"}}
    path = f"/v1/payments/{payment.uetr}/refunds"
    answer = await hasty.client().call("POST", path, orjson.dumps(asked), idempotency_key="r-1")

    assert answer.status == 404
