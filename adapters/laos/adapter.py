"""Laos: the ISO 20022 profile with this network's names. Pure.

What is sent and how it is read is the profile's (``adapters.iso_profile``). Where the network turns
out to speak otherwise, a mapping of its own takes the profile's place here. The surprise: that the
network speaks the profile at all is assumed until it says so.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapters.iso_profile.adapter import IsoProfileAdapter
from adapters.iso_profile.profile import facts_beside, profile_of

if TYPE_CHECKING:
    from switch.port import AdapterContext

ZONE: Final = timedelta(hours=7)
"""Offset of the network from UTC; its settlement date starts there."""


class LaosAdapter(IsoProfileAdapter):
    """The network in both directions."""

    def __init__(self, context: AdapterContext) -> None:
        facts = facts_beside("adapters.laos")
        profile = profile_of(facts, country="LA", zone=ZONE, coded=False)
        super().__init__(context, profile, facts)
