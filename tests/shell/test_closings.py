"""Each kind of money in suspense is listed, and two operators get it out, wherever it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fx.money import Money
from switch import closings, returns
from switch.closings import Asked, Closings
from switch.inbound_port import InboundReturn
from switch.model import Finality, Funding
from switch.operators import Action
from switch.reasons import Reason
from switch.settlement_port import LineKind
from switch.suspense import Way
from tests.shell.hand_parts import said
from tests.shell.shell_rig import MEMBER, SPONSOR, Shell, changed_corridor, ends
from tests.shell.test_gross_weather import SUSPENSE, awaited, funds
from tests.shell.test_linked_payments import baht
from tests.shell.test_orders import net, order, payment_of
from tests.shell.test_returns import returned, settled
from tests.shell.test_settling import filed, line

if TYPE_CHECKING:
    from switch.closings import Closings as Desk

LETTER = "letter 12"


async def only(shell: Shell) -> dict[str, Any]:
    """The one item that is open."""
    page: Any = await shell.aftercare.closings.page("", 10)
    (shown,) = page["items"]
    found: dict[str, Any] = shown
    return found


async def closed(shell: Shell, item: str, way: Way, taker: str = "") -> dict[str, Any]:
    """Two operators close an item; how it stands then."""
    desk: Desk = shell.aftercare.closings
    assert await desk.propose(Asked(item, way, taker, LETTER), "one", shell.config) is None
    seen: Any = await desk.shown(item)
    assert await desk.approve(item, seen["proposal"]["id"], "two") is None
    after: Any = await desk.shown(item)
    found: dict[str, Any] = after
    return found


@pytest.fixture
async def gross(shell: Shell) -> Shell:
    """A shell whose corridor to Thailand is paid for in advance."""
    changed = changed_corridor(
        shell.config, ends(inbound=False), funding=Funding.GROSS, sponsor=SPONSOR, fund_within_s=60
    )
    shell.configured(changed)
    return shell


@pytest.mark.parametrize("to_us", [True, False])
async def test_a_line_that_nobody_knows_is_squared_with_its_network(
    shell: Shell, *, to_us: bool
) -> None:
    stray = line(LineKind.PAYMENT, "NOBODY", "", baht("12.50"), to_us=to_us)
    await filed(shell, stray)
    shown = await only(shell)
    after = await closed(shell, shown["item"], Way.SETTLED)
    again = await filed(shell, stray)
    page: Any = await shell.aftercare.closings.page("", 10)

    assert shown["item"].startswith("line/thailand/")
    assert (shown["amount"]["value"], shown["to_us"]) == ("12.50", to_us)
    assert after["closed"]["operator"] == "two"
    assert (net(shell, "thailand/suspense"), net(shell, "thailand/network/THB")) == (0, 0)
    assert again["counts"] == {"unknown": 1}
    assert page["items"] == []


async def test_a_second_debit_of_one_order_is_borne_by_a_bearer(shell: Shell) -> None:
    shell.configured(changed_corridor(shell.config, ends(inbound=True), finality=Finality.ADVICE))
    await shell.receive(order())
    shell.transport.script("bakong", said("accepted"))
    await shell.receive(payment_of(shell))
    await shell.settle()
    before = net(shell, "thailand/suspense/THB/")
    debit = baht("345.00")
    await shell.receive(payment_of(shell, far_reference="VOUCHER-2", amount=debit))
    shown = await only(shell)
    bearer = shell.config.corridors[ends(inbound=True)].fee_taker
    await closed(shell, shown["item"], Way.BORNE, bearer)

    assert shown["item"].startswith("again/thailand/")
    assert net(shell, f"{bearer}/bearer/THB/deferred") == -34_500
    assert net(shell, "thailand/suspense/THB/") == before == 0


async def test_a_return_with_no_place_left_is_squared_with_its_network(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.transport.script("thailand", said("accepted"))
    original = await shell.opened()
    await returned(shell, original, "100.00")
    monkeypatch.setattr(returns, "LINKED_MAX", 1)
    await shell.receive(InboundReturn("R-2", original.reference, baht("45.00"), {}, settled=True))
    shown = await only(shell)
    await closed(shell, shown["item"], Way.SETTLED)

    assert (shown["item"].startswith("return/"), shown["age_s"]) == (True, 0)
    assert net(shell, "thailand/suspense/THB/") == 0


async def test_what_is_owed_to_a_payer_who_paid_in_advance_is_an_item_once_it_is_upheld(
    gross: Shell,
) -> None:
    payment, item = await awaited(gross)
    gross.transport.script("thailand", said("accepted"))
    await funds(gross).take(SPONSOR, item)
    await gross.settle()
    whole = payment.terms.destination
    await gross.receive(InboundReturn("R-1", payment.reference, whole, {}, settled=True))
    (back,) = await gross.linked.of(payment)
    desk = gross.aftercare.closings
    before = await desk.propose(Asked(back.uetr, Way.SETTLED, "", LETTER), "one", gross.config)
    page: Any = await desk.page("", 10)
    await settled(gross, back, Action.UPHOLD)
    shown = await only(gross)
    await closed(gross, shown["item"], Way.ASSIGNED, MEMBER)

    assert (before, page["items"]) == (Reason.HELD_BY_PAYMENT, [])
    assert (shown["item"], shown["account"]) == (f"upheld/{back.uetr}", f"{SUSPENSE}/KHR/bakong")
    assert net(gross, SUSPENSE) == 0
    assert net(gross, f"{MEMBER}/member/KHR/deferred") == -payment.terms.source.minor


async def test_what_a_payment_has_is_for_the_queue_of_payments(gross: Shell) -> None:
    payment, item = await awaited(gross)
    gross.transport.script("thailand", said("pending"))
    await funds(gross).take(SPONSOR, item)
    desk = gross.aftercare.closings
    asked = [Asked(name, Way.SETTLED, "", LETTER) for name in (payment.uetr, item.item_hash, "x/1")]
    refused = [await desk.propose(each, "one", gross.config) for each in asked]
    unseen = await desk.approve(item.item_hash, "0" * 64, "two")

    assert refused == [Reason.HELD_BY_PAYMENT, Reason.HELD_BY_PAYMENT, Reason.NOT_SUSPENDED]
    assert unseen is Reason.HELD_BY_PAYMENT
    assert "payments resolve" in Reason.HELD_BY_PAYMENT.sentence


async def test_it_is_given_to_nobody_who_cannot_take_it(shell: Shell) -> None:
    items = shell.aftercare.returns._items
    await items.put("line/thailand/1", "thailand", baht("12.50"))
    await items.put("line/thailand/2", "thailand", Money.parse("5000", "KHR"))
    desk, config = shell.aftercare.closings, shell.config
    cases = [
        ("line/thailand/1", Way.ASSIGNED, MEMBER),
        ("line/thailand/1", Way.ASSIGNED, "NOBODYKHXXX"),
        ("line/thailand/1", Way.BORNE, MEMBER),
        ("line/thailand/1", Way.BORNE, ""),
        ("line/thailand/1", Way.SETTLED, "laos"),
        ("line/thailand/2", Way.ASSIGNED, MEMBER),
    ]
    said_of = [
        await desk.propose(Asked(item, way, taker, LETTER), "one", config)
        for item, way, taker in cases
    ]

    assert said_of == [
        Reason.CURRENCY_UNSUPPORTED,
        Reason.AGENT_UNKNOWN,
        Reason.AGENT_UNKNOWN,
        Reason.AGENT_UNKNOWN,
        Reason.AGENT_INCORRECT,
        None,
    ]


async def test_the_list_comes_in_pages_and_passes_over_what_is_closed(shell: Shell) -> None:
    items, desk = shell.aftercare.returns._items, shell.aftercare.closings
    names = [f"line/thailand/{number}" for number in range(5)]
    for name in names:
        await items.put(name, "thailand", baht("12.50"))
    await items.put("file/thailand/1", "thailand")
    await closed(shell, names[0], Way.SETTLED)
    await closed(shell, names[3], Way.SETTLED)
    shell.clock.pass_s(90)
    pages: list[list[str]] = []
    after: str | None = ""
    while after is not None:
        page: Any = await desk.page(after, 2)
        pages.append([each["item"] for each in page["items"]])
        after = page["after"]
    whole: Any = await desk.page("", 10_000)

    assert pages == [[names[1]], [names[2]], [names[4]]]
    assert {each["age_s"] for each in whole["items"]} == {90}


async def test_the_list_by_age_begins_with_the_oldest_on_every_page(shell: Shell) -> None:
    items, desk = shell.aftercare.returns._items, shell.aftercare.closings
    names = [f"line/thailand/{number}" for number in (3, 1, 4, 0, 2)]
    for name in names[:3]:
        await items.put(name, "thailand", baht("12.50"))
        shell.clock.pass_s(60)
    for name in (names[4], names[3]):
        await items.put(name, "thailand", baht("12.50"))
    await closed(shell, names[0], Way.SETTLED)
    pages: list[list[tuple[str, int]]] = []
    after: str | None = ""
    while after is not None:
        page: Any = await desk.oldest(after, 2)
        pages.append([(each["item"], each["age_s"]) for each in page["items"]])
        after = page["after"]
    behind_closed: Any = await desk.oldest(names[0], 1)

    assert pages == [[(names[1], 120), (names[2], 60)], [(names[3], 0), (names[4], 0)]]
    assert [each["item"] for each in behind_closed["items"]] == [names[1]]
    assert await desk.oldest("line/thailand/9", 2) is None


async def test_by_age_every_item_is_looked_through(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closings, "PAGE_MAX", 3)
    names = [f"line/thailand/{number}" for number in range(8)]
    for name in reversed(names):
        await shell.aftercare.returns._items.put(name, "thailand", baht("12.50"))
        shell.clock.pass_s(1)
    page: Any = await shell.aftercare.closings.oldest("", 3)

    assert [each["item"] for each in page["items"]] == [names[7], names[6], names[5]]
    assert page["after"] == names[5]


def desk_of(shell: Shell) -> Closings:
    """The desk of another process on the same store."""
    return Closings(shell.store, shell.clock, shell.ids, shell.log)


async def test_another_proposal_names_the_one_that_it_replaces(shell: Shell) -> None:
    await shell.aftercare.returns._items.put("line/thailand/1", "thailand", baht("12.50"))
    desk, config = desk_of(shell), shell.config
    first = Asked("line/thailand/1", Way.SETTLED, "", LETTER)
    assert await desk.propose(first, "one", config) is None
    assert await desk.propose(first, "one", config) is None
    seen: Any = await desk.shown("line/thailand/1")
    one = seen["proposal"]["id"]
    blind = await desk.propose(first, "three", config)
    instead = Asked("line/thailand/1", Way.SETTLED, "", "letter 13", instead_of=one)
    assert await desk.propose(instead, "three", config) is None
    late = await desk.approve("line/thailand/1", one, "two")
    now: Any = await desk.shown("line/thailand/1")
    own = await desk.approve("line/thailand/1", now["proposal"]["id"], "three")

    assert (blind, late) == (Reason.PROPOSAL_CHANGED, Reason.PROPOSAL_CHANGED)
    assert own is Reason.SAME_OPERATOR
    assert now["proposal"]["operator"] == "three"


async def test_nothing_personal_is_sealed_or_said_for_it(shell: Shell) -> None:
    await shell.aftercare.returns._items.put("line/thailand/1", "thailand", baht("12.50"))
    sealed, keys = dict(shell.engine.tables.sealed), dict(shell.engine.tables.wrapped_keys)
    await closed(shell, "line/thailand/1", Way.SETTLED)

    assert (shell.engine.tables.sealed, shell.engine.tables.wrapped_keys) == (sealed, keys)
