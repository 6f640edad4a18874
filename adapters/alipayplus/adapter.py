"""Alipay+: plans what is asked and told, in the wallet's and in the acquirer's role. Pure.

Outbound we are a wallet: codes are read and priced by the network, and a payment is told once its
debit is committed. Inbound we are the acquirer of KHQR merchants: what became of an order is asked,
an order is cancelled, and money goes back by a refund, each by the network's own key. The surprise:
a payment told, and a refund, are enquired about by the very same request, because the network
carries one out once and answers a repeat with how it stands.
"""

# ruff: noqa: ARG002 - other networks need what is given here and not used

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING

from adapters.alipayplus import mapping, mapping_acquirer, settlement
from adapters.alipayplus.filed import filed
from adapters.alipayplus.inbound import AlipayPlusInbound
from adapters.alipayplus.link import Link
from switch.facts import load_facts
from switch.model import Direction, Kind
from switch.port import Operation, Unavailable, reference_digits
from switch.reasons import Reason
from switch.settlement_port import FileRefused, SettlementFile

if TYPE_CHECKING:
    from fx.money import Money
    from switch.model import Particulars, Payment
    from switch.port import (
        AdapterContext,
        Exchange,
        Merchant,
        Outcome,
        Planning,
        SchemeQuote,
        WireAnswer,
    )


class AlipayPlusAdapter(AlipayPlusInbound):
    """The network in both directions; what it sends us is in :class:`AlipayPlusInbound`."""

    def __init__(self, context: AdapterContext) -> None:
        text = (files("adapters.alipayplus") / "facts.toml").read_text("utf-8")
        super().__init__(Link(context), load_facts(text, "adapters/alipayplus/facts.toml"))

    def reference(self, planning: Planning) -> str:
        """Return a name of ours, 27 characters: of a refund, ``refundRequestId``."""
        return f"KH{planning.now:%Y%m%d}{reference_digits(planning.message_number, planning.slot)}"

    def given_reference(self, particulars: Particulars) -> str:
        """Return the order's ``paymentRequestId``: one order is paid once."""
        return particulars.extra[mapping.ORDER_ID]

    def plan_lookup(self, payload: str, amount: Money | None, planning: Planning) -> Exchange:
        """Plan ``userInitiatedPay``; the order has its amount, so ``amount`` is not told."""
        return self._scan(Operation.LOOKUP, payload, planning)

    def read_lookup(self, exchange: Exchange, answer: WireAnswer) -> Merchant | Unavailable:
        """Return the merchant of an order, or why there is none."""
        found = self._read_scan(exchange, answer)
        return found if isinstance(found, Unavailable) else found.merchant

    def plan_quote(
        self, merchant: Merchant, payload: str, amount: Money, other: str, planning: Planning
    ) -> Exchange:
        """Plan ``userInitiatedPay`` again: for a time the same code is the same order.

        The exchange names the order that was scanned, for :meth:`read_quote` to compare.
        """
        asked = self._scan(Operation.QUOTE, payload, planning)
        return replace(asked, reference=merchant.extra.get(mapping.ORDER_ID, ""))

    def read_quote(self, exchange: Exchange, answer: WireAnswer) -> SchemeQuote | Unavailable:
        """Return the network's price of an order, or why there is none."""
        found = self._read_scan(exchange, answer)
        if isinstance(found, Unavailable):
            return found
        if found.merchant.extra[mapping.ORDER_ID] != exchange.reference:
            # The order that was scanned is over: this price is another one's, to be scanned anew.
            return Unavailable(Reason.QR_EXPIRED)
        return found.quote

    def plan_pay(self, payment: Payment, particulars: Particulars, planning: Planning) -> Exchange:
        """Plan ``notifyPayment``: the payer is debited."""
        return self._paid(Operation.PAY, payment, particulars, planning)

    def plan_enquire(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan the same request again; of an order at our merchant, ``inquiryPayment``."""
        if payment.kind is Kind.REFUND:
            return self._refund(Operation.ENQUIRE, payment, particulars, planning)
        if payment.direction is Direction.OUTBOUND:
            return self._paid(Operation.ENQUIRE, payment, particulars, planning)
        values = mapping_acquirer.inquiry_values(particulars, self._link.sides)
        return self._asked(Operation.ENQUIRE, "inquiryPayment", values, planning)

    def plan_cancel(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan ``cancelPayment`` of an order at our merchant."""
        values = mapping_acquirer.inquiry_values(particulars, self._link.sides)
        return self._asked(Operation.CANCEL, "cancelPayment", values, planning)

    def plan_refund(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan ``refund``, in full or in part, at the order's own rate."""
        return self._refund(Operation.REFUND, payment, particulars, planning)

    def read(self, exchange: Exchange, payment: Payment, answer: WireAnswer) -> Outcome:
        """Return what a verified answer says; anything else is unknown."""
        fields = mapping.told(self._link.opened(exchange, answer))
        call = exchange.path.rpartition("/")[2]
        if call == "notifyPayment":
            return mapping.paid_outcome(fields, payment, exchange.operation)
        return mapping_acquirer.outcome(call, fields, payment, exchange.operation)

    def read_settlement_file(self, name: str, content: bytes) -> SettlementFile:
        """Read a Transaction Detail Report. Raises ``FileRefused``.

        A summary is read too, and has no line: it names no payment.
        """
        try:
            named = settlement.read_name(name)
            if named.participant not in (self._link.sides.acquirer, self._link.sides.wallet):
                raise FileRefused("the name: the report is of another participant")
            if named.kind == "summary":
                settlement.read_summary(content, self._link.amounts)
                return SettlementFile(())
            lines = settlement.read_items(content, self._link.amounts)
        except settlement.ReportRefused as refused:
            raise FileRefused(str(refused)) from None
        if any(line.settlement.currency.code != named.currency for line in lines):
            raise FileRefused("a line is settled in another currency than the name says")
        acquirer = named.participant == self._link.sides.acquirer
        return filed(lines, Direction.INBOUND if acquirer else Direction.OUTBOUND)

    def _scan(self, operation: Operation, payload: str, planning: Planning) -> Exchange:
        values = mapping.scan_values(payload, self._link.token("customer", payload))
        return self._asked(operation, "userInitiatedPay", values, planning)

    def _read_scan(self, exchange: Exchange, answer: WireAnswer) -> mapping.Read | Unavailable:
        asked = mapping.told(exchange.body)
        assert asked is not None, "our own request can be read"
        fields = mapping.told(self._link.opened(exchange, answer))
        return mapping.read_code(fields, str(asked["customerId"]), self._link.amounts)

    def _asked(
        self, operation: Operation, call: str, values: dict[str, object], planning: Planning
    ) -> Exchange:
        within = self._facts.lookup_within_ms
        reference = self.reference(planning)
        return self._link.exchange(
            operation, call, values, planning, reference=reference, within_ms=within
        )

    def _paid(
        self, operation: Operation, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        return self._link.exchange(
            operation,
            "notifyPayment",
            mapping.paid_values(payment, particulars, self._link.amounts),
            planning,
            reference=payment.reference,
            within_ms=self._facts.answer_within_ms,
        )

    def _refund(
        self, operation: Operation, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        return self._link.exchange(
            operation,
            "refund",
            mapping_acquirer.refund_values(
                payment, particulars, self._link.sides, self._link.amounts
            ),
            planning,
            reference=payment.reference,
            within_ms=self._facts.answer_within_ms,
        )
