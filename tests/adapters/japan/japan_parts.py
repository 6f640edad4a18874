"""Parts of the tests of the Japanese adapter: a key, a payment, a code, answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

from adapters.japan import JapanAdapter
from fx.money import Money, Rate
from switch.model import Particulars, Party, Payment, Terms
from switch.port import AdapterContext, Planning, WireAnswer
from switch.qr.emv import compose, seal
from tests.adapters.paid_abroad import number, paid_abroad

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

NOW: Final = datetime(2026, 11, 21, 3, 15, 2, 120_000, tzinfo=UTC)
UETR: Final = "5f8c1a52-6a2e-4c1f-9d0b-3a7f2b1c9e10"
KEY: Final = "APIKEY"
SECRET: Final = "APISECRET"
STORE: Final = "0000000000012"
EXTRA: Final = {"merchantId": "310001000012", "storeId": "S-0012"}


class Keys:
    """One shared secret, and nothing else."""

    def rsa_private(self, name: str) -> RSAPrivateKey:
        raise KeyError(name)

    def message_private(self, name: str) -> RSAPrivateKey:
        raise KeyError(name)

    def certificate(self, name: str) -> Certificate:
        raise KeyError(name)

    def secret(self, name: str) -> str:
        assert name == "japan-secret"
        return SECRET

    def naming(self) -> bytes:
        raise KeyError


def new_adapter() -> JapanAdapter:
    """The adapter as the switch makes it."""
    return JapanAdapter(AdapterContext("BKSWKHPP", "NSTRJPJT", {"api_key": KEY}, Keys()))


def planning(at: datetime = NOW, counter: int = 7) -> Planning:
    """What dispatch gives an adapter."""
    send_by = at + timedelta(seconds=3)
    return Planning(at, number(at, counter), slot=1, send_by=send_by, uetr=UETR)


def jpqr(store: str = STORE, amount: str | None = None, currency: str = "392") -> str:
    """The code of a Japanese shop as it is printed: 59 and 60 say nothing, 64 stands second."""
    store_objects = (
        compose("00", "jp.or.paymentsjapan"),
        compose("01", store),
        compose("02", "0001"),
        compose("03", "000001"),
        compose("04", "000001"),
    )
    name = compose("00", "JA") + compose("01", "寿司本店")
    objects = (
        compose("00", "01"),
        compose("64", name),
        compose("01", "11" if amount is None else "12"),
        compose("26", "".join(store_objects)),
        compose("52", "5812"),
        compose("53", currency),
        *(() if amount is None else (compose("54", amount),)),
        compose("58", "JP"),
        compose("59", "xxx"),
        compose("60", "xxx"),
    )
    return seal("".join(objects))


def terms(yen: str = "1500", riel: str = "40125") -> Terms:
    """1,500 yen for 40,125 riel and a fee of 250."""
    source = Money.parse(riel, "KHR")
    fee = Money.parse("250", "KHR")
    return Terms(
        debit=source + fee,
        fee=fee,
        source=source,
        destination=Money.parse(yen, "JPY"),
        rate=Rate.parse("26.75", "JPY", "KHR"),
        rate_version="khr-jpy-1",
        quote_id="0f0e0d0c-0b0a-4908-8706-050403020100",
        quote_expires_at=NOW + timedelta(minutes=10),
    )


def payment(at: datetime = NOW, **changes: object) -> Payment:
    """A Cambodian pays a Japanese shop."""
    made = paid_abroad("japan", terms(), reference=UETR, at=at, deadline_s=30)
    return replace(made, **changes)  # type: ignore[arg-type]


def particulars() -> Particulars:
    """Who is involved in :func:`payment`."""
    return Particulars(
        debtor=Party("Sok Dara", "000123456", "ABAAKHPPXXX", "Phnom Penh", "KH"),
        creditor=Party("SUSHI HONTEN", "S-0012", "NSTRJPJT", "TOKYO", "JP"),
        end_to_end_id="E2E-000123",
        qr_payload=jpqr(),
        merchant_category="5812",
        extra=EXTRA,
    )


def told(code: str, data: dict[str, Any] | None = None, status: int = 200) -> WireAnswer:
    """An answer of the network."""
    body: dict[str, Any] = {"resultInfo": {"code": code, "message": "-", "codeId": "08100001"}}
    if data is not None:
        body["data"] = data
    return WireAnswer(status, {}, orjson.dumps(body))


def stands(status: str, **changes: object) -> dict[str, Any]:
    """``data`` of an answer about :func:`payment`."""
    return {
        "paymentId": "05f8c1a526a2e4c1f9d0",
        "status": status,
        "acceptedAt": 1795230902,
        "merchantPaymentId": UETR,
        "amount": {"amount": 1500, "currency": "JPY"},
        "requestedAt": 1795230902,
        "storeId": "S-0012",
        **changes,
    }
