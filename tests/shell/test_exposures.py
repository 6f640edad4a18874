"""A corridor whose bearer is exposed by all that it may be: closed early, open again by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fx.money import Money
from switch.exposures import LOOKED_S, Exposures
from switch.ledger import Account
from switch.lifecycle import Event
from switch.model import Direction, Payment, State
from switch.operators import Action
from switch.reasons import Reason
from switch.refusals import Refusal
from switch.settlement_port import LineKind
from switch.store.contract import StoreBusy
from switch.suspense import Way, exposed_item
from tests.shell.hand_parts import LOST, said
from tests.shell.shell_rig import MEMBER, changed_corridor, ends
from tests.shell.test_closings import closed, only
from tests.shell.test_given_back_once import told
from tests.shell.test_returns import settled
from tests.shell.test_scan_preference import LAO_AND_UNIONPAY, code, corridors, network, scans
from tests.shell.test_settling import baht, filed, line

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

BEARER = "BKSWKHPPXXX"
EXPOSURE = f"{BEARER}/bearer/THB/deferred/exposure"


def capped(shell: Shell, text: str, *, inbound: bool = False) -> None:
    """From now on the bearer of a corridor may be exposed by less than so much."""
    most = Money.parse(text, "THB")
    shell.configured(changed_corridor(shell.config, ends(inbound=inbound), exposure_max=most))


def exposed(shell: Shell, minor: int) -> None:
    """The bearer is exposed by so much, and what was read of it before is old."""
    shell.tables.accounts[EXPOSURE] = Account(EXPOSURE, "THB", debits_posted=minor)
    shell.clock.pass_s(LOOKED_S)


@pytest.mark.parametrize(("minor", "opens"), [(34_499, True), (34_500, False), (99_999, False)])
async def test_at_its_bound_a_corridor_takes_nothing_new(
    shell: Shell, minor: int, *, opens: bool
) -> None:
    capped(shell, "345.00")
    instruction = shell.instruction()
    exposed(shell, minor)
    shell.transport.script("thailand", said("accepted"))
    await shell.payments.open(instruction)
    await shell.settle()
    payment = shell.payment(instruction.uetr)

    assert payment.reason is (None if opens else Reason.CORRIDOR_EXPOSED)
    assert payment.state is (State.ACCEPTED if opens else State.REFUSED)
    assert ("corridor_closed_by_exposure" in shell.log.events) is not opens


async def test_it_opens_by_itself_and_a_balance_is_believed_for_seconds(shell: Shell) -> None:
    capped(shell, "345.00")
    corridor = shell.quoting.corridor(*ends(inbound=False))
    assert corridor is not None
    exposures = shell.payments.exposures
    exposed(shell, 34_500)
    assert await exposures.shut(corridor) is Reason.CORRIDOR_EXPOSED
    shell.tables.accounts[EXPOSURE] = Account(EXPOSURE, "THB", 34_500, 34_500)
    shell.clock.pass_s(LOOKED_S - 1)
    assert await exposures.shut(corridor) is Reason.CORRIDOR_EXPOSED
    shell.clock.pass_s(1)

    assert await exposures.shut(corridor) is None
    assert shell.log.events.count("corridor_opened_again") == 1


async def test_what_is_under_way_ends_in_a_closed_corridor(shell: Shell) -> None:
    capped(shell, "345.00")
    shell.transport.script("thailand", LOST, said("accepted"))
    before = await shell.opened()
    exposed(shell, 34_500)
    shell.clock.pass_s(10)
    await shell.sweep()

    assert shell.payment(before.uetr).state is State.ACCEPTED


async def test_each_direction_has_its_own_bound(shell: Shell) -> None:
    capped(shell, "345.00", inbound=True)
    exposed(shell, 34_500)
    shell.transport.script("thailand", said("accepted"))

    assert (await shell.opened()).state is State.ACCEPTED


async def test_a_guest_is_refused_in_a_closed_corridor(shell: Shell) -> None:
    capped(shell, "345.00", inbound=True)
    asked = shell.inbound_pay()
    exposed(shell, 34_500)
    answer = await shell.receive(asked)

    assert (answer["status"], answer["reason"]) == ("RJCT", "CORRIDOR_EXPOSED")


async def test_prices_say_so_early(shell: Shell) -> None:
    capped(shell, "345.00")
    token = shell.quoting.scan_token(
        shell.quoting.open_quote(shell.offer().token, MEMBER).destination
    )
    exposed(shell, 34_500)
    with pytest.raises(Refusal) as priced:
        await shell.scans.price(MEMBER, token, baht("345.00"))
    with pytest.raises(Refusal) as shown:
        shell.scans.display(MEMBER, "bakong-thailand", baht("345.00"))

    reasons = {priced.value.reason, shown.value.reason}
    assert reasons == {Reason.CORRIDOR_EXPOSED}


async def test_a_store_that_is_away_closes_nothing_early(shell: Shell) -> None:
    class Away:
        async def account(self, key: str) -> Account | None:
            raise StoreBusy

    exposures = Exposures(shell.config, Away(), shell.clock, shell.log)  # type: ignore[arg-type]
    await exposures.look()
    with pytest.raises(StoreBusy):
        await exposures.all()


async def test_how_each_corridor_stands_is_told(shell: Shell) -> None:
    capped(shell, "345.00")
    exposed(shell, 34_500)
    found = {each.corridor: each for each in await shell.payments.exposures.all()}

    out, back = found["bakong-thailand"], found["thailand-bakong"]
    assert (out.minor, out.closed, back.minor, back.closed) == (34_500, True, 34_500, False)


async def credited_late(shell: Shell) -> Payment:
    """A guest's payment that was refused, credited all the same, and is booked so."""
    shell.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    uetr = str((await shell.receive(shell.inbound_pay()))["uetr"])
    refused = shell.payment(uetr)
    assert (refused.direction, refused.state) == (Direction.INBOUND, State.REFUSED)
    await told(shell, refused, Event.ACCEPTED)
    booked = await settled(shell, shell.payment(uetr), Action.BOOK)
    assert isinstance(booked, Payment)
    return booked


async def test_two_operators_end_it_and_the_statement_names_it(shell: Shell) -> None:
    held = await credited_late(shell)
    shown = await only(shell)
    after = await closed(shell, shown["item"], Way.RECOVERED, "thailand")

    assert shown["item"] == exposed_item(held.uetr)
    assert (shown["network"], shown["to_us"]) == ("thailand", False)
    assert shown["ways"] == ["recovered", "written_off"]
    assert (after["closed"]["operator"], after["ways"]) == ("two", [])


async def test_the_networks_file_ends_what_it_has_as_paid_after_all(shell: Shell) -> None:
    held = await credited_late(shell)
    debit = held.terms.debit
    stated = line(LineKind.PAYMENT, held.reference, held.uetr, debit, to_us=True)
    first, again = await filed(shell, stated), await filed(shell, stated)
    after = await shell.aftercare.closings.shown(exposed_item(held.uetr))

    assert (first["counts"], again["counts"]) == ({"recovered": 1}, {"matched": 1})
    assert after is not None
    assert after["closed"]["operator"] == "network"  # type: ignore[index]
    assert replace(shell.payment(held.uetr), updated_at=held.updated_at) == held


async def test_another_network_that_pays_the_same_code_is_asked_instead(shell: Shell) -> None:
    table = corridors(shell.config, "laos", "china")
    most = Money.parse("345.00", "THB")
    table["bakong", "laos"] = replace(table["bakong", "laos"], exposure_max=most)
    both = (network("laos", "laoqr"), network("china", "unionpay"))
    linked = scans(shell, replace(shell.config, corridors=table), *both)
    exposed(shell, 34_500)
    found = await linked.scan(MEMBER, code(LAO_AND_UNIONPAY), None)
    only_laos = {("bakong", "laos"): table["bakong", "laos"]}
    alone = scans(shell, replace(shell.config, corridors=only_laos), both[0])
    with pytest.raises(Refusal) as refused:
        await alone.scan(MEMBER, code(LAO_AND_UNIONPAY), None)

    assert found.network == "china"
    assert refused.value.reason is Reason.CORRIDOR_EXPOSED
