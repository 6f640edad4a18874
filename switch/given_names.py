"""Names that networks give to what is paid: each is paid through us once.

Such a name is our reference of the payment there, and no two payments have one reference. Whoever
comes second is refused before anything is committed, as a rule. The surprise: here only one process
keeps two apart that ask at the same moment; of several, the commit lets one have the name, because
an opening says that its reference was given (``Open.named``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from switch.abilities import NamedByNetwork
from switch.inbound_port import derived_uetr
from switch.model import changed
from switch.restoring import as_lost

if TYPE_CHECKING:
    from switch.model import Particulars, Payment
    from switch.port import Adapter, Planning
    from switch.store.contract import Store


class _Named(Protocol):
    """An instruction that is being opened."""

    @property
    def particulars(self) -> Particulars:
        """Who is involved, and what the network's lookup told."""


class GivenNames:
    """The names that payments being opened are about to have."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._opening: dict[tuple[str, str], str] = {}
        # Asking a class whether it has a protocol's methods takes as long as a database row.
        self._asked: dict[type[Adapter], bool] = {}

    async def named(
        self,
        payment: Payment,
        adapter: Adapter,
        instruction: _Named,
        planning: Planning,
        *,
        lost: bool,
    ) -> Payment | None:
        """The payment with its reference; None where another has the network's name for it.

        A name is held until :meth:`forget`. One that was ``lost`` is asked about, not named.
        """
        if lost:
            return as_lost(payment, adapter, planning)
        if not (self.given(adapter) and isinstance(adapter, NamedByNetwork)):
            return changed(payment, reference=adapter.reference(planning))
        key = payment.network, adapter.given_reference(instruction.particulars)
        if self._opening.setdefault(key, payment.uetr) != payment.uetr:
            return None
        held = await self._store.read.by_reference(*key)
        if held is not None and held.uetr != payment.uetr:
            return None
        return changed(payment, reference=key[1])

    def order(self, adapter: Adapter, network: str, particulars: Particulars) -> str:
        """The UETR under which a network takes back what it named; nothing where it names none."""
        if not (self.given(adapter) and isinstance(adapter, NamedByNetwork)):
            return ""
        return derived_uetr(network, adapter.given_reference(particulars))

    def given(self, adapter: Adapter) -> bool:
        """Whether the network names what is paid at it."""
        known = self._asked.get(type(adapter))
        if known is None:
            known = self._asked[type(adapter)] = isinstance(adapter, NamedByNetwork)
        return known

    def forget(self, uetr: str) -> None:
        """The opening of this payment has ended, whatever came of it."""
        for key in [key for key, holder in self._opening.items() if holder == uetr]:
            del self._opening[key]
