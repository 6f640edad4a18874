"""``suspense`` sends the way, the taker and the id that its operator saw, and shows each item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from click.testing import CliRunner, Result

from switch.cli import suspense
from switch.client import ClientAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

ITEM = "line/thailand/7"
ID = "f" * 64
SHOWN = {
    "item": ITEM,
    "network": "thailand",
    "amount": {"currency": "THB", "value": "12.50"},
    "to_us": True,
    "account": "thailand/suspense/THB/deferred",
    "since": "2026-11-22T10:00:00.000Z",
    "age_s": 61,
    "ways": ["settled"],
    "proposal": {
        "id": ID,
        "way": "settled",
        "institution": "thailand",
        "operator": "operator-1",
        "reference": "letter 12",
    },
    "closed": None,
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, bytes]]:
    """What is asked of the switch, which answers with a page of one item."""
    calls: list[tuple[str, str, bytes]] = []

    def ask(
        method: str, path: str, body: bytes, show: Callable[[ClientAnswer], None], **_: Any
    ) -> None:
        calls.append((method, path, body))
        page = {"items": [SHOWN], "after": ITEM} if method == "GET" else SHOWN
        show(ClientAnswer(200, {}, orjson.dumps(page)))

    monkeypatch.setattr(suspense, "ask", ask)
    return calls


def run(*words: str) -> Result:
    return CliRunner().invoke(suspense.command, list(words))


def test_the_list_shows_age_amount_network_and_name(asked: list[tuple[str, str, bytes]]) -> None:
    listed = run("list", "--after", "line/thailand/6 a")
    shown = run("show", ITEM)

    assert [each[:2] for each in asked] == [
        ("GET", f"{suspense.PATH}?after=line/thailand/6%20a"),
        ("GET", f"{suspense.PATH}?item={ITEM}"),
    ]
    assert f"{ITEM}  thailand  12.50 THB to us  61 s" in listed.output
    assert f"proposed: settled, thailand, by operator-1 (letter 12); id {ID}" in shown.output
    assert f"more: --after {ITEM}" in listed.output


def test_the_oldest_come_first_where_that_is_asked_for(
    asked: list[tuple[str, str, bytes]],
) -> None:
    run("list", "--by-age")
    run("list", "--by-age", "--after", ITEM)

    assert [each[:2] for each in asked] == [
        ("GET", f"{suspense.PATH}?order=age"),
        ("GET", f"{suspense.PATH}?order=age&after={ITEM}"),
    ]


def test_a_proposal_names_who_takes_it(asked: list[tuple[str, str, bytes]]) -> None:
    told = ("--reference", "letter 12")
    assert run("propose", ITEM, "settled", *told).exit_code == 0
    given = ("--to", "ABAAKHPPXXX", "--instead-of", ID)
    assert run("propose", ITEM, "assigned", *given, *told).exit_code == 0
    bodies = [orjson.loads(body) for _, _, body in asked]

    assert bodies == [
        {"item": ITEM, "way": "settled", "reference": "letter 12"},
        {
            "item": ITEM,
            "way": "assigned",
            "reference": "letter 12",
            "institution": "ABAAKHPPXXX",
            "instead_of": ID,
        },
    ]
    assert {path for _, path, _ in asked} == {f"{suspense.PATH}/proposals"}


def test_who_gave_back_is_named_and_what_is_written_off_needs_nobody(
    asked: list[tuple[str, str, bytes]],
) -> None:
    item, told = f"exposed/{ID}", ("--reference", "letter 12")
    assert run("propose", item, "recovered", "--to", "thailand", *told).exit_code == 0
    assert run("propose", item, "written_off", *told).exit_code == 0
    said = {"item": item, "reference": "letter 12"}

    assert [orjson.loads(body) for _, _, body in asked] == [
        {**said, "way": "recovered", "institution": "thailand"},
        {**said, "way": "written_off"},
    ]


@pytest.mark.parametrize(
    "words",
    [
        *(("assigned",), ("borne",), ("recovered",)),
        *((way, "--to", "ABAAKHPPXXX") for way in ("settled", "written_off")),
    ],
)
def test_who_takes_it_is_named_where_somebody_does(
    asked: list[tuple[str, str, bytes]], words: tuple[str, ...]
) -> None:
    assert run("propose", ITEM, *words, "--reference", "letter 12").exit_code == 2
    assert asked == []


def test_an_approval_names_the_proposal(asked: list[tuple[str, str, bytes]]) -> None:
    assert run("approve", ITEM, ID, "--as", "operator-2").exit_code == 0
    ((method, path, body),) = asked
    assert (method, path) == ("POST", f"{suspense.PATH}/approvals")
    assert orjson.loads(body) == {"item": ITEM, "proposal": ID}


def test_what_was_found_is_said_as_it_stands_in_the_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []

    def ask(
        method: str, path: str, body: bytes, show: Callable[[ClientAnswer], None], **_: Any
    ) -> None:
        calls.append((method, path, orjson.loads(body)))
        said = {"item": ID, "booked": len(calls) > 1}
        show(ClientAnswer(202, {}, orjson.dumps(said)))

    monkeypatch.setattr(suspense, "ask", ask)
    first, second = (run("found", "ABAAKHPPXXX", ID, "41000", "KHR") for _ in range(2))

    money = {"value": "41000", "currency": "KHR"}
    asked = (
        "POST",
        f"{suspense.PATH}/found",
        {"sponsor": "ABAAKHPPXXX", "hash": ID, "amount": money},
    )
    assert calls == [asked] * 2
    assert first.stdout == f"{ID}  noted; nothing is booked until another operator says the same\n"
    assert second.stdout == f"{ID}  booked\n"


def test_a_withdrawal_says_how_much(asked: list[tuple[str, str, bytes]]) -> None:
    name = "withdrawal/ABAAKHPPXXX/LETTER-7"
    words = ("propose", name, "withdrawn", "--to", "ACLBKHPPXXX", "--reference", "letter 7")
    without, done = run(*words), run(*words, "--amount", "250000")
    other = run("propose", ITEM, "settled", "--reference", "letter 7", "--amount", "1")

    assert (without.exit_code, other.exit_code, done.exit_code) == (2, 2, 0)
    ((_, _, body),) = asked
    sent = orjson.loads(body)
    assert sent["amount"] == {"currency": "KHR", "value": "250000"}
    assert (sent["institution"], sent["item"]) == ("ACLBKHPPXXX", name)
