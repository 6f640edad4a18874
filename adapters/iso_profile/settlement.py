"""The network's statement of a day: camt.053 (or camt.054) to lines of a settlement file. Pure.

Each entry's transactions name their payment by UETR and TxId, and an entry without any names itself
(assumed, until a network says otherwise). What is booked is listed, what is pending is not money
yet. The surprise: a debit is what we owe, because the account is ours at the network.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import orjson

from fx.money import Money, MoneyError
from switch.settlement_port import FileLine, FileRefused, LineKind, SettlementFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iso20022 import Message

STATEMENT: Final = "camt.053.001.08"
NOTIFICATION: Final = "camt.054.001.08"
BOOKED: Final = "BOOK"
OWED_TO_US: Final = "CRDT"
RETURNED: Final = "RRTN"
"""Sub-family of a payment return: its TxId is the RtrId of the pacs.004 (A)."""
RETURN_FAMILY: Final = (RETURNED, "RDDT", "RCDT")
"""Sub-families of what is given back (A)."""


def read_statement(message: Message, account: str, currency: str) -> SettlementFile:
    """The lines of a verified statement of our account there. Raises :class:`FileRefused`.

    It covers its period whole where it is a camt.053 of one page. What another account of ours
    there has (collateral, fees) is no payment, and would all be claimed.
    """
    values = message.values
    if values.get("account", values.get("account_iban")) != account:
        raise FileRefused("Acct: is not the account that is configured")
    if values.get("account_currency", currency) != currency:
        raise FileRefused("Acct/Ccy: is not the currency of this network")
    lines: list[FileLine] = []
    report = str(values.get("report_id", ""))
    for place, entry in enumerate(_listed(values.get("entries")), start=1):
        if entry.get("status") != BOOKED:
            continue
        details = _listed(entry.get("transactions")) or [{}]
        alone = len(details) == 1
        lines += [
            _line((report, place, number), entry, detail, alone=alone)
            for number, detail in enumerate(details, start=1)
        ]
        own = lines[-len(details) :]
        if any(line.amounts[0].currency.code != currency for line in own):
            raise FileRefused(f"entry {place}: Amt: is not in the currency of the account")
        if _moved(own, entry) > _minor(entry):
            raise FileRefused(f"entry {place}: Amt: is less than its transactions")
    whole = message.name == STATEMENT and values.get("page_number") == "1"
    start, end = values.get("from_at"), values.get("to_at")
    if not whole or values.get("page_last") is not True:
        return SettlementFile(tuple(lines), signed=True)
    if not isinstance(start, datetime) or not isinstance(end, datetime) or start >= end:
        # The standard leaves the period out where it likes: what is in the file still counts.
        return SettlementFile(tuple(lines), signed=True)
    return SettlementFile(tuple(lines), (start, end), signed=True)


def _minor(entry: Mapping[str, object]) -> int:
    amount = entry["amount"]
    assert isinstance(amount, Money), "the schema has every entry's amount"
    return amount.minor


def _moved(lines: list[FileLine], entry: Mapping[str, object]) -> int:
    """What transactions come to in the direction of their entry."""
    to_us = entry["direction"] == OWED_TO_US
    return sum(
        line.amounts[0].minor if line.owed_to_us is to_us else -line.amounts[0].minor
        for line in lines
    )


def _listed(found: object) -> list[Mapping[str, object]]:
    return list(found) if isinstance(found, (tuple, list)) else []


def _line(
    where: tuple[str, int, int],
    entry: Mapping[str, object],
    detail: Mapping[str, object],
    *,
    alone: bool,
) -> FileLine:
    report, place, number = where
    owed = detail.get("amount") or (entry["amount"] if alone else None)
    if not isinstance(owed, Money):
        raise FileRefused(f"entry {place}: Amt: a transaction of several has its own amount")
    reference = str(detail.get("transaction_id", ""))
    uetr = str(detail.get("uetr", ""))
    own = str(detail.get("servicer_reference") or "")
    only_in = ""
    if not own:
        own = str(entry.get("servicer_reference") or "")
        # An entry's is shared by its transactions.
        only_in = "" if alone or reference or uetr or not own else str(number)
    if not (own or reference or uetr):
        # An entry's number is one of this report alone, and so names it only where nothing else is.
        own, only_in = str(entry.get("entry_reference") or ""), f"{report}/{place}/{number}"
    if not (own or reference or uetr):
        raise FileRefused(f"entry {place}: names nothing")
    direction = detail.get("direction") or entry["direction"]
    family = _family(entry, detail)
    back = entry.get("reversal") is True or family in RETURN_FAMILY
    try:
        owed = owed.positive()
    except MoneyError:
        raise FileRefused(f"entry {place}: Amt: is nothing") from None
    said = {
        "entry": place,
        "direction": str(direction),
        "amount": str(owed),
        "currency": owed.currency.code,
        "transaction_id": reference,
        "uetr": uetr,
        "servicer_reference": own,
    }
    return FileLine(
        kind=LineKind.BACK if back else LineKind.PAYMENT,
        reference=reference,
        uetr=uetr,
        network_reference=own or reference or uetr,
        amounts=(owed,),
        owed_to_us=direction == OWED_TO_US,
        text=orjson.dumps(said).decode(),
        only_in=only_in,
        returned=reference if family == RETURNED and uetr else "",
    )


def _family(entry: Mapping[str, object], detail: Mapping[str, object]) -> object:
    return detail.get("bank_code_subfamily") or entry.get("bank_code_subfamily")
