"""Japan: plans what is sent to the JPQR Global switch and reads what comes back. Pure.

Outbound only: guests from Japan are the network's second phase, so nothing comes in. Each planned
request carries an ``Authorization`` of its own, whose nonce is the number of the exchange: an
exchange is sent once, so the header is made anew for every attempt and is durable before it leaves.
The surprise: a payment's identification is its UETR, and it is part of the path of an enquiry.
"""

from __future__ import annotations

from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import orjson

from adapters.japan import mapping
from adapters.japan.signing import CONTENT_TYPE, Credentials, authorization
from switch.facts import load_facts
from switch.model import Kind, to_micros
from switch.port import Exchange, Operation, Outcome, OutcomeKind, Unavailable
from switch.reasons import Reason
from switch.wire.strict_json import JsonRefused, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fx.money import Money
    from switch.facts import Facts
    from switch.model import Particulars, Payment
    from switch.port import AdapterContext, Merchant, Planning, WireAnswer

LOOKUP_PATH: Final = "/v2/merchant_codes/lookup"
PAYMENTS_PATH: Final = "/v2/payments"
REFUNDS_PATH: Final = "/v2/refunds"
SECRET: Final = "japan-secret"  # noqa: S105  the name of a file, not what is in it
"""Name of the shared secret."""


class JapanAdapter:
    """The Japanese network, for payments to its shops."""

    def __init__(self, context: AdapterContext) -> None:
        text = (files("adapters.japan") / "facts.toml").read_text("utf-8")
        self._facts = load_facts(text, "adapters/japan/facts.toml")
        for name in sorted(context.options.keys() - {"api_key"}):
            raise ValueError(f"options.{name}: no such option")
        key = context.options.get("api_key", "")
        if not key or ":" in key or not key.isascii() or not key.isprintable():
            raise ValueError("options.api_key: missing, or no text that a header can carry")
        self._credentials = Credentials(key, context.keys.secret(SECRET))
        self._partner = context.partner_bic

    @property
    def facts(self) -> Facts:
        """The declared data of this network."""
        return self._facts

    def reference(self, planning: Planning) -> str:
        """Our ``merchantPaymentId``: the UETR itself, 36 of the 64 characters that there are."""
        return planning.uetr

    def plan_lookup(self, payload: str, amount: Money | None, planning: Planning) -> Exchange:
        """Ask whose code this is; the payer's amount has no place there."""
        del amount
        body = orjson.dumps({"qr": payload})
        within = self._facts.lookup_within_ms
        return self._exchange(Operation.LOOKUP, LOOKUP_PATH, planning, within, body=body)

    def read_lookup(self, exchange: Exchange, answer: WireAnswer) -> Merchant | Unavailable:
        """The shop, or why there is none."""
        del exchange
        try:
            told = self._read(answer)
        except JsonRefused:
            return Unavailable(Reason.COUNTERPARTY_ERROR)
        return mapping.merchant(answer.status, told, self._partner)

    def plan_pay(self, payment: Payment, particulars: Particulars, planning: Planning) -> Exchange:
        """Plan the instruction. Raises ``IsoError`` for an amount that it cannot hold."""
        body = orjson.dumps(mapping.payment_values(payment, particulars))
        within = self._facts.answer_within_ms
        return self._exchange(
            Operation.PAY, PAYMENTS_PATH, planning, within, payment, particulars, body
        )

    def plan_refund(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan the instruction to give back. Raises ``IsoError`` as :meth:`plan_pay`."""
        body = orjson.dumps(mapping.refund_values(payment))
        within = self._facts.answer_within_ms
        return self._exchange(
            Operation.REFUND, REFUNDS_PATH, planning, within, payment, particulars, body
        )

    def plan_enquire(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Ask for a payment, or for what gives one back, by our own identification."""
        refund = payment.kind is Kind.REFUND
        path = f"{REFUNDS_PATH if refund else PAYMENTS_PATH}/{payment.reference}"
        within = self._facts.lookup_within_ms
        return self._exchange(Operation.ENQUIRE, path, planning, within, payment, particulars)

    def plan_cancel(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Ask that a payment be undone, whatever became of it."""
        path = f"{PAYMENTS_PATH}/{payment.reference}"
        within = self._facts.lookup_within_ms
        return self._exchange(Operation.CANCEL, path, planning, within, payment, particulars)

    def read(self, exchange: Exchange, payment: Payment, answer: WireAnswer) -> Outcome:
        """What an answer says of this payment."""
        try:
            told = self._read(answer)
        except JsonRefused:
            return Outcome(OutcomeKind.UNKNOWN)
        return mapping.outcome(exchange.operation, payment, answer.status, told)

    def _read(self, answer: WireAnswer) -> Mapping[str, object]:
        return read_object(answer.body, bytes_max=self._facts.answer_bytes_max)

    def _exchange(  # the parts of a request
        self,
        operation: Operation,
        path: str,
        planning: Planning,
        answer_within_ms: int,
        payment: Payment | None = None,
        particulars: Particulars | None = None,
        body: bytes = b"",
    ) -> Exchange:
        method = _METHODS[operation]
        nonce = f"{planning.message_number:016x}{planning.slot:02d}"
        epoch = to_micros(planning.now) // 1_000_000
        header = authorization(self._credentials, method, path, body, nonce=nonce, epoch=epoch)
        headers = [("Authorization", header)]
        if body:
            headers.append(("Content-Type", CONTENT_TYPE))
        merchant = particulars.extra.get("merchantId") if particulars is not None else None
        if merchant:
            headers.append(("X-ASSUME-MERCHANT", merchant))
        return Exchange(
            exchange_id=planning.message_number,
            uetr="" if payment is None else payment.uetr,
            network="japan",
            operation=operation,
            reference=nonce if payment is None else payment.reference,
            method=method,
            path=path,
            headers=tuple(headers),
            body=body,
            send_by=planning.send_by,
            answer_within_ms=answer_within_ms,
        )


_METHODS: Final = MappingProxyType({
    Operation.LOOKUP: "POST",
    Operation.PAY: "POST",
    Operation.ENQUIRE: "GET",
    Operation.CANCEL: "DELETE",
    Operation.REFUND: "POST",
})  # fmt: skip
