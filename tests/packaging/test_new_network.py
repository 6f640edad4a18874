"""The tutorial for a new network works: its commands are run as they stand, in an empty folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PAGE: Final = "docs/network-engineer/new-network.md"
COMMAND: Final = '#!/bin/sh\nexec "{python}" -m {module} "$@"\n'


def commands(page: str) -> list[str]:
    """The lines that the page tells to type."""
    blocks = re.findall(r"^```console\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.fixture
def shell(tmp_path: Path, root: Path) -> dict[str, str]:
    """Names of commands as the page has them, and a place to install to that is nobody's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, module in (("bakong-switch", "switch"), ("pip", "pip")):
        (folder / name).write_text(COMMAND.format(python=sys.executable, module=module), "utf-8")
        (folder / name).chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PYTHONPATH": f"{root}:{tmp_path / 'site'}",
        "PIP_TARGET": str(tmp_path / "site"),
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def test_every_command_of_the_page_does_what_it_says(
    tmp_path: Path, root: Path, shell: dict[str, str]
) -> None:
    work = tmp_path / "work"
    shutil.copytree(root / "config", work / "config")
    typed = commands((root / PAGE).read_text("utf-8"))
    assert [line.split()[:3] for line in typed] == [
        ["bakong-switch", "adapter", "new"],
        ["pip", "install", "."],
        ["bakong-switch", "adapter", "check"],
        ["bakong-switch", "demo", "--network"],
    ]

    for line in typed:
        done = subprocess.run(
            line, shell=True, cwd=work, env=shell, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line[:40]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"

    again = subprocess.run(
        typed[0].replace("--config config", ""),
        shell=True, cwd=work, env=shell, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert again.returncode == 2
    assert "exists; nothing was made" in again.stderr
