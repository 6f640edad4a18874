"""``iso sign`` and ``iso verify``: a signature is good, is not, or the key cannot be used.

The file that ``verify`` writes is what was covered, and no more than that.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from click import Command
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from iso20022 import JwsSigner, read
from iso20022.signing_keys import PrivateKey
from switch.cli.iso_sign import sign, verify
from tests.iso20022.iso_examples import PAYMENT
from tests.iso20022.signature_parts import CERTIFICATES, EC, ENVELOPE, NAMES, OTHER_EC, RSA

AT: Final = "2026-11-21T03:00:00Z"
ED: Final = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PRIVATE: Final[dict[str, PrivateKey]] = {"rsa": RSA, "ec": EC, "ed": ED, "other": OTHER_EC}


@pytest.fixture(name="folder")
def folder_(tmp_path: Path) -> Path:
    """A folder with a message and every key; what is made goes there too."""
    for name, key in PRIVATE.items():
        (tmp_path / f"{name}.pem").write_bytes(_pem(key))
        (tmp_path / f"{name}.pub.pem").write_bytes(
            key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
    for name, certificate in CERTIFICATES.items():
        (tmp_path / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "payment.xml").write_bytes(ENVELOPE)
    return tmp_path


def _pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def run(
    command: Command, folder: Path, line: str, *more: str, given: bytes = b""
) -> tuple[int, bytes, str]:
    """Status, standard output and standard error; ``@`` stands before a name in the folder."""
    words = [re.sub("^@", f"{folder}/", word) for word in line.split()]
    result = CliRunner().invoke(command, [*words, *more], input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout_bytes, result.stderr


def verified(folder: Path, line: str, *more: str, given: bytes = b"") -> tuple[int, Any]:
    """Status and answer of ``verify``."""
    status, said, errors = run(verify, folder, line, *more, given=given)
    assert errors == ""
    return status, orjson.loads(said)


@pytest.mark.parametrize("profile", ["one", "pix"])
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_what_was_signed_verifies_and_its_parts_are_named(
    folder: Path, profile: str, kind: str
) -> None:
    line = f"@payment.xml --key @{kind}.pem --kid KH-1 --profile {profile} --output @signed.xml"
    assert run(sign, folder, line) == (0, b"", "")

    by_key = verified(folder, f"@signed.xml --key @{kind}.pub.pem")
    by_certificate = verified(folder, f"@signed.xml --cert @{kind}.crt --at {AT}")

    parts = {"one": ["message"], "pix": ["key_info", "header", "document"]}
    assert by_key == by_certificate
    assert by_key == (
        0,
        {
            "file": str(folder / "signed.xml"),
            "valid": True,
            "profile": profile,
            "algorithm": {"rsa": "rsa-sha256", "ec": "ecdsa-sha256"}[kind],
            "covered": parts[profile],
            "header": "head.001.001.02",
            "message": "pacs.008.001.08",
        },
    )


def test_only_what_was_covered_is_written(folder: Path) -> None:
    _, signed, _ = run(sign, folder, "- --key @ec.pem --kid x --profile pix", given=ENVELOPE)
    tail = signed.replace(b"</BizMsg>", b"\n\n</BizMsg>")

    status, _ = verified(folder, "- --key @ec.pub.pem --output @covered.xml", given=tail)

    covered = (folder / "covered.xml").read_bytes()
    assert status == 0
    assert b"Sgntr" not in covered
    assert read(covered, names=NAMES).values == PAYMENT


def test_pix_names_the_key_or_its_certificate(folder: Path) -> None:
    line = "@payment.xml --key @rsa.pem --kid KH-1 --profile pix"

    named, certified = run(sign, folder, line), run(sign, folder, f"{line} --cert @rsa.crt")

    assert b"<KeyName>KH-1</KeyName>" in named[1]
    assert b"<X509SerialNumber>1</X509SerialNumber>" in certified[1]
    assert b"KH-1" not in certified[1]


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [("ed", "EdDSA"), ("ed", "Ed25519"), ("ec", "ES256"), ("rsa", "RS256"), ("rsa", "PS256")],
)
def test_a_token_signs_the_bytes_of_any_file(folder: Path, kind: str, algorithm: str) -> None:
    body = b'{"any": "bytes"}\r\n'
    line = f"- --key @{kind}.pem --kid KH-1 --profile jws --algorithm {algorithm} --at {AT}"
    status, token, _ = run(sign, folder, line, given=body)
    assert status == 0

    check = f"- --key @{kind}.pub.pem --output @covered --jws"
    good, said = verified(folder, check, token.decode().strip(), given=body)
    bad, refused = verified(folder, check, token.decode().strip(), given=body + b" ")

    assert (good, said["profile"], said["algorithm"]) == (0, "jws", algorithm)
    assert said["protected"] | {"b64": False} == said["protected"]
    assert (said["protected"]["kid"], said["protected"]["iat"]) == ("KH-1", 1_795_230_000)
    assert (bad, refused["valid"], refused["code"]) == (1, False, "signature")
    assert (folder / "covered").read_bytes() == body


def test_what_is_wrong_with_a_signature_is_one_line_and_status_1(folder: Path) -> None:
    run(sign, folder, "@payment.xml --key @ec.pem --kid x --output @signed.xml")
    signed = (folder / "signed.xml").read_bytes()
    cases = {
        "DS0A": (ENVELOPE, "--key @ec.pub.pem"),
        "DS0B": (signed.replace(b"345.00", b"945.00"), "--key @ec.pub.pem"),
        "DS0D": (signed, "--cert @ec.crt --at 2036-01-01T00:00:00Z"),
        "FF01": (signed + b" " * 70_000, "--key @ec.pub.pem"),
    }
    cases |= {"DS0B ": (signed, "--key @other.pub.pem"), "FF01 ": (b"<x", "--key @ec.pub.pem")}

    for code, (raw, key) in cases.items():
        status, said = verified(folder, f"- {key} --output @covered", given=raw)
        assert (status, said["valid"], said["code"]) == (1, False, code.strip())
        assert not (folder / "covered").exists()


@pytest.mark.parametrize("bad", ["", "..", "a..b", "e30..AAAA", "x" * 10_000])
def test_a_token_that_is_none_is_status_1(folder: Path, bad: str) -> None:
    status, said = verified(folder, "@payment.xml --key @ed.pub.pem --jws", bad)

    assert (status, said["valid"], said["layer"]) == (1, False, "security")


def test_a_token_is_not_good_outside_the_period_of_its_certificate(folder: Path) -> None:
    _, token, _ = run(sign, folder, "@payment.xml --key @ec.pem --kid x --profile jws")
    line = "@payment.xml --cert @ec.crt --at {} --jws"

    good, _ = verified(folder, line.format(AT), token.decode().strip())
    bad, said = verified(folder, line.format("2036-01-01T00:00:00Z"), token.decode().strip())

    assert (good, bad, said["code"]) == (0, 1, "key")


def test_what_cannot_be_signed_is_status_1(folder: Path) -> None:
    line = "- --key @ec.pem --kid x"
    _, signed, _ = run(sign, folder, line, given=ENVELOPE)

    for raw in (signed, b"<Document/>", b"", b" " * 70_000):
        status, said, errors = run(sign, folder, line, given=raw)
        assert (status, said) == (1, b"")
        assert errors.startswith("bakong-switch: ")
        assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("@payment.xml --key @ed.pem --kid x", "Ed25519 is for jws"),
        ("@payment.xml --key @ec.pub.pem --kid x", "no private key"),
        ("@payment.xml --key @weak.pem --kid x", "RSA of 2048 bits"),
        ("@payment.xml --key @curve.pem --kid x", "on P-256"),
        ("@payment.xml --key @ec.pem --kid x --cert @rsa.crt", "is not of the key"),
        ("@payment.xml --key @ec.pem --kid x --cert @ec.pub.pem", "no certificate"),
        ("@payment.xml --key @ec.pem --kid x --algorithm ES256", "for --profile jws"),
        (f"@payment.xml --key @ec.pem --kid x --at {AT}", "for --profile jws"),
        ("@payment.xml --key @ec.pem --kid x --profile jws --algorithm RS256", "not fit"),
        ("@payment.xml --key @ec.pem --kid x --output @absent/file", "cannot be written"),
        ("@payment.xml --key @ec.pem", "--kid"),
        ("@absent.xml --key @ec.pem --kid x", "absent.xml"),
        ("@payment.xml --key @ec.pem --kid x --profile none", "profile"),
    ],
)
def test_a_key_or_option_that_does_not_fit_is_status_2(folder: Path, line: str, says: str) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    curve = ec.generate_private_key(ec.SECP384R1())
    (folder / "weak.pem").write_bytes(_pem(weak))
    (folder / "curve.pem").write_bytes(_pem(curve))

    status, said, errors = run(sign, folder, line)

    assert (status, said) == (2, b"")
    assert says in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("@payment.xml", "one of them"),
        ("@payment.xml --key @ec.pub.pem --cert @ec.crt", "one of them"),
        ("@payment.xml --key @ec.crt", "--key a public key"),
        ("@payment.xml --cert @ec.pub.pem", "--cert takes a certificate"),
        ("@payment.xml --key @ec.pem", "no certificate and no public key"),
        (f"@payment.xml --key @ec.pub.pem --at {AT}", "no period to check"),
        ("@payment.xml --key @ed.pub.pem", "Ed25519 is for --jws"),
        ("@payment.xml --key @absent.pem", "absent.pem"),
    ],
)
def test_a_key_that_cannot_judge_is_status_2(folder: Path, line: str, says: str) -> None:
    status, said, errors = run(verify, folder, line)

    assert (status, said) == (2, b"")
    assert says in errors


@pytest.mark.parametrize("kid", ["", "a\x00b", "a\nb", "a\udcff"])
@pytest.mark.parametrize("profile", ["one", "jws"])
def test_a_name_of_a_key_that_cannot_be_printed_is_status_2(
    folder: Path, kid: str, profile: str
) -> None:
    line = f"@payment.xml --key @ec.pem --profile {profile} --kid"

    status, said, errors = run(sign, folder, line, kid)

    assert (status, said) == (2, b"")
    assert "printable" in errors


def test_a_file_that_is_too_large_for_a_key_is_status_2(folder: Path) -> None:
    with (folder / "huge.pem").open("wb") as opened:
        opened.truncate(1 << 40)

    for command, line in (
        (sign, "@payment.xml --kid x --key @huge.pem"),
        (verify, "@payment.xml --key @huge.pem"),
        (verify, "@payment.xml --cert @huge.pem"),
    ):
        status, _, errors = run(command, folder, line)
        assert (status, "larger than 65536 bytes" in errors) == (2, True)


@pytest.mark.parametrize("member", ["\ud800", 10**30])
def test_a_header_that_no_answer_can_repeat_is_malformed(folder: Path, member: object) -> None:
    signer = JwsSigner(ED, "KH-1")
    token = signer.sign_detached(ENVELOPE, {"more": member})

    status, said = verified(folder, "@payment.xml --key @ed.pub.pem", "--jws", token)

    assert (status, said["code"]) == (1, "malformed")
