"""Who converts in a corridor: our providers, or the network itself, as a scheme.

Three keys of a corridor say it: ``fx_side`` is ``source`` (our providers quote) or ``scheme`` (the
network makes each price and answers for it), ``scheme`` the provider that stands for the network,
``scheme_currency`` what the network is paid in, the payer's currency where it is left out. The
surprise: only corridors that pay out can be priced by their network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fx.money import MoneyError, currency
from fx.sheets import ProviderRole

if TYPE_CHECKING:
    from fx.market import Market


class SideError(ValueError):
    """A key of the corridor that cannot be used; the message names it."""


class Row(Protocol):
    """The keys of a corridor that say who converts."""

    @property
    def fx_side(self) -> str:
        """``source`` or ``scheme``."""

    @property
    def scheme(self) -> str | None:
        """The provider that stands for the network."""

    @property
    def scheme_currency(self) -> str | None:
        """What the network is paid in."""

    @property
    def payer_currency(self) -> str:
        """The currency of the payer's account."""

    @property
    def merchant_currency(self) -> str:
        """The currency that the merchant gets."""


def scheme_of(row: Row, market: Market, *, inbound: bool) -> tuple[str, str]:
    """The scheme of a corridor and what it is paid in, both empty where our providers quote.

    Raises :class:`SideError`.
    """
    if row.fx_side != "scheme":
        for key, value in (("scheme", row.scheme), ("scheme_currency", row.scheme_currency)):
            if value is not None:
                raise SideError(f"{key}: is stated only where fx_side is scheme")
        return "", ""
    provider = market.providers.get(row.scheme or "")
    if provider is None or ProviderRole.SCHEME not in provider.roles:
        raise SideError("scheme: is no provider of providers.toml in the role scheme")
    if inbound:
        raise SideError("fx_side: what a network pays in is quoted by our providers")
    try:
        paid_in = currency(row.scheme_currency or row.payer_currency)
    except MoneyError as error:
        raise SideError(f"scheme_currency: {error.detail}") from None
    if paid_in.code == row.merchant_currency:
        raise SideError("scheme_currency: leaves the scheme nothing to convert")
    return provider.name, paid_in.code
