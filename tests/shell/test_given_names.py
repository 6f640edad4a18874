"""A network that names what is paid itself: each name is paid once, and is our reference there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switch.commands import Open
from switch.inbound_port import InboundAuthorise, InboundCancel, own_uetr
from switch.model import Funding, Kind, Particulars, State
from switch.payments import Standing
from switch.reasons import Reason
from switch.store.contract import StoreBusy
from tests.shell.hand_parts import LOST, said
from tests.shell.shell_rig import SPONSOR, changed_corridor, ends
from tests.shell.test_gross_weather import awaited, funds
from tests.shell.toy_network import THAILAND, ToyAdapter

if TYPE_CHECKING:
    from switch.model import Payment
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


async def test_a_name_whose_first_payment_was_not_opened_is_free_again(
    naming: Shell,
) -> None:
    """The second waits for the first, and the store takes the second's opening alone."""
    naming.transport.script("thailand", said("accepted"))
    naming.store.busy[Open] = 1
    found = await asyncio.gather(
        *(naming.payments.open(naming.instruction(f"key-{place}")) for place in range(2)),
        return_exceptions=True,
    )
    await naming.settle()

    assert isinstance(found[0], StoreBusy)
    assert reason_of(found[1]) is None
    assert naming.transport.left == [("thailand", "/pay")]


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


async def test_what_its_network_took_back_is_never_paid(naming: Shell) -> None:
    """Nor is anything sent for it, and the same key is answered the same for good."""
    taken = [await naming.receive(InboundCancel(NAME, {})) for _ in range(2)]
    refused = [reason_of(await naming.payments.open(naming.instruction("key-1"))) for _ in range(2)]
    assert isinstance(naming.thailand, Naming)
    naming.thailand.name = "ORDER-2"
    naming.transport.script("thailand", said("accepted"))
    other = await naming.opened("key-2")

    assert [(each["status"], each["reason"]) for each in taken] == [(None, None)] * 2
    assert refused == [Reason.CANCELLED] * 2
    assert other.state is State.ACCEPTED
    assert naming.transport.left == [("thailand", "/pay")]


async def test_of_a_payment_and_a_cancel_that_come_at_once_the_first_commit_counts(
    naming: Shell,
) -> None:
    """The network reads that nobody pays it, and the payment is committed before the tombstone."""
    naming.transport.script("thailand", LOST)
    bury = naming.payments.bury

    async def later(origin: str, uetr: str, named: str = "") -> Payment | None:
        await naming.opened("key-1")
        return await bury(origin, uetr, named)

    naming.payments.bury = later  # type: ignore[method-assign]
    taken = await naming.receive(InboundCancel(NAME, {}))

    assert (taken["status"], taken["reason"]) == ("PDNG", "CANCEL_TOO_LATE")


async def test_what_waits_for_its_money_is_taken_back_and_the_money_goes_back(
    naming: Shell,
) -> None:
    """The payer's bank is told so once and for good."""
    corridor = {"funding": Funding.GROSS, "sponsor": SPONSOR, "fund_within_s": 60}
    naming.configured(changed_corridor(naming.config, ends(inbound=False), **corridor))
    payment, item = await awaited(naming)
    told = [await naming.receive(InboundCancel(NAME, {})) for _ in range(2)]
    standing = await naming.payments.find(payment.uetr)
    taken = await funds(naming).take(SPONSOR, item)
    back = naming.payment(own_uetr("incoming", item.item_hash))

    assert [(each["status"], each["reason"]) for each in told] == [("RJCT", None)] * 2
    assert standing is not None
    assert (standing.payment.state, standing.payment.reason) == (State.REFUSED, Reason.CANCELLED)
    assert standing.answer is not None
    assert (taken, back.state, back.reason) == (True, State.RETURNING, Reason.NOT_AWAITED)
    assert naming.transport.left == []
