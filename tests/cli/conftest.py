"""A data folder with the keys of everybody who may ask a switch, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.config import default_folder, load_config
from switch.development_keys import make_development_keys
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import SystemEntropy
from tests.cli.typed_commands import MEMBER

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with keys and nothing else."""
    data = tmp_path_factory.mktemp("data")
    networks = load_config(default_folder()).networks
    make_development_keys(
        data / "keys", [MEMBER], SystemClock(), SystemEntropy(), networks=networks
    )
    return data
