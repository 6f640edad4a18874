"""Asks the central bank's own software, where Node and its package are installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
SCRIPT: Final = ROOT / "tests" / "peers" / "khqr.js"
MODULES: Final = ROOT / ".venv" / "node" / "node_modules"


def why_absent() -> str | None:
    """Say what is missing for asking, or nothing."""
    if shutil.which("node") is None:
        return "node is not here"
    if not (MODULES / "bakong-khqr").is_dir():
        return "the central bank's software is not installed: `make test` does it where npm is"
    return None


def asked(requests: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers to all requests, from one process."""
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run(
        ["node", str(SCRIPT), str(MODULES)],
        input=lines.encode(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
