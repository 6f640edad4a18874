"""The measurement of quotes runs, and what it measures is what it says: every provider, both modes.

No figure is compared with a bound: how fast this machine is proves nothing.
"""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from fx.requests import Quoted
from switch.bench.fx import PROVIDERS, FxMeasured, asking, lines
from switch.bench.race import Speed
from switch.cli import bench

pytestmark = pytest.mark.xdist_group("bench")


@pytest.mark.parametrize("bridged", [False, True])
def test_every_provider_quotes_and_the_bridge_too(*, bridged: bool) -> None:
    for call in asking(bridged=bridged).values():
        quoted = call()

        assert isinstance(quoted, Quoted)
        assert quoted.left_out == ()
        assert len(quoted.quotes) == PROVIDERS + bridged
        assert {len(quote.hops) for quote in quoted.quotes} == ({1, 2} if bridged else {1})
        # The middle tier gives 10 of 30 basis points back.
        assert {hop.spread_bp for quote in quoted.quotes for hop in quote.hops[:1]} == {20}


def test_quick_run_shows_every_call() -> None:
    done = CliRunner().invoke(bench.command, ["--part", "fx", "--quick", "--json"])
    shown = json.loads(done.stdout)

    assert done.exit_code == 0
    assert (shown["fx"]["providers"], shown["fx"]["tiers"]) == (5, 3)
    assert len(shown["fx"]["calls"]) == 5
    assert all(0 < call["least_ns"] <= call["median_ns"] for call in shown["fx"]["calls"])


def test_table_has_a_line_for_each_call() -> None:
    speed = Speed("quote", "", checked=True, fault=None, median_ns=1_500, least_ns=1, most_ns=2)
    shown = list(lines(FxMeasured(5, 3, 21, (speed,))))

    assert shown[0] == "Quote: 5 providers, 3 tiers each, one core, 21 rounds in turns"
    assert shown[-1].split() == ["quote", "1.50", "0.00", "0.00"]
