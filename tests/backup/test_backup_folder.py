"""A copy that has nowhere to go is refused in one sentence, before anything is copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.testing import CliRunner

from switch.cli.backup import command

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "copy.db"
    said = CliRunner().invoke(command, [str(target), "--data", str(tmp_path)])

    assert said.exit_code == 2
    assert said.stderr.endswith(f"{target}: there is no such folder\n")
    assert said.stdout == ""
