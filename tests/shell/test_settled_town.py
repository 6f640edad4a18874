"""A network's statement as evidence, over HTTP: what was unknown ends, and nothing flips."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from switch.app import SERVED_AS
from switch.settlement_port import FileRefused
from tests.shell.settled_town import SettledTown, lived

DESK = "/v1/operations/suspense"


def test_what_is_settled_and_known_is_matched_both_ways() -> None:
    async def story(town: SettledTown) -> Any:
        await town.paid()
        await town.guest_pays()
        report = await town.settle(await town.statement())
        return report, await town.audited()

    report, faults = lived(story)

    assert (report["lines"], report["counts"]) == (2, {"matched": 2})
    assert (report["whole"], faults) == (True, ())


def test_an_unknown_payment_that_is_in_the_file_ends_accepted_with_the_line_as_evidence() -> None:
    async def story(town: SettledTown) -> Any:
        await town.fault("thailand", "pay", "drop_answer")
        for _ in range(20):
            await town.fault("thailand", "enquire", "drop_answer")
        told = await town.paid()
        await town.world.sleep(30)
        before = await town.shown(told["uetr"])
        report = await town.settle(await town.statement())
        again = await town.settle(await town.statement())
        held = await town.read.sealed(told["uetr"], "evidence")
        return before, report, again, await town.shown(told["uetr"]), held, await town.audited()

    before, report, again, after, held, faults = lived(story)

    assert (before["status"], before["final"]) == ("PDNG", False)
    assert report["counts"] == {"resolved": 1}
    (line,) = report["resolved"]
    assert (line["before"], line["state"]) == ("unknown", "accepted")
    assert (after["status"], again["counts"]) == ("ACCC", {"matched": 1})
    assert held is not None
    assert faults == ()


def test_a_payment_that_was_refused_and_is_in_the_file_is_disputed_and_stays_refused() -> None:
    async def story(town: SettledTown) -> Any:
        told = await town.paid()
        book = await town.statement()
        await town.fault("thailand", "pay", "contradict", reason="AC04")
        second = await town.paid(2)
        final = await town.shown(second["uetr"])
        report = await town.settle(await town.statement())
        return told, book, final, report, await town.shown(second["uetr"]), await town.audited()

    _, _, final, report, after, faults = lived(story)

    assert final["status"] == "RJCT"
    assert report["counts"] == {"matched": 1, "disputed": 1}
    assert (after["status"], after["disputed"]) == ("RJCT", True)
    assert faults == ()


def test_a_line_that_nobody_knows_is_booked_to_suspense_once() -> None:
    async def story(town: SettledTown) -> Any:
        extra = await town.statement(extra="TH20261121NOBODYKNOWS:12.50")
        first = await town.settle(extra)
        second = await town.settle(extra)
        third = await town.settle(await town.statement(extra="TH20261121NOBODYKNOWS:12.50"))
        held = await town.suspense()
        return first, second, third, held, await town.audited()

    first, second, third, held, faults = lived(story)

    for report in (first, second, third):
        assert report["counts"] == {"unknown": 1}
        assert report["unknown"][0]["amount"] == {"currency": "THB", "value": "12.50"}
    assert (held, faults) == (1_250, ())


def test_two_operators_close_such_a_line_and_a_life_later_it_is_closed() -> None:
    async def story(town: SettledTown) -> Any:
        file = await town.statement(extra="TH20261121NOBODYKNOWS:12.50")
        await town.settle(file)
        first, second = (town.operator(f"operator-{number}") for number in (1, 2))
        (item,) = (await first.call("GET", DESK, b"")).json()["items"]
        asked = {"item": item["item"], "way": "settled", "reference": "their mail"}
        seen = (await first.call("POST", f"{DESK}/proposals", orjson.dumps(asked))).json()
        approval = {"item": item["item"], "proposal": seen["proposal"]["id"]}
        done = await second.call("POST", f"{DESK}/approvals", orjson.dumps(approval))
        held = await town.suspense()
        town.world.kill(SERVED_AS)
        await town.start_switch()
        again = await town.operator("operator-2").call(
            "POST", f"{DESK}/approvals", orjson.dumps(approval)
        )
        await town.settle(file)
        return item, (done, again), (held, await town.suspense()), await town.audited()

    item, answers, held, faults = lived(story)

    assert item["item"].startswith("line/thailand/")
    assert item["amount"] == {"currency": "THB", "value": "12.50"}
    assert [each.status for each in answers] == [200, 200]
    assert answers[0].json()["closed"] == answers[1].json()["closed"]
    assert (held, faults) == ((0, 0), ())


def test_what_should_be_in_the_file_and_is_not_is_listed_and_left_as_it_is() -> None:
    async def story(town: SettledTown) -> Any:
        first = await town.paid()
        assert town.running is not None
        payment = await town.read.payment(first["uetr"])
        assert payment is not None
        await town.world.sleep(3_600)
        report = await town.settle(await town.statement(without=payment.reference))
        return first, report, await town.shown(first["uetr"])

    first, report, after = lived(story)

    assert report["counts"] == {"missing": 1}
    assert report["missing"][0]["uetr"] == first["uetr"]
    assert (after["status"], after["disputed"]) == ("ACCC", False)


def test_money_given_back_is_matched_with_its_own_line() -> None:
    async def story(town: SettledTown) -> Any:
        told = await town.paid()
        payment = await town.read.payment(told["uetr"])
        assert payment is not None
        asked = {"reference": payment.reference, "amount": "100.00"}
        await town.sandbox("thailand", "POST", "/control/return", asked)
        report = await town.settle(await town.statement())
        return report, await town.suspense(), await town.audited()

    report, held, faults = lived(story)

    assert (report["counts"], held, faults) == ({"matched": 2}, 0, ())


@pytest.mark.parametrize("spoil", [b"</Ntry>", b"BOOK", b"DBIT"])
def test_a_file_that_was_changed_is_refused_whole(spoil: bytes) -> None:
    async def story(town: SettledTown) -> Any:
        told = await town.paid()
        content = await town.statement()
        with pytest.raises(FileRefused):
            await town.settle(content.replace(spoil, spoil.lower(), 1))
        return await town.shown(told["uetr"])

    assert lived(story)["status"] == "ACCC"
