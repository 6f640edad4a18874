"""A rate that is configured anew must be quoted after a restart, whatever is recorded of the old.

Configured sheets take effect at the same moment (1970) unless they say another. A version of that
moment that was recorded (withdrawn, or confirmed) gives way to the one that is configured now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fx.board import Board
from fx.market_file import parse_market
from fx.sheets import Posted, RateSheet
from tests.shell.hand_parts import NOW
from tests.shell.test_rates_shared import MARKET, PAIR, PROVIDER, Process

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

CONFIGURED_ANEW = MARKET.replace(b'"v-1"', b'"v-2"').replace(b'"118.84"', b'"119.50"')


async def test_a_rate_configured_in_place_of_a_withdrawn_one_is_quoted(shell: Shell) -> None:
    process = Process(shell)
    await process.rates.withdraw(PROVIDER, PAIR, "v-1")
    assert process.quoted() == "withdrawn"

    assert Process(shell, CONFIGURED_ANEW).quoted() == "v-2"


async def test_a_rate_configured_in_place_of_a_confirmed_one_is_quoted(shell: Shell) -> None:
    process = Process(shell)
    same = process.sheet("v-1", "118.84", effective_at="1970-01-01T00:00:00+00:00")
    assert await process.put(same) == ["confirmed"]

    assert Process(shell, CONFIGURED_ANEW).quoted() == "v-2"


def test_two_boards_agree_on_two_versions_of_one_moment() -> None:
    """Two processes are given a version each at the same moment; both are recorded."""
    market = parse_market(MARKET, "providers.toml")

    def posted(version: str, rate: str) -> Posted:
        terms = {
            "provider": PROVIDER, "payer_currency": "KHR", "payee_currency": "THB",
            "unit_currency": "THB", "rate": rate, "version": version,
            "effective_at": NOW.isoformat(),
        }  # fmt: skip
        return Posted(RateSheet.from_terms(terms), NOW)

    one, other = posted("v-a", "118.40"), posted("v-b", "119.00")
    first = Board.open(market, NOW).refresh([one], NOW).refresh([other], NOW)
    second = Board.open(market, NOW).refresh([other], NOW).refresh([one], NOW)

    in_force = [board.current(NOW)[0].sheet.version for board in (first, second)]
    assert in_force[0] == in_force[1]
