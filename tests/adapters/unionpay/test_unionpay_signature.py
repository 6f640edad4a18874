"""Both signatures: published constructions are reproduced, and one changed byte is refused."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.unionpay.signature import Claims, Field, SignatureWrong, Token
from iso20022.jws import JwsSigner
from tests.adapters.unionpay.unionpay_parts import SAMPLES, Keys, partner_token

VECTORS = SAMPLES / "signature_vectors_computed.json"
needs_samples = pytest.mark.skipif(not VECTORS.exists(), reason="the network samples are not here")
CLAIMS = Claims("0" * 32, 1_795_230_000, "39999999", "/upi/qr")
BODY = b'{"msgInfo":{"versionNo":"1.0.0"}}'


@pytest.fixture
def vectors() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(VECTORS.read_bytes())
    return found


def private(vectors: dict[str, Any]) -> RSAPrivateKey:
    key = load_pem_private_key(vectors["rsa_private_key_pem"].encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


@needs_samples
def test_the_token_of_the_vector_is_made_byte_for_byte(vectors: dict[str, Any]) -> None:
    key, vector = private(vectors), vectors["unionpay_upi_jws"]
    header = vector["protected_header"]
    claims = Claims(
        header["UPI-UUID"], int(header["UPI-TIMESTAMP"]), header["UPI-APPID"], header["UPI-REQPATH"]
    )
    token = Token(key, header["kid"], {header["kid"]: key.public_key()})
    body = vector["body"].encode()

    assert token.make(body, claims) == vector["detached_jws"]
    assert token.verify(vector["detached_jws"], body) == claims


@needs_samples
@pytest.mark.parametrize(
    ("digest_info", "name"), [(False, "a_raw_digest"), (True, "b_digest_info")]
)
def test_the_field_of_the_vector_is_made_byte_for_byte(
    vectors: dict[str, Any], *, digest_info: bool, name: str
) -> None:
    key, vector = private(vectors), vectors["unionpay_embedded"]
    signer = Field(key, key.public_key(), digest_info=digest_info)
    sealed = signer.seal(vector["to_be_signed"].encode())
    signer.verify(sealed)

    signature = orjson.loads(sealed)["certificateSignature"]["signature"]
    assert signature == vector[name]["signature_base64"]
    if not digest_info:
        assert sealed == vector["sent_body_a"].encode()


@needs_samples
def test_one_kind_of_digest_is_not_taken_for_the_other(vectors: dict[str, Any]) -> None:
    key, vector = private(vectors), vectors["unionpay_embedded"]
    unsigned = vector["to_be_signed"].encode()
    for made, read in ((True, False), (False, True)):
        sealed = Field(key, key.public_key(), digest_info=made).seal(unsigned)
        with pytest.raises(SignatureWrong):
            Field(key, key.public_key(), digest_info=read).verify(sealed)


def own(keys: Keys) -> Token:
    """A receiver who has pinned the network's key, and the network itself."""
    key = keys.rsa_private("unionpay")
    return Token(key, "kid", {"kid": key.public_key()})


@pytest.mark.parametrize("claims", [CLAIMS, Claims("u", 1_795_230_000, "39999999")])
def test_a_request_and_an_answer_verify(keys: Keys, claims: Claims) -> None:
    token = own(keys)

    assert token.verify(token.make(BODY, claims), BODY) == claims


def test_every_changed_byte_of_the_body_is_refused(keys: Keys) -> None:
    token = own(keys)
    signed = token.make(BODY, CLAIMS)
    for at in range(len(BODY)):
        changed = BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]
        with pytest.raises(SignatureWrong):
            token.verify(signed, changed)


def _altered(header: dict[str, Any]) -> str:
    text = base64.urlsafe_b64encode(orjson.dumps(header)).rstrip(b"=").decode()
    return f"{text}..AAAA"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a..b",
        "a.b.c",
        _altered({"alg": "none", "kid": "kid"}),
        _altered({"alg": "HS256", "kid": "kid"}),
        _altered({"alg": "RS256", "kid": "other"}),
        _altered({"alg": "RS256", "kid": "kid", "crit": ["UPI-UUID"], "UPI-UUID": "u"}),
    ],
)
def test_what_is_no_token_of_the_partner_is_refused(keys: Keys, token: str) -> None:
    with pytest.raises(SignatureWrong) as wrong:
        own(keys).verify(token, BODY)
    assert wrong.value.missing == (token == "")


@pytest.mark.parametrize(
    "members",
    [
        {"UPI-UUID": "u", "UPI-TIMESTAMP": "1795230000"},
        {"UPI-UUID": "u", "UPI-TIMESTAMP": "soon", "UPI-APPID": "39999999"},
        {"UPI-UUID": "u", "UPI-TIMESTAMP": 1795230000, "UPI-APPID": "39999999"},
        {"UPI-APPID": "39999999", "UPI-UUID": "u", "UPI-TIMESTAMP": "1795230000", "crit": True},
    ],
    ids=["no_institution", "no_time", "time_is_a_number", "members_not_critical"],
)
def test_a_token_without_its_members_is_refused_though_its_signature_holds(
    keys: Keys, members: dict[str, Any]
) -> None:
    critical = [] if members.pop("crit", False) else [*members]
    signer = JwsSigner(keys.rsa_private("unionpay"), "kid")
    token = signer.sign_detached(BODY, members, critical=critical, unencoded=False)
    with pytest.raises(SignatureWrong):
        own(keys).verify(token, BODY)


def test_a_token_by_a_stranger_under_the_partners_name_is_refused(keys: Keys) -> None:
    known = partner_token(keys)
    certificate = keys.certificate("unionpay")
    serial = str(certificate.serial_number)
    receiver = Token(
        keys.rsa_private("unionpay"), serial, {serial: keys.rsa_private("unionpay").public_key()}
    )

    assert receiver.verify(known.make(BODY, CLAIMS), BODY) == CLAIMS
    with pytest.raises(SignatureWrong):
        receiver.verify(partner_token(keys, "stranger").make(BODY, CLAIMS), BODY)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"signature":"00000000"}',
        b'{"signature":"AAAA","more":{"signature":"AAAA"}}',
        b'{"signature":"%%%%"}',
        b'{"signature":"AAA"}',
    ],
)
def test_a_body_without_one_good_signature_is_refused(keys: Keys, body: bytes) -> None:
    key = keys.rsa_private("unionpay")
    for digest_info in (True, False):
        with pytest.raises(SignatureWrong):
            Field(key, key.public_key(), digest_info=digest_info).verify(body)
