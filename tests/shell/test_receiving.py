"""Receiving: a network's refusals stick, the quote names the payee, and answers come in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from fx.money import Money
from switch.model import Party, State
from switch.port import InboundEnquiry, InboundPay, Rendered, WireRefusal
from switch.reasons import Reason
from switch.wire.transport import Answer
from tests.shell.hand_parts import LOST, said
from tests.shell.shell_rig import SPONSOR, STALL

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

REFUSAL = Rendered(200, "application/xml", b"refused for good")
OTHERWISE = Rendered(400, "application/xml", b"message refused")


def enquiry(uetr: str, reference: str = "") -> InboundEnquiry:
    """Thailand asks what became of a payment."""
    return InboundEnquiry(uetr, uetr, {}, reference)


def unreadable(uetr: str = "") -> WireRefusal:
    """An instruction that cannot be taken; with a UETR it refuses that payment."""
    return WireRefusal(
        Reason.FORMAT_INVALID,
        REFUSAL.status,
        REFUSAL.content_type,
        REFUSAL.body,
        uetr=uetr,
        otherwise=OTHERWISE if uetr else None,
    )


def buried(shell: Shell, uetr: str) -> bool:
    """Whether there is a tombstone for Thailand's UETR."""
    return ("thailand", uetr) in shell.engine.tables.tombstones


async def refused(shell: Shell, request: InboundPay) -> str:
    """Hand in an instruction that must be refused with nothing reserved or sent."""
    answer = await shell.receive(request)
    assert answer["status"] == "RJCT"
    assert shell.pending() == []
    assert shell.transport.tried == []
    return str(answer["reason"])


async def test_a_payment_is_credited_and_answered_with_the_stored_answer(shell: Shell) -> None:
    request = shell.inbound_pay()
    answer = await shell.received(request)

    stored = shell.engine.answer(request.uetr)
    assert stored is not None
    assert stored.sealed
    assert (await shell.records.answered(request.uetr, stored)).body == answer.body
    assert shell.payment(request.uetr).state is State.CREDITED
    assert (await shell.received(request)) == answer
    assert shell.transport.left == [("bakong", "/pay")]


async def test_the_adapters_own_refusal_is_bound_to_the_key_for_ever(shell: Shell) -> None:
    request = shell.inbound_pay(refused=Reason.ELEMENT_MISSING)
    assert await refused(shell, request) == "ELEMENT_MISSING"
    first = await shell.received(request)

    healthy = replace(request, refused=None)
    shell.clock.pass_s(86_400)
    assert await shell.received(healthy) == first
    assert shell.payment(request.uetr).reason is Reason.ELEMENT_MISSING
    assert shell.transport.tried == []


async def test_the_uetr_of_a_refused_instruction_never_executes_under_another_key(
    shell: Shell,
) -> None:
    request = shell.inbound_pay(refused=Reason.ELEMENT_MISSING)
    await refused(shell, request)
    again = shell.inbound_pay(uetr=request.uetr, key="another", content={"uetr": request.uetr})

    assert await shell.receive(again) == {"rejected": "message", "reason": "DUPLICATE"}
    assert shell.payment(request.uetr).state is State.REFUSED


async def test_an_altered_copy_refuses_the_message_and_not_the_payment(shell: Shell) -> None:
    """RJCT about a payment that is alive, or credited, would be an answer that changes."""
    request = shell.inbound_pay()
    await shell.receive(request)
    other = await shell.receive(replace(request, content={"uetr": "other"}))

    assert other == {"rejected": "message", "reason": "DUPLICATE"}
    assert len(shell.transport.left) == 1


async def test_a_payment_refused_under_a_key_of_another_is_never_executed(shell: Shell) -> None:
    """Whoever said RJCT, here because a key was used before, must not pay that UETR later."""
    first = shell.inbound_pay()
    await shell.receive(first)
    mistaken = replace(shell.inbound_pay(), key=first.key)
    corrected = replace(mistaken, key="its own")

    assert (await shell.receive(mistaken))["reason"] == "DUPLICATE"
    assert buried(shell, mistaken.uetr)
    assert (await shell.receive(corrected))["reason"] == "TOMBSTONED"
    assert len(shell.transport.left) == 1


async def test_an_unreadable_payment_is_buried_before_its_refusal_leaves(shell: Shell) -> None:
    uetr = shell.ids.uetr()
    answer = await shell.received(unreadable(uetr))

    assert answer == REFUSAL
    assert buried(shell, uetr)
    assert shell.engine.tables.payments == {}


async def test_an_instruction_after_its_refusal_by_tombstone_is_rejected(shell: Shell) -> None:
    uetr = shell.ids.uetr()
    await shell.received(unreadable(uetr))

    assert await refused(shell, shell.inbound_pay(uetr=uetr)) == "TOMBSTONED"
    assert shell.payment(uetr).state is State.REFUSED


async def test_an_unreadable_message_about_an_existing_payment_says_nothing_of_it(
    shell: Shell,
) -> None:
    request = shell.inbound_pay()
    await shell.receive(request)

    assert await shell.received(unreadable(request.uetr)) == OTHERWISE
    assert not buried(shell, request.uetr)
    assert shell.payment(request.uetr).state is State.CREDITED


async def test_a_refusal_of_no_payment_binds_nothing(shell: Shell) -> None:
    assert await shell.received(unreadable()) == REFUSAL
    assert shell.store.done == []


async def test_another_agent_than_the_quoted_one_is_refused(shell: Shell) -> None:
    request = shell.inbound_pay()
    other = Party("Whoever", STALL.account, SPONSOR)
    request = replace(request, particulars=replace(request.particulars, creditor=other))

    assert await refused(shell, request) == "AGENT_INCORRECT"
    assert Reason.AGENT_INCORRECT.iso == "AGNT"


async def test_another_account_than_the_quoted_one_is_refused(shell: Shell) -> None:
    request = shell.inbound_pay()
    other = Party("Whoever", "other@abaa", STALL.agent)
    request = replace(request, particulars=replace(request.particulars, creditor=other))

    assert await refused(shell, request) == "ACCOUNT_UNKNOWN"
    assert Reason.ACCOUNT_UNKNOWN.iso == "AC01"


@pytest.mark.parametrize("agent", ["", STALL.agent[:8], f"{STALL.agent[:8]}001"])
async def test_the_agent_may_be_left_out_or_name_a_branch(shell: Shell, agent: str) -> None:
    request = shell.inbound_pay()
    same = Party("Whoever", STALL.account, agent)
    request = replace(request, particulars=replace(request.particulars, creditor=same))

    assert (await shell.receive(request))["status"] == "ACCC"


async def test_the_quoted_party_is_paid_whatever_name_the_message_gives(shell: Shell) -> None:
    request = shell.inbound_pay()
    await shell.receive(request)

    kept = (await shell.dispatch.open(request.uetr)).particulars
    assert kept.creditor == STALL
    assert kept.debtor == request.particulars.debtor


async def test_another_amount_than_the_quoted_debit_is_refused(shell: Shell) -> None:
    request = shell.inbound_pay()
    more = request.settlement_amount + Money(1, request.settlement_amount.currency)

    assert await refused(shell, replace(request, settlement_amount=more)) == "AMOUNT_DIFFERS"


async def test_a_token_that_is_none_refuses_and_buries(shell: Shell) -> None:
    request = shell.inbound_pay(quote_token="bs1.1.none")

    assert await refused(shell, request) == "QUOTE_INVALID"
    assert buried(shell, request.uetr)
    assert await refused(shell, shell.inbound_pay(uetr=request.uetr)) == "TOMBSTONED"


async def test_a_bad_token_for_an_existing_payment_refuses_only_the_message(shell: Shell) -> None:
    request = shell.inbound_pay()
    await shell.receive(request)
    bad = replace(request, key="another", quote_token="bs1.1.none")
    answer = await shell.receive(bad)

    assert answer == {"rejected": "message", "reason": "DUPLICATE"}
    assert not buried(shell, request.uetr)
    assert shell.payment(request.uetr).state is State.CREDITED


async def test_too_old_an_instruction_is_refused_for_ever(shell: Shell) -> None:
    shell.thailand.facts = replace(shell.thailand.facts, deadline_ms=900_000)
    old = shell.clock.now() - timedelta(seconds=300, microseconds=1)
    request = shell.inbound_pay(accepted_at=old)

    assert await refused(shell, request) == "TOO_OLD"
    assert Reason.TOO_OLD.iso == "TM01"
    shell.clock.ahead = timedelta(seconds=-60)
    assert await refused(shell, request) == "TOO_OLD"


async def test_an_instruction_as_old_as_allowed_is_taken(shell: Shell) -> None:
    shell.thailand.facts = replace(
        shell.thailand.facts, deadline_ms=900_000, answer_margin_ms=600_000 - 50
    )
    request = shell.inbound_pay(accepted_at=shell.clock.now() - timedelta(seconds=300))

    assert (await shell.receive(request))["status"] == "ACCC"


@pytest.mark.parametrize(("left_ms", "status"), [(4_999, "RJCT"), (5_000, "ACCC")])
async def test_a_hop_is_not_started_with_too_little_time_left(
    shell: Shell, left_ms: int, status: str
) -> None:
    shell.thailand.facts = replace(shell.thailand.facts, answer_margin_ms=left_ms - 50)
    accepted_at = shell.clock.now() - timedelta(milliseconds=15_000 - left_ms)
    shell.bakong.facts = replace(shell.bakong.facts, hop_needs_ms=5_000)
    shell.thailand.facts = replace(shell.thailand.facts, hop_needs_ms=5_000)
    answer = await shell.receive(shell.inbound_pay(accepted_at=accepted_at))

    # With exactly as much as is needed it is opened, and then nothing may be sent any more.
    expected = "CREDITOR_TOO_LATE" if status == "RJCT" else "CLEARING_TIMED_OUT"
    assert answer["reason"] == expected
    assert shell.transport.left == []


async def test_the_clock_refuses_nothing_once_a_byte_may_have_left(shell: Shell) -> None:
    shell.transport.script("bakong", LOST)
    request = shell.inbound_pay()
    answer = await shell.receive(request)
    assert answer["status"] == "PDNG"
    assert shell.engine.answer(request.uetr) is None

    shell.clock.pass_s(2)
    await shell.sweep()
    assert (await shell.receive(request))["status"] == "ACCC"
    assert shell.engine.answer(request.uetr) is not None


async def test_a_late_truth_replaces_pending_once_and_then_stays(shell: Shell) -> None:
    shell.transport.script("bakong", LOST, said("refused", Reason.ACCOUNT_CLOSED))
    request = shell.inbound_pay()
    pending = await shell.received(request)
    again = await shell.received(request)
    shell.clock.pass_s(2)
    await shell.sweep()
    final = [await shell.received(request) for _ in range(3)]

    assert pending != again  # an interim answer is made when asked for
    assert final[0] == final[1] == final[2]
    told: dict[str, Any] = orjson.loads(final[0].body)
    assert (told["status"], told["reason"]) == ("RJCT", "ACCOUNT_CLOSED")
    assert shell.pending() == shell.posted() == []


async def test_an_answer_that_comes_before_the_deadline_is_waited_for(shell: Shell) -> None:
    async def slow() -> Answer:
        await shell.settle(5)
        return said("accepted")

    shell.transport.script("bakong", slow)
    assert (await shell.receive(shell.inbound_pay()))["status"] == "ACCC"


async def test_an_enquiry_of_a_known_payment_tells_its_status(shell: Shell) -> None:
    request = shell.inbound_pay()
    await shell.receive(request)
    own = request.particulars.extra["original_transaction_id"]

    assert await shell.receive(enquiry(request.uetr, own)) == {"enquiry": "ACCC"}
    assert await shell.receive(enquiry(request.uetr)) == {"enquiry": "ACCC"}


async def test_an_enquiry_about_another_instruction_with_a_known_uetr_was_never_seen(
    shell: Shell,
) -> None:
    request = shell.inbound_pay()
    answer = await shell.received(request)
    before = (shell.payment(request.uetr), len(shell.store.done))
    told = await shell.receive(enquiry(request.uetr, "another"))

    assert told == {"enquiry": "never seen"}
    assert (shell.payment(request.uetr), len(shell.store.done)) == before
    assert not buried(shell, request.uetr)
    assert await shell.received(request) == answer


async def test_an_enquiry_about_a_refused_instruction_needs_only_its_uetr(shell: Shell) -> None:
    request = shell.inbound_pay(refused=Reason.ELEMENT_MISSING)
    await shell.receive(request)

    assert await shell.receive(enquiry(request.uetr, "whichever")) == {"enquiry": "RJCT"}


async def test_who_is_told_never_seen_never_sees_it_executed(shell: Shell) -> None:
    uetr = shell.ids.uetr()
    assert await shell.receive(enquiry(uetr)) == {"enquiry": "never seen"}
    assert buried(shell, uetr)

    assert await refused(shell, shell.inbound_pay(uetr=uetr)) == "TOMBSTONED"
    assert Reason.TOMBSTONED.iso == "TM01"
    assert await shell.receive(enquiry(uetr)) == {"enquiry": "RJCT"}


async def test_a_members_payment_is_unknown_to_a_network(shell: Shell) -> None:
    payment = await shell.opened()

    assert await shell.receive(enquiry(payment.uetr)) == {"enquiry": "never seen"}
    assert shell.payment(payment.uetr) == payment


async def test_a_repeat_needs_neither_corridor_nor_quote(shell: Shell) -> None:
    request = shell.inbound_pay()
    answer = await shell.received(request)
    shell.clock.pass_s(3_600)

    assert await shell.received(replace(request, quote_token="gone")) == answer
