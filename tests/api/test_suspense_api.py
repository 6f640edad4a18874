"""Over HTTP two operators get money out of suspense: once, as it was seen, with a sound record."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from fx.money import Money
from iso20022.jws import JwsSigner
from switch.app import SERVED_AS
from switch.client import SigningClient
from switch.items import Items
from switch.proposals import PROPOSALS_A_DAY
from switch.reasons import Reason
from switch.store.audit import audit
from tests.api.api_rig import MEMBER
from tests.api.test_casework import paid
from tests.api.test_oversight import overseer
from tests.api.test_statement import command
from tests.switch_core.core_values import received

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from tests.api.api_rig import Rig

SUSPENSE = "/v1/operations/suspense"
ITEM = "line/thailand/" + "7" * 64
CLOSING = {"item": ITEM, "way": "settled", "reference": "their mail of 22 November"}


async def call(rig: Rig, kid: str, path: str, body: dict[str, Any] | None = None) -> ClientAnswer:
    """What whoever signs as ``kid`` is answered."""
    signer = JwsSigner(rig.keys.ec_private(f"member-{kid}" if kid == MEMBER else kid), kid)
    session, url = rig.net.session(SERVED_AS), rig.net.url(SERVED_AS)
    client = SigningClient(session, url, signer, rig.clock, rig.ids)
    content = b"" if body is None else orjson.dumps(body)
    return await client.call("GET" if body is None else "POST", SUSPENSE + path, content)


async def put(rig: Rig, item: str = ITEM, text: str = "12.50") -> None:
    await Items(rig.store, rig.clock, rig.ids).put(item, "thailand", Money.parse(text, "THB"))


async def proposed(rig: Rig, **changes: Any) -> str:
    """The id of what the first operator proposes."""
    answer = await call(rig, "operator-1", "/proposals", {**CLOSING, **changes})
    assert answer.status == 201, answer.body
    return str(answer.json()["proposal"]["id"])


def left(rig: Rig) -> int:
    account = rig.engine.account("thailand/suspense/THB/deferred")
    assert account is not None
    return account.credits_posted - account.debits_posted


async def test_two_operators_close_an_item_and_the_journal_is_sound(rig: Rig) -> None:
    await put(rig)
    (listed,) = (await call(rig, "operator-1", "")).json()["items"]
    proposal = await proposed(rig)
    before = left(rig)
    approval = {"item": ITEM, "proposal": proposal}
    done = await call(rig, "operator-2", "/approvals", approval)
    again = await call(rig, "operator-2", "/approvals", approval)
    shown = (await call(rig, "operator-1", f"?item={ITEM}")).json()["items"]

    assert (listed["item"], listed["network"], listed["to_us"]) == (ITEM, "thailand", True)
    assert listed["amount"] == {"currency": "THB", "value": "12.50"}
    assert (before, left(rig)) == (1_250, 0)
    assert (done.status, again.status, again.json()["closed"]) == (200, 200, done.json()["closed"])
    assert [each["closed"]["operator"] for each in shown] == ["operator-2"]
    assert (await call(rig, "operator-1", "")).json() == {"items": [], "after": None}
    assert audit(rig.engine, rig.keys.ed25519_public("journal")).faults == ()


async def test_a_line_of_the_suspense_account_names_its_item(rig: Rig) -> None:
    start = rig.clock.now().strftime("%Y-%m-%dT00:00:00Z")
    await put(rig)
    approval = {"item": ITEM, "proposal": await proposed(rig)}
    assert (await call(rig, "operator-2", "/approvals", approval)).status == 200
    path = f"/v1/oversight/statement?account=thailand/suspense/THB/deferred&from={start}"
    lines = (await overseer(rig).call("GET", path)).json()["lines"]
    status, output = await command(
        rig, "thailand/suspense/THB/deferred", "--from", start, "--to", "2099-01-01T00:00:00Z"
    )

    assert [(each["item"], each["uetr"]) for each in lines] == [(ITEM, None)] * 2
    assert (status, output.count(ITEM.encode())) == (0, 2)


async def test_the_list_is_by_name_or_by_age(rig: Rig) -> None:
    names = ["line/thailand/2", "line/thailand/1"]
    for name in names:
        await put(rig, name)
    aged = (await call(rig, "operator-1", "?order=age&limit=1")).json()
    rest = (await call(rig, "operator-1", f"?order=age&after={names[0]}")).json()
    named = (await call(rig, "operator-1", "?order=name")).json()
    wrong = [await call(rig, "operator-1", each) for each in ("?order=up", "?order=age&after=x")]

    assert ([each["item"] for each in aged["items"]], aged["after"]) == (names[:1], names[0])
    assert ([each["item"] for each in rest["items"]], rest["after"]) == (names[1:], None)
    assert [each["item"] for each in named["items"]] == sorted(names)
    assert [each.status for each in wrong] == [400, 404]
    assert wrong[1].json()["title"] == Reason.NOT_SUSPENDED.sentence


async def test_one_operator_alone_cannot_keep_an_item_from_being_closed(rig: Rig) -> None:
    await put(rig)
    proposal = await proposed(rig)
    for number in range(1, PROPOSALS_A_DAY):
        proposal = await proposed(rig, reference=f"letter {number}", instead_of=proposal)
    more = {**CLOSING, "reference": "letter 99", "instead_of": proposal}
    spent = await call(rig, "operator-1", "/proposals", more)
    done = await call(rig, "operator-2", "/approvals", {"item": ITEM, "proposal": proposal})

    assert (spent.status, spent.json()["detail"]) == (422, Reason.PROPOSALS_SPENT.sentence)
    assert (done.status, left(rig)) == (200, 0)


async def test_what_was_not_seen_is_not_approved_and_nobody_approves_their_own(rig: Rig) -> None:
    await put(rig)
    proposal = await proposed(rig)
    other = {**CLOSING, "reference": "letter 13"}
    blind = await call(rig, "operator-2", "/proposals", other)
    own = await call(rig, "operator-1", "/approvals", {"item": ITEM, "proposal": proposal})
    instead = await call(rig, "operator-2", "/proposals", {**other, "instead_of": proposal})
    old = await call(rig, "operator-1", "/approvals", {"item": ITEM, "proposal": proposal})

    assert (blind.status, own.status, instead.status) == (409, 422, 201)
    assert (own.json()["reason"], old.status) == ("NARR", 409)
    assert left(rig) == 1_250


async def test_closed_is_closed(rig: Rig) -> None:
    await put(rig)
    proposal = await proposed(rig)
    answers = await asyncio.gather(
        *(
            call(rig, "operator-2", "/approvals", {"item": ITEM, "proposal": proposal})
            for _ in range(4)
        )
    )
    late = await call(rig, "operator-1", "/proposals", {**CLOSING, "reference": "letter 13"})

    assert [each.status for each in answers] == [200] * 4
    assert (late.status, left(rig)) == (409, 0)
    assert "closed already" in late.json()["detail"]


async def test_what_a_payment_has_is_refused_with_the_command_that_is_for_it(hasty: Rig) -> None:
    payment = await paid(hasty)
    refused = await call(hasty, "operator-1", "/proposals", {**CLOSING, "item": payment.uetr})
    unknown = await call(hasty, "operator-1", "/proposals", CLOSING)
    unseen = await call(hasty, "operator-1", f"?item={ITEM}")

    assert (refused.status, unknown.status, unseen.status) == (422, 404, 404)
    assert "payments resolve" in refused.json()["detail"]


async def test_only_operators_look_and_what_is_no_closing_is_refused_whole(rig: Rig) -> None:
    await put(rig)
    member = await call(rig, MEMBER, "")
    wrong = [
        await call(rig, "operator-1", "/proposals", {**CLOSING, **change})
        for change in ({"way": "kept"}, {"reference": "Sok Dara!"}, {"item": ""}, {"more": 1})
    ]
    limit = await call(rig, "operator-1", "?limit=many")

    assert member.status == 401
    assert [each.status for each in (*wrong, limit)] == [400] * 5


async def test_a_part_of_an_item_is_not_closed(rig: Rig) -> None:
    await put(rig)
    part = {**CLOSING, "amount": {"value": "2.50", "currency": "THB"}}
    answer = await call(rig, "operator-1", "/proposals", part)

    assert answer.status == 400
    assert b"$.amount" in answer.body
    listed = (await call(rig, "operator-1", "")).json()
    assert listed["items"][0]["proposal"] is None


HASH = "5d" * 32
FOUND = {"sponsor": "ACLBKHPPXXX", "hash": HASH, "amount": {"value": "41000", "currency": "KHR"}}


def pooled(rig: Rig) -> int:
    """What was booked into the pool so far."""
    account = rig.engine.account(f"{FOUND['sponsor']}/pool/KHR/bakong")
    return 0 if account is None else account.debits_posted - account.credits_posted


async def test_a_transfer_that_only_bakongs_list_has_is_booked_by_two_who_say_the_same(
    rig: Rig,
) -> None:
    other = {**FOUND, "amount": {"value": "41100", "currency": "KHR"}}
    first = [await call(rig, "operator-1", "/found", FOUND) for _ in range(2)]
    differs = await call(rig, "operator-2", "/found", other)
    before = pooled(rig)
    second = [await call(rig, "operator-2", "/found", FOUND) for _ in range(2)]
    late = await call(rig, "operator-1", "/found", other)
    (listed,) = (await call(rig, "operator-1", "")).json()["items"]

    assert [(each.status, each.json()["booked"]) for each in first] == [(202, False)] * 2
    assert (differs.status, before) == (202, 0)
    assert [(each.status, each.json()) for each in second] == [
        (200, {"item": HASH, "booked": True})
    ] * 2
    assert late.status == 409
    assert pooled(rig) == 4_100_000
    assert (listed["item"], listed["to_us"]) == (HASH, True)
    assert audit(rig.engine, rig.keys.ed25519_public("journal")).faults == ()


async def test_what_was_collected_is_not_found_again_nor_in_a_pool_that_is_none(rig: Rig) -> None:
    rig.engine.execute([received(HASH)])
    taken = await call(rig, "operator-1", "/found", FOUND)
    nowhere = await call(rig, "operator-1", "/found", {**FOUND, "sponsor": "WINGKHPPXXX"})
    member = await call(rig, MEMBER, "/found", FOUND)

    assert [each.status for each in (taken, nowhere, member)] == [409, 422, 401]
    assert (taken.json()["reason"], nowhere.json()["reason"]) == ("DUPL", "RC04")
