"""A payment is asked back through the whole switch, both ways, by camt.056 and camt.029."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
import pytest

from switch.demo.scenes import khqr_code
from switch.simulation.town import Town
from switch.simulation.world import World
from tests.adapters.thailand.test_thailand_returns_town import MEMBER, lived, ours, shared

BANK, OTHER = MEMBER, "CADIKHPPXXX"
ENDS_WITHIN_S: Final = 7_200
Told = dict[str, Any]


async def uetr_of(town: Town) -> str:
    paid = next(each for each in await ours(town) if each["direction"] == "outbound")
    uetr: str = paid["uetr"]
    return uetr


async def called(town: Town, member: str, path: str, body: Told, key: str = "") -> tuple[int, Told]:
    """What a bank is answered."""
    answer = await town.member(member).call(
        "POST", path, orjson.dumps(body), idempotency_key=key or None
    )
    return answer.status, answer.json()


async def recalled(town: Town, key: str = "recall-1", **body: object) -> tuple[int, Told]:
    """Ask for the one outbound payment back, as its payer's bank does."""
    return await called(town, MEMBER, f"/v1/payments/{await uetr_of(town)}/recall", body, key)


async def ended(town: Town, uetr: str, wanted: str = "final") -> Told:
    """The payment once it is final, as its member sees it."""
    started = town.clock.monotonic()
    while town.clock.monotonic() - started < ENDS_WITHIN_S:
        (shown,) = [each for each in await ours(town) if each["uetr"] == uetr]
        if shown[wanted]:
            return shown
        await town.world.sleep(5)
    raise AssertionError("it did not end")


def test_a_shop_that_agrees_gives_it_back_at_the_rate_of_the_payment() -> None:
    async def story(town: Town, reference: str) -> None:
        status, told = await recalled(town)
        await town.world.sleep(5)
        lines = {line["direction"]: line for line in (await town.book("thailand"))}
        returned = [
            each
            for each in await ours(town)
            if each["direction"] == "inbound" and each["status"] == "ACCC"
        ]

        assert (status, told["status"], told["final"]) == (200, "ACCC", True)
        assert (lines["inbound"]["amount"], lines["inbound"]["status"]) == ("345.00", "booked")
        assert [each["debit"]["value"] for each in returned] == ["41000"]
        assert lines["outbound"]["reference"] == reference

    lived(story)


def test_a_shop_that_does_not_agree_keeps_it_and_says_why() -> None:
    async def story(town: Town, _: str) -> None:
        await town.fault("thailand", "recall", "refuse", reason="CUST")
        status, told = await recalled(town, reason="DUPL")
        again = await recalled(town, reason="DUPL")
        other = await recalled(town, "recall-2", reason="DUPL")

        assert (status, told["status"], told["reason"]) == (200, "RJCT", "CUST")
        assert again == (status, told)
        assert (other[0], other[1]["reason"]) == (422, "DUPL")
        assert len(await town.book("thailand")) == 1

    lived(story)


@pytest.mark.parametrize(
    "kind", ["drop_answer", "drop_request", "garbage", "wrong_signature", "error_500", "twice"]
)
def test_a_recall_whose_answer_is_lost_is_decided_once(kind: str) -> None:
    async def story(town: Town, _: str) -> None:
        await town.fault("thailand", "recall", kind)
        _status, told = await recalled(town)
        shown = await ended(town, told["uetr"])
        await town.world.sleep(30)
        given = [line for line in await town.book("thailand") if line["direction"] == "inbound"]

        assert shown["status"] == "ACCC"
        assert [(each["amount"], each["status"]) for each in given] == [("345.00", "booked")]

    lived(story)


@pytest.mark.parametrize("agreed", [True, False])
def test_what_waits_for_the_shop_is_told_unasked(agreed: bool) -> None:
    async def story(town: Town, _: str) -> None:
        await town.fault("thailand", "recall", "pending")
        status, told = await recalled(town)
        asked = (await town.sandbox("thailand", "GET", "/control/requests"))["requests"]
        (name,) = {each["reference"] for each in asked if each["operation"] == "recall"}
        said = {"cancellation_id": name, "agreed": agreed, "reason": "NOAS"}
        answer = await town.sandbox("thailand", "POST", "/control/decide-recall", said)
        shown = await ended(town, told["uetr"])

        assert (status, told["status"], answer["told"]["status"]) == (202, "PDNG", "RCVD")
        assert (shown["status"], shown["reason"]) == (
            ("ACCC", None) if agreed else ("RJCT", "NOAS")
        )

    lived(story)


def test_what_was_told_to_nobody_is_found_by_asking_again() -> None:
    async def story(town: Town, _: str) -> None:
        await town.fault("thailand", "recall", "pending")
        _status, told = await recalled(town)
        asked = (await town.sandbox("thailand", "GET", "/control/requests"))["requests"]
        (name,) = {each["reference"] for each in asked if each["operation"] == "recall"}
        said = {"cancellation_id": name, "agreed": False, "tell": False}
        await town.sandbox("thailand", "POST", "/control/decide-recall", said)

        assert (await ended(town, told["uetr"]))["reason"] == "CUST"

    lived(story)


def guest(story: Callable[[Town, str], Awaitable[None]]) -> None:
    """A Thai guest pays 41,000 riel; then go on with the payment's UETR."""

    async def told(_: World) -> None:
        await town.open()
        code = khqr_code(town, "coffee@abaa")  # type: ignore[arg-type]
        asked = {"payload": code, "amount": "41000"}
        paid = await town.sandbox("thailand", "POST", "/control/pay-khqr", asked)
        await story(town, paid["uetr"])

    with World(7) as world:
        town = Town(world, shared())
        world.run(told(world))


async def asked_back(town: Town, uetr: str) -> Told:
    answer: Told = await town.sandbox("thailand", "POST", "/control/ask-back", {"uetr": uetr})
    return answer


async def put(town: Town) -> str:
    """The UETR of the recall that waits for the shop's bank."""
    (line,) = [each for each in await ours(town) if not each["final"]]
    uetr: str = line["uetr"]
    return uetr


def test_a_shop_here_that_agrees_gives_it_back_and_then_the_network_is_told() -> None:
    async def story(town: Town, uetr: str) -> None:
        first = await asked_back(town, uetr)
        recall = await put(town)
        path = f"/v1/payments/{recall}/recall-answer"
        status, answered = await called(town, BANK, path, {"agreed": True})
        again = await called(town, BANK, path, {"agreed": False})
        await ended(town, recall)
        last = await asked_back(town, uetr)
        lines = [(each["amount"], each["status"]) for each in await town.book("thailand")]

        assert (first["answer"], last["answer"]) == ("PDCR", "CNCL")
        assert first["cancellation_id"] == last["cancellation_id"]
        assert (status, answered["status"], again[0]) == (202, "PDNG", 409)
        assert lines == [("346.87", "booked"), ("346.87", "booked")]

    guest(story)


def test_a_shop_here_that_does_not_agree_keeps_it() -> None:
    async def story(town: Town, uetr: str) -> None:
        await asked_back(town, uetr)
        path = f"/v1/payments/{await put(town)}/recall-answer"
        stranger = await called(town, OTHER, path, {"agreed": True})
        status, answered = await called(town, BANK, path, {"agreed": False, "reason": "AM04"})
        last = await asked_back(town, uetr)

        assert stranger[0] == 404
        assert (status, answered["status"]) == (200, "RJCT")
        assert (last["answer"], last["reason"]) == ("RJCR", "AM04")
        assert len(await town.book("thailand")) == 1

    guest(story)


def test_what_was_never_paid_here_is_not_asked_back() -> None:
    async def story(town: Town, _: str) -> None:
        await town.fault("bakong", "pay", "refuse", reason="AC04")
        code = khqr_code(town, "coffee@abaa")  # type: ignore[arg-type]
        other = await town.sandbox(
            "thailand", "POST", "/control/pay-khqr", {"payload": code, "amount": "1000"}
        )
        answer = await asked_back(town, other["uetr"])

        assert (other["status"], answer["answer"], answer["reason"]) == ("RJCT", "RJCR", "AC04")

    guest(story)
