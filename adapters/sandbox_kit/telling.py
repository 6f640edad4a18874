"""What a simulator tells the switch: one message out, told again, and what a control shows of it.

A simulator books what its shops and customers do and tells the switch; nobody's answer may be lost
for good, or the two books would differ for ever. The surprise: whoever tells again does so in the
background, so the control that began it answers at once with what was heard so far.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from fx.money import Money
    from switch.runtime.clock import Clock
    from switch.wire.net import Net

AGAIN_S: Final = (1, 2, 5, 10, 20, 40, 60, 120, 300, 900, 3600)
"""Pauses before what nobody answered is told again."""

SWITCH: Final = "switch"
ANSWER_BYTES_MAX: Final = 131_072


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of the switch: nothing but what a payer may act on."""

    http: int | None = None
    status: str | None = None
    reason: str | None = None

    def shown(self) -> dict[str, object]:
        """As JSON."""
        return {"http": self.http, "status": self.status, "reason": self.reason}


def shown(
    uetr: str | None, result: Answered, debit: Money | None, answers: tuple[Answered, ...]
) -> dict[str, object]:
    """What a control answers about a payment."""
    return {
        "uetr": uetr,
        "status": result.status,
        "reason": result.reason,
        "amount": None if debit is None else str(debit),
        "currency": None if debit is None else debit.currency.code,
        "answers": [answer.shown() for answer in answers],
    }


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back: nothing at all, a status alone where the body is too large, or all of it."""

    http: int | None = None
    headers: Mapping[str, str] | None = None
    body: bytes | None = None


async def posted(
    net: Net, path: str, body: bytes, headers: Mapping[str, str], within_ms: int
) -> Heard:
    """Post one message to the switch and read the whole answer, within a time and a size."""
    try:
        async with (
            asyncio.timeout(within_ms / 1000),
            net.session(SWITCH).post(
                net.url(SWITCH) + path, data=body, headers=headers, allow_redirects=False
            ) as response,
        ):
            raw = b""
            while more := await response.content.read(ANSWER_BYTES_MAX):
                raw += more
                if len(raw) > ANSWER_BYTES_MAX:
                    return Heard(response.status)
            return Heard(response.status, response.headers, raw)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return Heard()


async def until_heard(
    clock: Clock, tell: Callable[[], Awaitable[bool]], pauses_s: Sequence[float] = AGAIN_S
) -> None:
    """Tell after each pause until it was heard, or there are no more pauses."""
    for pause_s in pauses_s:
        await clock.sleep(pause_s)
        if await tell():
            return
