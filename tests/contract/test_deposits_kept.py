"""Deposits are kept by every engine over restarts, closed once, and proven by the journal."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from switch.commands import Declined, Done
from switch.model import Funding
from switch.reasons import Reason
from switch.store.audit import audit
from switch.suspense import Way, item_claim, suspended_of
from tests.contract.contract_engines import KEY, AnyEngine
from tests.switch_core.core_items import DEPOSIT, WITHDRAWAL, approved, ending, proposed, withdrawn
from tests.switch_core.core_values import opened, payment, received

if TYPE_CHECKING:
    from switch.suspense import Suspended
    from tests.contract.contract_engines import Place

PUSHED = "a" * 64


def item_in(engine: AnyEngine, item: str) -> Suspended:
    name = item_claim(item)
    return suspended_of(engine.claimed(name, name)[name])


def test_it_is_paid_in_spent_and_paid_out_over_restarts(place: Place) -> None:
    held = replace(payment(), funding=Funding.PREFUNDED)
    with closing(place.open()) as engine:
        engine.execute([received(PUSHED, 5_000_000), proposed(PUSHED, 0, ending(Way.DEPOSITED))])
        engine.execute([approved(PUSHED, item_in(engine, PUSHED))])
    with closing(place.open()) as engine:
        (spent,) = engine.execute([opened(held)])
        assert isinstance(spent, Done)
        assert engine.execute([withdrawn(875_001)]) == [Done(None)]
    with closing(place.open()) as engine:
        seen = item_in(engine, WITHDRAWAL)
        assert engine.execute([approved(WITHDRAWAL, seen)]) == [Declined(Reason.FUNDS_INSUFFICIENT)]
        less = f"{WITHDRAWAL}-B"
        engine.execute([withdrawn(875_000, less, turn=1)])
        seen = item_in(engine, less)
        assert engine.execute([approved(less, seen, turn=turn) for turn in (1, 2)]) == [
            Done(None),
            Done(None),
        ]
        account = engine.account(DEPOSIT)
        assert account is not None
        sums = (account.debits_posted, account.debits_pending, account.credits_posted)
        assert sums == (875_000, 4_125_000, 5_000_000)
        assert account.net_debit_max is None
        assert audit(engine, KEY.public_key()).faults == ()
