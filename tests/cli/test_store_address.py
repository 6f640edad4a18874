"""An address of a server that is none is refused by one sentence that shows nothing of it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from switch.config import default_folder
from switch.stores import VARIABLE
from tests.cli.typed_commands import typed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A folder of the shipped configuration with the store on a server."""
    folder = tmp_path / "config"
    shutil.copytree(default_folder(), folder)
    file = folder / "switch.toml"
    text = file.read_text("utf-8")
    assert 'engine = "sqlite"' in text
    file.write_text(text.replace('engine = "sqlite"', 'engine = "postgresql"'), "utf-8")
    return folder


SECRET = "hunter2"


@pytest.mark.parametrize(
    "address",
    [
        f"bakong:{SECRET}@db/x",
        f"//bakong:{SECRET}@db/x",
        f"postgresql:bakong:{SECRET}@db/x",
        f"postgresql:/bakong:{SECRET}@db/x",
        f"postgresql:///bakong:{SECRET}@db/x",
        f"postgresql://bakong:{SECRET}@/x",
        f"postgresql://bakong:{SECRET}/x",
        f"http://bakong:{SECRET}@db/x",
        f"{SECRET}@db",
        SECRET,
    ],
)
@pytest.mark.parametrize("words", [("restore", "status"), ("db", "migrate"), ("journal", "verify")])
def test_nothing_is_shown_of_an_address_that_is_none(
    made: Path, config: Path, monkeypatch: pytest.MonkeyPatch, address: str, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv(VARIABLE, address)
    said = typed(*words, "--data", str(made), "--config", str(config))

    sentence = "is no address of a server, as postgresql://USER@HOST/DATABASE"
    assert said == (2, "", f"bakong-switch: {VARIABLE}: {sentence}\n")
