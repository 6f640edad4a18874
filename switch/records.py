"""What of a payment is sealed, and how it is opened again: the one place that knows the records.

A payment is sealed once, with the exact message that opens its hop, because the message repeats
most of the names; then come enquiries, evidence, and an answer that names the payer's own
references. Opening says :class:`~switch.store.vault.Erased` where the data key was destroyed. The
surprise: records of earlier versions stand under other kinds, and are found there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import orjson

from fx.money import Money, currency
from switch.commands import Binding, PlannedExchange, Sealed
from switch.model import Channel, changed, from_micros, to_micros
from switch.port import Exchange, Operation
from switch.proposed import Proposals
from switch.refusals import Busy
from switch.runtime.entropy import uuid_of
from switch.store.rows import particulars_bytes, particulars_of
from switch.store.vault import Erased, VaultError, is_gone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.commands import Answer
    from switch.model import Particulars, Payment
    from switch.runtime.entropy import Ids
    from switch.store.contract import Reads, StoredExchange
    from switch.store.vault import DataKey, Vault

OPENING: Final = "opening"
HOP: Final = "hop"
ENQUIRY: Final = "enquiry"
EVIDENCE: Final = "evidence"
PAID: Final = "paid"
PAID_AS: Final = "paid_as"
"""Under which name it holds what the network calls the debit."""

AMOUNT_PAID: Final = "amount_paid"
"""Under which name the record of a paid order holds the amount."""

ANSWER: Final = "answer"

EARLIER_PARTICULARS: Final = "particulars"
EARLIER_EXCHANGE: Final = "exchange"
"""Kinds of records from when particulars and exchanges were sealed apart."""

ANSWER_RECORD: Final = 0
"""A payment has one stored answer, which stands in no numbered record."""


@dataclass(frozen=True, slots=True)
class Open:
    """A payment being worked on: its open data key and who is involved."""

    key: DataKey
    particulars: Particulars = field(repr=False)


class Records:
    """Seals and opens the records of payments."""

    def __init__(self, read: Reads, vault: Vault, ids: Ids) -> None:
        self._read = read
        self._vault = vault
        self._ids = ids
        self.proposals = Proposals(self, read, vault, ids)

    def new_key(self, uetr: str) -> tuple[DataKey, bytes]:
        """A payment's data key, open and wrapped."""
        return self._vault.new_key(uetr)

    def binding(self, key: DataKey, scope: str, name: str, content: Mapping[str, str]) -> Binding:
        """What the idempotency key ``name`` is bound to: the payment of the data key."""
        committed = self._vault.commitments(key, scope, content)
        return Binding(scope, self._vault.lookup(scope, name), committed, key.uetr)

    def name_of(self, scope: str, name: str) -> str:
        """What stands for an idempotency key in the store: it names nobody."""
        return self._vault.lookup(scope, name)

    def uetr(self, scope: str, name: str, token: str) -> str:
        """The UETR of the payment of a quote token under an idempotency key: always the same.

        It looks random, and a repeat finds the network's record of a payment that we have lost.
        """
        return uuid_of(bytes.fromhex(self._vault.lookup(f"{scope}/uetr", f"{name} {token}"))[:16])

    async def bound(self, scope: str, name: str) -> Binding | None:
        """What an idempotency key is bound to already."""
        return await self._read.binding(scope, self._vault.lookup(scope, name))

    async def difference(self, held: Binding, content: Mapping[str, str]) -> str | None:
        """The first field in which a request differs from what its key is bound to.

        What was erased cannot be compared any more: then the key alone decides, so that nothing is
        ever paid twice. Raises :class:`~switch.refusals.Busy` while the wrapping key is not there.
        """
        try:
            key = await self.opened_key(held.uetr)
        except Erased as erased:
            if not is_gone(erased):
                raise Busy from None
            key = None
        except VaultError:
            key = None
        return self._vault.difference(held, key, content)

    def opening(
        self, exchange: Exchange, particulars: Particulars, key: DataKey
    ) -> PlannedExchange:
        """The row of a payment's first exchange; its record holds the particulars too."""
        plain = b"\n".join((particulars_bytes(particulars), _exchange_bytes(exchange)))
        return self._planned(exchange, OPENING, plain, key)

    def held(self, particulars: Particulars, key: DataKey) -> Sealed:
        """The particulars of a payment of which nothing is sent yet."""
        return self._sealed(OPENING, particulars_bytes(particulars) + b"\n", key)

    async def kept(self, key: DataKey, kind: str, after: int) -> tuple[int, bytes | None] | None:
        """The first message of a kind behind a record number: its number, and what it says.

        None instead of its bytes where it does not open; None where there is no more.
        """
        record = await self._read.sealed(key.uetr, kind, after)
        if record is None:
            return None
        number, blob = record
        return number, self._plain(key, number, kind, blob)

    def _plain(self, key: DataKey, number: int, kind: str, blob: bytes) -> bytes | None:
        try:
            return self._vault.unseal(key, number, kind, blob)
        except VaultError:
            return None

    def paid(self, extra: Mapping[str, str], amount: str, key: DataKey, named: str = "") -> Sealed:
        """What a network said when it paid an order; :meth:`open` adds it to the particulars.

        ``named`` is the network's own name of that debit.
        """
        said = {**extra, AMOUNT_PAID: amount, PAID_AS: named}
        return self._sealed(PAID, orjson.dumps(said), key)

    async def amount_paid(self, payment: Payment) -> str | None:
        """What an order was paid with; None where it was not paid, or nobody can read it ever.

        Raises :class:`~switch.refusals.Busy` while its wrapping key is not there, which may come
        back: a debit that cannot be compared would be taken for the one before.
        """
        return (await self._readable(payment)).get(AMOUNT_PAID)

    async def paid_as(self, payment: Payment) -> str:
        """The network's name of the debit that paid an order; empty where that is not known.

        Raises as :meth:`amount_paid` does.
        """
        return (await self._readable(payment)).get(PAID_AS, "")

    async def _readable(self, payment: Payment) -> dict[str, str]:
        try:
            key = await self.opened_key(payment.uetr)
            return {} if key is None else await self._paid(key)
        except Erased as erased:
            if not is_gone(erased):
                raise Busy from None
            return {}
        except VaultError:
            return {}

    async def money_paid(self, payment: Payment) -> Money | None:
        """The same as an amount."""
        minor, _, code = (await self.amount_paid(payment) or "").partition(" ")
        return Money(int(minor), currency(code)) if code else None

    async def _paid(self, key: DataKey) -> dict[str, str]:
        record = await self._read.sealed(key.uetr, PAID)
        if record is None:
            return {}
        said: dict[str, str] = orjson.loads(self._vault.unseal(key, record[0], PAID, record[1]))
        return said

    def enquiry(self, exchange: Exchange, key: DataKey) -> PlannedExchange:
        """The row of what follows an opening (an enquiry, a later hop), headers and body sealed."""
        return self._planned(exchange, ENQUIRY, _exchange_bytes(exchange), key)

    def hop(self, exchange: Exchange, accepted_at: datetime, key: DataKey) -> PlannedExchange:
        """The row of a hop that states another acceptance than its payment: sealed with that."""
        accepted = str(to_micros(accepted_at)).encode()
        plain = b"\n".join((accepted, _exchange_bytes(exchange)))
        return self._planned(exchange, HOP, plain, key)

    async def as_stated(self, payment: Payment, key: DataKey) -> Payment:
        """The payment as its network was told of it: accepted when what was sent says.

        Where that can no longer be read, what the payment says is all there is.
        """
        sent = await self._read.last_exchange(payment.uetr, Operation.PAY)
        try:
            kind, plain = ("", b"") if sent is None else self._unsealed(sent, key)
        except VaultError:
            return payment
        if kind != HOP:
            return payment
        return changed(payment, accepted_at=from_micros(int(plain.partition(b"\n")[0])))

    def evidence(self, key: DataKey, message: bytes) -> Sealed | None:
        """A counterparty's message as a record; None where there is none."""
        return self._sealed(EVIDENCE, message, key) if message else None

    def answer(self, payment: Payment, answer: Answer, key: DataKey) -> Answer:
        """An answer as it is stored: as it is where it holds nothing personal, else sealed."""
        if payment.channel is Channel.JSON:
            return answer
        body = self._vault.seal(key, ANSWER_RECORD, ANSWER, answer.body)
        return replace(answer, body=body, sealed=True)

    async def answered(self, uetr: str, stored: Answer) -> Answer:
        """A stored answer as it was given. Raises :class:`~switch.store.vault.VaultError`."""
        if not stored.sealed:
            return stored
        wrapped = await self._read.wrapped_key(uetr)
        assert wrapped is not None, "what is sealed was sealed under a key"
        key = self._vault.open_key(uetr, wrapped)
        body = self._vault.unseal(key, ANSWER_RECORD, ANSWER, stored.body)
        return replace(stored, body=body, sealed=False)

    async def opened_key(self, uetr: str) -> DataKey | None:
        """A payment's data key; None where nothing was sealed of it.

        Raises :class:`~switch.store.vault.VaultError`, and of it ``Erased``.
        """
        wrapped = await self._read.wrapped_key(uetr)
        return None if wrapped is None else self._vault.open_key(uetr, wrapped)

    async def key(self, uetr: str) -> DataKey | None:
        """A payment's data key; None where it was erased, or never was, or does not open."""
        try:
            return await self.opened_key(uetr)
        except VaultError:
            return None

    async def open(self, uetr: str) -> Open | None:
        """Open a payment from its rows; None where it was refused before anything was sealed.

        Raises :class:`~switch.store.vault.VaultError`, and of it ``Erased``.
        """
        key = await self.opened_key(uetr)
        if key is None:
            return None
        for kind in (OPENING, EARLIER_PARTICULARS):
            record = await self._read.sealed(uetr, kind)
            if record is not None:
                plain = self._vault.unseal(key, record[0], kind, record[1])
                particulars, _, exchange = plain.partition(b"\n")
                held = particulars_of(particulars)
                return Open(key, held if exchange else await self._as_paid(held, key))
        return None

    async def _as_paid(self, held: Particulars, key: DataKey) -> Particulars:
        """Particulars of an order with what the network said when it paid it."""
        said = await self._paid(key)
        for own in (AMOUNT_PAID, PAID_AS):
            said.pop(own, None)
        return replace(held, extra={**held.extra, **said}) if said else held

    async def has_reference(self, payment: Payment, reference: str) -> bool:
        """True when the origin's own identification of a payment is this one, or none is given."""
        try:
            opened = await self.open(payment.uetr) if reference else None
        except VaultError:
            opened = None
        if opened is None:
            # Of a payment that was refused, erased or damaged its UETR is all there is to go by.
            return True
        return opened.particulars.extra.get("original_transaction_id", reference) == reference

    def exchange(self, stored: StoredExchange, key: DataKey) -> Exchange:
        """A committed exchange with its headers and body, exactly as it was planned."""
        kind, plain = self._unsealed(stored, key)
        if kind in (OPENING, HOP):
            plain = plain.partition(b"\n")[2]
        headers, _, body = plain.partition(b"\n")
        return Exchange(
            exchange_id=stored.exchange_id,
            uetr=stored.uetr,
            network=stored.network,
            operation=stored.operation,
            reference=stored.reference,
            method=stored.method,
            path=stored.path,
            headers=tuple((name, value) for name, value in orjson.loads(headers)),
            body=body,
            send_by=stored.send_by,
            answer_within_ms=stored.answer_within_ms,
        )

    def _unsealed(self, stored: StoredExchange, key: DataKey) -> tuple[str, bytes]:
        """The kind of an exchange's record, which its row does not say, and what was sealed."""
        kinds = [ENQUIRY, EARLIER_EXCHANGE]
        if stored.operation in (Operation.PAY, Operation.REFUND, Operation.RECALL):
            kinds = [OPENING, HOP, *kinds]
        for kind in kinds[:-1]:
            try:
                return kind, self._vault.unseal(key, stored.record_id, kind, stored.blob)
            except VaultError:
                continue
        return kinds[-1], self._vault.unseal(key, stored.record_id, kinds[-1], stored.blob)

    def _planned(
        self, exchange: Exchange, kind: str, plain: bytes, key: DataKey
    ) -> PlannedExchange:
        return PlannedExchange(
            exchange_id=exchange.exchange_id,
            uetr=exchange.uetr,
            network=exchange.network,
            operation=exchange.operation,
            reference=exchange.reference,
            method=exchange.method,
            path=exchange.path,
            send_by=exchange.send_by,
            answer_within_ms=exchange.answer_within_ms,
            sealed=self._sealed(kind, plain, key),
        )

    def _sealed(self, kind: str, plain: bytes, key: DataKey) -> Sealed:
        record_id = self._ids.ordered()
        blob = self._vault.seal(key, record_id, kind, plain)
        return Sealed(record_id, key.uetr, kind, blob)


def _exchange_bytes(exchange: Exchange) -> bytes:
    return orjson.dumps(exchange.headers) + b"\n" + exchange.body
