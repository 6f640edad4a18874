"""A network that names what is paid itself: each name is paid once, and is our reference there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switch.inbound_port import InboundAuthorise, InboundCancel
from switch.model import Kind, Particulars, State
from switch.payments import Standing
from switch.reasons import Reason
from tests.shell.hand_parts import LOST, said
from tests.shell.toy_network import THAILAND, ToyAdapter

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

NAME = "ORDER-20261121-1"


class Naming(ToyAdapter):
    """A toy network whose lookups name the order."""

    name = NAME

    def given_reference(self, particulars: Particulars) -> str:
        assert particulars.qr_payload or particulars.creditor.account
        return self.name


@pytest.fixture
def naming(shell: Shell) -> Shell:
    """A shell whose Thailand names what is paid."""
    shell.thailand = shell.adapters["thailand"] = Naming(THAILAND)
    shell.configured(shell.config)
    return shell


def reason_of(standing: object) -> Reason | None:
    assert isinstance(standing, Standing)
    return standing.payment.reason


async def test_the_networks_name_is_our_reference(naming: Shell) -> None:
    naming.transport.script("thailand", said("accepted"))
    payment = await naming.opened()

    assert payment.reference == NAME
    assert await naming.store.read.by_reference("thailand", NAME) is not None


async def test_a_second_payment_of_one_name_is_refused_for_good(naming: Shell) -> None:
    naming.transport.script("thailand", said("accepted"))
    await naming.opened("key-1")
    other = naming.instruction("key-2")
    refused = [reason_of(await naming.payments.open(other)) for _ in range(2)]

    assert refused == [Reason.DUPLICATE] * 2
    assert naming.transport.left == [("thailand", "/pay")]
    assert naming.pending() == []


async def test_of_two_at_the_same_moment_one_is_paid(naming: Shell) -> None:
    naming.transport.script("thailand", said("accepted"))
    found = await asyncio.gather(
        *(naming.payments.open(naming.instruction(f"key-{place}")) for place in range(8))
    )
    await naming.settle()

    assert sorted(str(reason_of(each)) for each in found) == [
        "None", *["Reason.DUPLICATE"] * 7,
    ]  # fmt: skip
    assert naming.transport.left == [("thailand", "/pay")]


async def test_the_same_instruction_again_is_the_same_payment(naming: Shell) -> None:
    naming.transport.script("thailand", said("accepted"))
    first, again = await asyncio.gather(
        *(naming.payments.open(naming.instruction("key-1")) for _ in range(2))
    )
    await naming.settle()

    assert isinstance(first, Standing)
    assert isinstance(again, Standing)
    assert first.payment.uetr == again.payment.uetr
    assert (reason_of(first), reason_of(again)) == (None, None)


async def test_a_network_asks_how_a_payment_stands_without_saying_an_amount(naming: Shell) -> None:
    naming.transport.script("thailand", said("accepted"))
    await naming.opened()
    told = await naming.receive(InboundAuthorise(NAME, None, {}))

    assert (told["status"], told["reason"]) == ("ACCC", None)


async def test_what_a_network_cancels_after_it_has_executed_it_is_given_back_once(
    naming: Shell,
) -> None:
    naming.transport.script("thailand", said("accepted"))
    original = await naming.opened()
    taken = [await naming.receive(InboundCancel(NAME, {})) for _ in range(2)]
    (back,) = await naming.linked.of(original)

    assert [(each["status"], each["reason"]) for each in taken] == [("ACCC", None)] * 2
    assert (back.kind, back.terms.source) == (Kind.RETURN, original.terms.source)


async def test_what_is_not_known_yet_cannot_be_taken_back(naming: Shell) -> None:
    naming.transport.script("thailand", LOST)
    payment = await naming.opened()
    taken = await naming.receive(InboundCancel(NAME, {}))

    assert payment.state is State.UNKNOWN
    assert taken["reason"] == "CANCEL_TOO_LATE"
    assert await naming.linked.of(payment) == []
