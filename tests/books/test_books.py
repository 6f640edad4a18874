"""After everything that can happen to a payment the books hold, as a whole and one by one.

All scenarios run side by side against one switch and its two networks, as processes; each is then
judged by itself, and the whole by the independent checker. The one payment that cannot end here is
the credit that Bakong never saw: nothing promises that it will not come, so it stays reserved.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest

from switch.demo.scenes import khqr_code, quoted, thai_code
from tests.books import check
from tests.books.books_rig import (
    BAKONG,
    SPONSOR,
    THAI,
    Call,
    all_ended,
    books,
    call,
    child,
    guest,
    launched,
    new_stage,
    payments,
    until,
)

if TYPE_CHECKING:
    from switch.demo.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("books")]

NEVER_ARRIVES: Final = "the credit never arrives at Bakong"

OUTBOUND: Final[dict[str, tuple[dict[str, object], str, str | None]]] = {
    "accepted": ({}, "ACCC", None),
    "refused by the shop's bank": ({"kind": "refuse", "reason": "AC06"}, "RJCT", "AC06"),
    "pending, then accepted": ({"kind": "pending", "delay_ms": 300}, "ACCC", None),
    "slow": ({"kind": "slow", "delay_ms": 500}, "ACCC", None),
    "answered late": ({"kind": "late", "delay_ms": 500}, "ACCC", None),
    "executed twice inside": ({"kind": "twice"}, "ACCC", None),
    "answer lost": ({"kind": "drop_answer"}, "ACCC", None),
    "answer unreadable": ({"kind": "garbage"}, "ACCC", None),
    "answer wrongly signed": ({"kind": "wrong_signature"}, "ACCC", None),
    "answered with an error": ({"kind": "error_500"}, "ACCC", None),
    "request lost": ({"kind": "drop_request"}, "RJCT", "AB01"),
}
"""What happens at the Thai network, and how the payment must end."""

INBOUND: Final[dict[str, tuple[dict[str, object], dict[str, object], str, str | None]]] = {
    "credited": ({}, {}, "ACCC", None),
    "the network repeats itself": ({}, {"repeat": 3}, "ACCC", None),
    "refused by the backbone": ({"kind": "refuse", "reason": "AM04"}, {}, "RJCT", "AM04"),
    "pending, then credited": ({"kind": "pending", "delay_ms": 700}, {}, "ACCC", None),
    "the backbone's answer lost": ({"kind": "drop_answer"}, {}, "ACCC", None),
    "the backbone's answer unreadable": ({"kind": "garbage"}, {}, "ACCC", None),
    "the backbone's error": ({"kind": "error_500"}, {}, "ACCC", None),
    NEVER_ARRIVES: ({"kind": "drop_request"}, {"within_ms": 1500}, "PDNG", None),
}
"""What happens at Bakong, what the guest's network does, and how the payment must end."""

ON_US: Final = "the merchant banks with the sponsor"

ACCOUNTS: Final = {
    "the account is closed": ("closed@abaa", "AC04"),
    "the account is blocked": ("blocked@abaa", "AC06"),
    "the account closes underway": ("vanishing@abaa", "AC04"),
}
"""Refusals by the merchant's account."""


@dataclass
class Played:
    """What every scenario came to, and the books afterwards."""

    uetrs: dict[str, str] = field(default_factory=dict)
    lines: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    tables: check.Tables = field(default_factory=lambda: check.Tables({}))

    def line(self, scenario: str) -> dict[str, Any]:
        """The payment of a scenario as the overseer sees it."""
        return self.lines[self.uetrs[scenario]]


ENQUIRIES: Final = ("garbage", "drop_answer", "refuse", "pending")
"""What the first enquiries meet, whichever payments they are about: none of it is an end."""


async def _outbound(stage: Stage, played: Played, running: dict[str, Any]) -> None:
    for place, (name, (fault, _, _)) in enumerate(OUTBOUND.items()):
        instruction = await call(stage, f"{100 + place}.25")
        running[name] = await launched(stage, THAI, instruction.send(stage), **fault)
    first = await call(stage, "90.00")
    answers = [await first.send(stage) for _ in range(3)]
    played.told["same key"] = [(answer.status, answer.body) for answer in answers]
    other = Call(await quoted(stage, thai_code("91.00")), first.key)
    played.told["other content"] = await other.send(stage)
    used = Call(first.token, stage.ids.uuid())
    played.told["quote used"] = [await used.send(stage) for _ in range(2)]


async def _inbound(stage: Stage, played: Played, running: dict[str, Any]) -> None:
    shop = khqr_code(stage, "coffee@abaa")
    for place, (name, (fault, more, _, _)) in enumerate(INBOUND.items()):
        paid = guest(stage, shop, amount=str(4000 + 100 * place), **more)
        running[name] = await launched(stage, BAKONG, paid, **fault)
    for place, (name, (account, _)) in enumerate(ACCOUNTS.items()):
        code = khqr_code(stage, account)
        running[name] = asyncio.create_task(guest(stage, code, amount=str(6000 + 100 * place)))
    ours = guest(stage, khqr_code(stage, "noodleshop@aclb"), amount="7300")
    running[ON_US] = asyncio.create_task(ours)
    running["too late"] = asyncio.create_task(guest(stage, shop, amount="7100", age_ms=14_000))
    for amount, reversal in (("1234", False), ("432", True)):
        asked = {"payee": SPONSOR, "amount": amount, "currency": "KHR", "reversal": reversal}
        played.told[f"incoming {amount}"] = await stage.sandbox(
            BAKONG, "POST", "/control/incoming", asked
        )


async def _play() -> Played:
    played, running = Played(), dict[str, Any]()
    async with new_stage() as stage:
        for kind in ENQUIRIES:
            await stage.fault(THAI, "enquire", kind)
        before = check.shown(stage.urls[BAKONG], "/ledger")
        await _outbound(stage, played, running)
        await _inbound(stage, played, running)
        for name, task in running.items():
            answer = await task
            told = answer.json() if hasattr(answer, "json") else answer
            played.uetrs[name] = told["uetr"]
        played.lines = await all_ended(stage, but=(played.uetrs[NEVER_ARRIVES],))
        await until(partial(_collected, stage))
        played.tables, states = books(stage)
        after = check.shown(stage.urls[BAKONG], "/ledger")
        played.faults = check.check(played.tables, states)
        played.faults += check.pool(played.tables, before, after, SPONSOR)
    return played


async def _collected(stage: Stage) -> bool:
    """Whether the money that arrived is booked here, and nothing is in transit at Bakong."""
    booked = check.read_tables(stage.data / "switch.db").rows["incoming"]
    transit = check.shown(stage.urls[BAKONG], "/ledger")["transit"]
    return len(booked) == 2 and not any(Decimal(amount) for amount in transit.values())


@pytest.fixture(scope="module")
def played() -> Played:
    """Every scenario, played once."""
    return asyncio.run(_play())


def test_the_books_hold_after_every_scenario(played: Played) -> None:
    assert played.faults == []
    assert len(played.uetrs) == len(OUTBOUND) + len(INBOUND) + len(ACCOUNTS) + 2


@pytest.mark.parametrize("scenario", OUTBOUND)
def test_outbound_ends_as_it_must(played: Played, scenario: str) -> None:
    line = played.line(scenario)

    assert OUTBOUND[scenario][1:] == (line["status"], line["reason"])


@pytest.mark.parametrize("scenario", INBOUND)
def test_inbound_ends_as_it_must(played: Played, scenario: str) -> None:
    line = played.line(scenario)

    assert INBOUND[scenario][2:] == (line["status"], line["reason"])


@pytest.mark.parametrize("scenario", ACCOUNTS)
def test_an_account_that_cannot_be_credited_refuses(played: Played, scenario: str) -> None:
    line = played.line(scenario)

    assert (line["status"], line["reason"]) == ("RJCT", ACCOUNTS[scenario][1])


def test_the_sponsors_own_merchant_is_paid_and_the_pool_mirror_stays(played: Played) -> None:
    """The check of every scenario compares the mirror with the pool; this one must not move it."""
    line = played.line(ON_US)

    assert (line["status"], line["reason"]) == ("ACCC", None)


def test_an_instruction_too_late_for_the_hop_is_refused_and_starts_none(played: Played) -> None:
    line = played.line("too late")

    assert (line["status"], line["reason"]) == ("RJCT", "AB03")
    assert line["uetr"] not in played.tables.entries


def test_a_credit_that_may_still_come_stays_reserved(played: Played) -> None:
    assert played.tables.open_payments() == [played.uetrs[NEVER_ARRIVES]]


def test_the_same_key_gets_the_same_answer_and_other_content_a_conflict(played: Played) -> None:
    assert len(set(played.told["same key"])) == 1
    assert played.told["other content"].status == 409


def test_a_quote_used_before_is_refused_for_ever(played: Played) -> None:
    first, again = played.told["quote used"]

    assert (first.status, first.body) == (422, again.body)


def test_money_that_arrived_is_in_suspense(played: Played) -> None:
    suspense = next(
        account
        for account in played.tables.rows["account"]
        if account["key"] == f"{SPONSOR}/suspense/KHR/bakong"
    )

    assert (suspense["credits_posted"], suspense["debits_posted"]) == (1_666_00, 0)


async def _offline() -> tuple[dict[str, dict[str, Any]], list[str]]:
    async with new_stage() as stage:
        await child(stage, BAKONG).stop()
        await guest(stage, khqr_code(stage, "coffee@abaa"), amount="4000")
        abroad = await call(stage, "55.00")
        thai = check.shown(stage.urls[THAI])
        await child(stage, THAI).stop()
        await abroad.send(stage)
        found = await payments(stage)
        tables = check.read_tables(stage.data / "switch.db")
        # A Bakong that was never reached has booked nothing; the Thai book was read before.
        states = {THAI: thai, BAKONG: {"book": []}}
        return found, check.check(tables, states)


def test_a_network_that_cannot_be_reached_refuses_and_releases() -> None:
    found, faults = asyncio.run(_offline())

    assert faults == []
    assert {("RJCT", "AB07")} == {(line["status"], line["reason"]) for line in found.values()}
    assert len(found) == 2
