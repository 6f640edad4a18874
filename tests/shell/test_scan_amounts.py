"""What a member keys at a scan: held against the code's amount, told abroad in their money only."""

from __future__ import annotations

from typing import Any

import pytest

from fx.money import Money
from switch.port import Merchant
from switch.reasons import Reason
from switch.refusals import Refusal
from tests.api.api_rig import thai_code
from tests.shell.hand_parts import said
from tests.shell.shell_rig import MEMBER, Shell, shop

Patch = pytest.MonkeyPatch


async def scanned(shell: Shell, patch: Patch, payload: str, keyed: Money, found: Merchant) -> Any:
    """What is offered, and with which amount the network was asked."""
    told: list[Any] = []
    plan = shell.thailand.plan_lookup

    def planned(payload: str, amount: Money | None, planning: Any) -> Any:
        told.append(amount)
        return plan(payload, amount, planning)

    patch.setattr(shell.thailand, "plan_lookup", planned)
    patch.setattr(shell.thailand, "read_lookup", lambda *_: found)
    shell.transport.script("thailand", said("accepted"))
    answer = await shell.scans.scan(MEMBER, payload, keyed)
    return answer.offers[0].quote, told


@pytest.mark.parametrize(("text", "code"), [("1.00", "THB"), ("50000", "KHR")])
async def test_another_amount_than_the_code_fixes_is_refused_as_it_is_when_priced(
    shell: Shell, monkeypatch: Patch, text: str, code: str
) -> None:
    keyed = Money.parse(text, code)
    with pytest.raises(Refusal) as refusal:
        await scanned(shell, monkeypatch, thai_code("345.00"), keyed, shop("345.00"))

    assert refusal.value.reason is Reason.AMOUNT_DIFFERS


async def test_the_amount_that_the_code_fixes_may_be_keyed(
    shell: Shell, monkeypatch: Patch
) -> None:
    keyed = Money.parse("345.00", "THB")
    quote, told = await scanned(shell, monkeypatch, thai_code("345.00"), keyed, shop("345.00"))

    assert (quote.credit, told) == (keyed, [keyed])


async def test_riel_that_were_keyed_are_priced_here_and_not_told_abroad(
    shell: Shell, monkeypatch: Patch
) -> None:
    keyed = Money.parse("41000", "KHR")
    quote, told = await scanned(shell, monkeypatch, thai_code(None), keyed, shop(None))

    assert (quote.debit, told) == (keyed, [None])
