"""Structured logs: short past-tense events with fields, one JSON line each.

What may be logged is what the journal may hold: UETR, states, codes, counts. Names, accounts, QR
text and message bodies have no field here. The time stamp comes from the injected clock.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from switch.runtime.clock import Clock


class Log(Protocol):
    """What parts of the switch log with."""

    def info(self, event: str, **fields: object) -> object:
        """Something happened."""

    def warning(self, event: str, **fields: object) -> object:
        """Something needs a human before long."""


class SilentLog:
    """Logs nothing, for tools and tests."""

    def info(self, event: str, **fields: object) -> None:
        """Nothing."""

    def warning(self, event: str, **fields: object) -> None:
        """Nothing."""


def json_log(clock: Clock, level: str = "info") -> Log:
    """A logger that writes JSON lines to standard error, from ``level`` on (info or warning)."""

    def stamp(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["at"] = clock.now().isoformat(timespec="milliseconds")
        return event

    def render(_: object, __: str, event: MutableMapping[str, Any]) -> bytes:
        return orjson.dumps(event, default=str)

    wrapper = structlog.make_filtering_bound_logger(30 if level == "warning" else 20)
    log: Log = structlog.wrap_logger(
        structlog.BytesLogger(sys.stderr.buffer),
        processors=[structlog.processors.add_log_level, stamp, render],
        wrapper_class=wrapper,
    )
    return log
