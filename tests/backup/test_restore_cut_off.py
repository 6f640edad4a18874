"""A restore that fails half-way leaves what stood there, or a folder in which no switch starts.

Commands as processes on a disk that is full, or killed between two steps; then the switch, the
migration and the operator's commands on what is left. None of them makes an empty ledger of it.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Final

import orjson
import pytest
from click.testing import CliRunner

from switch.backup import COMING, back_up, bring_back
from switch.cli import main
from switch.config import default_folder, load_config
from switch.data_folder import LOSS_FILE, RestoreCutOff
from switch.loss_file import read_loss
from switch.own_keys import keys_of
from switch.runtime.clock import SystemClock
from switch.server import Place, start
from switch.store.sqlite import SqliteEngine, migrate_file
from tests.switch_core.core_values import capped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SLOT: Final = 1
ROOM: Final = 100_000
"""Bytes that a file may have on the full disk: less than a database, more than a mark."""

KILLED: Final = """
import os, sys
from pathlib import Path
from switch import backup
from switch.cli import main
backup._move_aside = lambda *given, aside=backup._move_aside: (aside(*given), os._exit(9))
main(sys.argv[1:])
"""
"""The command, killed when what stood there is moved and the copy is not in its place."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with keys and a database of one block; beside it a backup of it."""
    folder = tmp_path / "var"
    keys = keys_of(load_config(default_folder()), folder, may_make=True)
    sign = keys.ed25519_private("journal").sign
    path = str(folder / "switch.db")
    with closing(SqliteEngine(path, clock=SystemClock(), sign=sign, slot=SLOT)) as engine:
        engine.execute([capped(7)])
    back_up(folder, tmp_path / "copy.db", SLOT)
    return folder


def run(data: Path, *words: str, script: str = "", room: int = 0) -> tuple[int, str, str]:
    """A process of a command, perhaps where no file may be larger than ``room``."""

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    program = ("-c", script) if script else ("-m", "switch")
    ended = subprocess.run(
        (sys.executable, *program, *words, "--data", str(data)),
        preexec_fn=full if room else None,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def command(data: Path, *words: str) -> tuple[int, str, str]:
    """A command, in this process."""
    ended = CliRunner().invoke(main, (*words, "--data", str(data)))
    return ended.exit_code, ended.stdout, ended.stderr


def cut_off(data: Path) -> None:
    """Kill a restore between its last two steps."""
    copy = str(data.parent / "copy.db")
    ended = run(data, "restore", "from", copy, "--replace", script=KILLED)
    assert ended[0] == 9, ended
    assert not (data / "switch.db").exists()


def test_on_a_full_disk_what_stood_there_still_stands(data: Path) -> None:
    stood = (data / "switch.db").read_bytes()
    names = sorted(path.name for path in data.iterdir())
    copy = str(data.parent / "copy.db")
    status, _, said = run(data, "restore", "from", copy, "--replace", room=ROOM)

    assert (status, said.count("\n")) == (2, 1)
    assert "cannot be written" in said
    assert (data / "switch.db").read_bytes() == stood
    assert sorted(path.name for path in data.iterdir() if path.name != "lock") == [
        name for name in names if name != "lock"
    ]


async def served(data: Path) -> str:
    """What a start says."""
    try:
        running = await start(load_config(default_folder()), Place(data, 0))
    except RestoreCutOff as refused:
        return str(refused)
    await running.close()
    return ""


def commanded(*words: str) -> Callable[[Path], str]:
    """What a command says that ends with status 2."""

    def said(data: Path) -> str:
        status, out, sentence = command(data, *words)
        return sentence if (status, out) == (2, "") else ""

    return said


@pytest.mark.parametrize("empty", [False, True])
def test_a_folder_with_a_restore_that_was_cut_off_is_refused_by_everybody(
    data: Path, *, empty: bool
) -> None:
    cut_off(data)
    if empty:
        (data / "switch.db").touch()
    before = sorted(path.name for path in data.iterdir())
    asked: tuple[Callable[[Path], str], ...] = (
        lambda folder: asyncio.run(served(folder)),
        commanded("db", "migrate"),
        commanded("restore", "status"),
        commanded("restore", "done"),
    )
    for each in asked:
        assert "a restore was cut off. Run `bakong-switch restore from` again" in each(data)
    assert sorted(path.name for path in data.iterdir()) == before
    assert COMING in before


def test_a_restore_that_was_cut_off_is_run_again(data: Path) -> None:
    cut_off(data)
    copy = str(data.parent / "copy.db")
    status, out, _ = command(data, "restore", "from", copy)

    assert (status, orjson.loads(out)["blocks"]) == (0, 1)
    assert not (data / COMING).exists()
    assert command(data, "restore", "status")[0] == 0
    assert asyncio.run(served(data)) == ""
    loss = read_loss(data)
    assert loss is not None
    assert not loss.done
    assert len(list(data.glob("before-*/switch.db"))) == 1


@pytest.mark.parametrize("blocks", [False, True])
def test_an_empty_ledger_in_the_place_of_what_came_back_is_no_end_of_a_loss(
    data: Path, *, blocks: bool
) -> None:
    bring_back(data.parent / "copy.db", data, SLOT, SystemClock().now(), replace=True)
    (data / "switch.db").unlink()
    migrate_file(str(data / "switch.db"))
    if blocks:
        asyncio.run(served(data))
    for word in ("status", "done"):
        status, out, said = command(data, "restore", word)
        assert (status, out) == (2, "")
        assert "an empty one stands in its place" in said

    assert orjson.loads((data / LOSS_FILE).read_bytes())["done"] is False


def test_a_copy_without_its_manifest_is_told_to_be_one(data: Path) -> None:
    copy, manifest = data.parent / "copy.db", data.parent / "copy.db.json"
    words = ("restore", "from", str(copy), "--replace")
    compared = command(data, *words)
    manifest.unlink()
    status, said, told = command(data, *words)

    assert (compared[0], orjson.loads(compared[1])["manifest"], compared[2]) == (0, True, "")
    assert (status, orjson.loads(said)["manifest"]) == (0, False)
    assert told == f"There is no {manifest}: no digest was compared, only what is inside.\n"


def test_a_copy_that_is_not_there_is_not_called_damaged(data: Path) -> None:
    nowhere = data.parent / "nowhere.db"
    said = command(data, "restore", "from", str(nowhere), "--replace")

    assert said == (2, "", f"bakong-switch: {nowhere}: there is no such file\n")
