"""``settle`` names every payment that people must look at, whatever the file made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from click.testing import CliRunner

from switch.cli import settle
from switch.client import ClientAnswer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

OPEN = ("unreadable", "waiting", "missing", "still_open", "differs")


def test_what_only_people_can_end_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {what: [{"uetr": f"uetr-of-{what}", "reference": "A1"}] for what in OPEN}
    counts = dict.fromkeys(OPEN, 1)
    report = {"lines": 5, "sha256": "ab", "counts": counts, "taken": True, "whole": True, **named}

    def ask(*said: Any, **_: Any) -> None:
        show: Callable[[ClientAnswer], None] = said[3]
        show(ClientAnswer(200, {}, orjson.dumps(report)))

    monkeypatch.setattr(settle, "ask", ask)
    file = tmp_path / "file.txt"
    file.write_bytes(b"a file")
    shown = CliRunner().invoke(settle.command, ["alipayplus", str(file)]).output

    assert [what for what in OPEN if f"  {what}: uetr-of-{what}  A1" not in shown] == []
