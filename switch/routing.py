"""Which network pays which scanned code, made once at the start.

A scheme (what a code looks like) is a file, and which network pays it is a fact of that network;
neither knows the other. Preference is the operator's: corridors stand in their file in the order in
which they are tried, so a sticker that several networks pay is looked up through the first of
them. The surprise: an adapter package may bring scheme files of its own, and a fact that names a
scheme nobody describes refuses the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switch.config import HOME, ConfigError
from switch.model import Finality
from switch.port import Operation, SchemeBringer
from switch.qr import SCHEMES, SchemeError, read_scheme

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switch.config import Corridor
    from switch.port import Adapter
    from switch.qr import Schemes


@dataclass(frozen=True, slots=True)
class Routing:
    """What each network pays.

    ``pays`` are its schemes by network; ``abroad`` are the networks whose merchants can be looked
    up and paid from home, in the order of the corridors.
    """

    schemes: Schemes
    pays: Mapping[str, tuple[str, ...]]
    abroad: tuple[str, ...]

    @property
    def preferred(self) -> tuple[str, ...]:
        """Schemes that can be paid from home, the most preferred one first."""
        found = (scheme for network in self.abroad for scheme in self.pays.get(network, ()))
        return tuple(dict.fromkeys(found))

    def network(self, scheme: str) -> str | None:
        """The first network abroad that pays the scheme, if one does."""
        for network in self.abroad:
            if scheme in self.pays.get(network, ()):
                return network
        return None

    def domestic(self, scheme: str) -> bool:
        """Whether the scheme is paid at home."""
        return scheme in self.pays.get(HOME, ())


def read_routing(adapters: Mapping[str, Adapter], corridors: Iterable[Corridor]) -> Routing:
    """Join the adapters' schemes to the built-in ones. Raises :class:`ConfigError`."""
    corridors = tuple(corridors)
    schemes = _schemes(adapters)
    known = frozenset(scheme.scheme for scheme in schemes.schemes)
    pays: dict[str, tuple[str, ...]] = {}
    for name, adapter in sorted(adapters.items()):
        pays[name] = adapter.facts.schemes
        for word in pays[name]:
            if word not in known:
                raise ConfigError(f"{name}/facts.toml: schemes: {word}: no scheme file has it")
    for corridor in corridors:
        offered = adapters[corridor.destination_network].facts.operations
        waits = corridor.finality is Finality.THREE_LEG and corridor.source_network == HOME
        if corridor.enabled and waits and Operation.CONFIRM not in offered:
            # What it set aside would be waiting for a word that nobody can say.
            raise ConfigError(
                f"corridors.toml: {corridor.name}.finality: the network's facts name no confirm"
            )
        if corridor.enabled and corridor.destination_network == HOME:
            _told_rightly(corridor, adapters[corridor.source_network].facts.inbound_finality)
        quotes = {Operation.LOOKUP, Operation.QUOTE} <= set(offered)
        if corridor.enabled and corridor.scheme and not quotes:
            raise ConfigError(
                f"corridors.toml: {corridor.name}.fx_side: the network's facts name no quote"
            )
    abroad = tuple(
        corridor.destination_network
        for corridor in corridors
        if corridor.enabled
        and corridor.source_network == HOME
        and Operation.LOOKUP in adapters[corridor.destination_network].facts.operations
    )
    return Routing(schemes, pays, abroad)


def _told_rightly(corridor: Corridor, told: Finality | None) -> None:
    """Refuse an inbound corridor of another finality than the network's wire has.

    Who is debited before we are told would lose the money where we think that we may still refuse;
    what asks before it debits would be taken for paid.
    """
    if corridor.finality is not told:
        says = "that it pays nobody" if told is None else told.value
        raise ConfigError(
            f"corridors.toml: {corridor.name}.finality: the network's facts say {says}"
        )


def _schemes(adapters: Mapping[str, Adapter]) -> Schemes:
    schemes = SCHEMES
    for name, adapter in sorted(adapters.items()):
        files = adapter.scheme_files if isinstance(adapter, SchemeBringer) else ()
        for file, text in files:
            place = f"{name}/{file}"
            try:
                scheme = read_scheme(text, place)
            except SchemeError as error:
                raise ConfigError(str(error)) from None
            try:
                schemes = schemes.joined([scheme])
            except SchemeError as error:
                raise ConfigError(f"{place}: {error}") from None
    return schemes
