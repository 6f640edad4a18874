"""The Makefile starts anywhere: it says in one sentence what is missing, and starts at once later.

It is copied into a folder with a space in its name, where only a few plain commands are on the
path, so nothing is installed here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

TARGETS: Final = frozenset({"demo", "serve", "sandbox", "test", "check", "bench", "lock", "clean"})
FILES: Final = ("Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock")


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    """Copy what the Makefile reads into a folder with a space, with a path of plain commands."""
    folder = tmp_path / "a clean folder"
    commands = tmp_path / "commands"
    folder.mkdir()
    commands.mkdir()
    for name in FILES:
        shutil.copy(root / name, folder)
    for name in ("peers", "servers"):
        copy = folder / "tests" / name
        shutil.copytree(root / "tests" / name, copy, ignore=shutil.ignore_patterns("*.py*"))
    for name in ("sed", "expand", "touch", "rm", "find", "mkdir", "cp"):
        (commands / name).symlink_to(str(shutil.which(name)))
    return folder


def make(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in the project, without the variables of a make that may be running this test."""
    program = shutil.which("make")
    assert program is not None, "make is needed"
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    for name in ("PYTHON", "ARGS", "PORT"):
        kept.pop(name, None)
    return subprocess.run(
        [program, *arguments],
        cwd=project,
        env={**kept, "PATH": str(project.parent / "commands")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def add_python(project: Path, script: str) -> None:
    """Put a program named python3 on the path."""
    add_program(project, "python3", script)


def add_program(project: Path, name: str, script: str) -> None:
    """Put a program on the path."""
    program = project.parent / "commands" / name
    program.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    program.chmod(0o755)


def pretend_installed(project: Path) -> None:
    """Leave the stamps that a finished installation leaves."""
    (project / ".venv").mkdir()
    for stamp in ("python", "runtime", "developer", "node", "peers", "servers"):
        (project / ".venv" / f"{stamp}.stamp").touch()


def test_a_machine_without_python_is_told_so_in_one_sentence(project: Path) -> None:
    run = make(project, "demo")

    assert run.returncode != 0
    assert run.stderr.startswith("Python 3.11 or newer is needed")
    assert not (project / ".venv").exists()


def test_a_python_that_is_too_old_is_not_taken(project: Path) -> None:
    add_python(project, "exit 1")

    run = make(project, "test")

    assert run.stderr.startswith("Python 3.11 or newer is needed")


def test_a_python_without_venv_is_told_so_in_one_sentence(project: Path) -> None:
    add_python(project, '[[ "$2" != *ensurepip* ]]')

    run = make(project, "serve")

    assert run.returncode != 0
    assert run.stderr.startswith("The venv module of python3 is missing")
    assert "python3-venv" in run.stderr


def test_a_second_run_starts_at_once(project: Path) -> None:
    pretend_installed(project)

    lines = {target: make(project, "--dry-run", target).stdout for target in ("demo", "test")}

    assert lines["demo"].splitlines() == [".venv/bin/bakong-switch demo "]
    assert [line for line in lines["test"].splitlines() if "pip" in line or "npm" in line] == []


def test_a_new_lock_is_installed(project: Path) -> None:
    pretend_installed(project)
    os.utime(project / ".venv" / "runtime.stamp", (0, 0))

    planned = make(project, "--dry-run", "demo").stdout

    assert "--require-hashes --only-binary :all: --requirement requirements.lock" in planned
    assert "--no-deps --no-build-isolation --no-index --editable ." in planned


def test_without_npm_one_sentence_is_said_and_the_rest_goes_on(project: Path) -> None:
    pretend_installed(project)
    (project / ".venv" / "node.stamp").unlink()

    run = make(project, ".venv/node.stamp")

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "npm is not here: nothing is compared with the central bank's software.\n"


def test_without_a_registry_one_sentence_is_said_and_the_next_call_tries_again(
    project: Path,
) -> None:
    pretend_installed(project)
    (project / ".venv" / "node.stamp").unlink()
    add_program(project, "npm", "exit 1")

    failed = make(project, ".venv/node.stamp")
    add_program(project, "npm", "mkdir node_modules")
    tried = make(project, ".venv/node.stamp")

    assert (failed.returncode, failed.stdout.count("\n")) == (0, 1)
    assert failed.stdout.startswith("npm could not install")
    assert (tried.returncode, tried.stdout, tried.stderr) == (0, "", "")
    assert (project / ".venv" / "node" / "node_modules").is_dir()
    assert (project / ".venv" / "node.stamp").is_file()


def test_the_models_of_messages_are_installed_apart_or_missed_in_one_sentence(
    project: Path,
) -> None:
    pretend_installed(project)
    (project / ".venv" / "peers.stamp").unlink()
    programs = project / ".venv" / "bin"
    programs.mkdir()
    python = programs / "python"

    python.write_text("#!/bin/bash\nexit 1\n", encoding="utf-8")
    python.chmod(0o755)
    failed = make(project, ".venv/peers.stamp")
    python.write_text('#!/bin/bash\necho "$@" >asked\nmkdir .venv/peers\n', encoding="utf-8")
    tried = make(project, ".venv/peers.stamp")

    assert (failed.returncode, failed.stdout.count("\n")) == (0, 1)
    assert failed.stdout.startswith("pip could not install")
    assert (tried.returncode, tried.stdout, tried.stderr) == (0, "", "")
    assert (project / ".venv" / "peers.stamp").is_file()
    asked = (project / "asked").read_text(encoding="utf-8")
    for option in ("--require-hashes", "--only-binary :all:", "--target .venv/peers"):
        assert option in asked


def test_servers_are_installed_where_the_machine_has_none_or_missed_in_one_sentence(
    project: Path,
) -> None:
    pretend_installed(project)
    stamp = project / ".venv" / "servers.stamp"
    stamp.unlink()
    (project / ".venv" / "bin").mkdir()
    python = project / ".venv" / "bin" / "python"

    def run(script: str) -> subprocess.CompletedProcess[str]:
        python.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
        python.chmod(0o755)
        return make(project, ".venv/servers.stamp")

    failed = run("exit 1")
    assert (failed.returncode, failed.stdout.count("\n"), stamp.exists()) == (0, 1, False)
    assert failed.stdout.startswith("pip could not install PostgreSQL and Redis")

    run('[[ "$2" == pip ]] && echo "$@" >asked')
    asked = (project / "asked").read_text(encoding="utf-8")
    for option in ("--require-hashes", "--only-binary :all:", "--target .venv/servers"):
        assert option in asked
    assert stamp.is_file()

    stamp.unlink()
    (project / "asked").unlink()
    run("exit 0")
    assert stamp.is_file()
    assert not (project / "asked").exists()


def test_every_command_is_explained(project: Path) -> None:
    explained = dict(re.findall(r"^(\w+) +(.+)$", make(project, "help").stdout, re.MULTILINE))

    assert TARGETS - set(explained) == set()


def test_the_check_is_made_of_every_gate_and_runs_the_tests_once(project: Path) -> None:
    pretend_installed(project)

    planned = make(project, "--dry-run", "check", "test").stdout

    gates = ("ruff check", "ruff format --check", "mypy", "pytest", "coverage report")
    assert [1] * len(gates) == [planned.count(gate) for gate in gates]
