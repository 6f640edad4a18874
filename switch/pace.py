"""How fast callers may call and a payer's side may open payments: drawn before anything is stored.

Every bound is of an institution and holds over all processes. What comes beyond it is told when to
come again and binds nothing; what is above it by itself would come for ever, so it is refused. The
surprise: what was drawn stays drawn even if the payment is refused afterwards, so that trying is
bounded too; a repeat of a payment draws nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.coordination.ports import Draw, Limit, spread
from switch.reasons import Reason
from switch.refusals import TooMany

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fx.money import Money
    from switch.config import Config
    from switch.coordination.ports import Coordination
    from switch.runtime.clock import Clock

MS: Final = 1000


class Pace:
    """Draws on the bounds of one switch. Every method raises :class:`TooMany`."""

    def __init__(self, config: Config, coordination: Coordination, clock: Clock) -> None:
        velocity, window_ms = config.velocity, config.velocity.window_s * MS
        self._coordination = coordination
        self._clock = clock
        shared, calls = config.coordination, config.calls
        parts = shared.processes_max * (1 if shared.url is None else 2)
        self._calls = spread("calls", calls.window_s * MS, calls.requests_max, parts)
        self._opened = spread("opened", window_ms, velocity.payments_max, parts)
        self._debited = {
            code: Limit(f"debited-{code}", window_ms, most)
            for code, most in velocity.sums_max.items()
        }

    async def call(self, caller: str) -> None:
        """Count a request of an authenticated caller: a BIC, a network's or a provider's name."""
        await self._draw((Draw(self._calls, caller),))

    async def opening(self, payer: str, debit: Money) -> Reason | None:
        """Count a payment that the payer's side is about to open, and what it debits.

        Returns why it may never be opened: its debit alone is above what the bound lets through.
        """
        draws = [Draw(self._opened, payer)]
        limit = self._debited.get(debit.currency.code)
        above = limit is not None and debit.minor > self._coordination.largest(limit)
        if limit is not None and debit.minor and not above:
            draws.append(Draw(limit, payer, debit.minor))
        await self._draw(draws)
        return Reason.AMOUNT_ABOVE_LIMIT if above else None

    async def _draw(self, draws: Sequence[Draw]) -> None:
        wait_ms = await self._coordination.take(draws, int(self._clock.monotonic() * MS))
        if wait_ms:
            raise TooMany(-(-wait_ms // MS))
