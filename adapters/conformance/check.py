"""Puts a network on the bench: one adapter, one far side, every case that applies.

Everything of the world is given, so that the same check runs over TCP against a partner's test
system and in simulated time against a sandbox. The surprise: what the check sends has never been
sent before, so it can be repeated against a system that remembers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.conformance.bench import Bench
from adapters.conformance.plan import PlanError, read_plan
from adapters.conformance.report import Report
from adapters.conformance.run import run
from switch.wire.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Collection

    from adapters.conformance.home import Home
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.wire.net import Net

__all__ = ["Link", "PlanError", "check"]


@dataclass(frozen=True, slots=True)
class Link:
    """One adapter and the far side, as ``net`` knows it by the network's name.

    ``far`` is how the report names the far side. ``home`` is a switch that the network calls; cases
    of what comes in are not run without one, and ``homeless`` says why there is none.
    """

    adapter: Any
    network: str
    far: str
    net: Net
    clock: Clock
    ids: Ids
    patience_ms: int
    home: Home | None = None
    homeless: str = "no switch stands behind this check"


async def check(link: Link, plan: str, only: Collection[str] = ()) -> Report:
    """Run the cases of a plan (the text of ``conformance.toml``). Raises :class:`PlanError`."""
    began = link.clock.now()
    bench = Bench(
        adapter=link.adapter,
        plan=read_plan(plan, link.adapter.facts.currency),
        network=link.network,
        transport=Transport(link.net, link.clock),
        net=link.net,
        clock=link.clock,
        ids=link.ids,
        patience_ms=link.patience_ms,
        home=link.home,
        homeless=link.homeless,
    )
    results = await run(bench, only)
    return Report(link.network, link.far, began, link.clock.now(), results)
