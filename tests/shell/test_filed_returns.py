"""A return that the statement names before its own message has come is booked once, either way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from switch import returns
from switch.inbound_port import InboundReturn
from switch.port import InboundEnquiry
from switch.settlement_port import FileLine, LineKind
from tests.shell.hand_parts import said
from tests.shell.settled_town import SettledTown, lived
from tests.shell.test_linked_payments import baht
from tests.shell.test_orders import net
from tests.shell.test_settling import filed, line

if TYPE_CHECKING:
    from switch.model import Payment
    from tests.shell.shell_rig import Shell


def stated(original: Payment, key: str, text: str = "100.00") -> FileLine:
    """What the network's file says of a return."""
    told = line(LineKind.BACK, key, original.uetr, baht(text), to_us=True)
    return replace(told, returned=key, network_reference=key)


def message(original: Payment, key: str, text: str = "100.00") -> InboundReturn:
    """The network's own message of it."""
    return InboundReturn(key, original.reference, baht(text), {}, settled=True)


async def accepted(shell: Shell) -> Payment:
    shell.transport.script("thailand", said("accepted"))
    return await shell.opened()


def owed(shell: Shell) -> tuple[int, int]:
    """What stands on the network's position and in suspense."""
    return net(shell, "thailand/network/THB"), net(shell, "thailand/suspense")


async def test_the_file_first_and_the_message_later_are_one_return(shell: Shell) -> None:
    original = await accepted(shell)
    before = owed(shell)
    first = await filed(shell, stated(original, "RTR-1"))
    late = await shell.receive(message(original, "RTR-1"))
    again = await filed(shell, stated(original, "RTR-1"))

    assert (first["counts"], again["counts"]) == ({"returned": 1}, {"matched": 1})
    assert (late["status"], late["uetr"]) == ("ACCC", first["returned"][0]["uetr"])
    assert [now - then for now, then in zip(owed(shell), before, strict=True)] == [10_000, 0]


async def test_two_of_one_amount_are_told_apart_by_their_keys(shell: Shell) -> None:
    original = await accepted(shell)
    before = owed(shell)
    told = await shell.receive(message(original, "RTR-1"))
    lines = [stated(original, "RTR-2"), stated(original, "RTR-1"), stated(original, "RTR-2")]
    report = await filed(shell, *lines)
    await shell.receive(message(original, "RTR-2"))

    assert report["counts"] == {"returned": 1, "matched": 1, "twice": 1}
    assert report["returned"][0]["uetr"] != told["uetr"]
    assert [now - then for now, then in zip(owed(shell), before, strict=True)] == [20_000, 0]


async def test_a_return_that_is_booked_under_another_name_is_not_booked_again(shell: Shell) -> None:
    original = await accepted(shell)
    await shell.receive(message(original, "RTR-1"))
    before = owed(shell)
    report = await filed(shell, stated(original, "NAMED-OTHERWISE"))

    assert (report["counts"], owed(shell)) == ({"matched": 1}, before)


async def test_what_fits_not_is_held_for_people_and_what_is_not_ours_is_unknown(
    shell: Shell,
) -> None:
    original = await accepted(shell)
    before = owed(shell)
    more = stated(original, "RTR-1", "345.01")
    theirs = replace(stated(original, "RTR-2"), owed_to_us=False)
    own = stated(original, original.reference)
    report = await filed(shell, more, theirs, own)

    assert report["counts"] == {"returned": 1, "unknown": 2}
    held = shell.payment(report["returned"][0]["uetr"])
    assert (held.disputed, held.terms.destination) == (True, baht("345.01"))
    moved = [now - then for now, then in zip(owed(shell), before, strict=True)]
    assert moved == [34_501, -34_501]


async def test_what_was_promised_never_to_be_taken_is_what_the_network_claims(
    shell: Shell,
) -> None:
    original = await accepted(shell)
    await shell.receive(InboundEnquiry("", "RTR-1", {}, returned="RTR-1"))
    report = await filed(shell, stated(original, "RTR-1"))

    assert report["counts"] == {"unknown": 1}
    assert await shell.linked.of(original) == []


async def test_what_stands_in_suspense_as_an_item_is_matched(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = await accepted(shell)
    monkeypatch.setattr(returns, "LINKED_MAX", 0)
    first = await filed(shell, stated(original, "RTR-1"))
    before = owed(shell)
    late = await shell.receive(message(original, "RTR-1"))
    again = await filed(shell, stated(original, "RTR-1"))

    assert (first["counts"], again["counts"]) == ({"returned": 1}, {"matched": 1})
    assert (late["status"], owed(shell)) == ("ACCC", before)


def test_a_statement_that_is_ahead_of_the_message_over_http() -> None:
    async def story(town: SettledTown) -> Any:
        told = await town.paid()
        payment = await town.read.payment(told["uetr"])
        assert payment is not None
        asked = {"reference": payment.reference, "amount": "100.00", "booked": True, "repeat": 0}
        begun = await town.sandbox("thailand", "POST", "/control/return", asked)
        file = await town.statement()
        first = await town.settle(file)
        body = {"return_id": begun["return_id"]}
        late = await town.sandbox("thailand", "POST", "/control/return", body)
        known = await town.sandbox("thailand", "POST", "/control/enquire", body)
        again = await town.settle(file)
        return first, (late, known), again, await town.suspense(), await town.audited()

    first, told, again, held, faults = lived(story)

    assert first["counts"] == {"matched": 1, "returned": 1}
    assert [each["status"] for each in told] == ["ACSC", "ACSC"]
    assert (again["counts"], held, faults) == ({"matched": 2}, 0, ())
