"""What stands for signatures says nothing of any other key, bytes, padding or signature."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA512

import adapters
from iso20022 import signing_keys
from iso20022.signing_keys import PKCS1, PSS
from switch.simulation.signatures import JournalKey, Signatures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from iso20022.signing_keys import PrivateKey

KEYS: Final[Mapping[str, Callable[[], PrivateKey]]] = {
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "rsa": lambda: rsa.generate_private_key(65_537, 2_048),
}


@pytest.mark.parametrize("kind", KEYS)
def test_only_what_was_signed_is_known(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def verifies(key: Any, signature: bytes, data: bytes, padding: Any, *, digest: Any) -> bool:
        asked.append(data)
        return signing_keys.verifies(key, signature, data, padding, digest=digest)

    monkeypatch.setattr("switch.simulation.signatures.verifies", verifies)
    key, other = KEYS[kind](), KEYS[kind]()
    known = Signatures()
    signature = known.sign(key, b"a")
    changed = signature[:-1] + bytes([signature[-1] ^ 1])

    assert known.verifies(key.public_key(), signature, b"a")
    assert asked == []
    assert not known.verifies(key.public_key(), signature, b"b")
    assert not known.verifies(other.public_key(), signature, b"a")
    assert not known.verifies(key.public_key(), changed, b"a")
    assert asked == [b"b", b"a", b"a"]

    known.forget()
    assert not known.verifies(key.public_key(), signature, b"a")
    assert known.verifies(key.public_key(), signing_keys.sign(key, b"a"), b"a")
    assert len(signature) == len(signing_keys.sign(key, b"a"))


def test_another_padding_is_another_signature() -> None:
    key = KEYS["rsa"]()
    known = Signatures()
    signature = known.sign(key, b"a", PKCS1)

    assert known.verifies(key.public_key(), signature, b"a", PKCS1)
    assert not known.verifies(key.public_key(), signature, b"a", PSS)


def test_another_digest_is_another_signature() -> None:
    key = KEYS["rsa"]()
    known = Signatures()
    signature = known.sign(key, b"a", digest=SHA512())

    assert known.verifies(key.public_key(), signature, b"a", digest=SHA512())
    assert not known.verifies(key.public_key(), signature, b"a")
    real = signing_keys.sign(key, b"a", digest=SHA512())
    assert known.verifies(key.public_key(), real, b"a", digest=SHA512())
    assert not known.verifies(key.public_key(), real, b"a")


def test_whoever_signs_with_rsa_is_stood_for() -> None:
    """Adapters sign by the module, so that a run need not compute what is a tenth of its cost."""
    direct = re.compile(r"\.(sign|verify)\((?:[^()]|\([^()]*\))*PKCS1(v15\(\))?, *(hashes\.)?SHA")
    sources = (Path(adapters.__path__[0])).rglob("*.py")

    assert [path.name for path in sources if direct.search(path.read_text("utf-8"))] == []


def test_a_block_of_the_run_is_known_and_any_other_is_verified() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    journal = JournalKey(key)
    signature = journal.sign(b"header")

    assert signature == key.sign(b"header")
    assert journal.public.public_bytes_raw() == key.public_key().public_bytes_raw()
    journal.public.verify(signature, b"header")
    journal.public.verify(key.sign(b"of before the run"), b"of before the run")
    for wrong, header in ((signature, b"another"), (bytes(64), b"header")):
        with pytest.raises(InvalidSignature):
            journal.public.verify(wrong, header)
