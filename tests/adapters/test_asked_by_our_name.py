"""Every installed network is asked about a payment under a name that we gave it ourselves.

An answer that was lost has told us no name of theirs, so one that is needed to ask would make the
question impossible just when it must be asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from adapters.conformance.payments import made
from adapters.conformance.plan import read_plan
from switch.conformance import plan_of
from switch.model import Party
from switch.port import Merchant, Operation, Planning
from switch.registry import ADAPTERS, installed
from tests.adapters.conformance.conformance_world import adapters
from tests.switch_core.core_values import NOW, uetr

if TYPE_CHECKING:
    from adapters.conformance.payments import Ready
    from switch.port import Exchange

NUMBER: Final = 1_700_000_000_123 << 20 | 7
ORDER: Final = {"payment_request_id": "PR2026112200000001", "customer_id": "a1b2"}
"""What a look-up said, before anything was paid."""

SHOP: Final = Party("Doi Khao Soi", "010555900011101", "BKKBTHBKXXX", "Chiang Mai", "TH")


def planning(rung: int = 0) -> Planning:
    """What the switch gives an adapter."""
    return Planning(NOW, NUMBER + rung, 1, NOW, rung=rung, uetr=uetr(7), sequence=41)


def lost(network: str) -> Ready:
    """A payment whose answer never came, and of which the network has told us nothing."""
    adapter: Any = adapters()[network]
    plan = read_plan(plan_of(network), adapter.facts.currency)
    payee = Merchant(plan.payee or SHOP, "", "5812", adapter.facts.currency, None)
    payee = replace(payee, extra=ORDER)
    return made(
        adapter.facts, plan, payee, plan.amount, planning(),
        reference=adapter.reference(planning()), debtor="Sok Dara", quote=None, payload="",
    )  # fmt: skip


def asked(network: str, ready: Ready) -> Exchange:
    """The enquiry about it."""
    adapter: Any = adapters()[network]
    exchange: Exchange = adapter.plan_enquire(ready.payment, ready.particulars, planning(1))
    return exchange


def said(exchange: Exchange) -> str:
    """All that leaves for the network."""
    return f"{exchange.path} {exchange.headers} {exchange.body.decode()}"


def names_ours(ready: Ready, text: str) -> bool:
    """Whether the payment's reference or its UETR, hyphens or not, stands in a request."""
    payment = ready.payment
    ours = (payment.reference, payment.uetr, payment.uetr.replace("-", ""))
    return any(name in text for name in ours)


@pytest.mark.parametrize("network", installed(ADAPTERS))
def test_an_enquiry_names_our_reference_where_no_other_is_known(network: str) -> None:
    """Lesson 16: after a lost answer there is no name of theirs to ask by."""
    ready = lost(network)
    assert ready.payment.far_reference is None
    exchange = asked(network, ready)

    assert exchange.operation is Operation.ENQUIRE
    assert names_ours(ready, said(exchange))


@pytest.mark.parametrize("network", installed(ADAPTERS))
def test_what_a_network_calls_it_does_not_replace_our_name(network: str) -> None:
    ready = lost(network)
    ready.payment = replace(ready.payment, far_reference="FAR7654321")

    assert names_ours(ready, said(asked(network, ready)))
