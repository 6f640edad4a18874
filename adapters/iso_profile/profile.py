"""What tells one network of this profile from another: names and places, and nothing else.

The messages, their signature, the rules and the outcomes are the same for all of them. A network
that differs in more than this has a mapping of its own. The surprise: the clearing system is a pair
of field and value, because one with a code of ISO 20022 stands in another element than one without.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from switch.facts import load_facts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from switch.facts import Facts


@dataclass(frozen=True, slots=True)
class Profile:
    """One network: our name of it, its country, its currency, its clearing system, its clock.

    ``clearing`` is the field of its clearing system, with the value; ``zone`` is how far its day is
    ahead of UTC, all year.
    """

    network: str
    country: str
    currency: str
    clearing: Mapping[str, str]
    zone: timedelta


def profile_of(facts: Facts, *, country: str, zone: timedelta, coded: bool) -> Profile:
    """Complete what the facts say; ``coded`` when ISO 20022 has a code of the clearing system."""
    field = "clearing_system_code" if coded else "clearing_system_proprietary"
    clearing = MappingProxyType({field: facts.clearing_system})
    return Profile(facts.network, country, facts.currency, clearing, zone)


def facts_beside(package: str) -> Facts:
    """Read the ``facts.toml`` of an adapter's package. Raises ``FactsError``."""
    text = (files(package) / "facts.toml").read_text("utf-8")
    return load_facts(text, f"{package.replace('.', '/')}/facts.toml")
