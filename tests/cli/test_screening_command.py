"""Entries of lists are made from standard input; names come in and only hashes go out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.testing import CliRunner

from switch.cli.main import main
from switch.screening import ACCOUNT, NAME, digest

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "of the lists"


def test_each_line_is_an_entry_of_its_kind(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    secret = tmp_path / "keys" / "screening.txt"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    names = ["screening", "digest", "--data", str(tmp_path)]
    made = CliRunner().invoke(main, names, input="Borey Kim\n\nsokdara@abaa\n")
    accounts = CliRunner().invoke(main, [*names, "--account"], input="borey@abaa\n")
    key = SECRET.encode()

    expected = [digest(key, NAME, "borey kim"), digest(key, NAME, "SOKDARA@ABAA")]
    assert (made.exit_code, made.output.split()) == (0, expected)
    assert accounts.output.split() == [digest(key, ACCOUNT, "borey@abaa")]


def test_without_the_secret_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    made = CliRunner().invoke(
        main, ["screening", "digest", "--data", str(tmp_path)], input="Borey Kim\n"
    )

    assert (made.exit_code, "Borey" in made.output) == (2, False)
