"""Malaysia: plans what is sent to PayNet and reads what comes back. Pure.

``read`` never raises for bad input, because a bad answer is information: the payment may have been
executed. An answer that is not signed by the pinned certificate, that cannot be read or that is
about another message leaves the outcome unknown, whatever its HTTP status says. The surprise: the
gateway's own refusals end a payment only before the first enquiry, and its time-out never does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.iso_profile.profile import facts_beside
from adapters.malaysia import mapping
from adapters.malaysia.business_id import ENQUIRY, STATUS
from adapters.malaysia.envelope import ANSWER_HEADER, CONTENT_TYPE, SCHEME, NotTrusted
from adapters.malaysia.inbound import PATH, MalaysiaInbound
from iso20022 import IsoError
from switch.port import Exchange, Operation, Outcome, OutcomeKind, Unavailable
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fx.money import Money
    from iso20022 import Message
    from switch.facts import Facts
    from switch.model import Particulars, Payment
    from switch.port import AdapterContext, Merchant, Planning, WireAnswer

_SERVER_ERROR: Final = 500


class MalaysiaAdapter(MalaysiaInbound):
    """PayNet in both directions; what it sends us is in :class:`MalaysiaInbound`."""

    def __init__(self, context: AdapterContext) -> None:
        for name in sorted(context.options):
            raise ValueError(f"options.{name}: no such option")
        super().__init__(context, facts_beside("adapters.malaysia"))

    @property
    def facts(self) -> Facts:
        """The declared data of this network."""
        return self._facts

    def reference(self, planning: Planning) -> str:
        """Return our BizMsgIdr of a transfer, its idempotency key: 30 characters."""
        return mapping.transfer_id(self._link.own, planning)

    def plan_lookup(self, payload: str, amount: Money | None, planning: Planning) -> Exchange:
        """Plan 521 with the raw code; ``amount`` is in ringgit. Raises ``IsoError``."""
        asked = mapping.question_id(self._link.own, ENQUIRY, planning)
        values = mapping.question_values(payload, amount, asked, self._link, planning.now)
        within = self._facts.lookup_within_ms
        return self._exchange(
            Operation.LOOKUP, "", asked, mapping.QUESTION, values, planning, within
        )

    def read_lookup(self, exchange: Exchange, answer: WireAnswer) -> Merchant | Unavailable:
        """Return the merchant of a verified acmt.024, or why there is none."""
        message = self._opened(answer)
        if message is None or isinstance(message, str):
            return Unavailable(Reason.COUNTERPARTY_ERROR)
        return mapping.merchant(message, exchange.reference)

    def plan_pay(self, payment: Payment, particulars: Particulars, planning: Planning) -> Exchange:
        """Plan 031. Raises ``IsoError`` for a value that the message cannot hold."""
        values = mapping.payment_values(payment, particulars, self._link, planning.now)
        return self._transfer(Operation.PAY, payment, values, planning)

    def plan_refund(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan the transfer that gives back what a guest paid. Raises ``IsoError``."""
        values = mapping.refund_values(payment, particulars, self._link, planning.now)
        return self._transfer(Operation.REFUND, payment, values, planning)

    def plan_enquire(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan 630 about our BizMsgIdr, of a payment or of a refund."""
        del particulars
        asked = mapping.question_id(self._link.own, STATUS, planning)
        values = mapping.search_values(payment, asked, planning.now)
        within = self._facts.lookup_within_ms
        return self._exchange(
            Operation.ENQUIRE, payment.uetr, asked, mapping.SEARCH, values, planning, within
        )

    def read(self, exchange: Exchange, payment: Payment, answer: WireAnswer) -> Outcome:
        """Return what a pacs.002, a camt.006 or the gateway says of this payment."""
        message = self._opened(answer)
        if message is None:
            return Outcome(OutcomeKind.UNKNOWN)
        if isinstance(message, str):
            if exchange.operation is Operation.ENQUIRE:
                return Outcome(OutcomeKind.UNKNOWN)
            return mapping.gateway_outcome(message, payment.rung)
        return mapping.outcome(message, payment, exchange.operation, exchange.reference)

    def _opened(self, answer: WireAnswer) -> Message | str | None:
        """Return the verified message from our partner to us, the gateway's code, or None."""
        if answer.status >= _SERVER_ERROR:
            return None
        names = (mapping.REPORT, mapping.ANSWER, mapping.FOUND)
        try:
            self._link.verify(answer.headers.get(ANSWER_HEADER, ""), answer.body)
            message = self._link.read(answer.body, names)
        except (NotTrusted, IsoError):
            return None
        if isinstance(message, str):
            return message
        return message if self._link.between_us(message) else None

    def _transfer(
        self,
        operation: Operation,
        payment: Payment,
        values: Mapping[str, object],
        planning: Planning,
    ) -> Exchange:
        reference, within = payment.reference, self._facts.answer_within_ms
        return self._exchange(
            operation, payment.uetr, reference, mapping.PAYMENT, values, planning, within
        )

    def _exchange(  # the parts of one message
        self,
        operation: Operation,
        uetr: str,
        reference: str,
        name: str,
        values: Mapping[str, object],
        planning: Planning,
        answer_within_ms: int,
    ) -> Exchange:
        body = self._link.write(name, values, reference, planning.now)
        headers = (
            ("Content-Type", CONTENT_TYPE),
            ("Authorization", SCHEME + self._link.signature(body)),
        )
        return Exchange(
            exchange_id=planning.message_number,
            uetr=uetr,
            network=self._facts.network,
            operation=operation,
            reference=reference,
            method="POST",
            path=PATH,
            headers=headers,
            body=body,
            send_by=planning.send_by,
            answer_within_ms=answer_within_ms,
        )
