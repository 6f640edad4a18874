"""A name that we gave outlives the key that we sign under: what was named before is found again."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.alipayplus import AlipayPlusAdapter, signature, wire
from adapters.alipayplus.signature import Signer
from adapters.vietnam import VietnamAdapter
from switch.model import changed
from switch.port import AdapterContext
from switch.simulation.town import TownKeys
from tests.adapters.alipayplus import alipayplus_parts as alipayplus
from tests.adapters.vietnam import vietnam_parts as vietnam

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

PATH = "/networks/alipayplus/aps/api/v1/payments/userInitiatedPay"
ONCE = "000201010212"
"""How a code that is made for one payment begins."""


class Rotated(TownKeys):
    """The same keys, but for the one that signs towards Alipay+."""

    def rsa_private(self, name: str) -> RSAPrivateKey:
        """A new one where it is ours."""
        if name == "switch-alipayplus":
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return super().rsa_private(name)


def both() -> list[AlipayPlusAdapter]:
    """The adapter before and after our key was changed."""
    context = partial(AdapterContext, "BKSWKHPP", "ANTISGSG", alipayplus.OPTIONS)
    return [AlipayPlusAdapter(context(keys)) for keys in (TownKeys(), Rotated())]


def test_a_code_that_is_asked_for_again_is_the_same_order_under_another_key() -> None:
    body = json.dumps({"codeValue": ONCE, "customerId": "c1"}).encode()
    signer = Signer(
        alipayplus.OPTIONS["partner_client_id"], "1", TownKeys().rsa_private("alipayplus")
    )
    at = wire.instant(alipayplus.NOW)
    signed = signer.headers(PATH, at, body, signature.REQUEST_TIME)
    headers = {name.lower(): value for name, value in signed}
    headers |= {"content-type": signature.CONTENT_TYPE, ":path": PATH}

    asked: list[Any] = [
        adapter.translate(headers, body, alipayplus.planning()) for adapter in both()
    ]

    assert asked[0].key == asked[1].key
    assert asked[0].again(1).key == asked[1].again(1).key


def test_whoever_scans_is_the_same_customer_under_another_key() -> None:
    told = [adapter.plan_lookup("000201", None, alipayplus.planning()).body for adapter in both()]

    assert told[0] == told[1]


def test_a_payment_is_told_of_and_asked_about_alike_under_another_key() -> None:
    before, after = both()
    payment, held = alipayplus.outbound_payment(), alipayplus.particulars()

    sent = before.plan_pay(payment, held, alipayplus.planning())
    asked = after.plan_enquire(payment, held, replace(alipayplus.planning(), rung=1))

    assert (sent.body, sent.reference) == (asked.body, asked.reference)
    assert sent.headers != asked.headers


@pytest.mark.parametrize("rung", [1, 2])
def test_sealed_accounts_name_nothing_that_is_asked_about(rung: int) -> None:
    pairs = vietnam.keys()
    other = replace(
        pairs, private=dict(pairs.private) | {"switch-vietnam": pairs.private["stranger"]}
    )
    before, after = (
        VietnamAdapter(AdapterContext("BKSWKHPP", "NAPAVNVX", vietnam.OPTIONS, keys))
        for keys in (pairs, other)
    )
    planning = vietnam.planning(sequence=42)
    payment = changed(vietnam.outbound(), reference=before.reference(planning))

    sent = json.loads(before.plan_pay(payment, vietnam.particulars(), planning).body)
    later = replace(planning, rung=rung)
    asked = json.loads(after.plan_enquire(payment, vietnam.particulars(), later).body)

    assert before.reference(planning) == after.reference(planning)
    assert asked["payload"]["payment"].items() <= sent["payload"]["payment"].items()
