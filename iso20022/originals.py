"""What an answer repeats of the message it answers, also when that message is broken.

A status report names the instruction it is about. From a sound message these are its fields; from
one that breaks a schema or rule only shapes that we would accept are taken, so nothing of a hostile
message is echoed. The surprise: an identification that stands twice is no identification.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from lxml import etree

from fx.money import Money
from iso20022 import elements as e
from iso20022.identifiers import is_uetr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element

_IDENTIFICATION: Final = re.compile(r"\A[A-Za-z0-9+?().,:'\-](?:[ -~]{0,33}[!-.0-~])?\Z")
_OF_PAYMENT: Final = (e.CREDIT_TRANSFER_TRANSACTION_INFORMATION, e.PAYMENT_IDENTIFICATION)
_PAYMENT_IDS: Final = (
    ("message_id", (e.GROUP_HEADER, e.MESSAGE_IDENTIFICATION)),
    ("instruction_id", (*_OF_PAYMENT, e.INSTRUCTION_IDENTIFICATION)),
    ("end_to_end_id", (*_OF_PAYMENT, e.END_TO_END_IDENTIFICATION)),
    ("transaction_id", (*_OF_PAYMENT, e.TRANSACTION_IDENTIFICATION)),
    ("uetr", (*_OF_PAYMENT, e.UETR)),
)
_BODIES: Final = (e.FI_TO_FI_CUSTOMER_CREDIT_TRANSFER, e.FI_CREDIT_TRANSFER)


def originals_of(values: Mapping[str, object], name: str) -> dict[str, str]:
    """The ``original_…`` fields of a pacs.002 about a pacs.008 of these values; absent ones not."""
    found = {
        f"original_{field}": value
        for field, _ in _PAYMENT_IDS
        if isinstance(value := values.get(field), str) and value
    }
    return {**found, "original_message_name": name}


def ids_of_payment(document: _Element) -> dict[str, str]:
    """The identifications of a pacs.008 or pacs.009, sound or not; only usable shapes."""
    space = f"{{{etree.QName(document).namespace}}}"
    values: dict[str, str] = {}
    for field, steps in _PAYMENT_IDS:
        path = "/".join(space + tag for tag in steps)
        found = [text for body in _BODIES for text in document.findall(f"{space}{body}/{path}")]
        value = found[0].text if len(found) == 1 else None
        if value is not None and (is_uetr(value) if field == "uetr" else _usable(value)):
            values[field] = value
    return values


def id_of_header(header: _Element) -> str:
    """``BizMsgIdr`` of a business header; empty when it has no usable shape or stands twice."""
    space = f"{{{etree.QName(header).namespace}}}"
    found = header.findall(f"{space}{e.BUSINESS_MESSAGE_IDENTIFIER}")
    value = found[0].text if len(found) == 1 else None
    return value if value is not None and _usable(value) else ""


def as_text(value: object) -> str:
    """One field as the text by which a true repeat is told from another instruction."""
    if isinstance(value, Money):
        return f"{value} {value.currency.code}"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return "\n".join(map(str, value))
    return str(value)


def _usable(value: str) -> bool:
    return _IDENTIFICATION.match(value) is not None and "//" not in value
