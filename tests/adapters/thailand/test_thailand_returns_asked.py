"""A network that asks after money it gave back is told how that stands; "never seen" is kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.shell.settled_town import SettledTown, lived


async def _asked(town: SettledTown, path: str, **body: object) -> dict[str, Any]:
    told: dict[str, Any] = await town.sandbox("thailand", "POST", f"/control/{path}", body)
    return told


async def _reference(town: SettledTown) -> str:
    told = await town.paid()
    payment = await town.read.payment(told["uetr"])
    assert payment is not None
    return payment.reference


async def _booked(town: SettledTown) -> tuple[int, int]:
    """What the network owes us on balance in baht, and what stands in suspense."""
    account = await town.read.account("thailand/network/THB/deferred")
    position = 0 if account is None else account.credits_posted - account.debits_posted
    return position, await town.suspense()


@pytest.mark.parametrize(("amount", "held"), [("100.00", 0), ("345.01", 34_501)])
def test_what_is_booked_is_told_so_however_it_was_booked(amount: str, held: int) -> None:
    async def story(town: SettledTown) -> Any:
        given = await _asked(town, "return", reference=await _reference(town), amount=amount)
        asked = await _asked(town, "enquire", return_id=given["return_id"])
        return given, asked, await town.suspense(), await town.audited()

    given, asked, suspense, faults = lived(story)

    assert (given["status"], asked["status"], asked["reason"]) == ("ACSC", "ACSC", None)
    assert (suspense, faults) == (held, ())


def test_what_never_came_is_promised_away_and_then_refused_however_often_it_comes() -> None:
    async def story(town: SettledTown) -> Any:
        reference = await _reference(town)
        before = await _booked(town)
        begun = await _asked(town, "return", reference=reference, amount="100.00", repeat=0)
        asked = await _asked(town, "enquire", return_id=begun["return_id"])
        late = await _asked(town, "return", return_id=begun["return_id"], repeat=2)
        again = await _asked(town, "enquire", return_id=begun["return_id"])
        other = await _asked(town, "return", reference=reference, amount="100.00")
        return (begun, asked, late, again, other), before, await _booked(town), await town.audited()

    (begun, asked, late, again, other), before, after, faults = lived(story)

    assert begun["status"] is None
    assert (asked["status"], asked["reason"]) == ("RJCT", "NSEEN")
    assert [(each["status"], each["reason"]) for each in late["answers"]] == [("RJCT", "TM01")] * 2
    assert (again["status"], again["reason"]) == ("RJCT", "NSEEN")
    # The same money under an identification of its own is another return.
    assert other["status"] == "ACSC"
    assert (after, faults) == ((before[0] - 10_000, before[1]), ())


def test_the_payment_itself_is_asked_about_as_before() -> None:
    async def story(town: SettledTown) -> Any:
        uetr = await town.guest_pays()
        return await _asked(town, "enquire", uetr=uetr)

    assert lived(story)["status"] == "ACSC"
