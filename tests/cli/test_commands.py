"""What an operator can mend is said in one sentence, with the status that the command's help gives.

Every command runs in this process as it does from a shell; nothing here starts a whole switch.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from switch.config import default_folder
from switch.development_keys import make_development_keys
from switch.runtime.children import start_child
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import SystemEntropy
from tests.cli.typed_commands import MEMBER, answering, typed

if TYPE_CHECKING:
    from pathlib import Path

NO_ANSWER = (
    "bakong-switch: No answer: nothing is known about this request. It may be repeated as it was, "
    "a payment with the same --key: nothing is done twice.\n"
)


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return shutil.copytree(made, tmp_path / "data")


def call(data: Path, url: str, *more: str) -> tuple[int, str, str]:
    return typed("call", "GET", "/v1/payments/x", "--data", str(data), "--url", url, *more)


@pytest.mark.parametrize(
    "answer",
    [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"],
)
def test_lost_answer_is_neither_success_nor_failure(made: Path, answer: bytes) -> None:
    with answering(answer) as url:
        assert call(made, url) == (3, "", NO_ANSWER)


def test_nobody_there_is_told_with_what_to_do(made: Path) -> None:
    with answering(None) as url:
        said = f"No switch answers at {url}: start it with `make serve`, or name it with --url."
        assert call(made, url) == (2, "", f"bakong-switch: {said}\n")


def test_answer_is_printed_and_its_status_told(made: Path) -> None:
    for head, status in (("200 OK", 0), ("422 Unprocessable Entity", 1)):
        answer = f"HTTP/1.1 {head}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
        with answering(answer) as url:
            assert call(made, url + "/") == (status, "{}\n", f"HTTP {head[:3]}\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("GET", "v1/payments"), "PATH starts with /"),
        (("GET", "/v1/pay ments"), "PATH starts with /"),
        (("GET", "/v1", "--key", "a\nb"), "--key is visible ASCII"),
        (("POST", "/v1/scans"), "POST needs a BODY"),
        (("PUT", "/v1/rates"), "PUT needs a BODY"),
        (("PATCH", "/v1/scans"), "Invalid value for 'GET|POST|PUT': 'PATCH'"),
        (("GET", "/v1", "--url", "127.0.0.1:8080"), "--url: 127.0.0.1:8080 is not written http"),
        (("GET", "/v1", "--url", "http://a/b"), "--url: http://a/b is not written http"),
        (("GET", "/v1", "--url", "http://a:99999"), "--url: http://a:99999 has no port"),
        (("GET", "/v1", "--as", "NOBODYXXXXX"), "keys/member-NOBODYXXXXX.pem"),
        (("GET", "/v1", "--as", "nobody"), "keys/provider-nobody.pem"),
    ],
)
def test_call_that_cannot_be_sent_is_refused(
    made: Path, arguments: tuple[str, ...], says: str
) -> None:
    status, said, errors = typed("call", *arguments, "--data", str(made))
    assert (status, said) == (2, "")
    assert says in errors


def test_body_of_a_get_is_refused(made: Path, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"{}")
    status, _, errors = typed("call", "GET", "/v1", str(tmp_path / "body"), "--data", str(made))
    assert (status, "GET takes no BODY" in errors) == (2, True)


def test_help_of_call_names_the_methods() -> None:
    assert "GET|POST|PUT PATH [BODY]" in typed("call", "--help")[1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("serve", "--port", "65536"), "65536 is not in the range 0<=x<=65535"),
        (("serve", "--port", "-1"), "-1 is not in the range"),
        (("serve", "--peer", "mars=http://a:1"), "--peer mars=http://a:1: mars is none of"),
        (("serve", "--peer", "thailand"), "--peer thailand: is written NETWORK="),
        (("serve", "--peer", "thailand=8091"), "--peer thailand: 8091 is not written http"),
        (("serve", "--config", "none"), "--config: there is no folder /"),
        (("sandbox", "mars"), "mars is not a network with a simulator"),
        (("sandbox", "--port", "mars=1"), "--port mars=1: mars is none of"),
        (("sandbox", "bakong", "--port", "thailand=1"), "thailand is none of bakong"),
        (("sandbox", "--port", "thailand=65536"), "is not a number from 0 to 65535"),
        (("sandbox", "--port", "thailand=x"), "is not a number from 0 to 65535"),
        (("sandbox", "--switch", "8080"), "--switch: 8080 is not written http"),
    ],
)
def test_option_that_cannot_be_meant_is_refused_before_anything_is_made(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    data = tmp_path / "data"
    status, said, errors = typed(*arguments, "--data", str(data))
    assert (status, said, data.exists()) == (2, "", False)
    assert says in errors


def test_port_that_is_taken_is_told_with_what_to_do(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert typed("serve", "--port", str(port), "--data", str(data)) == (
            2,
            "",
            f"bakong-switch: Port {port} is taken: choose another with --port (make: PORT=8081)\n",
        )
        status, _, errors = typed(
            "sandbox", "thailand", "--port", f"thailand={port}", "--data", str(data)
        )
    assert status == 2
    assert f"Port {port} of thailand is taken: choose another with --port thailand=" in errors


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("journal", "verify")])
def test_file_that_is_no_database_is_named_and_kept(data: Path, command: tuple[str, ...]) -> None:
    (data / "switch.db").write_bytes(b"garbage" * 1000)
    said = f"bakong-switch: {data}/switch.db: is not a database of this program\n"
    assert typed(*command, "--data", str(data)) == (2, "", said)
    assert (data / "switch.db").read_bytes() == b"garbage" * 1000


def test_there_must_be_something_to_verify(data: Path) -> None:
    for says in ("there is no database", "the database is empty"):
        said = f"bakong-switch: {data}/switch.db: {says}\n"
        assert typed("journal", "verify", "--data", str(data)) == (2, "", said)
        (data / "switch.db").touch()


@pytest.mark.parametrize("heads", ["no-such-folder/heads.jsonl", "keys", "n" * 300])
def test_heads_that_can_never_be_written_end_the_start_with_their_key(
    data: Path, tmp_path: Path, heads: str
) -> None:
    config = shutil.copytree(default_folder(), tmp_path / "config")
    text = (config / "switch.toml").read_text("utf-8")
    (config / "switch.toml").write_text(text.replace("heads.jsonl", heads), "utf-8")
    make_development_keys(data / "keys", ["CADIKHPPXXX"], SystemClock(), SystemEntropy())
    status, said, why = typed("serve", "--port", "0", "--data", str(data), "--config", str(config))

    assert (status, said) == (2, "")
    assert why == (
        f"bakong-switch: switch.toml: journal.heads_file: {data / heads} can be no file\n"
    )


@pytest.mark.parametrize("url", ["postgresql://[::1/x", "postgresql://u:secret@h:99999/x"])
def test_an_address_in_the_environment_that_is_none_is_told_and_not_shown(
    data: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("BAKONG_SWITCH_STORE_URL", url)

    sentence = "is no address of a server, as postgresql://USER@HOST/DATABASE"
    assert typed("serve", "--store", "postgresql", "--port", "0", "--data", str(data)) == (
        2,
        "",
        f"bakong-switch: BAKONG_SWITCH_STORE_URL: {sentence}\n",
    )


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("sandbox",)])
def test_keys_are_not_made_anew_beside_a_database(data: Path, command: tuple[str, ...]) -> None:
    (data / "switch.db").touch()
    (data / "keys" / "vault.key").unlink()
    status, said, errors = typed(*command, "--data", str(data))
    assert (status, said) == (2, "")
    assert errors.startswith(f"bakong-switch: missing: {data}/keys/vault.key")
    assert not (data / "keys" / "vault.key").exists()


def test_damaged_key_ends_the_start_with_its_name(data: Path) -> None:
    shutil.copytree(default_folder(), data / "config")
    (data / "keys" / "journal.pem").write_bytes(b"garbage")
    said = (
        f"bakong-switch: {data}/keys/journal.pem: is not a private key in PEM without a password\n"
    )
    assert typed("serve", "--port", "0", "--data", str(data)) == (2, "", said)


def test_production_names_every_key_of_its_own_that_is_missing(tmp_path: Path) -> None:
    config = shutil.copytree(default_folder(), tmp_path / "config")
    text = (config / "switch.toml").read_text("utf-8")
    (config / "switch.toml").write_text(text.replace('"development"', '"production"'), "utf-8")
    status, _, errors = typed(
        "serve", "--port", "0", "--config", str(config), "--data", str(tmp_path / "data")
    )
    assert status == 2
    for name in ("seal.key", "vault.key", "journal.pem", f"members/{MEMBER}.pub.pem"):
        assert f"{tmp_path}/data/keys/{name}" in errors


@pytest.mark.slow
async def test_record_is_verified_by_its_public_key_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    serve = (sys.executable, "-m", "switch", "serve", "--port", "0", "--data", str(data))
    child = await start_child("switch", serve, tmp_path / "log")
    assert await child.stop() == 0
    assert (data / "switch.db").stat().st_mode & 0o777 == 0o600
    for private in (data / "keys").glob("*.pem"):
        if not private.name.endswith(".pub.pem"):
            private.unlink()
    verify = (sys.executable, "-m", "switch", "journal", "verify", "--data", str(data))

    def verified() -> tuple[int, str]:
        done = subprocess.run(verify, capture_output=True, text=True, timeout=20, check=False)
        return done.returncode, (done.stdout + done.stderr).splitlines()[-1]

    sound = verified()
    other = Ed25519PrivateKey.generate().public_key()
    pem = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (data / "keys" / "journal.pub.pem").write_bytes(pem)
    assert (sound[0], sound[1].endswith(" payments, 0 faults")) == (0, True)
    assert verified()[0] == 1
