"""Thailand (NITMX, PromptPay): the ISO 20022 profile with Thailand's names. Pure.

What is sent and how it is read is the profile's (``adapters.iso_profile``), which was made for
Thailand first. The surprise: all that Thailand adds are four facts, because its switch speaks the
standard without a dialect of its own, as far as is known.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapters.iso_profile.adapter import IsoProfileAdapter
from adapters.iso_profile.profile import facts_beside, profile_of

if TYPE_CHECKING:
    from switch.port import AdapterContext

BANGKOK: Final = timedelta(hours=7)
"""Thailand's offset from UTC, all year; its settlement date starts there."""


class ThailandAdapter(IsoProfileAdapter):
    """The Thai network in both directions."""

    def __init__(self, context: AdapterContext) -> None:
        facts = facts_beside("adapters.thailand")
        profile = profile_of(facts, country="TH", zone=BANGKOK, coded=True)
        super().__init__(context, profile, facts)
