"""Every template of the table books the worked example to the unit, and the page shows it so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fx.money import Money, currency
from switch.exposure_templates import EXPOSURES
from switch.ledger import Side, balanced
from switch.model import Direction, Finality, Funding, Kind, State
from switch.operators import Action
from switch.postings import filled, incoming_lines, lines_at_once, lines_of, refunded
from switch.postings_page import example, page
from switch.proposals import lines_for
from switch.states import Event
from switch.suspense import Suspended, Way, closing_lines, ways_of
from switch.templates import POSTINGS
from tests.switch_core.core_items import ending
from tests.switch_core.core_values import (
    SECOND,
    SPONSOR,
    bridged,
    direct,
    khr,
    payment,
    received,
    thb,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# Account, debit, credit, in minor units, as the worked example has them.
M, M_SETTLING, M_FROZEN = (
    f"member/member/KHR/deferred{kind}" for kind in ("", "/settling", "/frozen")
)
M_DEPOSIT: Final = "member/member/KHR/bakong"
F_KHR, F_THB, F_USD = (f"holder/holder/{code}/deferred" for code in ("KHR", "THB", "USD"))
N, N_SETTLING = (f"network/network/THB/deferred{kind}" for kind in ("", "/settling"))
B, S_KHR = ("sponsor/pool/KHR/bakong", "sponsor/suspense/KHR/bakong")
S_THB: Final = "network/suspense/THB/deferred"
LOST, EXPOSED = ("bearer/bearer/THB/deferred", "bearer/bearer/THB/deferred/exposure")
S_NET, N_KHR = ("network/suspense/KHR/deferred", "network/network/KHR/deferred")
LOST_KHR: Final = "bearer/bearer/KHR/deferred"
FEE: Final = "operator/fee/KHR/deferred"
DEBIT, FEE_MINOR, SOURCE, PAID = 4_125_000, 25_000, 4_100_000, 34_500

BOOKED: Final[Mapping[str, tuple[tuple[Any, ...], ...]]] = {
    "outbound_capped": ((M, DEBIT, F_KHR, SOURCE, FEE, FEE_MINOR), (F_THB, PAID, N, PAID)),
    "outbound_prefunded": (
        (M_DEPOSIT, DEBIT, F_KHR, SOURCE, FEE, FEE_MINOR),
        (F_THB, PAID, N, PAID),
    ),
    "outbound_funded": ((B, DEBIT, S_KHR, DEBIT),),
    "outbound_gross": ((S_KHR, DEBIT, F_KHR, SOURCE, FEE, FEE_MINOR), (F_THB, PAID, N, PAID)),
    "outbound_gross_return": ((S_KHR, DEBIT, B, DEBIT),),
    "inbound_two_leg": ((F_KHR, SOURCE, B, SOURCE), (N, PAID, F_THB, PAID)),
    "inbound_on_us": (
        (F_KHR, SOURCE, "sponsor/member/KHR/deferred", SOURCE),
        (N, PAID, F_THB, PAID),
    ),
    "advice_received": ((N, PAID, S_THB, PAID),),
    "advice_pays_out": ((F_KHR, SOURCE, B, SOURCE),),
    "advice_pays_out_on_us": ((F_KHR, SOURCE, "sponsor/member/KHR/deferred", SOURCE),),
    "advice_credited": ((S_THB, PAID, F_THB, PAID),),
    "advice_failed": ((S_THB, PAID, N, PAID),),
    "late_credit": ((F_KHR, SOURCE, B, SOURCE), (EXPOSED, PAID, F_THB, PAID)),
    "late_credit_on_us": (
        (F_KHR, SOURCE, "sponsor/member/KHR/deferred", SOURCE),
        (EXPOSED, PAID, F_THB, PAID),
    ),
    "late_refusal": ((F_KHR, SOURCE), (FEE, FEE_MINOR, M, DEBIT), (N, PAID, F_THB, PAID)),
    "late_refusal_prefunded": (
        (F_KHR, SOURCE),
        (FEE, FEE_MINOR, M_DEPOSIT, DEBIT),
        (N, PAID, F_THB, PAID),
    ),
    "late_refusal_gross": (
        (F_KHR, SOURCE),
        (FEE, FEE_MINOR, S_KHR, DEBIT),
        (N, PAID, F_THB, PAID),
    ),
    "inbound_not_credited": ((B, SOURCE, S_KHR, SOURCE),),
    "late_acceptance": ((EXPOSED, PAID, N, PAID),),
    "late_credit_lost": ((LOST, PAID, EXPOSED, PAID),),
    "exposure_recovered": ((N, PAID, EXPOSED, PAID),),
    "refund": ((F_KHR, 1_188_400, M, 1_188_400), (N, 10_000, F_THB, 10_000)),
    "refund_prefunded": ((F_KHR, 1_188_400, M_DEPOSIT, 1_188_400), (N, 10_000, F_THB, 10_000)),
    "refund_gross": ((F_KHR, 1_188_400, S_KHR, 1_188_400), (N, 10_000, F_THB, 10_000)),
    "return_unmatched": ((N, PAID, S_THB, PAID),),
    "unwound_owed": ((S_THB, PAID, LOST, PAID),),
    "returned_owed": ((S_KHR, DEBIT, "bearer/bearer/KHR/deferred", DEBIT),),
    "suspense_settled": ((S_NET, DEBIT, N_KHR, DEBIT),),
    "suspense_assigned": ((S_NET, DEBIT, M, DEBIT),),
    "suspense_borne": ((S_NET, DEBIT, LOST_KHR, DEBIT),),
    "suspense_settled_pool": ((S_KHR, DEBIT, B, DEBIT),),
    "suspense_assigned_pool": ((S_KHR, DEBIT, M, DEBIT),),
    "suspense_borne_pool": ((S_KHR, DEBIT, LOST_KHR, DEBIT),),
    "suspense_deposited_pool": ((S_KHR, DEBIT, M_DEPOSIT, DEBIT),),
    "deposit_withdrawn": ((M_DEPOSIT, DEBIT, B, DEBIT),),
    "blocked_prefunded": ((M_DEPOSIT, DEBIT, f"{M_DEPOSIT}/frozen", DEBIT),),
    "blocked": ((M, DEBIT, M_FROZEN, DEBIT),),
    "surrendered_prefunded": (
        (f"{M_DEPOSIT}/frozen", DEBIT, "member/authority/KHR/bakong", DEBIT),
    ),
    "surrendered": ((M_FROZEN, DEBIT, "member/authority/KHR/deferred", DEBIT),),
    "window_closing": ((M_SETTLING, DEBIT, M, DEBIT), (N, PAID, N_SETTLING, PAID)),
    "window_confirmed": (
        (B, DEBIT, M_SETTLING, DEBIT),
        (N_SETTLING, PAID, "agent/nostro/THB/advised", PAID),
    ),
    "window_confirmed_rtgs": (("agent/nostro/KHR/advised", DEBIT, M_SETTLING, DEBIT),),
    "between": ((F_USD, 1_012, "second/holder/USD/deferred", 1_012),),
    "payee_fee": ((F_THB, 100, "operator/fee/THB/deferred", 100),),
    "residue": ((F_KHR, 20, "operator/residue/KHR/deferred", 20),),
}
"""By template and currency: the account debited and by how much, then those credited."""


def booked(name: str) -> list[tuple[str, Side, int]]:
    """The lines that the table above says."""
    lines: list[tuple[str, Side, int]] = []
    for account, minor, *credited in BOOKED[name]:
        lines.append((account, Side.DEBIT, minor))
        lines += [
            (other, Side.CREDIT, amount)
            for other, amount in zip(credited[::2], credited[1::2], strict=True)
        ]
    return lines


def test_every_template_has_its_example() -> None:
    assert BOOKED.keys() == POSTINGS.keys()


@pytest.mark.parametrize("name", sorted(BOOKED))
def test_a_template_books_the_worked_example(name: str) -> None:
    lines = example(name)
    balanced(lines)

    assert sorted(booked(name)) == sorted((x.account, x.side, x.minor) for x in lines)


@pytest.mark.parametrize("name", sorted(BOOKED))
def test_with_its_sides_exchanged_a_set_takes_itself_back(name: str) -> None:
    amounts = {each.amount: thb(7) for each in POSTINGS[name].lines}
    places = {each.place: each.place for each in POSTINGS[name].lines}
    if {"debit", "source", "fee"} <= amounts.keys():
        amounts |= {"source": thb(5), "fee": thb(2)}
    sums: dict[str, int] = {}
    for exchanged in (False, True):
        for line in filled(name, amounts, places, exchanged=exchanged):
            signed = line.minor if line.side is Side.DEBIT else -line.minor
            sums[line.account] = sums.get(line.account, 0) + signed

    assert {0} == set(sums.values())


BY_LAW: Final = (Event.BLOCKED, Event.SURRENDERED)
IN_ADVANCE: Final = (Funding.GROSS, Funding.PREFUNDED)
ANYWHERE: Final = (Way.SETTLED, Way.ASSIGNED, Way.BORNE)


def closings() -> set[tuple[str, Side]]:
    """What closes items of a network and of a pool, in each way."""
    return {
        (x.account.split("/", 1)[1], x.side)
        for account in (S_NET, S_KHR, M_DEPOSIT, EXPOSED)
        for way in ways_of(Suspended(account, 100, 0))
        for x in closing_lines(Suspended(account, 100, 0, 1, ending(way), far="thailand"))
    }


def test_what_a_payment_books_is_what_the_table_says_is_booked() -> None:
    """Each template that is said to be booked by a command is, and no other."""
    bridge = replace(payment(), terms=bridged())
    bridge = replace(bridge, institutions=replace(bridge.institutions, second_holder=SECOND))
    inbound = payment(direction=Direction.INBOUND)
    on_us = replace(inbound, institutions=replace(inbound.institutions, on_us=True))
    fee = replace(payment(), terms=replace(direct(), destination=thb(34_400), payee_fee=thb(100)))
    gross, deposit = (replace(payment(), funding=each) for each in IN_ADVANCE)
    gross = replace(gross, institutions=replace(gross.institutions, sponsor=SPONSOR))
    advised = [replace(each, finality=Finality.ADVICE) for each in (inbound, on_us)]
    back = replace(payment(), kind=Kind.REFUND, funding=Funding.HELD)
    gross_back = replace(gross, kind=Kind.REFUND)
    returned = [replace(each, kind=Kind.RETURN) for each in (payment(), gross, deposit)]
    unmatched = replace(payment(), kind=Kind.RETURN, funding=Funding.HELD)
    one_by_one = (unmatched, payment(), bridge, inbound, on_us, fee, gross, back, gross_back)
    held_sets = (*one_by_one, deposit, *advised)
    found = (
        {
            (x.account.split("/", 1)[1], x.side)
            for held in (*held_sets, *returned)
            for x in lines_of(held)
        }
        | {
            (x.account.split("/", 1)[1], x.side)
            for held, event in (
                *((advised[0], Event.PAID), (advised[0], Event.ACCEPTED)),
                *((each, event) for each in (payment(), deposit) for event in BY_LAW),
            )
            for x in lines_at_once(held, event)
        }
        | {
            (x.account.split("/", 1)[1], x.side)
            for held in (payment(), inbound, gross, deposit, on_us, *advised)
            for action in (Action.BOOK, Action.OWE)
            for x in lines_for(held, action)
        }
        | {
            (x.account.split("/", 1)[1], x.side)
            for held in (payment(), inbound, gross)
            for x in lines_for(replace(held, state=State.ACCEPTED), Action.UNBOOK)
        }
        | {(x.account.split("/", 1)[1], x.side) for x in incoming_lines(received(minor=100))}
        | closings()
    )

    for name, posting in POSTINGS.items():
        shape = {(x.account.split("/", 1)[1], x.side) for x in example(name)}
        if posting.booked:
            assert shape <= found, name
    assert {
        "outbound_capped", "outbound_funded", "outbound_gross", "outbound_gross_return",
        "inbound_two_leg", "inbound_on_us", "advice_received", "advice_pays_out",
        "advice_pays_out_on_us", "advice_credited", "advice_failed", "refund", "refund_gross",
        "between", "payee_fee", "residue", "late_acceptance", "late_credit", "return_unmatched",
        "unwound_owed", "returned_owed", "blocked", "surrendered", "late_refusal",
        "late_refusal_gross", "inbound_not_credited", "late_credit_on_us", *EXPOSURES,
        "late_refusal_prefunded", "outbound_prefunded", "refund_prefunded", "blocked_prefunded",
        "surrendered_prefunded", "deposit_withdrawn", "suspense_deposited_pool",
        *(f"suspense_{way}{pool}" for way in ANYWHERE for pool in ("", "_pool")),
    } == {name for name, posting in POSTINGS.items() if posting.booked}  # fmt: skip


def test_a_recall_books_nothing() -> None:
    assert lines_of(replace(payment(), kind=Kind.RECALL)) == ()


@given(
    st.integers(1, 10**9),
    st.integers(1, 10**7),
    st.lists(st.integers(1, 10**9), max_size=9),
)
def test_refunds_of_a_whole_payment_give_back_its_source(
    paid: int, source: int, cuts: list[int]
) -> None:
    """Whatever the parts: never more than the rate allows, and in the end all of it."""
    steps = sorted({*(cut for cut in cuts if cut < paid), paid})
    back = khr(0)
    for cumulative in steps:
        part = refunded(thb(cumulative), thb(paid), khr(source), back)
        assert part.minor >= 0
        assert part.minor % 100 == 0
        back = back + part
        assert back.minor * paid <= khr(source).minor * cumulative

    assert back == khr(source)


def test_a_third_of_the_example_gives_back_11884_riel() -> None:
    part = refunded(thb(10_000), thb(34_500), khr(41_000), Money(0, currency("KHR")))

    assert part == khr(11_884)


def test_the_page_is_generated_from_the_table() -> None:
    root = Path(__file__).resolve().parents[2]
    written = (root / "docs" / "developer" / "postings.md").read_text("utf-8")

    assert page() == written, "run python -m switch.postings_page > docs/developer/postings.md"
