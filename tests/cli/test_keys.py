"""Keys are made once by whoever is first, never beside a database, and named when of no use."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from switch.development_keys import make_development_keys
from switch.keys import KeyFolder, KeyMissing, KeyUnreadable
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import SystemEntropy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MEMBER = "ABAAKHPPXXX"
ROUNDS = 5
# Waits for a file, so that both makers start at the same moment.
MAKER = f"""
import sys
from pathlib import Path
from switch.development_keys import make_development_keys
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import SystemEntropy
print("ready", flush=True)
for line in sys.stdin:
    make_development_keys(Path(line.strip()), ["{MEMBER}"], SystemClock(), SystemEntropy())
    print("made", flush=True)
"""


def made(folder: Path, *, may_make: bool = True) -> KeyFolder:
    make_development_keys(folder, [MEMBER], SystemClock(), SystemEntropy(), may_make=may_make)
    return KeyFolder(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a development switch, made once."""
    folder = tmp_path_factory.mktemp("made") / "keys"
    made(folder)
    return contents(folder)


@pytest.fixture
def keys(ready: dict[str, bytes], tmp_path: Path) -> Path:
    """A copy of them to spoil."""
    folder = tmp_path / "keys"
    (folder / "members").mkdir(parents=True)
    (folder / "operators").mkdir()
    for name, content in ready.items():
        (folder / name).write_bytes(content)
    return folder


def load_all(folder: Path) -> None:
    """Load each key, and find that what belongs together is together."""
    own = KeyFolder(folder)
    for name in ("seal", "vault"):
        own.symmetric(name)
    assert own.secret("bakong-password")
    for name in ("switch-thailand", "thailand"):
        public = own.certificate(name).public_key()
        assert public == own.rsa_private(name).public_key()
    raw = Encoding.Raw, PublicFormat.Raw
    journal = own.ed25519_private("journal").public_key()
    assert journal.public_bytes(*raw) == own.ed25519_public("journal").public_bytes(*raw)
    assert own.ec_private("overseer").public_key() == own.public("overseer")
    assert own.ec_private(f"member-{MEMBER}").public_key() == own.member_public(MEMBER)
    own.ec_private("switch-answers")


@contextmanager
def maker() -> Iterator[subprocess.Popen[str]]:
    """A process that makes keys in each folder it is told, and ends when told no more."""
    with subprocess.Popen(
        [sys.executable, "-c", MAKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert heard(process) == "ready\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()


def say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.slow
def test_two_processes_at_once_make_one_set_of_keys(tmp_path: Path) -> None:
    with maker() as one, maker() as two:
        for number in range(ROUNDS):
            folder = tmp_path / str(number)
            for process in (one, two):
                say(process, str(folder))
            found = [(heard(process), contents(folder)) for process in (one, two)]
            assert found[0] == found[1]
            load_all(folder)


def test_second_start_changes_nothing(keys: Path) -> None:
    before = contents(keys)
    made(keys)
    made(keys, may_make=False)
    after = contents(keys)
    after.pop(".lock", None)
    before.pop(".lock", None)
    assert before == after


def test_certificate_follows_its_key_after_a_crash_between_them(keys: Path) -> None:
    (keys / "thailand.crt").unlink()
    (keys / "switch-thailand.pem").unlink()
    made(keys)
    load_all(keys)


def test_folder_is_closed_to_others(keys: Path) -> None:
    made(keys)
    assert keys.stat().st_mode & 0o777 == 0o700
    (keys / "vault.key").unlink()
    made(keys)
    assert (keys / "vault.key").stat().st_mode & 0o777 == 0o600


def test_no_key_is_made_beside_a_database_and_each_is_named(keys: Path) -> None:
    (keys / "vault.key").unlink()
    (keys / "overseer.pem").unlink()
    with pytest.raises(KeyMissing) as caught:
        made(keys, may_make=False)
    assert str(caught.value) == f"missing: {keys}/vault.key, {keys}/overseer.pem"
    assert not (keys / "vault.key").exists()


def test_public_journal_key_of_an_older_folder_is_added_beside_a_database(keys: Path) -> None:
    (keys / "journal.pub.pem").unlink()
    made(keys, may_make=False).ed25519_public("journal")


@pytest.mark.parametrize(
    ("file", "load", "says"),
    [
        ("seal.key", lambda own: own.symmetric("seal"), "is not a 256-bit key in hexadecimal"),
        ("journal.pem", lambda own: own.ed25519_private("journal"),
         "is not a private key in PEM without a password"),
        ("journal.pub.pem", lambda own: own.ed25519_public("journal"),
         "is not a public key in PEM"),
        ("overseer.pub.pem", lambda own: own.public("overseer"), "is not a public key in PEM"),
        ("thailand.crt", lambda own: own.certificate("thailand"), "is not a certificate"),
        ("bakong-password.txt", lambda own: own.secret("bakong-password"), "is not text"),
    ],
)  # fmt: skip
def test_damaged_file_is_named_and_not_quoted(
    keys: Path, file: str, load: Callable[[KeyFolder], object], says: str
) -> None:
    for content in (b"\xffgarbage", b"-----BEGIN PRIVATE KEY-----\nAA\xff==\n-----END"):
        (keys / file).write_bytes(content)
        with pytest.raises(KeyUnreadable) as caught:
            load(KeyFolder(keys))
        assert str(caught.value) == f"{keys}/{file}: {says}"
        assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("file", "by", "load", "says"),
    [
        ("journal.pem", "overseer.pem", lambda own: own.ed25519_private("journal"), "Ed25519 key"),
        ("overseer.pem", "journal.pem", lambda own: own.ec_private("overseer"), "P-256"),
        ("thailand.pem", "journal.pem", lambda own: own.rsa_private("thailand"), "RSA key"),
        ("overseer.pub.pem", "journal.pub.pem", lambda own: own.public("overseer"), "P-256"),
        ("journal.pub.pem", "overseer.pub.pem", lambda own: own.ed25519_public("journal"),
         "Ed25519 key"),
    ],
)  # fmt: skip
def test_key_of_another_kind_is_named(
    keys: Path, file: str, by: str, load: Callable[[KeyFolder], object], says: str
) -> None:
    (keys / file).write_bytes((keys / by).read_bytes())
    with pytest.raises(KeyUnreadable, match=f"{file}: is not .*{says}"):
        load(KeyFolder(keys))


def test_file_that_may_not_be_read_says_so(keys: Path) -> None:
    (keys / "seal.key").unlink()
    (keys / "seal.key").mkdir()
    with pytest.raises(KeyUnreadable, match=r"seal\.key: cannot be read: Is a directory"):
        KeyFolder(keys).symmetric("seal")


def test_missing_file_is_named_with_its_folder(keys: Path) -> None:
    with pytest.raises(KeyMissing) as caught:
        KeyFolder(keys).member_public("CADIKHPPXXX")
    assert str(caught.value) == f"missing: {keys}/members/CADIKHPPXXX.pub.pem"


def test_a_provider_gets_a_key_beside_a_database_too_and_may_lack_one(keys: Path) -> None:
    before = contents(keys)
    clock, entropy = SystemClock(), SystemEntropy()
    make_development_keys(keys, [MEMBER], clock, entropy, providers=["acleda"], may_make=False)
    own = KeyFolder(keys)
    after = contents(keys)

    assert own.ec_private("provider-acleda").public_key() == own.provider_public("acleda")
    assert own.provider_public("wing") is None
    assert {name: after[name] for name in before} == before


def test_one_key_under_two_operators_names_is_refused(tmp_path: Path) -> None:
    """Whoever held it could approve what they proposed."""
    keys, folder = made(tmp_path), tmp_path / "operators"
    shutil.copy(folder / "operator-1.pub.pem", folder / "operator-2.pub.pem")

    with pytest.raises(KeyUnreadable, match=r"operator-2.*another operator's key"):
        keys.operators()
