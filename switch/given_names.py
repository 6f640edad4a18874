"""Names that networks give to what is paid: each is paid through us once.

Such a name is our reference of the payment there, and no two payments have one reference. Whoever
comes second waits until the first is committed, and is refused then: it may be the same instruction
again, whose key would otherwise be bound to a refusal before its payment. The surprise: here only
one process keeps two apart that ask at the same moment; of several, the commit lets one have the
name, because an opening says that its reference was given (``Open.named``).
"""

from __future__ import annotations

import asyncio
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


class _Opening:
    """Who is about to have a name, and when that is decided."""

    __slots__ = ("ended", "uetr")

    def __init__(self, uetr: str) -> None:
        self.uetr = uetr
        self.ended = asyncio.Event()


class GivenNames:
    """The names that payments being opened are about to have."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._opening: dict[tuple[str, str], _Opening] = {}
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
        while (held_by := self._opening.get(key)) is not None:
            await held_by.ended.wait()
        self._opening[key] = _Opening(payment.uetr)
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
        for key in [key for key, holder in self._opening.items() if holder.uetr == uetr]:
            self._opening.pop(key).ended.set()
