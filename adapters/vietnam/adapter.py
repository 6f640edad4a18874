"""Viet Nam: plans what is sent to NAPAS and reads what comes back. Pure.

``read`` never raises for bad input, because a bad answer is information: the payment may have been
executed. An HTTP 5xx, an answer whose signature does not hold over its raw body, one that cannot be
read and one about another request all leave the outcome unknown. The surprise: ``reference-id`` is
made from the number of the message, so a repeat of an exchange is the same bytes.
"""

from __future__ import annotations

import re
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.vietnam import mapping
from adapters.vietnam.envelope import Envelope, EnvelopeError, Names, request_body
from adapters.vietnam.inbound import VietnamInbound
from switch.facts import load_facts
from switch.port import Exchange, Operation, Outcome, OutcomeKind, Unavailable
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fx.money import Money
    from switch.facts import Facts
    from switch.model import Particulars, Payment
    from switch.port import AdapterContext, Merchant, Planning, WireAnswer

_SERVER_ERROR: Final = 500
_INSTITUTION: Final = re.compile(r"[0-9]{6}\Z", re.ASCII)
_NAME: Final = re.compile(r"[ -~]{1,64}\Z", re.ASCII)
OPTIONS: Final = ("name", "network_id", "own_id")
"""Settings of the link: our name, the institution numbers of the network and of us."""

_NAMED: Final = MappingProxyType(
    {
        Operation.LOOKUP: mapping.LOOKUP,
        Operation.PAY: mapping.PAYMENT,
        Operation.ENQUIRE: mapping.ENQUIRY,
        Operation.REFUND: mapping.RETURN,
    }
)


class VietnamAdapter(VietnamInbound):
    """The Vietnamese network in both directions; what it sends us is in :class:`VietnamInbound`."""

    def __init__(self, context: AdapterContext) -> None:
        text = (files("adapters.vietnam") / "facts.toml").read_text("utf-8")
        facts = load_facts(text, "adapters/vietnam/facts.toml")
        super().__init__(facts, _names(context.options), Envelope(context))
        self._agent = context.partner_bic

    @property
    def facts(self) -> Facts:
        """The declared data of this network."""
        return self._facts

    def reference(self, planning: Planning) -> str:
        """Return our payment_reference of a payment, its idempotency key: 18 digits."""
        return mapping.payment_reference(planning)

    def plan_lookup(self, payload: str, amount: Money | None, planning: Planning) -> Exchange:
        """Plan the lookup with the raw code. What the payer keyed is not asked about."""
        del amount
        question = mapping.question_payload(payload, planning)
        within = self._facts.lookup_within_ms
        reference = str(question["payment_reference"])
        return self._exchange(Operation.LOOKUP, "", reference, question, planning, within)

    def read_lookup(self, exchange: Exchange, answer: WireAnswer) -> Merchant | Unavailable:
        """Return the merchant of a verified answer, or why there is none."""
        body = self._opened(answer)
        if body is None:
            return Unavailable(Reason.COUNTERPARTY_ERROR)
        request_id = mapping.message_id(exchange.exchange_id)
        secrecy = self._envelope.secrecy
        return mapping.merchant(body, request_id, exchange.reference, secrecy, self._agent)

    def plan_pay(self, payment: Payment, particulars: Particulars, planning: Planning) -> Exchange:
        """Plan the payment."""
        secrecy = self._envelope.secrecy
        payload = mapping.payment_payload(payment, particulars, self._names, secrecy)
        within = self._facts.answer_within_ms
        reference = payment.reference
        return self._exchange(Operation.PAY, payment.uetr, reference, payload, planning, within)

    def plan_enquire(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan the enquiry about our payment_reference; each enquiry is a new message."""
        del particulars
        payload = mapping.enquiry_payload(payment)
        within = self._facts.lookup_within_ms
        reference = mapping.message_id(planning.message_number)
        return self._exchange(Operation.ENQUIRE, payment.uetr, reference, payload, planning, within)

    def plan_refund(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan the return of a payment that came in, in part or in full."""
        payload = mapping.return_payload(payment, particulars, self._names)
        within = self._facts.answer_within_ms
        reference = payment.reference
        return self._exchange(Operation.REFUND, payment.uetr, reference, payload, planning, within)

    def read(self, exchange: Exchange, payment: Payment, answer: WireAnswer) -> Outcome:
        """Return what an answer to a payment, a return or an enquiry says of this payment."""
        body = self._opened(answer)
        if body is None:
            return Outcome(OutcomeKind.UNKNOWN)
        return mapping.outcome(body, exchange, payment, answer.status)

    def _opened(self, answer: WireAnswer) -> Mapping[str, object] | None:
        """Return the verified body, or None."""
        if answer.status >= _SERVER_ERROR:
            return None
        try:
            return self._envelope.opened(answer.headers, answer.body)
        except EnvelopeError:
            return None

    def _exchange(
        self,
        operation: Operation,
        uetr: str,
        reference: str,
        payload: Mapping[str, object],
        planning: Planning,
        answer_within_ms: int,
    ) -> Exchange:
        name = _NAMED[operation]
        request_id = mapping.message_id(planning.message_number)
        body = request_body(self._names, name, request_id, payload, planning.now)
        return Exchange(
            exchange_id=planning.message_number,
            uetr=uetr,
            network=mapping.NETWORK,
            operation=operation,
            reference=reference,
            method="POST",
            path=mapping.PATHS[name],
            headers=self._envelope.headers(body),
            body=body,
            send_by=planning.send_by,
            answer_within_ms=answer_within_ms,
        )


def _names(options: Mapping[str, str]) -> Names:
    """Read the options; raises ``ValueError`` naming the one that is wrong."""
    for name in sorted(options.keys() - set(OPTIONS)):
        raise ValueError(f"options.{name}: no such option")
    own, network, name = (options.get(key, "") for key in ("own_id", "network_id", "name"))
    for key, value in (("network_id", network), ("own_id", own)):
        if _INSTITUTION.match(value) is None:
            raise ValueError(f"options.{key}: needs an institution number of six digits")
    if _NAME.match(name) is None:
        raise ValueError("options.name: needs our name, 64 characters at most")
    return Names(own, network, name)
