"""The Bakong adapter: pay, reverse, enquire, collect, acknowledge over the member web service.

Pure: every request is planned from what is given, every answer read without a side effect. The
surprise: the credentials travel inside the body (``cm_user_name``, ``cm_password``), so a stored
exchange holds the password; bodies are sealed at rest, and a changed password ends the repeats of
exchanges that were stored before it.
"""

from __future__ import annotations

from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.bakong import mapping, mapping_items, mapping_reversal, soap
from iso20022 import IsoError, build
from switch.abilities import Page
from switch.facts import Facts, load_facts
from switch.model import EPOCH
from switch.port import Exchange, Operation, Planning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switch.model import Particulars, Payment
    from switch.port import AdapterContext, IncomingItem, Outcome, WireAnswer

PATH: Final = "/BakongWebService/NBCInterface"
CREDENTIAL: Final = "cm_password"
OPTIONS: Final = frozenset(
    {"user_name", "banks", "pool_account", "sponsor_name", "users", "accounts", "settle_ms"}
)
"""Settings of this network; the last three are the simulator's."""

HEADERS: Final = (
    ("Content-Type", "text/xml; charset=utf-8"),
    ("SOAPAction", '""'),
    # The firewall before the service refuses a request without it.
    ("User-Agent", "bakong-switch"),
)

_CALLS: Final[Mapping[Operation, str]] = MappingProxyType({
    Operation.PAY: "makeFullFundTransfer",
    Operation.REFUND: "makeReverseTransaction",
    Operation.ENQUIRE: "getOutgoingTransaction",
    Operation.COLLECT: "getIncomingTransaction",
    Operation.ACKNOWLEDGE: "makeAcknowledgement",
})  # fmt: skip
_HTTP_OK: Final = 200
_HTTP_FAULT: Final = 500


class BakongAdapter:
    """One sponsor's access to the backbone (``Adapter`` and ``CollectAdapter``).

    Options: ``user_name`` (required); ``banks``, see :func:`mapping.parse_banks`; ``pool_account``
    and ``sponsor_name``, by default derived from our BIC. Secret: ``bakong-password``.
    """

    def __init__(self, context: AdapterContext) -> None:
        options, bic = context.options, context.own_bic
        for name in sorted(options.keys() - OPTIONS):
            raise ValueError(f"options.{name}: no such option")
        if not options.get("user_name"):
            raise ValueError("options.user_name: is missing")
        self._credentials = (
            ("cm_user_name", options["user_name"]),
            (CREDENTIAL, context.keys.secret("bakong-password")),
        )
        self._sponsor = mapping.Sponsor(
            bic=bic,
            name=options.get("sponsor_name", bic),
            pool_account=options.get("pool_account", f"{bic}@{bic[:4]}".lower()),
            banks=mapping.parse_banks(options.get("banks", "")),
        )
        self._facts = load_facts(
            (files("adapters.bakong") / "facts.toml").read_text("utf-8"),
            "adapters/bakong/facts.toml",
        )

    @property
    def facts(self) -> Facts:
        """The declared data of the backbone."""
        return self._facts

    def masked(self, body: bytes) -> bytes:
        """A request as people may see it: without the sponsor's password."""
        return soap.masked(body, CREDENTIAL)

    def reference(self, planning: Planning) -> str:
        """Our reference for a hop: ``ext_ref``, ``InstrId`` and ``EndToEndId`` on the wire."""
        return mapping.reference_of(planning)

    def plan_pay(self, payment: Payment, particulars: Particulars, planning: Planning) -> Exchange:
        """Plan makeFullFundTransfer from the sponsor's pool to the payee's account.

        Raises :class:`iso20022.IsoError` with the reason code when the payee cannot be written:
        a name or account too long, or a bank that is not known (RC04).
        """
        fields = mapping.transfer(payment, particulars, self._sponsor, planning)
        document = build(mapping.PAIN_001, fields)
        parts = (("iso_message", document), ("ext_ref", payment.reference))
        return self._plan(Operation.PAY, payment.uetr, payment.reference, parts, planning)

    def plan_refund(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan makeReverseTransaction: a transfer to the sponsor goes back to its payer.

        Raises :class:`iso20022.IsoError` NOOR when ``particulars`` do not say which.
        """
        fields = mapping_reversal.reversal(payment, particulars, self._sponsor, planning)
        parts = (("content_message", build(mapping_reversal.PAIN_007, fields)),)
        return self._plan(Operation.REFUND, payment.uetr, payment.reference, parts, planning)

    def plan_enquire(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Plan getOutgoingTransaction by our reference (the shape is assumed)."""
        del particulars
        parts = (
            ("payer_participant_code", self._sponsor.bic),
            ("ext_ref", payment.reference),
        )
        return self._plan(Operation.ENQUIRE, payment.uetr, payment.reference, parts, planning)

    def read(self, exchange: Exchange, payment: Payment, answer: WireAnswer) -> Outcome:
        """What an answer means for the payment; whatever cannot be read is unknown."""
        reply = _reply(exchange, answer)
        if reply is None:
            return mapping.UNKNOWN
        if exchange.operation in (Operation.PAY, Operation.REFUND):
            return mapping.read_transfer_answer(reply, exchange.reference, payment)
        if exchange.operation is Operation.ENQUIRE:
            return mapping.read_outgoing(reply, exchange.reference, payment, self._sponsor)
        return mapping.UNKNOWN

    def plan_collect(self, planning: Planning, size: int) -> Exchange:
        """Plan getIncomingTransaction: the items that wait for our acknowledgement."""
        parts = (("payee_participant_code", self._sponsor.bic), ("size", str(size)))
        reference = mapping.message_id("COL", self._sponsor, planning)
        return self._plan(Operation.COLLECT, "", reference, parts, planning)

    def read_collect(self, exchange: Exchange, answer: WireAnswer) -> Page | None:
        """The items paid to us; None when the answer is not one.

        An item that cannot be read, that has failed, or that is not for us is left out: it stays
        unacknowledged at Bakong, which does not settle it.
        """
        reply = _reply(exchange, answer)
        if reply is None or reply.fault is not None or not (reply.returns or reply.understood):
            return None
        found = (mapping_items.read_transaction(item) for item in reply.returns)
        items = [
            mapping.incoming_item(transaction)
            for transaction in found
            if transaction is not None
            and transaction.payee == self._sponsor.bic
            and not mapping.has_failed(transaction)
        ]
        taken = tuple(item for item in items if self._can_acknowledge(item))
        return Page(taken, len(reply.returns) - len(taken))

    def plan_acknowledge(self, item: IncomingItem, planning: Planning) -> Exchange:
        """Plan makeAcknowledgement of an item that is committed on our side."""
        parts = (("content_message", self._acknowledgement(item, planning)),)
        reference = mapping.message_id("ACK", self._sponsor, planning)
        return self._plan(Operation.ACKNOWLEDGE, "", reference, parts, planning)

    def read_acknowledge(self, exchange: Exchange, answer: WireAnswer) -> bool:
        """True when Bakong has it: any answer of the call itself, or that nothing waits any more.

        Bakong names no transaction in its answer; ``TRANSACTION_NOT_FOUND`` is what a repeated
        acknowledgement gets.
        """
        reply = _reply(exchange, answer)
        if reply is None:
            return False
        if reply.fault is not None:
            return reply.fault == "TRANSACTION_NOT_FOUND"
        return not mapping.rejects(reply)

    def _acknowledgement(self, item: IncomingItem, planning: Planning) -> bytes:
        return build(mapping.PAIN_002, mapping.acknowledgement(item, self._sponsor, planning))

    def _can_acknowledge(self, item: IncomingItem) -> bool:
        try:
            self._acknowledgement(
                item, Planning(now=EPOCH, message_number=0, slot=0, send_by=EPOCH)
            )
        except IsoError:
            return False
        return True

    def _plan(
        self,
        operation: Operation,
        uetr: str,
        reference: str,
        parts: Sequence[tuple[str, str | bytes]],
        planning: Planning,
    ) -> Exchange:
        return Exchange(
            exchange_id=planning.message_number,
            uetr=uetr,
            network=self._facts.network,
            operation=operation,
            reference=reference,
            method="POST",
            path=PATH,
            headers=HEADERS,
            body=soap.request(_CALLS[operation], (*self._credentials, *parts)),
            send_by=planning.send_by,
            answer_within_ms=self._facts.answer_within_ms,
        )


def _reply(exchange: Exchange, answer: WireAnswer) -> soap.Reply | None:
    """The SOAP answer; SOAP 1.1 sends a Fault as HTTP 500, and 500 without a Fault is no answer."""
    if answer.status not in (_HTTP_OK, _HTTP_FAULT):
        return None
    try:
        reply = soap.read(answer.body, _CALLS[exchange.operation])
    except (soap.SoapError, KeyError):
        return None
    return None if answer.status == _HTTP_FAULT and reply.fault is None else reply
