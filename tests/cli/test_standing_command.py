"""``standing`` sends the step and the version that its operator saw, and shows how one stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from click.testing import CliRunner, Result

from switch.cli import standing
from switch.client import ClientAnswer

if TYPE_CHECKING:
    from collections.abc import Callable


BIC = "ABAAKHPPXXX"
PARTY = {
    "kind": "member",
    "name": BIC,
    "state": "active",
    "version": 1,
    "steps": ["leave"],
    "proposal": {"step": "leave", "operator": "operator-1", "reference": "letter 12"},
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, bytes]]:
    """What is asked of the switch, which answers with one party."""
    calls: list[tuple[str, str, bytes]] = []

    def ask(
        method: str, path: str, body: bytes, show: Callable[[ClientAnswer], None], **_: Any
    ) -> None:
        calls.append((method, path, body))
        show(ClientAnswer(200, {}, orjson.dumps(PARTY)))

    monkeypatch.setattr(standing, "ask", ask)
    return calls


def run(*words: str) -> Result:
    return CliRunner().invoke(standing.command, list(words))


def test_a_step_is_proposed_for_the_version_that_was_seen(
    asked: list[tuple[str, str, bytes]],
) -> None:
    words = ("propose", "member", BIC, "leave", "--version", "0", "--reference", "letter 12")
    assert run(*words).exit_code == 0
    ((method, path, body),) = asked
    assert (method, path) == ("POST", f"{standing.PATH}/member/{BIC}/proposals")
    assert orjson.loads(body) == {"version": 0, "step": "leave", "reference": "letter 12"}


def test_an_approval_names_the_version(asked: list[tuple[str, str, bytes]]) -> None:
    shown = run("approve", "member", BIC, "--version", "1", "--as", "operator-2")
    assert shown.exit_code == 0
    assert asked == [("POST", f"{standing.PATH}/member/{BIC}/approvals", b'{"version":1}')]
    assert "approve it: --version 1" in shown.output


def test_the_list_is_asked_for_and_a_name_that_is_none_is_refused(
    asked: list[tuple[str, str, bytes]],
) -> None:
    assert run("list").exit_code == 0
    assert run("list", "--after", "merchant/unionpay:A 1").exit_code == 0
    behind = f"{standing.PATH}?after=merchant/unionpay:A%201"
    assert asked == [("GET", standing.PATH, b""), ("GET", behind, b"")]
    assert run("approve", "member", "../x", "--version", "1").exit_code == 2
    assert len(asked) == 2
