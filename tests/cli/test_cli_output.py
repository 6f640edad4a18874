"""Every command says in one sentence that nobody takes its output: a full disk, a closed stream.

Programs are started, because the standard streams themselves are the matter. What a command shows
goes through one function, so that the few that are started here speak for all.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import click
import pytest

from switch.cli import main

ROOT = Path(__file__).resolve().parents[2]
FULL = Path("/dev/full")
COMMANDS = [[name, "--help"] for name in sorted(main.list_commands(click.Context(main)))]
NO_SPACE = "bakong-switch: standard output: No space left on device\n"
CLOSED = "bakong-switch: standard output is closed\n"


def started(arguments: list[str], stream: str) -> tuple[int, str]:
    """Status and standard error of a command whose standard output goes to a stream of a shell."""
    line = f'exec "$0" -m switch "$@" >{stream}'
    words = ["/bin/sh", "-c", line, sys.executable, *arguments]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return run.returncode, run.stderr


@pytest.mark.skipif(not FULL.exists(), reason="needs the device that is always full")
@pytest.mark.parametrize("arguments", [["--version"], ["adapter", "list"], *COMMANDS], ids=" ".join)
def test_output_that_nobody_takes_ends_with_status_2_and_one_sentence(
    arguments: list[str],
) -> None:
    assert started(arguments, str(FULL)) == (2, NO_SPACE)


def test_a_closed_stream_ends_with_status_2_and_one_sentence() -> None:
    assert started(["adapter", "list"], "&-") == (2, CLOSED)


def test_no_command_writes_a_result_past_the_one_function() -> None:
    for path in sorted((ROOT / "switch" / "cli").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("click.echo", "print"):
                assert "err" in [word.arg for word in node.keywords], f"{path.name}:{node.lineno}"
