"""Detached JWS: agrees with an independent library, and refuses every known confusion."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws as other
from joserfc.jwk import ECKey, OKPKey, RSAKey

from iso20022 import JwsError, JwsSigner, verify_detached
from iso20022.jws import ALGORITHMS, HEADER_CHARACTERS_MAX, PublicKey, named_key
from iso20022.signing_keys import PKCS1, PSS, sign

BODY = '{"amount":"345.00","name":"សុខ"}'.encode()
ED = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
EC = ec.derive_private_key(12345678901234567890, ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SIGNERS = {
    "EdDSA": JwsSigner(ED, "ed"),
    "Ed25519": JwsSigner(ED, "ed", algorithm="Ed25519"),
    "ES256": JwsSigner(EC, "ec"),
    "RS256": JwsSigner(RSA, "rsa"),
    "PS256": JwsSigner(RSA, "rsa", algorithm="PS256"),
}
KEYS: dict[str, PublicKey] = {"ed": ED.public_key(), "ec": EC.public_key(), "rsa": RSA.public_key()}
JWKS: dict[str, Any] = {
    "EdDSA": OKPKey.import_key(ED),
    "Ed25519": OKPKey.import_key(ED),
    "ES256": ECKey.import_key(EC),
    "RS256": RSAKey.import_key(RSA),
    "PS256": RSAKey.import_key(RSA),
}

# The independent library warns that RFC 9864 prefers the newer name.
old_name = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def refused(token: str, body: bytes = BODY, **more: Any) -> str:
    with pytest.raises(JwsError) as caught:
        verify_detached(token, body, KEYS, **more)
    return caught.value.code


def token_of(header: Any, signer: str = "EdDSA") -> str:
    """Sign an arbitrary header honestly, as a hostile but authentic sender could."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    protected = encode(raw)
    keys = {"EdDSA": ED}
    return f"{protected}..{encode(keys[signer].sign(protected.encode() + b'.' + BODY))}"


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
@pytest.mark.parametrize("unencoded", [True, False])
def test_a_token_is_verified_and_shows_its_header(algorithm: str, unencoded: bool) -> None:
    token = SIGNERS[algorithm].sign_detached(BODY, {"iat": 1}, unencoded=unencoded)

    header = verify_detached(token, BODY, KEYS)

    assert (algorithm, 1) == (header["alg"], header["iat"])
    assert refused(token, BODY + b" ") == "signature"
    assert refused(token, b"") == "signature"


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256"])
def test_signatures_are_deterministic(algorithm: str) -> None:
    signer = SIGNERS[algorithm]

    assert signer.sign_detached(BODY) == signer.sign_detached(BODY)


@old_name
@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_an_independent_library_verifies_our_token(algorithm: str) -> None:
    token = SIGNERS[algorithm].sign_detached(BODY, unencoded=False)
    head, _, signature = token.split(".")

    whole = f"{head}.{encode(BODY)}.{signature}"
    found = other.deserialize_compact(whole, JWKS[algorithm], algorithms=[algorithm])

    assert found.payload == BODY


@old_name
@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_we_verify_a_token_of_an_independent_library(algorithm: str) -> None:
    kid = {"EdDSA": "ed", "Ed25519": "ed", "ES256": "ec"}.get(algorithm, "rsa")
    whole = other.serialize_compact(
        {"alg": algorithm, "kid": kid}, BODY, JWKS[algorithm], algorithms=[algorithm]
    )
    head, _, signature = whole.split(".")

    assert kid == verify_detached(f"{head}..{signature}", BODY, KEYS)["kid"]


def test_the_public_key_cannot_be_used_as_a_shared_secret() -> None:
    pem = RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = encode(b'{"alg":"HS256","kid":"rsa"}')
    mac = hmac.new(pem, f"{head}.{encode(BODY)}".encode(), hashlib.sha256).digest()

    assert refused(f"{head}..{encode(mac)}") == "algorithm"


@pytest.mark.parametrize("name", ["none", "None", "HS256", "RS256", "ES256", "RS1", "", None, 1])
def test_an_algorithm_that_is_not_the_keys_is_refused(name: object) -> None:
    assert (
        refused(token_of({"alg": name, "kid": "ed", "b64": False, "crit": ["b64"]})) == "algorithm"
    )


def test_the_caller_can_narrow_the_algorithms() -> None:
    token = SIGNERS["RS256"].sign_detached(BODY)

    assert refused(token, algorithms={"PS256", "EdDSA"}) == "algorithm"


@pytest.mark.parametrize("kid", ["nobody", None, 7, ["ed"]])
def test_an_unknown_key_is_refused(kid: object) -> None:
    assert refused(token_of({"alg": "EdDSA", "kid": kid})) == "key"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"crit": ["exp"], "exp": 1}, "critical"),
        ({"crit": []}, "critical"),
        ({"crit": "b64", "b64": False}, "critical"),
        ({"crit": ["b64", "b64"], "b64": False}, "critical"),
        ({"crit": ["b64"]}, "critical"),
        ({"crit": ["alg"]}, "critical"),
        ({"crit": [["b64"]], "b64": False}, "critical"),
        ({"b64": False}, "critical"),
        ({"b64": "false", "crit": ["b64"]}, "critical"),
        ({"b64": 0, "crit": ["b64"]}, "critical"),
        ({"jwk": {"kty": "OKP"}}, "malformed"),
        ({"x5u": "http://127.0.0.1"}, "malformed"),
    ],
)
def test_extensions_that_are_not_understood_are_refused(header: dict[str, Any], code: str) -> None:
    assert code == refused(token_of({"alg": "EdDSA", "kid": "ed"} | header))


def test_an_extension_that_the_caller_understands_is_accepted() -> None:
    signer = SIGNERS["RS256"]
    token = signer.sign_detached(BODY, {"UPI-UUID": "1"}, critical=["UPI-UUID"])

    assert refused(token) == "critical"
    assert verify_detached(token, BODY, KEYS, understood={"UPI-UUID"})["UPI-UUID"] == "1"


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"EdDSA","kid":"ed","kid":"ec"}',
        b'{"alg":"EdDSA","kid":"ed","a":NaN}',
        b'{"alg":"EdDSA","kid":"ed","a":{"b":1,"b":2}}',
        b'["EdDSA"]',
        b'{"alg":"EdDSA"',
        b"\xff\xfe",
        b"[" * 2500,
        b"9" * 3000,
    ],
)
def test_a_header_that_is_not_one_plain_object_is_refused(header: bytes) -> None:
    assert refused(token_of(header)) == "malformed"


def test_half_a_surrogate_pair_in_a_header_is_refused() -> None:
    for header in ({"alg": "EdDSA", "kid": "\ud800"}, {"alg": "EdDSA", "kid": "ed", "\udfff": 1}):
        assert refused(token_of(header)) == "malformed"


def test_shapes_other_than_a_detached_token_are_refused() -> None:
    token = SIGNERS["EdDSA"].sign_detached(BODY)
    head, _, signature = token.split(".")
    for bad in (
        "",
        ".",
        "..",
        head,
        f"{head}.{encode(BODY)}.{signature}",
        f"{token}.",
        f"{head}=..{signature}",
        f" {token}",
        f"{token}\n",
        f"{head}..{signature}==",
        f"{'A' * (HEADER_CHARACTERS_MAX + 1)}..{signature}",
        "A" * 10**6,
        f"{head}..é",
        f"{head}..",
    ):
        assert refused(bad) == "malformed"


def test_a_signature_has_one_spelling() -> None:
    token = SIGNERS["EdDSA"].sign_detached(BODY)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    sibling = alphabet[alphabet.index(token[-1]) ^ 1]

    assert refused(token[:-1] + sibling) == "malformed"


def test_a_signature_of_another_length_is_wrong() -> None:
    head, _, signature = SIGNERS["ES256"].sign_detached(BODY).split(".")

    assert refused(f"{head}..{encode(decode(signature)[:-1])}") == "signature"
    assert refused(f"{head}..{encode(bytes(64))}") == "signature"
    assert refused(f"{head}..{encode(bytes([255]) * 64)}") == "signature"


def test_a_weak_or_unknown_key_is_not_taken() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    for key in (weak, ec.generate_private_key(ec.SECP384R1())):
        with pytest.raises(JwsError) as caught:
            JwsSigner(key, "x")
        assert caught.value.code == "algorithm"
    with pytest.raises(JwsError):
        JwsSigner(ED, "x", algorithm="RS256")


def test_reserved_members_cannot_be_added() -> None:
    reserved: list[dict[str, object]] = [{"alg": "none"}, {"jwk": {}}, {"crit": []}]
    for extra in reserved:
        with pytest.raises(JwsError):
            SIGNERS["EdDSA"].sign_detached(BODY, extra)
    with pytest.raises(JwsError):
        SIGNERS["EdDSA"].sign_detached(BODY, critical=["absent"])
    with pytest.raises(JwsError):
        SIGNERS["EdDSA"].sign_detached(BODY, {"x": "y" * HEADER_CHARACTERS_MAX})


def test_a_signature_in_der_is_refused() -> None:
    """RFC 7518 section 3.4 has r and s side by side; a DER encoding is another spelling of them."""
    head, _, signature = SIGNERS["ES256"].sign_detached(BODY).split(".")
    raw = decode(signature)
    r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))

    for bent in (encode_dss_signature(r, s), raw + b"\x00", b"\x00" + raw, raw[:32]):
        assert refused(f"{head}..{encode(bent)}") == "signature"


def test_a_signature_of_one_rsa_algorithm_is_none_of_the_other() -> None:
    for name, claimed in (("RS256", "PS256"), ("PS256", "RS256")):
        header = json.dumps({"alg": claimed, "kid": "rsa"}).encode()
        data = f"{encode(header)}.{encode(BODY)}".encode()
        signature = sign(RSA, data, PSS if name == "PS256" else PKCS1)

        assert refused(f"{encode(header)}..{encode(signature)}") == "signature"


@pytest.mark.parametrize("name", ["HS256", "HS384", "HS512"])
def test_no_form_of_a_public_key_is_a_shared_secret(name: str) -> None:
    forms = (serialization.Encoding.PEM, serialization.Encoding.DER)
    for kid, key in KEYS.items():
        head = encode(json.dumps({"alg": name, "kid": kid}).encode())
        for form in forms:
            secret = key.public_bytes(form, serialization.PublicFormat.SubjectPublicKeyInfo)
            digest = f"sha{name[2:]}"
            for data in (f"{head}.{encode(BODY)}".encode(), head.encode() + b"." + BODY):
                mac = hmac.new(secret, data, digest).digest()
                assert refused(f"{head}..{encode(mac)}") == "algorithm"


def test_encoded_and_raw_bytes_are_not_mistaken_for_each_other() -> None:
    """What was signed as base64url is not accepted as the raw bytes that spell it, nor back."""
    spelled = encode(BODY).encode()
    raw = SIGNERS["EdDSA"].sign_detached(spelled)
    coded = SIGNERS["EdDSA"].sign_detached(BODY, unencoded=False)

    assert refused(raw, BODY) == "signature"
    assert refused(coded, spelled) == "signature"


def test_a_token_names_its_key_before_it_is_verified() -> None:
    assert named_key(SIGNERS["ES256"].sign_detached(BODY)) == "ec"
    for bad in ("", "..", token_of({"alg": "EdDSA"}), token_of({"alg": "EdDSA", "kid": 1})):
        with pytest.raises(JwsError):
            named_key(bad)


@settings(max_examples=150, deadline=None, database=None)
@given(
    token=st.one_of(
        st.text(max_size=80),
        st.binary(max_size=80).map(lambda head: f"{encode(head)}..{encode(head)}"),
    )
)
def test_no_token_raises_anything_but_our_own_error(token: str) -> None:
    with pytest.raises(JwsError):
        verify_detached(token, BODY, KEYS)
