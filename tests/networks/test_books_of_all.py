"""What differs between the switch and a network's book is found, whatever it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.networks.books_of_all import disagreements


def row(uetr: str, **changed: Any) -> dict[str, Any]:
    """A payment of 100.00 baht that was accepted."""
    return {
        "uetr": uetr, "status": "ACCC", "state": "accepted", "final": True, "disputed": False,
        "direction": "outbound", "kind": "payment", "original": None, "network": "thailand",
        "counterparty": "thailand", "reference": f"R-{uetr}",
        "debit": {"currency": "KHR", "value": "11800"},
        "credit": {"currency": "THB", "value": "100.00"}, **changed,
    }  # fmt: skip


def line(uetr: str, **changed: Any) -> dict[str, Any]:
    """What its network has of it."""
    return {
        "uetr": uetr, "reference": f"R-{uetr}", "direction": "outbound", "amount": "100.00",
        "currency": "THB", "status": "booked", **changed,
    }  # fmt: skip


GUEST = row("a", direction="inbound", network="bakong", counterparty="thailand",
            debit={"currency": "THB", "value": "100.00"},
            credit={"currency": "KHR", "value": "11800"})  # fmt: skip
CREDIT = line("a", currency="KHR", amount="11800.00")


def guest_line(**changed: Any) -> dict[str, Any]:
    """What the guest's network has of :data:`GUEST`."""
    return line("a", **{"reference": "TH-1", "direction": "inbound", **changed})


def found(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[str]:
    return disagreements(ours, {"thailand": theirs, "bakong": []})


def test_books_that_agree_have_no_difference() -> None:
    back = row("c", kind="return", direction="inbound", original="a", reference="RC")
    refused = row("b", status="RJCT", state="refused")
    given_back = line("a", reference="X", direction="inbound")

    assert found([row("a"), refused, back], [line("a"), given_back]) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ([row("a")], [], "a at thailand: accepted here, nothing there"),
        ([row("a")], [line("a", status="refused")], "a at thailand: accepted here, refused there"),
        ([], [line("a")], "R-a at thailand: booked there alone"),
        ([row("a")], [line("a", amount="99.99")], "a at thailand: another sum"),
        ([row("a")], [line("a", currency="LAK")], "a at thailand: another sum"),
        ([row("a", status="RJCT", state="refused")], [line("a")],
         "a at thailand: refused here, booked there"),
        ([row("a", status="PDNG", final=False, state="unknown")], [], "a: not ended (unknown)"),
        ([row("a", disputed=True)], [line("a")], "a: disputed"),
        ([row("a")], [line("a"), line("a", reference="R-2")],
         "R-2 at thailand: booked there alone"),
        ([row("a")], [line("a"), line("b", status="pending")],
         "R-b at thailand: still pending there"),
        ([row("a"), row("b", reference="R-a")], [line("a")],
         "b at thailand: its line is that of a too"),
        ([row("c", kind="return", direction="inbound", original="a")], [],
         "c at thailand: accepted here, nothing there"),
    ],
)  # fmt: skip
def test_a_difference_is_named(
    ours: list[dict[str, Any]], theirs: list[dict[str, Any]], said: str
) -> None:
    assert said in found(ours, theirs)


def test_a_guest_that_paid_is_looked_for_on_both_sides() -> None:
    paid, both = GUEST, {"thailand": [guest_line()], "bakong": [CREDIT]}

    assert disagreements([paid], both) == []
    assert disagreements([paid], {**both, "bakong": []}) == [
        "a at bakong: accepted here, nothing there"
    ]
    assert disagreements([paid], {**both, "thailand": []}) == [
        "a at thailand: accepted here, nothing there"
    ]


def test_a_guest_that_is_debited_twice_is_found() -> None:
    twice = [guest_line(), guest_line(reference="TH-2")]

    assert disagreements([GUEST], {"thailand": twice, "bakong": [CREDIT]}) == [
        "a at thailand: 2 debits of one payment"
    ]


def test_what_was_unwound_must_have_gone_back_once_and_whole() -> None:
    unwound = {**GUEST, "status": "RJCT", "state": "unwound"}
    back = row("b", kind="refund", original="a", network="thailand", direction="outbound")
    half = {**back, "credit": {"currency": "THB", "value": "50.00"}}
    given = line("b", reference="R-b")
    books = {"thailand": [guest_line(), given], "bakong": []}
    alone = {"thailand": [guest_line()], "bakong": []}

    assert disagreements([unwound, back], books) == []
    assert disagreements([unwound], alone) == ["a: unwound, and 0 refunds give it back"]
    assert "a: unwound, and 1 refunds give it back" in disagreements([unwound, half], books)
