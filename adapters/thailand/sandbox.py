"""A Thai network to test against: NITMX with its merchants, its codes and its customers.

The wire, the book and the mistakes are those of every network of this profile. The surprise: the
largest payment here is above what the corridor allows, so that the network's own limit is met only
by whoever misses ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.iso_profile.sandbox import application
from adapters.iso_profile.sandbox_country import Country
from adapters.thailand.sandbox_codes import SHOPS, read_code
from fx.money import Money

if TYPE_CHECKING:
    from aiohttp import web

    from adapters.sandbox_kit import SandboxContext

THAILAND: Final = Country(
    network="thailand",
    code="TH",
    currency="THB",
    clearing="THN",
    clearing_tag="Cd",
    business_service="th.itmx.qr.01",
    amount_max=Money.parse("150000.00", "THB"),
    accounts={shop.account: shop for shop in SHOPS.values()},
    read_code=read_code,
    guest_name="Somchai Jaidee",
    guest_account="1234567890",
)


def create(context: SandboxContext) -> web.Application:
    """Return the application of this sandbox."""
    return application(context, THAILAND)
