"""Accounts are sealed as published and as another implementation reads; all failures are one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwe, jws
from joserfc.jwk import RSAKey

from adapters.vietnam.jose import SecrecyError, decoded, encoded
from tests.adapters.vietnam.vietnam_parts import keys, ours, secrecy, theirs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ACCOUNT: Final = "0011004172839"
ALLOWED: Final = ["RSA1_5", "A256GCM", "A128GCM", "RS512", "RS256"]

DEPRECATED: Final = pytest.mark.filterwarnings("ignore:JWE algorithm .RSA1_5. is deprecated")
"""NAPAS uses it, so we must."""


def other_key(name: str) -> RSAKey:
    """A key for the other implementation."""
    return RSAKey.import_key(keys().private[name])


def sealed_by_another(text: bytes, enc: str = "A256GCM", alg: str = "RS512") -> str:
    """A token that NAPAS could have made with another implementation."""
    header = {"kid": "PK.TC.KEK", "enc": enc, "alg": "RSA1_5"}
    key = RSAKey.import_key(keys().private["switch-vietnam-kek"].public_key())
    inner = jwe.encrypt_compact(header, text, key, algorithms=ALLOWED)
    outer = {"kid": "SK.OCE.AUT", "alg": alg}
    return jws.serialize_compact(outer, inner.encode(), other_key("vietnam"), algorithms=ALLOWED)


def resigned(inner: str) -> str:
    """Any inner token under a good signature of NAPAS."""
    return theirs().signed(inner.encode())


def inner(token: str) -> list[str]:
    """The five parts of the inner token."""
    return decoded(token.split(".")[1]).decode().split(".")


def test_what_one_side_seals_the_other_opens() -> None:
    assert ours().open(theirs().seal(ACCOUNT, "x")) == ACCOUNT
    assert theirs().open(ours().seal("ប្រាក់ ទូទាត់", "x")) == "ប្រាក់ ទូទាត់"


@DEPRECATED
def test_another_implementation_reads_what_we_seal() -> None:
    token = ours().seal(ACCOUNT, "x")
    outer = jws.deserialize_compact(token, other_key("switch-vietnam"), algorithms=ALLOWED)
    opened = jwe.decrypt_compact(outer.payload, other_key("vietnam-kek"), algorithms=ALLOWED)

    assert opened.plaintext == ACCOUNT.encode()


@DEPRECATED
@pytest.mark.parametrize("enc", ["A256GCM", "A128GCM"])
@pytest.mark.parametrize("alg", ["RS512", "RS256"])
def test_what_another_implementation_seals_is_opened(enc: str, alg: str) -> None:
    assert ours().open(sealed_by_another(ACCOUNT.encode(), enc, alg)) == ACCOUNT


def test_the_same_use_is_the_same_token_and_another_use_another() -> None:
    token = ours().seal(ACCOUNT, "1 sender")

    assert token == ours().seal(ACCOUNT, "1 sender")
    others = {
        ours().seal(ACCOUNT, "2 sender"),
        ours().seal("0011004172830", "1 sender"),
        secrecy("stranger", "vietnam").seal(ACCOUNT, "1 sender"),
    }
    assert len(others | {token}) == 4
    assert len({tuple(inner(each)[1:3]) for each in others | {token}}) == 4


def test_the_headers_are_written_as_in_the_published_message(shared: Path) -> None:
    sample = json.loads(
        (shared / "samples/networks/napas/qrupi_payment.notification.json").read_bytes()
    )["recipient_account"]
    token = ours().seal(ACCOUNT, "x")

    assert decoded(token.split(".")[0]) == decoded(sample.split(".")[0])
    assert decoded(inner(token)[0]) == decoded(inner(sample)[0])
    lengths = [len(decoded(part)) for part in inner(sample)]
    assert [len(decoded(part)) for part in inner(token)][:3] == lengths[:3]
    assert len(decoded(inner(token)[4])) == lengths[4]


def changed(place: int, change: Callable[[bytes], bytes]) -> str:
    parts = inner(theirs().seal(ACCOUNT, "x"))
    parts[place] = encoded(change(decoded(parts[place])))
    return resigned(".".join(parts))


def flipped(raw: bytes) -> bytes:
    return bytes([*raw[:-1], raw[-1] ^ 1])


def bad_padding(first: bytes) -> str:
    """A key block that is no PKCS #1 v1.5 padding."""
    public = keys().private["switch-vietnam-kek"].public_key().public_numbers()
    block = int.from_bytes(first + b"\x07" * (256 - len(first)), "big")
    wrapped = pow(block, public.e, public.n).to_bytes(256, "big")
    return changed(1, lambda _: wrapped)


def wrong_key_length() -> str:
    public = keys().private["switch-vietnam-kek"].public_key()
    return changed(1, lambda _: public.encrypt(b"k" * 16, padding.PKCS1v15()))


def hidden_text() -> str:
    """Everything holds, and the text is not UTF-8."""
    key, nonce = b"k" * 32, b"n" * 12
    header = b'{"kid":"PK.SD.KEK","enc":"A256GCM","alg":"RSA1_5"}'
    sealed = AESGCM(key).encrypt(nonce, b"\xff\xfe", encoded(header).encode())
    public = keys().private["switch-vietnam-kek"].public_key()
    parts = (header, public.encrypt(key, padding.PKCS1v15()), nonce, sealed[:-16], sealed[-16:])
    return resigned(".".join(map(encoded, parts)))


def header_of(values: dict[str, object]) -> str:
    return changed(0, lambda _: json.dumps(values, separators=(",", ":")).encode())


def by_stranger() -> str:
    return secrecy("stranger", "switch-vietnam").seal(ACCOUNT, "x")


BAD: Final[dict[str, Callable[[], str]]] = {
    "nothing": lambda: "",
    "two parts": lambda: "a.b",
    "not base64": lambda: "a!.b.c",
    "too long": lambda: "a" * 10_000,
    "signed by a stranger": by_stranger,
    "for a stranger": lambda: secrecy("vietnam", "stranger").seal(ACCOUNT, "x"),
    "signature altered": lambda: theirs().seal(ACCOUNT, "x")[:-4] + "AAAA",
    "inner is no token": lambda: resigned("a.b.c"),
    "inner is no text": lambda: theirs().signed(b"\xff"),
    "key altered": lambda: changed(1, flipped),
    "key too short": lambda: changed(1, lambda raw: raw[1:]),
    "key above the modulus": lambda: changed(1, lambda raw: b"\xff" * len(raw)),
    "no padding": lambda: bad_padding(b"\x00\x01"),
    "padding without an end": lambda: bad_padding(b"\x00\x02"),
    "key of another length": wrong_key_length,
    "nonce altered": lambda: changed(2, flipped),
    "nonce too short": lambda: changed(2, lambda raw: raw[1:]),
    "text altered": lambda: changed(3, flipped),
    "tag altered": lambda: changed(4, flipped),
    "tag too short": lambda: changed(4, lambda raw: raw[1:]),
    "text is not UTF-8": hidden_text,
    "compressed": lambda: header_of({"alg": "RSA1_5", "enc": "A256GCM", "zip": "DEF"}),
    "key in clear": lambda: header_of({"alg": "dir", "enc": "A256GCM"}),
    "another padding": lambda: header_of({"alg": "RSA-OAEP", "enc": "A256GCM"}),
    "another cipher": lambda: header_of({"alg": "RSA1_5", "enc": "A256CBC-HS512"}),
    "header without a key": lambda: header_of({}),
    "header of the other cipher": lambda: header_of({"alg": "RSA1_5", "enc": "A128GCM"}),
}


@pytest.mark.parametrize("name", BAD)
def test_every_failure_is_the_same_error(name: str) -> None:
    with pytest.raises(SecrecyError) as caught:
        ours().open(BAD[name]())

    assert str(caught.value) == "an account is not sealed for us"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("alg", ["none", "HS256", "PS512", "ES256"])
def test_no_other_signature_is_taken(alg: str) -> None:
    token = theirs().seal(ACCOUNT, "x")
    head = encoded(json.dumps({"kid": "SK.OCE.AUT", "alg": alg}).encode())

    with pytest.raises(SecrecyError):
        ours().open(".".join((head, *token.split(".")[1:])))


def test_the_error_names_nothing_and_keys_are_not_shown() -> None:
    assert "RSAPrivateKey" not in repr(ours()._keys)
    assert isinstance(keys().private["vietnam"].public_key(), rsa.RSAPublicKey)
