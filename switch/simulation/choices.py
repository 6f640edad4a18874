"""What there is to draw from: ways to pay, payees, and what the simulators can do wrong.

Names of faults and reasons are those of each simulator's own controls. Weights are per hundred.
"""

from __future__ import annotations

from typing import Final

from switch.simulation.mishaps import WITHDRAWS
from switch.simulation.operators import Act
from switch.simulation.plan import Choices, Way

PAYEES: Final = (
    *("noodleshop@aclb", "coffee@abaa", "silkhouse@abaa", "noodleshop@aclb"),
    *("noodleshop@aclb", "coffee@abaa", "vanishing@abaa", "closed@abaa"),
)
"""Accounts of Cambodian shops: the last two take nothing, one of them says so late."""

PAYING: Final = tuple(
    (operation, kind, "")
    for operation, kinds in (
        ("pay", ("pending", "slow", "late", "drop_request", "drop_answer", "drop_answer", "twice")),
        ("pay", ("garbage", "wrong_signature", "error_500", "hold", "reset", "unavailable")),
        ("pay", ("redirect", "oversize", "slow_body", "answer_twice")),
        ("enquire", ("drop_answer", "garbage", "drop_request", "late")),
    )
    for kind in kinds
)
"""What every network can do wrong about a payment."""

GIVING_BACK: Final = (
    *(("refund", "drop_answer", ""), ("refund", "drop_request", ""), ("refund", "late", "")),
    *(("refund", "error_500", ""), ("refund", "twice", ""), ("refund", "garbage", "")),
)
"""What those can do wrong who are given back what they paid."""

CONFIRMED: Final = tuple(
    ("confirm", kind, "")
    for kind in ("drop_answer", "drop_request", "late", "garbage", "unavailable", "twice")
)
"""What a network can do wrong that waits for our word; where nothing does, it never happens."""

CANCELLED: Final = (("cancel", "drop_answer", ""), ("cancel", "drop_request", ""))
"""What a network can do wrong that is asked to undo a payment."""

UNPOSTED: Final = (
    *(("pay", "pending", "") for _ in range(3)),
    *(("pay", "pending", "AC04") for _ in range(2)),
)
"""What a network can do that accepts transfers before they are posted: post them late, or never."""

LYING: Final = (
    *(("pay", "contradict", "AC04") for _ in range(6)),
    *(("enquire", "contradict", "AC04") for _ in range(2)),
)
"""Where the opposite of what is booked is said once; the book tells the truth in the end."""

PRETENDING: Final = (("pay", "pretend", "AC04"), ("pay", "pretend", "AC04"))
"""What is refused and answered as booked; only where news of it can tell the truth."""

IN_NUMBERS: Final = (
    *(("pay", "contradict", "51"), ("pay", "contradict", "51"), ("enquire", "contradict", "51")),
    *(("pay", "pretend", "51"), ("pay", "pretend", "51")),
)
"""Both, in the words of a network whose reasons are numbers."""

OFTEN_IN_NUMBERS: Final = tuple((does, lies, "51") for does, lies, _ in (*LYING, *PRETENDING))
"""The same as often as others do it."""

ASKED_BACK: Final = (
    *(("recall", "refuse", "CUST"), ("recall", "pending", ""), ("recall", "drop_answer", "")),
    *(("recall", "drop_request", ""), ("recall", "late", ""), ("recall", "garbage", "")),
)
"""What a network can do wrong that is asked to give back, and how it says no or nothing."""

REGRETTED: Final = ("coffee@abaa", "silkhouse@abaa")
"""Accounts of shops whose bank is a member and so can ask that money goes back."""

CHOICES: Final = Choices(
    ways={
        "member thailand": Way(40, "thailand"),
        "greedy thailand": Way(4, "thailand"),
        "listed thailand": Way(6, "thailand"),
        "guest thailand": Way(40, "thailand", PAYEES),
        "refunded thailand": Way(8, "thailand", REGRETTED),
        "recalled thailand": Way(6, "thailand"),
        "returned thailand": Way(6, "thailand"),
        "asked thailand": Way(6, "thailand", REGRETTED),
        "incoming": Way(4, "bakong"),
        "member vietnam": Way(40, "vietnam"),
        "guest vietnam": Way(40, "vietnam", PAYEES),
        "refunded vietnam": Way(8, "vietnam", REGRETTED),
        "member malaysia": Way(40, "malaysia"),
        "guest malaysia": Way(40, "malaysia", PAYEES),
        "refunded malaysia": Way(8, "malaysia", REGRETTED),
        "member laos": Way(40, "laos"),
        "guest laos": Way(20, "laos", PAYEES),
        "listed laos": Way(6, "laos"),
        "member japan": Way(40, "japan"),
        "member unionpay": Way(40, "unionpay"),
        "member alipayplus": Way(30, "alipayplus"),
        "debited unionpay": Way(30, "unionpay", PAYEES),
        "fickle unionpay": Way(10, "unionpay", PAYEES),
        "called off alipayplus": Way(12, "alipayplus"),
        "debited alipayplus": Way(40, "alipayplus", PAYEES),
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
            *(*GIVING_BACK, *LYING, *ASKED_BACK, *UNPOSTED),
        ),
        "vietnam": (*PAYING, *GIVING_BACK, *OFTEN_IN_NUMBERS),
        "malaysia": (*PAYING, *GIVING_BACK),
        "laos": (*PAYING, *CONFIRMED, *LYING, *UNPOSTED),
        "japan": (*PAYING, *CANCELLED),
        "unionpay": (*PAYING, *GIVING_BACK, *IN_NUMBERS),
        "alipayplus": (*PAYING, *GIVING_BACK),
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
    operators=(WITHDRAWS, *Act),
    settlements=("failed_at_fast", "failed_at_fi", "cannot_settle", "stall"),
)
"""What there is to draw from."""
