"""What an answer repeats of the message it answers, also when that message is broken.

A status report names the instruction it is about. From a sound message these are its fields; from
one that breaks a schema or rule only shapes that we would accept are taken, so nothing of a hostile
message is echoed. The surprise: an identification that stands twice is no identification.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from fx.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element

ISO: Final = "urn:iso:std:iso:20022:tech:xsd:"

_UETR: Final = re.compile(
    r"\A[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}\Z"
)
_IDENTIFICATION: Final = re.compile(r"\A[A-Za-z0-9+?().,:'\-](?:[ -~]{0,33}[!-.0-~])?\Z")
_PAYMENT_IDS: Final = (
    ("message_id", "GrpHdr/MsgId"),
    ("instruction_id", "CdtTrfTxInf/PmtId/InstrId"),
    ("end_to_end_id", "CdtTrfTxInf/PmtId/EndToEndId"),
    ("transaction_id", "CdtTrfTxInf/PmtId/TxId"),
    ("uetr", "CdtTrfTxInf/PmtId/UETR"),
)


def originals_of(values: Mapping[str, object], name: str) -> dict[str, str]:
    """The ``original_…`` fields of a pacs.002 about a pacs.008 of these values; absent ones not."""
    found = {
        f"original_{field}": value
        for field, _ in _PAYMENT_IDS
        if isinstance(value := values.get(field), str) and value
    }
    return {**found, "original_message_name": name}


def readable_ids(tree: _Element, name: str) -> dict[str, str]:
    """The identifications of a broken pacs.008 in an envelope, by field; only usable shapes."""
    space = f"{{{ISO}{name}}}"
    body = f"{space}Document/{space}FIToFICstmrCdtTrf/"
    values: dict[str, str] = {}
    for field, path in _PAYMENT_IDS:
        found = tree.findall(body + "/".join(space + tag for tag in path.split("/")))
        value = found[0].text if len(found) == 1 else None
        if value is not None and _usable(value, _UETR if field == "uetr" else _IDENTIFICATION):
            values[field] = value
    return values


def business_id(tree: _Element, header_name: str) -> str:
    """``BizMsgIdr`` for a rejection to refer to; empty when it has no usable shape."""
    space = f"{{{ISO}{header_name}}}"
    value = tree.findtext(f"{space}AppHdr/{space}BizMsgIdr")
    return value if value is not None and _usable(value, _IDENTIFICATION) else ""


def as_text(value: object) -> str:
    """One field as the text by which a true repeat is told from another instruction."""
    if isinstance(value, Money):
        return f"{value} {value.currency.code}"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return "\n".join(map(str, value))
    return str(value)


def _usable(value: str, shape: re.Pattern[str]) -> bool:
    return shape.match(value) is not None and "//" not in value
