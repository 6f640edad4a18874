"""Which ends, roles, funding and finality go together in a corridor. Pure.

One end is at home. Who pays in from abroad is paid out of a sponsor's pool; what a payer's bank
pushes in advance comes to one, and is not waited for without an end. The surprise: a file that says
something else refuses the start, because money would come to nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.ledger import Role, account_key
from switch.model import Finality, Funding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switch.config import Corridor
    from switch.config_files import CorridorRow
    from switch.ledger import Account


def wrong_roles(row: CorridorRow, home: str, own_bic: str) -> str | None:
    """What is wrong with a corridor's roles: the rest of its place in the file, and why."""
    inbound = row.destination_network == home
    if (row.source_network == home) == inbound:
        return f": exactly one end must be {home}"
    if inbound and row.sponsor is None:
        return ".sponsor: an inbound corridor names its sponsor"
    if row.sponsor is not None and row.sponsor != own_bic:
        return f".sponsor: is not own_bic of networks.{home}"
    if row.finality == Finality.ADVICE.value and not inbound:
        return ".finality: only a network that pays in advises of its payments"
    return _wrong_funding(row, inbound=inbound)


def _wrong_funding(row: CorridorRow, *, inbound: bool) -> str | None:
    gross = row.funding == Funding.GROSS.value
    if inbound and row.funding != Funding.CAPPED.value:
        return ".funding: a network that pays in has neither a deposit here nor pushes in advance"
    if gross and row.sponsor is None:
        return ".sponsor: a gross corridor names whose pool is paid"
    if gross is not (row.fund_within_s is not None):
        return ".fund_within_s: belongs to gross funding, and only to that"
    return None


def uncapped(
    corridors: Iterable[Corridor], members: Iterable[str], caps: Iterable[Account]
) -> str | None:
    """Whose position an inbound corridor's refunds would draw on without a bound, and in what.

    The merchant's bank pays a refund from its position in the merchant's currency.
    """
    bounded = frozenset(cap.key for cap in caps if cap.net_debit_max is not None)
    members = tuple(members)
    for corridor in corridors:
        if not corridor.enabled or not corridor.sponsor or corridor.funding is Funding.GROSS:
            continue
        code = corridor.merchant_currency
        for bic in members:
            if account_key(bic, Role.MEMBER, code, "deferred") not in bounded:
                return f"{corridor.name}.merchant_currency: {bic} has no net_debit_max in it"
    return None
