"""UnionPay: plans what is sent to the scheme and reads what comes back. Pure.

``read`` never raises for bad input, because a bad answer is information: the payment may have been
executed. An HTTP 5xx, an answer that cannot be read, one signed by another key and one that is not
about our message all leave the outcome unknown. The surprise: the price that the network gives has
no name there, so the msgID of our question is its id.
"""

from __future__ import annotations

import re
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from adapters.unionpay import mapping, results
from adapters.unionpay.envelope import GATEWAY, NETWORK, Envelope, Unreadable, masked, uuid_of
from adapters.unionpay.inbound import UnionPayInbound
from adapters.unionpay.signature import SignatureWrong
from switch.facts import load_facts
from switch.model import Kind, from_micros
from switch.port import Exchange, Operation, Outcome, OutcomeKind, Unavailable
from switch.reasons import Reason
from switch.wire.strict_json import read_object

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.unionpay.envelope import Message
    from fx.money import Money
    from switch.facts import Facts
    from switch.model import Particulars, Payment
    from switch.port import AdapterContext, Merchant, Planning, SchemeQuote, WireAnswer

OPTIONS: Final = frozenset({"ins_id", "token", "signature", "digest_info"})
"""Settings of this network; see :class:`~adapters.unionpay.envelope.Envelope`."""

_TOKEN: Final = re.compile(r"[0-9]{16,19}", re.ASCII)
_SERVER_ERROR: Final = 500


class UnionPayAdapter(UnionPayInbound):
    """The scheme in both directions; what it sends us is in :class:`UnionPayInbound`.

    Option ``token`` (16 to 19 digits, required): the card number that the network has given for
    payments of ours (A: one for the switch; a payer's own comes with enrolment).
    """

    def __init__(self, context: AdapterContext) -> None:
        for name in sorted(context.options.keys() - OPTIONS):
            raise ValueError(f"options.{name}: no such option")
        self._card = context.options.get("token", "")
        if _TOKEN.fullmatch(self._card) is None:
            raise ValueError("options.token: needs 16 to 19 digits")
        text = (files("adapters.unionpay") / "facts.toml").read_text("utf-8")
        facts = load_facts(text, "adapters/unionpay/facts.toml")
        self._agent = context.partner_bic
        super().__init__(Envelope(context), facts, context.merchants)

    @property
    def facts(self) -> Facts:
        """The declared data of this network."""
        return self._facts

    @property
    def scheme_files(self) -> tuple[tuple[str, str], ...]:
        """What UnionPay's links look like; its EMV text is built in."""
        text = (files("adapters.unionpay") / "unionpay_link.toml").read_text("utf-8")
        return (("unionpay_link.toml", text),)

    def masked(self, body: bytes) -> bytes:
        """Return a message as people may see it: without card numbers, ours or anybody's."""
        return masked(body, self._card)

    def reference(self, planning: Planning) -> str:
        """Return our msgID of a payment, its idempotency key: 35 characters."""
        return mapping.message_id(self._envelope.institution, planning)

    def plan_lookup(self, payload: str, amount: Money | None, planning: Planning) -> Exchange:
        """Plan QRC_INFO_INQUIRY with the raw code; the network wants no amount."""
        del amount
        message_id = self.reference(planning)
        values = mapping.lookup_values(payload, self._card, message_id)
        return self._planned(Operation.LOOKUP, mapping.LOOKUP, message_id, values, planning)

    def read_lookup(self, exchange: Exchange, answer: WireAnswer) -> Merchant | Unavailable:
        """Return the merchant of a verified answer, or why there is none."""
        message = self._answered(exchange, answer)
        if message is None:
            return Unavailable(Reason.COUNTERPARTY_ERROR)
        payload = str(_sent(exchange)["mpqrcPayload"])
        return mapping.merchant(message, payload, self._agent, self._facts.currency)

    def plan_quote(
        self, merchant: Merchant, payload: str, amount: Money, other: str, planning: Planning
    ) -> Exchange:
        """Plan EXCHANGE_RATE_INQUIRY for an amount of either side."""
        del merchant, payload
        message_id = self.reference(planning)
        values = mapping.rate_values(amount, other)
        return self._planned(Operation.QUOTE, mapping.RATE, message_id, values, planning)

    def read_quote(self, exchange: Exchange, answer: WireAnswer) -> SchemeQuote | Unavailable:
        """Return the price of a verified answer, or why there is none."""
        message = self._answered(exchange, answer)
        if message is None:
            return Unavailable(Reason.RATE_UNAVAILABLE)
        asked_at = from_micros((exchange.exchange_id >> 20) * 1000)
        until = asked_at + timedelta(seconds=mapping.QUOTE_VALID_S)
        return mapping.quote(message, _sent(exchange), self._facts.currency, until)

    def plan_pay(self, payment: Payment, particulars: Particulars, planning: Planning) -> Exchange:
        """Plan MPQRC_PAYMENT_EMV or MPQRC_PAYMENT_URL."""
        values = mapping.payment_values(payment, particulars, self._card)
        kind = mapping.payment_type(particulars)
        return self._planned(Operation.PAY, kind, payment.reference, values, planning, payment.uetr)

    def plan_refund(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan CANCELLATION or REFUND of the payment that ``particulars`` are of."""
        return self._refund(Operation.REFUND, payment, particulars, planning)

    def _refund(
        self,
        operation: Operation,
        payment: Payment,
        particulars: Particulars,
        planning: Planning,
    ) -> Exchange:
        """Plan a refund; later ones have the same body under the same msgID."""
        values = mapping.refund_values(payment, particulars)
        kind = mapping.refund_type(payment, particulars)
        return self._planned(
            operation, kind, payment.reference, values, planning, payment.uetr, payment.opened_at
        )

    def plan_enquire(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan TRX_RESULT_INQUIRY about our msgID; each inquiry is a new message.

        A refund is inquired about and sent again by turns, because nobody else would give the
        payer's money back: the network refuses a msgID that it knows (94, 78).
        """
        if payment.kind is Kind.REFUND and planning.rung > 0 and planning.rung % 2 == 0:
            return self._refund(Operation.ENQUIRE, payment, particulars, planning)
        message_id = self.reference(planning)
        values = mapping.enquiry_values(payment, particulars, self._card)
        return self._planned(
            Operation.ENQUIRE, mapping.RESULT, message_id, values, planning, payment.uetr
        )

    def read(self, exchange: Exchange, payment: Payment, answer: WireAnswer) -> Outcome:
        """Return what an answer says of this payment."""
        message = self._answered(exchange, answer)
        if message is None:
            return Outcome(OutcomeKind.UNKNOWN)
        asked = read_object(exchange.body)["trxInfo"]
        if not results.is_about(message.values, asked, payment):
            return Outcome(OutcomeKind.UNKNOWN)
        return results.outcome(message, payment, exchange.operation)

    def _answered(self, exchange: Exchange, answer: WireAnswer) -> Message | None:
        """Return the verified answer to this very message, or None."""
        if answer.status >= _SERVER_ERROR:
            return None
        try:
            message = self._envelope.open(answer.headers, answer.body)
        except (SignatureWrong, Unreadable):
            return None
        info = read_object(exchange.body)["msgInfo"]
        bound = message.claims is None or (
            message.claims.uuid == uuid_of(exchange.reference) and not message.claims.path
        )
        named = (message.message_id, message.message_type) == (exchange.reference, info["msgType"])
        return message if bound and named and message.code else None

    def _planned(
        self,
        operation: Operation,
        message_type: str,
        message_id: str,
        values: Mapping[str, Any],
        planning: Planning,
        uetr: str = "",
        written_at: datetime | None = None,
    ) -> Exchange:
        path = GATEWAY if self._envelope.embedded else mapping.PATHS[message_type]
        info = (message_id, message_type, written_at or planning.now)
        written = self._envelope.request(info, values, path, planning.now)
        facts = self._facts
        quick = operation in (Operation.LOOKUP, Operation.QUOTE, Operation.ENQUIRE)
        return Exchange(
            exchange_id=planning.message_number,
            uetr=uetr,
            network=NETWORK,
            operation=operation,
            reference=message_id,
            method="POST",
            path=path,
            headers=written.headers,
            body=written.body,
            send_by=planning.send_by,
            answer_within_ms=facts.lookup_within_ms if quick else facts.answer_within_ms,
        )


def _sent(exchange: Exchange) -> Mapping[str, Any]:
    values: Mapping[str, Any] = read_object(exchange.body)["trxInfo"]
    return values
