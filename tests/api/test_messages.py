"""Members in ISO 20022: pacs.008 pays, pacs.028 asks, pacs.002 answers and is signed.

The MsgId is the key, the UETR the identity. What is refused before it is bound says so by HTTP 4xx.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fx.money import Money
from iso20022 import Message, build, read
from iso20022.jws import verify_detached
from switch.wire.authenticate import HEADER as SIGNATURE
from tests.api.api_rig import DEBTOR, MEMBER, OTHER_MEMBER, thai_code

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from tests.api.api_rig import Rig

HEAD, PAYMENT, ENQUIRY = "head.001.001.04", "pacs.008.001.13", "pacs.028.001.06"
STATUS, REJECT = "pacs.002.001.15", "admi.002.001.01"
OWN = "BKSWKHPPXXX"


def header(rig: Rig, name: str, message_id: str, **changes: Any) -> dict[str, Any]:
    """The business header of a member's message."""
    return {
        "from_bic": MEMBER,
        "to_bic": OWN,
        "business_message_id": message_id,
        "message_definition": name,
        "created_at": rig.clock.now(),
    } | changes


def payment_values(rig: Rig, token: str, message_id: str, uetr: str) -> dict[str, Any]:
    """The fields of a member's pacs.008 over 345.00 baht."""
    return {
        "message_id": message_id,
        "created_at": rig.clock.now(),
        "number_of_transactions": "1",
        "settlement_method": "CLRG",
        "end_to_end_id": "E2E-1",
        "uetr": uetr,
        "settlement_amount": Money.parse("41250", "KHR"),
        "charge_bearer": "SHAR",
        "debtor_name": DEBTOR["name"],
        "debtor_account": DEBTOR["account"],
        "debtor_agent": MEMBER,
        "creditor_agent": OWN,
        "creditor_name": "Doi Khao Soi",
        "sup_quote_token": token,
    }


async def pacs008(rig: Rig, message_id: str = "M1", **changes: Any) -> bytes:
    """A member's payment, with some fields changed or (None) left out."""
    values = payment_values(rig, changes.pop("token", None) or await rig.quote(), message_id, "")
    values |= {"uetr": rig.ids.uetr()} | changes
    return build(PAYMENT, values, header_name=HEAD, header=header(rig, PAYMENT, message_id))


def pacs028(rig: Rig, uetr: str) -> bytes:
    """A member's question."""
    values = {
        "message_id": "Q1",
        "created_at": rig.clock.now(),
        "original_message_id": "M1",
        "original_message_name": PAYMENT,
        "original_uetr": uetr,
    }
    return build(ENQUIRY, values, header_name=HEAD, header=header(rig, ENQUIRY, "Q1"))


def status(answer: ClientAnswer) -> tuple[int, str, str | None]:
    """HTTP status, payment status and reason of a pacs.002."""
    values = opened(answer).values
    reason = values.get("reason")
    return answer.status, str(values["status"]), None if reason is None else str(reason)


def opened(answer: ClientAnswer) -> Message:
    """The answer as a message."""
    assert answer.headers["content-type"] == "application/xml"
    return read(answer.body, names=(STATUS, REJECT), header=True)


async def test_payment_is_accepted_and_the_answer_is_signed(rig: Rig) -> None:
    uetr = rig.ids.uetr()
    answer = await rig.client().message(await pacs008(rig, uetr=uetr))
    message = opened(answer)
    key = rig.keys.ec_private("switch-answers").public_key()
    protected = verify_detached(answer.headers[SIGNATURE], answer.body, {OWN: key})

    assert status(answer) == (200, "ACCC", None)
    assert message.values["original_uetr"] == uetr
    assert message.values["original_message_id"] == "M1"
    assert message.values["original_end_to_end_id"] == "E2E-1"
    assert message.header is not None
    assert (message.header["from_bic"], message.header["to_bic"]) == (OWN, MEMBER)
    assert protected["kid"] == OWN
    assert [line["uetr"] for line in await rig.book()] == [uetr]
    assert (await rig.client().payment(uetr)).json()["status"] == "ACCC"


async def test_true_repeat_gets_the_same_bytes(rig: Rig) -> None:
    """Lesson 6: who asks again is answered with what was answered."""
    body = await pacs008(rig)
    answers = await asyncio.gather(*(rig.client().message(body) for _ in range(8)))
    later = await rig.client().message(body)

    assert {answer.body for answer in answers} == {later.body}
    assert len(await rig.book()) == 1


async def test_message_id_with_other_content_is_a_duplicate(rig: Rig) -> None:
    token, uetr = await rig.quote(), rig.ids.uetr()
    first = await rig.client().message(await pacs008(rig, token=token, uetr=uetr))
    changed = await pacs008(rig, token=token, uetr=uetr, end_to_end_id="E2E-2")
    second = await rig.client().message(changed)
    other_id = await rig.client().message(await pacs008(rig, "M2", uetr=uetr))

    assert status(first)[:2] == (200, "ACCC")
    for answer in (second, other_id):
        # The message is refused: an RJCT would speak of a payment that is credited.
        assert answer.status == 409
        assert opened(answer).name == "admi.002.001.01"
        assert opened(answer).values["reason_code"] == "DUPL"
    assert len(await rig.book()) == 1


async def test_a_payment_refused_under_a_used_message_id_is_never_executed(rig: Rig) -> None:
    await rig.client().message(await pacs008(rig, "M1"))
    uetr, token = rig.ids.uetr(), await rig.quote()
    mistaken = await rig.client().message(await pacs008(rig, "M1", uetr=uetr, token=token))
    corrected = await rig.client().message(await pacs008(rig, "M2", uetr=uetr, token=token))

    assert status(mistaken) == (409, "RJCT", "DUPL")
    assert status(corrected)[1:] == ("RJCT", "TM01")
    assert len(await rig.book()) == 1


async def test_message_id_and_idempotency_key_never_meet(rig: Rig) -> None:
    paid = await rig.client().pay("M1", {"quote": await rig.quote(), "debtor": DEBTOR})
    answer = await rig.client().message(await pacs008(rig, "M1"))

    assert paid.json()["status"] == "ACCC"
    assert status(answer) == (200, "ACCC", None)


async def test_refusal_by_the_network_carries_its_reason(rig: Rig) -> None:
    await rig.fault("pay", "refuse", reason="AC04")
    body = await pacs008(rig)

    first, again = await rig.client().message(body), await rig.client().message(body)
    assert status(first) == (200, "RJCT", "AC04")
    assert first.body == again.body


async def test_open_payment_is_pending_until_it_ends(hasty: Rig) -> None:
    await hasty.fault("pay", "hold")
    uetr = hasty.ids.uetr()
    body = await pacs008(hasty, uetr=uetr)
    waiting = await hasty.client().message(body)
    asked = await hasty.client().message(pacs028(hasty, uetr))
    await hasty.sandbox("POST", "/control/release")
    final = await hasty.client().message(body)
    asked_again = await hasty.client().message(pacs028(hasty, uetr))

    assert status(waiting) == (202, "PDNG", None)
    assert status(asked) == (200, "PDNG", None)
    assert status(final) == (200, "ACCC", None)
    assert status(asked_again) == (200, "ACCC", None)


async def test_enquiry_after_a_payment_never_seen(rig: Rig) -> None:
    uetr = rig.ids.uetr()
    answer = await rig.client().message(pacs028(rig, uetr))

    assert status(answer) == (200, "RJCT", "NARR")
    assert opened(answer).values["original_uetr"] == uetr


async def test_enquiry_after_a_payment_of_another_member_sees_nothing(rig: Rig) -> None:
    scanned = await rig.client(OTHER_MEMBER).scan(thai_code())
    payment = {"quote": scanned.json()["quotes"][0]["quote"], "debtor": DEBTOR}
    paid = await rig.client(OTHER_MEMBER).pay("k", payment)
    answer = await rig.client().message(pacs028(rig, paid.json()["uetr"]))

    assert status(answer) == (200, "RJCT", "NARR")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"settlement_amount": Money.parse("41200", "KHR")}, (200, "RJCT", "AM09")),
        ({"settlement_amount": Money.parse("345.00", "THB")}, (200, "RJCT", "AM09")),
        ({"creditor_account": "another"}, (200, "RJCT", "AC01")),
        ({"quote_id": "00000000-0000-4000-8000-000000000000"}, (200, "RJCT", "TK01")),
        ({"sup_quote_token": "bs1.1.canary"}, (422, "RJCT", "TK01")),
        ({"sup_quote_token": None}, (422, "RJCT", "CH21")),
        ({"debtor_account": None}, (422, "RJCT", "CH21")),
        ({"debtor_agent": OTHER_MEMBER}, (422, "RJCT", "AGNT")),
    ],
)
async def test_payment_that_does_not_fit_its_quote_or_sender_is_refused(
    rig: Rig, changes: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    if "quote_id" in changes:
        # Named together with a rate, because that is where the schema has it.
        from decimal import Decimal

        changes = changes | {"agreed_rate": Decimal("118.84")}
    body = await pacs008(rig, **changes)

    first, again = await rig.client().message(body), await rig.client().message(body)
    assert status(first) == expected == status(again)
    assert (first.body == again.body) == (expected[0] == 200)
    assert rig.sums() == []
    assert await rig.book() == []


async def test_quote_used_twice_is_refused(rig: Rig) -> None:
    token = await rig.quote()
    await rig.client().message(await pacs008(rig, "M1", token=token))
    answer = await rig.client().message(await pacs008(rig, "M2", token=token))

    assert status(answer) == (200, "RJCT", "DUPL")
    assert len(await rig.book()) == 1


async def test_expired_quote_is_refused(rig: Rig) -> None:
    token = await rig.quote()
    rig.clock.ahead = timedelta(seconds=601)
    answer = await rig.client().message(await pacs008(rig, token=token))

    assert status(answer) == (200, "RJCT", "TM01")
    assert rig.sums() == []


async def test_message_of_another_sender_is_refused(rig: Rig) -> None:
    answer = await rig.client(OTHER_MEMBER).message(await pacs008(rig))

    assert status(answer) == (422, "RJCT", "AGNT")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b'<IntrBkSttlmAmt Ccy="KHR">41250.00<', b'<IntrBkSttlmAmt Ccy="KHR">0<', "AM01"),
        (b">41250.00<", b">-1<", "AM12"),
        (b">41250.00<", b">1.001<", "AM12"),
        (b'Ccy="KHR"', b'Ccy="XXX"', "AM03"),
        (b"<ChrgBr>SHAR</ChrgBr>", b"", "CH21"),
        (b"<ChrgBr>SHAR<", b"<ChrgBr>canary<", "FF01"),
        (b"<NbOfTxs>1<", b"<NbOfTxs>2<", "AM18"),
    ],
)
async def test_broken_payment_with_readable_ids_is_a_refusal_of_that_payment(
    rig: Rig, old: bytes, new: bytes, code: str
) -> None:
    uetr = rig.ids.uetr()
    body = await pacs008(rig, uetr=uetr)
    assert old in body
    answer = await rig.client().message(body.replace(old, new))

    assert status(answer) == (422, "RJCT", code)
    assert opened(answer).values["original_uetr"] == uetr
    assert b"canary" not in answer.body
    assert rig.sums() == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"pacs.008.001.13", b"pacs.008.001.99"),
        (b"<UETR>", b"<UETR>canary"),
        (b"<MsgId>M1<", b"<MsgId>canary//x<"),
        (b"</Document>", b"<canary/></Document>"),
    ],
)
async def test_message_that_cannot_be_trusted_is_rejected_as_a_whole(
    rig: Rig, old: bytes, new: bytes
) -> None:
    body = (await pacs008(rig)).replace(old, new)
    answer = await rig.client().message(body)
    message = read(answer.body, names=(REJECT, STATUS), header=True)

    assert answer.status in (400, 422)
    assert (message.name == REJECT) == (answer.status == 400)
    assert b"canary" not in answer.body
    assert rig.sums() == []


async def test_a_payment_whose_uetr_cannot_be_read_is_no_end_of_another_with_its_ids(
    rig: Rig,
) -> None:
    """A rejection by ``TxId`` or ``EndToEndId`` would be read as the end of the first."""
    good = await pacs008(rig)
    first = await rig.client().message(good)

    answer = await rig.client().message(good.replace(b"<UETR>", b"<UETR>F"))

    message = read(answer.body, names=(REJECT,), header=True)
    assert answer.status == 400
    assert message.values["related_reference"] == "M1"
    assert len(await rig.book()) == 1
    assert status(await rig.client().message(good)) == status(first)


async def test_message_without_signature_is_a_problem(rig: Rig) -> None:
    answer = await rig.send(
        "POST", "/v1/messages", await pacs008(rig), {"Content-Type": "application/xml"}
    )

    assert (answer.status, answer.json()["reason"]) == (401, "DS0A")


async def test_a_refusal_of_a_payment_is_final_even_when_it_comes_again_corrected(
    rig: Rig,
) -> None:
    """Whoever answered RJCT must never execute that UETR, whatever is sent later."""
    good = await pacs008(rig)
    broken = good.replace(b"<NbOfTxs>1<", b"<NbOfTxs>2<")
    assert broken != good

    first = await rig.client().message(broken)
    again = await rig.client().message(good)

    assert status(first)[1] == "RJCT"
    assert status(again)[1:] == ("RJCT", "TM01")
    assert await rig.book() == []
    assert all(row == (0, 0, 0, 0) for row in rig.sums())
