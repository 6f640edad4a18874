"""The way to networks: within their bounds, past their breakers, counted and followed.

Whether requests to a network may share connections is a fact of it. The surprise: that is no matter
of speed. A network that answers one request twice is read as refusing the next one, which it may
carry out, wherever its answers do not say what they answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.breakers import Breakers
from switch.logs import LogTracer
from switch.metering.gate import MeteredGate
from switch.wire.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.app import Seams
    from switch.config import Config
    from switch.metering.meters import Meters
    from switch.port import Adapter


def transport_of(
    config: Config, seams: Seams, meters: Meters, adapters: Mapping[str, Adapter]
) -> Transport:
    """The way to the networks of a configuration, which are those of ``adapters``."""
    return Transport(
        seams.net,
        seams.clock,
        at_once={name: section.at_once_max for name, section in config.networks.items()},
        alone=frozenset(n for n, each in adapters.items() if not each.facts.answers_named),
        gate=MeteredGate(Breakers(config.networks, seams.coordination, seams.clock), meters),
        tracer=LogTracer(seams.log),
    )
