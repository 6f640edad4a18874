"""The page about codes shows what its commands print: each is run as it stands there.

A command of the page is a line that begins with a dollar sign, continued while a line ends with a
backslash; what follows up to the next command or the end of the block is its output.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PAGE: Final = ROOT / "docs" / "network-engineer" / "qr.md"
PROGRAM: Final = f"{shlex.quote(sys.executable)} -m switch"


def shown(page: str) -> list[tuple[str, str]]:
    """Each command of the page that can be run alone, with the output that the page shows."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            last = next(n for n, line in enumerate(lines) if not line.endswith("\\"))
            command = "\n".join(lines[: last + 1])
            if " call " not in command:
                found.append((command, "\n".join(lines[last + 1 :])))
    return found


def test_commands_print_what_the_page_shows(tmp_path: Path) -> None:
    commands = shown(PAGE.read_text("utf-8"))
    assert len(commands) >= 5
    for command, output in commands:
        script = command.replace(".venv/bin/bakong-switch", PROGRAM)
        run = subprocess.run(
            ["/bin/sh", "-c", script],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert (run.stdout + run.stderr).rstrip("\n") == output, command
