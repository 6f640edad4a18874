"""What operators proposed for payments, sealed with their words.

A proposal is sealed under the data key of its payment. The surprise: a payment whose key was
destroyed or is damaged must end all the same, and be looked at by people; what they say of it then
is sealed under a key of its own, which stands wrapped before it and goes with its wrapping key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import orjson

from switch.commands import Sealed
from switch.leaves import sealed_digest
from switch.store.vault import WRAPPED_BYTES, VaultError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.model import Payment
    from switch.records import Records
    from switch.runtime.entropy import Ids
    from switch.store.contract import Reads
    from switch.store.vault import DataKey, Vault

PROPOSAL: Final = "proposal"
"""Kind of record, with the payment's version: the evidence an operator proposes its end with."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What an operator proposed: the how manieth it is, what names it, what it says.

    ``said`` is None where its record is damaged.
    """

    place: int
    digest: str
    said: Mapping[str, str] | None = field(repr=False)


class Proposals:
    """Seals and opens what operators proposed."""

    def __init__(self, records: Records, read: Reads, vault: Vault, ids: Ids) -> None:
        self._records = records
        self._read = read
        self._vault = vault
        self._ids = ids

    async def sealed(self, uetr: str, version: int, place: int, said: Mapping[str, str]) -> Sealed:
        """What an operator proposes for a version of a payment, with the evidence."""
        number, kind = self._ids.ordered(), _kind(version, place)
        key, wrapped = await self._records.key(uetr), b""
        if key is None:
            key, wrapped = self._vault.new_key(uetr)
        blob = self._vault.seal(key, number, kind, orjson.dumps(dict(said)))
        return Sealed(number, uetr, kind, wrapped + blob)

    async def standing(self, payment: Payment) -> Proposed | None:
        """What is proposed for a payment as it stands, the newest; None where nothing is."""
        places = await self._places(payment.uetr, payment.version)
        if not places:
            return None
        said = self._said(places[-1], await self._records.key(payment.uetr))
        return Proposed(len(places), sealed_digest(places[-1]), said)

    async def all_of(self, uetr: str, version: int, key: DataKey | None) -> list[Proposed]:
        """Every proposal for a version, in their order."""
        places = await self._places(uetr, version)
        return [
            Proposed(place, sealed_digest(each), self._said(each, key))
            for place, each in enumerate(places, 1)
        ]

    async def _places(self, uetr: str, version: int) -> list[Sealed]:
        """The records of what was proposed for a version, in their order."""
        found: list[Sealed] = []
        kind = _kind(version, 1)
        while (record := await self._read.sealed(uetr, kind)) is not None:
            found.append(Sealed(record[0], uetr, kind, record[1]))
            kind = _kind(version, len(found) + 1)
        return found

    def _said(self, held: Sealed, key: DataKey | None) -> dict[str, str] | None:
        """What a proposal says; None where that is damaged."""
        plain = None if key is None else self._plain(held, key, held.blob)
        if plain is None:
            try:
                own = self._vault.open_key(held.uetr, held.blob[:WRAPPED_BYTES])
            except VaultError:
                return None
            plain = self._plain(held, own, held.blob[WRAPPED_BYTES:])
        if plain is None:
            return None
        said: dict[str, str] = orjson.loads(plain)
        return said

    def _plain(self, held: Sealed, key: DataKey, blob: bytes) -> bytes | None:
        try:
            return self._vault.unseal(key, held.record_id, held.kind, blob)
        except VaultError:
            return None


def _kind(version: int, place: int) -> str:
    """The kind of a proposal's record: the first for a version is named by that alone."""
    return f"{PROPOSAL}-{version}" if place == 1 else f"{PROPOSAL}-{version}-{place}"
