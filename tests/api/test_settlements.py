"""A settlement file handed in over HTTP: by an operator, whole or not at all, and again in vain."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from adapters.iso_profile.settlement import read_statement
from iso20022 import SIZE_BYTES_MAX
from iso20022.jws import JwsSigner
from switch.app import SERVED_AS
from switch.client import SigningClient
from switch.lifecycle import Event, is_final
from switch.model import State
from switch.settlement_port import FILE_BYTES_MAX
from switch.store.audit import audit
from tests.api.api_rig import MEMBER
from tests.api.test_casework import paid

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from tests.api.api_rig import Rig

PATH = "/v1/operations/settlements/"


async def handed_in(
    hasty: Rig, file: bytes, *, kid: str = "operator-1", network: str = "thailand", **more: Any
) -> ClientAnswer:
    """What is answered to a file."""
    signer = JwsSigner(hasty.keys.ec_private(f"member-{kid}" if kid == MEMBER else kid), kid)
    session, url = hasty.net.session(SERVED_AS), hasty.net.url(SERVED_AS)
    client = SigningClient(session, url, signer, hasty.clock, hasty.ids)
    body = {"name": "statement.xml", "content": b64encode(file).decode(), **more}
    return await client.call("POST", PATH + network, orjson.dumps(body))


async def statement(hasty: Rig) -> bytes:
    """Thailand's statement of what it has booked."""
    session, url = hasty.net.session("thailand"), hasty.net.url("thailand")
    async with session.get(f"{url}/control/statement") as response:
        return await response.read()


async def test_a_payment_left_to_people_ends_by_the_networks_own_file(hasty: Rig) -> None:
    await hasty.fault("pay", "drop_answer")
    payment = await paid(hasty, Event.SPENT)
    assert payment.state is State.MANUAL
    content = await statement(hasty)
    first = await handed_in(hasty, content)
    again = await handed_in(hasty, content)
    after = hasty.engine.payment(payment.uetr)

    assert (first.status, first.json()["counts"]) == (200, {"resolved": 1})
    assert first.json()["resolved"][0]["before"] == "manual"
    assert (again.status, again.json()["counts"]) == (200, {"matched": 1})
    assert after is not None
    assert after.state is State.ACCEPTED
    assert audit(hasty.engine, hasty.keys.ed25519_public("journal")).faults == ()
    taken = [
        leaf
        for _, leaves in hasty.engine.blocks()
        for leaf in (orjson.loads(content) for _, content in leaves)
        if leaf.get("by")
    ]
    assert [(leaf["kind"], leaf["by"]) for leaf in taken] == [("received", "operator-1")]
    assert taken[0]["item"] == f"file/thailand/{first.json()['sha256']}"


async def test_only_an_operator_hands_in_a_file(hasty: Rig) -> None:
    assert (await handed_in(hasty, b"<x/>", kid=MEMBER)).status == 401


@pytest.mark.parametrize("network", ["bakong", "nowhere"])
async def test_a_network_without_files_is_not_found(hasty: Rig, network: str) -> None:
    answer = await handed_in(hasty, b"<x/>", network=network)
    said = "There is no such network, or it sends no such files."
    assert (answer.status, answer.json()["title"]) == (404, said)


async def test_what_is_no_file_of_theirs_is_refused_with_its_place(hasty: Rig) -> None:
    unsigned = await handed_in(hasty, b"<x/>")
    unread = [await handed_in(hasty, b"", content=text) for text in ("not base64!", "é")]

    assert (unsigned.status, unsigned.json()["reason"]) == (422, "FF01")
    assert [(each.status, each.json()["path"]) for each in unread] == [(400, "content")] * 2


async def test_what_the_network_did_not_sign_waits_for_a_second_operator(
    hasty: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "adapters.iso_profile.adapter.read_statement",
        lambda *read: replace(read_statement(*read), signed=False),
    )
    await hasty.fault("pay", "drop_answer")
    payment = await paid(hasty, Event.SPENT)
    content = await statement(hasty)
    first = [await handed_in(hasty, content) for _ in range(2)]
    before = hasty.engine.payment(payment.uetr)
    second = await handed_in(hasty, content, kid="operator-2")

    assert [(each.status, each.json()["taken"]) for each in first] == [(202, False)] * 2
    assert before is not None
    assert not is_final(before)
    assert (second.status, second.json()["counts"]) == (200, {"resolved": 1})
    assert second.json()["sha256"] == first[0].json()["sha256"]
    assert audit(hasty.engine, hasty.keys.ed25519_public("journal")).faults == ()


async def test_a_days_statement_may_be_much_larger_than_a_message(hasty: Rig) -> None:
    content = await statement(hasty)
    large = await handed_in(hasty, content + b" " * (2 * SIZE_BYTES_MAX))
    too_large = await handed_in(hasty, content + b" " * FILE_BYTES_MAX)

    assert large.status == 200
    assert too_large.status == 413
