"""What shows how a payment stands: operators open it on purpose, and the log says who did.

The messages of counterparties that were kept, what was asked of networks last, and what operators
proposed, with their words: sealed with the payment and erased with it. The log holds who looked and
at which payment, never what they read. The surprise: what cannot be opened is said to be so and
hides nothing else; an answer with nothing in it would look like there never was any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.abilities import BodyMasker
from switch.answers import instant
from switch.port import Operation
from switch.records import EVIDENCE, PAID
from switch.runtime.entropy import made_at
from switch.store.vault import Erased, VaultError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.logs import Log
    from switch.model import Payment
    from switch.port import Adapter
    from switch.records import Records
    from switch.store.contract import Reads
    from switch.store.vault import DataKey

MESSAGES_MAX: Final = 20
"""Messages of one page."""

BYTES_MAX: Final = 1_000_000
"""A page ends behind the message with which it holds more."""

DAMAGED: Final = "damaged"
"""Why nothing opens where neither an erasure nor a missing wrapping key is the cause."""


class Evidence:
    """Opens what was sealed as evidence, for an operator."""

    def __init__(
        self, read: Reads, records: Records, adapters: Mapping[str, Adapter], log: Log
    ) -> None:
        self._read = read
        self._records = records
        self._adapters = adapters
        self._log = log

    async def of(self, uetr: str, operator: str, after: int) -> dict[str, object] | None:
        """A page of what shows how a payment stands; None where there is no such payment."""
        payment = await self._read.payment(uetr)
        if payment is None:
            return None
        self._log.info("evidence_opened", uetr=uetr, operator=operator)
        shown: dict[str, object] = {
            "uetr": uetr,
            "unreadable": None,
            "proposals": [],
            "sent": [],
            "messages": [],
            "after": None,
        }
        try:
            key = await self._records.opened_key(uetr)
        except Erased as erased:
            since = None if erased.at is None else instant(erased.at)
            shown |= {"unreadable": {"cause": erased.cause, "at": since}}
            return {**shown, "proposals": await self._proposals(payment, None)}
        except VaultError:
            shown |= {"unreadable": {"cause": DAMAGED, "at": None}}
            return {**shown, "proposals": await self._proposals(payment, None)}
        if key is None:
            return shown
        messages, more = await self._messages(payment, key, after)
        shown |= {"messages": messages, "after": more}
        if not after:
            shown |= {"proposals": await self._proposals(payment, key)}
            shown |= {"sent": await self._sent(uetr, key)}
        return shown

    async def _messages(
        self, payment: Payment, key: DataKey, after: int
    ) -> tuple[list[dict[str, object]], str | None]:
        """What counterparties said, the oldest first; what paid an order stands before them.

        A network may repeat a credential of ours, so each is shown as its two ends' adapters mask.
        """
        page: list[dict[str, object]] = []
        size = 0
        if not after:
            paid = await self._records.kept(key, PAID, 0)
            page += [] if paid is None else [_message(PAID, *paid)]
        while (kept := await self._records.kept(key, EVIDENCE, after)) is not None:
            if len(page) >= MESSAGES_MAX or size > BYTES_MAX:
                return page, str(after)
            after, plain = kept
            size += len(plain or b"")
            page.append(_message(EVIDENCE, after, self._said(payment, plain)))
        return page, None

    async def _proposals(self, payment: Payment, key: DataKey | None) -> list[dict[str, object]]:
        """What operators proposed for each version until now; the last of this one stands."""
        shown: list[dict[str, object]] = []
        for version in range(1, payment.version + 1):
            for each in await self._records.proposals.all_of(payment.uetr, version, key):
                line = {"id": each.digest, "version": version, "place": each.place}
                shown.append({**line, "said": None if each.said is None else dict(each.said)})
        return shown

    async def _sent(self, uetr: str, key: DataKey) -> list[dict[str, object]]:
        """What was asked of networks, of each operation the last; headers hold no evidence.

        Nor is a credential any: a body is shown as its adapter masks it, and of a network that is
        configured no longer, which nobody could mask, not at all.
        """
        shown: list[dict[str, object]] = []
        for operation in Operation:
            stored = await self._read.last_exchange(uetr, operation)
            if stored is None:
                continue
            try:
                body = self._masked(stored.network, self._records.exchange(stored, key).body)
            except VaultError:
                body = None
            line = {
                "at": instant(made_at(stored.record_id)),
                "operation": operation.value,
                "network": stored.network,
                "reference": stored.reference,
                "path": stored.path,
            }
            shown.append({**line, "text": _text(body)})
        return shown

    def _said(self, payment: Payment, plain: bytes | None) -> bytes | None:
        for name in (payment.network, payment.origin):
            if plain is not None and name in self._adapters:
                plain = self._masked(name, plain)
        return plain

    def _masked(self, network: str, body: bytes) -> bytes | None:
        adapter = self._adapters.get(network)
        if adapter is None:
            return None
        return adapter.masked(body) if isinstance(adapter, BodyMasker) else body


def _message(kind: str, number: int, plain: bytes | None) -> dict[str, object]:
    return {"at": instant(made_at(number)), "kind": kind, "text": _text(plain)}


def _text(plain: bytes | None) -> str | None:
    """A message as text; bytes that are none are written out, so that nothing is lost."""
    return None if plain is None else plain.decode("utf-8", "backslashreplace")
