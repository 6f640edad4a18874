"""The market as configured: providers, their sheets, who may use them, fees, references, rules.

This is what a table of providers reads to; a :class:`fx.board.Board` opens on it and takes what is
posted later. Nothing here is checked against anything else: the board does that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from fx.sheets import ANY, Rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fx.fees import Fee
    from fx.sheets import Provider, RateSheet, Reference, Relationship


@dataclass(frozen=True, slots=True)
class CorridorFees:
    """The fees of one corridor: the payer's on top, the payee's deducted from what arrives."""

    payer: Fee | None = None
    payee: Fee | None = None


@dataclass(frozen=True, slots=True)
class Market:
    """Everything that is configured; ``fees`` by corridor, payer's and payee's currency code."""

    providers: Mapping[str, Provider]
    sheets: tuple[RateSheet, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    fees: Mapping[tuple[str, str, str], CorridorFees] = field(
        default_factory=lambda: MappingProxyType({})
    )
    references: tuple[Reference, ...] = ()
    rules: Rules = field(default=Rules())
    _named: Mapping[str, tuple[frozenset[str], frozenset[str]]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        named: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        for row in self.relationships:
            members, sponsors = named.get(row.corridor, (frozenset(), frozenset()))
            named[row.corridor] = (members | {row.member}, sponsors | {row.sponsor})
        object.__setattr__(self, "_named", MappingProxyType(named))

    def fee(self, corridor: str, payer: str, payee: str) -> CorridorFees:
        """The fees of a corridor in these currencies; none where none are configured."""
        return self.fees.get((corridor, payer, payee), _FREE)

    def named(self, corridor: str) -> tuple[frozenset[str], frozenset[str]]:
        """The members and sponsors that rows of this corridor name; none for an unknown one."""
        return self._named.get(corridor, (frozenset(), frozenset()))

    def improvements(self, provider: str) -> tuple[int, ...]:
        """Every improvement that a relationship grants with this provider, and none, ascending."""
        granted = {each.improvement_bp for each in self.relationships if provider in each.providers}
        return tuple(sorted(granted | {0}))

    def granted(self, corridor: str, member: str, sponsor: str) -> dict[str, int]:
        """Providers that may quote to this member, with the improvement in basis points.

        A row that names the member or the sponsor stands before one for all; between two of the
        same kind the larger improvement counts.
        """
        found: dict[str, tuple[int, int]] = {}
        for row in self.relationships:
            if row.corridor != corridor:
                continue
            if row.member not in (ANY, member) or row.sponsor not in (ANY, sponsor):
                continue
            rank = (2 * (row.member != ANY) + (row.sponsor != ANY), row.improvement_bp)
            for name in row.providers:
                found[name] = max(found.get(name, rank), rank)
        return {name: rank[1] for name, rank in sorted(found.items())}


_FREE = CorridorFees()
