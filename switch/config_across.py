"""What files of a configuration say of each other: rows that mean nothing, or one twice. Pure.

A fee, relationship or cap that names what there is not is no error of its own file, and the money
it is about would move without it. The surprise: a BIC of eight characters names the head office,
which is the same with XXX behind it; so one institution under both would have two sets of accounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.addresses import is_inside

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from fx.market import Market
    from switch.config_files import CapRow
    from switch.doors import Member

BIC_LENGTH: Final = 11


def wrong_market(market: Market, corridors: Collection[str]) -> str | None:
    """What providers.toml says of a corridor or institution that is not so here, and where."""
    for corridor, payer, payee in market.fees:
        if corridor not in corridors:
            return f"fee: {corridor} ({payer} to {payee}) is not a corridor of corridors.toml"
    for row in market.relationships:
        if row.corridor not in corridors:
            return f"relationship: {row.corridor} is not a corridor of corridors.toml"
    for name, provider in market.providers.items():
        for bic in provider.holders:
            if len(bic) != BIC_LENGTH:
                return f"provider {name}: {bic} holds money under all eleven characters of its BIC"
    return None


def holds_no_role(row: CapRow, holding: Mapping[str, Collection[str]]) -> bool:
    """Whether a cap bounds nothing: its institution has no account in that role."""
    return row.role in holding and row.institution not in holding[row.role]


def guarded(members: Iterable[Member], *, production: bool) -> str | None:
    """What is wrong with a member: its name, or where its events go.

    By eight characters, accounts of the whole name would stand beside its own. Events are for
    nobody else, and no way into our own house.
    """
    for place, member in enumerate(members):
        if len(member.bic) != BIC_LENGTH:
            return f"member[{place}].bic: a member has all eleven characters of its BIC"
        where = f"member[{place}].events.webhook"
        if production and member.webhook is not None:
            if not member.webhook.startswith("https:"):
                return f"{where}: an event that anybody could read on its way"
            if is_inside(member.webhook):
                return f"{where}: is an address of this machine or its own network"
    return None
