"""Whoever is answered for good is told the journal's head, and may have the proof of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.heads import HEADER
from switch.store.audit import audit
from switch.store.check_proof import check_proof
from switch.store.journal import Block
from tests.api.api_rig import DEBTOR, OTHER_MEMBER
from tests.api.test_oversight import overseer

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from tests.api.api_rig import Rig

HEAD = "/v1/journal/head"


async def paid(rig: Rig, key: str = "k1") -> ClientAnswer:
    """A payment that ended well."""
    answer = await rig.client().pay(key, {"quote": await rig.quote(), "debtor": DEBTOR})
    assert answer.status == 200, answer.body
    return answer


def named(answer: ClientAnswer) -> tuple[int, int, bytes]:
    """Slot, number and hash that an answer carries."""
    slot, number, hashed = answer.headers[HEADER.lower()].split(";")
    return int(slot), int(number), bytes.fromhex(hashed)


def block(page: dict[str, Any]) -> Block:
    """The head of a page as a block."""
    raw: dict[str, Any] = {
        name: bytes.fromhex(page[name]) for name in ("previous", "root", "signature")
    }
    whole = {name: page[name] for name in ("slot", "number", "epoch", "at", "leaves")}
    return Block(**whole, **raw)


async def test_a_final_answer_names_a_head_that_holds_it(rig: Rig) -> None:
    answer = await paid(rig)
    slot, number, hashed = named(answer)
    public = rig.keys.ed25519_private("journal").public_key()
    report = audit(rig.engine, public, {(slot, number): hashed})
    held = rig.engine.payment(answer.json()["uetr"])

    assert report.faults == ()
    assert report.anchors[0].anchored == number
    assert held is not None
    assert held.block is not None
    assert held.block <= slot << 34 | number


async def test_a_repeat_names_the_newest_head_and_the_same_body(rig: Rig) -> None:
    quote = await rig.quote()
    first = await rig.client().pay("k1", {"quote": quote, "debtor": DEBTOR})
    await paid(rig, "k2")
    again = await rig.client().pay("k1", {"quote": quote, "debtor": DEBTOR})

    assert first.body == again.body
    assert named(again)[1] > named(first)[1]


async def test_what_binds_nothing_names_no_head(rig: Rig) -> None:
    for answer in (await rig.send("POST", "/v1/payments"), await rig.client().call("GET", HEAD)):
        assert HEADER.lower() not in answer.headers


async def test_the_head_is_signed_and_open_to_members_and_the_overseer(rig: Rig) -> None:
    await paid(rig)
    public = rig.keys.ed25519_private("journal").public_key()
    for client in (rig.client(), rig.client(OTHER_MEMBER), overseer(rig)):
        page = (await client.call("GET", HEAD)).json()
        head = block(page)
        public.verify(head.signature, head.header())

        assert head.hash().hex() == page["hash"]
        assert head == rig.engine.head
    assert (await rig.send("GET", HEAD)).status == 401


@pytest.mark.parametrize("refused", [False, True])
async def test_a_receipt_proves_ones_own_payment_with_the_public_key(
    rig: Rig, refused: bool
) -> None:
    if refused:
        await rig.fault("pay", "refuse")
    answer = await rig.client().pay("k1", {"quote": await rig.quote(), "debtor": DEBTOR})
    uetr = answer.json().get("uetr") or answer.json()["payment"]["uetr"]
    receipt = await rig.client().call("GET", f"/v1/payments/{uetr}/receipt")
    proven = check_proof(receipt.body, [rig.keys.ed25519_private("journal").public_key()])

    assert receipt.status == 200
    assert next(entry["kind"] for entry in proven.entries) == "opened"
    assert proven.entries[-1]["state"] == ("refused" if refused else "accepted")
    assert b"Sok Dara" not in receipt.body
    assert b"sokdara" not in receipt.body


async def test_nobody_gets_the_receipt_of_anothers_payment(rig: Rig) -> None:
    uetr = (await paid(rig)).json()["uetr"]
    path = f"/v1/payments/{uetr}/receipt"

    assert (await rig.client(OTHER_MEMBER).call("GET", path)).status == 404
    assert (await overseer(rig).call("GET", path)).status == 200
    assert (await rig.send("GET", path)).status == 401
    for unknown in ("x", "%00", "0" * 36):
        assert (await rig.client().call("GET", f"/v1/payments/{unknown}/receipt")).status == 404
