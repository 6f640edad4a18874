"""Lines of a T+1 report as the switch holds them against its payments. Pure.

What the report calls the request is our own reference of a payment abroad and of a refund, and the
key of an order here, from which its UETR follows; which of them it is, only the payment tells. The
surprise: a report does not say who owes whom, so a line that nobody knows is listed, not booked.
"""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Final

import orjson

from adapters.alipayplus.settlement import Kind
from switch.inbound_port import derived_uetr
from switch.settlement_port import FileLine, LineKind, SettlementFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.alipayplus.settlement import Line
    from switch.model import Direction

NETWORK: Final = "alipayplus"
CLEARING: Final = timezone(timedelta(hours=8))
"""A clearing cycle is a day of this zone."""


def filed(lines: Sequence[Line], direction: Direction) -> SettlementFile:
    """The lines of a report, and its day where all of them are of one.

    There is a report for each role: as acquirer we take payments in, as wallet we pay them out.
    """
    days = {line.at.astimezone(CLEARING).date() for line in lines}
    period = None
    if len(days) == 1:
        moment = lines[0].at.astimezone(CLEARING)
        start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        period = (start, start + timedelta(days=1))
    return SettlementFile(tuple(_line(line) for line in lines), period, direction=direction)


def _line(line: Line) -> FileLine:
    said = {
        "kind": line.kind,
        "transactionId": line.network_id,
        "transactionRequestId": line.request,
        "transactionTime": line.at.isoformat(),
        "transactionAmount": f"{line.amount} {line.amount.currency.code}",
        "settlementAmount": f"{line.settlement} {line.settlement.currency.code}",
    }
    refund = line.kind is Kind.REFUND
    return FileLine(
        kind=LineKind.BACK if refund else LineKind.PAYMENT,
        reference=line.request,
        uetr="" if refund else derived_uetr(NETWORK, line.request),
        network_reference=line.network_id,
        amounts=(line.settlement, line.amount),
        owed_to_us=None,
        returned=line.request if refund else "",
        states_uetr=False,
        text=orjson.dumps(said).decode(),
    )
