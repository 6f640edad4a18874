"""Throw-away keys for a trial of the switch: its own, its members', its simulators' and operators'.

They are made once: beside a database new keys could neither read nor verify what is in it, so they
are missed instead. The surprise: processes that start together wait for each other here, so that
all of them find the same keys.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import NameOID

from switch.keys import (
    JOURNAL,
    LOCK_FILE,
    OPERATORS,
    OVERSEER,
    PROVIDERS,
    SEAL,
    SHARED,
    SYMMETRIC_BYTES,
    KeyFolder,
    public_pem,
)
from switch.runtime.lock import waiting_lock
from switch.runtime.private_files import private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Entropy

RSA_BITS: Final = 2048
PASSWORD_BYTES: Final = 12
CERTIFICATE_DAYS: Final = 3650

ON_DUTY: Final = ("operator-1", "operator-2")
"""The operators of a trial: two, because one of them proposes and another approves."""

CERTIFIED: Final = ("switch-thailand", "thailand")
"""RSA key pairs with certificates, of both sides of a link: ours begin with ``switch-``.

A pair of each side for any other network of the configuration is made too.
"""

WITHOUT_CERTIFICATES: Final = frozenset({"bakong", "japan"})
"""Networks that know us by a password or a secret."""

SEALED: Final = frozenset({"vietnam"})
"""Networks where accounts are sealed: a second pair of each side, named ``…-kek``."""


def make_development_keys(
    folder: Path,
    members: Iterable[str],
    clock: Clock,
    entropy: Entropy,
    *,
    providers: Iterable[str] = (),
    networks: Iterable[str] = (),
    may_make: bool = True,
) -> None:
    """Make the keys that are missing for a trial of the switch with its simulators.

    Processes that start at the same time wait for each other here, so all find the same keys.
    Without ``may_make`` only what follows from a private key is written. Raises
    :class:`KeyMissing`.
    """
    names, quoters = list(members), list(providers)
    private_folder(folder)
    private_folder(folder / "members")
    private_folder(folder / PROVIDERS)
    private_folder(folder / OPERATORS)
    with waiting_lock(folder / LOCK_FILE):
        if not may_make:
            KeyFolder(folder).require(_secret_files(folder, names))
        _make_secrets(folder, names, entropy)
        # What a provider or a network signs is verified when it comes, and what is in the database
        # has been, so a new key spoils nothing there.
        signers = {f"{PROVIDERS}/{name}": f"provider-{name}" for name in quoters}
        signers |= {f"{OPERATORS}/{name}": name for name in ON_DUTY}
        _make_ec(folder, signers.values())
        pairs = _pairs(networks)
        _make_certified(folder, pairs)
        _certify(folder, pairs, clock)
        _derive(folder, names, clock)
        _derive_public(folder, signers)


def _pairs(networks: Iterable[str]) -> list[str]:
    """Both sides' keys of each network that is known by its certificate."""
    known = [name for name in networks if name not in WITHOUT_CERTIFICATES]
    known += [f"{name}-kek" for name in known if name in SEALED]
    return [name for network in known for name in (f"switch-{network}", network)]


def _ec_names(members: Sequence[str]) -> list[str]:
    return ["switch-answers", OVERSEER, *(f"member-{bic}" for bic in members)]


def _symmetric_files(folder: Path) -> list[str]:
    return [f"{SEAL}.key", *KeyFolder(folder).vault_files()]


def _secret_files(folder: Path, members: Sequence[str]) -> list[str]:
    private = (JOURNAL, *CERTIFIED, *_ec_names(members))
    return [*_symmetric_files(folder), *SHARED, *(f"{name}.pem" for name in private)]


def _make_secrets(folder: Path, members: Sequence[str], entropy: Entropy) -> None:
    for name in _symmetric_files(folder):
        if not (folder / name).exists():
            write_private(folder / name, entropy.bytes(SYMMETRIC_BYTES).hex().encode())
    for name in SHARED:
        if not (folder / name).exists():
            write_private(folder / name, entropy.bytes(PASSWORD_BYTES).hex().encode())
    if not (folder / f"{JOURNAL}.pem").exists():
        write_private(folder / f"{JOURNAL}.pem", _pem(Ed25519PrivateKey.generate()))
    _make_certified(folder, CERTIFIED)
    _make_ec(folder, _ec_names(members))


def _make_certified(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        if not (folder / f"{name}.pem").exists():
            # First the certificate goes, so a crash cannot leave it beside a key of another run.
            (folder / f"{name}.crt").unlink(missing_ok=True)
            key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
            write_private(folder / f"{name}.pem", _pem(key))


def _make_ec(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        if not (folder / f"{name}.pem").exists():
            write_private(folder / f"{name}.pem", _pem(ec.generate_private_key(ec.SECP256R1())))


def _derive(folder: Path, members: Sequence[str], clock: Clock) -> None:
    """Write what follows from the private keys: certificates and public keys."""
    own = KeyFolder(folder)
    _certify(folder, CERTIFIED, clock)
    _write_public(folder, JOURNAL, own.ed25519_private(JOURNAL).public_key())
    publics = {OVERSEER: OVERSEER, **{f"members/{bic}": f"member-{bic}" for bic in members}}
    _derive_public(folder, publics)


def _certify(folder: Path, names: Iterable[str], clock: Clock) -> None:
    own = KeyFolder(folder)
    for name in names:
        if not (folder / f"{name}.crt").exists():
            certificate = _certificate(name, own.message_private(name), clock)
            write_private(folder / f"{name}.crt", certificate)


def _derive_public(folder: Path, names: Mapping[str, str]) -> None:
    """Write the public part of P-256 keys; the values are names of private ones."""
    own = KeyFolder(folder)
    for public, private in names.items():
        _write_public(folder, public, own.ec_private(private).public_key())


def _write_public(
    folder: Path, name: str, key: ec.EllipticCurvePublicKey | Ed25519PublicKey
) -> None:
    path, content = folder / f"{name}.pub.pem", public_pem(key)
    if not path.exists() or path.read_bytes() != content:
        write_private(path, content)


def _pem(key: RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _certificate(name: str, key: RSAPrivateKey | EllipticCurvePrivateKey, clock: Clock) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)
