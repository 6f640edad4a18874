"""Every engine, so that each contract test runs on all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.contract_engines import MemoryPlace, Place, SqlitePlace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def shared_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place of each kind that a second engine can open while the first is open."""
    return MemoryPlace() if request.param == "memory" else SqlitePlace(tmp_path / "switch.db")


@pytest.fixture(params=["memory", "sqlite", "sqlite-exclusive"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place of each kind."""
    if request.param == "memory":
        return MemoryPlace()
    return SqlitePlace(tmp_path / "switch.db", exclusive=request.param == "sqlite-exclusive")
