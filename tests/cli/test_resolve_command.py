"""``payments`` sends what its operator says: one step, an approval by its proposal, a look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from click.testing import CliRunner

from switch.cli import payments
from tests.cli.typed_commands import answering, typed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

UETR = "0f0e0d0c-0b0a-4908-8706-050403020100"
ID = "ab" * 32


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Mapping[str, object]]]:
    """What is asked of the switch: method, path, body."""
    calls: list[tuple[str, str, Mapping[str, object]]] = []

    def ask(method: str, path: str, body: bytes, *_: Any, **__: Any) -> None:
        calls.append((method, path, orjson.loads(body or b"{}")))

    monkeypatch.setattr(payments, "ask", ask)
    return calls


def run(*words: str) -> int:
    """The exit code of ``payments resolve``."""
    return CliRunner().invoke(payments.command, ["resolve", UETR, *words]).exit_code


def test_an_approval_names_what_it_approves(
    asked: list[tuple[str, str, Mapping[str, object]]],
) -> None:
    assert run("--approve", ID, "--as", "operator-2") == 0
    assert asked == [("POST", f"{payments.PATH}/{UETR}/approvals", {"proposal": ID})]


def test_a_proposal_may_replace_another(
    asked: list[tuple[str, str, Mapping[str, object]]],
) -> None:
    words = ("--propose", "accepted", "--evidence", "line 17", "--instead-of", ID)
    assert run(*words) == 0
    body = {"action": "accepted", "evidence": "line 17", "instead_of": ID}
    assert asked == [("POST", f"{payments.PATH}/{UETR}/proposals", body)]


def test_one_step_at_a_time(asked: list[tuple[str, str, Mapping[str, object]]]) -> None:
    both = run("--approve", ID, "--propose", "accepted", "--evidence", "line 17")
    assert (run(), both, run("--approve"), asked) == (2, 2, 2, [])


def test_the_queue_is_asked_for_by_amount(
    asked: list[tuple[str, str, Mapping[str, object]]],
) -> None:
    words = ["open", "--by-amount", "--network", "laos", "--currency", "KHR"]
    assert CliRunner().invoke(payments.command, words).exit_code == 0
    path = f"{payments.PATH}?after=0&order=amount&network=laos&currency=KHR"
    assert asked == [("GET", path, {})]


def test_sums_stand_before_the_payments(made: Path) -> None:
    amount = {"value": "7.00", "currency": "USD"}
    totals = [
        {"state": "manual", "currency": "USD", "count": 2, "amount": amount},
        {"state": "manual", "currency": "KHR", "count": 9, "amount": None},
    ]
    body = orjson.dumps({"payments": [CASE], "after": None, "totals": totals})
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with answering(head + body) as url:
        words = ("payments", "open", "--by-amount", "--data", str(made), "--url", url)
        status, said, _ = typed(*words)

    assert status == 0
    assert said.splitlines()[:3] == [
        "2 manual: 7.00 USD",
        "9 manual: too much to show KHR",
        f"{UETR}  manual  7 s  1.00 USD -> 30.00 THB  thailand A1",
    ]


CASE = {
    "uetr": UETR, "state": "manual", "disputed": False, "age_s": 7, "network": "thailand",
    "debit": {"value": "1.00", "currency": "USD"}, "owed": {"value": "30.00", "currency": "THB"},
    "reference": "A1", "actions": [],
}  # fmt: skip


def resolved(made: Path, **more: object) -> list[str]:
    """The lines that are shown of an answer."""
    body = orjson.dumps({**CASE, **more})
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with answering(head + body) as url:
        words = ("payments", "resolve", UETR, "--approve", ID, "--data", str(made), "--url", url)
        status, shown, _ = typed(*words)
    assert status == 0
    return shown.splitlines()


def test_whoever_approves_sees_the_reason(made: Path) -> None:
    said = {"id": ID, "operator": "operator-1", "at": "T", "evidence": "e"}
    shown = [
        resolved(made, proposal={**said, "action": action, "reason": reason})[1]
        for action, reason in (("refused", "AC04"), ("accepted", ""))
    ]

    assert shown == [
        "  proposed: refused AC04 by operator-1 at T",
        "  proposed: accepted by operator-1 at T",
    ]


def test_evidence_is_asked_for_by_its_number_and_page(
    asked: list[tuple[str, str, Mapping[str, object]]],
) -> None:
    words = ["evidence", UETR, "--after", "17", "--as", "operator-2"]
    assert CliRunner().invoke(payments.command, words).exit_code == 0
    assert asked == [("GET", f"{payments.PATH}/{UETR}/evidence?after=17", {})]
