"""Which KHQR merchant is meant by a network's own merchant id, and whether it may be paid so.

A network that prints its id into a KHQR (object 15) knows the merchant by that id; Bakong knows it
by its account. The registry joins the two, both ways: one account per id, one id per network and
account. The surprise: a suspended merchant stays listed, because its payments of yesterday may be
asked about or refunded yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.standings import PartyState, merchant_party

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

    ``bank`` is the BIC of the account's bank. Only one whose ``state`` is active is paid.
    """

    network: str
    merchant_id: str
    account: str = field(repr=False)
    bank: str
    currency: str
    state: PartyState

    @property
    def eligible(self) -> bool:
        """Whether it may be paid."""
        return self.state is PartyState.ACTIVE

    @property
    def party(self) -> str:
        """What it is called where it is said how it stands."""
        return merchant_party(self.network, self.merchant_id)


class Merchants:
    """The registry, read once at the start; raises :class:`MerchantsDiffer`.

    What operators decided about a merchant since then is noted, and counts instead.
    """

    __slots__ = ("_by_account", "_by_id", "_noted")

    def __init__(self, registrations: Iterable[Registration] = ()) -> None:
        by_id: dict[tuple[str, str], Registration] = {}
        by_account: dict[tuple[str, str], Registration] = {}
        for place, each in enumerate(registrations):
            if by_id.setdefault((each.network, each.merchant_id), each) is not each:
                raise MerchantsDiffer(place, "id: is there twice at this network")
            if by_account.setdefault((each.network, each.account), each) is not each:
                raise MerchantsDiffer(place, "account: has two ids at this network")
        self._noted: dict[tuple[str, str], PartyState] = {}
        self._by_id: Mapping[tuple[str, str], Registration] = MappingProxyType(by_id)
        self._by_account: Mapping[tuple[str, str], Registration] = MappingProxyType(by_account)

    def find(self, network: str, merchant_id: str) -> Registration | None:
        """Who a network means by an id."""
        return self._now(self._by_id.get((network, merchant_id)))

    def of_account(self, network: str, account: str) -> Registration | None:
        """How a network knows the holder of an account."""
        return self._now(self._by_account.get((network, account)))

    def all(self) -> tuple[Registration, ...]:
        """Every registration, in the order of the file, as the file has it."""
        return tuple(self._by_id.values())

    def note(self, registered: Registration, state: PartyState) -> None:
        """From now on a merchant stands so."""
        self._noted[registered.network, registered.merchant_id] = state

    def _now(self, found: Registration | None) -> Registration | None:
        if found is None or not self._noted:
            return found
        state = self._noted.get((found.network, found.merchant_id), found.state)
        return found if state is found.state else replace(found, state=state)


NO_MERCHANTS: Final = Merchants()
"""The registry of a switch that has none."""
