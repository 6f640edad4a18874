"""What there is to draw from: ways to pay, payees, and what the simulators can do wrong.

Names of faults and reasons are those of each simulator's own controls. Weights are per hundred.
"""

from __future__ import annotations

from typing import Final

from switch.simulation.plan import Choices, Way

CHOICES: Final = Choices(
    ways={
        "member": Way(47, "thailand"),
        "greedy member": Way(3, "thailand"),
        "thai guest": Way(
            47,
            "thailand",
            (
                *("noodleshop@aclb", "coffee@abaa", "silkhouse@abaa", "noodleshop@aclb"),
                *("noodleshop@aclb", "coffee@abaa", "vanishing@abaa", "closed@abaa"),
            ),
        ),
        "incoming": Way(3, "bakong"),
    },
    always=("bakong", "thailand"),
    faults={
        "thailand": (
            *(("pay", "refuse", "AC06"), ("pay", "pending", ""), ("pay", "slow", "")),
            *(("pay", "late", ""), ("pay", "drop_request", ""), ("pay", "drop_answer", "")),
            *(("pay", "twice", ""), ("pay", "garbage", ""), ("pay", "wrong_signature", "")),
            *(("pay", "error_500", ""), ("enquire", "drop_answer", ""), ("enquire", "garbage", "")),
            *(("enquire", "drop_request", ""), ("enquire", "late", ""), ("enquire", "pending", "")),
            *(("pay", "drop_answer", ""), ("pay", "hold", ""), ("pay", "reset", "")),
            *(("pay", "unavailable", ""), ("pay", "redirect", ""), ("pay", "oversize", "")),
            *(("pay", "wrong_clock", ""), ("pay", "slow_body", ""), ("pay", "answer_twice", "")),
        ),
        "bakong": (
            *(("pay", "refuse", "AC06"), ("pay", "pending", ""), ("pay", "slow", "")),
            *(("pay", "late", ""), ("pay", "drop_request", ""), ("pay", "drop_answer", "")),
            *(("pay", "twice", ""), ("pay", "garbage", ""), ("pay", "error_500", "")),
            *(("enquire", "drop_answer", ""), ("enquire", "garbage", ""), ("pay", "hold", "")),
            *(("enquire", "drop_request", ""), ("collect", "drop_answer", "")),
            *(("acknowledge", "drop_answer", ""), ("acknowledge", "garbage", "")),
            *(("pay", "unavailable", ""), ("pay", "slow_body", ""), ("pay", "answer_twice", "")),
        ),
    },
    settlements=("failed_at_fast", "failed_at_fi", "cannot_settle", "stall"),
)
"""What there is to draw from."""
