"""The signature is that of the published construction, over raw bytes, under the pinned version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from adapters.alipayplus import signature
from adapters.alipayplus.link import pinned_names
from adapters.alipayplus.signature import NotSigned, Signer, Verifier
from adapters.alipayplus.wire import Unreadable, read_body


@pytest.fixture
def samples(shared: Path) -> Path:
    """The samples of the networks, where they are at hand."""
    return shared / "samples" / "networks"


@pytest.fixture
def vector(samples: Path) -> dict[str, Any]:
    """A message with its signature, and the throw-away key that made it."""
    vectors = json.loads((samples / "signature_vectors_computed.json").read_text())
    return {**vectors["alipayplus"], "key": vectors["rsa_private_key_pem"]}


def private(vector: dict[str, Any]) -> RSAPrivateKey:
    key = serialization.load_pem_private_key(vector["key"].encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


def lower(vector: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in vector["headers"].items()}


PATH = "/aps/api/v1/payments/inquiryPayment"


def test_the_vector_is_reproduced_header_by_header(vector: dict[str, Any]) -> None:
    signer = Signer(vector["headers"]["Client-Id"], "1", private(vector))
    body, at = vector["body"].encode(), vector["headers"]["Request-Time"]
    made = signer.headers(PATH, at, body, signature.REQUEST_TIME)
    content = signature.content(PATH, signer.client, at, body)

    assert content.decode() == vector["content_to_be_signed"]
    assert {**dict(made), "Content-Type": signature.CONTENT_TYPE} == vector["headers"]


def test_the_vector_verifies_and_one_byte_more_or_less_does_not(vector: dict[str, Any]) -> None:
    client, body = vector["headers"]["Client-Id"], vector["body"].encode()
    verifier = Verifier(client, {"1": private(vector).public_key()})
    at = verifier.verify(lower(vector), PATH, body, signature.REQUEST_TIME)

    assert at == vector["headers"]["Request-Time"]
    for path, other in ((PATH, body + b" "), (PATH, body.replace(b"0132", b"0133")), ("/x", body)):
        with pytest.raises(NotSigned, match="INVALID_SIGNATURE"):
            verifier.verify(lower(vector), path, other, signature.REQUEST_TIME)


def test_the_published_content_is_raw_bytes_with_a_stray_comma(samples: Path) -> None:
    text = (samples / "alipayplus/signature_content_example.txt").read_bytes()
    first, rest = text.split(b"\n", 1)
    head, body = rest.split(b"+08:00.", 1)
    client, at = head.decode().split(".", 1)
    path = first.decode().removeprefix("POST ")

    assert signature.content(path, client, f"{at}+08:00", body) == text
    with pytest.raises(Unreadable):
        read_body(body)


def test_the_version_names_the_key_and_an_unknown_one_is_told_apart(
    vector: dict[str, Any],
) -> None:
    old, new = generate_private_key(65537, 2048), private(vector)
    verifier = Verifier("us", {"1": old.public_key(), "2": new.public_key()})
    for version, key in (("1", old), ("2", new)):
        signed = dict(Signer("us", version, key).headers(PATH, "t", b"{}", "Request-Time"))
        headers = {name.lower(): value for name, value in signed.items()}
        assert verifier.verify(headers, PATH, b"{}", signature.REQUEST_TIME) == "t"
        swapped = {**headers, "signature": headers["signature"].replace(f"={version},", "=9,")}
        with pytest.raises(NotSigned, match="KEY_NOT_FOUND"):
            verifier.verify(swapped, PATH, b"{}", signature.REQUEST_TIME)
        with pytest.raises(NotSigned, match="ACCESS_DENIED"):
            verifier.verify({**headers, "client-id": "them"}, PATH, b"{}", "Request-Time")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "algorithm=RSA256,keyVersion=1",
        "algorithm=RSA512,keyVersion=1,signature=AAAA",
        "algorithm=RSA256,keyVersion=1,signature=AAAA,signature=BBBB",
        "algorithm=RSA256,keyVersion=1,signature=%%%",
        "algorithm=RSA256,keyVersion=1,signature=AAA",
        "algorithm=RSA256,keyVersion=1,signature=" + "A" * 5000,
        "keyVersion=1;algorithm=RSA256;signature=AAAA",
    ],
)
def test_a_header_that_is_built_otherwise_is_no_signature(header: str) -> None:
    with pytest.raises(NotSigned, match="INVALID_SIGNATURE"):
        signature.read(header)


def test_pinned_keys_are_listed_by_version() -> None:
    assert pinned_names("1=alipayplus, 2=alipayplus-2") == {"1": "alipayplus", "2": "alipayplus-2"}
    for bad in ("", "1", "1=", "1=a,1=b"):
        with pytest.raises(ValueError, match="pinned"):
            pinned_names(bad)
