"""Parts that the tests of the Thai adapter are built from: keys, a payment, a running sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from adapters.iso_profile.sandbox_messages import Credit, Desk
from adapters.sandbox_kit import SandboxContext
from adapters.thailand import ThailandAdapter
from adapters.thailand.sandbox import THAILAND
from fx.money import Money, Rate
from iso20022.xmldsig import XmlSigner
from switch.model import Channel, Direction, Particulars, Party, Payment, State, Terms
from switch.port import AdapterContext, Planning
from switch.qr import ThaiBillPayment, write_thai_bill_payment
from switch.runtime.entropy import Ids, SeededEntropy
from switch.runtime.tasks import Tasks
from switch.wire.net import TcpNet
from tests.adapters.paid_abroad import number, paid_abroad

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

    from switch.reasons import Reason

OWN_BIC: Final = "NBHQKHPPXXX"
PARTNER_BIC: Final = "ITMXTHBK"
NOW: Final = datetime(2026, 11, 21, 3, 15, 2, 120_000, tzinfo=UTC)
UETR: Final = "5f8c1a52-6a2e-4c1f-9d0b-3a7f2b1c9e10"
BILLER: Final = "010753600031508"


def planning(at: datetime = NOW, counter: int = 7) -> Planning:
    """What dispatch gives an adapter."""
    return Planning(at, number(at, counter), slot=1, send_by=at + timedelta(seconds=3))


def key_pair(name: str) -> tuple[RSAPrivateKey, Certificate]:
    """An RSA key with a certificate that it signed itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        .sign(key, SHA256())
    )
    return key, certificate


@dataclass(frozen=True)
class Keys:
    """Key material in memory."""

    private: Mapping[str, RSAPrivateKey] = field(repr=False)
    certificates: Mapping[str, Certificate] = field(repr=False)

    def rsa_private(self, name: str) -> RSAPrivateKey:
        return self.private[name]

    def message_private(self, name: str) -> RSAPrivateKey:
        return self.private[name]

    def certificate(self, name: str) -> Certificate:
        return self.certificates[name]

    def secret(self, name: str) -> str:
        raise KeyError(name)

    def naming(self) -> bytes:
        raise KeyError


def new_keys() -> Keys:
    """Keys of both sides of the link, and of a stranger."""
    pairs = {name: key_pair(name) for name in ("switch-thailand", "thailand", "stranger")}
    return Keys(
        {name: pair[0] for name, pair in pairs.items()},
        {name: pair[1] for name, pair in pairs.items()},
    )


def new_adapter(keys: Keys) -> ThailandAdapter:
    """The adapter as the switch makes it."""
    return ThailandAdapter(AdapterContext(OWN_BIC, PARTNER_BIC, {}, keys))


def partner_signer(keys: Keys, name: str = "thailand") -> XmlSigner:
    """Signs as the network, or as somebody else."""
    return XmlSigner(keys.rsa_private(name), keys.certificate(name))


def thai_code(biller_id: str = BILLER, amount: str | None = None) -> str:
    """The text of a Thai cross-border merchant code."""
    return write_thai_bill_payment(
        ThaiBillPayment(
            biller_id=biller_id,
            reference_1="INV001",
            merchant_name="SOMCHAI COFFEE",
            merchant_city="BANGKOK",
            category="5814",
            amount=None if amount is None else Money.parse(amount, "THB"),
            terminal_label="T01",
        )
    )


def terms() -> Terms:
    """The example of the money page: 345.00 THB for 41,250 KHR."""
    return Terms(
        debit=Money.parse("41250", "KHR"),
        fee=Money.parse("250", "KHR"),
        source=Money.parse("41000", "KHR"),
        destination=Money.parse("345.00", "THB"),
        rate=Rate.parse("118.84", "THB", "KHR"),
        rate_version="khr-thb-1",
        quote_id="0f0e0d0c-0b0a-4908-8706-050403020100",
        quote_expires_at=NOW + timedelta(minutes=10),
    )


def outbound_payment(reference: str, at: datetime = NOW) -> Payment:
    """A Cambodian pays a Thai shop."""
    return paid_abroad("thailand", terms(), reference=reference, at=at, deadline_s=15)


def outbound_particulars(payload: str = "") -> Particulars:
    """Who is involved in :func:`outbound_payment`."""
    return Particulars(
        debtor=Party("Sok Dara", "000123456", "ABAAKHPPXXX", "Phnom Penh", "KH"),
        creditor=Party("Somchai Coffee", "0107536000315", "KASITHBK", "Bangkok", "TH"),
        end_to_end_id="E2E-000123",
        qr_payload=payload or thai_code(),
        merchant_category="5814",
        terminal_label="T01",
    )


def enquired(payment: Payment, rung: int = 1) -> Payment:
    """The same payment after some enquiries."""
    return replace(payment, state=State.UNKNOWN, rung=rung, version=payment.version + 1)


@dataclass
class SetClock:
    """A clock that stands where it is put."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nobody sleeps here: {seconds}")


SANDBOX_OPTIONS: Final = {"own_bic": PARTNER_BIC, "partner_bic": OWN_BIC}


def new_desk(keys: Keys, clock: SetClock | None = None) -> Desk:
    """The sandbox's own writer of messages, at a fixed time."""
    clock = clock or SetClock()
    ids = Ids(clock, SeededEntropy(1))
    context = SandboxContext(clock, ids, Tasks(), TcpNet(clock, {}, {}), keys, SANDBOX_OPTIONS)
    return Desk(context, THAILAND)


def credit(**changes: object) -> Credit:
    """A Thai guest pays 41,000 riel at a noodle shop for 346.87 baht."""
    made = Credit(
        transaction_id="TH20261121ITMXTHBK00000000000000009",
        uetr=UETR,
        end_to_end_id="E2E-TH-1",
        accepted_at=NOW - timedelta(milliseconds=200),
        debit=Money.parse("346.87", "THB"),
        credit=Money.parse("41000", "KHR"),
        debtor_name="Nok Suwan",
        debtor_account="1234567890",
        creditor_name="Noodle Shop",
        creditor_account="noodleshop@aclb",
        creditor_agent="ACLBKHPPXXX",
        payload="000201010211",
        quote_token="sealed-quote-token",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def inbound_payment(state: State, reason: Reason | None = None) -> Payment:
    """The payment that :func:`credit` becomes."""
    rate = Rate.parse("118.20", "THB", "KHR")
    debit = Money.parse("346.87", "THB")
    return replace(
        outbound_payment("XB5F8C1A526A2E4C1F9D0B3A7F2B1C9E10"),
        direction=Direction.INBOUND,
        channel=Channel.NETWORK,
        network="bakong",
        origin="thailand",
        terms=replace(
            terms(),
            debit=debit,
            fee=Money.parse("0", "THB"),
            source=debit,
            destination=Money.parse("41000", "KHR"),
            rate=rate,
        ),
        state=state,
        reason=reason,
    )
