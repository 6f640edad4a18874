"""What there is to draw from: ways to pay, payees, and what the simulators can do wrong.

Names of faults and reasons are those of each simulator's own controls. Weights are per hundred.
"""

from __future__ import annotations

from typing import Final

from switch.simulation.plan import Choices

CHOICES: Final = Choices(
    ways={"member": 47, "greedy member": 3, "thai guest": 47, "incoming": 3},
    accounts={
        "thai guest": (
            *("noodleshop@aclb", "coffee@abaa", "silkhouse@abaa", "noodleshop@aclb"),
            *("noodleshop@aclb", "coffee@abaa", "vanishing@abaa", "closed@abaa"),
        ),
    },
    partners={
        "thailand": (
            *(("pay", "refuse", "AC06"), ("pay", "pending", ""), ("pay", "slow", "")),
            *(("pay", "late", ""), ("pay", "drop_request", ""), ("pay", "drop_answer", "")),
            *(("pay", "twice", ""), ("pay", "garbage", ""), ("pay", "wrong_signature", "")),
            *(("pay", "error_500", ""), ("enquire", "drop_answer", ""), ("enquire", "garbage", "")),
            *(("enquire", "drop_request", ""), ("enquire", "late", ""), ("enquire", "pending", "")),
            *(("pay", "drop_answer", ""), ("pay", "hold", "")),
        ),
        "bakong": (
            *(("pay", "refuse", "AC06"), ("pay", "pending", ""), ("pay", "slow", "")),
            *(("pay", "late", ""), ("pay", "drop_request", ""), ("pay", "drop_answer", "")),
            *(("pay", "twice", ""), ("pay", "garbage", ""), ("pay", "error_500", "")),
            *(("enquire", "drop_answer", ""), ("enquire", "garbage", ""), ("pay", "hold", "")),
            *(("enquire", "drop_request", ""), ("collect", "drop_answer", "")),
        ),
    },
    settlements=("failed_at_fast", "failed_at_fi", "cannot_settle", "stall"),
)
"""What there is to draw from."""
