"""A Cambodian bank gives a guest's money back over Bakong, and it goes on to the guest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fx.money import Money
from switch.casework import Proposal
from switch.demo.scenes import khqr_code
from switch.model import Payment, State
from switch.operators import Action
from switch.port import IncomingItem
from switch.reasons import Reason
from switch.simulation.town import Town
from switch.simulation.world import World
from switch.store.audit import audit_reads
from tests.adapters.thailand.test_thailand_returns_town import MEMBER, ours, shared
from tests.shell.approving import approved

SPONSOR: Final = "ACLBKHPPXXX"
Told = dict[str, Any]


def lived(story: Callable[[Town, str], Awaitable[None]]) -> None:
    """A Thai guest pays 41,000 riel; then go on with Bakong's reference of the credit."""

    async def told(_: World) -> None:
        await town.open()
        code = khqr_code(town, "coffee@abaa")  # type: ignore[arg-type]
        asked = {"payload": code, "amount": "41000"}
        paid = await town.sandbox("thailand", "POST", "/control/pay-khqr", asked)
        assert (paid["status"], paid["amount"]) == ("ACSC", "346.87")
        (line,) = await town.book("bakong")
        await story(town, line["reference"])

    with World(7) as world:
        town = Town(world, shared())
        world.run(told(world))


async def reversed_by(town: Town, reference: str, amount: str = "41000", **more: object) -> Told:
    """The shop's bank sends a pain.007 for what it was paid."""
    body = {"payer": MEMBER, "payee": SPONSOR, "amount": amount, "currency": "KHR"}
    body |= {"reversal": True, "reverses": reference, **more}  # type: ignore[dict-item]
    told: Told = await town.sandbox("bakong", "POST", "/control/incoming", body)
    await town.world.sleep(60)
    return told


async def there(town: Town) -> list[tuple[str, str]]:
    """What went back by Thailand's own book."""
    return [(line["amount"], line["status"]) for line in (await town.book("thailand"))[1:]]


async def suspense(town: Town) -> int:
    """What stands in the sponsor's suspense account: credits less debits."""
    account = (await town.ready()).store.read.account_now(f"{SPONSOR}/suspense/KHR/bakong")
    return 0 if account is None else account.credits_posted - account.debits_posted


def test_a_reversal_goes_on_to_the_guest_at_the_rate_of_the_payment() -> None:
    async def story(town: Town, reference: str) -> None:
        await reversed_by(town, reference)
        paid, *others = await ours(town)

        assert await there(town) == [("346.87", "booked")]
        assert (paid["status"], await suspense(town)) == ("ACCC", 0)
        assert [(each["status"], each["final"]) for each in others] == [("ACCC", True)] * 2

    lived(story)


def test_parts_go_on_until_the_whole_has_and_more_waits_for_people() -> None:
    async def story(town: Town, reference: str) -> None:
        await reversed_by(town, reference, "10000")
        await reversed_by(town, reference, "31000")
        await reversed_by(town, reference, "100")

        assert await there(town) == [("84.60", "booked"), ("262.27", "booked")]
        assert await suspense(town) == 10_000
        (left,) = [each for each in await ours(town) if not each["final"]]
        assert left["credit"]["value"] == "100"

    lived(story)


def test_a_refund_whose_answer_is_lost_goes_on_once() -> None:
    async def story(town: Town, reference: str) -> None:
        await town.fault("thailand", "refund", "drop_answer")
        await reversed_by(town, reference)
        await town.world.sleep(600)

        assert await there(town) == [("346.87", "booked")]
        assert await suspense(town) == 0

    lived(story)


def test_a_refund_that_never_arrived_is_made_anew() -> None:
    async def story(town: Town, reference: str) -> None:
        await town.fault("thailand", "refund", "drop_request")
        await reversed_by(town, reference)
        await town.world.sleep(600)

        assert await there(town) == [("346.87", "booked")]
        assert await suspense(town) == 0

    lived(story)


def test_what_the_guests_network_refuses_stands_in_suspense_and_in_the_queue() -> None:
    async def story(town: Town, reference: str) -> None:
        await town.fault("thailand", "refund", "refuse", reason="AC04")
        await reversed_by(town, reference)
        case = await (await town.ready()).switch.aftercare.casework.queue(0, 9)
        rows: Any = case["payments"]

        assert [(row["state"], row["kind"]) for row in rows] == [("manual", "recall")]
        assert await suspense(town) == 4_100_000

    lived(story)


async def faults(town: Town) -> list[str]:
    """What the audit of the journal finds wrong."""
    store = (await town.ready()).store
    key = town._residents.keys.ed25519_private("journal").public_key()
    return [str(fault) for fault in (await audit_reads(store.read, (key,), {})).faults]


def test_the_journal_holds_a_reversal_at_each_step() -> None:
    async def story(town: Town, reference: str) -> None:
        body = {"payer": MEMBER, "payee": SPONSOR, "amount": "41000", "currency": "KHR"}
        told: Told = {**body, "reversal": True, "reverses": reference}
        await town.sandbox("bakong", "POST", "/control/incoming", told)
        found = []
        for _ in range(20):
            await town.world.sleep(0.5)
            found += await faults(town)

        assert found == []
        assert await there(town) == [("346.87", "booked")]

    lived(story)


def test_two_operators_book_as_owed_what_the_guests_network_refuses() -> None:
    async def story(town: Town, reference: str) -> None:
        await town.fault("thailand", "refund", "refuse", reason="AC04")
        await reversed_by(town, reference)
        ready = await town.ready()
        care = ready.switch.aftercare
        rows: Any = (await care.casework.queue(0, 9))["payments"]
        uetr = rows[0]["uetr"]
        row = await ready.store.read.payment(uetr)
        assert row is not None
        by_bank = await care.recalls.decide(row, Reason.RECALL_DENIED)
        proposal = Proposal(Action.REFUSED, Reason.RECALL_DENIED, "their letter")
        await care.casework.propose(uetr, "one", proposal)
        ended = await approved(care.casework, uetr, "two")
        bearer = [
            (key, account.credits_posted)
            for key, account in (await ready.store.read.accounts()).items()
            if "/bearer/KHR/" in key
        ]

        assert by_bank is Reason.ORIGINAL_UNKNOWN
        assert isinstance(ended, Payment)
        assert (ended.state, await suspense(town)) == (State.REFUSED, 0)
        assert [owed for _, owed in bearer] == [4_100_000]
        assert await faults(town) == []

    lived(story)


def test_no_other_bank_reverses_what_a_bank_was_paid() -> None:
    async def story(town: Town, reference: str) -> None:
        reversals = (await town.ready()).switch.aftercare.reversals("bakong")
        riel, nobody = Money.parse("41000", "KHR"), "BKRTKHPPXXX"
        taken = [
            await reversals.take(
                SPONSOR,
                IncomingItem(
                    digit * 64, riel, bank, SPONSOR, {}, reversal=True, reverses=reference
                ),
            )
            for digit, bank in (("a", nobody), ("b", MEMBER))
        ]

        assert taken == [None, True]

    lived(story)


def test_a_reversal_that_names_no_credit_of_ours_is_suspense_and_goes_to_nobody() -> None:
    async def story(town: Town, reference: str) -> None:
        body = {"payer": "BKRTKHPPXXX", "payee": SPONSOR, "amount": "500", "currency": "KHR"}
        unnamed: Told = {**body, "reversal": True}
        await town.sandbox("bakong", "POST", "/control/incoming", unnamed)
        await town.world.sleep(60)

        assert await there(town) == []
        assert await suspense(town) == 50_000

    lived(story)
