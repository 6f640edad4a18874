"""Records are opened as they were sealed, those of earlier versions too, and nothing else opens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from switch.commands import Sealed
from switch.model import Channel
from switch.port import Operation
from switch.store.rows import particulars_bytes
from switch.store.vault import VaultError

if TYPE_CHECKING:
    from switch.model import Payment
    from tests.shell.shell_rig import Shell

DATA_KEY = bytes(range(64, 96))
NONCE = bytes(12)


def as_before(shell: Shell, payment: Payment) -> tuple[bytes, bytes]:
    """Put a payment's records back into the form in which they once were; body and particulars."""
    tables, uetr = shell.engine.tables, payment.uetr
    instruction = shell.instruction("any")
    particulars, body = particulars_bytes(instruction.particulars), b"<body>\n</body>"
    cipher = AESGCM(DATA_KEY)

    def sealed(number: int, kind: str, plain: bytes) -> Sealed:
        bound = f"{uetr}/{number}/{kind}".encode()
        return Sealed(number, uetr, kind, NONCE + cipher.encrypt(NONCE, plain, bound))

    wrapping = AESGCM(shell.wrapping["vault"])
    tables.wrapped_keys[uetr] = NONCE + wrapping.encrypt(NONCE, DATA_KEY, uetr.encode())
    for number in [record.record_id for record in tables.sealed.values() if record.uetr == uetr]:
        del tables.sealed[number]
    tables.sealed[7] = sealed(7, "particulars", particulars)
    headers = orjson.dumps([["Content-Type", "application/xml"]])
    exchange = sealed(8, "exchange", headers + b"\n" + body)
    tables.sealed[8] = exchange
    for number, planned in list(tables.exchanges.items()):
        if planned.uetr == uetr:
            tables.exchanges[number] = replace(planned, sealed=exchange)
    return body, particulars


async def test_a_payment_opens_with_who_is_involved_and_the_exact_message(shell: Shell) -> None:
    instruction = shell.instruction()
    await shell.payments.open(instruction)
    opened = await shell.records.open(instruction.uetr)
    stored = shell.engine.last_exchange(instruction.uetr, Operation.PAY)
    assert opened is not None
    assert stored is not None
    exchange = shell.records.exchange(stored, opened.key)

    assert opened.particulars == instruction.particulars
    assert (exchange.path, exchange.exchange_id) == ("/pay", stored.exchange_id)
    assert [record.kind for record in shell.engine.tables.sealed.values()] == ["opening"]


async def test_records_of_an_earlier_version_are_opened(shell: Shell) -> None:
    payment = await shell.lost()
    body, particulars = as_before(shell, payment)
    opened = await shell.records.open(payment.uetr)
    stored = shell.engine.last_exchange(payment.uetr, Operation.PAY)
    assert opened is not None
    assert stored is not None
    exchange = shell.records.exchange(stored, opened.key)

    assert particulars_bytes(opened.particulars) == particulars
    assert exchange.body == body
    assert exchange.headers == (("Content-Type", "application/xml"),)


async def test_a_payment_of_an_earlier_version_is_ended_by_enquiry(shell: Shell) -> None:
    payment = await shell.lost()
    as_before(shell, payment)
    shell.clock.pass_s(10)
    await shell.sweep()

    assert shell.payment(payment.uetr).state.value == "accepted"
    assert shell.transport.enquiries("thailand") == 1


async def test_an_exchange_of_another_payment_does_not_open(shell: Shell) -> None:
    first, second = await shell.opened("key-1"), await shell.opened("key-2")
    opened = await shell.records.open(first.uetr)
    stored = shell.engine.last_exchange(second.uetr, Operation.PAY)
    assert opened is not None
    assert stored is not None
    with pytest.raises(VaultError):
        shell.records.exchange(stored, opened.key)


async def test_only_an_answer_that_names_nobody_is_kept_open(shell: Shell) -> None:
    payment = await shell.opened()
    opened = await shell.records.open(payment.uetr)
    answer = shell.engine.answer(payment.uetr)
    assert opened is not None
    assert answer is not None
    other = replace(payment, channel=Channel.ISO20022)
    sealed = shell.records.answer(other, answer, opened.key)

    assert payment.channel is Channel.JSON
    assert shell.records.answer(payment, answer, opened.key) is answer
    assert (sealed.sealed, sealed.body != answer.body) == (True, True)
    assert await shell.records.answered(payment.uetr, sealed) == answer
    assert await shell.records.answered(payment.uetr, answer) is answer


async def test_no_evidence_is_no_record(shell: Shell) -> None:
    key, _ = shell.records.new_key(shell.ids.uetr())

    assert shell.records.evidence(key, b"") is None
