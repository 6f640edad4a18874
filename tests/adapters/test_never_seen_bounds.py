"""A network's "never seen" is believed within minutes: somebody waits for that money."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest

from switch import timers
from switch.facts import load_facts
from switch.registry import installed, shipped
from tests.switch_core.core_values import NOW

WITHIN_S: Final = {
    "alipayplus": 660,
    "bakong": 600,
    "japan": 660,
    "laos": 5,
    "malaysia": 900,
    "thailand": 5,
    "unionpay": 1_200,
    "vietnam": 900,
}
"""By network: how long after the last moment to send it is believed at the latest, in seconds."""


def believed_after_s(network: str) -> int:
    """When the first rung comes whose "never seen" is believed, seconds after the first send."""
    text = shipped(network, "facts.toml")
    assert text is not None
    facts = load_facts(text, network)
    after_s = 0
    for rung in range(1, facts.enquiries_max + 1):
        after_s += timers._pause_s(facts, rung - 1)
        if timers.may_believe_never_seen(facts, NOW, NOW + timedelta(seconds=after_s), rung):
            return after_s
    raise AssertionError("it is never believed")


def test_every_network_has_a_bound() -> None:
    assert set(installed("bakong_switch.adapters")) == WITHIN_S.keys()


@pytest.mark.parametrize("network", WITHIN_S)
def test_a_payment_that_never_came_ends_within_its_networks_bound(network: str) -> None:
    assert believed_after_s(network) <= WITHIN_S[network]


ASKED_FOR_DAYS: Final = {
    "alipayplus": 1.5,
    "bakong": 1,
    "japan": 1,
    "laos": 7,
    "malaysia": 7,
    "thailand": 7,
    "unionpay": 7,
    "vietnam": 7,
}
"""By network: how long a payment is asked about before it is left to people. Alipay+ has reports by
then; credits at Bakong, and Japan's cancel windows, are for people sooner."""


@pytest.mark.parametrize("network", ASKED_FOR_DAYS)
def test_a_network_that_is_away_for_days_leaves_nothing_to_people(network: str) -> None:
    text = shipped(network, "facts.toml")
    assert text is not None
    facts = load_facts(text, network)
    asked_s = sum(timers._pause_s(facts, rung) for rung in range(facts.enquiries_max))

    assert set(ASKED_FOR_DAYS) == WITHIN_S.keys()
    assert asked_s >= ASKED_FOR_DAYS[network] * 86_400
