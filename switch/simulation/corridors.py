"""The configuration of a run: its networks alone, and corridors of every kind by turns.

What comes with the program is capped and in two legs nearly everywhere. So in some seeds payers'
banks push the money of one corridor first, and in others a network sets aside what it is paid
until it has our word. The surprise: the seed says so, so a kept plan stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from switch.model import Finality, Funding
from switch.simulation.plan import Store

if TYPE_CHECKING:
    from switch.config import Config

PUSHED: Final = ("bakong", "malaysia")
PUSHED_WITHIN_S: Final = 60
GROSS_EVERY: Final = 3
"""In one seed of so many, members' banks push the money of the corridor ``PUSHED`` in advance."""

RESERVED: Final = ("bakong", "laos")
RESERVED_EVERY: Final = 2
"""In one seed of so many, what is paid over the corridor ``RESERVED`` waits for our word."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Which corridors are of another kind: ``gross`` the one, in three legs the other."""

    gross: bool
    reserved: bool


def kinds(seed: int) -> Kinds:
    """What a seed has."""
    # A seed also says where its payments are kept, by turns: each store is to have both.
    return Kinds(gross=seed % GROSS_EVERY == 0, reserved=seed // len(Store) % RESERVED_EVERY == 0)


def lived(config: Config, networks: tuple[str, ...], of: Kinds) -> Config:
    """The configuration with these networks alone, and its corridors as they are for this run."""
    corridors = {
        name: corridor
        for name, corridor in config.corridors.items()
        if {corridor.source_network, corridor.destination_network} <= set(networks)
    }
    if of.gross and PUSHED in corridors:
        corridors[PUSHED] = replace(
            corridors[PUSHED],
            funding=Funding.GROSS,
            sponsor=config.networks[PUSHED[0]].own_bic,
            fund_within_s=PUSHED_WITHIN_S,
        )
    if of.reserved and RESERVED in corridors:
        corridors[RESERVED] = replace(corridors[RESERVED], finality=Finality.THREE_LEG)
    alone = {name: config.networks[name] for name in networks}
    return replace(config, networks=alone, corridors=corridors)
