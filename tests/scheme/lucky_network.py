"""Lucky, a network that prices its own merchants: its adapter, in a dialect of plain JSON.

It is what a country's own package would be: found by the entry point of its group, pure, knowing
of the switch nothing but the port. It keeps no keys and signs nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from fx.money import Money, Rate
from switch.model import Party
from switch.port import (
    Exchange,
    Merchant,
    Operation,
    Outcome,
    OutcomeKind,
    Planning,
    SchemeQuote,
    Unavailable,
    WireAnswer,
    reference_digits,
)
from switch.reasons import Reason
from tests.shell.toy_network import THAILAND

if TYPE_CHECKING:
    from switch.facts import Facts
    from switch.model import Particulars, Payment
    from switch.port import AdapterContext

OPERATIONS = (Operation.LOOKUP, Operation.QUOTE, Operation.PAY, Operation.ENQUIRE)
FACTS: Facts = replace(
    THAILAND,
    network="lucky",
    schemes=("unionpay",),
    operations=OPERATIONS,
    clearing_system="LKY",
    currency="CNY",
)


class LuckyAdapter:
    """The network as the switch sees it."""

    facts = FACTS

    def reference(self, planning: Planning) -> str:
        return reference_digits(planning.message_number, planning.slot)

    def plan_lookup(self, payload: str, amount: Money | None, planning: Planning) -> Exchange:
        return _exchange(Operation.LOOKUP, "", {"code": payload}, planning)

    def read_lookup(self, exchange: Exchange, answer: WireAnswer) -> Merchant | Unavailable:
        told = _json(answer)
        if told is None:
            return Unavailable(Reason.COUNTERPARTY_ERROR)
        fixed = told["fixed"]
        return Merchant(
            party=Party(told["name"], told["account"], "BKCHCNBJXXX", "Kunming", "CN"),
            city="Kunming",
            category="5812",
            currency="CNY",
            amount=None if fixed is None else Money.parse(fixed, "CNY"),
            extra={"merchant": told["account"]},
        )

    def plan_quote(
        self, merchant: Merchant, payload: str, amount: Money, other: str, planning: Planning
    ) -> Exchange:
        asked = {"merchant": merchant.extra["merchant"], "amount": _money(amount), "other": other}
        return _exchange(Operation.QUOTE, "", asked, planning)

    def read_quote(self, exchange: Exchange, answer: WireAnswer) -> SchemeQuote | Unavailable:
        told = _json(answer)
        if told is None:
            return Unavailable(Reason.RATE_UNAVAILABLE)
        try:
            return SchemeQuote(
                quote_id=told["quoteId"],
                source=Money.parse(*told["source"]),
                destination=Money.parse(*told["destination"]),
                rate=Rate.parse(*told["rate"]),
                expires_at=datetime.fromisoformat(told["expires"]),
            )
        except (ValueError, KeyError, TypeError):
            return Unavailable(Reason.COUNTERPARTY_ERROR)

    def plan_pay(self, payment: Payment, particulars: Particulars, planning: Planning) -> Exchange:
        asked = {
            "reference": payment.reference,
            "quoteId": payment.terms.scheme_quote,
            "amount": _money(payment.terms.destination),
            "merchant": particulars.extra["merchant"],
        }
        return _exchange(Operation.PAY, payment.reference, asked, planning)

    def plan_enquire(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        asked = {"reference": payment.reference}
        return _exchange(Operation.ENQUIRE, payment.reference, asked, planning)

    def read(self, exchange: Exchange, payment: Payment, answer: WireAnswer) -> Outcome:
        told = _json(answer)
        if told is None:
            return Outcome(OutcomeKind.UNKNOWN)
        if told["paid"]:
            return Outcome(OutcomeKind.ACCEPTED)
        return Outcome(OutcomeKind.REFUSED, Reason.QUOTE_INVALID)


def adapter(context: AdapterContext) -> LuckyAdapter:
    """The factory that the entry point names."""
    return LuckyAdapter()


def _money(amount: Money) -> list[str]:
    return [amount.short(), amount.currency.code]


def _json(answer: WireAnswer) -> dict[str, Any] | None:
    if answer.status != 200:
        return None
    told: dict[str, Any] = orjson.loads(answer.body)
    return told


def _exchange(operation: Operation, reference: str, asked: object, planning: Planning) -> Exchange:
    return Exchange(
        exchange_id=planning.message_number,
        uetr=planning.uetr,
        network="lucky",
        operation=operation,
        reference=reference,
        method="POST",
        path=f"/{operation.value}",
        headers=(("Content-Type", "application/json"),),
        body=orjson.dumps(asked),
        send_by=planning.send_by,
        answer_within_ms=FACTS.answer_within_ms,
    )
