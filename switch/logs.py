"""Structured logs: short past-tense events with fields, one JSON line each.

What may be logged is what the journal may hold: UETR, states, codes, counts. Names, accounts, QR
text and message bodies have no field here. The time stamp comes from the injected clock.
"""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson
import structlog

from switch.wire.transport import Answer, NotSent

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from switch.runtime.clock import Clock
    from switch.wire.transport import MaybeSent, Trace


LEVELS: Final = MappingProxyType({"debug": 10, "info": 20, "warning": 30})
"""Levels of lines, as the standard library numbers them."""


class Log(Protocol):
    """What parts of the switch log with."""

    def debug(self, event: str, **fields: object) -> object:
        """Something happened on the way, for whoever follows one payment."""

    def info(self, event: str, **fields: object) -> object:
        """Something happened."""

    def warning(self, event: str, **fields: object) -> object:
        """Something needs a human before long."""


class SilentLog:
    """Logs nothing, for tools and tests."""

    def debug(self, event: str, **fields: object) -> None:
        """Nothing."""

    def info(self, event: str, **fields: object) -> None:
        """Nothing."""

    def warning(self, event: str, **fields: object) -> None:
        """Nothing."""


def json_log(clock: Clock, level: str = "info") -> Log:
    """A logger that writes JSON lines to standard error, from ``level`` on (see ``LEVELS``)."""

    def stamp(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["at"] = clock.now().isoformat(timespec="milliseconds")
        return event

    def render(_: object, __: str, event: MutableMapping[str, Any]) -> bytes:
        return orjson.dumps(event, default=str)

    wrapper = structlog.make_filtering_bound_logger(LEVELS[level])
    log: Log = structlog.wrap_logger(
        structlog.BytesLogger(sys.stderr.buffer),
        processors=[structlog.processors.add_log_level, stamp, render],
        wrapper_class=wrapper,
    )
    return log


class LogTracer:
    """Writes a line for each request to a network, at level debug: never what it says."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def exchanged(
        self, network: str, trace: Trace, result: Answer | NotSent | MaybeSent, took_s: float
    ) -> None:
        """Write it down: ``came`` is the status of an answer, or why there is none."""
        answered = isinstance(result, Answer)
        self._log.debug(
            "exchanged",
            uetr=trace.uetr,
            network=network,
            operation=trace.operation,
            sent="no" if isinstance(result, NotSent) else "yes" if answered else "maybe",
            came=result.status if isinstance(result, Answer) else result.why,
            took_ms=round(took_s * 1000),
        )
