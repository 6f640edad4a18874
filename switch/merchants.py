"""Which KHQR merchant is meant by a network's own merchant id, and whether it may be paid so.

A network that prints its id into a KHQR (object 15) knows the merchant by that id; Bakong knows it
by its account. The registry joins the two, both ways: one account per id, one id per network and
account. The surprise: a suspended merchant stays listed, because its payments of yesterday may be
asked about or refunded yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class MerchantsDiffer(ValueError):  # noqa: N818  the name says what is wrong
    """Two registrations that contradict each other; ``place`` is that of the second."""

    def __init__(self, place: int, what: str) -> None:
        super().__init__(what)
        self.place = place


@dataclass(frozen=True, slots=True)
class Registration:
    """One merchant at one network. ``account`` is ``name@bank``, held in ``currency``.

    ``bank`` is the BIC of the account's bank. ``eligible`` is false while it may not be paid.
    """

    network: str
    merchant_id: str
    account: str = field(repr=False)
    bank: str
    currency: str
    eligible: bool


class Merchants:
    """The registry, read once at the start; raises :class:`MerchantsDiffer`."""

    __slots__ = ("_by_account", "_by_id")

    def __init__(self, registrations: Iterable[Registration] = ()) -> None:
        by_id: dict[tuple[str, str], Registration] = {}
        by_account: dict[tuple[str, str], Registration] = {}
        for place, each in enumerate(registrations):
            if by_id.setdefault((each.network, each.merchant_id), each) is not each:
                raise MerchantsDiffer(place, "id: is there twice at this network")
            if by_account.setdefault((each.network, each.account), each) is not each:
                raise MerchantsDiffer(place, "account: has two ids at this network")
        self._by_id: Mapping[tuple[str, str], Registration] = MappingProxyType(by_id)
        self._by_account: Mapping[tuple[str, str], Registration] = MappingProxyType(by_account)

    def find(self, network: str, merchant_id: str) -> Registration | None:
        """Who a network means by an id."""
        return self._by_id.get((network, merchant_id))

    def of_account(self, network: str, account: str) -> Registration | None:
        """How a network knows the holder of an account."""
        return self._by_account.get((network, account))


NO_MERCHANTS: Final = Merchants()
"""The registry of a switch that has none."""
