"""The scenes of a demonstration: real payments in both directions, and what may go wrong.

Each scene says what it expects and returns what happened. The unknown one runs beside the others:
its answer is lost on the way, and the switch finds out by asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from fx.money import Money
from switch.qr import Khqr, ThaiBillPayment, write_khqr, write_thai_bill_payment

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from switch.demo.stage import Stage

MEMBER: Final = "ABAAKHPPXXX"
THAI: Final = "thailand"
DEBTOR: Final = MappingProxyType({"name": "Sok Dara", "account": "sokdara@abaa"})
ENDED_WITHIN_S: Final = 15
PAUSE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Scene:
    """One payment shown: its UETR, what was expected, how long its answer took."""

    title: str
    direction: str
    uetr: str
    expected: str
    milliseconds: int
    as_expected: bool


class SceneFailed(Exception):  # noqa: N818  the name says what happened
    """A scene could not be played; the sentence says where it ended."""


def thai_code(amount: str | None = None, biller: str = "010555900011101") -> str:
    """The code of a Thai shop, with a fixed amount of baht or without."""
    fixed = None if amount is None else Money.parse(amount, "THB")
    return write_thai_bill_payment(
        ThaiBillPayment(
            biller_id=biller,
            reference_1="TABLE7",
            merchant_name="DOI KHAO SOI",
            merchant_city="CHIANG MAI",
            category="5812",
            amount=fixed,
        )
    )


def khqr_code(stage: Stage, account: str, amount: str | None = None) -> str:
    """The code of a Cambodian shop, with a fixed amount of riel or without."""
    now = stage.clock.now()
    fixed = None if amount is None else Money.parse(amount, "KHR")
    return write_khqr(
        Khqr(
            account=account,
            merchant_name="Noodle Shop",
            merchant_city="Phnom Penh",
            category="5812",
            amount=fixed,
            created_at=None if fixed is None else now,
            expires_at=None if fixed is None else now + timedelta(minutes=10),
        )
    )


async def quoted(stage: Stage, code: str, amount: dict[str, str] | None = None) -> str:
    """Scan a code as a member and return the token of its quote."""
    member = stage.member(MEMBER)
    scanned = await member.scan(code)
    if scanned.status != 200:  # noqa: PLR2004
        raise SceneFailed(f"the scan was answered {scanned.status}")
    body = scanned.json()
    if amount is not None:
        body = (await member.quote(body["scan"], amount)).json()
    token: str = body["quotes"][0]["quote"]
    return token


async def pay(stage: Stage, token: str, key: str) -> ClientAnswer:
    """Pay a quote as a member."""
    return await stage.member(MEMBER).pay(key, {"quote": token, "debtor": dict(DEBTOR)})


async def settled(stage: Stage, answer: ClientAnswer) -> dict[str, Any]:
    """The payment once it has ended: from the answer, or by asking until then."""
    body: dict[str, Any] = answer.json()
    body = body.get("payment", body)
    started = stage.clock.monotonic()
    while not body["final"]:
        if stage.clock.monotonic() - started > ENDED_WITHIN_S:
            break
        await stage.clock.sleep(PAUSE_S)
        body = (await stage.member(MEMBER).payment(body["uetr"])).json()
    return body


async def outbound(
    stage: Stage,
    title: str,
    expected: str,
    *,
    code: str | None = None,
    amount: dict[str, str] | None = None,
    repeat: int = 1,
) -> Scene:
    """A member pays a Thai shop; ``repeat`` sends the same instruction again."""
    token = await quoted(stage, code or thai_code("345.00"), amount)
    key = stage.ids.uuid()
    started = stage.clock.monotonic()
    answers = [await pay(stage, token, key) for _ in range(repeat)]
    body = await settled(stage, answers[0])
    took = int((stage.clock.monotonic() - started) * 1000)
    same = all(answer.body == answers[0].body for answer in answers)
    return Scene(
        title, "outbound", body["uetr"], expected, took, same and body["status"] == expected
    )


async def inbound(
    stage: Stage, title: str, expected: str, *, code: str, amount: str | None, repeat: int = 1
) -> Scene:
    """A Thai guest pays a Cambodian shop; the network may repeat its message."""
    asked: dict[str, object] = {"payload": code, "repeat": repeat}
    if amount is not None:
        asked["amount"] = amount
    started = stage.clock.monotonic()
    told = await stage.sandbox(THAI, "POST", "/control/pay-khqr", asked)
    took = int((stage.clock.monotonic() - started) * 1000)
    if told.get("uetr") is None:
        raise SceneFailed(f"the lookup of a KHQR was answered {told.get('reason')}")
    words = {"ACSC": "ACCC", "ACCC": "ACCC", "RJCT": "RJCT"}
    statuses = {words.get(answer["status"] or "", "PDNG") for answer in told["answers"]}
    return Scene(title, "inbound", told["uetr"], expected, took, statuses == {expected})


async def play(stage: Stage) -> list[Scene]:
    """Play every scene of the Thai corridor, in both directions."""
    await stage.fault(THAI, "pay", "drop_answer")
    lost = stage.tasks.start("lost", outbound(stage, "answer lost, found by enquiry", "ACCC"))
    await _arrived(stage)
    scenes = [
        await outbound(stage, "Thai shop, code with amount", "ACCC"),
        await outbound(
            stage,
            "Thai shop, riel keyed by the payer",
            "ACCC",
            code=thai_code(),
            amount={"currency": "KHR", "value": "20000"},
        ),
        await outbound(stage, "same instruction sent three times", "ACCC", repeat=3),
    ]
    await stage.fault(THAI, "pay", "refuse", reason="AC06")
    scenes.append(await outbound(stage, "refused by the shop's bank", "RJCT"))
    shop = khqr_code(stage, "coffee@abaa")
    scenes += [
        await inbound(stage, "Thai guest, KHQR, riel keyed", "ACCC", code=shop, amount="41000"),
        await inbound(
            stage,
            "Thai guest, KHQR with amount",
            "ACCC",
            code=khqr_code(stage, "coffee@abaa", "12500"),
            amount=None,
        ),
        await inbound(
            stage, "network repeats its message", "ACCC", code=shop, amount="8000", repeat=3
        ),
        await inbound(
            stage,
            "shop's account is closed",
            "RJCT",
            code=khqr_code(stage, "closed@abaa"),
            amount="5000",
        ),
        await lost,
    ]
    return scenes


async def _arrived(stage: Stage) -> None:
    """Wait until the first payment has reached the Thai network."""
    for _ in range(ENDED_WITHIN_S * 10):
        seen = (await stage.sandbox(THAI, "GET", "/control/requests"))["requests"]
        if any(request["operation"] == "pay" for request in seen):
            return
        await stage.clock.sleep(PAUSE_S)
    raise SceneFailed("the first payment did not reach the Thai network")
