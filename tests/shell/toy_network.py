"""A network of a toy dialect: an answer is JSON that names its outcome.

It keeps the port's rules (pure, no clock, no network) and the facts of the two real networks in
short form; what it hands in is put on ``incoming`` by the test.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import orjson

from switch.abilities import Page
from switch.facts import Facts
from switch.inbound_port import InboundOrder, Told
from switch.model import Finality, Particulars, Payment, Status
from switch.port import (
    Exchange,
    Inbound,
    InboundEnquiry,
    InboundLookup,
    InboundPay,
    IncomingItem,
    Merchant,
    Operation,
    Outcome,
    OutcomeKind,
    Planning,
    Rendered,
    Unavailable,
    WireAnswer,
    WireRefusal,
    reference_digits,
)
from switch.reasons import Reason

if TYPE_CHECKING:
    from fx.money import Money
    from fx.quotes import Quote

THAILAND: Final = Facts(
    network="thailand",
    schemes=("thaiqr",),
    operations=(Operation.LOOKUP, Operation.PAY, Operation.ENQUIRE),
    clearing_system="THN",
    currency="THB",
    send_within_ms=3_000,
    answer_within_ms=15_000,
    lookup_within_ms=10_000,
    deadline_ms=15_000,
    hop_needs_ms=5_000,
    answer_margin_ms=14_950,
    enquiry_delays_s=(5, 10, 20, 40, 60),
    enquiry_repeat_s=3_600,
    enquiries_max=29,
    never_seen_is_promise=True,
    flight_max_s=60,
    duplicate_window_s=86_400,
    clock_skew_max_s=300,
    acceptance_age_max_s=300,
    poll_fast_ms=0,
    poll_slow_ms=0,
    answer_bytes_max=65_536,
    enquiries_per_s=1_000,
    inbound_finality=Finality.TWO_LEG,
)
BAKONG: Final = replace(
    THAILAND,
    network="bakong",
    schemes=("khqr",),
    operations=(Operation.PAY, Operation.ENQUIRE, Operation.COLLECT, Operation.ACKNOWLEDGE),
    clearing_system="BAKONG",
    currency="KHR",
    inbound_finality=None,
    enquiry_delays_s=(1, 2, 5, 10, 20, 40, 60, 130, 300),
    enquiry_repeat_s=600,
    never_seen_is_promise=False,
    flight_max_s=120,
    duplicate_window_s=86_400,
    poll_fast_ms=200,
    poll_slow_ms=5_000,
)

GONE: Final = Unavailable(Reason.ACCOUNT_UNKNOWN)


@dataclass
class ToyAdapter:
    """A network of the toy dialect; what it hands in is put on ``incoming`` by the test."""

    facts: Facts
    merchant: Merchant | Unavailable = GONE
    incoming: deque[Inbound | WireRefusal] = field(default_factory=deque)
    plan_fails: Exception | None = None
    pages: deque[Sequence[IncomingItem]] = field(default_factory=deque)
    inbound_path: str = "/messages"
    refunded: list[dict[str, str]] = field(default_factory=list)
    recalled: list[dict[str, str]] = field(default_factory=list)

    def reference(self, planning: Planning) -> str:
        return reference_digits(planning.message_number, planning.slot)

    def _plan(self, operation: Operation, reference: str, planning: Planning) -> Exchange:
        return Exchange(
            exchange_id=planning.message_number,
            uetr=planning.uetr,
            network=self.facts.network,
            operation=operation,
            reference=reference,
            method="POST",
            path=f"/{operation.value}",
            headers=(("content-type", "application/json"),),
            body=b"{}",
            send_by=planning.send_by,
            answer_within_ms=self.facts.answer_within_ms,
        )

    def plan_pay(self, payment: Payment, particulars: Particulars, planning: Planning) -> Exchange:
        if self.plan_fails is not None:
            raise self.plan_fails
        return self._plan(Operation.PAY, payment.reference, planning)

    def plan_enquire(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        if self.plan_fails is not None:
            raise self.plan_fails
        return self._plan(Operation.ENQUIRE, payment.reference, planning)

    def plan_cancel(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        return self._plan(Operation.CANCEL, payment.reference, planning)

    def plan_confirm(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        return self._plan(Operation.CONFIRM, payment.reference, planning)

    def plan_refund(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        self.refunded.append(dict(particulars.extra))
        return self._plan(Operation.REFUND, payment.reference, planning)

    def plan_recall(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        self.recalled.append(dict(particulars.extra))
        return self._plan(Operation.RECALL, payment.reference, planning)

    def read(self, exchange: Exchange, payment: Payment, answer: WireAnswer) -> Outcome:
        told = orjson.loads(answer.body)
        reason = None if told["reason"] is None else Reason[told["reason"]]
        return Outcome(OutcomeKind(told["kind"]), reason)

    def plan_lookup(self, payload: str, amount: Money | None, planning: Planning) -> Exchange:
        return self._plan(Operation.LOOKUP, "", planning)

    def read_lookup(self, exchange: Exchange, answer: WireAnswer) -> Merchant | Unavailable:
        return self.merchant

    def plan_collect(self, planning: Planning, size: int) -> Exchange:
        del size
        return self._plan(Operation.COLLECT, "", planning)

    def read_collect(self, exchange: Exchange, answer: WireAnswer) -> Page | None:
        return Page(tuple(self.pages.popleft())) if self.pages else None

    def plan_acknowledge(self, item: IncomingItem, planning: Planning) -> Exchange:
        return self._plan(Operation.ACKNOWLEDGE, item.item_hash, planning)

    def read_acknowledge(self, exchange: Exchange, answer: WireAnswer) -> bool:
        return True

    def translate(self, headers: Mapping[str, str], body: bytes, planning: Planning) -> Inbound:
        request = self.incoming.popleft()
        if isinstance(request, WireRefusal):
            raise request
        return request

    def render_lookup(
        self,
        request: InboundLookup,
        answer: tuple[Merchant, Quote, str] | Reason,
        planning: Planning,
    ) -> Rendered:
        if isinstance(answer, Reason):
            return _rendered(refused=answer.name)
        return _rendered(token=answer[2])

    def render_status(
        self, payment: Payment, particulars: Particulars, status: Status, planning: Planning
    ) -> Rendered:
        # The message number makes two renderings differ, as message ids do.
        reason = None if payment.reason is None else payment.reason.name
        return _rendered(
            status=status.value,
            reason=reason,
            uetr=payment.uetr,
            creditor=particulars.creditor.name,
            message=planning.message_number,
        )

    def render_enquiry(
        self,
        request: InboundEnquiry,
        payment: Payment | None,
        status: Status | None,
        planning: Planning,
    ) -> Rendered:
        return _rendered(enquiry="never seen" if status is None else status.value)

    def render_order(
        self,
        request: InboundOrder,
        answer: tuple[Merchant, Payment] | Reason,
        planning: Planning,
    ) -> Rendered:
        if isinstance(answer, Reason):
            return _rendered(refused=answer.name)
        merchant, payment = answer
        owed = payment.terms.debit
        return _rendered(merchant=merchant.party.name, owed=str(owed.minor), uetr=payment.uetr)

    def render_taken(
        self,
        request: Told,
        payment: Payment | None,
        status: Status | None,
        reason: Reason | None,
        planning: Planning,
    ) -> Rendered:
        return _rendered(
            status=None if status is None else status.value,
            reason=None if reason is None else reason.name,
            uetr=None if payment is None else payment.uetr,
        )

    def render_refusal(self, request: InboundPay, reason: Reason, planning: Planning) -> Rendered:
        return _rendered(status="RJCT", reason=reason.name, uetr=request.uetr)

    def render_rejection(self, request: InboundPay, reason: Reason, planning: Planning) -> Rendered:
        return _rendered(rejected="message", reason=reason.name)


def _rendered(**body: object) -> Rendered:
    return Rendered(200, "application/json", orjson.dumps(body))
