"""Nothing is sent at or after ``send_by`` by the monotonic clock: a cancel neither (design 4.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.shell.test_cancelling import cancels as cancels  # noqa: PLC0414
from tests.shell.test_cancelling import fired, given_up

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


async def test_a_cancel_that_stalled_while_the_clock_was_set_back_does_not_leave(
    cancels: Shell,
) -> None:
    await given_up(cancels)
    once = cancels.transport._once

    async def stalled(*given: Any) -> Any:
        cancels.clock.pass_s(3_600)
        cancels.clock.ahead -= timedelta(seconds=3_600)
        return await once(*given)

    cancels.transport._once = stalled  # type: ignore[assignment, method-assign]
    await fired(cancels, 10)

    assert ("thailand", "/cancel") in cancels.transport.tried
    assert ("thailand", "/cancel") not in cancels.transport.left
