"""Who takes each row of the state table: the seeds, or a test that is named here. Data.

A line is a flow, a state and the events that lead on from it there. ``BY_RUNS`` is what 200 seeds
of `make test` take between them; each row beside those is one that a run takes seldom or never,
because it needs a network that breaks its word, days, or something that no partner does.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = tuple[str, str, str]

BY_RUNS: Final = """
outbound received: opened hit check_failed
outbound held: expired refused
outbound sending: accepted refused pending lost not_sent unposted
outbound pending_far: accepted rung
outbound unknown: accepted rung never_seen spent given_up refused
outbound manual: accepted refused
outbound cancelling: rung never_seen spent
outbound cancel_manual: refused
outbound accepted_unposted: accepted rung
outbound_three_leg received: opened hit check_failed
outbound_three_leg held: expired
outbound_three_leg sending: lost ready pending refused
outbound_three_leg unknown: rung never_seen ready
outbound_three_leg confirming: rung acknowledged
outbound_three_leg accepted_unposted: rung
outbound_three_leg pending_far: ready refused rung
outbound_gross received: funds_awaited unasked check_failed
outbound_gross awaiting_funds: funded paid_amiss expired taken_back
outbound_gross sending: accepted lost
outbound_gross returning: rung given_back
outbound_gross pending_far: rung
outbound_gross unknown: accepted never_seen rung
outbound_gross_three_leg received: funds_awaited check_failed
outbound_gross_three_leg awaiting_funds: funded paid_amiss expired
outbound_gross_three_leg returning: rung given_back
outbound_gross_three_leg sending: ready lost pending
outbound_gross_three_leg confirming: rung acknowledged
outbound_gross_three_leg pending_far: ready rung
outbound_gross_three_leg unknown: never_seen ready rung
inbound received: opened ordered check_failed
inbound looked_up: paid expired
inbound crediting: not_sent refused pending lost overdue
inbound credit_pending: accepted refused rung spent
inbound credit_unknown: accepted refused pending rung never_seen spent not_sent
inbound manual: accepted refused
inbound_bound received: held_ready
inbound_bound ready: paid expired taken_back
inbound_bound lapsed: paid_amiss
inbound_bound crediting: refused pending lost not_sent
inbound_bound credit_pending: accepted refused rung spent
inbound_bound credit_unknown: accepted refused rung never_seen spent pending
inbound_bound manual: accepted refused
inbound_bound unwinding: rung given_back
given_back received: booked
recalled received: recalled
recalled put: accepted refused
recalled giving_back: rung given_back
outbound_gross_three_leg accepted_unposted: rung
"""

ELSEWHERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tests/shell/test_given_back_once.py::"
        "test_a_recall_that_is_agreed_to_again_is_refunded_again": """
inbound crediting: accepted
recalled manual: accepted
recalled giving_back: spent
""",
        "tests/shell/test_screening_town.py::"
        "test_what_is_blocked_is_frozen_and_pending_for_ever_until_the_authority_orders_"
        "otherwise": """
outbound held: blocked
outbound blocked: unblocked
""",
        "tests/shell/test_sweeper.py::"
        "test_an_enquiry_that_learns_nothing_final_is_followed_by_the_next": """
outbound unknown: pending
""",
        "tests/shell/test_screening_town.py::"
        "test_two_operators_let_a_held_payment_go_and_it_ends_like_any_other": """
outbound held: cleared
""",
        "tests/shell/test_recalls.py::test_what_nobody_decides_is_left_to_people_in_the_end": """
outbound pending_far: spent
""",
        "tests/shell/test_recalls.py::"
        "test_one_that_its_bank_never_answers_is_denied_when_its_time_is_over": """
recalled put: expired
""",
        "tests/shell/test_recalls.py::"
        "test_a_recall_after_the_time_for_refunds_is_denied_either_way": """
recalled received: check_failed
""",
        "tests/shell/test_orders.py::"
        "test_what_is_paid_after_its_time_is_refused_before_the_timer_says_so": """
inbound looked_up: paid_amiss
""",
        "tests/shell/test_orders.py::"
        "test_an_order_is_taken_back_before_it_is_paid_and_not_after": """
inbound looked_up: taken_back
""",
        "tests/shell/test_orders.py::test_an_advice_of_another_amount_goes_back": """
inbound_bound ready: paid_amiss
""",
        "tests/shell/test_orders.py::test_an_advice_is_acknowledged_at_once_and_credited": """
inbound_bound crediting: accepted
""",
        "tests/shell/test_orders.py::test_a_credit_that_never_left_goes_back_too": """
""",
        "tests/shell/test_gross_town.py::"
        "test_a_refusal_abroad_gives_the_money_back_over_bakong": """
outbound_gross sending: refused
""",
        "tests/shell/test_given_back_once.py::"
        "test_what_is_owed_is_owed_once_and_nothing_more_goes_back": """
inbound_bound unwinding: owed
""",
        "tests/shell/test_cancelling.py::"
        "test_a_payment_that_is_done_stays_done_when_it_is_cancelled": """
outbound cancelling: too_late
""",
        "tests/shell/test_cancelling.py::"
        "test_a_late_success_while_it_is_cancelled_is_evidence_only": """
outbound cancelling: cancelled
""",
        "tests/switch_core/test_every_move.py::test_money_stands_where_the_state_says": """
outbound_gross_three_leg unknown: pending
inbound_bound credit_unknown: not_sent
outbound_gross_three_leg pending_far: refused
inbound_bound crediting: overdue
outbound sending: overdue
outbound blocked: surrendered
outbound pending_far: refused never_seen cancelled given_up unposted
outbound unknown: not_sent cancelled unposted
outbound sending: cancelled
outbound cancel_manual: cancelled too_late
outbound manual: cancelled
outbound accepted_unposted: refused spent
outbound_three_leg held: cleared blocked refused
outbound_three_leg blocked: unblocked surrendered
outbound_three_leg sending: not_sent accepted overdue cancelled unposted
outbound_three_leg pending_far: accepted never_seen spent cancelled given_up unposted
outbound_three_leg unknown: accepted refused pending not_sent spent cancelled given_up
outbound_three_leg unknown: unposted
outbound_three_leg manual: accepted refused cancelled ready
outbound_three_leg cancelling: rung cancelled never_seen too_late spent
outbound_three_leg cancel_manual: cancelled refused too_late
outbound_three_leg accepted_unposted: accepted refused spent
outbound_three_leg confirming: accepted
outbound_gross sending: not_sent pending overdue cancelled unposted
outbound_gross pending_far: accepted refused never_seen spent cancelled given_up unposted
outbound_gross unknown: refused pending not_sent spent cancelled given_up
outbound_gross unknown: unposted
outbound_gross manual: accepted refused cancelled
outbound_gross cancelling: rung cancelled never_seen too_late spent
outbound_gross cancel_manual: cancelled refused too_late
outbound_gross accepted_unposted: accepted refused rung spent
outbound_gross returning: owed
outbound_gross_three_leg received: unasked
outbound_gross_three_leg awaiting_funds: taken_back
outbound_gross_three_leg sending: not_sent accepted refused overdue cancelled unposted
outbound_gross_three_leg pending_far: accepted never_seen spent cancelled given_up
outbound_gross_three_leg pending_far: unposted
outbound_gross_three_leg unknown: accepted refused not_sent spent cancelled
outbound_gross_three_leg unknown: given_up unposted
outbound_gross_three_leg manual: accepted refused cancelled ready
outbound_gross_three_leg cancelling: rung cancelled never_seen too_late spent
outbound_gross_three_leg cancel_manual: cancelled refused too_late
outbound_gross_three_leg accepted_unposted: accepted refused spent
outbound_gross_three_leg returning: owed
outbound_gross_three_leg confirming: accepted
inbound credit_pending: never_seen
inbound_bound received: check_failed
inbound_bound credit_pending: never_seen
given_back received: check_failed
recalled received: unasked
recalled manual: refused
""",
    }
)
"""Rows that hardly any run takes, by the test that takes them."""


def rows(text: str) -> frozenset[Row]:
    """The rows of some lines."""
    return frozenset(
        (*line.partition(":")[0].split(), event)  # type: ignore[misc]
        for line in text.strip().splitlines()
        for event in line.partition(":")[2].split()
    )
