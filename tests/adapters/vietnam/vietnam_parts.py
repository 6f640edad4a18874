"""Parts of the tests of the Vietnamese adapter: keys, a payment, requests and answers of NAPAS."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from adapters.vietnam import VietnamAdapter
from adapters.vietnam.jose import Secrecy, SecrecyKeys
from adapters.vietnam.sandbox_codes import SHOPS, write_code
from fx.money import Money, Rate
from switch.model import Channel, Direction, Particulars, Party, Payment, State, Terms
from switch.port import AdapterContext, Planning, WireAnswer
from tests.adapters.paid_abroad import number, paid_abroad

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.x509 import Certificate

NOW: Final = datetime(2026, 11, 21, 3, 15, 2, 120_000, tzinfo=UTC)
LOCAL: Final = 20261121101502
"""The same in Viet Nam, as NAPAS writes it."""
UETR: Final = "5f8c1a52-6a2e-4c1f-9d0b-3a7f2b1c9e10"
OWN, NAPAS = "970499", "970400"
OPTIONS: Final = {"own_id": OWN, "network_id": NAPAS, "name": "BAKONG SWITCH"}
REFERENCE: Final = "202611210000000042"
SHOP: Final = "104765941000012"
PAIRS: Final = (
    *("switch-vietnam", "switch-vietnam-kek", "vietnam", "vietnam-kek", "stranger"),
    "stranger-kek",
)


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


@cache
def keys() -> Keys:
    """Keys of both sides, and of a stranger; made once for a run."""
    private, certificates = {}, {}
    for name in PAIRS:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        private[name] = key
        certificates[name] = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
            .sign(key, SHA256())
        )
    return Keys(private, certificates)


@cache
def adapter() -> VietnamAdapter:
    """The adapter as the switch makes it."""
    return VietnamAdapter(AdapterContext("BKSWKHPP", "NAPAVNVX", OPTIONS, keys()))


def secrecy(own: str, partner: str) -> Secrecy:
    """The secrecy of one side of a link."""

    def public(name: str) -> RSAPublicKey:
        key = keys().certificate(name).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        return key

    private = keys().private
    return Secrecy(
        SecrecyKeys(private[own], private[f"{own}-kek"], public(partner), public(f"{partner}-kek"))
    )


def ours() -> Secrecy:
    """What the switch seals and opens with."""
    return secrecy("switch-vietnam", "vietnam")


def theirs() -> Secrecy:
    """What NAPAS seals and opens with."""
    return secrecy("vietnam", "switch-vietnam")


def planning(at: datetime = NOW, counter: int = 7, sequence: int = 42) -> Planning:
    """What dispatch gives an adapter."""
    send_by = at + timedelta(seconds=3)
    return Planning(at, number(at, counter), 1, send_by, uetr=UETR, sequence=sequence)


def terms() -> Terms:
    """65,000 dong for 10,250 riel."""
    return Terms(
        debit=Money.parse("10250", "KHR"),
        fee=Money.parse("250", "KHR"),
        source=Money.parse("10000", "KHR"),
        destination=Money.parse("65000", "VND"),
        rate=Rate.parse("6.50", "KHR", "VND"),
        rate_version="khr-vnd-1",
        quote_id="0f0e0d0c-0b0a-4908-8706-050403020100",
        quote_expires_at=NOW + timedelta(minutes=10),
    )


def outbound(**changes: object) -> Payment:
    """A Cambodian pays a Vietnamese shop."""
    made = paid_abroad("vietnam", terms(), reference=REFERENCE, at=NOW, deadline_s=30)
    return replace(made, **changes)  # type: ignore[arg-type]


def inbound(state: State = State.CREDITED, **changes: object) -> Payment:
    """A Vietnamese guest pays 41,000 riel for 270,600 dong."""
    debit = Money.parse("270600", "VND")
    paid = replace(
        terms(),
        debit=debit,
        fee=Money.parse("0", "VND"),
        source=debit,
        destination=Money.parse("41000", "KHR"),
        rate=Rate.parse("6.60", "KHR", "VND"),
    )
    return outbound(
        direction=Direction.INBOUND, channel=Channel.NETWORK, network="bakong", origin="vietnam",
        reference="XB5F8C1A526A2E4C1F9D0B3A7F2B1C9E10", terms=paid, state=state, **changes,
    )  # fmt: skip


def particulars(**changes: object) -> Particulars:
    """Who is involved in :func:`outbound`, with what the lookup handed back."""
    made = Particulars(
        debtor=Party("Sok Dara", "000123456", "ABAAKHPPXXX", "Phnom Penh", "KH"),
        creditor=Party("BUN CHA HANOI", "0011004172839", "NAPAVNVX", "HANOI", "VN"),
        end_to_end_id="E2E-000123",
        qr_payload=code(),
        merchant_category="5812",
        bill_number="HD0001",
        extra={
            "type": "QR_PUSH",
            "generation_method": "DYNAMIC",
            "receiving_institution_id": "970436",
            "merchant_id": SHOP,
            "merchant_category_code": "5812",
            "card_acceptor_id": "41000012",
            "card_acceptor_name": "BUN CHA HANOI",
            "card_acceptor_city": "HANOI",
            "card_acceptor_country": "VN",
        },
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def code(shop: str = SHOP, dong: str = "") -> str:
    """The code of a Vietnamese shop."""
    return write_code(SHOPS[shop], dong)


def signed(body: bytes, key: str = "vietnam") -> str:
    """The signature of a party over a body."""
    raw = keys().private[key].sign(body, padding.PKCS1v15(), SHA256())
    return base64.b64encode(raw).decode()


def answered(
    result: Mapping[str, Any],
    payload: Mapping[str, Any] | None = None,
    *,
    key: str = "vietnam",
    status: int = 200,
) -> WireAnswer:
    """A signed answer of NAPAS."""
    body = orjson.dumps({"result": result} | ({} if payload is None else {"payload": payload}))
    return WireAnswer(status, {"signature": signed(body, key)}, body)


def asked(
    operation: str, payload: Mapping[str, Any], *, stamp: object = LOCAL, requestor: str = NAPAS
) -> bytes:
    """The body of a request of NAPAS."""
    body = {
        "header": {
            "requestor": {"id": requestor, "name": "NAPAS"},
            "reference-id": "f452f607-433f-42b7-bdeb-b04f05abb012",
            "timestamp": stamp,
            "operation": operation,
        },
        "payload": payload,
    }
    return json.dumps(body, separators=(",", ":")).encode("utf-8", "surrogatepass")


def headers(body: bytes, path: str, key: str = "vietnam") -> dict[str, str]:
    """The headers that a request of NAPAS comes with."""
    return {
        "content-type": "application/json",
        "signature": signed(body, key),
        ":path": f"/networks/vietnam/qr/v1/{path}",
    }
