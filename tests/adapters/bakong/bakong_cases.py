"""What the tests of the Bakong adapter share: a sponsor, a payment, answers as the wire has them.

Values are fixed, so an expected message can be written out in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, NoReturn
from uuid import UUID

from adapters.bakong import BakongAdapter, adapter
from fx.money import Money, Rate
from switch.model import (
    Channel,
    Direction,
    Institutions,
    Particulars,
    Party,
    Payment,
    State,
    Terms,
    UseCase,
)
from switch.port import AdapterContext, Outcome, OutcomeKind, Planning, WireAnswer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
HASH = "598f81fc40e9508ce134fcc52f56e648598f81fc40e9508ce134fcc52f56e648"
SERVICE = "http://webservice.nbc.org.kh/"
PASSWORD = "s<e>c&ret"


@dataclass(frozen=True)
class Keys:
    """A key store with one password and nothing else."""

    password: str = PASSWORD

    def rsa_private(self, name: str) -> RSAPrivateKey:
        return _none(name)

    def message_private(self, name: str) -> RSAPrivateKey:
        return _none(name)

    def certificate(self, name: str) -> Certificate:
        return _none(name)

    def secret(self, name: str) -> str:
        return self.password if name == "bakong-password" else _none(name)

    def naming(self) -> bytes:
        raise KeyError


def _none(name: str) -> NoReturn:
    raise LookupError(name)


def make_adapter(**options: str) -> BakongAdapter:
    """The adapter of a sponsor whose list of banks knows one suffix."""
    given = {"user_name": "aclb-switch", "banks": "abaa=ABAAKHPPXXX, aclb=ACLBKHPP"} | options
    return adapter(AdapterContext("ACLBKHPPXXX", "NBCOKHPPXXX", given, Keys()))


def planning(number: int = 1_700_000_000_123 << 20 | 7) -> Planning:
    """A moment of planning in slot 3, for the payment of this number."""
    uetr = str(UUID(int=number, version=4))
    return Planning(now=NOW, message_number=number, slot=3, send_by=NOW, uetr=uetr)


def payment(
    amount: str = "41000", currency: str = "KHR", number: int = 1_700_000_000_123 << 20 | 7
) -> Payment:
    """A Thai guest pays a Cambodian merchant this amount."""
    source = Money.parse("345.00", "THB")
    terms = Terms(
        debit=source,
        fee=Money.parse("0", "THB"),
        source=source,
        destination=Money.parse(amount, currency),
        rate=Rate.parse("118.84", "THB", "KHR"),
        rate_version="thb-khr-1",
        quote_id="q1",
        quote_expires_at=NOW,
    )
    return Payment(
        payment_id=1,
        uetr=planning(number).uetr,
        direction=Direction.INBOUND,
        use_case=UseCase.MERCHANT,
        corridor="thailand-bakong",
        origin="thailand",
        channel=Channel.NETWORK,
        network="bakong",
        reference=make_adapter().reference(planning(number)),
        terms=terms,
        institutions=Institutions("thailand", "ACLBKHPPXXX", "ACLBKHPPXXX", "ACLBKHPPXXX"),
        config_version="1",
        state=State.CREDITING,
        version=1,
        opened_at=NOW,
        accepted_at=NOW,
        deadline=NOW,
        send_by=NOW,
        updated_at=NOW,
    )


def particulars(
    account: str = "coffee@abaa", *, name: str = "Coffee House", agent: str = "", bill: str = ""
) -> Particulars:
    """A guest and a merchant."""
    return Particulars(
        debtor=Party("Guest", "0812345678"),
        creditor=Party(name, account, agent),
        end_to_end_id="E2E",
        bill_number=bill,
    )


def envelope(content: str, status: int = 200) -> WireAnswer:
    """A SOAP answer around this Body content."""
    body = (
        '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<S:Body>{content}</S:Body></S:Envelope>"
    )
    return WireAnswer(status, {}, body.encode())


def response(operation: str, *returns: str) -> WireAnswer:
    """The response of an operation; each return is XML already."""
    return answered(operation, "".join(f"<n:return>{each}</n:return>" for each in returns))


def answered(operation: str, content: str) -> WireAnswer:
    """The response of an operation around any content; ``n`` is the service's prefix."""
    return envelope(f'<n:{operation}Response xmlns:n="{SERVICE}">{content}</n:{operation}Response>')


def fault(text: str, status: int = 500) -> WireAnswer:
    """A SOAP Fault with this text."""
    return envelope(
        f"<S:Fault><faultcode>S:Server</faultcode><faultstring>{text}</faultstring></S:Fault>",
        status,
    )


def report(content: str) -> str:
    """An escaped pain.002 around this content."""
    return escape(
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.06"><CstmrPmtStsRpt>'
        f"{content}</CstmrPmtStsRpt></Document>"
    )


def status_report(status: str, rest: str = "") -> str:
    """An escaped pain.002 in the abbreviated shape of the backbone."""
    return report(f"<TxInfAndSts><TxSts>{status}</TxSts>{rest}</TxInfAndSts>")


def item(document: str, *, prefix: str = "n:", **fields: str) -> str:
    """One item of a transaction list; without a prefix its parts have no namespace."""
    given = {"hash": HASH} | fields | {"content_message": document}
    return "".join(
        f"<{prefix}{name}>{escape(value)}</{prefix}{name}>" for name, value in given.items()
    )


UNKNOWN = Outcome(OutcomeKind.UNKNOWN)
ADAPTER = make_adapter()
PAYMENT = payment()
REFERENCE = PAYMENT.reference
PAID = ADAPTER.plan_pay(PAYMENT, particulars(), planning())
ASKED = ADAPTER.plan_enquire(PAYMENT, particulars(), planning())
TRANSFER = (
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.05"><CstmrCdtTrfInitn>'
    "<GrpHdr><MsgId>M1/2</MsgId><CreDtTm>{time}</CreDtTm></GrpHdr><PmtInf>"
    "<PmtInfId>BKRTKHPPXXX/ACLBKHPPXXX/R1</PmtInfId><CdtTrfTxInf>"
    '<Amt><InstdAmt Ccy="KHR">{amount}</InstdAmt></Amt></CdtTrfTxInf></PmtInf>'
    "</CstmrCdtTrfInitn></Document>"
)
TIME = "2026-01-29T10:00:00.000+07:00"
