"""Transactions as Bakong lists them: what came in, and what became of what we sent. Pure.

A transaction whose own message cannot be read is left out. A reversal is known by the root element
of its message. The surprise: which cross-border payment a transfer belongs to stands in a note of
it, in the words that we use too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from adapters.bakong import soap
from fx.money import Money, MoneyError
from iso20022 import elements as e

if TYPE_CHECKING:
    from lxml.etree import _Element

_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BIC_LENGTH_SHORT: Final = 8
_PAIN_NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain."
_REVERSED: Final = e.ORIGINAL_PAYMENT_INFORMATION_AND_REVERSAL
_REVERSED_ID: Final = e.ORIGINAL_PAYMENT_INFORMATION_IDENTIFICATION
_REVERSED_AMOUNT: Final = f"{e.TRANSACTION_INFORMATION}/{e.REVERSED_INSTRUCTED_AMOUNT}"
_PAID_AMOUNT: Final = (
    f"{e.CREDIT_TRANSFER_TRANSACTION_INFORMATION}/{e.AMOUNT}/{e.INSTRUCTED_AMOUNT}"
)

_NOTE: Final = (
    f"{e.CREDIT_TRANSFER_TRANSACTION_INFORMATION}/{e.REMITTANCE_INFORMATION}/{e.UNSTRUCTURED}"
)
_UETR: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII
)
NOTED: Final = "uetr:"
"""Begins the note of a transfer that names the cross-border payment it belongs to."""


def long_bic(bic: str) -> str:
    """The 11-character form; the backbone's own messages use both."""
    return f"{bic}XXX" if len(bic) == _BIC_LENGTH_SHORT else bic


@dataclass(frozen=True, slots=True)
class Transaction:
    """One item of getOutgoingTransaction or getIncomingTransaction (shape assumed)."""

    ledger_hash: str
    status: str
    reason: str
    payer: str
    payee: str
    ext_ref: str = field(repr=False)
    amount: Money
    reversal: bool
    message_id: str = field(repr=False)
    message_name: str
    created_at: str
    payment_information_id: str = field(repr=False)
    uetr: str = ""
    reverses: str = field(default="", repr=False)


def read_transaction(item: _Element) -> Transaction | None:
    """Read one item, or None when it cannot be trusted.

    A reversal is known by the root element of its message, ``CstmrPmtRvsl``, never by a keyword.
    """
    try:
        document = soap.parse(soap.text(item, "content_message").encode())
    except soap.SoapError:
        return None
    namespace, _, root = str(document.tag)[1:].partition("}")
    if root != e.DOCUMENT or not namespace.startswith(_PAIN_NAMESPACE) or len(document) != 1:
        return None
    body = document[0]
    reversal = body.tag == f"{{{namespace}}}{e.CUSTOMER_PAYMENT_REVERSAL}"
    if not reversal and body.tag != f"{{{namespace}}}{e.CUSTOMER_CREDIT_TRANSFER_INITIATION}":
        return None
    group = _REVERSED if reversal else e.PAYMENT_INFORMATION
    amounts = _all(body, _REVERSED_AMOUNT if reversal else _PAID_AMOUNT, group)
    ledger_hash = soap.text(item, "hash").lower()
    if len(amounts) != 1 or _HASH.fullmatch(ledger_hash) is None:
        return None
    try:
        amount = Money.parse(
            (amounts[0].text or "").strip(), amounts[0].get(e.CURRENCY, "")
        ).positive()
    except MoneyError:
        return None
    identification = _REVERSED_ID if reversal else e.PAYMENT_INFORMATION_IDENTIFICATION
    return Transaction(
        ledger_hash=ledger_hash,
        status="_".join(soap.text(item, "status").upper().split()),
        reason=soap.text(item, "reason"),
        payer=long_bic(soap.text(item, "payer_participant_code")),
        payee=long_bic(soap.text(item, "payee_participant_code")),
        ext_ref=soap.text(item, "ext_ref"),
        amount=amount,
        reversal=reversal,
        message_id=_first(body, e.MESSAGE_IDENTIFICATION, e.GROUP_HEADER),
        message_name=namespace.rpartition(":")[2],
        created_at=_first(body, e.CREATION_DATE_TIME, e.GROUP_HEADER),
        payment_information_id=_first(body, identification, group),
        uetr="" if reversal else _named(body, group),
        reverses=_original(body) if reversal else "",
    )


def _named(body: _Element, group: str) -> str:
    """The UETR in a note of a transfer, written as we write it ourselves; empty without just one.

    A note that names no payment says nothing, and notes that name two name none.
    """
    notes = [(note.text or "").strip() for note in _all(body, _NOTE, group)]
    found = {note[len(NOTED) :] for note in notes if note.startswith(NOTED)}
    named = found.pop() if len(found) == 1 else ""
    return named if _UETR.fullmatch(named) else ""


def _original(body: _Element) -> str:
    """The message that a reversal gives back: our reference of the transfer in it."""
    return _first(body, e.ORIGINAL_MESSAGE_IDENTIFICATION, e.ORIGINAL_GROUP_INFORMATION)


def _all(body: _Element, path: str, group: str) -> list[_Element]:
    namespace = str(body.tag).partition("}")[0] + "}"
    return body.findall("/".join(f"{namespace}{step}" for step in (group, *path.split("/"))))


def _first(body: _Element, name: str, group: str) -> str:
    found = _all(body, name, group)
    return (found[0].text or "").strip() if found else ""
