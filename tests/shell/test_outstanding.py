"""What is counted as open is what was given, not used and not expired, whatever came in between."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fx.money import Money
from fx.token import QuoteSeal
from switch.outstanding import Outstanding
from switch.quoting import Quoting
from switch.reasons import Reason
from switch.refusals import Refusal
from switch.runtime.entropy import SeededEntropy
from tests.shell.hand_parts import NOW
from tests.shell.shell_rig import MEMBER, Shell, shop

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["give", "use", "wait"]),
        st.integers(0, 9),
        st.integers(1, 20),
        st.sampled_from([("a",), ("b",), ("a", "b")]),
    ),
    max_size=40,
)


@given(STEPS)
def test_counts_are_those_of_a_plain_list(
    steps: list[tuple[str, int, int, tuple[str, ...]]],
) -> None:
    counted, at = Outstanding(3), NOW
    plain: dict[str, tuple[tuple[str, ...], int]] = {}
    elapsed = 0
    for place, (step, number, seconds, providers) in enumerate(steps):
        if step == "give":
            name = f"{place}"
            counted.given(name, "member", providers, at + timedelta(seconds=seconds))
            plain[name] = (providers, elapsed + seconds)
        elif step == "use" and plain:
            name = sorted(plain)[number % len(plain)]
            counted.used(name)
            del plain[name]
        elif step == "wait":
            elapsed += seconds
            at += timedelta(seconds=seconds)
        plain = {name: held for name, held in plain.items() if held[1] > elapsed}
        for provider in ("a", "b"):
            expected = sum(provider in providers for providers, _ in plain.values())
            assert counted.count("member", provider, at) == expected
            assert counted.full("member", provider, at) is (expected >= 3)
    assert counted.count("other", "a", at) == 0


def test_a_quote_that_is_not_counted_can_be_used() -> None:
    counted = Outstanding(1)
    counted.used("of an earlier life")

    assert counted.all(NOW) == {}


def test_processes_that_share_a_count_share_its_bound(shell: Shell) -> None:
    shared = Outstanding(2)
    seal = QuoteSeal({"1": bytes(32)}, "1")
    one, other = (
        Quoting(shell.config, seal, shell.clock, shell.ids, SeededEntropy(name), outstanding=shared)
        for name in ("one", "other")
    )
    corridor = shell.config.corridors["bakong", "thailand"]
    amount = Money.parse("345.00", "THB")
    for quoting in (one, other):
        quoting.offers(quoting.destination(corridor, MEMBER, shop(), ""), amount)

    with pytest.raises(Refusal) as refused:
        one.offers(one.destination(corridor, MEMBER, shop(), ""), amount)
    assert refused.value.reason is Reason.QUOTES_OUTSTANDING
    assert set(shared.all(NOW).values()) == {2}
