"""What answers may be no switch, and what a person types may be anything: one sentence each time.

A proxy's page, an empty body or another program on the port says nothing about what was asked.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

from tests.cli.typed_commands import MEMBER, answering, typed

if TYPE_CHECKING:
    from pathlib import Path

UETR: Final = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
LOOKS: Final = {
    "open": ("payments", "open"),
    "show": ("payments", "show", UETR),
    "evidence": ("payments", "evidence", UETR),
    "standing": ("standing", "list"),
    "suspense": ("suspense", "list"),
    "rates": ("rates", "list", "--as", "overseer"),
    "history": ("rates", "history", "acleda", "KHR", "THB"),
}
STEPS: Final = {
    "resolve": ("payments", "resolve", UETR, "--approve", "ab"),
    "propose": ("standing", "propose", "member", MEMBER, "leave", "--version", "0",
                "--reference", "letter 12"),
    "approve": ("standing", "approve", "member", MEMBER, "--version", "1"),
    "close": ("suspense", "approve", "line/thailand/7", "ab"),
    "settle": ("settle", "thailand", "FILE"),
    "price": ("quote", "bakong-thailand", "1.00", "THB"),
    "withdraw": ("rates", "withdraw", "acleda", "KHR", "THB", "v1", "--as", "overseer"),
}  # fmt: skip
STRANGE: Final = {
    "a proxy's page": ("502 Bad Gateway", b"<html>502</html>"),
    "nothing": ("200 OK", b""),
    "another program": ("200 OK", b'{"x":1}'),
    "another program's list": ("200 OK", b"[1,2]"),
    "another program's error": ("504 Gateway Timeout", b'{"message":"upstream"}'),
    "not of its shape": ("200 OK", b'{"payments":3,"parties":3,"items":3,"rates":3,"sheets":3}'),
}


def asked(made: Path, words: tuple[str, ...], head: str, body: bytes) -> tuple[int, str, str]:
    """Run a command against a server that answers so."""
    file = made / "settlement.csv"
    file.write_bytes(b"a,b\n")
    answer = f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    with answering(answer) as url:
        words = tuple(str(file) if word == "FILE" else word for word in words)
        status, said, errors = typed(*words, "--data", str(made), "--url", url)
        return status, said, errors.replace(url, "URL")


@pytest.mark.parametrize("words", LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize(("head", "body"), STRANGE.values(), ids=STRANGE)
def test_a_look_at_something_else_is_said_to_be_none(
    made: Path, words: tuple[str, ...], head: str, body: bytes
) -> None:
    said = f"bakong-switch: HTTP {head[:3]} from URL is no answer of a switch.\n"
    status, _, errors = asked(made, words, head, body)

    assert (status, errors) == (2, said)


@pytest.mark.parametrize("body", [b"<html>502</html>", b"", b"[1,2]"])
def test_an_answer_as_it_came_is_a_switchs_too(made: Path, body: bytes) -> None:
    assert asked(made, ("payments", "open", "--json"), "200 OK", body)[:2] == (2, "")


@pytest.mark.parametrize("words", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize(("head", "body"), STRANGE.values(), ids=STRANGE)
def test_after_a_step_nothing_is_known_about_it(
    made: Path, words: tuple[str, ...], head: str, body: bytes
) -> None:
    said = f"bakong-switch: HTTP {head[:3]} from URL is no answer of a switch: nothing is known"
    status, _, errors = asked(made, words, head, body)

    assert status == 3
    assert errors.startswith(said)


def test_a_member_that_pays_through_a_proxy_is_told_so_too(made: Path, tmp_path: Path) -> None:
    body = tmp_path / "pay.json"
    body.write_bytes(b"{}")
    pay = ("call", "POST", "/v1/payments", str(body), "--key", "k")
    page = asked(made, pay, "502 Bad Gateway", b"<html>502</html>")
    refused = asked(made, pay, "422 Unprocessable Entity", b'{"title":"No."}')

    assert page[:2] == (3, "<html>502</html>\n")
    assert refused == (1, '{"title":"No."}\n', "HTTP 422\n")


def test_what_the_switch_refuses_is_shown_and_is_a_no(made: Path) -> None:
    problem = b'{"type":"about:blank","title":"There is no such payment.","status":404}'
    answered = asked(made, LOOKS["show"], "404 Not Found", problem)

    assert answered == (1, problem.decode() + "\n", "")


@pytest.mark.parametrize(
    "words",
    [
        ("payments", "resolve", UETR, "--propose", "refused", "--evidence", "\udcff"),
        ("payments", "resolve", UETR, "--propose", "refused", "--evidence", "e",
         "--reason", "\udcff"),
        ("payments", "resolve", UETR, "--approve", "\udcff"),
        ("payments", "show", "\udcff"),
        ("payments", "show", "a b"),
        ("payments", "show", "../parties"),
        ("payments", "show", "ขค"),
        ("payments", "show", "x" * 5000),
        ("payments", "evidence", "x"),
        ("payments", "open", "--after", "-5"),
        ("payments", "open", "--after", "0x1f"),
        ("payments", "open", "--after", "9" * 30),
        ("standing", "list", "--after", "\udcff"),
        ("standing", "propose", "member", MEMBER, "leave", "--version", "1",
         "--reference", "\udcff"),
        ("standing", "propose", "member", MEMBER, "leave", "--version", "9" * 23,
         "--reference", "x"),
        ("standing", "approve", "member", "ไทย", "--version", "1"),
        ("suspense", "list", "--after", "\udcff"),
        ("suspense", "show", "\udcff"),
        ("suspense", "approve", "i", "\udcff"),
        ("rates", "set", "acleda", "KHR", "THB", "\udcff", "--unit", "THB", "--version", "v"),
        ("rates", "set", "acleda", "KHR", "THB", "1", "--unit", "THB", "--version", "v",
         "--spread-bp", "9" * 30),
        ("rates", "set", "acleda", "KHR", "THB", "1", "--unit", "THB", "--version", "v",
         "--tier", "1=" + "9" * 5000),
        ("rates", "history", "\udcff", "KHR", "THB"),
        ("quote", "\udcff", "1.00", "THB"),
        ("settle", "thai²", "FILE"),
        ("settle", "ไทย", "FILE"),
        ("call", "GET", "/v1/" + "x" * 5000),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_not(made: Path, words: tuple[str, ...]) -> None:
    file = made / "settlement.csv"
    file.write_bytes(b"a,b\n")
    words = tuple(str(file) if word == "FILE" else word for word in words)
    with answering(None) as url:
        status, said, errors = typed(*words, "--data", str(made), "--url", url)

    assert (status, said) == (2, "")
    assert "No switch answers" not in errors, "it was tried to send it"
    assert errors.splitlines()[-1].startswith(("bakong-switch: ", "Error: "))


def test_a_settlement_file_may_be_called_anything(made: Path, tmp_path: Path) -> None:
    file = os.fsdecode(bytes(tmp_path) + b"/n\xff.csv")
    with open(file, "wb") as written:  # noqa: PTH123  a name of bytes
        written.write(b"a,b\n")
    answered = asked(made, ("settle", "thailand", file), "404 Not Found", b'{"title":"No."}')

    assert answered == (1, '{"title":"No."}\n', "")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_outside_the_calendar_is_no_time(made: Path, at: str) -> None:
    for words in (("statement", "a", "--at", at), ("journal", "export", "--from", at)):
        status, _, errors = typed(*words, "--data", str(made))
        assert status == 2
        assert "is not a time as" in errors


def test_a_folder_without_a_database_says_nothing_of_a_loss(tmp_path: Path) -> None:
    for words in (("restore", "status"), ("restore", "done")):
        status, said, errors = typed(*words, "--data", str(tmp_path))
        assert (status, said) == (2, "")
        assert errors.endswith("switch.db: there is no database\n")


def test_no_wrapping_key_is_made_in_a_folder_that_has_no_database(tmp_path: Path) -> None:
    status, _, errors = typed("vault", "rotate", "--data", str(tmp_path))

    assert (status, list(tmp_path.iterdir())) == (2, [])
    assert errors.endswith("switch.db: there is no database\n")


@pytest.mark.parametrize(
    "words",
    [
        ("backup", "NAME"),
        ("restore", "from", "NAME"),
        ("restore", "status", "--data", "NAME"),
        ("journal", "verify", "--data", "NAME"),
        ("db", "migrate", "--data", "NAME"),
        ("vault", "status", "--data", "NAME"),
        ("statement", "\udcff"),
        ("statement", "a\nb"),
    ],
)
def test_what_no_store_can_be_called_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    name = os.fsdecode(bytes(tmp_path) + b"/n\xff")
    words = tuple(name if word == "NAME" else word for word in words)
    data = () if "--data" in words else ("--data", str(tmp_path))
    status, said, errors = typed(*words, *data)

    assert (status, said, list(tmp_path.iterdir())) == (2, "", [])
    assert errors.splitlines()[-1].startswith("Error: Invalid value for ")
