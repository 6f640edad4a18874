"""A callback comes after its time, and not at all once it is cancelled."""

from __future__ import annotations

import asyncio

from switch.runtime.alarm import call_after


async def test_callback_comes_unless_it_is_cancelled() -> None:
    called: list[str] = []
    cancelled = call_after(0.01, lambda: called.append("cancelled"))
    call_after(0.02, lambda: called.append("due"))
    cancelled.cancel()
    await asyncio.sleep(0.05)

    assert called == ["due"]
