"""Lines added to a file that is never changed otherwise, each durable before the call returns.

A line that a power cut tore stays where it is: the next one begins behind a line end of its own, so
a reader loses that one line and nothing else. Nobody but the owner may read or write the file.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from switch.runtime.private_files import FILE_MODE

if TYPE_CHECKING:
    from pathlib import Path


def append_lines(path: Path, lines: bytes) -> None:
    """Add whole lines at the end and sync them. Raises :class:`OSError`."""
    assert lines.endswith(b"\n"), "lines are whole"
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    held = os.open(path, flags, FILE_MODE)
    try:
        size = os.fstat(held).st_size
        if size and os.pread(held, 1, size - 1) != b"\n":
            lines = b"\n" + lines
        while lines:
            lines = lines[os.write(held, lines) :]
        os.fsync(held)
    finally:
        os.close(held)
