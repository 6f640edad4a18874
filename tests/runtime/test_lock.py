"""A folder has one owner at a time, and a dead owner leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from switch.runtime.lock import FolderTaken, owned_folder

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from switch.runtime.lock import owned_folder\n"
    "with owned_folder(Path(sys.argv[1])):\n"
    "    print('owned', flush=True)\n"
    "    time.sleep(60)\n"
)


def test_second_owner_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    with owned_folder(tmp_path):
        with pytest.raises(FolderTaken, match="another process"), owned_folder(tmp_path):
            pass
        with pytest.raises(FolderTaken), owned_folder(tmp_path):
            pass
    with owned_folder(tmp_path):
        pass


def test_killed_owner_owns_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(FolderTaken), owned_folder(tmp_path):
            pass
        process.kill()
        process.wait(10)

    with owned_folder(tmp_path):
        pass


def test_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), owned_folder(tmp_path / "none"):
        pass
