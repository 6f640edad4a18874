"""A disk that takes no more is one sentence to whoever migrates or reads, and changes nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

BYTES = 16_384
"""Smaller than any database of ours."""


@pytest.mark.parametrize("again", [False, True])
def test_a_migration_on_a_full_disk_says_so(tmp_path: Path, *, again: bool) -> None:
    limited = (
        f"import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({BYTES}, {BYTES})); "
        f"from switch.cli import main; main(['db', 'migrate', '--data', {str(tmp_path)!r}])"
    )
    for _ in range(2 if again else 1):
        done = subprocess.run(
            [sys.executable, "-c", limited], capture_output=True, check=False, timeout=60
        )

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(f"bakong-switch: {tmp_path}/switch.db: cannot be ".encode())
    assert done.stderr.count(b"\n") == 1
