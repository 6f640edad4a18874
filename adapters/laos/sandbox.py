"""A network of Laos to test against, with its merchants, its codes and its customers.

The wire, the book and the mistakes are those of every network of this profile. The surprise: the
largest payment here is above what the corridor allows, so that the network's own limit is met only
by whoever misses ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.iso_profile.sandbox import application
from adapters.iso_profile.sandbox_country import Country
from adapters.laos.sandbox_codes import SHOPS, read_code
from fx.money import Money

if TYPE_CHECKING:
    from aiohttp import web

    from adapters.sandbox_kit import SandboxContext

LAOS: Final = Country(
    network="laos",
    code="LA",
    currency="LAK",
    clearing="LAPNET",
    clearing_tag="Prtry",
    business_service="LAPNET",
    amount_max=Money.parse("538000000", "LAK"),
    accounts={shop.account: shop for shop in SHOPS.values()},
    read_code=read_code,
    guest_name="First Guest",
    guest_account="1234567890",
)


def create(context: SandboxContext) -> web.Application:
    """Return the application of this sandbox."""
    return application(context, LAOS)
