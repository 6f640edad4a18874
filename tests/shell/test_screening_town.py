"""Screening over HTTP: a hit leaves nobody paid and tells nobody why; two people decide."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest

from switch.casework import Proposal
from switch.config import default_folder, load_config
from switch.demo.scenes import thai_code
from switch.inbound_port import InboundNotice
from switch.model import State
from switch.operators import Action
from switch.port import Outcome, OutcomeKind
from switch.reasons import Reason
from switch.screening import ACCOUNT, NAME, ListRow, ScreeningFile, digest
from switch.simulation.town import Residents, Town, TownKeys, residents
from switch.simulation.world import World
from switch.store.audit import audit_reads
from tests.shell.approving import approved

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switch.model import Payment
    from switch.store.contract import Reads

MEMBER: Final = "ABAAKHPPXXX"
KEY: Final = b"a secret of the lists"
LISTED: Final = {"name": "Borey  KIM.", "account": "borey@abaa"}
CLEAN: Final = {"name": "Sok Dara", "account": "sokdara@abaa"}
HOLD_S: Final = 300
POSITION: Final = f"{MEMBER}/member/KHR/deferred"


class SecretKeys(TownKeys):
    """The public test keys, and a secret of the lists."""

    def secret(self, name: str) -> str:
        return KEY.decode() if name == "screening" else super().secret(name)


@cache
def shared(merchant: str) -> Residents:
    """Keys, simulators and a list with one name and one account."""
    entries = [digest(KEY, NAME, "borey kim"), digest(KEY, ACCOUNT, "listed@abaa")]
    listed = [ListRow(name="UN 1267", digests=entries)]
    rules = ScreeningFile.model_validate({"merchant": merchant, "hold_s": HOLD_S, "lists": listed})
    made = residents(replace(load_config(default_folder()), screening=rules))
    return replace(made, keys=SecretKeys())


class ScreenedTown(Town):
    """A town in which some are listed."""

    @property
    def read(self) -> Reads:
        """The rows of the switch that lives."""
        assert self.running is not None
        return self.running.store.read

    async def paid(self, debtor: dict[str, str], number: int = 1) -> tuple[int, dict[str, Any]]:
        """A customer pays a Thai shop; status and what the member is told."""
        member = self.member(MEMBER)
        scanned = (await member.scan(thai_code("345.00"))).json()
        order = {"quote": scanned["quotes"][0]["quote"], "debtor": debtor}
        answer = await member.pay(f"4b1b35c6-7a62-4cf5-8d6c-{number:012d}", order)
        told: dict[str, Any] = answer.json()
        return answer.status, told.get("payment", told)

    async def shown(self, uetr: str) -> dict[str, Any]:
        """A payment as its member sees it."""
        seen: dict[str, Any] = (await self.member(MEMBER).payment(uetr)).json()
        return seen

    async def row(self, uetr: str) -> Payment:
        """A payment as committed."""
        found = await self.read.payment(uetr)
        assert found is not None
        return found

    async def case(self, uetr: str) -> dict[str, Any]:
        """A payment as its operators see it."""
        assert self.running is not None
        shown = await self.running.switch.aftercare.casework.case(uetr, "operator-1")
        assert shown is not None
        return shown

    async def decide(self, uetr: str, action: Action, reason: Reason | None = None) -> Any:
        """One operator proposes, another approves; what the approval gives."""
        assert self.running is not None
        casework = self.running.switch.aftercare.casework
        proposal = Proposal(action, reason, "looked at by two")
        assert not isinstance(await casework.propose(uetr, "operator-1", proposal), Reason)
        assert await approved(casework, uetr, "operator-1") is Reason.SAME_OPERATOR
        return await approved(casework, uetr, "operator-2")

    async def sums(self, kind: str = "") -> tuple[int, int]:
        """Posted and pending debits of the member, less credits."""
        held = await self.read.account(POSITION + kind)
        if held is None:
            return 0, 0
        pending = held.debits_pending - held.credits_pending
        return held.debits_posted - held.credits_posted, pending

    async def audited(self) -> tuple[object, ...]:
        """What the book-keeper finds wrong."""
        key = self._residents.keys.ed25519_private("journal").public_key()
        return (await audit_reads(self.read, (key,), {})).faults


def lived(
    story: Callable[[ScreenedTown], Awaitable[Any]], merchant: str = "hold", seed: int = 7
) -> Any:
    """Run a story in a town of its own."""
    with World(seed) as world:
        town = ScreenedTown(world, shared(merchant))

        async def told(_: World) -> Any:
            await town.open()
            return await story(town)

        return world.run(told(world))


def test_a_listed_payer_of_a_merchant_is_refused_without_a_reason_that_tells() -> None:
    async def story(town: ScreenedTown) -> Any:
        status, told = await town.paid(LISTED)
        other = await town.paid(CLEAN, 2)
        book = await town.book("thailand")
        return status, told, other[1], book, await town.audited()

    status, told, other, book, faults = lived(story, merchant="refuse")

    assert (status, told["status"], told["reason"]) == (422, "RJCT", "MS03")
    assert (other["status"], len(book), faults) == ("ACCC", 1, ())


@pytest.mark.parametrize("debtor", [LISTED, {"name": "Somebody", "account": "listed@abaa"}])
def test_a_hit_is_held_with_its_money_reserved_and_nothing_sent(debtor: dict[str, str]) -> None:
    async def story(town: ScreenedTown) -> Any:
        status, told = await town.paid(debtor)
        row = await town.row(told["uetr"])
        case = await town.case(told["uetr"])
        return status, told, row.state, await town.sums(), await town.book("thailand"), case

    status, told, state, sums, book, case = lived(story)

    assert (status, told["status"], told["reason"], told["final"]) == (202, "PDNG", None, False)
    assert state is State.HELD
    assert (sums[0], sums[1] > 0, book) == (0, True, [])
    assert not {"screening", "listed", "held", "UN 1267"} & set(map(str, told.values()))
    met = "debtor name" if debtor is LISTED else "debtor account"
    assert case["screening"] == {"list": "UN 1267", "met": met}


def test_two_operators_let_a_held_payment_go_and_it_ends_like_any_other() -> None:
    async def story(town: ScreenedTown) -> Any:
        _, told = await town.paid(LISTED)
        await town.world.sleep(60)
        await town.decide(told["uetr"], Action.RELEASE)
        await town.world.sleep(5)
        left = await town.book("thailand"), await town.sums(), await town.audited()
        return told, await town.shown(told["uetr"]), *left

    told, after, book, sums, faults = lived(story)

    assert (after["status"], [line["status"] for line in book]) == ("ACCC", ["booked"])
    assert after["debit"] == told["debit"]
    assert (sums[0] > 0, sums[1], faults) == (True, 0, ())


def test_a_held_payment_that_nobody_decides_is_refused_with_nothing_sent() -> None:
    async def story(town: ScreenedTown) -> Any:
        _, told = await town.paid(LISTED)
        await town.world.sleep(HOLD_S + 2)
        left = await town.book("thailand"), await town.sums(), await town.audited()
        return await town.shown(told["uetr"]), *left

    after, book, sums, faults = lived(story)

    assert (after["status"], after["reason"]) == ("RJCT", "AB01")
    assert (book, sums, faults) == ([], (0, 0), ())


def test_what_is_blocked_is_frozen_and_pending_for_ever_until_the_authority_orders_otherwise() -> (
    None
):
    async def story(town: ScreenedTown) -> Any:
        _, told = await town.paid(LISTED)
        uetr = told["uetr"]
        await town.decide(uetr, Action.BLOCK)
        blocked = await town.sums(), await town.sums("/frozen")
        await town.world.sleep(3 * HOLD_S)
        waiting, row, whole = await town.shown(uetr), await town.row(uetr), await town.audited()
        await town.decide(uetr, Action.UNBLOCK)
        freed = await town.sums(), await town.sums("/frozen")
        last = await town.book("thailand"), await town.audited()
        return blocked, waiting, row.state, whole, freed, await town.shown(uetr), *last

    blocked, waiting, state, whole, freed, after, book, faults = lived(story)

    (owes, reserved), (frozen, _) = blocked
    assert (owes > 0, reserved, frozen) == (True, 0, -owes)
    assert (waiting["status"], waiting["reason"], state) == ("PDNG", None, State.BLOCKED)
    assert freed == ((0, 0), (0, 0))
    assert (after["status"], after["reason"]) == ("RJCT", "MS03")
    assert (book, whole, faults) == ([], (), ())


def test_frozen_money_that_the_authority_takes_is_owed_to_it() -> None:
    async def story(town: ScreenedTown) -> Any:
        _, told = await town.paid(LISTED)
        await town.decide(told["uetr"], Action.BLOCK)
        owes = (await town.sums())[0]
        await town.decide(told["uetr"], Action.SURRENDER)
        left = await town.sums(), await town.sums("/frozen")
        taken = await town.read.account(POSITION.replace("/member/", "/authority/"))
        assert taken is not None
        return owes, left, taken, await town.shown(told["uetr"]), await town.audited()

    owes, left, taken, after, faults = lived(story)

    assert left == ((owes, 0), (0, 0))
    assert (taken.credits_posted, taken.debits_posted) == (owes, 0)
    assert (after["status"], after["reason"], faults) == ("RJCT", "MS03", ())


def test_what_is_held_and_what_is_blocked_is_in_the_queue() -> None:
    async def story(town: ScreenedTown) -> Any:
        _, told = await town.paid(LISTED)
        assert town.running is not None
        casework = town.running.switch.aftercare.casework
        held = await casework.queue(0, 9)
        await town.decide(told["uetr"], Action.BLOCK)
        return held, await casework.queue(0, 9)

    held, blocked = lived(story)

    assert [row["state"] for row in held["payments"]] == ["held"]
    assert [row["state"] for row in blocked["payments"]] == ["blocked"]
    assert blocked["payments"][0]["actions"] == ["unblock", "surrender"]


def test_a_network_has_no_word_in_what_is_held() -> None:
    async def story(town: ScreenedTown) -> Any:
        _, told = await town.paid(LISTED)
        row = await town.row(told["uetr"])
        assert town.running is not None
        notices = town.running.switch.aftercare.notices
        refused = Outcome(OutcomeKind.REFUSED, Reason.ACCOUNT_CLOSED)
        taken = await notices.notice("thailand", InboundNotice(row.reference, refused, {}), b"x")
        return taken.reason, (await town.row(told["uetr"])).state, await town.sums()

    reason, state, (posted, pending) = lived(story)

    assert (reason, state) == (Reason.TRANSACTION_UNSUPPORTED, State.HELD)
    assert posted == 0 < pending


def test_operators_may_refuse_what_is_held() -> None:
    async def story(town: ScreenedTown) -> Any:
        _, told = await town.paid(LISTED)
        await town.decide(told["uetr"], Action.REFUSED, Reason.UNSPECIFIED)
        return await town.shown(told["uetr"]), await town.sums(), await town.audited()

    after, sums, faults = lived(story)

    assert (after["status"], after["reason"], sums, faults) == ("RJCT", "MS03", (0, 0), ())


def test_nothing_of_who_is_listed_is_in_the_journal() -> None:
    async def story(town: ScreenedTown) -> list[bytes]:
        _, told = await town.paid(LISTED)
        await town.decide(told["uetr"], Action.BLOCK)
        return [row[4] for row in await town.read.record_page("leaf", (), 1_000)]

    leaves = lived(story)

    assert any(b'"blocked"' in leaf for leaf in leaves)
    for word in (b"Borey", b"borey", b"UN 1267", digest(KEY, NAME, "borey kim").encode()):
        assert not any(word in leaf for leaf in leaves)
