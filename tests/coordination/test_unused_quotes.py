"""Quotes that nobody used are let go of, whoever asks next: both counts of a process stay small."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from switch.coordination.local import Hub, InProcess
from switch.coordination.quotes import SharedQuotes

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
MEMBER, PROVIDER = "ABAAKHPPXXX", "acleda"


def held(quotes: SharedQuotes) -> int:
    """How many quotes a process remembers in one of its counts, at most."""
    return max(len(quotes._own._places), len(quotes._all._places))


def test_expired_quotes_are_let_go_of_where_they_were_given_and_heard() -> None:
    hub = Hub()
    here, there = (
        SharedQuotes(20, InProcess(hub), processes_max=2, valid_s_max=600) for _ in range(2)
    )
    for number in range(2_000):
        at = NOW + timedelta(seconds=100 * number)
        assert not here.full(MEMBER, PROVIDER, at)
        here.given(f"q{number}", MEMBER, (PROVIDER,), at + timedelta(seconds=60))
        assert not there.full("WIGCKHPPXXX", PROVIDER, at)

    assert held(here) < 10
    assert held(there) < 10
