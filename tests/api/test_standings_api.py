"""Operators say over HTTP how members stand: two of them, by version; it counts over a restart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
import pytest

from iso20022.jws import JwsSigner
from switch.admissions import Admissions
from switch.app import SERVED_AS
from switch.client import SigningClient
from switch.model import Kind, State
from switch.store.audit import audit
from switch.store.contract import StoreBusy
from tests.api.api_rig import DEBTOR, MEMBER, OTHER_MEMBER, thai_code
from tests.api.test_messages import pacs008
from tests.api.test_recall_messages import camt056, said

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from tests.api.api_rig import Rig

PARTIES = "/v1/operations/parties"
MINE = f"/member/{MEMBER}"


async def call(rig: Rig, kid: str, path: str, body: dict[str, Any] | None = None) -> ClientAnswer:
    """What an operator is answered; a step with a body is sent."""
    signer = JwsSigner(rig.keys.ec_private(kid), kid)
    session, url = rig.net.session(SERVED_AS), rig.net.url(SERVED_AS)
    client = SigningClient(session, url, signer, rig.clock, rig.ids)
    content = b"" if body is None else orjson.dumps(body)
    return await client.call("GET" if body is None else "POST", PARTIES + path, content)


async def step(rig: Rig, name: str, version: int, path: str = MINE) -> ClientAnswer:
    """One operator proposes, another approves."""
    body = {"version": version, "step": name, "reference": "letter 12/2026"}
    proposed = await call(rig, "operator-1", f"{path}/proposals", body)
    assert proposed.status == 201, proposed.body
    return await call(rig, "operator-2", f"{path}/approvals", {"version": version + 1})


async def pay(rig: Rig, quote: str, key: str) -> dict[str, Any]:
    body = orjson.dumps({"quote": quote, "debtor": DEBTOR})
    answer = await rig.client().call("POST", "/v1/payments", body, idempotency_key=key)
    said: dict[str, Any] = answer.json()
    return said


@pytest.mark.parametrize("name", ["suspend_new", "suspend_all"])
async def test_a_suspended_member_is_given_no_price_by_a_scan(rig: Rig, name: str) -> None:
    await step(rig, name, 0)
    scanned = await rig.client().scan(thai_code("345.00"))

    assert (scanned.status, scanned.json()["reason"]) == (422, "AG01")


async def test_a_member_suspended_between_quote_and_payment_pays_nothing(rig: Rig) -> None:
    quote, other = await rig.quote(), await rig.quote()
    before = await pay(rig, other, "before")
    stands = (await step(rig, "suspend_new", 0)).json()
    refused = await pay(rig, quote, "between")
    again = await pay(rig, other, "before")
    price = {"corridor": "bakong-thailand", "amount": {"currency": "THB", "value": "345.00"}}
    priced = await rig.client().call("POST", "/v1/quotes", orjson.dumps(price))
    await step(rig, "activate", 2)
    after = await pay(rig, await rig.quote(), "after")

    assert (stands["state"], stands["version"], stands["proposal"]) == (
        "suspended_new_only",
        2,
        None,
    )
    assert (before["status"], refused["status"], after["status"]) == ("ACCC", 422, "ACCC")
    assert (refused["reason"], again) == ("AG01", before)
    assert (priced.status, priced.json()["reason"]) == (422, "AG01")
    assert audit(rig.engine, rig.keys.ed25519_public("journal")).faults == ()


async def test_one_operator_alone_or_an_old_version_changes_nothing(rig: Rig) -> None:
    body = {"version": 0, "step": "suspend_all", "reference": "letter 12"}
    await call(rig, "operator-1", f"{MINE}/proposals", body)
    alone = await call(rig, "operator-1", f"{MINE}/approvals", {"version": 1})
    stale = await call(rig, "operator-2", f"{MINE}/proposals", body)
    instead = {**body, "version": 1, "step": "leave"}
    await call(rig, "operator-1", f"{MINE}/proposals", instead)
    blind = await call(rig, "operator-2", f"{MINE}/approvals", {"version": 1})
    never = {**body, "version": 2, "step": "certify"}
    impossible = await call(rig, "operator-1", f"{MINE}/proposals", never)
    shown = (await call(rig, "operator-1", MINE)).json()

    assert [each.status for each in (alone, stale, blind, impossible)] == [422, 409, 409, 422]
    assert (shown["state"], shown["version"], shown["proposal"]["step"]) == ("active", 2, "leave")


async def test_every_member_and_merchant_is_listed_to_operators_alone(rig: Rig) -> None:
    listed = (await call(rig, "operator-1", "")).json()["parties"]
    names = {each["name"]: each["kind"] for each in listed}
    unknown = await call(rig, "operator-1", "/member/NOSUCHKHXXX")
    overseer = await call(rig, "overseer", "")

    assert {MEMBER, OTHER_MEMBER} <= set(names)
    assert set(names.values()) == {"member", "merchant"}
    assert (unknown.status, overseer.status) == (404, 401)


async def test_the_list_comes_in_pages_and_a_limit_is_a_number(rig: Rig) -> None:
    everybody = (await call(rig, "operator-1", "")).json()
    names: list[str] = []
    after: str | None = ""
    while after is not None:
        page = (await call(rig, "operator-1", f"?limit=2&after={quote(after, safe='/:')}")).json()
        assert 0 < len(page["parties"]) <= 2
        names += [f"{each['kind']}/{each['name']}" for each in page["parties"]]
        after = page["after"]
    wrong = await call(rig, "operator-1", "?limit=many")
    beyond = (await call(rig, "operator-1", "?after=~")).json()

    assert names == [f"{each['kind']}/{each['name']}" for each in everybody["parties"]]
    assert names == sorted(names)
    assert (everybody["after"], beyond, wrong.status) == (None, {"parties": [], "after": None}, 400)


async def test_however_many_merchants_there_are_they_are_looked_at_by_one_question(
    rig: Rig,
) -> None:
    class Counted:
        """The store; it counts who asked."""

        asked = 0

        @property
        def read(self) -> Counted:
            return self

        async def claimed(self, first: str, last: str) -> dict[str, str]:
            self.asked += 1
            return rig.engine.claimed(first, last)

    counted = Counted()
    parts: Any = (rig.config, counted, rig.clock, rig.ids, rig.log)
    desk = Admissions(*parts)
    await desk.look()
    page = await desk.page("", 500)

    assert len(rig.config.merchants.all()) > 2
    assert counted.asked == 2
    assert len(page["parties"]) > 2  # type: ignore[arg-type]


async def test_a_merchant_is_suspended_and_paid_again(rig: Rig) -> None:
    listed = (await call(rig, "operator-1", "")).json()["parties"]
    shop = next(each for each in listed if each["kind"] == "merchant")
    path = f"/merchant/{shop['name']}"
    network, _, merchant_id = shop["name"].partition(":")
    states = []
    for number, name in enumerate(("suspend", "activate")):
        await step(rig, name, 2 * number, path)
        found = rig.switch.config.merchants.find(network, merchant_id)
        assert found is not None
        states.append(found.eligible)

    assert states == [False, True]


async def test_a_suspended_member_recalls_by_neither_interface(rig: Rig) -> None:
    first, second = rig.ids.uetr(), rig.ids.uetr()
    assert (await rig.client().message(await pacs008(rig, uetr=first))).status == 200
    assert (await rig.client().message(await pacs008(rig, "M9", uetr=second))).status == 200
    await step(rig, "suspend_all", 0)
    path, why = f"/v1/payments/{second}/recall", b'{"reason": "CUST"}'
    by_json = await rig.client().call("POST", path, why, idempotency_key="recall-1")
    by_iso = await rig.client().message(camt056(rig, first))

    assert (by_json.status, by_json.json()["reason"]) == (422, "AG01")
    assert said(by_iso)[1] == "RJCR"
    # Both refusals are kept under their keys, and neither is a recall that was sent.
    states = [(each.kind, each.state) for each in rig.engine.listed(0, 9)[2:]]
    assert states == [(Kind.RECALL, State.REFUSED)] * 2


async def test_a_store_that_is_away_ends_no_look_at_the_standings(rig: Rig) -> None:
    class Away:
        """A store whose server is away; it counts who asked."""

        asked = 0

        @property
        def read(self) -> Away:
            return self

        async def claimed(self, *_: str) -> dict[str, str]:
            self.asked += 1
            raise StoreBusy

    class Hasty:
        """A clock on which nobody waits."""

        async def sleep(self, _: float) -> None:
            await asyncio.sleep(0)

    away = Away()
    parts: Any = (rig.config, away, Hasty(), rig.ids, rig.log)
    running = asyncio.ensure_future(Admissions(*parts).run())
    for _ in range(20):
        await asyncio.sleep(0)
    ended = running.done()
    running.cancel()

    assert not ended
    assert away.asked > 1
