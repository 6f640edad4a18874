"""One exchange over the transport, within the bounds of its network's facts.

The one place that turns a planned exchange into a request, so a committed one, a lookup and a poll
are sent alike. Whether and when it may be sent is the caller's to know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.breakers import BEGINNING
from switch.wire.transport import Answer, MaybeSent, NotSent, Request, Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from switch.facts import Facts
    from switch.port import Exchange
    from switch.wire.transport import Transport


def always() -> bool:
    """A request that moves nothing may be sent at any time."""
    return True


async def send_exchange(
    transport: Transport, exchange: Exchange, facts: Facts, may_send: Callable[[], bool] = always
) -> Answer | NotSent | MaybeSent:
    """Send an exchange once to the network of these facts.

    What begins something new passes the breakers; what asks after, confirms or takes back something
    old never does, since money may hang on it.
    """
    return await transport.send(
        facts.network,
        Request(exchange.method, exchange.path, exchange.headers, exchange.body),
        may_send=may_send,
        answer_within_s=exchange.answer_within_ms / 1000,
        answer_bytes_max=facts.answer_bytes_max,
        operation=exchange.operation.value if exchange.operation in BEGINNING else "",
        trace=Trace(exchange.uetr, exchange.operation.value),
    )
