"""What is counted as open is what was given, not used and not expired, whatever came in between."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from switch.outstanding import Outstanding
from tests.shell.hand_parts import NOW

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
