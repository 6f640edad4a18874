"""Entries of lists are made from standard input; names come in and only hashes go out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from switch.cli.main import main
from switch.screening import ACCOUNT, NAME, digest

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "of the lists"


def with_secret(folder: Path) -> list[str]:
    """The command on a data folder that has the secret."""
    (folder / "keys").mkdir(mode=0o700)
    secret = folder / "keys" / "screening.txt"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    return ["screening", "digest", "--data", str(folder)]


def test_each_line_is_an_entry_of_its_kind(tmp_path: Path) -> None:
    names = with_secret(tmp_path)
    made = CliRunner().invoke(main, names, input="Borey Kim\n\nsokdara@abaa\n")
    accounts = CliRunner().invoke(main, [*names, "--account"], input="borey@abaa\n")
    key = SECRET.encode()

    expected = [digest(key, NAME, "borey kim"), digest(key, NAME, "SOKDARA@ABAA")]
    assert (made.exit_code, made.output.split()) == (0, expected)
    assert accounts.output.split() == [digest(key, ACCOUNT, "borey@abaa")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("Borey\nJosé Garcia\n".encode("latin-1"), "line 2: is not UTF-8"),
        (b"Borey\n---\n", "line 2: has no letter and no digit"),
    ],
)
def test_a_line_that_nobody_would_ever_meet_is_no_entry(
    tmp_path: Path, content: bytes, why: str
) -> None:
    made = CliRunner().invoke(main, with_secret(tmp_path), input=content)

    assert made.exit_code == 2
    assert why in made.output
    assert digest(SECRET.encode(), NAME, "Borey") in made.output


def test_the_mark_that_some_programs_put_first_is_no_letter(tmp_path: Path) -> None:
    made = CliRunner().invoke(main, with_secret(tmp_path), input=b"\xef\xbb\xbfBorey Kim\n")

    assert made.output.split() == [digest(SECRET.encode(), NAME, "borey kim")]


def test_without_the_secret_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    made = CliRunner().invoke(
        main, ["screening", "digest", "--data", str(tmp_path)], input="Borey Kim\n"
    )

    assert (made.exit_code, "Borey" in made.output) == (2, False)
