"""Which ends, roles, funding and finality go together in a corridor. Pure.

One end is at home. Who pays in from abroad is paid out of a sponsor's pool; what a payer's bank
pushes in advance comes to one, and is not waited for without an end. The surprise: a file that says
something else refuses the start, because money would come to nobody.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fx.money import Money, MoneyError
from switch.ledger import Asset, Kind, Role, account_key
from switch.model import Direction, Finality, Funding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switch.config import Corridor
    from switch.config_files import CorridorRow
    from switch.ledger import Account

EXPOSURE_MAX: Final = MappingProxyType(
    {
        "CNY": "70000",
        "JPY": "1500000",
        "KHR": "40000000",
        "KRW": "14000000",
        "LAK": "200000000",
        "MYR": "45000",
        "THB": "350000",
        "VND": "250000000",
    }
)
"""What a bearer may be exposed by, in a currency, before a corridor closes that states nothing
itself: about 10,000 US dollars. Of any other currency it is ``OTHER_EXPOSURE_MAX``."""

OTHER_EXPOSURE_MAX: Final = "10000"


def exposure_max_of(row: CorridorRow, home: str) -> Money:
    """The most that a corridor's bearer may be exposed by. Raises :class:`ValueError`."""
    inbound = row.destination_network == home
    code = row.payer_currency if inbound else row.merchant_currency
    stated = row.exposure_max or EXPOSURE_MAX.get(code, OTHER_EXPOSURE_MAX)
    try:
        return Money.parse(stated, code).positive()
    except MoneyError as error:
        raise ValueError(f"exposure_max: {error.detail}") from None


def exposure_account(corridor: Corridor) -> str:
    """The account of what a corridor's bearer is exposed by, in the currency its network has.

    Corridors with one bearer and one such currency share it: it is the bearer who can bear no more.
    """
    inbound = corridor.direction is Direction.INBOUND
    code = corridor.payer_currency if inbound else corridor.merchant_currency
    return account_key(corridor.fee_taker, Role.BEARER, code, Asset.DEFERRED, Kind.EXPOSURE)


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
