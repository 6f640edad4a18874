"""``iso sign`` and ``iso verify``: one message file, one key, and what the signature covers.

Three forms: ``one`` and ``pix`` put an XML signature into ``AppHdr/Sgntr``, ``jws`` makes a token
that travels beside the file and signs its bytes as they are. The surprise: ``verify`` takes no key
from the message. The one that is given judges, and what it covered is all that is said or written.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509 import Certificate
from lxml import etree

from iso20022 import SIZE_BYTES_MAX, IsoError, JwsError, JwsSigner, XmlSigner, XmlVerifier
from iso20022.jws import ALGORITHMS, named_key, verify_detached
from iso20022.reader import parse
from iso20022.signature_profile import DS, ONE, PIX, PROFILES, XmlPublicKey, method_of
from iso20022.signing_keys import KeyUnfit, private_key, trusted_key
from switch.cli.options import printable, read_bounded, say, shown, stop, warn, write_result
from switch.cli.qr_options import MOMENT
from switch.runtime.clock import SystemClock

if TYPE_CHECKING:
    from iso20022.signing_keys import PrivateKey, PublicKey

JWS: Final = "jws"

KEY_BYTES_MAX: Final = 65_536
"""Largest file of a key or a certificate; the largest RSA key in PEM has some thirteen thousand."""

TIMELESS: Final = "without a certificate there is no period to check"

message_argument = click.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
)
key_file = click.Path(exists=True, dir_okay=False, path_type=Path)
output_option = click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the result to this file instead of standard output.",
)


@click.command("sign")
@message_argument
@click.option("--key", type=key_file, required=True, help="Private key in PEM, without password.")
@click.option(
    "--kid",
    required=True,
    callback=printable,
    help="Name under which the receiver knows the key.",
)
@click.option("--cert", type=key_file, help="Certificate of the key; pix then names it instead.")
@click.option(
    "--profile",
    type=click.Choice([*PROFILES, JWS]),
    default=ONE.name,
    show_default=True,
    help="XML signature over the whole, over three parts, or a detached token.",
)
@click.option(
    "--algorithm",
    type=click.Choice(sorted(ALGORITHMS)),
    help="For jws, where the type of the key leaves a choice (RSA: RS256 or PS256).",
)
@click.option("--at", type=MOMENT, help="Moment that jws says it was signed at (default: now).")
@output_option
def sign(
    file: Path,
    key: Path,
    kid: str,
    cert: Path | None,
    profile: str,
    algorithm: str | None,
    at: datetime | None,
    output: Path | None,
) -> None:
    """Sign the message FILE (- for standard input).

    Status 0: it is signed; 1: it is not a message that can be; 2: the key does not fit.
    """
    own = _private(key)
    certificate = _certificate(cert, own, key) if cert else None
    if profile != JWS and (algorithm or at):
        stop("--algorithm and --at are for --profile jws")
    try:
        raw = _content(file)
        if profile == JWS:
            signed = _token(own, kid, algorithm or "", at or SystemClock().now(), raw)
        else:
            signed = _xml_signer(own, certificate, profile, kid).sign(raw)
    except IsoError as error:
        warn(f"bakong-switch: {error}")
        raise SystemExit(1) from None
    write_result(signed, output)


@click.command("verify")
@message_argument
@click.option("--cert", type=key_file, help="Certificate of the signer, in PEM.")
@click.option("--key", type=key_file, help="Public key of the signer, in PEM.")
@click.option("--jws", "token", help="Detached token that came with the file.")
@click.option("--at", type=MOMENT, help="Moment at which --cert must be valid (default: now).")
@output_option
def verify(
    file: Path,
    cert: Path | None,
    key: Path | None,
    token: str | None,
    at: datetime | None,
    output: Path | None,
) -> None:
    """Verify the message FILE (- for standard input) and say what its signature covers.

    One JSON line; --output writes the part that is covered, and nothing else. Status 0: the
    signature is good; 1: it is not, and why; 2: the key cannot be used.
    """
    if (cert is None) == (key is None):
        stop("give --cert or --key, one of them")
    if at and not cert:
        stop(f"--at: {TIMELESS}")
    path = cert or key
    assert path is not None, "one of the two is given"
    trusted = _trusted(path)
    if (cert is None) == isinstance(trusted, Certificate):
        stop(f"{shown(path)}: --cert takes a certificate, --key a public key")
    moment = at or SystemClock().now()
    try:
        raw = _content(file)
        if token is None:
            said, covered = _xml_verified(trusted, path, raw, moment)
        else:
            said, covered = _token_verified(trusted, token, raw, moment), raw
    except (IsoError, JwsError) as error:
        say({"file": shown(file), "valid": False, **_why(error)})
        raise SystemExit(1) from None
    say({"file": shown(file), "valid": True, **said})
    if output:
        write_result(covered, output)


def _token(own: PrivateKey, kid: str, algorithm: str, moment: datetime, raw: bytes) -> bytes:
    try:
        signer = JwsSigner(own, kid, algorithm=algorithm)
        return signer.sign_detached(raw, {"iat": int(moment.timestamp())}).encode() + b"\n"
    except JwsError as error:
        stop(f"--algorithm or --kid: {error.detail}")


def _xml_signer(
    own: PrivateKey, certificate: Certificate | None, profile: str, kid: str
) -> XmlSigner:
    if isinstance(own, Ed25519PrivateKey):
        stop(f"--key: --profile {profile} takes RSA or ECDSA, and Ed25519 is for jws")
    return XmlSigner(own, certificate, profile=PROFILES[profile], key_name=kid)


def _xml_verified(
    trusted: Certificate | PublicKey, path: Path, raw: bytes, moment: datetime
) -> tuple[dict[str, object], bytes]:
    key = _public(trusted)
    if isinstance(key, Ed25519PublicKey):
        stop(f"{shown(path)}: an XML signature takes RSA or ECDSA, and Ed25519 is for --jws")
    # Either profile covers the header and the document, so which it is may be seen in the message.
    several = len(list(parse(raw).iter(f"{DS}Reference"))) > len(ONE.references)
    profile = PIX if several else ONE
    pinned: Certificate | XmlPublicKey = trusted if isinstance(trusted, Certificate) else key
    root = XmlVerifier(pinned, profile=profile).verify(raw, at=moment)
    names = [etree.QName(child).namespace or "" for child in root]
    said: dict[str, object] = {
        "profile": profile.name,
        "algorithm": method_of(key).rpartition("#")[2],
        "covered": [reference.part for reference in profile.references],
        "header": names[0].rpartition(":")[2],
        "message": names[1].rpartition(":")[2],
    }
    return said, etree.tostring(root, method="c14n", exclusive=True)


def _token_verified(
    trusted: Certificate | PublicKey, token: str, raw: bytes, moment: datetime
) -> dict[str, object]:
    if isinstance(trusted, Certificate) and not (
        trusted.not_valid_before_utc <= moment <= trusted.not_valid_after_utc
    ):
        raise JwsError("key", "the certificate is not valid at this time")
    header = dict(verify_detached(token, raw, {named_key(token): _public(trusted)}))
    try:
        orjson.dumps(header)
    except orjson.JSONEncodeError:
        raise JwsError("malformed", "the header holds what no answer can repeat") from None
    return {
        "profile": JWS,
        "algorithm": header["alg"],
        "covered": [f"{len(raw)} bytes"],
        "sha256": hashlib.sha256(raw).hexdigest(),
        "protected": header,
    }


def _why(error: IsoError | JwsError) -> dict[str, str]:
    if isinstance(error, JwsError):
        return {"layer": "security", "code": error.code, "path": "", "detail": error.detail}
    return {"layer": error.layer, "code": error.code, "path": error.path, "detail": error.detail}


def _certificate(path: Path, own: PrivateKey, key: Path) -> Certificate:
    certificate = _trusted(path)
    if not isinstance(certificate, Certificate):
        stop(f"--cert {shown(path)}: is a key and no certificate")
    if certificate.public_key() != own.public_key():
        stop(f"--cert {shown(path)}: is not of the key {shown(key)}")
    return certificate


def _public(trusted: Certificate | PublicKey) -> PublicKey:
    key = trusted.public_key() if isinstance(trusted, Certificate) else trusted
    assert isinstance(key, XmlPublicKey | Ed25519PublicKey), "trusted_key gives no other"
    return key


def _private(path: Path) -> PrivateKey:
    try:
        return private_key(_key_content(path))
    except KeyUnfit as error:
        stop(f"--key {shown(path)}: {error}")


def _trusted(path: Path) -> Certificate | PublicKey:
    try:
        return trusted_key(_key_content(path))
    except KeyUnfit as error:
        stop(f"{shown(path)}: {error}")


def _key_content(path: Path) -> bytes:
    content = read_bounded(path, KEY_BYTES_MAX)
    if len(content) > KEY_BYTES_MAX:
        stop(f"{shown(path)}: is larger than {KEY_BYTES_MAX} bytes and no key")
    return content


def _content(path: Path) -> bytes:
    """The bytes of the file; one that is too large is never signed or verified in part."""
    content = read_bounded(path, SIZE_BYTES_MAX)
    if len(content) > SIZE_BYTES_MAX:
        raise IsoError("security", "FF01", "/", "the message is larger than 64 KiB")
    return content
