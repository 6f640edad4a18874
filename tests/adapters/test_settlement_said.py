"""Each network says what its settlement file is, and whether its adapter reads one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from switch.config import default_folder, load_config
from switch.linked import made_adapters
from switch.own_keys import keys_of

ADAPTERS: Final = Path(__file__).resolve().parents[2] / "adapters"
HEADING: Final = "## Settlement file\n"


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    config = load_config(default_folder())
    return dict(made_adapters(config, keys_of(config, tmp_path_factory.mktemp("settlement"))))


def said(name: str) -> str:
    """What a network's page says of its file."""
    page = (ADAPTERS / name / "README.md").read_text("utf-8")
    _, found, rest = page.partition(HEADING)
    assert found, f"{name}: no section on the settlement file"
    return " ".join(rest.partition("\n## ")[0].split())


def test_what_is_said_of_a_file_is_what_the_adapter_does(adapters: dict[str, object]) -> None:
    reading = {
        name for name, adapter in adapters.items() if hasattr(adapter, "read_settlement_file")
    }

    assert {name for name in adapters if "not read here" not in said(name)} == reading
    assert "alipayplus" in reading
