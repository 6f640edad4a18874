"""Final and interim answers to the origin of a payment, from the payment as committed.

A final answer is rendered once, stored in the commit that makes it final, and repeated byte for
byte; an interim one is made when asked for. What a member sees is amounts, status, reason and the
UETR: no name, no internal state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import orjson

from switch import lifecycle
from switch.commands import Answer
from switch.model import Channel, State, Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fx.money import Money
    from switch.model import Particulars, Payment
    from switch.port import InboundAdapter, Planning
    from switch.reasons import Reason

JSON = "application/json"
PROBLEM = "application/problem+json"
HTTP_OF_STATUS = (
    *((Status.ACCC, 200), (Status.RJCT, 200), (Status.PDNG, 202), (Status.RCVD, 202)),
    *((Status.ACSP, 202), (Status.ACWP, 202)),
)


class MemberMessages(Protocol):
    """Renders a member's ISO 20022 answer."""

    def render_status(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Answer:
        """The pacs.002 that answers a member's pacs.008."""


def instant(at: datetime) -> str:
    """An aware time as RFC 3339 in UTC with milliseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def amount(money: Money) -> dict[str, str]:
    """An amount as members read and write it: text of major units, and the currency."""
    return {"currency": money.currency.code, "value": money.short()}


def problem(status: int, title: str, reason: Reason | None, **more: object) -> Answer:
    """An RFC 9457 problem detail with the reason's code and sentence; nothing is echoed."""
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status}
    if reason is not None:
        body["reason"] = reason.iso
        body["detail"] = reason.sentence
    body.update(more)
    return Answer(status, PROBLEM, orjson.dumps(body))


def fund_view(payment: Payment) -> dict[str, object] | None:
    """What the payer's bank must push, where a payment waits for it: how much, to whom, in time."""
    if payment.state is not State.AWAITING_FUNDS or payment.next_at is None:
        return None
    return {
        "participant": payment.institutions.sponsor,
        "amount": amount(payment.terms.debit),
        "note": f"uetr:{payment.uetr}",
        "until": instant(payment.next_at),
    }


def payment_view(payment: Payment) -> dict[str, object]:
    """A payment as its member sees it."""
    status = lifecycle.status(payment)
    awaited = fund_view(payment)
    return {
        "uetr": payment.uetr,
        "status": status.value,
        "reason": None if payment.reason is None else payment.reason.iso,
        "reason_text": None if payment.reason is None else payment.reason.sentence,
        "direction": payment.direction.value,
        "corridor": payment.corridor,
        "debit": amount(payment.terms.debit),
        "fee": amount(payment.terms.fee),
        "credit": amount(payment.terms.destination),
        "rate": str(payment.terms.rate),
        "quote_id": payment.terms.quote_id,
        "accepted_at": instant(payment.accepted_at),
        "updated_at": instant(payment.updated_at),
        "final": lifecycle.is_final(payment),
        "disputed": payment.disputed,
        **({} if awaited is None else {"fund": awaited}),
    }


def json_answer(payment: Payment) -> Answer:
    """The JSON answer of a payment; a refusal by our own check is a 422 problem."""
    status = lifecycle.status(payment)
    view = payment_view(payment)
    if payment.version == 1 and payment.reason is not None:
        return problem(422, "The payment is refused.", payment.reason, payment=view)
    return Answer(dict(HTTP_OF_STATUS)[status], JSON, orjson.dumps(view))


def is_in_dialect(payment: Payment, stored: Answer) -> bool:
    """Whether a stored answer is what a payment's origin is given: all but JSON are sealed."""
    return payment.channel is Channel.JSON or stored.sealed


class Answers:
    """Renders for every channel."""

    def __init__(self, members: MemberMessages, networks: Mapping[str, InboundAdapter]) -> None:
        self._members = members
        self._networks = networks

    def render(self, payment: Payment, particulars: Particulars, planning: Planning) -> Answer:
        """The answer to the payment's origin in its own dialect, as the payment stands."""
        if payment.channel is Channel.JSON:
            return json_answer(payment)
        if payment.channel is Channel.ISO20022:
            return self._members.render_status(payment, particulars, planning)
        adapter = self._networks[payment.origin]
        rendered = adapter.render_status(payment, particulars, lifecycle.status(payment), planning)
        return Answer(rendered.status, rendered.content_type, rendered.body)
