"""Key material in one folder, loaded once at the start and then only used.

Files by name: ``<name>.pem`` private keys, ``<name>.crt`` certificates, ``<name>.txt`` secrets,
``<name>.key`` symmetric keys in hexadecimal (wrapping keys by month in ``vault/``),
``<name>.pub.pem`` public keys (of members in ``members/``, of rate providers in ``providers/``). A
name that is missing refuses the start, except in the development profile, which makes throw-away
keys for the switch, its simulators, its members and its providers. It does so once: beside a
database new keys could neither read nor verify what is in it, so they are missed instead. Only a
provider may lack a key: then it cannot push its rates.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from switch.store.wrapping import COMING, FIRST, KeysAway, is_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


SYMMETRIC_BYTES: Final = 32

SEAL: Final = "seal"
VAULT: Final = "vault"
INDEX: Final = "index"
SHARED: Final = ("bakong-password.txt", "japan-secret.txt")
JOURNAL: Final = "journal"
NAMED_BY: Final = 16
"""Digits of a public key's hash that name its files."""

OVERSEER: Final = "overseer"
PROVIDERS: Final = "providers"
OPERATORS: Final = "operators"
LOCK_FILE: Final = ".lock"

Kind = TypeVar("Kind")


def replaced_name(public: bytes) -> str:
    """Name of the files that keep what is known of a journal's key that was replaced."""
    return f"{JOURNAL}-{hashlib.sha256(public).hexdigest()[:NAMED_BY]}"


class KeyMissing(KeysAway):
    """A key that the configuration needs is not in the folder; the message names the file."""


class KeyUnreadable(KeyMissing):
    """The file is there, but cannot be read or holds no key of its kind; the message names it."""


class KeyFolder:
    """Keys of one process (``switch.key_store``). All raise :class:`KeyMissing`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def require(self, names: Iterable[str]) -> None:
        """Raise :class:`KeyMissing` naming every file of ``names`` that is not there."""
        paths = [self._folder.absolute() / name for name in names]
        missing = [str(path) for path in paths if not path.exists()]
        if missing:
            raise KeyMissing(f"missing: {', '.join(missing)}")

    def path(self, file: str) -> Path:
        """Where a file of the folder is, for a library that reads files alone."""
        self.require([file])
        return self._folder / file

    def rsa_private(self, name: str) -> RSAPrivateKey:
        """The private RSA key of that name."""
        key = self._private(name)
        if isinstance(key, rsa.RSAPrivateKey):
            return key
        raise self._unreadable(f"{name}.pem", "is not an RSA key")

    def message_private(self, name: str) -> RSAPrivateKey | EllipticCurvePrivateKey:
        """The private key of that name for signing messages, RSA or P-256."""
        key = self._private(name)
        return (
            self.rsa_private(name) if isinstance(key, rsa.RSAPrivateKey) else self.ec_private(name)
        )

    def ec_private(self, name: str) -> EllipticCurvePrivateKey:
        """The private P-256 key of that name."""
        key = self._private(name)
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return key
        raise self._unreadable(f"{name}.pem", "is not a key on the curve P-256")

    def ed25519_private(self, name: str) -> Ed25519PrivateKey:
        """The private Ed25519 key of that name."""
        key = self._private(name)
        if isinstance(key, Ed25519PrivateKey):
            return key
        raise self._unreadable(f"{name}.pem", "is not an Ed25519 key")

    def ed25519_public(self, name: str) -> Ed25519PublicKey:
        """The public Ed25519 key of that name (``<name>.pub.pem``)."""
        key = self._public(name)
        if isinstance(key, Ed25519PublicKey):
            return key
        raise self._unreadable(f"{name}.pub.pem", "is not an Ed25519 key")

    def journal_publics(self) -> list[Ed25519PublicKey]:
        """The public keys that the journal was ever signed under, the present one first.

        Those of before a change of key are kept as ``journal-….pub.pem``.
        """
        before = sorted(path.name for path in self._folder.glob(f"{JOURNAL}-*.pub.pem"))
        names = [JOURNAL, *(name.removesuffix(".pub.pem") for name in before)]
        return [self.ed25519_public(name) for name in names]

    def journal_successor(self, public: bytes) -> tuple[bytes, bytes] | None:
        """Which key came after one of before, and what that one signed of it; None if unknown."""
        name = f"{replaced_name(public)}.next"
        if not (self._folder / name).exists():
            return None

        def parse(text: bytes) -> tuple[bytes, bytes]:
            following, signature = (bytes.fromhex(word) for word in text.decode().split())
            return following, signature

        return self._parsed_file(name, parse, "two numbers in hexadecimal")

    def certificate(self, name: str) -> x509.Certificate:
        """The certificate of that name: ours, or a partner's that is pinned."""
        return self._parsed_file(f"{name}.crt", x509.load_pem_x509_certificate, "a certificate")

    def secret(self, name: str) -> str:
        """A shared secret such as a password."""
        return self._parsed_file(f"{name}.txt", lambda text: text.decode().strip(), "text")

    def symmetric(self, name: str) -> bytes:
        """A 256-bit key."""

        def parse(text: bytes) -> bytes:
            key = bytes.fromhex(text.decode().strip())
            if len(key) != SYMMETRIC_BYTES:
                raise ValueError
            return key

        return self._parsed_file(f"{name}.key", parse, "a 256-bit key in hexadecimal")

    def wrapping(self) -> dict[str, bytes]:
        """The wrapping keys by name: the first, where it is still there, and those of months."""
        names = [FIRST] if (self._folder / f"{FIRST}.key").exists() else []
        found = {name: self.symmetric(name) for name in names}
        found |= {name: self.symmetric(f"{VAULT}/{name}") for name in self.months()}
        if not found:
            raise KeyMissing(f"missing: {self._folder.absolute() / FIRST}.key")
        return found | {name: self.symmetric(f"{VAULT}/{name}") for name in self.coming()}

    def months(self) -> list[str]:
        """Names of the wrapping keys that came after the first, oldest first."""
        stems = [path.stem for path in (self._folder / VAULT).glob("*.key")]
        return sorted(stem for stem in stems if is_name(stem))

    def coming(self) -> list[str]:
        """Names of the wrapping keys that are held and not yet made use of, each with its mark."""
        stems = [path.stem for path in (self._folder / VAULT).glob(f"{COMING}*.key")]
        return sorted(stem for stem in stems if is_name(stem.removeprefix(COMING)))

    def index(self) -> bytes:
        """The key that idempotency keys are found by; until it has a file, it is the first's."""
        if (self._folder / f"{INDEX}.key").exists():
            return self.symmetric(INDEX)
        return hmac.digest(self.symmetric(FIRST), b"bakong-switch commitment", hashlib.sha256)

    def naming(self) -> bytes:
        """The key that names are made under, which no network is shown and no rotation changes."""
        return hmac.digest(self.index(), b"bakong-switch names", hashlib.sha256)

    def vault_files(self) -> list[str]:
        """What of the vault must be there: the first wrapping key, or what came after it."""
        return [f"{INDEX}.key"] if self.months() else [f"{FIRST}.key"]

    def member_public(self, bic: str) -> ec.EllipticCurvePublicKey:
        """The public key that a member signs its requests under."""
        return self.public(f"members/{bic}")

    def provider_public(self, name: str) -> ec.EllipticCurvePublicKey | None:
        """The public key that a provider signs its rates under; None where there is no file."""
        if not (self._folder / f"{PROVIDERS}/{name}.pub.pem").exists():
            return None
        return self.public(f"{PROVIDERS}/{name}")

    def quoters(self, names: Iterable[str]) -> dict[str, ec.EllipticCurvePublicKey]:
        """The keys of the providers that have one; without it a provider cannot post rates."""
        found = {name: self.provider_public(name) for name in names}
        return {name: key for name, key in found.items() if key is not None}

    def operators(self) -> dict[str, ec.EllipticCurvePublicKey]:
        """The keys of the operators, by name: whoever has a file in their folder is one."""
        files = sorted((self._folder / OPERATORS).glob("operator-*.pub.pem"))
        names = [path.name.removesuffix(".pub.pem") for path in files]
        keys = {name: self.public(f"{OPERATORS}/{name}") for name in names}
        held: dict[int, str] = {}
        for name, key in keys.items():
            if held.setdefault(key.public_numbers().x, name) != name:
                # Four eyes are two people: a key is one, whatever it is called.
                raise self._unreadable(f"{OPERATORS}/{name}.pub.pem", "is another operator's key")
        return keys

    def public(self, name: str) -> ec.EllipticCurvePublicKey:
        """The public P-256 key of that name (``<name>.pub.pem``)."""
        key = self._public(name)
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            return key
        raise self._unreadable(f"{name}.pub.pem", "is not a key on the curve P-256")

    def _private(self, name: str) -> object:
        return self._parsed_file(
            f"{name}.pem",
            lambda text: serialization.load_pem_private_key(text, password=None),
            "a private key in PEM without a password",
        )

    def _public(self, name: str) -> object:
        return self._parsed_file(
            f"{name}.pub.pem", serialization.load_pem_public_key, "a public key in PEM"
        )

    def _parsed_file(self, file: str, parse: Callable[[bytes], Kind], wanted: str) -> Kind:
        try:
            return parse(self._bytes(file))
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # No chain: what a parser says may quote the file.
            raise self._unreadable(file, f"is not {wanted}") from None

    def _bytes(self, file: str) -> bytes:
        try:
            return (self._folder / file).read_bytes()
        except FileNotFoundError:
            raise KeyMissing(f"missing: {self._folder.absolute() / file}") from None
        except OSError as error:
            raise self._unreadable(file, f"cannot be read: {error.strerror}") from None

    def _unreadable(self, file: str, why: str) -> KeyUnreadable:
        return KeyUnreadable(f"{self._folder.absolute() / file}: {why}")


def public_key(text: bytes, named: str) -> Ed25519PublicKey:
    """An Ed25519 public key in PEM. Raises :class:`KeyUnreadable` with what it was ``named``."""
    try:
        key = serialization.load_pem_public_key(text)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, Ed25519PublicKey):
        return key
    raise KeyUnreadable(f"{named}: is not an Ed25519 public key in PEM")


def own_files(keys: KeyFolder, members: Iterable[str]) -> list[str]:
    """The files that every switch needs, whatever its networks need besides."""
    publics = [f"members/{bic}.pub.pem" for bic in members]
    private = [f"{JOURNAL}.pem", "switch-answers.pem", f"{OVERSEER}.pub.pem"]
    return [f"{SEAL}.key", *keys.vault_files(), *private, *publics]


def public_pem(key: ec.EllipticCurvePublicKey | Ed25519PublicKey) -> bytes:
    """A public key as its file holds it."""
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
