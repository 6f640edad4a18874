"""An answer is believed under a pinned certificate that has expired (decision 65)."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from adapters.iso_profile.sandbox_messages import StatusOf
from switch.port import WireAnswer
from tests.adapters.thailand.thailand_parts import UETR, Keys, new_adapter, new_desk, new_keys


def test_what_a_network_answered_is_known_after_its_certificate_expired() -> None:
    keys = new_keys()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "thailand")])
    expired = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
        .public_key(key.public_key())
        .not_valid_before(datetime(2019, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 1, tzinfo=UTC))
        .sign(key, SHA256())
    )  # fmt: skip
    keys = Keys({**keys.private, "thailand": key}, {**keys.certificates, "thailand": expired})
    desk = new_desk(keys)
    body = desk.status(StatusOf("TH-1", "TH-2", UETR, "ACSC")).body

    assert new_adapter(keys)._opened(WireAnswer(200, {}, body)) is not None
