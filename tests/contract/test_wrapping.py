"""Wrapping keys: several at once, the newest current, found again when another process made one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from switch.keys import KeyFolder, KeyMissing, KeyUnreadable
from switch.store.wrapping import HeldKeys, WrappingError, is_name, parse_keys
from switch.wrapping_keys import WRAPPING_VARIABLE, wrapping_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

A, B, C = (bytes([n]) * 32 for n in (1, 2, 3))
NONCE = bytes(12)


def folder(path: Path, held: Mapping[str, bytes]) -> KeyFolder:
    """A key folder with these files."""
    for name, key in held.items():
        file = path / f"{name}.key"
        file.parent.mkdir(exist_ok=True)
        file.write_text(key.hex())
    return KeyFolder(path)


@pytest.mark.parametrize(
    ("names", "current"),
    [
        (["vault"], "vault"),
        (["2026-09", "vault"], "2026-09"),
        (["2026-09", "2026-11", "2026-10"], "2026-11"),
        (["2026-11", "2026-11a", "2026-11b"], "2026-11b"),
        (["2026-12", "2027-01"], "2027-01"),
    ],
)
def test_the_newest_is_current(names: list[str], current: str) -> None:
    assert HeldKeys(lambda: dict.fromkeys(names, A)).current == current


def test_what_one_wrapped_another_does_not_open() -> None:
    held = HeldKeys(lambda: {"2026-10": A, "2026-11": B})
    wrapped = held.wrap(C, b"payment", NONCE)

    assert held.unwrap("2026-11", wrapped, b"payment", NONCE) == C
    for name, bound in (("2026-10", b"payment"), ("2026-11", b"other")):
        with pytest.raises(WrappingError, match="does not open"):
            held.unwrap(name, wrapped, bound, NONCE)
    assert [held.holds(name) for name in ("2026-10", "2026-12")] == [True, False]


def test_a_key_that_another_process_made_is_found() -> None:
    files = {"2026-10": A}
    held = HeldKeys(lambda: files)
    other = HeldKeys(lambda: {"2026-11": B})
    wrapped = other.wrap(C, b"payment", NONCE)
    files["2026-11"] = B

    assert held.current == "2026-10"
    assert held.holds("2026-11")
    assert held.unwrap("2026-11", wrapped, b"payment", NONCE) == C
    assert held.current == "2026-11"
    assert not held.refresh()


def test_a_change_of_the_current_key_is_told_once() -> None:
    files = {"2026-10": A}
    held = HeldKeys(lambda: files)
    files["2026-11"] = B

    assert [held.refresh(), held.refresh()] == [True, False]


@pytest.mark.parametrize("name", ["", "2026-13", "2026-1", "vault2", "../seal", "2026-11ab", "ü"])
def test_other_names_are_none(name: str) -> None:
    assert not is_name(name)


def test_files_of_the_folder_are_found_by_month(tmp_path: Path) -> None:
    held = folder(tmp_path, {"vault": A, "vault/2026-11": B, "vault/notes": C})

    assert wrapping_keys("files", held).names == ("vault", "2026-11")
    assert held.vault_files() == ["index.key"]


def test_a_folder_without_a_wrapping_key_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match=r"vault\.key"):
        wrapping_keys("files", KeyFolder(tmp_path))


def test_the_index_key_is_the_first_wrapping_keys_until_it_has_a_file(tmp_path: Path) -> None:
    """What was bound before it had one must be found for ever."""
    held = folder(tmp_path, {"vault": A})
    first = held.index()
    folder(tmp_path, {"index": C})

    assert first not in (A, C)
    assert held.vault_files() == ["vault.key"]
    assert held.index() == C


def test_the_environment_may_hold_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WRAPPING_VARIABLE, f"2026-11={B.hex()}, 2026-10={A.hex()}")

    assert wrapping_keys("environment", KeyFolder(Path())).names == ("2026-10", "2026-11")


@pytest.mark.parametrize(
    "text",
    [
        *("nothing", "2026-11=", "2026-11=zz", f"2026-11={A.hex()[:-2]}", f"x={A.hex()}"),
        f"2026-11={A.hex()},2026-11={B.hex()}",
    ],
)
def test_an_environment_that_holds_no_keys_is_refused_without_quoting_it(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WRAPPING_VARIABLE, text)
    with pytest.raises(KeyUnreadable) as caught:
        wrapping_keys("environment", KeyFolder(Path()))

    assert A.hex()[:-2] not in str(caught.value)
    with pytest.raises(ValueError, match="is"):
        parse_keys(text)


def test_an_environment_without_the_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WRAPPING_VARIABLE, raising=False)
    with pytest.raises(KeyMissing, match=WRAPPING_VARIABLE):
        wrapping_keys("environment", KeyFolder(Path()))


def test_a_coming_key_opens_and_wraps_nothing() -> None:
    held = HeldKeys(lambda: {"+2026-12": B, "2026-11": A})
    other = HeldKeys(lambda: {"2026-12": B})
    box = other.wrap(b"plain", b"bound", bytes(12))

    assert (held.current, held.names) == ("2026-11", ("2026-11", "2026-12"))
    assert held.unwrap("2026-12", box, b"bound", bytes(12)) == b"plain"


def test_a_key_that_is_read_twice_while_it_is_renamed_is_used() -> None:
    assert HeldKeys(lambda: {"+2026-12": B, "2026-11": A, "2026-12": B}).current == "2026-12"


def test_the_environment_may_hold_a_coming_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WRAPPING_VARIABLE, f"+2026-12={'ab' * 32},2026-11={'cd' * 32}")
    held = wrapping_keys("environment", KeyFolder(Path()))

    assert (held.current, held.names) == ("2026-11", ("2026-11", "2026-12"))
