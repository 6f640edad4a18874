"""Tests of one group stay on one worker, so two tests never share a server at the same time.

The versions of pytest and pytest-xdist must fit each other for that, and when they do not, nothing
fails: the groups are silently ignored. So the pair is tried here on a tree of its own.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

MODULE: Final = """
import pytest

@pytest.mark.xdist_group("server")
@pytest.mark.parametrize("case", range(8))
def test_case(case):
    pass
"""


def test_a_group_stays_on_one_worker(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\nasyncio_default_fixture_loop_scope = "function"\n',
        encoding="utf-8",
    )
    (tmp_path / "test_grouped.py").write_text(MODULE, encoding="utf-8")

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-n", "2", "--dist", "loadgroup"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    workers = re.findall(r"^\[(gw\d+)\].*PASSED", run.stdout, re.MULTILINE)
    assert len(workers) == 8, run.stdout + run.stderr
    assert len(set(workers)) == 1
