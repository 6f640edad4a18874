"""The adapter of a network that speaks this profile: plans what is sent, reads what comes. Pure.

``read`` never raises for bad input, because a bad answer is information: the payment may have been
executed. An HTTP 5xx, an answer that cannot be read, one signed by another key and one about
another payment all leave the outcome unknown. The surprise: the HTTP status of a signed answer
below 500 is not looked at; the signed words decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.iso_profile import mapping, mapping_recall, mapping_return
from adapters.iso_profile.envelope import CONTENT_TYPE
from adapters.iso_profile.inbound import PATH, IsoProfileInbound
from adapters.iso_profile.settlement import NOTIFICATION, STATEMENT, read_statement
from iso20022 import IsoError
from switch.model import Kind
from switch.port import Exchange, Operation, Outcome, OutcomeKind, Unavailable
from switch.reasons import Reason
from switch.settlement_port import FILE_BYTES_MAX, FileRefused

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.iso_profile.profile import Profile
    from fx.money import Money
    from iso20022 import Message
    from switch.facts import Facts
    from switch.model import Particulars, Payment
    from switch.port import AdapterContext, Merchant, Planning, WireAnswer
    from switch.settlement_port import SettlementFile

_HEADERS: Final = (("Content-Type", CONTENT_TYPE),)

_SERVER_ERROR: Final = 500

_ACCOUNT: Final = "account"
"""Option: our account there that its statements are of; without it none is taken."""


class IsoProfileAdapter(IsoProfileInbound):
    """One network in both directions; what it sends us is in :class:`IsoProfileInbound`."""

    def __init__(self, context: AdapterContext, profile: Profile, facts: Facts) -> None:
        for name in sorted(set(context.options) - {_ACCOUNT}):
            raise ValueError(f"options.{name}: no such option")
        super().__init__(context, profile, facts)
        self._account = context.options.get(_ACCOUNT, "")

    @property
    def facts(self) -> Facts:
        """The declared data of this network."""
        return self._facts

    def reference(self, planning: Planning) -> str:
        """Return our TxId of a payment, its idempotency key: 35 characters."""
        return mapping.message_reference(self._envelope.sides.own, planning)

    def plan_lookup(self, payload: str, amount: Money | None, planning: Planning) -> Exchange:
        """Plan acmt.023 with the raw code; ``amount`` is in their currency. Raises ``IsoError``."""
        message_id = self.reference(planning)
        sides = self._envelope.sides
        values = mapping.question_values(payload, amount, message_id, sides, planning.now)
        body = self._envelope.write(mapping.QUESTION, values, message_id, planning.now)
        within = self._facts.lookup_within_ms
        return self._exchange(Operation.LOOKUP, "", message_id, body, planning, within)

    def read_lookup(self, exchange: Exchange, answer: WireAnswer) -> Merchant | Unavailable:
        """Return the merchant of a verified acmt.024, or why there is none."""
        message = self._opened(answer)
        if message is None:
            return Unavailable(Reason.COUNTERPARTY_ERROR)
        return mapping.merchant(message, exchange.reference, self._envelope.sides.profile)

    def plan_pay(self, payment: Payment, particulars: Particulars, planning: Planning) -> Exchange:
        """Plan pacs.008. Raises ``IsoError`` for a value that the message cannot hold."""
        now: datetime = planning.now
        values = mapping.payment_values(payment, particulars, self._envelope.sides, now)
        body = self._envelope.write(mapping.PAYMENT, values, payment.reference, now)
        within = self._facts.answer_within_ms
        return self._exchange(
            Operation.PAY, payment.uetr, payment.reference, body, planning, within
        )

    def plan_refund(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan pacs.004: what a guest paid goes back. Raises ``IsoError`` as ``plan_pay``."""
        now = planning.now
        values = mapping_return.refund_values(payment, particulars, self._envelope.sides, now)
        body = self._envelope.write(mapping.RETURN, values, payment.reference, now)
        within = self._facts.answer_within_ms
        return self._exchange(
            Operation.REFUND, payment.uetr, payment.reference, body, planning, within
        )

    def plan_confirm(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan our pacs.002 of what is set aside for us; each is a new message of one meaning."""
        del particulars
        message_id, now = self.reference(planning), planning.now
        values = mapping.confirmation_values(payment, message_id, self._envelope.sides, now)
        body = self._envelope.write(mapping.STATUS, values, message_id, now)
        within = self._facts.lookup_within_ms
        return self._exchange(Operation.CONFIRM, payment.uetr, message_id, body, planning, within)

    def plan_recall(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan camt.056: a payment of ours is asked back. Raises ``IsoError`` as ``plan_pay``."""
        return self._recall(payment, particulars, payment.reference, planning)

    def _recall(
        self, payment: Payment, particulars: Particulars, message_id: str, planning: Planning
    ) -> Exchange:
        now, sides = planning.now, self._envelope.sides
        values = mapping_recall.recall_values(payment, particulars, message_id, sides, now)
        body = self._envelope.write(mapping_recall.RECALL, values, message_id, now)
        within = self._facts.lookup_within_ms
        return self._exchange(
            Operation.RECALL, payment.uetr, payment.reference, body, planning, within
        )

    def plan_enquire(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan pacs.028 about our TxId; each enquiry is a new message. A recall is made again."""
        message_id = self.reference(planning)
        if payment.kind is Kind.RECALL:
            return self._recall(payment, particulars, message_id, planning)
        sides = self._envelope.sides
        values = mapping.enquiry_values(payment, particulars, message_id, sides, planning.now)
        body = self._envelope.write(mapping.ENQUIRY, values, message_id, planning.now)
        within = self._facts.lookup_within_ms
        return self._exchange(Operation.ENQUIRE, payment.uetr, message_id, body, planning, within)

    def read_settlement_file(self, name: str, content: bytes) -> SettlementFile:
        """Read a signed camt.053 or camt.054; its name says nothing. Raises ``FileRefused``."""
        del name
        try:
            message = self._envelope.open(
                content, (STATEMENT, NOTIFICATION), at_most=FILE_BYTES_MAX
            )
        except IsoError as error:
            raise FileRefused(f"{error.path}: {error.code}") from None
        if not self._envelope.between_us(message):
            raise FileRefused("the header: is not between us")
        if not self._account:
            raise FileRefused(f"the configuration has no options.{_ACCOUNT} of this network")
        return read_statement(message, self._account, self._envelope.sides.profile.currency)

    def read(self, exchange: Exchange, payment: Payment, answer: WireAnswer) -> Outcome:
        """Return what a pacs.002 (or a signed admi.002) says of this payment."""
        message = self._opened(answer)
        if message is None:
            return Outcome(OutcomeKind.UNKNOWN)
        if payment.kind is Kind.RECALL and message.name == mapping_recall.RESOLUTION:
            return mapping_recall.outcome(message, payment)
        return mapping.outcome(message, payment, exchange.operation)

    def _opened(self, answer: WireAnswer) -> Message | None:
        """Return the verified message from our partner to us, or None."""
        if answer.status >= _SERVER_ERROR:
            return None
        resolution = mapping_recall.RESOLUTION
        names = (mapping.STATUS, mapping.REPORT, mapping.REJECT, resolution)
        try:
            message = self._envelope.open(answer.body, names)
        except IsoError:
            return None
        return message if self._envelope.between_us(message) else None

    def _exchange(  # the parts of one message
        self,
        operation: Operation,
        uetr: str,
        reference: str,
        body: bytes,
        planning: Planning,
        answer_within_ms: int,
    ) -> Exchange:
        return Exchange(
            exchange_id=planning.message_number,
            uetr=uetr,
            network=self._facts.network,
            operation=operation,
            reference=reference,
            method="POST",
            path=PATH,
            headers=_HEADERS,
            body=body,
            send_by=planning.send_by,
            answer_within_ms=answer_within_ms,
        )
