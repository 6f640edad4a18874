"""Cardholders of UnionPay pay KHQR merchants: the payer is debited before the switch hears of it.

What is verified is held; what is advised is credited or goes back, once each, whatever is lost on
the way. Both networks' books and the switch's own are looked at after every story.
"""

from __future__ import annotations

from typing import Any, Final

import orjson
import pytest

from switch.simulation.town import Town
from tests.adapters.unionpay.unionpay_parts import khqr
from tests.adapters.unionpay.unionpay_stories import (
    MEMBER,
    books,
    control,
    ledger,
    lived,
    settled,
    sums,
)

RIEL: Final = "41000"
CLOSED: Final = ("closed@abaa", "ABAA10002312083")


async def bought(town: Town, code: str | None = None, **more: object) -> dict[str, Any]:
    """A cardholder pays; returns what the network was told."""
    return await control(town, "pay-khqr", payload=code or khqr(), amount=RIEL, **more)


def codes(told: dict[str, Any]) -> list[str]:
    return [each["code"] for each in told["answers"]]


def test_a_cardholder_pays_a_stall_and_both_books_say_so() -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        told = await bought(town)
        line = await settled(town, told["uetr"])
        return told, line, await books(town), sums(town)

    told, line, booked, pending = lived(story)

    assert codes(told) == ["00", "00"]
    assert told["answers"][0]["values"] | {"expiryTime": ""} == {
        "txnID": told["key"],
        "trxAmt": "41000.00",
        "trxCurrency": "116",
        "merchantName": "Noodle Shop",
        "merchantCity": "Phnom Penh",
        "mcc": "5812",
        "settAmt": "10.23",
        "settCurrency": "840",
        "expiryTime": "",
    }
    assert (line["status"], line["debit"]["value"], line["credit"]["value"]) == (
        *("ACCC", "10.23", "41000"),
    )
    assert booked == {"unionpay": [("booked", "10.23")], "bakong": [("booked", "41000.00")]}
    assert pending == []


@pytest.mark.parametrize("digest_info", ["true", "false"])
def test_the_dialect_with_the_signature_inside_advises_too(digest_info: str) -> None:
    options = (("signature", "embedded"), ("digest_info", digest_info))

    async def story(town: Town) -> tuple[Any, ...]:
        told = await bought(town)
        return codes(told), (await settled(town, told["uetr"]))["status"]

    assert lived(story, *options) == (["00", "00"], "ACCC")


def test_news_that_is_repeated_credits_once() -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        told = await bought(town, repeat=4)
        await settled(town, told["uetr"])
        return codes(told), await books(town)

    told, booked = lived(story)

    assert told == ["00"] * 5
    assert booked["bakong"] == [("booked", "41000.00")]


@pytest.mark.parametrize(
    ("faults", "refund"),
    [
        ((), "CANCELLATION"),
        ((("refund", "drop_answer"),), "enquired"),
        ((("refund", "pending"),), "enquired"),
        ((("refund", "error_500"), ("enquire", "garbage")), "enquired"),
    ],
)
def test_what_cannot_be_credited_goes_back_once(
    faults: tuple[tuple[str, str], ...], refund: str
) -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        for operation, kind in faults:
            await town.fault("unionpay", operation, kind)
        told = await bought(town, khqr(*CLOSED))
        line = await settled(town, told["uetr"])
        requests = (await town.sandbox("unionpay", "GET", "/control/requests"))["requests"]
        return line, await books(town), await ledger(town), sums(town), requests

    line, booked, lines, pending, requests = lived(story)

    assert (line["status"], line["reason"], line["state"]) == ("RJCT", "AC04", "unwound")
    # Both stand in the network's book: the purchase, and what gave it back.
    assert booked["unionpay"] == [("booked", "10.23"), ("booked", "10.23")]
    assert booked["bakong"] == [("refused", "41000.00")]
    assert [each["status"] for each in lines] == ["RJCT", "ACCC"]
    assert pending == []
    assert len({each["reference"] for each in requests if each["operation"] == "refund"}) == 1
    assert ("enquire" in {each["operation"] for each in requests}) == (refund == "enquired")


def test_a_refund_that_the_network_refuses_is_left_to_people_with_the_money_held() -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        await town.fault("unionpay", "refund", "refuse", reason="12")
        told = await bought(town, khqr(*CLOSED))
        await town.world.sleep(600)
        line = next(each for each in await ledger(town) if each["uetr"] == told["uetr"])
        return line["status"], line["state"], await books(town)

    status, state, booked = lived(story)

    assert (status, state) == ("RJCT", "unwinding")
    assert booked["unionpay"] == [("booked", "10.23"), ("refused", "10.23")]


@pytest.mark.parametrize("kind", ["drop_request", "unavailable"])
def test_a_refund_that_never_arrived_is_sent_again_as_it_was(kind: str) -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        await town.fault("unionpay", "refund", kind, times=2)
        told = await bought(town, khqr(*CLOSED))
        line = await settled(town, told["uetr"])
        requests = (await town.sandbox("unionpay", "GET", "/control/requests"))["requests"]
        sent = [each["reference"] for each in requests if each["operation"] == "refund"]
        return line["state"], await books(town), sent, sums(town)

    state, booked, sent, pending = lived(story)

    assert state == "unwound"
    assert booked["unionpay"] == [("booked", "10.23")] * 2
    assert len(sent) == 3
    assert len(set(sent)) == 1
    assert pending == []


def test_a_credit_without_an_answer_is_found_out_and_not_given_back() -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        await town.fault("bakong", "pay", "drop_answer")
        told = await bought(town)
        line = await settled(town, told["uetr"])
        return line["status"], await books(town)

    status, booked = lived(story)

    assert status == "ACCC"
    assert booked == {"unionpay": [("booked", "10.23")], "bakong": [("booked", "41000.00")]}


@pytest.mark.parametrize(
    ("code", "amount", "refused"),
    [
        (khqr(mid="ACLB19999999999"), RIEL, "03"),
        (khqr("coffee@abaa"), RIEL, "03"),
        (khqr("stall@cadi", "CADI10002312085"), RIEL, "57"),
        (khqr("dollars@wing", "WING10002312084"), RIEL, "57"),
        ("https://qr.95516.com/00010000/01", RIEL, "30"),
        (khqr()[:-4] + "0000", RIEL, "30"),
        (khqr(), "500", "13"),
        (khqr(), "40000001", "61"),
    ],
    ids=[
        *("unknown_id", "id_of_another", "suspended", "account_in_dollars", "link", "bad_crc"),
        *("too_little", "too_much"),
    ],
)
def test_who_may_not_be_paid_is_refused_before_anybody_is_debited(
    code: str, amount: str, refused: str
) -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        told = await control(town, "verify", payload=code, amount=amount)
        return codes(told), await ledger(town)

    assert lived(story) == ([refused], [])


def test_an_order_is_the_same_order_when_it_is_verified_again() -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        asked = {"payload": khqr(), "amount": RIEL, "key": "ORDER00000000001"}
        first = await control(town, "verify", **asked)
        again = await control(town, "verify", **asked)
        other = await control(town, "verify", **{**asked, "amount": "42000"})
        return first, again, codes(other), len(await ledger(town))

    first, again, other, held = lived(story)

    assert first["answers"][0]["values"] == again["answers"][0]["values"]
    assert (other, held) == (["94"], 1)


def test_what_became_of_an_order_is_told_to_who_asks() -> None:
    async def story(town: Town) -> list[Any]:
        never = await control(town, "enquire", key="NEVERSEEN0000001")
        held = await control(town, "verify", payload=khqr(), amount=RIEL, key="HELD0000000001")
        waiting = await control(town, "enquire", key=held["key"])
        paid = await bought(town, key="PAID0000000001")
        await settled(town, paid["uetr"])
        done = await control(town, "enquire", key=paid["key"])
        shut = await bought(town, khqr(*CLOSED), key="SHUT0000000001")
        await settled(town, shut["uetr"])
        refused = await control(town, "enquire", key=shut["key"])
        return [
            (each["answers"][0]["code"], each["answers"][0]["values"].get("paymentStatus"))
            for each in (never, waiting, done, refused)
        ]

    assert lived(story) == [
        ("25", None), ("04", None), ("00", "APPROVED"), ("00", "REJECTED"),
    ]  # fmt: skip


@pytest.mark.parametrize("gone", ["cancel", "expiry"])
def test_an_order_that_is_gone_is_not_credited_when_it_is_paid_all_the_same(gone: str) -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        held = await control(town, "verify", payload=khqr(), amount=RIEL, key="GONE0000000001")
        if gone == "cancel":
            assert codes(await control(town, "cancel", key=held["key"])) == ["00"]
        else:
            await town.world.sleep(700)
        advised = await control(town, "advise", key=held["key"], repeat=2)
        line = await settled(town, held["uetr"])
        return codes(advised), line["state"], await books(town), sums(town)

    advised, state, booked, pending = lived(story)

    assert (advised, state) == (["00", "00"], "unwound")
    assert booked == {"unionpay": [("booked", "10.23")] * 2, "bakong": []}
    assert pending == []


def test_a_debit_that_is_taken_back_after_the_shop_was_paid_is_a_dispute() -> None:
    """While the credit is under way nobody can say anything yet, so it is told again."""

    async def story(town: Town) -> tuple[Any, ...]:
        told = await bought(town)
        soon = await control(town, "cancel", key=told["key"])
        await settled(town, told["uetr"])
        late = [await control(town, "cancel", key=told["key"]) for _ in range(2)]
        line = await settled(town, told["uetr"])
        path = f"/v1/operations/payments/{told['uetr']}/evidence"
        shown = (await town.operator("operator-1").call("GET", path, b"")).json()
        kept = [each for each in shown["messages"] if "CANCELLATION" in each["text"]]
        heard = soon["answers"][0]["http"], codes(soon), [codes(each) for each in late]
        return heard, line["status"], line["disputed"], len(kept), (await books(town))["bakong"]

    heard = (503, [None], [["00"], ["00"]])
    assert lived(story) == (heard, "ACCC", True, 1, [("booked", "41000.00")])


def test_an_advice_of_another_amount_than_was_verified_goes_back() -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        told = await bought(town, claim_off=100)
        line = await settled(town, told["uetr"])
        return codes(told), line["status"], line["reason"], (await books(town))["bakong"]

    assert lived(story) == (["00", "00"], "RJCT", "AM09", [])


def test_the_merchants_bank_gives_back_in_parts_up_to_what_was_paid() -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        told = await bought(town, khqr("coffee@abaa", "ABAA10002312082"))
        await settled(town, told["uetr"])
        heard = []
        for number, riel in enumerate(("10000", "31000", "1")):
            body = orjson.dumps({"amount": {"currency": "KHR", "value": riel}})
            answer = await town.member(MEMBER).call(
                "POST",
                f"/v1/payments/{told['uetr']}/refunds",
                body,
                idempotency_key=f"4b1b35c6-7a62-4cf5-8d6c-{number:012d}",
            )
            heard.append((answer.status, answer.json().get("status"), answer.json()["reason"]))
        return heard, await books(town), sums(town)

    heard, booked, pending = lived(story)

    assert heard[:2] == [(200, "ACCC", None)] * 2
    assert heard[2][0] == 422
    # 10.23 dollars were owed for 41,000 riel: two parts that add up to the cent.
    assert booked["unionpay"] == [("booked", "10.23"), ("booked", "2.49"), ("booked", "7.74")]
    assert pending == []
