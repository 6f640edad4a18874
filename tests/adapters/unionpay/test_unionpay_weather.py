"""Members pay UnionPay's shops and its cardholders pay ours while anything at all goes wrong.

Networks lose, delay, corrupt and repeat; partners err; switches crash, stall and lose power; clocks
step. One seed is one run. The judge shares nothing with the switch: see ``switch.simulation``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

from switch.simulation.choices import CHOICES, PAYEES, PAYING
from switch.simulation.plan import Way, plan_of
from switch.simulation.trial import Simulator

SEEDS: Final = (1, 2, 3, 4, 35)
"""In 35 a switch stalls before its refund left."""

PAYMENTS: Final = 20
BOTH_WAYS: Final = replace(
    CHOICES,
    ways={
        "member unionpay": Way(40, "unionpay"),
        "debited unionpay": Way(60, "unionpay", PAYEES),
    },
    always=("bakong", "unionpay"),
    faults={
        "bakong": CHOICES.faults["bakong"],
        "unionpay": (
            *PAYING,
            *(
                ("refund", kind, "")
                for kind in ("drop_answer", "drop_request", "late", "error_500", "twice", "garbage")
            ),
        ),
    },
)


def test_nobody_loses_money_in_any_weather() -> None:
    simulator, states, left = Simulator(), Counter[str](), 0
    for seed in SEEDS:
        outcome = simulator.run(plan_of(seed, PAYMENTS, BOTH_WAYS))
        assert [str(finding) for finding in outcome.findings] == [], f"seed {seed}"
        states.update(outcome.states)
        left += outcome.unresolved

    assert left == 0
    assert {"accepted", "credited", "unwound"} <= set(states)
