"""Parts that the tests of the UnionPay adapter are built from: keys, codes, payments, answers."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from adapters.unionpay import UnionPayAdapter
from adapters.unionpay.signature import Claims, Field, Token, rsa_public
from fx.money import Money, Rate
from switch.merchants import Merchants, Registration
from switch.model import Hop, Particulars, Party, Payment, Terms
from switch.port import AdapterContext, Exchange, Planning, WireAnswer
from switch.qr import Khqr, write_khqr
from switch.qr.emv import compose, seal
from switch.standings import PartyState
from tests.adapters.paid_abroad import number, paid_abroad

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

SAMPLES: Final = Path(__file__).parents[4] / "shared" / "samples" / "networks"
INSTITUTION: Final = "39999999"
CARD: Final = "6292610358444335641"
NOW: Final = datetime(2026, 11, 22, 3, 15, 2, 120_000, tzinfo=UTC)
UETR: Final = "5f8c1a52-6a2e-4c1f-9d0b-3a7f2b1c9e10"
LINK: Final = "https://qr.95516.com/00010000/0101332200773883927802088521877"


def emv(
    amount: str | None = None,
    mid: str = "500015658120001",
    changes: Mapping[str, str] | None = None,
) -> str:
    """The code of a Chinese shop, with a fixed amount of yuan or without."""
    labels = "".join(compose(tag, value) for tag, value in (("01", "B-17"), ("07", "88888888")))
    tags = {
        "00": "01",
        "01": "11" if amount is None else "12",
        "15": f"2500015600020156{mid}",
        "52": "5812",
        "53": "156",
        "58": "CN",
        "59": "Kunming Noodles",
        "60": "Kunming",
        "62": labels,
        **({} if amount is None else {"54": amount}),
        **(changes or {}),
    }
    return seal("".join(compose(tag, tags[tag]) for tag in sorted(tags)))


def khqr(
    account: str = "noodleshop@aclb",
    mid: str = "ACLB10002312081",
    amount: str | None = None,
    now: datetime = NOW,
) -> str:
    """A KHQR that UnionPay cardholders can pay: object 15 beside the Bakong account."""
    return write_khqr(
        Khqr(
            account=account,
            merchant_name="Noodle Shop",
            merchant_city="Phnom Penh",
            category="5812",
            amount=None if amount is None else Money.parse(amount, "KHR"),
            created_at=None if amount is None else now,
            expires_at=None if amount is None else now + timedelta(minutes=10),
            unionpay=f"1974011600520446{mid}",
        )
    )


def planning(at: datetime = NOW, counter: int = 7) -> Planning:
    """What dispatch gives an adapter."""
    return Planning(at, number(at, counter), slot=1, send_by=at + timedelta(seconds=3))


def key_pair(name: str, serial: int) -> tuple[RSAPrivateKey, Certificate]:
    """An RSA key with a certificate that it signed itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(serial)
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
    names = ("switch-unionpay", "unionpay", "stranger")
    pairs = {name: key_pair(name, 1_555_570_302 + at) for at, name in enumerate(names)}
    return Keys(
        {name: pair[0] for name, pair in pairs.items()},
        {name: pair[1] for name, pair in pairs.items()},
    )


ACTIVE, SUSPENDED = PartyState.ACTIVE, PartyState.SUSPENDED
REGISTRY: Final = Merchants(
    Registration("unionpay", mid, account, bank, currency, ACTIVE if eligible else SUSPENDED)
    for mid, account, bank, currency, eligible in (
        ("ACLB10002312081", "noodleshop@aclb", "ACLBKHPPXXX", "KHR", True),
        ("WING10002312084", "dollars@wing", "WIGCKHPPXXX", "USD", True),
        ("CADI10002312085", "stall@cadi", "CADIKHPPXXX", "KHR", False),
    )
)


def new_adapter(keys: Keys, **options: str) -> UnionPayAdapter:
    """The adapter as the switch makes it."""
    settings = {"ins_id": INSTITUTION, "token": CARD, **options}
    return UnionPayAdapter(AdapterContext("BKSWKHPP", "UPIXCNSH", settings, keys, REGISTRY))


def sample(name: str) -> dict[str, Any]:
    """A real message."""
    found: dict[str, Any] = orjson.loads((SAMPLES / "unionpay" / name).read_bytes())
    return found


def terms(yuan: str = "345.00", dollars: str = "48.46", code: str = "CNY") -> Terms:
    """345.00 CNY for 48.46 USD for 195,343 KHR, and 250 KHR of fee."""
    source = Money.parse("195343", "KHR")
    paid, billed = Money.parse(yuan, code), Money.parse(dollars, "USD")
    rate = Rate.parse("4031", "USD", "KHR")
    second = Rate.parse("7.1200", "USD", code)
    hops = (
        Hop("acleda", "ACLBKHPPXXX", source, billed, rate, "khr-usd-1"),
        Hop("unionpay", "NBCOKHPPXXX", billed, paid, second, "", "A3999999920261122"),
    )
    return Terms(
        debit=Money.parse("195593", "KHR"),
        fee=Money.parse("250", "KHR"),
        source=source,
        destination=paid,
        rate=rate,
        rate_version="",
        quote_id="0f0e0d0c-0b0a-4908-8706-050403020100",
        quote_expires_at=NOW + timedelta(minutes=5),
        hops=hops,
    )


def outbound_payment(reference: str, at: datetime = NOW, **changes: object) -> Payment:
    """A Cambodian pays a Chinese shop."""
    made = paid_abroad(
        "unionpay", terms(), reference=reference, at=at, deadline_s=30, fee_taker="BKSWKHPPXXX",
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def particulars(payload: str = "") -> Particulars:
    """Who is involved in :func:`outbound_payment`."""
    return Particulars(
        debtor=Party("Sok Dara", "sokdara@abaa", "ABAAKHPPXXX", "Phnom Penh", "KH"),
        creditor=Party("Kunming Noodles", "500015658120001", "UPIXCNSH", "Kunming", "CN"),
        end_to_end_id="E2E-000123",
        qr_payload=payload or emv(),
        merchant_category="5812",
        extra={"inquiry": "A3999999920190808110302170477"},
    )


def partner_token(keys: Keys, name: str = "unionpay") -> Token:
    """Signs in a header as the network, or as somebody else under the network's name."""
    certificate = keys.certificate("unionpay")
    public = {"unused": rsa_public(certificate)}
    return Token(keys.rsa_private(name), str(certificate.serial_number), public)


def header_of(keys: Keys, body: bytes, claims: Claims, name: str = "unionpay") -> dict[str, str]:
    """The headers of a message of the network."""
    return {"upi-jws": partner_token(keys, name).make(body, claims)}


def claims_of(exchange: Exchange, **changes: object) -> Claims:
    """The claims that an answer to this exchange carries."""
    token = dict(exchange.headers)["UPI-JWS"]
    header = orjson.loads(_decoded(token.partition(".")[0]))
    made = Claims(header["UPI-UUID"], int(header["UPI-TIMESTAMP"]), INSTITUTION)
    return replace(made, **changes)  # type: ignore[arg-type]


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def answer_to(
    keys: Keys,
    exchange: Exchange,
    values: Mapping[str, object],
    code: str = "00",
    *,
    name: str = "unionpay",
    status: int = 200,
    info: Mapping[str, object] | None = None,
    claims: Claims | None = None,
) -> WireAnswer:
    """A signed answer of the network to a planned request."""
    content = {
        "msgInfo": {**orjson.loads(exchange.body)["msgInfo"], **(info or {})},
        "trxInfo": dict(values),
        "msgResponse": {"responseCode": code, "responseMsg": "told"},
    }
    body = orjson.dumps(content)
    headers = header_of(keys, body, claims or claims_of(exchange), name)
    return WireAnswer(status, headers, body)


def embedded_answer(
    keys: Keys, exchange: Exchange, values: Mapping[str, object], *, digest_info: bool
) -> WireAnswer:
    """The same with the signature inside."""
    certificate = keys.certificate("unionpay")
    content = {
        "msgInfo": orjson.loads(exchange.body)["msgInfo"],
        "trxInfo": dict(values),
        "msgResponse": {"responseCode": "00", "responseMsg": "Approved"},
        "certificateSignature": {
            "umpsSignCertID": str(certificate.serial_number),
            "signature": "00000000",
        },
    }
    signer = Field(keys.rsa_private("unionpay"), rsa_public(certificate), digest_info=digest_info)
    return WireAnswer(200, {}, signer.seal(orjson.dumps(content)))
